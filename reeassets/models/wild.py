"""The wild cluster bootstrap of a corrected slope, without a single regression per draw.

Everything that a draw changes is linear in the draw's weights, one per cluster.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.models.absorb import Absorber
from reeassets.models.dynamic import DynamicColumns, DynamicFit
from reeassets.models.errors import WAYS

# Two-point weights have 2^G different draws: with fewer (effective) clusters than this they are too few.
ENOUGH_FOR_RADEMACHER = 12.0
WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bootstrap:
    """The test of one combination of coefficients.

    Attributes
    ----------
    statistic, p_value : float
        t statistic, and the share of draws whose statistic is as large or larger in absolute value, the data's own
        counted as one draw.
    description : str
        Which clusters were weighted, and how.
    """

    statistic: float
    p_value: float
    description: str


def draw_weights(clusters: int, draws: int, seed: int, rademacher: bool) -> Floats:
    """Draw the weights of clusters: Rademacher's two points or Webb's six; shape (clusters, draws).

    Both have mean 0 and variance 1 (Davidson & Flachaire 2008; Webb 2014).
    """
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], size=(clusters, draws))
    return sign if rademacher else sign * rng.choice(WEBB, size=(clusters, draws))


class WildBootstrap:
    """Wild cluster bootstrap of one regression with three absorbed effects, the null imposed.

    The corrected slopes ``b`` solve ``sum z[t] (y~[t] - b' x~[t]) = 0`` with ``z[t] = x~[t] + sum_j R_j x~[t+j]``, as
    instrumental variables do; ``R`` is held. For the hypothesis ``w'b = 0`` the outcome of a draw is the restricted fit
    plus the restricted residuals, each times the weight of its cluster, in the dimension with fewer **effective**
    clusters of the term (MacKinnon, Nielsen & Webb 2021); Webb's weights below :data:`ENOUGH_FOR_RADEMACHER` of them.
    The slopes of a draw are those of the whole regression, effects included; its residuals for the studentisation keep
    the effects of the data. The statistic is studentised by ``V_country + V_product``, which is never negative
    (Davezies, D'Haultfoeuille & Guyonvarch 2021); data and draws alike.

    Parameters
    ----------
    columns : DynamicColumns
        Columns without their effects.
    outcome : str
        Name of the outcome.
    fit : DynamicFit
        The regression's estimates, with errors.
    draws, seed : int
        Number of draws and their seed; all combinations share them.

    Raises
    ------
    ValueError
        If the estimates have no errors.
    """

    def __init__(self, columns: DynamicColumns, outcome: str, fit: DynamicFit, draws: int, seed: int):
        if fit.errors is None:
            raise ValueError("a regression without clustered errors has no bootstrap")
        self._errors, self._coefficients, self._draws, self._seed = fit.errors, fit.coefficients, draws, seed
        self._codes = columns.cells.country, columns.cells.product
        self._regressors = columns.within @ columns.design(fit.terms)
        # Free of effects themselves, instruments give the same slopes, and the slopes of a draw without absorbing it.
        instruments = columns.instruments(self._regressors, fit.gains)
        self._instruments = Absorber(columns.cells).within(instruments)
        self._slope = self._instruments.T @ self._regressors
        self._bread = np.linalg.inv(self._regressors.T @ self._regressors)
        self._residual = columns.within @ columns.design([outcome])[:, 0] - self._regressors @ fit.coefficients

    def test(self, weights: Floats) -> Bootstrap:
        """Test ``weights @ coefficients = 0``, weights of shape (k,)."""
        effective = self._errors.of(weights[None, :]).effective[:, 0]
        way = int(effective.argmin())
        rademacher = bool(effective[way] >= ENOUGH_FOR_RADEMACHER)
        count = int(self._codes[way].max()) + 1
        drawn = draw_weights(count, self._draws, self._seed, rademacher)
        own, statistics = self.statistics(weights, way, drawn)
        extreme = int((np.abs(statistics) >= abs(own)).sum())
        kind = "Rademacher" if rademacher else "Webb"
        said = f"{count} clusters by {WAYS[way]}, {effective[way]:.1f} effective, {kind}"
        return Bootstrap(own, (1 + extreme) / (1 + self._draws), said)

    def statistics(self, weights: Floats, way: int, drawn: Floats) -> tuple[float, Floats]:
        """Return the statistic of the data and of every draw, ``drawn`` of shape (clusters of the way, draws)."""
        score = self._instruments @ np.linalg.solve(self._slope.T, weights)
        estimate = float(weights @ self._coefficients)
        own = estimate / float(np.sqrt(sum(_squares(codes, score * self._residual) for codes in self._codes)))
        # What imposing the hypothesis takes from the slopes.
        moved = self._bread @ weights * (estimate / float(weights @ self._bread @ weights))
        restricted = self._residual + self._regressors @ moved
        cluster, count = self._codes[way], len(drawn)
        by_cluster = np.stack([np.bincount(cluster, z * restricted, count) for z in self._instruments.T])
        slopes = np.linalg.solve(self._slope, by_cluster)
        variance = np.zeros(drawn.shape[1])
        for codes in self._codes:
            size = int(codes.max()) + 1
            crossed = np.bincount(codes * count + cluster, score * restricted, size * count).reshape(size, count)
            explained = np.stack([np.bincount(codes, score * x, size) for x in self._regressors.T], axis=1)
            variance += (((crossed - explained @ slopes) @ drawn) ** 2).sum(axis=0)
        return own, np.asarray((weights @ slopes) @ drawn / np.sqrt(variance))


def _squares(codes: NDArray[np.int64], values: Floats) -> float:
    """Return the sum of the squares of sums by cluster."""
    return float((np.bincount(codes, values) ** 2).sum())
