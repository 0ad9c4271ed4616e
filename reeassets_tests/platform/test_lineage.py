"""Where every column comes from, and what the assets show."""

import base64

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.instance import dagster_home
from reeassets.settings import Settings
from reeassets.tables import Table, column, column_lineage

PNG = b"\x89PNG\r\n\x1a\n"
PICTURED = ("country_totals", "tier_contrasts", "country_clusters", "cluster_choice", "rca_models")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return Graph(Settings(home=tmp_path_factory.mktemp("home")))


def test_every_table_says_where_each_of_its_columns_comes_from(graph):
    for name, table in graph.tables.items():
        found = graph.column_lineage(name)
        assert list(found) == list(table.columns), name
        # Words and measures are looked for in a bundled file; the inputs are what they are compared with.
        if graph.recipes[name].inputs and name not in {"keyword_baseline", "trade_measures"}:
            assert any(found.values()), name


def test_every_input_is_the_origin_of_some_column(graph):
    """An input that no column comes from is not needed, or was forgotten."""
    idle = {
        (name, parent)
        for name, made_by in graph.recipes.items()
        if name in graph.tables
        for parent in made_by.inputs
        if parent not in {origin for sources in graph.column_lineage(name).values() for origin, _ in sources}
    }
    assert idle == {
        # It only has to have a total for every country that trades, and hazards play no part in a shock.
        ("shock_impacts", "country_totals"),
        ("shock_impacts", "economy_members"),
        # What the table is compared with, in its metadata.
        ("product_totals", "nomenclature"),
        ("keyword_baseline", "product_votes"),
        ("trade_measures", "economies"),
    }


@pytest.mark.parametrize("settings", [{"cluster_include_final": True}, {"exposure": "import_intensity"}])
def test_the_rules_fit_the_tables_under_other_settings(tmp_path, settings):
    graph = Graph(Settings(home=tmp_path, **settings))
    for name in graph.tables:
        assert set(graph.column_lineage(name)) == set(graph.tables[name].columns)


def test_the_ui_gets_the_lineage_with_asset_keys(graph):
    nodes = build_defs(graph=graph).resolve_asset_graph()
    metadata = nodes.get(dg.AssetKey(["products", "trade_flows"])).metadata
    deps = metadata["dagster/column_lineage"].deps_by_column
    assert {(dep.asset_key.to_user_string(), dep.column_name) for dep in deps["value_kusd"]} == {
        ("trade/raw_trade", "value_kusd"),
        ("products/product_concordance", "share"),
        ("products/excluded_flows", "value_kusd"),
    }
    # The open-source UI shows no column lineage of its own accord.
    shown = metadata["column_lineage"].value.splitlines()
    (line,) = [line for line in shown if line.startswith("| value_kusd |")]
    assert "[raw_trade](/assets/trade/raw_trade).value_kusd" in line
    assert "[product_concordance](/assets/products/product_concordance).share" in line


def table(name, *columns):
    return Table("trade", name, "", {one: column("float64", one) for one in columns}, columns[:1])


MADE, ORIGIN = table("made", "year", "sum_kusd"), table("origin", "year", "a_kusd", "b_kusd")


def test_patterns_same_names_and_nothing():
    rules = "year <- origin.=\n*_kusd <- origin.*_kusd nothing"
    assert column_lineage(MADE, rules, {"origin": ORIGIN}) == {
        "year": (("origin", "year"),),
        "sum_kusd": (("origin", "a_kusd"), ("origin", "b_kusd")),
    }


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("year <- origin.=", "no rule for the column sum_kusd"),
        ("* <- other.year", "other is not one of its inputs"),
        ("* <- origin.value", "origin has no column value"),
        ("year sum_kusd <- origin.year\nmean <- origin.year", "no column is like mean"),
    ],
)
def test_rules_that_do_not_fit_are_an_error(rules, message):
    with pytest.raises(ValueError, match=message):
        column_lineage(MADE, rules, {"origin": ORIGIN})


def latest(home, stage, name, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    dagster_home(home)
    with dg.DagsterInstance.get() as instance:
        record = instance.get_latest_materialization_event(dg.AssetKey([stage, name]))
    return record.asset_materialization


@pytest.mark.parametrize("name", PICTURED)
def test_assets_that_people_look_at_have_a_picture(finished, graph, name, monkeypatch):
    made = latest(finished[0], graph.tables[name].stage, name, monkeypatch)
    encoded = made.metadata["picture"].value.removeprefix("![picture](data:image/png;base64,").removesuffix(")")
    assert base64.b64decode(encoded, validate=True).startswith(PNG)


def test_key_figures_are_numbers_of_each_year(finished, monkeypatch):
    made = latest(finished[0], "trade", "country_totals", monkeypatch)
    assert made.partition == "2023"
    assert made.metadata["dagster/row_count"].value > 150
    # World trade in all goods: 23.5 trillion US$.
    assert made.metadata["sum of exports_kusd"].value == pytest.approx(2.3468e10, rel=1e-4)
    assert made.metadata["countries_without_total"].value.count("S19") == 1
    assert 0.001 < made.metadata["share_of_exports_without_total"].value < 0.05
    products = latest(finished[0], "trade", "product_totals", monkeypatch)
    raw = latest(finished[0], "trade", "raw_trade", monkeypatch)
    # No code of the sample is merged with another, so nothing is trade within a country.
    assert raw.metadata["sum of value_kusd"].value == pytest.approx(products.metadata["sum of value_kusd"].value)
    assert {"preview", "dagster/column_schema", "dagster/column_lineage"} <= set(made.metadata)
