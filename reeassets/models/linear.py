"""Least squares with absorbed fixed effects, many specifications on one sample.

All candidate columns are demeaned once, and their cross-products computed once; a specification then costs a small
solve and one pass over the rows for its residuals and scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reeassets.models.clustered import ONE_CLUSTER, Clusters, two_way_covariance
from reeassets.models.within import within_transform

# Share of a column's sum of squares around its mean that must survive fixed effects and earlier regressors.
COLLINEARITY_TOLERANCE = 1e-9

FIXED_EFFECTS = ("country+product+year", "country-year+product-year")

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """Estimates of one regression.

    Attributes
    ----------
    terms : tuple of str
        The regressors that were estimated.
    coefficients : ndarray, shape (k,)
    covariance : ndarray, shape (k, k), or None
        None where the errors cannot be clustered; ``note`` says why.
    covariance_fixed : bool
        Whether negative eigenvalues of the covariance were set to 0.
    n_obs, n_absorbed : int
        Rows, and parameters absorbed by fixed effects.
    r2_within : float
        Share of the outcome's variation, after the fixed effects, that the regressors explain; NaN for a logit.
    dropped : dict of str to str
        Why a regressor was not estimated, by its name.
    note : str
        What holds for all terms.
    """

    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats | None
    covariance_fixed: bool
    n_obs: int
    n_absorbed: int
    r2_within: float
    dropped: dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class AbsorbedColumns:
    """The demeaned columns of one sample.

    Attributes
    ----------
    names : dict of str to int
        Position of each column.
    values : ndarray, shape (n, m)
        Demeaned columns.
    cross : ndarray, shape (m, m)
        Their cross-products.
    spread : ndarray, shape (m,)
        Sums of squares around the mean before anything was absorbed.
    n_absorbed : int
        Rank of the absorbed dummies.
    clusters : Clusters
        Country and product of the rows.
    """

    names: dict[str, int]
    values: Floats
    cross: Floats
    spread: Floats
    n_absorbed: int
    clusters: Clusters

    def fit(self, outcome: str, regressors: Sequence[str]) -> Fit:
        """Regress one column on others by ordinary least squares.

        The estimation is statsmodels' ``OLS`` on the triangular root of the cross-products, which has the same normal
        equations as the regression on all rows and does not grow with them.

        Parameters
        ----------
        outcome : str
            A column.
        regressors : sequence of str
            Columns, the ones to keep first: one that the fixed effects or earlier regressors explain is dropped.

        Returns
        -------
        Fit
        """
        from statsmodels.regression.linear_model import OLS

        columns = [self.names[name] for name in regressors]
        y = self.names[outcome]
        chosen = independent_columns(self.cross[np.ix_(columns, columns)], self.spread[columns])
        kept = [columns[position] for position in chosen]
        terms = tuple(regressors[position] for position in chosen)
        dropped = {name: "collinear with fixed effects or other regressors" for name in regressors if name not in terms}
        n_obs = len(self.values)
        if not kept or n_obs <= self.n_absorbed + len(kept):
            note = "no regressor varies" if not kept else f"{n_obs} rows for {self.n_absorbed + len(kept)} parameters"
            return Fit((), np.zeros(0), None, False, n_obs, self.n_absorbed, np.nan, dict.fromkeys(regressors, note))
        upper = np.linalg.cholesky(self.cross[np.ix_(kept, kept)]).T
        result = OLS(np.linalg.solve(upper.T, self.cross[kept, y]), upper).fit()
        residual = self.values[:, y].copy()
        for column, coefficient in zip(kept, result.params, strict=True):
            residual -= coefficient * self.values[:, column]
        r2 = 1.0 - float(residual @ residual) / self.cross[y, y] if self.cross[y, y] > 0 else np.nan
        if min(self.clusters.sizes[:2]) < 2:
            return Fit(terms, result.params, None, False, n_obs, self.n_absorbed, r2, dropped, ONE_CLUSTER)
        scores = self._pair_scores(kept, residual)
        n_parameters = len(kept) + self.n_absorbed
        covariance, fixed = two_way_covariance(scores, result.normalized_cov_params, self.clusters, n_obs, n_parameters)
        return Fit(terms, result.params, covariance, fixed, n_obs, self.n_absorbed, r2, dropped)

    def _pair_scores(self, columns: Sequence[int], residual: Floats) -> Floats:
        """Sum regressor times residual within each (country, product) pair, shape (pairs, k)."""
        starts = self.clusters.pair_starts
        scores = np.empty((len(starts), len(columns)))
        for position, column in enumerate(columns):
            scores[:, position] = np.add.reduceat(self.values[:, column] * residual, starts)
        return scores


def absorb(columns: Mapping[str, Floats], clusters: Clusters, year: Codes, fixed_effects: str) -> AbsorbedColumns:
    """Remove fixed effects from every column of a sample.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Outcome and candidate regressors.
    clusters : Clusters
        Country and product of the rows.
    year : integer ndarray, shape (n,)
    fixed_effects : {"country+product+year", "country-year+product-year"}

    Raises
    ------
    ValueError
        If the fixed effects are not one of the two.
    """
    if fixed_effects not in FIXED_EFFECTS:
        raise ValueError(f"fixed effects {fixed_effects!r} are not one of {', '.join(FIXED_EFFECTS)}")
    raw = np.empty((len(year), len(columns)), order="F")
    for position, column in enumerate(columns.values()):
        raw[:, position] = column
    spread = np.array([raw[:, position].var() for position in range(raw.shape[1])]) * len(raw)
    pair = [clusters.country, clusters.product]
    if fixed_effects == FIXED_EFFECTS[0]:
        values, absorbed = within_transform(raw, [*pair, year])
    else:
        values, absorbed = within_transform(raw, pair, blocks=year)
    names = {name: position for position, name in enumerate(columns)}
    return AbsorbedColumns(names, values, values.T @ values, spread, absorbed, clusters)


def independent_columns(cross: Floats, spread: Floats) -> list[int]:
    """Return the positions of columns that the columns before them do not explain.

    Parameters
    ----------
    cross : ndarray, shape (k, k)
        Cross-products of the columns.
    spread : ndarray, shape (k,)
        What a column's own sum of squares is compared with.
    """
    kept: list[int] = []
    for column in range(len(cross)):
        left = cross[column, column]
        if kept:
            shared = cross[np.ix_(kept, [column])]
            left = left - float(shared[:, 0] @ np.linalg.solve(cross[np.ix_(kept, kept)], shared)[:, 0])
        if left > COLLINEARITY_TOLERANCE * spread[column]:
            kept.append(column)
    return kept
