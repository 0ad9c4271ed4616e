"""What a year's network refuses, and that an empty year is a network too."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.advantage import RCA, RSCA
from reeassets.indicators.compute import indicator_variants, product_indicators
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.exposure import IMPORT_INTENSITY
from reeassets.indicators.hazards import POLITICAL_STABILITY, UNIFORM
from reeassets.indicators.schema import indicator_variants_table, product_indicators_table
from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import (
    FixedHazard,
    P,
    Q,
    flow_frame,
    link_frame,
    network,
    random_flows,
    totals_of,
)

FLOWS = [("AAA", "BBB", P, 10.0), ("BBB", "AAA", Q, 20.0)]
SETTINGS = Settings(home="unused")


def build(flows=None, countries=None, products=None, links=(), hazard=UNIFORM):
    frame = flow_frame(FLOWS) if flows is None else flows
    known_countries, known_products = totals_of(flow_frame(FLOWS))
    return YearNetwork.build(
        frame,
        known_countries if countries is None else countries,
        known_products if products is None else products,
        link_frame(list(links)),
        hazard,
        SETTINGS,
    )


@pytest.mark.parametrize(
    ("flows", "message"),
    [
        (flow_frame([("AAA", "AAA", P, 1.0)]), "stay inside a country: AAA"),
        (flow_frame([("AAA", "BBB", P, 0.0)]), "without a positive finite value"),
        (flow_frame([("AAA", "BBB", P, -1.0)]), "without a positive finite value"),
        (flow_frame([("AAA", "BBB", P, np.nan)]), "without a positive finite value"),
        (flow_frame([("AAA", "BBB", P, np.inf)]), "without a positive finite value"),
        (flow_frame([("AAA", "BBB", P, 1.0)] * 2), "appear twice"),
        (flow_frame([("AAA", None, P, 1.0)]), "without exporter, importer or product"),
        (flow_frame([("AAA", "CCC", P, 1.0)]), "no row in country_totals for the country of a flow: CCC"),
        (flow_frame([("AAA", "BBB", "999999", 1.0)]), "no row in product_totals for the product of a flow: 999999"),
        (flow_frame(FLOWS, year=2011), "of one year, the tables hold 2010, 2011"),
    ],
)
def test_broken_flows(flows, message):
    with pytest.raises(ValueError, match=message):
        build(flows)


def changed(frame, column, value, row=0):
    frame = frame.copy()
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("exports_kusd", 0.0, "country_totals.exports_kusd is infinite, negative, or 0 despite flows: AAA"),
        ("imports_kusd", -1.0, "country_totals.imports_kusd is infinite, negative, or 0 despite flows: AAA"),
        ("imports_kusd", np.inf, "country_totals.imports_kusd"),
        ("country", "BBB", "country_totals holds a country twice: BBB"),
    ],
)
def test_broken_country_totals(column, value, message):
    with pytest.raises(ValueError, match=message):
        build(countries=changed(totals_of(flow_frame(FLOWS))[0], column, value))


def test_a_country_without_a_total_has_no_relative_indicators_and_all_others_keep_theirs():
    countries = totals_of(flow_frame(FLOWS))[0]
    network = build(countries=changed(changed(countries, "exports_kusd", np.nan), "imports_kusd", np.nan))
    first = np.asarray(network.countries)[network.country] == countries["country"].iloc[0]
    for indicator in (RCA, RSCA, IMPORT_INTENSITY):
        values = indicator.evaluate(network)
        assert np.isnan(values[first]).all()
        assert np.isfinite(values[~first]).all()
    assert network.world_exports == pytest.approx(countries["exports_kusd"].iloc[1:].sum())
    assert np.isfinite(SYSTEMIC_TRADE_RISK.evaluate(network)).all()


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_broken_product_totals(value):
    with pytest.raises(ValueError, match=f"product_totals.value_kusd is missing or not positive: {P}"):
        build(products=changed(totals_of(flow_frame(FLOWS))[1], "value_kusd", value))


def test_broken_hazards():
    for value in (-0.01, 1.01, np.nan):
        with pytest.raises(ValueError, match=r"hazard fixed is missing or outside \[0, 1\]: BBB"):
            build(hazard=FixedHazard({"AAA": 0.0, "BBB": value}))

    class Short(FixedHazard):
        def hazard(self, year, countries):
            return np.ones(1)

    with pytest.raises(ValueError, match=r"hazard fixed: shape \(1,\) instead of \(2,\)"):
        build(hazard=Short({}))


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ([(P, Q, 0.6), (Q, Q, 0.5)], f"sum to more than 1: {Q}"),
        ([(P, Q, -0.1)], "missing or negative"),
        ([(P, Q, np.nan)], "missing or negative"),
        ([(P, Q, 0.1)] * 2, "appears twice"),
    ],
)
def test_broken_links(links, message):
    with pytest.raises(ValueError, match=message):
        build(links=links)


def test_rows_in_any_order_give_the_same_bytes():
    frame = flow_frame(random_flows(9))
    countries, products = totals_of(frame)
    links = link_frame([("250000", "250001", 0.3), ("250002", "250001", 0.7)])
    indicators = registered_indicators()
    straight = YearNetwork.build(frame, countries, products, links, POLITICAL_STABILITY, SETTINGS)
    mixed = YearNetwork.build(
        frame.sample(frac=1, random_state=1),
        countries.sample(frac=1, random_state=2),
        products.iloc[::-1],
        links.iloc[::-1],
        POLITICAL_STABILITY,
        SETTINGS,
    )
    pd.testing.assert_frame_equal(
        product_indicators(straight, indicators), product_indicators(mixed, indicators), check_exact=True
    )


def test_a_year_without_trade():
    empty = network(flow_frame([]))
    assert (empty.n_pairs, empty.year) == (0, 0)
    assert build(flow_frame([])).year == 2010
    frame = product_indicators_table(SETTINGS).check(product_indicators(empty, registered_indicators()))
    assert len(frame) == 0
    variants = indicator_variants_table(SETTINGS).check(indicator_variants(empty, registered_hazards(SETTINGS)))
    assert len(variants) == 0
