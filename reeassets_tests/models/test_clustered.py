import numpy as np
import pytest

from reeassets.models.clustered import Clusters


def clusters(*pairs):
    country, product = zip(*pairs, strict=True)
    return Clusters(np.array(country), np.array(product))


def test_pairs_and_sizes():
    given = clusters((0, 0), (0, 0), (0, 2), (1, 0), (3, 2), (3, 2))
    assert given.pair_starts.tolist() == [0, 2, 3, 4]
    assert [codes.tolist() for codes in given.of_pairs] == [[0, 0, 1, 3], [0, 2, 0, 2]]
    assert given.sizes == (3, 2, 4)
    assert given.note() == "only 3 country clusters; only 2 product clusters"


def test_unsorted_rows_are_refused():
    with pytest.raises(ValueError, match="sorted by country and product"):
        clusters((0, 1), (0, 0))
    with pytest.raises(ValueError, match="sorted by country and product"):
        clusters((1, 0), (0, 1))


def test_rows_of_clusters():
    given = clusters((0, 0), (0, 2), (1, 0), (3, 2), (3, 2))
    assert [rows.tolist() for rows in given.rows_of_products()] == [[0, 2], [1, 3, 4]]
    assert given.rows_of_countries() == [slice(0, 2), slice(2, 3), slice(3, 5)]
