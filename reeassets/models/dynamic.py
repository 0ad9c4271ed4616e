"""Least squares with three absorbed effects and a lagged outcome, freed of the bias of a short panel.

The model of docs/METHOD.md, section 8: an outcome ``delta`` years on, regressors and the outcome itself at ``t``,
country-product, country-year and product-year effects. The effects are removed once, and sums by cluster taken once; a
specification, its correction and its jackknife then cost small solves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reeassets.models.absorb import Absorber
from reeassets.models.cells import Cells, NotEstimableError
from reeassets.models.feedback import (
    MOST_PERSISTENT,
    Corrected,
    Correction,
    correct_nothing,
    correct_own,
    correct_system,
)
from reeassets.models.jackknife import ClusterJackknife
from reeassets.models.linear import independent_columns
from reeassets.models.moments import Moments, moments_by_cluster
from reeassets.models.within import within_transform

LAGGED = "rsca"
# Rows that one pass holds at a time: all columns of them fit into a processor's cache.
ROWS_AT_ONCE = 2048
# Products of matrices are many times as fast where their size is a multiple of a processor's vectors.
WIDTH = 16

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class DynamicFit:
    """Estimates of one regression; arrays of shape (k,).

    Attributes
    ----------
    terms : tuple of str
        The regressors that were estimated.
    dropped : dict of str to str
        Why a regressor was not.
    uncorrected, coefficients : ndarray
        ``b_FE``, and ``b`` freed of the bias of a short panel.
    persistence : float
        Of the correction, per year; see :class:`reeassets.models.feedback.Corrected`.
    last_step : float
        What the last of the correction's steps changed, as a share of the largest coefficient.
    last_step_left_out : float
        The largest of these among the samples without a country or a product; NaN without errors.
    errors : ClusterJackknife or None
        Of ``coefficients``; None with a single country or product.
    n_obs, n_absorbed : int
    r2_within : float
        Share of the outcome's variation after the effects that the regressors explain at ``b_FE``.
    gains : ndarray, shape (delta, k, k)
        What regressors ``j`` years later add to the instruments; see :mod:`reeassets.models.feedback`.
    """

    terms: tuple[str, ...]
    dropped: dict[str, str]
    uncorrected: Floats
    coefficients: Floats
    persistence: float
    last_step: float
    last_step_left_out: float
    errors: ClusterJackknife | None
    n_obs: int
    n_absorbed: int
    r2_within: float
    gains: Floats


@dataclass(frozen=True)
class _Question:
    """One regression on the columns: which of them it sums, and how its bias is taken out."""

    outcome: Floats
    design: Floats
    lagged: int | None
    persistence: float | None
    correction: Correction

    def answer(self, moments: Moments, start: Floats | None = None) -> Corrected:
        sums = moments.of(self.outcome, self.design)
        if self.correction == "system":
            return correct_system(*sums, start)
        if self.correction == "none":
            return correct_nothing(*sums[:2])
        return correct_own(*sums, self.lagged, self.persistence)


# With it the terms that can be estimated, and why others cannot.
_Posed = tuple[_Question, tuple[str, ...], dict[str, str]]


@dataclass(frozen=True)
class DynamicColumns:
    """Columns of one sample without their effects, and the moments from which regressions on them are computed.

    Attributes
    ----------
    names : dict of str to tuple of int
        The columns that a name sums: one, or several.
    within : ndarray, shape (n, m)
        Columns without country-product, country-year and product-year effects, then columns of zeros up to a multiple
        of :data:`WIDTH`.
    spread : dict of str to float
        Sum of squares around the mean before anything was absorbed, by name.
    cells : Cells
        Country, product and year of the rows.
    by_cluster : tuple of Moments
        By country, and by product.
    n_absorbed : int
        Rank of the absorbed dummies.
    steps : bool
        Whether the moments have the sums that the regressors' own system is made of.
    """

    names: dict[str, tuple[int, ...]]
    within: Floats
    spread: dict[str, float]
    cells: Cells
    by_cluster: tuple[Moments, Moments]
    n_absorbed: int
    steps: bool = True

    @cached_property
    def whole(self) -> Moments:
        """Moments of all rows."""
        return self.by_cluster[0].sum()

    def design(self, names: Sequence[str]) -> Floats:
        """Return which columns each name sums, shape (m, len(names))."""
        design = np.zeros((self.within.shape[1], len(names)))
        for position, name in enumerate(names):
            design[list(self.names[name]), position] = 1.0
        return design

    def fit(
        self,
        outcome: str,
        regressors: Sequence[str],
        correction: Correction = "own",
        persistence: float | None = None,
        lagged: str = LAGGED,
    ) -> DynamicFit:
        """Regress one column on others, correct the bias, and leave out each country and each product in turn.

        Parameters
        ----------
        outcome : str
        regressors : sequence of str
            The ones to keep first: one that the effects or earlier regressors explain is dropped.
        correction : {"own", "system", "none"}
            How the regressors' answers to an error fade, see :mod:`reeassets.models.feedback`; ``none`` is ``b_FE``.
        persistence : float, optional
            ``lambda`` of ``own``; has to be given for a lead above one year.
        lagged : str
            The regressor whose coefficient is ``lambda`` otherwise.

        Raises
        ------
        NotEstimableError
            If ``own`` has no ``lambda`` and the lagged outcome cannot be estimated, no regressor varies, or there are
            no more rows than parameters.
        ArithmeticError
            If the regressors' own system cannot be estimated.
        """
        (found,) = self.fit_all(outcome, [(regressors, persistence)], correction, lagged)
        if isinstance(found, NotEstimableError):
            raise found
        return found

    def persistence(self, outcome: str, regressors: Sequence[str], lagged: str = LAGGED) -> float:
        """Return the corrected coefficient of the lagged outcome after one year, in [0, 0.995]; see :meth:`fit`."""
        posed = self._pose(outcome, regressors, None, "own", lagged)
        if isinstance(posed, NotEstimableError):
            raise posed
        question, terms, _ = posed
        found = question.answer(self.whole).coefficients[0][terms.index(lagged)]
        return float(np.clip(found, 0.0, MOST_PERSISTENT))

    def fit_all(
        self,
        outcome: str,
        regressions: Sequence[tuple[Sequence[str], float | None]],
        correction: Correction = "own",
        lagged: str = LAGGED,
    ) -> list[DynamicFit | NotEstimableError]:
        """Fit several regressions, each given by its regressors and its persistence, in one pass over the rows.

        Parameters as of :meth:`fit`; what a regression lacks stands in its place.

        Raises
        ------
        ValueError
            If ``system`` is asked of columns without the sums it needs.
        ArithmeticError
            If the regressors' own system cannot be estimated.
        """
        if correction == "system" and not self.steps:
            raise ValueError("these columns have no sums over steps, which the regressors' own system is made of")
        posed = [self._pose(outcome, *one, correction, lagged) for one in regressions]
        fits = iter(self._fits([one for one in posed if not isinstance(one, NotEstimableError)]))
        return [one if isinstance(one, NotEstimableError) else next(fits) for one in posed]

    def _fits(self, posed: Sequence[_Posed]) -> list[DynamicFit]:
        """Answer questions, and leave out each country and each product in turn."""
        found = [question.answer(self.whole) for question, _, _ in posed]
        several = min(self.cells.clusters.sizes[:2]) > 1 and bool(posed)
        pairs = self._pair_variances([question for question, _, _ in posed], found) if several else []
        fits = []
        for place, ((question, terms, dropped), answer) in enumerate(zip(posed, found, strict=True)):
            residual = question.outcome - question.design @ answer.uncorrected[0]
            cross = self.whole.cross[0]
            errors, last_step = self._errors(question, answer, pairs[place]) if several else (None, np.nan)
            explained = 1.0 - float(residual @ cross @ residual) / float(question.outcome @ cross @ question.outcome)
            fits.append(
                DynamicFit(
                    terms=terms,
                    dropped=dropped,
                    uncorrected=answer.uncorrected[0],
                    coefficients=answer.coefficients[0],
                    persistence=float(answer.persistence[0]),
                    last_step=float(answer.last_step[0]),
                    last_step_left_out=last_step,
                    errors=errors,
                    n_obs=len(self.within),
                    n_absorbed=self.n_absorbed,
                    r2_within=explained,
                    gains=answer.gains[0],
                )
            )
        return fits

    def _pose(
        self, outcome: str, regressors: Sequence[str], persistence: float | None, correction: Correction, lagged: str
    ) -> _Posed | NotEstimableError:
        """Return what is asked of the moments, or what it lacks."""
        y, design = self.design([outcome])[:, 0], self.design(regressors)
        cross = self.whole.cross[0]
        chosen = independent_columns(design.T @ cross @ design, np.array([self.spread[name] for name in regressors]))
        terms = tuple(regressors[position] for position in chosen)
        dropped = {name: "collinear with fixed effects or other regressors" for name in regressors if name not in terms}
        n_obs, n_parameters = len(self.within), self.n_absorbed + len(chosen)
        if not chosen:
            return NotEstimableError("no regressor varies within country-product, country-year and product-year")
        if n_obs <= n_parameters:
            return NotEstimableError(f"{n_obs} rows for {n_parameters} parameters")
        if correction == "own" and persistence is None and lagged not in terms:
            return NotEstimableError(
                f"the lagged outcome {lagged} is not estimated, so its persistence has to be given"
            )
        position = terms.index(lagged) if lagged in terms else None
        return _Question(y, design[:, chosen], position, persistence, correction), terms, dropped

    def _errors(self, question: _Question, found: Corrected, pair: Floats) -> tuple[ClusterJackknife, float]:
        """Return the jackknife of the whole estimate: least squares, system and correction anew without a cluster."""
        moves: list[Floats] = []
        lost: list[NDArray[np.bool_]] = []
        shares: list[Floats] = []
        last_step = 0.0
        for by_cluster in self.by_cluster:
            left_out = question.answer(self.whole - by_cluster, found.system)
            moves.append(left_out.coefficients - found.coefficients)
            lost.append(np.asarray(left_out.lost.any(axis=0)))
            last_step = max(last_step, float(left_out.last_step.max()))
            shares.append(question.design.T @ by_cluster.cross @ question.design)
        jackknife = ClusterJackknife(
            moves=(moves[0], moves[1]),
            lost=(lost[0], lost[1]),
            pair=pair,
            by_cluster=(shares[0], shares[1]),
        )
        return jackknife, last_step

    def instruments(self, regressors: Floats, gains: Floats) -> Floats:
        """Return ``x~[t] + sum_j R_j x~[t+j]``, shape (n, k): what the residuals of the estimate are orthogonal to."""
        padded = np.concatenate([regressors, np.zeros((1, regressors.shape[1]))]).T
        return _instruments(regressors.T, gains, [padded[:, there] for there in self._later(len(gains))]).T

    def _later(self, delta: int) -> list[Codes]:
        """Return the row of each row's pair 1, ..., ``delta`` years later, -1 where there is none."""
        return [self.cells.later(lag) for lag in range(1, delta + 1)]

    def _pair_variances(self, questions: Sequence[_Question], found: Sequence[Corrected]) -> list[Floats]:
        """Return the variances over pairs, without a correction for their leverage, each of shape (k, k).

        The estimate solves ``sum (x~[t] + sum_j R_j x~[t+j]) u~[t] = 0``: a pair moves it by its own sum. ``R`` is
        held: what a single pair changes in it is left out, and less is subtracted from the two-way variance.
        """
        later = self._later(self.whole.delta)
        # Regressors that several questions share are made once per block of rows; a regressor is then a row.
        distinct, places = np.unique(np.hstack([one.design for one in questions]), axis=1, return_inverse=True)
        ends = np.cumsum([one.design.shape[1] for one in questions])
        chosen = np.split(places.ravel(), ends[:-1])
        residuals = np.stack(
            [one.outcome - one.design @ answer.coefficients[0] for one, answer in zip(questions, found, strict=True)]
        )
        slopes = [np.zeros((len(columns),) * 2) for columns in chosen]
        outers = [np.zeros_like(slope) for slope in slopes]
        for rows, starts in self._blocks():
            block = np.ascontiguousarray(self.within[rows].T)
            made, left = distinct.T @ block, residuals @ block
            # The last column is what a row without a later one gets.
            padded = np.concatenate([made, np.zeros((len(made), 1))], axis=1)
            shifted = [padded[:, np.where(there[rows] >= 0, there[rows] - rows.start, -1)] for there in later]
            for place, (columns, answer) in enumerate(zip(chosen, found, strict=True)):
                regressors = made[columns]
                instruments = _instruments(regressors, answer.gains[0], [one[columns] for one in shifted])
                slopes[place] += instruments @ regressors.T
                scores = np.add.reduceat(instruments * left[place], starts, axis=1)
                outers[place] += scores @ scores.T
        variances = []
        for slope, outer in zip(slopes, outers, strict=True):
            inverse = np.linalg.inv(slope)
            variances.append(np.asarray(inverse @ outer @ inverse.T))
        return variances

    def _blocks(self) -> Iterator[tuple[slice, Codes]]:
        """Yield blocks of rows that end with a pair, and where the pairs of each start within it."""
        starts = self.cells.clusters.pair_starts
        ends = np.append(starts[1:], len(self.within))
        first = 0
        while first < len(starts):
            last = max(int(np.searchsorted(ends, starts[first] + ROWS_AT_ONCE, side="right")), first + 1)
            yield slice(int(starts[first]), int(ends[last - 1])), starts[first:last] - starts[first]
            first = last


