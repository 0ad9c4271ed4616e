"""Least squares with absorbed fixed effects, many specifications on one sample.

All candidate columns are demeaned once, and their cross-products computed once, by cluster; a specification then costs
a small solve, and all of them together one pass over the rows for the scores of pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reeassets.models.clustered import ONE_CLUSTER, Clusters
from reeassets.models.errors import ClusterSums, TwoWayErrors
from reeassets.models.within import within_transform

# Share of a column's sum of squares around its mean that must survive fixed effects and earlier regressors.
COLLINEARITY_TOLERANCE = 1e-9
# Rows that one pass holds at a time: all columns of them fit into a processor's cache.
ROWS_AT_ONCE = 2048

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
    errors : TwoWayErrors or None
        None where the errors cannot be clustered; ``note`` says why.
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
    errors: TwoWayErrors | None
    n_obs: int
    n_absorbed: int
    r2_within: float
    dropped: dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Solution:
    """The coefficients of one regression: ``design`` says which demeaned columns each of them sums, shape (m, k)."""

    terms: tuple[str, ...]
    dropped: dict[str, str]
    design: Floats
    coefficients: Floats


@dataclass(frozen=True)
class AbsorbedColumns:
    """The demeaned columns of one sample.

    Attributes
    ----------
    names : dict of str to tuple of int
        The columns that a name sums: one, or one per stage for a regressor over all stages.
    values : ndarray, shape (n, m)
        Demeaned columns.
    cross : ndarray, shape (m, m)
        Their cross-products.
    by_cluster : tuple of ndarray, shape (G, m, m)
        Their cross-products by country, and by product.
    spread : dict of str to float
        Sum of squares around the mean before anything was absorbed, by name.
    n_absorbed : int
        Rank of the absorbed dummies.
    clusters : Clusters
        Country and product of the rows.
    year : integer ndarray, shape (n,)
        Year of the rows.
    """

    names: dict[str, tuple[int, ...]]
    values: Floats
    cross: Floats
    by_cluster: tuple[Floats, Floats]
    spread: dict[str, float]
    n_absorbed: int
    clusters: Clusters
    year: Codes

    def fit(self, outcome: str, regressors: Sequence[str]) -> Fit:
        """Regress one column on others; see :meth:`fit_all`."""
        return self.fit_all(outcome, [regressors])[0]

    def fit_all(self, outcome: str, regressions: Sequence[Sequence[str]]) -> list[Fit]:
        """Regress one column on several sets of others by ordinary least squares.

        The estimation is statsmodels' ``OLS`` on the triangular root of the cross-products, which has the same normal
        equations as the regression on all rows and does not grow with them.

        Parameters
        ----------
        outcome : str
            A name.
        regressions : sequence of sequence of str
            Names, the ones to keep first: one that the fixed effects or earlier regressors explain is dropped.

        Returns
        -------
        list of Fit
            One per regression.
        """
        y = self.design([outcome])[:, 0]
        solutions = [self.solve(y, regressors) for regressors in regressions]
        testable = min(self.clusters.sizes[:2]) > 1
        solved = [one for one in solutions if isinstance(one, Solution)] if testable else []
        outers = iter(self._pair_outers(y, solved))
        return [
            one if isinstance(one, Fit) else self._fit(y, one, next(outers) if testable else None) for one in solutions
        ]

    def design(self, names: Sequence[str]) -> Floats:
        """Return which columns each name sums, shape (m, len(names))."""
        design = np.zeros((len(self.cross), len(names)))
        for position, name in enumerate(names):
            design[list(self.names[name]), position] = 1.0
        return design

    def solve(self, y: Floats, regressors: Sequence[str]) -> Solution | Fit:
        """Return the coefficients of a regression, or the fit that says why there are none."""
        from statsmodels.regression.linear_model import OLS

        design = self.design(regressors)
        spread = np.array([self.spread[name] for name in regressors])
        chosen = independent_columns(design.T @ self.cross @ design, spread)
        terms = tuple(regressors[position] for position in chosen)
        dropped = {name: "collinear with fixed effects or other regressors" for name in regressors if name not in terms}
        n_obs, n_parameters = len(self.values), self.n_absorbed + len(chosen)
        if not chosen or n_obs <= n_parameters:
            note = "no regressor varies" if not chosen else f"{n_obs} rows for {n_parameters} parameters"
            return Fit((), np.zeros(0), None, n_obs, self.n_absorbed, np.nan, dict.fromkeys(regressors, note))
        design = design[:, chosen]
        upper = np.linalg.cholesky(design.T @ self.cross @ design).T
        result = OLS(np.linalg.solve(upper.T, design.T @ (self.cross @ y)), upper).fit()
        return Solution(terms, dropped, design, result.params)

    def _fit(self, y: Floats, solution: Solution, pair_outer: Floats | None) -> Fit:
        """Return the fit with its errors, or without them where there is a single country or product."""
        residual = y - solution.design @ solution.coefficients
        total = float(y @ self.cross @ y)
        r2 = 1.0 - float(residual @ self.cross @ residual) / total if total > 0 else np.nan
        common = solution.terms, solution.coefficients
        n_obs, (countries, products) = len(self.values), self.by_cluster
        if pair_outer is None:
            return Fit(*common, None, n_obs, self.n_absorbed, r2, solution.dropped, ONE_CLUSTER)
        sums = ClusterSums(
            cross=solution.design.T @ self.cross @ solution.design,
            by_cluster=(transformed(countries, solution.design), transformed(products, solution.design)),
            scores=((countries @ residual) @ solution.design, (products @ residual) @ solution.design),
            pair_outer=pair_outer,
            n_pairs=self.clusters.sizes[2],
            n_obs=n_obs,
            n_parameters=self.n_absorbed + len(solution.terms),
        )
        return Fit(*common, TwoWayErrors(sums), n_obs, self.n_absorbed, r2, solution.dropped)

    def _pair_outers(self, y: Floats, solutions: Sequence[Solution]) -> list[Floats]:
        """Sum over the pairs the outer products of their scores, per regression, in one pass over the rows."""
        outers = [np.zeros((len(one.terms), len(one.terms))) for one in solutions]
        if not solutions:
            return outers
        # Regressors that several regressions share are made once per block of rows.
        distinct = np.unique(np.hstack([one.design for one in solutions]), axis=1).T
        places = [[int((distinct == column).all(axis=1).argmax()) for column in one.design.T] for one in solutions]
        residuals = np.stack([y - one.design @ one.coefficients for one in solutions])
        for rows, starts in self._blocks():
            block = np.ascontiguousarray(self.values[rows].T)
            regressors, left = distinct @ block, residuals @ block
            for place, columns in enumerate(places):
                scores = np.add.reduceat(regressors[columns] * left[place], starts, axis=1)
                outers[place] += scores @ scores.T
        return outers

    def _blocks(self) -> Iterator[tuple[slice, Codes]]:
        """Yield blocks of rows that end with a pair, and where the pairs of each start within it."""
        starts = self.clusters.pair_starts
        ends = np.append(starts[1:], len(self.values))
        first = 0
        while first < len(starts):
            last = max(int(np.searchsorted(ends, starts[first] + ROWS_AT_ONCE, side="right")), first + 1)
            yield slice(int(starts[first]), int(ends[last - 1])), starts[first:last] - starts[first]
            first = last


def transformed(by_cluster: Floats, design: Floats) -> Floats:
    """Return ``design' H_g design`` of every cluster, shape (G, k, k)."""
    columns, terms = np.nonzero(design)
    if len(columns) == design.shape[1]:
        single = columns[np.argsort(terms)]
        return np.asarray(by_cluster[:, single[:, None], single[None, :]])
    return np.asarray(design.T @ (by_cluster @ design))


