import numpy as np
import pytest

from reeassets.models.clustered import Clusters, two_way_covariance


def clusters(*pairs):
    country, product = zip(*pairs, strict=True)
    return Clusters(np.array(country), np.array(product))


def test_covariance_by_hand():
    # One regressor, bread 0.5, four pairs with scores 1, 2, -1, 3 in countries 0 0 1 1 and products 0 1 0 1.
    given = clusters((0, 0), (0, 0), (0, 1), (1, 0), (1, 1))
    scores = np.array([[1.0], [2.0], [-1.0], [3.0]])
    covariance, fixed = two_way_covariance(scores, np.array([[0.5]]), given, n_obs=5, n_parameters=3)
    # Countries: 3^2 + 2^2 = 13, times 2/1. Products: 0^2 + 5^2 = 25, times 2/1. Pairs: 1 + 4 + 1 + 9 = 15, times 4/3.
    # (26 + 50 - 20) * 0.25 * (5 - 1)/(5 - 3) = 28.
    np.testing.assert_allclose(covariance, [[28.0]])
    assert not fixed


def test_negative_eigenvalues_are_set_to_zero():
    # Scores cancel within countries and within products, so that only the (subtracted) pairs are left.
    given = clusters((0, 0), (0, 1), (1, 0), (1, 1))
    scores = np.array([[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])
    covariance, fixed = two_way_covariance(scores, np.eye(2), given, n_obs=40, n_parameters=4)
    assert fixed
    np.testing.assert_allclose(covariance, np.zeros((2, 2)), atol=1e-15)


def test_the_fix_keeps_positive_directions():
    given = clusters((0, 0), (0, 1), (1, 0), (1, 1))
    scores = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, 1.0]])
    covariance, fixed = two_way_covariance(scores, np.eye(2), given, n_obs=41, n_parameters=1)
    # Second direction: countries 2 * (4 + 4), products the same, pairs 4/3 * 4: 32 - 16/3.
    assert fixed
    np.testing.assert_allclose(covariance, [[0, 0], [0, 32 - 16 / 3]], atol=1e-12)


def test_pairs_sizes_and_degrees_of_freedom():
    given = clusters((0, 0), (0, 0), (0, 2), (1, 0), (3, 2), (3, 2))
    assert given.pair_starts.tolist() == [0, 2, 3, 4]
    assert [codes.tolist() for codes in given.of_pairs] == [[0, 0, 1, 3], [0, 2, 0, 2]]
    assert given.sizes == (3, 2, 4)
    assert given.degrees_of_freedom == 1
    assert given.note() == "only 3 country clusters; only 2 product clusters"


def test_unsorted_rows_are_refused():
    with pytest.raises(ValueError, match="sorted by country and product"):
        clusters((0, 1), (0, 0))
    with pytest.raises(ValueError, match="sorted by country and product"):
        clusters((1, 0), (0, 1))


@pytest.mark.parametrize(("pairs", "n_obs"), [([(0, 0), (1, 0)], 9), ([(0, 0), (0, 1)], 9), ([(0, 0), (1, 1)], 1)])
def test_what_cannot_be_clustered_is_refused(pairs, n_obs):
    with pytest.raises(ValueError, match="two countries, two products"):
        two_way_covariance(np.ones((2, 1)), np.eye(1), clusters(*pairs), n_obs, 1)
