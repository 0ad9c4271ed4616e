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

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def within_transform(values: Floats, effects: Sequence[Codes], blocks: Codes | None = None) -> tuple[Floats, int]:
    """Subtract from every column its projection on the dummies of the effects.

    Parameters
    ----------
    values : ndarray, shape (n, m)
        The columns.
    effects : sequence of integer ndarray, shape (n,)
        One code per row and fixed effect. Give the one with the most levels first: it is eliminated in closed form.
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
    demeaned = np.empty(values.shape, order="F")
    if blocks is None:
        demeaned[:], absorbed = _project_out(values, effects)
        return demeaned, absorbed
    order = np.argsort(blocks, kind="stable")
    starts = np.flatnonzero(np.diff(blocks[order])) + 1
    absorbed = 0
    for rows in np.split(order, starts):
        demeaned[rows], rank = _project_out(values[rows], [codes[rows] for codes in effects])
        absorbed += rank
    return demeaned, absorbed


def _project_out(values: Floats, effects: Sequence[Codes]) -> tuple[Floats, int]:
    first = _dummies(effects[0])
    count = np.asarray(first.sum(axis=0)).ravel()
    if len(effects) == 1:
        return values - first @ ((first.T @ values) / count[:, None]), len(count)
    others = sparse.hstack([_dummies(codes) for codes in effects[1:]], format="csr")
    shared = (first.T @ others).toarray() / count[:, None]
    system = (others.T @ others).toarray() - (first.T @ others).T @ shared
    inverse, rank = _scaled_pseudo_inverse(system, np.asarray(others.sum(axis=0)).ravel())
    for _ in range(2):
        means = (first.T @ values) / count[:, None]
        right = others.T @ values - shared.T @ (means * count[:, None])
        slopes = inverse @ right
        values = values - first @ (means - shared @ slopes) - others @ slopes
    return values, len(count) + rank


def _dummies(codes: Codes) -> sparse.csr_array:
    """Return the dummies of the levels that occur, shape (n, levels)."""
    levels, position = np.unique(codes, return_inverse=True)
    n = len(codes)
    return sparse.csr_array((np.ones(n), position, np.arange(n + 1)), shape=(n, len(levels)))


def _scaled_pseudo_inverse(system: Floats, count: Floats) -> tuple[Floats, int]:
    """Invert a symmetric positive semi-definite matrix on its range; levels of few rows weigh as much as others."""
    scale = 1.0 / np.sqrt(count)
    roots, vectors = np.linalg.eigh(system * np.outer(scale, scale))
    kept = roots > RANK_TOLERANCE
    vectors = vectors[:, kept] * scale[:, None]
    return (vectors / roots[kept]) @ vectors.T, int(kept.sum())
