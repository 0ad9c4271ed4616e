"""Least squares with three absorbed effects and a lagged outcome, freed of the bias of a short panel.

The model of docs/METHOD.md, section 8: an outcome ``delta`` years on, regressors and the outcome itself at ``t``,
country-product, country-year and product-year effects. The effects are removed once, and sums by cluster taken once; a
specification, its correction and its jackknife then cost small solves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reeassets.models.absorb import Absorber
from reeassets.models.cells import Cells
from reeassets.models.feedback import Corrected, Correction, correct_own, correct_system
from reeassets.models.jackknife import ClusterJackknife
from reeassets.models.linear import independent_columns
from reeassets.models.moments import Moments, moments_by_cluster

LAGGED = "rsca"

Floats = NDArray[np.float64]


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
        return correct_own(*sums, self.lagged, self.persistence)


@dataclass(frozen=True)
class DynamicColumns:
    """Columns of one sample without their effects, and the moments from which regressions on them are computed.

    Attributes
    ----------
    names : dict of str to tuple of int
        The columns that a name sums: one, or several.
    within : ndarray, shape (n, m)
        Columns without country-product, country-year and product-year effects.
    spread : dict of str to float
        Sum of squares around the mean before anything was absorbed, by name.
    cells : Cells
        Country, product and year of the rows.
    by_cluster : tuple of Moments
        By country, and by product.
    n_absorbed : int
        Rank of the absorbed dummies.
    """

    names: dict[str, tuple[int, ...]]
    within: Floats
    spread: dict[str, float]
    cells: Cells
    by_cluster: tuple[Moments, Moments]
    n_absorbed: int

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
        correction: Correction = "system",
        persistence: float | None = None,
        lagged: str = LAGGED,
    ) -> DynamicFit:
        """Regress one column on others, correct the bias, and leave out each country and each product in turn.

        Parameters
        ----------
        outcome : str
        regressors : sequence of str
            The ones to keep first: one that the effects or earlier regressors explain is dropped.
        correction : {"system", "own"}
            How the regressors' answers to an error fade; see :mod:`reeassets.models.feedback`.
        persistence : float, optional
            ``lambda`` of ``own``; has to be given for a lead above one year.
        lagged : str
            The regressor whose coefficient is ``lambda`` otherwise.

        Raises
        ------
        ValueError
            If ``own`` has no ``lambda`` and the lagged outcome cannot be estimated, no regressor varies, or there are
            no more rows than parameters.
        ArithmeticError
            If the regressors' own system cannot be estimated.
        """
        y, design = self.design([outcome])[:, 0], self.design(regressors)
        cross = self.whole.cross[0]
        chosen = independent_columns(design.T @ cross @ design, np.array([self.spread[name] for name in regressors]))
        terms = tuple(regressors[position] for position in chosen)
        dropped = {name: "collinear with fixed effects or other regressors" for name in regressors if name not in terms}
        n_obs, n_parameters = len(self.within), self.n_absorbed + len(chosen)
        if not chosen:
            raise ValueError("no regressor varies within country-product, country-year and product-year")
        if n_obs <= n_parameters:
            raise ValueError(f"{n_obs} rows for {n_parameters} parameters")
        if correction == "own" and persistence is None and lagged not in terms:
            raise ValueError(f"the lagged outcome {lagged} is not estimated, so its persistence has to be given")
        position = terms.index(lagged) if lagged in terms else None
        question = _Question(y, design[:, chosen], position, persistence, correction)
        found = question.answer(self.whole)
        residual = y - question.design @ found.uncorrected[0]
        errors, last_step_left_out = self._errors(question, found)
        return DynamicFit(
            terms=terms,
            dropped=dropped,
            uncorrected=found.uncorrected[0],
            coefficients=found.coefficients[0],
            persistence=float(found.persistence[0]),
            last_step=float(found.last_step[0]),
            last_step_left_out=last_step_left_out,
            errors=errors,
            n_obs=n_obs,
            n_absorbed=self.n_absorbed,
            r2_within=1.0 - float(residual @ cross @ residual) / float(y @ cross @ y),
        )

    def _errors(self, question: _Question, found: Corrected) -> tuple[ClusterJackknife | None, float]:
        """Return the jackknife of the whole estimate: least squares, system and correction anew without a cluster."""
        if min(self.cells.clusters.sizes[:2]) < 2:
            return None, np.nan
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
            pair=self._pair_variance(question, found),
            by_cluster=(shares[0], shares[1]),
        )
        return jackknife, last_step

    def _pair_variance(self, question: _Question, found: Corrected) -> Floats:
        """Return the variance over pairs, without a correction for their leverage, shape (k, k).

        The estimate solves ``sum (x~[t] + sum_j R_j x~[t+j]) u~[t] = 0``: a pair moves it by its own sum. ``R`` is
        held: what a single pair changes in it is left out, and less is subtracted from the two-way variance.
        """
        regressors = self.within @ question.design
        instruments = regressors.copy()
        for lag, gain in enumerate(found.gains[0], start=1):
            later = self.cells.later(lag)
            has = later >= 0
            instruments[has] += regressors[later[has]] @ gain.T
        slope = instruments.T @ regressors
        instruments *= (self.within @ question.outcome - regressors @ found.coefficients[0])[:, None]
        scores = np.add.reduceat(instruments, self.cells.clusters.pair_starts, axis=0)
        moves = np.linalg.solve(slope, scores.T).T
        return np.asarray(moves.T @ moves)


def without_effects(
    columns: Mapping[str, Floats], cells: Cells, delta: int, sums: Mapping[str, Sequence[str]] | None = None
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

    Raises
    ------
    ValueError
        If no pair has two rows that are 1, ..., ``delta`` years apart: the bias could not be estimated.
    reeassets.models.absorb.NotConvergedError
        If the effects cannot be removed.
    """
    place = {name: position for position, name in enumerate(columns)}
    names: dict[str, tuple[int, ...]] = {name: (position,) for name, position in place.items()}
    names |= {name: tuple(place[part] for part in parts) for name, parts in (sums or {}).items()}
    raw = np.column_stack(list(columns.values()))
    spread = {name: float(raw[:, parts].sum(axis=1).var()) * len(raw) for name, parts in names.items()}
    absorber = Absorber(cells)
    within = absorber.within(raw)
    return DynamicColumns(names, within, spread, cells, moments_by_cluster(within, cells, delta), absorber.absorbed())
