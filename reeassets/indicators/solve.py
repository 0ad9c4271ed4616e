"""The contraction solver: fixed points of ``x = r + b T x`` on stacked sparse matrices, with a proven error bound.

Every recursive indicator of this stage is such a fixed point, for all products at once. The operator's norm is at
most 1 by construction, so the plain iteration converges at least as fast as ``b ** k`` and its error is known.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Norm = Callable[[Floats], float]

# Bound on the error of a solution, relative to the norm of the right-hand side.
TOLERANCE = 1e-13
# Two successive iterates can differ by a few units in the last place for ever; a bound below that is out of reach. At
# b = 0.85 this stays below TOLERANCE, only b above about 0.86 is relaxed by it.
ROUNDING_UNITS = 8
_EPSILON = float(np.finfo(np.float64).eps)


class ConvergenceError(ArithmeticError):
    """The fixed point was not reached in the number of iterations that a contraction needs at most."""


@dataclass(frozen=True)
class Solution:
    """A fixed point and how well it is known.

    Attributes
    ----------
    values : ndarray, shape (n,)
        The solution ``x``.
    iterations : int
        Applications of the operator.
    residual : float
        Upper bound on the norm of ``r + b T x - x``.
    error_bound : float
        Upper bound on the norm of the error of ``x``: ``residual / (1 - b)``, up to rounding.
    """

    values: Floats
    iterations: int
    residual: float
    error_bound: float


def max_norm(values: Floats) -> float:
    """Return the maximum norm, 0 for an empty vector; the norm for operators whose row sums are at most 1."""
    return float(np.abs(values).max(initial=0.0))


def block_sum_norm(blocks: NDArray[np.int64], n_blocks: int) -> Norm:
    """Return the largest sum of absolute values of a block; the norm for operators whose column sums are at most 1.

    A block is a product: taking the largest instead of the total gives each product the full accuracy.
    """

    def norm(values: Floats) -> float:
        return float(np.bincount(blocks, np.abs(values), n_blocks).max(initial=0.0))

    return norm


def solve_contraction(operator: csr_array, rhs: Floats, factor: float, norm: Norm = max_norm) -> Solution:
    """Solve ``x = rhs + factor * operator @ x``.

    With ``q = factor`` and an operator of norm at most 1, Banach's fixed-point theorem bounds the error of an iterate
    by its residual over ``1 - q``, and the residual shrinks by ``q`` in every step. The iteration ends when that bound
    is at most ``TOLERANCE * norm(rhs)`` (or at the rounding error, whichever is larger).

    Parameters
    ----------
    operator : csr_array, shape (n, n)
        Its operator norm, in the norm given, is at most 1.
    rhs : ndarray, shape (n,)
        Right-hand side, finite.
    factor : float
        The contraction factor (the pass-through ``b``), in [0, 1).
    norm : callable
        Vector norm in which the operator's norm is at most 1.

    Raises
    ------
    ConvergenceError
        If it takes more iterations than a contraction can: then the operator is none.
    ValueError
        If the factor is not in [0, 1) or the right-hand side is not finite.
    """
    if not 0 <= factor < 1:
        raise ValueError(f"the contraction factor must be in [0, 1), not {factor}")
    if not np.isfinite(rhs).all():
        raise ValueError("the right-hand side holds values that are not finite")
    aim = TOLERANCE * norm(rhs)
    values = rhs
    limit, iterations = 1, 0
    while iterations < limit:
        following = rhs + factor * (operator @ values)
        # The step is the residual of `values`; that of `following` is smaller by the factor.
        step = norm(following - values)
        values = following
        iterations += 1
        residual = factor * step
        bound = residual / (1 - factor)
        if bound <= max(aim, ROUNDING_UNITS * _EPSILON * norm(values) / (1 - factor)):
            return Solution(values, iterations, residual, bound)
        if not math.isfinite(bound):
            break
        if iterations == 1:
            limit = 1 + _steps_needed(bound, aim, factor)
    raise ConvergenceError(
        f"no fixed point after {iterations} iterations, the most a contraction by {factor} needs: "
        f"the error bound is {bound:.3g}, aimed at {aim:.3g}"
    )


def _steps_needed(bound: float, aim: float, factor: float) -> int:
    """Return how many steps bring a bound that shrinks by the factor below the aim; two more for rounding."""
    return math.ceil(math.log(aim / bound) / math.log(factor)) + 2
