"""Indicators and hazards as plugins: ranges, names, and what an external package adds to the tables."""

from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

import numpy as np
import pandas as pd
import pytest

from reeassets import plugins
from reeassets.indicators.aggregates import country_indicators
from reeassets.indicators.compute import indicator_variants, product_indicators
from reeassets.indicators.contract import (
    BUILT_IN_INDICATORS,
    Hazard,
    Indicator,
    registered_hazards,
    registered_indicators,
)
from reeassets.indicators.contrasts import tier_contrasts
from reeassets.indicators.permutation import Sheet
from reeassets.indicators.schema import (
    country_indicators_table,
    indicator_variants_table,
    product_indicators_table,
    tables,
    tier_contrasts_table,
)
from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets.settings import Settings
from reeassets.tables import SchemaViolation
from reeassets_tests.indicators.builders import FixedHazard, P, Q, network
from reeassets_tests.indicators.external import EXPORT_SHARE, HALF

SETTINGS = Settings(home="unused", contrast_draws=100, contrast_permutations=99)
FLOWS = [("AAA", "BBB", P, 60.0), ("CCC", "BBB", P, 20.0), ("BBB", "AAA", Q, 10.0)]


@pytest.fixture
def register(monkeypatch):
    """Add entry points to those that are installed."""

    def add(group, **values):
        added = [
            EntryPoint(name, f"reeassets_tests.indicators.external:{value}", f"reeassets.{group}")
            for name, value in values.items()
        ]
        monkeypatch.setattr(
            plugins,
            "entry_points",
            lambda group: [*entry_points(group=group), *(entry for entry in added if entry.group == group)],
        )

    return add


def test_the_built_in_indicators_come_in_the_order_of_the_method():
    assert tuple(indicator.name for indicator in registered_indicators()) == BUILT_IN_INDICATORS
    assert [hazard.name for hazard in registered_hazards(SETTINGS)] == [
        "political_stability",
        "market_power",
        "uniform",
    ]


def test_an_external_indicator_adds_its_column_everywhere(register):
    register("indicators", export_share="EXPORT_SHARE", a_constant="ALPHABETICALLY_FIRST")
    indicators = registered_indicators()
    assert [indicator.name for indicator in indicators] == [*BUILT_IN_INDICATORS, "a_constant", "export_share"]
    table = product_indicators_table(SETTINGS)
    assert table.columns["export_share"].description == (
        "X[j,p] / X[p]; higher: more of the world's exports of the product. Source: a test."
    )
    assert table.columns["export_share"].metadata["unit"] == "share of world exports"
    frame = table.check(product_indicators(network(FLOWS), indicators))
    # P is exported by AAA (60 of 80) and CCC (20 of 80), Q by BBB alone; rows by (country, product).
    assert frame["export_share"].tolist() == [0.75, 0.0, 0.0, 1.0, 0.25]
    with pytest.raises(SchemaViolation, match="export_share"):
        table.check(frame.assign(export_share=2.0))

    stages = frame.drop_duplicates("product").set_index("product")["country"].map(lambda _: "upstream")
    materiality = pd.Series(0.35, index=stages.index)
    by_country = country_indicators_table(SETTINGS).check(country_indicators(frame, stages, materiality, indicators))
    # CCC trades only P, 80 of 120 of the world's imports; what it does not trade is 0.
    mean = by_country[by_country["weighting"] == "imports"].set_index("country")["a_constant"]
    world = frame.groupby("product")["imports_kusd"].sum()
    assert mean.to_dict() == pytest.approx({"AAA": 7.0, "BBB": 7.0, "CCC": 7.0 * world[P] / world.sum()})
    sheet = Sheet.of(frame, stages, materiality, [indicator.name for indicator in indicators])
    contrasts = tier_contrasts_table(SETTINGS).check(tier_contrasts(by_country, [sheet], indicators, SETTINGS))
    assert {"export_share", "a_constant"} < set(contrasts["indicator"])


def test_an_external_hazard_adds_its_variants(register):
    register("hazards", half="HALF")
    table = indicator_variants_table(SETTINGS)
    assert [name for name in table.columns if name.endswith("__half")] == [
        "systemic_trade_risk__half",
        "indirect_risk__half",
        "multi_tier_risk__half",
    ]
    frame = table.check(indicator_variants(network(FLOWS), registered_hazards(SETTINGS)))
    alone = network(FLOWS, hazard=HALF)
    np.testing.assert_array_equal(frame["systemic_trade_risk__half"], SYSTEMIC_TRADE_RISK.evaluate(alone))
    assert (frame["systemic_trade_risk__half"] >= frame["systemic_trade_risk__uniform"]).all()


def test_plugins_that_break_the_contract_are_named(register):
    register("indicators", other_name="EXPORT_SHARE")
    with pytest.raises(plugins.PluginError, match="registered as 'other_name' calls itself 'export_share'"):
        registered_indicators()
    register("indicators", text="NOT_AN_INDICATOR")
    with pytest.raises(plugins.PluginError, match="does not keep the contract Indicator"):
        product_indicators_table(SETTINGS)
    register("hazards", text="NOT_AN_INDICATOR")
    with pytest.raises(plugins.PluginError, match="does not keep the contract Hazard"):
        indicator_variants_table(SETTINGS)
    register("hazards", other="HALF")
    with pytest.raises(plugins.PluginError, match="registered as 'other' calls itself 'half'"):
        registered_hazards(SETTINGS)


