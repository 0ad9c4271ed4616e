"""Standard errors of a regression clustered two ways, by country and by product: the cluster jackknife.

Two ways of clustering are judged together, and by one rule for every model: least squares gives its cross-products and
scores, maximum likelihood its information and scores.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Without this share of what it rests on, a coefficient is not identified.
IDENTIFIED = 1e-9
# Above it a cluster may hold all that identifies some coefficient, and is looked at closely.
SUSPECT_LEVERAGE = 0.5
# Components of a unit vector below it are rounding.
NEGLIGIBLE = 1e-6

TWO_WAY = "two-way"
WAYS = ("country", "product")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class ClusterSums:
    """What a regression's errors are made of; ``k`` parameters, ``G`` clusters of a dimension.

    Attributes
    ----------
    cross : ndarray, shape (k, k)
        ``X'X`` of the regressors without what the fixed effects explain; of a likelihood, the information.
    by_cluster : tuple of ndarray, shape (G, k, k)
        Its summands by country, and by product.
    scores : tuple of ndarray, shape (G, k)
        ``X'u`` by country, and by product.
    pair_outer : ndarray, shape (k, k)
        Sum over the pairs (country, product) of the outer product of their scores.
    n_pairs, n_obs, n_parameters : int
        Pairs, rows, and parameters **including the absorbed ones** (the convention called "full").
    """

    cross: Floats
    by_cluster: tuple[Floats, Floats]
    scores: tuple[Floats, Floats]
    pair_outer: Floats
    n_pairs: int
    n_obs: int
    n_parameters: int


@dataclass(frozen=True)
class ErrorTable:
    """Errors of linear combinations of coefficients; arrays of shape (m,).

    Attributes
    ----------
    variance : ndarray
        Of the jackknife; NaN where a combination rests on a single country or product.
    decided_by : list of str
        ``two-way``, or the dimension whose variance alone is larger.
    conventional_variance : ndarray
        Of the convention of statsmodels and Stata; may be negative.
    effective : ndarray, shape (2, m)
        Effective numbers of countries and of products.
    rests_on : list of str
        ``country`` or ``product`` where a single one identifies the combination, otherwise empty.
    """

    variance: Floats
    decided_by: list[str]
    conventional_variance: Floats
    effective: Floats
    rests_on: list[str]

    @property
    def degrees_of_freedom(self) -> Floats:
        """Degrees of freedom of t tests: the smaller effective number of clusters minus one, and at least one."""
        return np.asarray(np.maximum(self.effective.min(axis=0) - 1.0, 1.0))


class TwoWayErrors:
    """The two-way cluster jackknife (MacKinnon, Nielsen & Webb 2024, arXiv:2406.08880).

    For each dimension, every cluster ``g`` is left out in turn: ``b(g) - b = -(X'X - X_g'X_g)^-1 X_g'u_g``, and
    ``V = (G - 1)/G sum_g (b(g) - b)(b(g) - b)'`` (their CV3). The two-way variance is ``V_country + V_product -
    V_pair``, the last without a correction, since a single pair has no leverage to speak of. The variance of a
    combination of coefficients is the **largest** of the two-way one and those of the two dimensions (their "max"),
    which is never negative. ``X`` are the regressors after the fixed effects, which are not estimated again without the
    cluster: what is left out would change them by one part in the number of clusters.

    Tests and intervals use Student's t with ``G* - 1`` degrees of freedom, ``G*`` the smaller effective number of
    clusters (Carter, Schnepel & Steigerwald 2017, with independent errors within clusters): ``G* = G/(1 + var(l)/
    mean(l)^2)`` over the clusters' shares ``l_g`` in what identifies the combination. The slope of a stage rests on the
    products of that stage, and its effective number says so; the number of all products would not.

    The conventional variance beside it is that of statsmodels' ``cov_type="cluster"`` with two groups, each with its
    factor ``G/(G-1) (n-1)/(n-k)``, absorbed parameters counted: it equals the regression with explicit dummies.

    Raises
    ------
    ValueError
        If there is a single country or product, or no residual degree of freedom.
    """

    def __init__(self, sums: ClusterSums):
        self._sums = sums
        self.sizes = tuple(len(scores) for scores in sums.scores)
        if min(self.sizes) < 2 or sums.n_obs <= sums.n_parameters:
            raise ValueError("two countries, two products and more rows than parameters are needed")

    @cached_property
    def bread(self) -> Floats:
        """``(X'X)^-1``, shape (k, k)."""
        root = np.linalg.inv(np.linalg.cholesky(self._sums.cross))
        return np.asarray(root.T @ root)

    @cached_property
    def _pair(self) -> Floats:
        return np.asarray(self.bread @ self._sums.pair_outer @ self.bread)

    @cached_property
    def _left_out(self) -> tuple[tuple[Floats, Flags], ...]:
        """Per dimension the jackknife's variance, and which coefficients a single cluster identifies."""
        return tuple(
            self._leave_out(by_cluster, scores)
            for by_cluster, scores in zip(self._sums.by_cluster, self._sums.scores, strict=True)
        )

    def _leave_out(self, by_cluster: Floats, scores: Floats) -> tuple[Floats, Flags]:
        rest = self._sums.cross - by_cluster
        lost = np.zeros(len(rest[0]), dtype=bool)
        leverage = np.einsum("kl,gkl->g", self.bread, by_cluster)
        moved = np.empty_like(scores)
        sound = leverage < SUSPECT_LEVERAGE
        moved[sound] = np.linalg.solve(rest[sound], scores[sound][:, :, None])[:, :, 0]
        scale = 1.0 / np.sqrt(np.diag(self._sums.cross))
        for cluster in np.flatnonzero(~sound):
            roots, vectors = np.linalg.eigh(rest[cluster] * np.outer(scale, scale))
            kept = roots > IDENTIFIED
            lost |= (np.abs(vectors[:, ~kept]) > NEGLIGIBLE).any(axis=1)
            vectors = vectors[:, kept] * scale[:, None]
            moved[cluster] = (vectors / roots[kept]) @ (vectors.T @ scores[cluster])
        return (len(moved) - 1) / len(moved) * (moved.T @ moved), lost

    @cached_property
    def conventional(self) -> Floats:
        """The conventional covariance, shape (k, k); not always positive semi-definite."""
        total = -self._sums.n_pairs / (self._sums.n_pairs - 1) * self._pair
        for scores in self._sums.scores:
            total += len(scores) / (len(scores) - 1) * (self.bread @ (scores.T @ scores) @ self.bread)
        return np.asarray(total * (self._sums.n_obs - 1) / (self._sums.n_obs - self._sums.n_parameters))

    def of(self, weights: Floats) -> ErrorTable:
        """Return the errors of linear combinations of the coefficients.

        Parameters
        ----------
        weights : ndarray, shape (m, k)
            One combination a row.
        """
        by_way = np.array([_quadratic(weights, variance) for variance, _ in self._left_out])
        two_way = by_way.sum(axis=0) - _quadratic(weights, self._pair)
        candidates = np.vstack([two_way, by_way])
        best = candidates.argmax(axis=0)
        rests = [((weights != 0) & lost).any(axis=1) for _, lost in self._left_out]
        rests_on = [
            next((way for way, on in zip(WAYS, flags, strict=True) if on), "") for flags in zip(*rests, strict=True)
        ]
        variance = np.where([not way for way in rests_on], candidates.max(axis=0), np.nan)
        return ErrorTable(
            variance=variance,
            decided_by=[(TWO_WAY, *WAYS)[place] for place in best],
            conventional_variance=_quadratic(weights, self.conventional),
            effective=np.array([self._effective(weights, by_cluster) for by_cluster in self._sums.by_cluster]),
            rests_on=rests_on,
        )

    def _effective(self, weights: Floats, by_cluster: Floats) -> Floats:
        """Return the effective number of clusters of each combination, shape (m,)."""
        directions = self.bread @ weights.T
        shares = np.maximum(((by_cluster @ directions) * directions).sum(axis=1), 0.0)
        return np.asarray(shares.sum(axis=0) ** 2 / (shares**2).sum(axis=0))


def _quadratic(weights: Floats, matrix: Floats) -> Floats:
    return np.asarray(((weights @ matrix) * weights).sum(axis=1))
