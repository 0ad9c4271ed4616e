"""Estimators beside the headline: forward deviations with instruments, and long differences.

They need no correction of its bias. Both free a row of its pair's effect without a mean over all years. Country-year
and product-year effects are absorbed exactly after that, for any pattern of missing years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.models.absorb import TOLERANCE, Absorber
from reeassets.models.cells import Cells, NotEstimableError
from reeassets.models.jackknife import ClusterJackknife
from reeassets.models.within import within_transform

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """Slopes and their errors.

    Attributes
    ----------
    terms : tuple of str
    coefficients : ndarray, shape (k,)
    errors : ClusterJackknife
    n_obs : int
        Rows after deviations or differences.
    """

    terms: tuple[str, ...]
    coefficients: Floats
    errors: ClusterJackknife
    n_obs: int


class ForwardDeviations:
    """Forward orthogonal deviations of the rows of each pair (Arellano & Bover 1995).

    ``x*[t] = sqrt(n/(n+1)) (x[t] - mean of the pair's n later rows)``. The matrix ``F`` of all of them has orthonormal
    rows that span what is free of pair effects: ``F F' = I`` and ``F'F = I - P``, ``P`` the projection on the pairs.
    Of row ``t`` errors of earlier years are no part, so that ``x[t]`` and all before it are instruments.

    Parameters
    ----------
    cells : Cells

    Attributes
    ----------
    rows : integer ndarray
        Rows with a later row in their pair: those that have a deviation.
    """

    def __init__(self, cells: Cells):
        ends = cells.clusters.pair_starts + cells.lengths
        self._end = ends[cells.pair]
        self._start = cells.clusters.pair_starts[cells.pair]
        self._later = self._end - np.arange(len(cells)) - 1
        self.rows = np.flatnonzero(self._later > 0)
        self._scale = np.sqrt(self._later / (self._later + 1.0))

    def deviations(self, values: Floats) -> Floats:
        """Return ``F v``, shape (rows, m)."""
        after = _running(values)[self._end] - _running(values)[1:]
        mean = after[self.rows] / self._later[self.rows, None]
        return np.asarray((values[self.rows] - mean) * self._scale[self.rows, None])

    def transposed(self, values: Floats) -> Floats:
        """Return ``F'v`` of values of the deviations' rows, shape (n, m)."""
        own = np.zeros((len(self._later), values.shape[1]))
        own[self.rows] = values * self._scale[self.rows, None]
        shares = np.zeros_like(own)
        shares[self.rows] = own[self.rows] / self._later[self.rows, None]
        sums = _running(shares)
        return own - (sums[:-1] - sums[self._start])

    def backward(self, values: Floats) -> Floats:
        """Return each value less the mean of the pair's earlier ones, 0 for its first, at the deviations' rows."""
        sums, place = _running(values), np.arange(len(values))
        earlier = place - self._start
        mean = (sums[:-1] - sums[self._start]) / np.maximum(earlier, 1)[:, None]
        return np.where(earlier[:, None] > 0, values - mean, 0.0)[self.rows]


def _running(values: Floats) -> Floats:
    """Return the sums of all rows before each, and of all."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def forward_deviations(
    columns: Mapping[str, Floats], cells: Cells, outcome: str, regressors: Sequence[str]
) -> Estimate:
    """Estimate in forward orthogonal deviations by two-stage least squares.

    Instruments are the regressors' levels (less their mean over all rows) and their backward deviations at ``t``:
    known before any error of the deviation. Country-year and product-year effects are taken out of the instruments
    (which takes them out of the product with everything else): their deviations ``F D`` have the normal equations
    ``D'(I - P)D`` of the absorber.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
    cells : Cells
    outcome : str
    regressors : sequence of str

    Raises
    ------
    NotEstimableError
        If no pair has a second row.
    numpy.linalg.LinAlgError
        If a regressor does not vary, or has no relevant instrument.
    """
    forward = ForwardDeviations(cells)
    if not len(forward.rows):
        raise NotEstimableError("no country and product has a later row: there is no forward deviation")
    # Exact within: what is left of the columns differs from them by pair, country-year and product-year effects only.
    absorber = Absorber(cells)
    raw = np.column_stack([columns[name] for name in regressors])
    clean = absorber.within(np.column_stack([columns[outcome], raw]))
    starred = forward.deviations(clean)
    levels = raw - raw.mean(axis=0)
    instruments = _without_levels(absorber, forward, np.column_stack([levels[forward.rows], forward.backward(raw)]))
    size = np.sqrt((instruments**2).sum(axis=0))
    # One that does not vary stays 0, and is left out as collinear.
    instruments /= np.where(size > 0, size, 1.0)
    y, x = starred[:, 0], starred[:, 1:]
    return _estimate(regressors, y, x, instruments, cells.country[forward.rows], cells.product[forward.rows])