def absorb(
    columns: Mapping[str, Floats],
    clusters: Clusters,
    year: Codes,
    fixed_effects: str,
    sums: Mapping[str, Sequence[str]] | None = None,
) -> AbsorbedColumns:
    """Remove fixed effects from every column of a sample.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Outcome and candidate regressors.
    clusters : Clusters
        Country and product of the rows.
    year : integer ndarray, shape (n,)
    fixed_effects : {"country+product+year", "country-year+product-year"}
    sums : mapping of str to sequence of str, optional
        Further names that are the sum of columns: the transform is linear, so they need none of their own.

    Raises
    ------
    ValueError
        If the fixed effects are not one of the two.
    """
    if fixed_effects not in FIXED_EFFECTS:
        raise ValueError(f"fixed effects {fixed_effects!r} are not one of {', '.join(FIXED_EFFECTS)}")
    place = {name: position for position, name in enumerate(columns)}
    names: dict[str, tuple[int, ...]] = {name: (position,) for name, position in place.items()}
    names |= {name: tuple(place[part] for part in parts) for name, parts in (sums or {}).items()}
    raw = np.empty((len(year), len(columns)), order="F")
    for position, column in enumerate(columns.values()):
        raw[:, position] = column
    spread = {name: float(raw[:, parts].sum(axis=1).var()) * len(raw) for name, parts in names.items()}
    pair = [clusters.country, clusters.product]
    if fixed_effects == FIXED_EFFECTS[0]:
        values, absorbed = within_transform(raw, [*pair, year])
    else:
        values, absorbed = within_transform(raw, pair, blocks=year)
    by_country = np.stack([_cross(values[rows]) for rows in clusters.rows_of_countries()])
    by_product = np.stack([_cross(values[rows]) for rows in clusters.rows_of_products()])
    cross = by_country.sum(axis=0)
    return AbsorbedColumns(names, values, cross, (by_country, by_product), spread, absorbed, clusters, year)


def _cross(rows: Floats) -> Floats:
    return np.asarray(rows.T @ rows)


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