def test_hazards_keep_their_contract():
    assert isinstance(FixedHazard({}), Hazard)
    assert not isinstance(EXPORT_SHARE, Hazard)


@pytest.mark.parametrize("name", ["year", "imports_kusd", "no identifier", ""])
def test_names_that_cannot_be_columns(name):
    with pytest.raises(ValueError, match="cannot be named"):
        replace(EXPORT_SHARE, name=name)


def test_an_unknown_aggregate_is_refused():
    with pytest.raises(ValueError, match="mean or world_mean"):
        replace(EXPORT_SHARE, aggregate="sum")
    with pytest.raises(ValueError, match="export_share: a world_mean needs a value of every pair"):
        replace(EXPORT_SHARE, aggregate="world_mean", nullable=True)


def ranged(**ends) -> Indicator:
    return replace(EXPORT_SHARE, **ends)


def test_rounding_is_clipped_and_nothing_else():
    both = ranged()
    np.testing.assert_array_equal(both.clip_rounding(np.array([-1e-13, 0.5, 1 + 1e-13, np.nan])), [0, 0.5, 1, np.nan])
    for outside in (-2e-12, 1 + 2e-12, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"indicator export_share: 1 value\(s\) outside its range"):
            both.clip_rounding(np.array([0.5, np.nan, outside]))
    opened = ranged(high_open=True, low_open=True)
    clipped = opened.clip_rounding(np.array([0.0, 1.0]))
    assert (clipped > 0).all()
    assert (clipped < 1).all()
    np.testing.assert_array_equal(ranged(low=None, high=None).clip_rounding(np.array([-5.0, 1e9])), [-5.0, 1e9])


def test_evaluate_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"indicator export_share: shape \(1,\) instead of \(5,\)"):
        replace(EXPORT_SHARE, compute=lambda _: np.ones(1)).evaluate(network(FLOWS))


@pytest.mark.parametrize(
    ("column", "legal", "illegal"),
    [
        ("exposure", [0.0, 1.0], [-1e-9, 1 + 1e-9]),
        ("supplier_concentration", [1e-9, 1.0, np.nan], [0.0, 1 + 1e-9]),
        ("direct_risk", [0.0, 1.0], [-1e-9, 1 + 1e-9, np.nan]),
        ("systemic_trade_risk", [0.0, 1.0], [-1e-9, 1 + 1e-9, np.nan]),
        ("indirect_risk", [0.0, 1.0], [-1e-9, 1 + 1e-9, np.nan]),
        ("influence", [0.0, 1.0], [-1e-9, 1 + 1e-9, np.nan]),
        ("largest_origin_share", [1e-9, 1.0, np.nan], [0.0, 1 + 1e-9]),
        ("origin_concentration", [1e-9, 1.0, np.nan], [0.0, 1 + 1e-9]),
        ("rca", [0.0, 1e6, np.nan], [-1e-9, np.inf]),
        ("rsca", [-1.0, 1 - 1e-9, np.nan], [-1 - 1e-9, 1.0]),
        ("multi_tier_risk", [0.0, 1.0], [-1e-9, 1 + 1e-9]),
    ],
)
def test_ranges_of_the_columns(column, legal, illegal):
    table = product_indicators_table(SETTINGS)
    frame = product_indicators(network(FLOWS), registered_indicators())
    for value in legal:
        table.check(frame.assign(**{column: value}))
    for value in illegal:
        with pytest.raises(SchemaViolation, match=column):
            table.check(frame.assign(**{column: value}))


def test_only_import_intensity_may_exceed_one():
    frame = product_indicators(network(FLOWS), registered_indicators()).assign(exposure=1.5)
    for definition in ("exposure", "import_reliance"):
        with pytest.raises(SchemaViolation, match="exposure"):
            product_indicators_table(Settings(home="unused", exposure=definition)).check(frame)
    product_indicators_table(Settings(home="unused", exposure="import_intensity")).check(frame)


def test_every_column_of_every_table_has_a_meaning():
    stage = tables(SETTINGS)
    assert [table.name for table in stage] == [
        "reexport_shares",
        "production",
        "supplier_hazards",
        "product_indicators",
        "origins",
        "dependency_monitor",
        "bloc_risks",
        "reallocations",
        "indicator_bounds",
        "indicator_variants",
        "country_indicators",
        "indicator_intervals",
        "tier_contrasts",
        "tier_contrasts_pooled",
    ]
    for table in stage:
        assert table.stage == "indicators"
        assert table.description.endswith(".")
        assert all(declared.description for declared in table.columns.values())
        for indicator in BUILT_IN_INDICATORS:
            if indicator in table.columns:
                assert table.columns[indicator].metadata["unit"]
