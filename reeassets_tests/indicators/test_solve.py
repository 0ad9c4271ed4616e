"""The contraction solver against closed forms and dense solves, and its refusal of what is no contraction."""

import numpy as np
import pytest
from scipy.sparse import csr_array, eye_array

from reeassets.indicators.solve import TOLERANCE, ConvergenceError, block_sum_norm, max_norm, solve_contraction


def random_operator(seed, n=60, by_columns=False):
    rng = np.random.default_rng(seed)
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.2)
    sums = dense.sum(axis=0 if by_columns else 1, keepdims=not by_columns)
    return dense / np.maximum(sums, 1e-9), rng.random(n)


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.85, 0.99, 0.999])
def test_agrees_with_a_dense_solve(factor):
    dense, rhs = random_operator(1)
    solution = solve_contraction(csr_array(dense), rhs, factor)
    expected = np.linalg.solve(np.eye(len(rhs)) - factor * dense, rhs)
    assert np.abs(solution.values - expected).max() <= 1e-11 * expected.max()
    residual = np.abs(rhs + factor * dense @ solution.values - solution.values).max()
    assert residual <= solution.residual + 8 * np.finfo(float).eps * expected.max()


def test_error_is_within_the_bound_that_is_reported():
    # x = 1 + 0.5 x has the solution 2; started at 1, the k-th iterate is 2 - 2**-k, exactly.
    solution = solve_contraction(csr_array(eye_array(3)), np.ones(3), 0.5)
    error = 2.0 - solution.values
    assert (error == 2.0**-solution.iterations).all()
    assert solution.error_bound == 2.0**-solution.iterations <= TOLERANCE < 2.0 ** -(solution.iterations - 1)
    assert solution.residual == 2.0 ** -(solution.iterations + 1)
    assert solution.iterations == 44


def test_column_stochastic_operator_in_the_block_norm():
    dense, rhs = random_operator(2, by_columns=True)
    blocks = np.repeat([0, 1], 30)
    dense *= blocks[:, None] == blocks[None, :]
    solution = solve_contraction(csr_array(dense), rhs, 0.85, block_sum_norm(blocks, 2))
    np.testing.assert_allclose(solution.values, np.linalg.solve(np.eye(60) - 0.85 * dense, rhs), rtol=0, atol=1e-11)


def test_norms():
    values = np.array([1.0, -4.0, 2.0, 3.0])
    assert max_norm(values) == 4.0
    assert max_norm(np.empty(0)) == 0.0
    assert block_sum_norm(np.array([0, 1, 0, 1]), 2)(values) == 7.0


@pytest.mark.parametrize("size", [1.3, 40.0])
def test_no_contraction_is_an_error(size):
    with pytest.raises(ConvergenceError, match="no fixed point after"):
        solve_contraction(csr_array(size * eye_array(4)), np.ones(4), 0.85)


def test_operator_without_numbers_is_an_error():
    with pytest.raises(ConvergenceError):
        solve_contraction(csr_array(np.full((2, 2), np.nan)), np.ones(2), 0.85)


@pytest.mark.parametrize(("factor", "rhs"), [(1.0, [1.0]), (-0.1, [1.0]), (0.5, [np.nan]), (0.5, [np.inf])])
def test_bad_arguments(factor, rhs):
    with pytest.raises(ValueError, match=r"must be in|not finite"):
        solve_contraction(csr_array(np.ones((1, 1))), np.array(rhs), factor)


def test_nothing_to_solve():
    assert solve_contraction(csr_array((0, 0)), np.empty(0), 0.85).values.shape == (0,)
    assert (solve_contraction(csr_array(np.ones((1, 1))), np.zeros(1), 0.85).values == 0).all()
