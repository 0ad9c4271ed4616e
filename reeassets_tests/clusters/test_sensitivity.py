import pandas as pd
import pytest

from reeassets.clusters.schema import CLUSTER_SENSITIVITY
from reeassets.clusters.sensitivity import cluster_sensitivity
from reeassets.tables import NotEnoughData
from reeassets_tests.clusters.planted import make_settings, planted, shuffled


def test_the_clusters_in_use_are_compared_with_other_floors_and_numbers():
    table = CLUSTER_SENSITIVITY.check(cluster_sensitivity(planted(), make_settings()))
    assert len(table) == 9
    by = table.set_index(["influence_floor", "k"])
    in_use = by[by["in_use"]]
    assert in_use.index.tolist() == [(1e-4, 5)]
    assert in_use["adjusted_rand"].item() == 1.0
    # Five groups that are far apart are the same groups under any floor, and not with another number.
    assert by.xs(5, level="k")["adjusted_rand"].tolist() == [1.0, 1.0, 1.0]
    assert (by.drop(5, level="k")["adjusted_rand"] < 1).all()
    assert by.loc[(1e-4, 5), ["smallest_cluster", "outlier_clusters", "core_countries"]].tolist() == [6, 0, 6]


def test_an_economy_far_from_all_others_makes_an_outlier_and_no_core():
    frame = planted()
    single = frame["country"].isin(["A00", "A01"])
    frame = frame[single | ~frame["country"].str.startswith("A")]
    frame.loc[~frame["country"].str.startswith("A"), "influence"] = 0.0
    row = cluster_sensitivity(frame, make_settings()).set_index("in_use").loc[True]
    assert row[["smallest_cluster", "outlier_clusters", "core_countries"]].tolist() == [2, 1, 0]


def test_the_order_of_rows_changes_nothing_and_too_few_are_an_error():
    frame = planted(per_archetype=3, noise=0.05)
    one, other = (cluster_sensitivity(rows, make_settings()) for rows in (frame, shuffled(frame)))
    pd.testing.assert_frame_equal(one, other)
    with pytest.raises(NotEnoughData):
        cluster_sensitivity(frame[frame["country"].isin(["A00", "B00"])].query("year == 2010"), make_settings())
