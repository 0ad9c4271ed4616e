"""The wild cluster bootstrap of a coefficient, without a single regression per draw.

Everything that a draw changes is linear in the draw's weights, one per cluster; the matrices of these linear maps are
sums over pairs of a country and a product, a country and a year, and a product and a year.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.models.linear import AbsorbedColumns, Solution, transformed
from reeassets.models.within import RANK_TOLERANCE

# Two-point weights have 2^G different draws: with fewer clusters than this they are too few.
ENOUGH_FOR_RADEMACHER = 12
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
    """

    statistic: float
    p_value: float


def draw_weights(clusters: int, draws: int, seed: int) -> Floats:
    """Draw the weights of clusters: Rademacher's two points, or with few clusters Webb's six; shape (clusters, draws).

    Both have mean 0 and variance 1 (Davidson & Flachaire 2008; Webb 2014).
    """
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], size=(clusters, draws))
    return sign if clusters >= ENOUGH_FOR_RADEMACHER else sign * rng.choice(WEBB, size=(clusters, draws))


class WildBootstrap:
    """Wild cluster bootstrap of one regression with country, product and year effects, the null imposed (WCR).

    For the hypothesis ``w'b = 0`` the outcome of a draw is the restricted fit plus the restricted residuals, each times
    the weight of its cluster, in the dimension with fewer clusters (MacKinnon, Nielsen & Webb 2021). The whole
    regression, its effects included, is that of the draw. The statistic is studentised by ``V_country + V_product``,
    which is never negative (Davezies, D'Haultfoeuille & Guyonvarch 2021); data and draws alike.

    Parameters
    ----------
    columns : AbsorbedColumns
        Columns with country, product and year effects removed.
    outcome : str
        Name of the outcome.
    solution : Solution
        The regression's coefficients.
    draws, seed : int
        Number of draws and their seed; all combinations share the draws.
    """

    def __init__(self, columns: AbsorbedColumns, outcome: str, solution: Solution, draws: int, seed: int):
        clusters = columns.clusters
        # Countries and products are numbered without gaps from here on.
        self._country = np.unique(clusters.country, return_inverse=True)[1]
        self._product = np.unique(clusters.product, return_inverse=True)[1]
        self._year = np.unique(columns.year, return_inverse=True)[1]
        self._sizes = tuple(int(codes.max()) + 1 for codes in (self._country, self._product, self._year))
        self._matrix = columns.values @ solution.design
        self._coefficients = solution.coefficients
        self._residual = columns.values @ columns.design([outcome])[:, 0] - self._matrix @ solution.coefficients
        self._bread = np.linalg.inv(solution.design.T @ columns.cross @ solution.design)
        left = columns.design([outcome])[:, 0] - solution.design @ solution.coefficients
        # By country and by product: cross-products of the regressors, and their products with the residuals.
        self._cross = [transformed(part, solution.design) for part in columns.by_cluster]
        self._scores = [(part @ left) @ solution.design for part in columns.by_cluster]
        self.by = "country" if self._sizes[0] <= self._sizes[1] else "product"
        self._weights = draw_weights(min(self._sizes[:2]), draws, seed)
        self._dummies = self._dummies_inverse()

    @property
    def description(self) -> str:
        """Which clusters are weighted, and how."""
        kind = "Rademacher" if len(self._weights) >= ENOUGH_FOR_RADEMACHER else "Webb"
        return f"{len(self._weights)} clusters by {self.by}, {kind}"

    def test(self, weights: Floats) -> Bootstrap:
        """Test ``weights @ coefficients = 0``, weights of shape (k,)."""
        direction = self._bread @ weights
        estimate = float(weights @ self._coefficients)
        moved = estimate / float(weights @ direction)
        statistic = estimate / np.sqrt(sum(float(((part @ direction) ** 2).sum()) for part in self._scores))
        drawn = self._statistics(direction, moved)
        extreme = int((np.abs(drawn) >= abs(statistic)).sum())
        return Bootstrap(statistic, (1 + extreme) / (1 + len(drawn)))

    def _statistics(self, direction: Floats, moved: float) -> Floats:
        """Return the statistic of every draw, shape (draws,).

        ``direction`` makes the regressor that the hypothesis is about, free of all others; ``moved`` times it is what
        imposing the hypothesis adds to the residuals.
        """
        regressor = self._matrix @ direction
        restricted = self._residual + moved * regressor
        both = regressor * restricted
        way = 0 if self.by == "country" else 1
        cluster, count = (self._country, self._product)[way], len(self._weights)
        levels = self._dummies @ self._by_level(restricted, cluster, count)
        slopes = self._bread @ (self._scores[way] + moved * (self._cross[way] @ direction)).T
        variance = np.zeros(self._weights.shape[1])
        for place, codes in enumerate((self._country, self._product)):
            size = self._sizes[place]
            crossed = np.bincount(codes * count + cluster, both, size * count).reshape(size, count)
            explained = self._by_level(regressor, codes, size).T @ levels + (self._cross[place] @ direction) @ slopes
            variance += (((crossed - explained) @ self._weights) ** 2).sum(axis=0)
        return np.asarray(np.bincount(cluster, both, count) @ self._weights / np.sqrt(variance))

    def _by_level(self, values: Floats, cluster: NDArray[np.int64], count: int) -> Floats:
        """Sum values by level of every effect (rows) and cluster (columns)."""
        parts = [
            np.bincount(codes * count + cluster, values, size * count).reshape(size, count)
            for codes, size in zip((self._country, self._product, self._year), self._sizes, strict=True)
        ]
        return np.concatenate(parts)

    def _dummies_inverse(self) -> Floats:
        """Return the pseudo-inverse of the dummies' normal equations."""
        sizes = np.cumsum((0, *self._sizes))
        normal = np.zeros((sizes[-1], sizes[-1]))
        codes = (self._country, self._product, self._year)
        for i, rows in enumerate(codes):
            for j, columns in enumerate(codes):
                shape = self._sizes[i], self._sizes[j]
                crossed = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)
                normal[sizes[i] : sizes[i + 1], sizes[j] : sizes[j + 1]] = crossed
        scale = 1.0 / np.sqrt(np.diag(normal))
        roots, vectors = np.linalg.eigh(normal * np.outer(scale, scale))
        kept = roots > RANK_TOLERANCE
        vectors = vectors[:, kept] * scale[:, None]
        return np.asarray((vectors / roots[kept]) @ vectors.T)
