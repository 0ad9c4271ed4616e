import numpy as np
import pandas as pd
import pytest

from reeassets.clusters.features import cluster_features, feature_names, features_of, standardised_panel
from reeassets.clusters.kmeans import distinct_points
from reeassets_tests.clusters.planted import make_settings, planted, shuffled, stage_row


def both_stages(year, country, **values):
    return [stage_row(year, country, stage, **values) for stage in ("upstream", "input")]


def test_features_of_one_country_year_by_hand():
    rows = [
        stage_row(2010, "AAA", "upstream", imports_kusd=30.0, exports_kusd=10.0, exposure=0.75, influence=0.25),
        stage_row(2010, "AAA", "input", imports_kusd=5.0, supplier_concentration=0.2, systemic_trade_risk=0.1),
        stage_row(2010, "AAA", "final", imports_kusd=7.0, exports_kusd=1.0, exposure=0.9),
    ]
    (row,) = cluster_features(pd.DataFrame(rows), make_settings()).to_dict("records")
    assert pd.isna(row.pop("reason"))
    assert row == {
        "year": 2010,
        "country": "AAA",
        "trade_kusd": 53.0,  # 30 + 10 upstream, 5 input, 7 + 1 final: all stages, clustered or not
        "ranked": True,
        "upstream_exposure": 0.75,
        "upstream_supplier_concentration": 0.5,
        "upstream_systemic_trade_risk": 0.5,
        "upstream_log10_influence": pytest.approx(-0.6018863, abs=1e-7),  # log10(0.25 + 1e-4)
        "input_exposure": 0.5,
        "input_supplier_concentration": 0.2,
        "input_systemic_trade_risk": 0.1,
        "input_log10_influence": pytest.approx(-4.0),
    }


def test_final_products_join_by_configuration():
    rows = [*both_stages(2010, "AAA"), stage_row(2010, "AAA", "final", exposure=0.9), *both_stages(2010, "BBB")]
    features = cluster_features(pd.DataFrame(rows), make_settings(cluster_include_final=True))
    assert [name for name in features if name.startswith("final_")] == [
        "final_exposure",
        "final_supplier_concentration",
        "final_systemic_trade_risk",
        "final_log10_influence",
    ]
    assert features["final_exposure"].tolist()[0] == 0.9
    assert features["ranked"].tolist() == [True, False]
    assert features["reason"].tolist()[1] == "no imports of final products"


def test_the_largest_are_ranked_and_ties_go_to_the_smaller_code():
    # Twelve countries, ten places. K01 is larger than all; the other eleven are equal, so K11 and K12 are left out.
    rows = []
    for number in range(12, 0, -1):
        rows += both_stages(2010, f"K{number:02d}", imports_kusd=500.0 if number == 1 else 100.0)
    features = cluster_features(pd.DataFrame(rows), make_settings(cluster_countries=10))
    assert features.loc[~features["ranked"], "country"].tolist() == ["K11", "K12"]
    assert features.loc[~features["ranked"], "reason"].tolist() == ["outside the 10 largest"] * 2


def test_size_counts_imports_and_exports_in_each_year_by_itself():
    rows = []
    for number in range(1, 12):
        rows += both_stages(2010, f"K{number:02d}", imports_kusd=10.0, exports_kusd=float(number))
        rows += both_stages(2011, f"K{number:02d}", imports_kusd=10.0, exports_kusd=100.0 - number)
    features = cluster_features(pd.DataFrame(rows), make_settings(cluster_countries=10))
    left_out = features.loc[~features["ranked"], ["year", "country"]].to_numpy().tolist()
    assert left_out == [[2010, "K01"], [2011, "K11"]]


