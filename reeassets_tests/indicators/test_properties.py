"""Properties that hold for every network."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.indicators.bounds import BOUNDED, IMPORTERS, indicator_bounds, measures
from reeassets.indicators.compute import indicator_variants, product_indicators
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.origins import origins, origins_by_product
from reeassets.indicators.schema import (
    INDICATOR_BOUNDS,
    ORIGINS,
    indicator_variants_table,
    product_indicators_table,
)
from reeassets.indicators.systemic import systemic_trade_risk
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import FixedHazard, flow_frame, network, totals_of

SETTINGS = Settings(home="unused")
INDICATORS = registered_indicators()
HAZARDS = registered_hazards(SETTINGS)
PRODUCT_TABLE = product_indicators_table(SETTINGS)
VARIANT_TABLE = indicator_variants_table(SETTINGS)
COUNTRIES = ["AAA", "BBB", "CCC", "DDD", "EEE"]
PRODUCTS = ["100000", "200000", "300000"]

edges = st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES), st.sampled_from(PRODUCTS)).filter(
    lambda edge: edge[0] != edge[1]
)
# Whole numbers make ties and closed rings likely; the exponent makes shares of very different size.
values = st.builds(lambda number, power: float(number * 10**power), st.integers(1, 5), st.integers(0, 6))
flows_of = st.dictionaries(edges, values, min_size=1, max_size=25).map(
    lambda flows: [(*edge, value) for edge, value in flows.items()]
)
weights = st.dictionaries(st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(PRODUCTS)), st.floats(0, 1), max_size=6)
passed_on = st.sampled_from([0.0, 0.5, 0.85, 0.99])
hazards_of = st.fixed_dictionaries({country: st.floats(0, 1) for country in COUNTRIES})
shares_of = st.fixed_dictionaries({country: st.sampled_from([0.0, 0.5, 1.0]) for country in COUNTRIES})
few = settings(max_examples=25, deadline=None)


def links_of(raw):
    """Scale the weights of each output to sum to at most 1."""
    sums = {output: sum(weight for (_, other), weight in raw.items() if other == output) for _, output in raw}
    return [(given_, output, weight / max(sums[output], 1.0)) for (given_, output), weight in raw.items()]


def indicators_of(net) -> pd.DataFrame:
    return product_indicators(net, INDICATORS).set_index(["country", "product"])


@few
@given(flows_of, weights, passed_on, hazards_of, shares_of)
def test_everything_is_in_range(flows, raw_links, b, hazard, rho):
    net = network(flows, links_of(raw_links), FixedHazard(hazard), reexports=rho, pass_through=b)
    ORIGINS.check(origins(net))
    INDICATOR_BOUNDS.check(indicator_bounds(net, product_indicators(net, INDICATORS)))
    PRODUCT_TABLE.check(product_indicators(net, INDICATORS))
    VARIANT_TABLE.check(indicator_variants(net, HAZARDS))


@few
@given(flows_of, weights)
def test_contraction(flows, raw_links):
    net = network(flows, links_of(raw_links))
    assert np.max(net.inflow_shares.sum(axis=1)) <= 1 + 1e-14
    assert np.max((net.inflow_shares + net.production).sum(axis=1)) <= 1 + 1e-14


@few
@given(flows_of, weights, passed_on, hazards_of, shares_of)
def test_identities(flows, raw_links, b, hazard, rho):
    net = network(flows, links_of(raw_links), FixedHazard(hazard), reexports=rho, pass_through=b)
    frame = indicators_of(net)
    np.testing.assert_array_equal(frame["systemic_trade_risk"], frame["direct_risk"] + frame["indirect_risk"])
    assert (frame["multi_tier_risk"] >= frame["systemic_trade_risk"] - 1e-12).all()
    share = frame["exports_kusd"] / frame.groupby("product")["exports_kusd"].transform("sum")
    assert (frame["influence"] >= share - 1e-12).all()
    assert (frame.loc[frame["exports_kusd"] == 0, "influence"] == 0).all()
    assert (frame["supplier_concentration"].isna() == (frame["imports_kusd"] == 0)).all()


@few
@given(flows_of, shares_of)
def test_bounds_hold_the_headline_and_origins_the_direct_share(flows, rho):
    net = network(flows, reexports=rho)
    bounds = indicator_bounds(net, product_indicators(net, INDICATORS))
    found = measures(net)
    assert tuple(found) == BOUNDED
    for name, values in found.items():
        known = ~np.isnan(values)
        assert known.all() or name in IMPORTERS
        assert (bounds[f"{name}_low"] <= values + 1e-15)[known].all()
        assert (bounds[f"{name}_high"] >= values - 1e-15)[known].all()
        assert bounds.loc[net.imports == 0, f"{name}_low"].isna().all() == (
            name in IMPORTERS or (net.imports > 0).all()
        )
    table = origins(net)
    for name in ("direct_share", "ultimate_share"):
        assert (table["ultimate_low"] <= table[name]).all()
        assert (table["ultimate_high"] >= table[name]).all()


@few
@given(flows_of, shares_of)
def test_origins_of_imports_sum_to_1_but_for_rings_without_a_maker(flows, rho):
    net = network(flows, reexports=rho)
    for found in origins_by_product(net, net.reexported):
        np.testing.assert_allclose(found.direct.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        known = found.ultimate.sum(axis=1)
        assert (known <= 1 + 1e-12).all()
        if max(rho.values()) < 1:
            np.testing.assert_allclose(known, 1.0, rtol=0, atol=1e-12)


@few
@given(flows_of, weights, st.permutations(COUNTRIES), st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(flows, raw_links, renamed, random):
    names = dict(zip(COUNTRIES, renamed, strict=True))
    links = links_of(raw_links)
    other = [(names[exporter], names[importer], product, value) for exporter, importer, product, value in flows]
    random.shuffle(other)
    given_hazard = {country: position / 5 for position, country in enumerate(COUNTRIES)}
    hazard = FixedHazard(given_hazard)
    moved = FixedHazard({names[country]: value for country, value in given_hazard.items()})
    expected = indicators_of(network(flows, links, hazard))
    found = indicators_of(network(other, links, moved))
    found = found.loc[[(names[country], product) for country, product in expected.index]]
    # Who is the largest origin is a name; where two are, it may be either.
    expected, found = (frame.drop(columns="largest_origin") for frame in (expected, found))
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected.to_numpy(dtype=float), rtol=1e-10, atol=1e-12)


@few
@given(flows_of, weights, st.floats(1e-6, 1e6))
def test_the_unit_of_value_does_not_matter(flows, raw_links, factor):
    links = links_of(raw_links)
    expected = indicators_of(network(flows, links))
    found = indicators_of(network([(*flow[:3], flow[3] * factor) for flow in flows], links))
    columns = [indicator.name for indicator in INDICATORS]
    np.testing.assert_allclose(found[columns], expected[columns], rtol=1e-10, atol=1e-12)


@few
@given(flows_of, weights)
def test_countries_that_trade_only_with_each_other_change_nothing(flows, raw_links):
    links = links_of(raw_links)
    # The two trade a product of their own; the totals, of all trade, are the same in both networks.
    more = [*flows, ("ZZA", "ZZB", "900000", 12.0)]
    totals = totals_of(flow_frame(more))
    expected = indicators_of(network(flows, links, totals=totals))
    found = indicators_of(network(more, links, totals=totals))
    assert len(found) == len(expected) + 2
    pd.testing.assert_frame_equal(found.loc[expected.index], expected, check_exact=False, rtol=1e-12, atol=1e-12)


@few
@given(flows_of, hazards_of, hazards_of)
def test_risk_grows_with_the_hazard(flows, one, two):
    low = FixedHazard({country: min(one[country], two[country]) for country in COUNTRIES})
    high = FixedHazard({country: max(one[country], two[country]) for country in COUNTRIES})
    assert (
        systemic_trade_risk(network(flows, hazard=high)) >= systemic_trade_risk(network(flows, hazard=low)) - 1e-12
    ).all()


@few
@given(flows_of)
def test_variants_are_the_indicators_under_each_hazard(flows):
    net = network(flows)
    variants, main = indicator_variants(net, HAZARDS), product_indicators(net, INDICATORS)
    assert (variants[["year", "country", "product"]] == main[["year", "country", "product"]]).all(axis=None)
    for name in ("systemic_trade_risk", "indirect_risk", "multi_tier_risk"):
        np.testing.assert_array_equal(variants[f"{name}__uniform"], main[name])
    np.testing.assert_array_equal(variants["trade_exposure"], main["exposure"])