def _without_levels(absorber: Absorber, forward: ForwardDeviations, values: Floats) -> Floats:
    """Take the forward deviations of country-years and product-years out of columns of their rows."""
    target = absorber.sum_by_level(forward.transposed(values))
    found = absorber.solve(target, TOLERANCE * np.linalg.norm(target, axis=0))
    return np.asarray(values - forward.deviations(absorber.expand(found)))


def long_differences(
    columns: Mapping[str, Floats], cells: Cells, outcome: str, regressors: Sequence[str], years: int
) -> Estimate:
    """Estimate in differences over some years, country-year and product-year effects absorbed.

    The error of the earlier row is answered by regressors of the later one only with what is left of it after
    ``years`` years: the bias fades with them, but does not vanish (Hahn, Hausman & Kuersteiner 2007).

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
    cells : Cells
    outcome : str
    regressors : sequence of str
    years : int

    Raises
    ------
    NotEstimableError
        If no pair has rows so far apart.
    numpy.linalg.LinAlgError
        If a regressor does not vary.
    """
    later = cells.later(years)
    rows = np.flatnonzero(later >= 0)
    if not len(rows):
        raise NotEstimableError(f"no country and product has rows {years} years apart")
    raw = np.column_stack([columns[name] for name in (outcome, *regressors)])
    country, product = cells.country[rows], cells.product[rows]
    # Blocks of years: country-years and product-years of the differences.
    clean, _ = within_transform(raw[later[rows]] - raw[rows], [country, product], blocks=cells.year[rows])
    return _estimate(regressors, clean[:, 0], clean[:, 1:], clean[:, 1:], country, product)


def _estimate(
    terms: Sequence[str], y: Floats, x: Floats, instruments: Floats, country: Codes, product: Codes
) -> Estimate:
    """Return two-stage least squares, computed from sums so that clusters can be left out."""

    def sums(rows: Codes | slice) -> tuple[Floats, Floats, Floats]:
        z, own = instruments[rows], x[rows]
        return z.T @ z, z.T @ own, z.T @ y[rows]

    whole = sums(slice(None))
    coefficients, first_stage = _two_stages(*whole)
    moves, shares = [], []
    fitted = instruments @ first_stage
    for codes in (country, product):
        groups = _groups(codes)
        left_out = [tuple(all_ - part for all_, part in zip(whole, sums(rows), strict=True)) for rows in groups]
        moves.append(np.stack([_two_stages(*one)[0] for one in left_out]) - coefficients)
        shares.append(np.stack([fitted[rows].T @ fitted[rows] for rows in groups]))
    scores = fitted * (y - x @ coefficients)[:, None]
    pair = np.unique(country * (product.max() + 1) + product, return_inverse=True)[1]
    by_pair = np.column_stack([np.bincount(pair, column) for column in scores.T])
    influence = np.linalg.solve(fitted.T @ fitted, by_pair.T).T
    free = np.zeros(len(coefficients), dtype=bool)
    errors = ClusterJackknife((moves[0], moves[1]), (free, free), influence.T @ influence, (shares[0], shares[1]))
    return Estimate(tuple(terms), coefficients, errors, len(y))


def _two_stages(instruments: Floats, crossed: Floats, with_outcome: Floats) -> tuple[Floats, Floats]:
    """Return the slopes and the first stage's, from ``Z'Z``, ``Z'X`` and ``Z'y``."""
    first = np.linalg.solve(instruments, crossed)
    return np.asarray(np.linalg.solve(first.T @ crossed, first.T @ with_outcome)), np.asarray(first)


def _groups(codes: Codes) -> list[Codes]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
