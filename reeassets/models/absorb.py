"""Exact removal of country-product, country-year and product-year effects from the columns of an unbalanced panel.

The within transform is the residual of a least-squares projection on the dummies. Pair effects are eliminated in closed
form (their block of the normal equations is diagonal); what is left, one unknown per country-year and product-year, is
solved for all columns at once by conjugate gradients. No step works on single rows: the normal equations are sums over
cells, held as sparse matrices.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from reeassets.models.cells import Cells
from reeassets.models.within import RANK_TOLERANCE

# Norm of the normal equations' residual, relative to their right-hand side.
TOLERANCE = 1e-10
# A column that the pair effects explain has a right-hand side of rounding alone: relative to the column's own size.
ROUNDING = 1e-14
# A sample of trade takes about twenty; a chain of barely connected levels may need as many as there are levels.
MOST_STEPS = 2000
# Up to so many country-years and product-years the rank is computed from the eigenvalues of the normal equations.
EXACT_RANK = 400

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class NotConvergedError(ArithmeticError):
    """Iterations ended before the tolerance was reached."""


class Absorber:
    """The projection on country-product, country-year and product-year dummies, of rows with weights.

    Parameters
    ----------
    cells : Cells
        Country, product and year of the rows.
    weights : ndarray, shape (n,), optional
        Positive weights of the rows; 1 if not given.

    Attributes
    ----------
    steps : int
        Steps of the conjugate gradients at the last projection.

    Notes
    -----
    With ``P`` the projection on the pairs and ``D`` the dummies of country-years and product-years, ``D'(I - P)D z =
    D'(I - P)v`` is singular (a constant of a country is also one of its pairs) but consistent, and conjugate gradients
    stay in its range. The preconditioner inverts the block of each country, and of each product, over its years. What
    of a level of a single year is common to all its pairs is thereby solved exactly at once; steps are needed for what
    countries and products share.

    Correia (2016), "Linear models with high-dimensional fixed effects: an efficient and feasible estimator", compares
    the ways; preconditioned conjugate gradients there too.
    """

    def __init__(self, cells: Cells, weights: Floats | None = None):
        self._cells = cells
        self._weights = weights
        n, (countries, products, pairs) = len(cells), cells.clusters.sizes
        self._countries, self._blocks, self._size = countries, countries + products, (countries + products) * cells.span
        by_country, by_product = cells.levels
        self._level = by_country, by_product + countries * cells.span
        value = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
        starts = cells.clusters.pair_starts
        self._total = np.add.reduceat(value, starts)
        # A row of the pair matrix is a pair; two entries per row of data, at its country-year and its product-year.
        ends = np.append(starts, n)
        self._pairs = sparse.csr_array(
            (np.repeat(value, 2), np.column_stack(self._level).ravel(), 2 * ends), shape=(pairs, self._size)
        )
        self._by_level = sparse.csr_array(self._pairs.T)
        ones = np.concatenate([value, value])
        rows, columns = np.concatenate(self._level), np.concatenate(self._level[::-1])
        crossed = sparse.csr_array((ones, (rows, columns)), shape=(self._size, self._size))
        self._count = np.bincount(np.concatenate(self._level), ones, self._size)
        self._normal = sparse.csr_array(crossed + sparse.diags_array(self._count))
        self._inverse = self._block_inverses(value)
        self.steps = 0

    def within(self, values: Floats) -> Floats:
        """Subtract from every column its (weighted) projection on the dummies.

        Parameters
        ----------
        values : ndarray, shape (n, m)
            The columns, in the order of the cells.

        Returns
        -------
        ndarray, shape (n, m)
            In row order.

        Raises
        ------
        ValueError
            If a value is missing or not finite.
        NotConvergedError
            If the relative residual stays above :data:`TOLERANCE`; names the column.
        """
        values = np.array(values, dtype=float, order="C")
        if not np.isfinite(values).all():
            column = int((~np.isfinite(values)).any(axis=0).argmax())
            raise ValueError(f"column {column} of the columns to absorb holds values that are not finite")
        values -= values.mean(axis=0)
        floor = ROUNDING * np.sqrt(self._count.max()) * np.sqrt((self._weighted(values) * values).sum(axis=0))
        self._subtract_pair_means(values)
        target = self.sum_by_level(values)
        limit = np.maximum(TOLERANCE * np.linalg.norm(target, axis=0), floor)
        self._subtract_levels(values, self.solve(target, limit))
        self._subtract_pair_means(values)
        left = np.linalg.norm(self.sum_by_level(values), axis=0)
        if (left > 10 * limit).any():
            column = int((left / np.maximum(limit, np.finfo(float).tiny)).argmax())
            raise NotConvergedError(
                f"effects are not removed from column {column}: residual {left[column]:.1e}, limit {limit[column]:.1e}"
            )
        return values

    def solve(self, target: Floats, limit: Floats) -> Floats:
        """Solve ``D'(I - P)D z = target`` for targets in its range, shape (levels, m), to residuals of ``limit``."""
        z, residual = np.zeros_like(target), target.copy()
        prepared = self._precondition(residual)
        direction, gain = prepared, (residual * prepared).sum(axis=0)
        for step in range(MOST_STEPS):
            active = np.linalg.norm(residual, axis=0) > limit
            if not active.any():
                self.steps = step
                return z
            applied = self.apply(direction)
            curvature = (direction * applied).sum(axis=0)
            move = np.divide(gain, curvature, out=np.zeros_like(gain), where=active & (curvature > 0))
            z += move * direction
            residual -= move * applied
            prepared = self._precondition(residual)
            previous, gain = gain, (residual * prepared).sum(axis=0)
            direction = prepared + np.divide(gain, previous, out=np.zeros_like(gain), where=previous > 0) * direction
        column = int((np.linalg.norm(residual, axis=0) / np.maximum(limit, np.finfo(float).tiny)).argmax())
        raise NotConvergedError(
            f"effects of {len(self._cells)} rows not solved in {MOST_STEPS} steps: column {column} has a residual of "
            f"{np.linalg.norm(residual[:, column]):.1e}, limit {limit[column]:.1e}"
        )

    def apply(self, z: Floats) -> Floats:
        """Return ``D'(I - P)D z``, shape (levels, m)."""
        return np.asarray(self._normal @ z - self._by_level @ ((self._pairs @ z) / self._total[:, None]))

    def expand(self, z: Floats) -> Floats:
        """Return ``D z``: the effect of the row's country-year plus that of its product-year, shape (n, m)."""
        return np.asarray(z[self._level[0]] + z[self._level[1]])

    def sum_by_level(self, values: Floats) -> Floats:
        """Return ``D'v``: weighted sums by country-year and product-year, shape (levels, m)."""
        weighted = self._weighted(values)
        return np.column_stack(
            [
                sum(np.bincount(level, weighted[:, column], self._size) for level in self._level)
                for column in range(values.shape[1])
            ]
        )

    def absorbed(self) -> int:
        """Return the number of parameters absorbed: the rank of all dummies together.

        Exact (by eigenvalues) up to :data:`EXACT_RANK` country-years and product-years. Beyond, what follows from how
        the panel is connected: a constant of a country, of a product, and of each connected part of a year's trade can
        be put into other effects, less one constant for each connected part of the whole. A panel with further
        redundancies, which takes very few rows per level, absorbs less than that says: errors on the side of caution.
        """
        used = self._count > 0
        pairs = len(self._total)
        if int(used.sum()) <= EXACT_RANK:
            dense = self._normal.toarray() - self._by_level @ (self._pairs / self._total[:, None]).toarray()
            scale = 1.0 / np.sqrt(self._count[used])
            roots = np.linalg.eigvalsh(dense[np.ix_(used, used)] * np.outer(scale, scale))
            return pairs + int((roots > RANK_TOLERANCE).sum())
        years = connected_components(self._normal, directed=False)[1]
        countries, products = self._cells.clusters.of_pairs
        graph = sparse.coo_array(
            (np.ones(pairs), (countries, products + self._countries)), shape=(self._blocks, self._blocks)
        )
        whole = connected_components(graph, directed=False)[0]
        constants = self._blocks + len(np.unique(years[used])) - whole
        return pairs + int(used.sum()) - constants

    def _weighted(self, values: Floats) -> Floats:
        return values if self._weights is None else values * self._weights[:, None]

    def _subtract_pair_means(self, values: Floats) -> None:
        sums = np.add.reduceat(self._weighted(values), self._cells.clusters.pair_starts, axis=0)
        values -= (sums / self._total[:, None])[self._cells.pair]

    def _subtract_levels(self, values: Floats, z: Floats) -> None:
        for level in self._level:
            values -= z[level]

    def _block_inverses(self, value: Floats) -> Floats:
        """Return the pseudo-inverse of each country's and each product's block over years, (blocks, span, span)."""
        span = self._cells.span
        blocks = np.zeros((self._blocks, span, span))
        n = len(value)
        ends = np.append(self._cells.clusters.pair_starts, n)
        for level in self._level:
            part = sparse.csr_array((value, level, ends), shape=(len(ends) - 1, self._size))
            scaled = sparse.csr_array((value / self._total[self._cells.pair], level, ends), shape=part.shape)
            crossed = sparse.coo_array(part.T @ scaled)
            row, column = crossed.coords
            blocks[row // span, row % span, column % span] -= crossed.data
        place = np.arange(span)
        blocks[:, place, place] += self._count.reshape(self._blocks, span)
        scale = np.sqrt(np.maximum(self._count.reshape(self._blocks, span), np.finfo(float).tiny))
        inverse = np.linalg.pinv(blocks / (scale[:, :, None] * scale[:, None, :]), rcond=1e-12, hermitian=True)
        return np.asarray(inverse / (scale[:, :, None] * scale[:, None, :]))

    def _precondition(self, residual: Floats) -> Floats:
        shaped = residual.reshape(self._blocks, self._cells.span, -1)
        return np.asarray((self._inverse @ shaped).reshape(residual.shape))
