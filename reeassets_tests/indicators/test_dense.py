"""Dense systems against numpy, whose way is the slower one."""

import numpy as np
import pytest

from reeassets.indicators.dense import inverse, solved


@pytest.mark.parametrize("size", [1, 2, 57])
def test_inverse_and_solution_are_numpys(size):
    generator = np.random.default_rng(size)
    matrix = np.eye(size) - 0.9 * generator.dirichlet(np.ones(size), size)
    right = generator.normal(size=(size, 3))
    np.testing.assert_allclose(inverse(matrix.copy()), np.linalg.inv(matrix), atol=1e-12)
    np.testing.assert_allclose(solved(matrix.copy(), right.copy()), np.linalg.solve(matrix, right), atol=1e-12)


def test_a_singular_system_is_an_error():
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        inverse(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        solved(np.zeros((2, 2)), np.ones((2, 1)))
