import numpy as np
import pytest

from reeassets.models.errors import ClusterSums, TwoWayErrors


def sums(values, residual, country, product, **changes):
    """Sum a regression's columns by country, by product, and by pair (every row is a pair of its own)."""
    values, residual = np.array(values, dtype=float).reshape(len(residual), -1), np.array(residual, dtype=float)
    scores = values * residual[:, None]
    by_cluster, score_sums = [], []
    for codes in (np.array(country), np.array(product)):
        groups = [codes == code for code in np.unique(codes)]
        by_cluster.append(np.stack([values[inside].T @ values[inside] for inside in groups]))
        score_sums.append(np.stack([scores[inside].sum(axis=0) for inside in groups]))
    given = {
        "cross": values.T @ values,
        "by_cluster": tuple(by_cluster),
        "scores": tuple(score_sums),
        "pair_outer": scores.T @ scores,
        "n_pairs": len(residual),
        "n_obs": 5,
        "n_parameters": 3,
    }
    return ClusterSums(**(given | changes))


def test_one_regressor_by_hand():
    # X'X = 4; scores 1, 2, -1, -2 in countries 0 0 1 1 and products 0 1 0 1.
    errors = TwoWayErrors(sums([1, 1, 1, 1], [1, 2, -1, -2], [0, 0, 1, 1], [0, 1, 0, 1]))
    found = errors.of(np.eye(1))
    # Without a country X'X = 2 and scores are 3 and -3: moves of 1.5, V = 1/2 (1.5^2 + 1.5^2) = 2.25. Products: 0.
    # Pairs: (1 + 4 + 1 + 4)/16 = 0.625, so two-way 1.625: that of countries alone is larger.
    np.testing.assert_allclose(found.variance, [2.25])
    assert found.decided_by == ["country"]
    # Conventional: (2 * 18 + 2 * 0 - 4/3 * 10)/16 * (5 - 1)/(5 - 3).
    np.testing.assert_allclose(found.conventional_variance, [(36 - 40 / 3) / 16 * 2])
    np.testing.assert_allclose(found.effective, [[2.0], [2.0]])
    np.testing.assert_allclose(found.degrees_of_freedom, [1.0])


def test_two_way_variance_is_taken_where_it_is_the_largest():
    errors = TwoWayErrors(sums([1] * 4, [2, 1, 1, -4], [0, 0, 1, 1], [0, 1, 0, 1]))
    # Both ways scores are 3 and -3: 2.25 each; pairs (4 + 1 + 1 + 16)/16 = 1.375.
    found = errors.of(np.eye(1))
    np.testing.assert_allclose(found.variance, [2.25 + 2.25 - 1.375])
    assert found.decided_by == ["two-way"]


def test_effective_clusters_by_hand():
    # Countries hold 9/12 and 1/12, 1/12, 1/12 of what identifies the slope: 1/(81 + 3) * 144.
    errors = TwoWayErrors(sums([3, 1, 1, 1], [1, -1, -1, -1], [0, 1, 2, 3], [0, 0, 1, 1]))
    np.testing.assert_allclose(errors.of(np.eye(1)).effective, [[144 / 84], [144 / (100 + 4)]])


def test_a_coefficient_that_one_cluster_identifies_has_no_variance():
    values = [[1, 0], [2, 0], [1, 0], [0, 1], [0, 2], [0, 1]]
    errors = TwoWayErrors(sums(values, [1, -1, 1, 2, -1, 0], [0, 1, 2, 0, 1, 2], [0, 0, 1, 2, 2, 2]))
    found = errors.of(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]))
    assert found.rests_on == ["", "product", "product"]
    assert np.isfinite(found.variance[0])
    assert np.isnan(found.variance[1:]).all()


def test_scale_and_order_of_regressors_do_not_matter():
    rng = np.random.default_rng(1)
    values, residual = rng.normal(size=(60, 2)), rng.normal(size=60)
    codes = rng.integers(0, 6, 60), rng.integers(0, 5, 60)
    plain = TwoWayErrors(sums(values, residual, *codes, n_obs=60)).of(np.eye(2))
    scaled = TwoWayErrors(sums(values[:, ::-1] * [1e-6, 1e4], residual, *codes, n_obs=60)).of(np.eye(2))
    np.testing.assert_allclose(scaled.variance * [1e-12, 1e8], plain.variance[::-1], rtol=1e-9)
    np.testing.assert_allclose(scaled.effective, plain.effective[:, ::-1], rtol=1e-9)


@pytest.mark.parametrize(
    ("country", "product", "n_obs"), [([0, 1], [0, 0], 9), ([0, 0], [0, 1], 9), ([0, 1], [0, 1], 1)]
)
def test_what_cannot_be_clustered_is_refused(country, product, n_obs):
    with pytest.raises(ValueError, match="two countries, two products"):
        TwoWayErrors(sums([1, 1], [1, -1], country, product, n_obs=n_obs, n_parameters=1))
