"""What Dagster sees: keys, groups, partitions, checks and jobs."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from reeassets import plugins
from reeassets.platform.build import BrokenDefinitions, build_defs
from reeassets.platform.graph import STAGE_PACKAGES, Graph
from reeassets.settings import Settings
from reeassets_tests.processes import clean_environment

REPOSITORY = Path(__file__).resolve().parents[2]

KEYS = """
trade: countries country_totals* economies economy_members* nomenclature product_coverage product_totals* raw_trade* rejected_rows*
products: classified_products code_list_evidence concordance_value* excluded_flows* keyword_baseline product_concordance \
product_votes reference_set reference_summary trade_flows* unit_values* vote_agreement vote_disagreements
networks: candidate_links io_links link_calibration link_votes network_edges* product_tiers
indicators: bloc_risks* country_indicators* dependency_monitor indicator_bounds* indicator_intervals* indicator_variants* origins* \
product_indicators* production* reallocations reexport_shares supplier_hazards* tier_contrasts tier_contrasts_pooled
clusters: cluster_agreement cluster_choice cluster_features cluster_profiles cluster_sensitivity cluster_transitions country_clusters
models: event_study findings model_diagnostics model_multiplicity panel rca_models robust_claims trade_measures
shocks: shock_impacts* shock_scenarios*
report: html_report warehouse
"""  # noqa: E501


@pytest.fixture(scope="module")
def defs(tmp_path_factory):
    return build_defs(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def assets(defs):
    return defs.resolve_asset_graph()


def test_keys_groups_and_partitions(assets):
    found = {}
    for key in assets.materializable_asset_keys:
        node = assets.get(key)
        assert node.group_name == key.path[0]
        found.setdefault(key.path[0], []).append(key.path[1] + ("*" if node.partitions_def else ""))
    listed = [f"{stage}: {' '.join(sorted(found[stage]))}" for stage in STAGE_PACKAGES]
    assert "\n".join(listed) == KEYS.strip()


def test_every_asset_is_described_versioned_and_labelled(assets):
    for key in assets.materializable_asset_keys:
        node = assets.get(key)
        assert node.description
        assert node.code_version
        assert node.kinds


def test_every_table_has_a_blocking_schema_check_with_its_own_partitions(assets):
    schemas = [key for key in assets.asset_check_keys if key.name == "schema"]
    checks = {key.asset_key: assets.get_check_spec(key) for key in schemas}
    tables = [key for key in assets.materializable_asset_keys if key.path[0] != "report"]
    assert set(checks) == set(tables)
    for key in tables:
        assert checks[key].blocking
        assert checks[key].partitions_def == assets.get(key).partitions_def


def test_partitions_are_the_years_of_the_settings(tmp_path):
    graph = build_defs(Settings(home=tmp_path, years="2010-2012")).resolve_asset_graph()
    assert graph.get(dg.AssetKey(["trade", "raw_trade"])).partitions_def.get_partition_keys() == [
        "2010",
        "2011",
        "2012",
    ]


def test_lineage_from_raw_trade_to_findings(assets):
    upstream = assets.get_ancestor_asset_keys(dg.AssetKey(["models", "findings"]))
    assert dg.AssetKey(["trade", "raw_trade"]) in upstream
    assert dg.AssetKey(["report", "warehouse"]) not in upstream


def test_jobs(defs):
    years = defs.resolve_job_def("full_refresh").partitions_def.get_partition_keys()
    scenarios = defs.resolve_job_def("shocks").partitions_def.get_partition_keys()
    assert years[-1] == "2023"
    assert "magnets_stopped" in scenarios


def test_a_scenario_depends_on_the_partition_of_its_year_only(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("{name: mine, title: Mine, suppliers: CHN, stages: upstream, cut: 1, year: 2019}")
    graph = build_defs(Settings(home=tmp_path, years="2019-2022", shock_file=file)).resolve_asset_graph()
    impacts, scenarios = dg.AssetKey(["shocks", "shock_impacts"]), dg.AssetKey(["shocks", "shock_scenarios"])
    flows, links = dg.AssetKey(["products", "trade_flows"]), dg.AssetKey(["networks", "io_links"])

    def parents(scenario):
        found = graph.get_parents_partitions(impacts, scenario).parent_partitions
        return {(parent.asset_key, parent.partition_key) for parent in found}

    assert {(flows, "2019"), (scenarios, "mine"), (links, None)} <= parents("mine")
    assert {(flows, "2022"), (scenarios, "magnets_stopped"), (links, None)} <= parents("magnets_stopped")
    assert [key for key in parents("mine") if key[0] == flows] == [(flows, "2019")]


def test_code_versions_follow_the_settings(tmp_path):
    one, other = Graph(Settings(home=tmp_path)), Graph(Settings(home=tmp_path, pass_through=0.5))
    changed = {name for name in one.recipes if one.own_hash(name) != other.own_hash(name)}
    # The report prints the configuration, so it depends on all of it.
    assert changed == {
        *("product_indicators", "indicator_variants", "indicator_intervals", "indicator_bounds", "bloc_risks"),
        *("robust_claims", "shock_impacts", "html_report"),
    }
    stale = {
        name for name in one.recipes if one.expected(name, _first(one, name)) != other.expected(name, _first(one, name))
    }
    assert "raw_trade" not in stale
    assert "io_links" not in stale
    assert {"country_indicators", "country_clusters", "findings", "warehouse"} <= stale


def _first(graph, name):
    return graph.partitions(name)[0]


EXTRA_YEARS = dg.StaticPartitionsDefinition([str(year) for year in range(2007, 2024)])


@dg.asset(
    key=["extra", "world_trade"],
    ins={"product_totals": dg.AssetIn(key=["trade", "product_totals"])},
    partitions_def=EXTRA_YEARS,
)
def world_trade(product_totals: pd.DataFrame) -> pd.DataFrame:
    return product_totals.groupby("year", as_index=False)["value_kusd"].sum()


EXTRA = dg.Definitions(assets=[world_trade])
NOT_DEFINITIONS = 42


def register(monkeypatch, value):
    entry = EntryPoint("extra", value, "reeassets.definitions")
    found = plugins.entry_points
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: [entry] if group == "reeassets.definitions" else found(group=group)
    )


def test_definitions_of_another_package_read_the_platforms_tables(monkeypatch, finished):
    register(monkeypatch, "reeassets_tests.platform.test_definitions:EXTRA")
    home, _ = finished
    extended = build_defs(Settings(home=home, years="2007-2023"))
    job = extended.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(asset_selection=[dg.AssetKey(["extra", "world_trade"])], partition_key="2023")
    assert result.success
    written = pd.read_parquet(home / "tables" / "extra" / "world_trade" / "2023.parquet")
    assert written["value_kusd"].iloc[0] > 1e8


def test_definitions_that_are_none_are_named_and_the_rest_loads(monkeypatch, tmp_path):
    register(monkeypatch, "reeassets_tests.platform.test_definitions:NOT_DEFINITIONS")
    with pytest.warns(BrokenDefinitions, match=r"'extra'.*it is a int, not dagster.Definitions"):
        defs = build_defs(Settings(home=tmp_path))
    assert defs.resolve_job_def("full_refresh")


@pytest.mark.parametrize(
    "command",
    [
        ("dagster", "definitions", "validate", "-w", "workspace.yaml"),
        ("dg", "check", "defs"),
        ("dg", "list", "defs"),
    ],
)
def test_dagsters_own_commands_accept_the_checkout(command, tmp_path):
    program = Path(sys.executable).with_name(command[0])
    result = subprocess.run(
        [str(program), *command[1:]],
        cwd=REPOSITORY,
        env=clean_environment() | {"REEASSETS_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    if command[1] == "list":
        assert "models/findings" in result.stdout
