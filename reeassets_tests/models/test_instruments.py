import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.sandbox.regression.gmm import IV2SLS

from reeassets.models.dynamic import without_effects
from reeassets.models.instruments import ForwardDeviations, forward_deviations, long_differences
from reeassets_tests.models.made import dummies
from reeassets_tests.models.made_dynamic import world

REGRESSORS = ["open:a", "open:b", "strict:a", "strict:b", "rsca"]


def small():
    return world(3, 0.6, countries=9, products=8, years=8, kept=0.8)


def forward_matrix(cells) -> np.ndarray:
    """Write every forward deviation as a row."""
    rows = []
    for row in range(len(cells)):
        later = [other for other in range(row + 1, len(cells)) if cells.pair[other] == cells.pair[row]]
        if later:
            line = np.zeros(len(cells))
            line[row], line[later] = 1.0, -1.0 / len(later)
            rows.append(line / np.sqrt((line**2).sum()))
    return np.array(rows)


def test_deviations_are_orthonormal_and_free_of_pairs():
    cells = small().cells
    forward, matrix = ForwardDeviations(cells), forward_matrix(cells)
    values = np.random.default_rng(1).normal(size=(len(cells), 2))
    np.testing.assert_allclose(forward.deviations(values), matrix @ values, atol=1e-12)
    back = np.random.default_rng(2).normal(size=(len(forward.rows), 2))
    np.testing.assert_allclose(forward.transposed(back), matrix.T @ back, atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-12)
    means = pd.DataFrame(values).groupby(cells.pair).transform("mean").to_numpy()
    np.testing.assert_allclose(forward.transposed(forward.deviations(values)), values - means, atol=1e-12)


def test_backward_deviations_look_back():
    one = small()
    values = one.columns["rsca"]
    frame = pd.Series(values).groupby(one.cells.pair)
    mean = (frame.cumsum() - values) / frame.cumcount().clip(lower=1)
    expected = np.where(frame.cumcount() > 0, values - mean, 0.0)
    forward = ForwardDeviations(one.cells)
    np.testing.assert_allclose(forward.backward(values[:, None])[:, 0], expected[forward.rows], atol=1e-12)


def test_forward_deviations_equal_statsmodels_with_transformed_dummies():
    one = small()
    cells = one.cells
    matrix = forward_matrix(cells)
    country, product, year = (pd.Series(codes) for codes in (cells.country, cells.product, cells.year))
    effects = matrix @ dummies(country * 10000 + year, product * 10000 + year)
    left, values, _ = np.linalg.svd(effects, full_matrices=False)
    effects = left[:, values > 1e-9 * values[0]]
    raw = np.column_stack([one.columns[name] for name in REGRESSORS])
    forward = ForwardDeviations(cells)
    instruments = np.column_stack([(raw - raw.mean(axis=0))[forward.rows], forward.backward(raw), effects])
    regressors = np.column_stack([matrix @ raw, effects])
    slow = IV2SLS(matrix @ one.columns["y"], regressors, instruments).fit().params[: len(REGRESSORS)]
    found = forward_deviations(one.columns, cells, "y", REGRESSORS)
    np.testing.assert_allclose(found.coefficients, slow, rtol=1e-6)
    assert found.n_obs == len(matrix)


def test_long_differences_equal_dummies():
    one = small()
    cells, later = one.cells, one.cells.later(4)
    rows = np.flatnonzero(later >= 0)
    year = cells.year[rows] * 1000
    effects = dummies(pd.Series(cells.country[rows] + year), pd.Series(cells.product[rows] + year))
    raw = np.column_stack([one.columns[name] for name in ["y", *REGRESSORS]])
    change = raw[later[rows]] - raw[rows]
    slow = sm.OLS(change[:, 0], np.column_stack([change[:, 1:], effects])).fit().params[: len(REGRESSORS)]
    found = long_differences(one.columns, cells, "y", REGRESSORS, 4)
    np.testing.assert_allclose(found.coefficients, slow, rtol=1e-7)
    assert found.n_obs == len(rows)


def test_neither_has_the_bias_of_least_squares():
    draws = [world(seed, 0.5) for seed in range(3)]
    plain, forward, long = (
        np.mean([estimate(one) for one in draws], axis=0)
        for estimate in (
            lambda one: without_effects(one.columns, one.cells, 1).fit("y", REGRESSORS).uncorrected,
            lambda one: forward_deviations(one.columns, one.cells, "y", REGRESSORS).coefficients,
            lambda one: long_differences(one.columns, one.cells, "y", REGRESSORS, 10).coefficients,
        )
    )
    assert plain[-1] < 0.44  # the truth is 0.5
    assert forward[-1] == pytest.approx(0.5, abs=0.03)
    assert long[-1] == pytest.approx(0.5, abs=0.03)


def test_errors_are_of_the_size_of_what_they_measure():
    draws = [forward_deviations(one.columns, one.cells, "y", REGRESSORS) for one in (world(s, 0.5) for s in range(8))]
    spread = np.std([one.coefficients for one in draws], axis=0)
    said = np.mean([np.sqrt(one.errors.of(np.eye(5)).variance) for one in draws], axis=0)
    assert 0.6 < np.mean(said / spread) < 1.7


def test_rows_that_are_never_so_far_apart_are_an_error():
    with pytest.raises(ValueError, match="no country and product has rows 12 years apart"):
        long_differences(small().columns, small().cells, "y", REGRESSORS, 12)
