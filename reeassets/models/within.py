"""Exact removal of fixed effects from the columns of an unbalanced panel.

The within transform is the residual of a least-squares projection on the dummies. It is computed from their normal
equations: one factor is eliminated in closed form (its block is diagonal), the small dense system of the others is
solved by a pseudo-inverse, so that disconnected or nested levels need no choice of a dropped dummy.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Relative to the unit diagonal of the scaled normal equations; rounding leaves about 1e-15 where a level is redundant.
RANK_TOLERANCE = 1e-10
# All columns at once would need several times their memory.
COLUMNS_AT_ONCE = 12

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def within_transform(values: Floats, effects: Sequence[Codes], blocks: Codes | None = None) -> tuple[Floats, int]:
    """Subtract from every column its projection on the dummies of the effects.

    Parameters
    ----------
    values : ndarray, shape (n, m)
        The columns; overwritten if they are in column order.
    effects : sequence of integer ndarray, shape (n,)
        One code per row and fixed effect, from 0. Give the one with the most levels first: it is eliminated in closed
        form.
    blocks : integer ndarray, shape (n,), optional
        Every effect is interacted with this factor, e.g. year for country-year and product-year effects; the normal
        equations are then block diagonal and are solved block by block.

    Returns
    -------
    demeaned : ndarray, shape (n, m)
        In column order, for fast access to single columns.
    absorbed : int
        Number of parameters absorbed: the rank of all dummies together.

    Notes
    -----
    Frisch-Waugh-Lovell: least squares on these columns gives the coefficients of the regression with dummies; the
    absorbed parameters count in its degrees of freedom. The projection is applied twice, which removes what rounding
    left.
    """
    demeaned = np.asfortranarray(values, dtype=float)
    if blocks is None:
        projection = _Projection(effects)
        for start in range(0, demeaned.shape[1], COLUMNS_AT_ONCE):
            part = slice(start, start + COLUMNS_AT_ONCE)
            demeaned[:, part] = projection.residuals(demeaned[:, part])
        return demeaned, projection.rank
    order = np.argsort(blocks, kind="stable")
    starts = np.flatnonzero(np.diff(blocks[order])) + 1
    absorbed = 0
    for rows in np.split(order, starts):
        projection = _Projection([codes[rows] for codes in effects])
        demeaned[rows] = projection.residuals(demeaned[rows])
        absorbed += projection.rank
    return demeaned, absorbed


class _Projection:
    """The least-squares projection on the dummies of some effects.

    Attributes
    ----------
    rank : int
        Rank of the dummies together.
    """

    def __init__(self, effects: Sequence[Codes]):
        self._first = _dummies(effects[0])
        self._count = np.asarray(self._first.sum(axis=0)).ravel()
        self.rank = len(self._count)
        self._others: sparse.csr_array | None = None
        if len(effects) > 1:
            others = sparse.hstack([_dummies(codes) for codes in effects[1:]], format="csr")
            crossed = (self._first.T @ others).toarray()
            self._shared = crossed / self._count[:, None]
            system = (others.T @ others).toarray() - crossed.T @ self._shared
            self._inverse, rank = _scaled_pseudo_inverse(system, np.asarray(others.sum(axis=0)).ravel())
            self._others = others
            self.rank += rank

    def residuals(self, values: Floats) -> Floats:
        """Return the columns without their projection; shape (n, m) in and out."""
        # Sparse products run along rows.
        values = np.ascontiguousarray(values)
        for _ in range(2):
            means = (self._first.T @ values) / self._count[:, None]
            if self._others is None:
                return values - self._first @ means
            slopes = self._inverse @ (self._others.T @ values - self._shared.T @ (means * self._count[:, None]))
            values = values - self._first @ (means - self._shared @ slopes)
            values -= self._others @ slopes
        return values


def _dummies(codes: Codes) -> sparse.csr_array:
    """Return the dummies of the levels that occur, shape (n, levels)."""
    occurs = np.bincount(codes) > 0
    position = (np.cumsum(occurs) - 1)[codes]
    n = len(codes)
    return sparse.csr_array((np.ones(n), position, np.arange(n + 1)), shape=(n, int(occurs.sum())))


def _scaled_pseudo_inverse(system: Floats, count: Floats) -> tuple[Floats, int]:
    """Invert a symmetric positive semi-definite matrix on its range; levels of few rows weigh as much as others."""
    scale = 1.0 / np.sqrt(count)
    roots, vectors = np.linalg.eigh(system * np.outer(scale, scale))
    kept = roots > RANK_TOLERANCE
    vectors = vectors[:, kept] * scale[:, None]
    return (vectors / roots[kept]) @ vectors.T, int(kept.sum())
