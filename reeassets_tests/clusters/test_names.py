import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.clusters.features import feature_names
from reeassets.clusters.names import cluster_names, level
from reeassets_tests.clusters.planted import make_settings

FEATURES = list(feature_names(make_settings()))


def profile(*rows, **constant):
    """Clusters 1, 2, ... whose features are 0 but for what each row says."""
    frame = pd.DataFrame(0.0, index=range(1, len(rows) + 1), columns=FEATURES)
    for number, row in enumerate(rows, start=1):
        for name, value in {**constant, **row}.items():
            frame.loc[number, name] = value
    return frame


def named(frame, countries=20):
    return cluster_names(frame, pd.Series(countries, index=frame.index))


def both(indicator, value):
    return {f"upstream_{indicator}": value, f"input_{indicator}": value}


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (-9.0, "low"),
        (-0.43, "low"),
        (-0.42, "medium"),
        (0.0, "medium"),
        (0.42, "medium"),
        (0.43, "high"),
        (9.0, "high"),
    ],
)
def test_levels(score, word):
    assert level(score) == word


def test_names_say_risk_and_influence():
    frame = profile(
        both("systemic_trade_risk", -1.0) | both("log10_influence", 2.0),
        both("systemic_trade_risk", 0.2) | both("log10_influence", -0.5),
        both("systemic_trade_risk", 0.6),
    )
    assert named(frame).to_dict() == {
        1: "low risk, high influence",
        2: "medium risk, low influence",
        3: "high risk, medium influence",
    }


def test_stages_at_different_levels_are_named():
    frame = profile(
        {"upstream_systemic_trade_risk": 1.0, "input_systemic_trade_risk": -0.5},
        {"upstream_systemic_trade_risk": -1.0, "input_systemic_trade_risk": -0.5, "input_log10_influence": 2.0},
    )
    assert named(frame).tolist() == [
        "high/low risk, medium influence",
        "low risk, medium/high influence",
    ]


def test_a_cluster_of_two_countries_is_an_outlier_and_one_of_three_is_not():
    frame = profile(both("systemic_trade_risk", -1.0), both("systemic_trade_risk", 1.0))
    countries = pd.Series([2, 3], index=frame.index)
    assert cluster_names(frame, countries).tolist() == [
        "outlier: low risk, medium influence",
        "high risk, medium influence",
    ]


def test_namesakes_are_told_apart_by_the_widest_gap():
    frame = profile(
        {"input_supplier_concentration": 1.5, "upstream_exposure": 0.0},
        {"input_supplier_concentration": -0.5, "upstream_exposure": 1.9},
    )
    # Concentration differs by 2.0, exposure by 1.9.
    assert named(frame).tolist() == [
        "medium risk, medium influence, higher input concentration",
        "medium risk, medium influence, lower input concentration",
    ]


def test_equally_wide_gaps_go_to_the_first_feature():
    frame = profile({"upstream_exposure": 0.1 + 0.2, "input_exposure": 0.3}, {})
    assert named(frame).str.endswith("upstream exposure").all()


def test_three_namesakes_are_split_twice_by_different_features():
    frame = profile(
        {"upstream_exposure": -2.0},
        {"upstream_exposure": 1.0, "input_exposure": 0.2},
        {"upstream_exposure": 1.5, "input_exposure": -0.1},
    )
    # Upstream exposure parts 1 from 2 and 3 (gap 3.0); those are parted by input exposure, upstream being used up.
    assert named(frame).str.removeprefix("medium risk, medium influence, ").tolist() == [
        "lower upstream exposure",
        "higher upstream exposure, higher input exposure",
        "higher upstream exposure, lower input exposure",
    ]


def test_only_namesakes_get_a_suffix():
    frame = profile({"input_exposure": 1.0}, both("systemic_trade_risk", 1.0), {})
    assert named(frame).tolist() == [
        "medium risk, medium influence, higher input exposure",
        "high risk, medium influence",
        "medium risk, medium influence, lower input exposure",
    ]


def test_clusters_equal_in_everything_are_told_by_number():
    frame = profile({"input_exposure": 1.0}, {}, {})
    assert named(frame).str.removeprefix("medium risk, medium influence, ").tolist() == [
        "higher input exposure",
        "lower input exposure, cluster 2",
        "lower input exposure, cluster 3",
    ]


def test_more_namesakes_than_features_can_part_are_told_by_number():
    frame = profile(*({name: float(number) for name in FEATURES[:1]} for number in range(4)))[
        ["upstream_exposure", "upstream_systemic_trade_risk", "upstream_log10_influence"]
    ]
    assert named(frame).str.removeprefix("medium risk, medium influence, ").tolist() == [
        "lower upstream exposure",
        "higher upstream exposure, cluster 2",
        "higher upstream exposure, cluster 3",
        "higher upstream exposure, cluster 4",
    ]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.lists(st.sampled_from([-1.0, -0.1, 0.0, 0.1, 0.3, 1.0]), min_size=8, max_size=8), min_size=1, max_size=10
    ),
    data=st.data(),
)
def test_names_are_different_and_do_not_depend_on_the_order_of_clusters(values, data):
    frame = pd.DataFrame(np.array(values), columns=FEATURES, index=range(1, len(values) + 1))
    names = named(frame)
    assert names.is_unique
    order = data.draw(st.permutations(list(frame.index)))
    pd.testing.assert_series_equal(named(frame.loc[order]).sort_index(), names)
