"""Dense systems of one product, a few hundred unknowns: LAPACK without what numpy puts around it.

numpy inverts by solving for the identity, which takes twice as long; a year has hundreds of these systems.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@cache
def _lapack() -> Any:
    # scipy.linalg takes a tenth of a second to import.
    from scipy.linalg import lapack

    return lapack


def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a matrix, shape (n, n), which is overwritten.

    Raises
    ------
    numpy.linalg.LinAlgError
        If it is singular.
    """
    factors, pivots, singular = _lapack().dgetrf(matrix.T, overwrite_a=True)
    _require(singular)
    inverted, singular = _lapack().dgetri(factors, pivots, overwrite_lu=True)
    _require(singular)
    # The transpose was inverted: rows and columns change places twice, at no cost.
    result: Floats = inverted.T
    return result


def solved(matrix: Floats, right: Floats) -> Floats:
    """Solve ``matrix X = right``, shapes (n, n) and (n, k), in Fortran's order; both are overwritten.

    Raises
    ------
    numpy.linalg.LinAlgError
        If it is singular.
    """
    factors, pivots, singular = _lapack().dgetrf(matrix, overwrite_a=True)
    _require(singular)
    result, wrong = _lapack().dgetrs(factors, pivots, right, overwrite_b=True)
    _require(wrong)
    return np.asarray(result)


def _require(singular: int) -> None:
    if singular:
        raise np.linalg.LinAlgError(f"a dense system of a product is singular (LAPACK info {singular})")
