"""Poisson regression of exports in levels, with country-product, country-year and product-year effects.

Zeros stay in: it needs no index and no logarithm of the outcome (Santos Silva & Tenreyro 2006). Iteratively reweighted
least squares with the weighted absorber inside (Correia, Guimaraes & Zylkin 2020). Not corrected for the bias that
three effects have in a short panel (Weidner & Zylkin 2021): a row beside the headline, not in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.models.absorb import Absorber, NotConvergedError
from reeassets.models.cells import Cells, NotEstimableError, without_singletons
from reeassets.models.jackknife import ClusterJackknife, inverses
from reeassets.models.linear import independent_columns

# Change of the deviance, as a share of it.
TOLERANCE = 1e-10
MOST_STEPS = 100

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PoissonFit:
    """Slopes of the logarithm of expected exports, and their errors.

    Attributes
    ----------
    terms : tuple of str
    dropped : dict of str to str
        Why a regressor was not estimated.
    coefficients : ndarray, shape (k,)
    errors : ClusterJackknife
    n_obs : int
    counts : dict of str to int
        ``separated`` rows, whose pair, country-year or product-year exports nothing at all, and ``singletons``.
    """

    terms: tuple[str, ...]
    dropped: dict[str, str]
    coefficients: Floats
    errors: ClusterJackknife
    n_obs: int
    counts: dict[str, int]


def poisson(columns: Mapping[str, Floats], cells: Cells, outcome: str, regressors: Sequence[str]) -> PoissonFit:
    """Estimate ``E(y) = exp(b'x + effects)`` by pseudo maximum likelihood.

    Errors are the cluster jackknife of one Newton step: ``b(g) - b = -(H - H_g)^-1 X~_g'(y - mu)``.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
    cells : Cells
    outcome : str
        Exports, at least 0, in any unit.
    regressors : sequence of str
        The ones to keep first.

    Raises
    ------
    ValueError
        If an outcome is negative.
    NotEstimableError
        If no row or no regressor is left, or there is a single country or product.
    NotConvergedError
        If the deviance does not settle, as where a regressor alone tells who exports nothing.
    """
    y = np.asarray(columns[outcome], dtype=float)
    if (y < 0).any():
        raise ValueError(f"{outcome} is negative in {int((y < 0).sum())} rows")
    kept, counts = _estimable(y, cells)
    cells, y = cells.take(kept), y[kept]
    if not len(y) or min(cells.clusters.sizes[:2]) < 2:
        raise NotEstimableError(
            f"too few rows are left of {len(kept)}: {len(y)}, {counts['separated']} without any exports"
        )
    raw = np.column_stack([columns[name][kept] for name in regressors])
    raw = raw - raw.mean(axis=0)
    spread = (raw**2).sum(axis=0)
    unit = np.where(spread > 0, np.sqrt(spread / len(y)), 1.0)
    y = y / y.mean()
    chosen = independent_columns(*_plain_cross(raw / unit, cells))
    if not chosen:
        raise NotEstimableError("no regressor varies within country-product, country-year and product-year")
    slopes, within, mu = _iterate(y, (raw / unit)[:, chosen], cells)
    terms = tuple(regressors[position] for position in chosen)
    dropped = {name: "collinear with fixed effects or other regressors" for name in regressors if name not in terms}
    errors = _errors(within * unit[chosen], mu, y, cells)
    return PoissonFit(terms, dropped, slopes / unit[chosen], errors, len(y), counts)


def _estimable(y: Floats, cells: Cells) -> tuple[Flags, dict[str, int]]:
    """Leave out rows that an effect of minus infinity fits, and rows alone in an effect, until none is left."""
    kept = np.ones(len(y), dtype=bool)
    counts = {"separated": 0, "singletons": 0}
    while kept.any():
        left = cells.take(kept)
        exports = y[kept]
        some = np.logical_and.reduce([np.bincount(codes, exports)[codes] > 0 for codes in (left.pair, *left.levels)])
        stays = some.copy()
        if some.any():
            stays[some], _ = without_singletons(left.take(some))
        counts["separated"] += int((~some).sum())
        counts["singletons"] += int(some.sum() - stays.sum())
        if stays.all():
            break
        kept[kept] = stays
    return kept, counts


def _plain_cross(raw: Floats, cells: Cells) -> tuple[Floats, Floats]:
    """Return what tells collinear regressors: cross-products within, and sums of squares around the mean."""
    within = Absorber(cells).within(raw)
    return within.T @ within, (raw**2).sum(axis=0)


def _iterate(y: Floats, raw: Floats, cells: Cells) -> tuple[Floats, Floats, Floats]:
    """Return the slopes, the regressors without their effects at the last weights, and expected outcomes."""
    mu = (y + y.mean()) / 2
    eta, deviance = np.log(mu), np.inf
    for _ in range(MOST_STEPS):
        working = eta + (y - mu) / mu
        clean = Absorber(cells, mu).within(np.column_stack([working, raw]))
        within = clean[:, 1:]
        weighted = within * mu[:, None]
        slopes = np.linalg.solve(weighted.T @ within, weighted.T @ clean[:, 0])
        eta = working - (clean[:, 0] - within @ slopes)
        mu = np.exp(eta)
        previous, deviance = deviance, _deviance(y, mu)
        if abs(previous - deviance) <= TOLERANCE * max(deviance, TOLERANCE):
            return slopes, within, mu
    raise NotConvergedError(f"the deviance of {len(y)} rows has not settled in {MOST_STEPS} steps: {deviance:.6g}")


def _deviance(y: Floats, mu: Floats) -> float:
    some = y > 0
    return 2.0 * float((y[some] * np.log(y[some] / mu[some])).sum() - (y - mu).sum())


def _errors(within: Floats, mu: Floats, y: Floats, cells: Cells) -> ClusterJackknife:
    scores = within * (y - mu)[:, None]
    weighted = within * mu[:, None]
    whole = weighted.T @ within
    moves, lost, shares = [], [], []
    for groups in (cells.clusters.rows_of_countries(), cells.clusters.rows_of_products()):
        parts = np.stack([weighted[rows].T @ within[rows] for rows in groups])
        inverse, gone = inverses(whole - parts)
        moves.append(-np.einsum("gkl,gl->gk", inverse, np.stack([scores[rows].sum(axis=0) for rows in groups])))
        lost.append(np.asarray(gone.any(axis=0)))
        shares.append(parts)
    by_pair = np.linalg.solve(whole, np.add.reduceat(scores, cells.clusters.pair_starts, axis=0).T).T
    return ClusterJackknife((moves[0], moves[1]), (lost[0], lost[1]), by_pair.T @ by_pair, (shares[0], shares[1]))
