"""What checks do to a run, on the tables of a finished one: warnings, errors, and a run of checks alone."""

import shutil

import dagster as dg
import pytest
from typer.testing import CliRunner

from reeassets.cli import app
from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.guide import section
from reeassets.settings import Settings


@pytest.fixture
def home(finished, tmp_path):
    """A copy of the tables of the finished run."""
    shutil.copytree(finished[0] / "tables", tmp_path / "home" / "tables")
    return tmp_path / "home"


def test_the_sample_gives_no_warning_and_accepting_its_set_is_one_command(finished, home):
    assert "warning" not in finished[1]
    result = CliRunner().invoke(app, ["accept", "--home", str(home)])
    assert result.exit_code == 0
    assert "33 products accepted" in result.output


def bounded(home, **settings):
    """Run a check and what is downstream of its table again on the finished home, with other bounds."""
    graph = Graph(Settings(home=home, **settings))
    job = build_defs(graph=graph).resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["trade", "product_totals"]), dg.AssetKey(["products", "trade_flows"])]
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"dagster/asset_partition_range_start": "2021", "dagster/asset_partition_range_end": "2022"}
        return job.execute_in_process(
            asset_selection=[*keys, dg.AssetKey(["networks", "network_edges"])],
            tags=tags,
            instance=instance,
            raise_on_error=False,
        )


def test_a_warning_is_recorded_by_year_and_stops_nothing(home):
    result = bounded(home, years="2016-2023", check_world_change=0.38)
    assert result.success
    found = {
        evaluation.partition: evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == "world_total"
    }
    assert {year: of.passed for year, of in found.items()} == {"2021": True, "2022": False}
    assert found["2022"].severity == dg.AssetCheckSeverity.WARN
    assert found["2022"].metadata["guide"].value == section("world_total")
    assert found["2022"].target_materialization_data.run_id == result.run_id


def test_an_error_stops_what_is_downstream_in_the_same_run(home, monkeypatch):
    monkeypatch.setattr("reeassets.platform.quality._ROUNDING", -1.0)
    result = bounded(home, years="2016-2023")
    assert not result.success
    ended = {event.step_key for event in result.all_events if event.is_step_success}
    assert "products__trade_flows" in ended
    assert "networks__network_edges" not in ended


def test_checks_without_a_partition_look_at_every_year_that_is_there(home):
    """What the UI's button "Execute all" starts: a run of checks alone, without a partition."""
    graph = Graph(Settings(home=home, years="2019-2023"))
    (home / "tables" / "trade" / "product_totals" / "2023.parquet").unlink()
    key = dg.AssetCheckKey(dg.AssetKey(["trade", "product_totals"]), "world_total")
    chosen = dg.define_asset_job("look_again", selection=dg.AssetSelection.checks(key))
    found = dg.Definitions.merge(build_defs(graph=graph), dg.Definitions(jobs=[chosen])).resolve_job_def("look_again")
    with dg.DagsterInstance.ephemeral() as instance:
        result = found.execute_in_process(instance=instance)
        assert result.success
        looked = {one.partition: one.passed for one in result.get_asset_check_evaluations()}
    assert looked == dict.fromkeys(("2019", "2020", "2021", "2022"), True)
