"""Perturbed flows: what they do to a network, the interval of a closed form, and the column's draws by plain loops."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.aggregates import WEIGHTINGS, country_indicators
from reeassets.indicators.compute import product_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.hazards import UNIFORM
from reeassets.indicators.schema import indicator_intervals_table
from reeassets.indicators.uncertainty import indicator_intervals, perturbed
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets_tests.conftest import reeassets
from reeassets_tests.indicators.builders import P, flow_frame, link_frame, network, random_flows, totals_of

INDICATORS = registered_indicators()
LINKS = [("250000", "250001", 0.6), ("250002", "250001", 0.4)]
STAGES = pd.Series({"250000": "upstream", "250001": "input", "250002": "upstream", "250003": "final"})
MATERIALITY = pd.Series({"250000": 0.75, "250001": 0.02, "250002": 0.12, "250003": 0.35})


def sampled(draws, sigma=0.3, seed=1, **settings):
    drawn = {"perturbation_draws": draws, "perturbation_sigma": sigma, "perturbation_seed": seed}
    return network(random_flows(2), LINKS, **drawn, **settings)


def test_other_values_are_the_network_of_these_values():
    net = sampled(0)
    flows = flow_frame(random_flows(2)).sort_values(["product", "exporter", "importer"], ignore_index=True)
    # The totals also hold 1000 of other trade for each country, which stays as it is.
    countries, products = totals_of(flows)
    countries = countries.assign(
        exports_kusd=countries["exports_kusd"] + 1000, imports_kusd=countries["imports_kusd"] + 1000
    )
    settings = Settings(home="unused")
    net = YearNetwork.build(flows, countries, products, link_frame(LINKS), UNIFORM, settings)
    value = net.value * np.linspace(0.2, 3.0, len(net.value))
    other = flows.assign(value_kusd=value)
    more, of_product = totals_of(other)
    more = more.assign(exports_kusd=more["exports_kusd"] + 1000, imports_kusd=more["imports_kusd"] + 1000)
    expected = YearNetwork.build(other, more, of_product, link_frame(LINKS), UNIFORM, settings)
    pd.testing.assert_frame_equal(
        product_indicators(net.with_values(value), INDICATORS), product_indicators(expected, INDICATORS), rtol=1e-10
    )


@pytest.mark.parametrize("wrong", [[1.0], [0.0, 1.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_values_that_are_none(wrong):
    net = network([("AAA", "BBB", P, 1.0), ("BBB", "AAA", P, 2.0)])
    with pytest.raises(ValueError, match="2 positive finite values are needed"):
        net.with_values(np.array(wrong))


def test_factors_are_log_normal_with_median_one():
    net = sampled(400, sigma=0.5)
    logs = np.concatenate([np.log(draw.value / net.value) for draw in perturbed(net, 400, 0.5, 1)])
    assert np.median(logs) == pytest.approx(0, abs=0.01)
    assert logs.std() == pytest.approx(0.5, rel=0.02)


def test_the_interval_of_a_closed_form():
    # One buyer of two equal suppliers: the index is s^2 + (1 - s)^2 with s = 1/(1 + e^x), x normal with sqrt(2) sigma.
    draws, sigma = 4000, 0.3
    net = network([("AAA", "CCC", P, 5.0), ("BBB", "CCC", P, 5.0)], perturbation_draws=draws, perturbation_sigma=sigma)
    table = indicator_intervals(net, pd.Series({P: "input"}), pd.Series({P: 0.35}), INDICATORS).set_index("country")
    low, high = table.loc["CCC", ["supplier_concentration_low", "supplier_concentration_high"]]
    # x^2 / (2 sigma^2) is chi-squared with one degree of freedom: 2.5 % at 0.000982, 97.5 % at 5.0239.
    x = np.sqrt(2) * sigma * np.sqrt([0.000982, 5.0239])
    share = 1 / (1 + np.exp(x))
    np.testing.assert_allclose([low, high], share**2 + (1 - share) ** 2, rtol=0.02)
    # What does not depend on the flows does not move.
    assert table.loc["CCC", ["exposure_low", "exposure_high"]].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_against_plain_loops(weighting):
    net = sampled(25, weighting=weighting)
    table = indicator_intervals_table(net.settings).check(indicator_intervals(net, STAGES, MATERIALITY, INDICATORS))
    rng = np.random.default_rng([1, net.year])
    tables = []
    for _ in range(25):
        draw = net.with_values(net.value * np.exp(0.3 * rng.standard_normal(len(net.value))))
        table_of_draw = country_indicators(product_indicators(draw, INDICATORS), STAGES, MATERIALITY, INDICATORS)
        tables.append(table_of_draw[table_of_draw["weighting"] == weighting])
    for indicator in INDICATORS:
        values = np.array([frame[indicator.name] for frame in tables])
        for end, share in (("low", 0.025), ("high", 0.975)):
            np.testing.assert_allclose(table[f"{indicator.name}_{end}"], np.quantile(values, share, axis=0), rtol=1e-12)


def test_a_seed_gives_the_same_bytes_and_another_others():
    one, same, other = (
        indicator_intervals(sampled(20, seed=seed), STAGES, MATERIALITY, INDICATORS) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert (one["exposure_low"] != other["exposure_low"]).any()


def test_more_uncertain_flows_give_wider_intervals():
    narrow, wide = (indicator_intervals(sampled(60, sigma), STAGES, MATERIALITY, INDICATORS) for sigma in (0.05, 0.5))
    for name in ("exposure", "supplier_concentration", "systemic_trade_risk", "influence"):
        assert (wide[f"{name}_high"] - wide[f"{name}_low"]).mean() > 3 * (
            narrow[f"{name}_high"] - narrow[f"{name}_low"]
        ).mean()


@pytest.mark.slow
def test_off_by_default_and_on_by_setting(finished, warehouse, tmp_path):
    assert Settings(home=tmp_path).perturbation_draws == 0
    assert warehouse.execute("select count(*) from indicator_intervals").fetchone()[0] == 0
    columns = warehouse.execute("select * from indicator_intervals").df().columns
    assert {"systemic_trade_risk_low", "systemic_trade_risk_high"} <= set(columns)
    reeassets("run", "--years", "2022-2023", "--until", "indicators", home=tmp_path, REEASSETS_PERTURBATION_DRAWS="40")
    intervals, point = (
        pd.read_parquet(tmp_path / "tables" / "indicators" / table / "2023.parquet").set_index(["country", "stage"])
        for table in ("indicator_intervals", "country_indicators")
    )
    point = point[point["weighting"] == "imports"]
    assert set(intervals.index) == set(point.index)
    point = point.loc[intervals.index]
    inside = point["exposure"].between(intervals["exposure_low"], intervals["exposure_high"])
    assert inside[point["exposure"].notna()].mean() > 0.9
    assert (intervals["exposure_low"].isna() == point["exposure"].isna()).all()
