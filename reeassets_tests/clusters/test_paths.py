import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.clusters.features import cluster_features, standardised_panel
from reeassets.clusters.paths import cluster_transitions, country_paths
from reeassets_tests.clusters.planted import make_settings, shuffled, stage_row


def clusters(*rows):
    frame = pd.DataFrame(rows, columns=["year", "country", "cluster"])
    return frame.astype({"cluster": "Int64"})


def test_transitions_by_hand():
    frame = clusters(
        (2010, "AAA", 1), (2011, "AAA", 1), (2012, "AAA", 2),
        (2010, "BBB", 1), (2011, "BBB", 2), (2012, "BBB", 2),
        (2010, "CCC", 3), (2011, "CCC", None), (2012, "CCC", 3),  # never two years in a row
        (2010, "DDD", 2), (2012, "DDD", 3),  # the year between is missing: no move
        (2011, "EEE", 1), (2012, "EEE", 2),
    )  # fmt: skip
    # From 1: AAA stays, AAA to 2, BBB to 2, EEE to 2. From 2: BBB stays.
    assert cluster_transitions(shuffled(frame)).to_dict("list") == {
        "from_cluster": [1, 1, 2],
        "to_cluster": [1, 2, 2],
        "count": [1, 3, 1],
        "share": [0.25, 0.75, 1.0],
    }


def test_one_year_has_no_transitions():
    table = cluster_transitions(clusters((2010, "AAA", 1), (2010, "BBB", 2)))
    assert list(table.columns) == ["from_cluster", "to_cluster", "count", "share"]
    assert table.empty


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(2010, 2015), st.sampled_from(["AAA", "BBB", "CCC", "DDD"])),
        st.one_of(st.none(), st.integers(1, 3)),
        min_size=1,
    )
)
def test_transitions_are_those_a_plain_loop_finds(cluster):
    counted: dict[tuple[int, int], int] = {}
    for (year, country), start in cluster.items():
        end = cluster.get((year + 1, country))
        if start is not None and end is not None:
            counted[start, end] = counted.get((start, end), 0) + 1
    table = cluster_transitions(clusters(*((year, country, value) for (year, country), value in cluster.items())))
    found = {(row.from_cluster, row.to_cluster): row.count for row in table.itertuples(index=False, name="Move")}
    assert {pair: table.set_index(["from_cluster", "to_cluster"])["count"].loc[pair] for pair in found} == counted
    np.testing.assert_allclose(table.groupby("from_cluster")["share"].sum(), 1.0)


def test_paths_give_every_country_year_a_cluster_or_a_reason():
    rows = [stage_row(2010, country, stage) for country in ("AAA", "BBB") for stage in ("upstream", "input")]
    rows += [stage_row(2011, "AAA", "input"), stage_row(2011, "BBB", "upstream"), stage_row(2011, "BBB", "input")]
    frame = pd.DataFrame(rows)
    features = cluster_features(frame, make_settings())
    panel = standardised_panel(features, make_settings())
    names = pd.Series({1: "one", 2: "two"}, dtype="str")
    # The panel is (2010, AAA), (2010, BBB), (2011, BBB).
    paths = country_paths(shuffled(features), panel, np.array([2, 1, 2]), names)
    assert paths.astype(object).where(paths.notna(), None).to_numpy().tolist() == [
        [2010, "AAA", 2, "two", None],
        [2010, "BBB", 1, "one", None],
        [2011, "AAA", None, "not_ranked", "no imports of upstream products"],
        [2011, "BBB", 2, "two", None],
    ]
    assert str(paths["cluster"].dtype) == "Int64"
