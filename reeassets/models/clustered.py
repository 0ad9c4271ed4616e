"""Two-way clustered covariance of an estimator from its scores, by country and product.

Rows are ordered by (country, product, year): the intersection of the two clusterings is then a run of rows, and all
three sums of scores follow from one pass over the rows (Cameron, Gelbach & Miller 2011).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# A negative eigenvalue smaller than this share of the largest one is rounding.
EIGENVALUE_TOLERANCE = 1e-12
MIN_CLUSTERS = 10
ONE_CLUSTER = "errors cannot be clustered two ways with a single country or product"

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Countries and products of an estimation sample whose rows are sorted by (country, product).

    Attributes
    ----------
    country, product : integer ndarray, shape (n,)
        Codes, non-decreasing in (country, product).
    """

    country: Codes
    product: Codes

    def __post_init__(self) -> None:
        step = np.diff(self.country), np.diff(self.product)
        if ((step[0] < 0) | ((step[0] == 0) & (step[1] < 0))).any():
            raise ValueError("rows must be sorted by country and product")

    @cached_property
    def pair_starts(self) -> Codes:
        """First row of each (country, product) pair, shape (pairs,)."""
        changes = (np.diff(self.country) != 0) | (np.diff(self.product) != 0)
        return np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)

    @cached_property
    def of_pairs(self) -> tuple[Codes, Codes]:
        """Country and product of each pair, both of shape (pairs,)."""
        return self.country[self.pair_starts], self.product[self.pair_starts]

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Number of countries, products and pairs."""
        countries, products = self.of_pairs
        return len(np.unique(countries)), len(np.unique(products)), len(self.pair_starts)

    @property
    def degrees_of_freedom(self) -> int:
        """Degrees of freedom of t tests: the smaller number of clusters, minus one."""
        return min(self.sizes[:2]) - 1

    def note(self) -> str:
        """Say which clustering dimension is too small to be relied on; empty if none is."""
        parts = [
            f"only {size} {what} cluster{'s' if size > 1 else ''}"
            for size, what in zip(self.sizes[:2], ("country", "product"), strict=True)
            if size < MIN_CLUSTERS
        ]
        return "; ".join(parts)


def two_way_covariance(
    pair_scores: Floats, bread: Floats, clusters: Clusters, n_obs: int, n_parameters: int
) -> tuple[Floats, bool]:
    """Compute ``V = V_country + V_product - V_pair``, each with its own small-sample factor.

    Parameters
    ----------
    pair_scores : ndarray, shape (pairs, k)
        Scores (regressor times residual) summed within each (country, product) pair.
    bread : ndarray, shape (k, k)
        ``(X'X)^-1``, or the inverse information of a likelihood.
    clusters : Clusters
        The pairs' countries and products.
    n_obs, n_parameters : int
        Rows, and parameters **including the absorbed ones** (the convention called "full").

    Returns
    -------
    covariance : ndarray, shape (k, k)
    fixed : bool
        Whether it was not positive semi-definite and its negative eigenvalues were set to 0 (Cameron, Gelbach & Miller
        2011, section 2.3).

    Notes
    -----
    The factor of a clustering with G clusters is ``G/(G-1) * (n-1)/(n-k)``: that of statsmodels' ``cov_type="cluster"``
    with two groups, so that errors equal those of the regression with explicit dummies. With a single country or
    product the factor is infinite and the covariance does not exist.

    Raises
    ------
    ValueError
        If there is a single country or product, or no residual degree of freedom.
    """
    from statsmodels.stats.sandwich_covariance import cov_cluster

    if min(clusters.sizes[:2]) < 2 or n_obs <= n_parameters:
        raise ValueError("two countries, two products and more rows than parameters are needed")
    groups = (*clusters.of_pairs, np.arange(len(pair_scores)))
    covariance = np.zeros_like(bread)
    for group, size, sign in zip(groups, clusters.sizes, (1, 1, -1), strict=True):
        part = cov_cluster((pair_scores, bread), group, use_correction=False)
        covariance += sign * size / (size - 1) * part
    covariance *= (n_obs - 1) / (n_obs - n_parameters)
    return _positive_semi_definite(covariance)


def _positive_semi_definite(covariance: Floats) -> tuple[Floats, bool]:
    covariance = (covariance + covariance.T) / 2
    roots, vectors = np.linalg.eigh(covariance)
    if roots[0] >= -EIGENVALUE_TOLERANCE * abs(roots[-1]):
        return covariance, False
    return (vectors * np.maximum(roots, 0.0)) @ vectors.T, True