def test_a_country_without_a_stage_is_not_ranked_and_nobody_takes_its_place():
    rows = []
    for number in range(1, 12):
        rows += both_stages(2010, f"K{number:02d}", imports_kusd=1000.0 - number)
    frame = pd.DataFrame(rows)
    frame = frame.drop(frame.index[(frame["country"] == "K02") & (frame["stage"] == "input")])
    frame.loc[frame["country"] == "K03", ["supplier_concentration", "systemic_trade_risk"]] = np.nan
    frame.loc[(frame["country"] == "K04") & (frame["stage"] == "upstream"), "systemic_trade_risk"] = np.nan
    frame.loc[frame["country"] == "K02", "imports_kusd"] = 3000.0
    features = cluster_features(frame, make_settings(cluster_countries=10)).set_index("country")
    assert features["reason"].dropna().to_dict() == {
        "K02": "no imports of input products",
        "K03": "no imports of upstream and input products",
        "K04": "no imports of upstream products",
        "K11": "outside the 10 largest",
    }
    assert features["ranked"].sum() == 7


def test_features_do_not_depend_on_row_order_or_index():
    frame = planted()
    pd.testing.assert_frame_equal(
        cluster_features(shuffled(frame), make_settings()), cluster_features(frame, make_settings())
    )


def test_the_input_is_left_alone():
    frame = planted(per_archetype=2)
    before = frame.copy(deep=True)
    cluster_features(frame, make_settings())
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.drop(columns=["influence", "exposure"]), r"lacks the column\(s\) exposure, influence"),
        (lambda f: f.assign(stage="all"), r"unknown stage\(s\) all"),
        (lambda f: pd.concat([f, f.iloc[[0]]]), r"1 repeated row.*A00"),
    ],
)
def test_broken_inputs_are_named(damage, message):
    with pytest.raises(ValueError, match=message):
        cluster_features(damage(planted(per_archetype=1)), make_settings())


def test_the_panel_is_standardised_over_all_years_together():
    # Exposure 0.2, 0.4 in 2010 and 0.6, 0.8 in 2011: mean 0.5, population variance (0.09 + 0.01 + 0.01 + 0.09) / 4.
    rows = []
    for year, country, value in [(2010, "AAA", 0.2), (2010, "BBB", 0.4), (2011, "AAA", 0.6), (2011, "BBB", 0.8)]:
        rows += both_stages(year, country, exposure=value)
    settings = make_settings()
    panel = standardised_panel(shuffled(cluster_features(pd.DataFrame(rows), settings)), settings)
    assert panel.names == feature_names(settings)
    assert panel.keys.to_numpy().tolist() == [[2010, "AAA"], [2010, "BBB"], [2011, "AAA"], [2011, "BBB"]]
    expected = np.array([-0.3, -0.1, 0.1, 0.3]) / np.sqrt(0.05)
    for place, name in enumerate(panel.names):
        # Every other feature is constant over the panel: zero, not a division by zero.
        np.testing.assert_allclose(panel.matrix[:, place], expected if name.endswith("exposure") else 0.0, atol=1e-12)


def test_a_feature_constant_up_to_rounding_does_not_become_noise():
    rows = []
    for number in range(6):
        rows += both_stages(2010, f"K{number:02d}", exposure=0.1 + number * 1e-17 + (number % 2) * 1.4e-17)
    settings = make_settings()
    assert distinct_points(standardised_panel(cluster_features(pd.DataFrame(rows), settings), settings).matrix) == 1


def test_a_panel_nobody_is_ranked_in_says_why():
    settings = make_settings()
    upstream_only = pd.DataFrame([stage_row(2010, "AAA", "upstream"), stage_row(2011, "AAA", "upstream")])
    with pytest.raises(ValueError, match=r"no country-year can be clustered \(no imports of input products: 2\)"):
        standardised_panel(cluster_features(upstream_only, settings), settings)
    with pytest.raises(ValueError, match="there are no country-years at all"):
        standardised_panel(cluster_features(planted().iloc[:0], settings), settings)


def test_infinite_features_are_named():
    settings = make_settings()
    features = cluster_features(planted(per_archetype=1), settings)
    features.loc[0, "input_exposure"] = np.inf
    with pytest.raises(ValueError, match="missing or infinite values in input_exposure"):
        standardised_panel(features, settings)


def test_features_of_an_indicator_are_those_of_every_stage():
    assert features_of("exposure", feature_names(make_settings(cluster_include_final=True))) == [
        "upstream_exposure",
        "input_exposure",
        "final_exposure",
    ]