def _instruments(regressors: Floats, gains: Floats, later: Sequence[Floats]) -> Floats:
    """Return ``x~[t] + sum_j R_j x~[t+j]``, regressors and those of later years with a row per regressor."""
    instruments = regressors
    for gain, shifted in zip(gains, later, strict=True):
        first = gain[0, 0]
        if np.array_equal(gain, first * np.eye(len(gain))):
            instruments = instruments + first * shifted
        else:
            instruments = instruments + gain @ shifted
    return instruments


def without_effects(
    columns: Mapping[str, Floats],
    cells: Cells,
    delta: int,
    sums: Mapping[str, Sequence[str]] | None = None,
    between_pairs: bool = False,
    steps: bool = True,
) -> DynamicColumns:
    """Remove country-product, country-year and product-year effects from the columns of a sample.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Outcome and regressors, in the order of the cells.
    cells : Cells
        Country, product and year of the rows.
    delta : int
        Years between regressors and outcome.
    sums : mapping of str to sequence of str, optional
        Further names that are sums of columns: the transform is linear, so they need none of their own.
    between_pairs : bool
        Remove country, product and year effects only: slopes then compare unlike pairs.
    steps : bool
        Whether to take the sums that the correction ``system`` needs, too.

    Raises
    ------
    NotEstimableError
        If no pair has two rows that are 1, ..., ``delta`` years apart: the bias could not be estimated.
    reeassets.models.absorb.NotConvergedError
        If the effects cannot be removed.
    """
    place = {name: position for position, name in enumerate(columns)}
    names: dict[str, tuple[int, ...]] = {name: (position,) for name, position in place.items()}
    names |= {name: tuple(place[part] for part in parts) for name, parts in (sums or {}).items()}
    raw = np.column_stack(list(columns.values()))
    spread = {name: float(raw[:, parts].sum(axis=1).var()) * len(raw) for name, parts in names.items()}
    if between_pairs:
        within, absorbed = within_transform(raw, [cells.country, cells.product, cells.year - cells.first_year])
    else:
        absorber = Absorber(cells)
        within, absorbed = absorber.within(raw), absorber.absorbed()
    padding = -within.shape[1] % WIDTH
    within = np.ascontiguousarray(np.pad(within, ((0, 0), (0, padding))))
    moments = moments_by_cluster(within, cells, delta, steps)
    return DynamicColumns(names, within, spread, cells, moments, absorbed, steps)
