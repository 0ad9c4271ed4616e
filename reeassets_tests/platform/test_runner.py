"""What is made, what is left alone, and what Dagster knows of it afterwards."""

import re

import dagster as dg
import pytest
from dagster._core.workspace.load_target import WorkspaceFileTarget

from reeassets.platform.build import build_defs
from reeassets.platform.instance import dagster_home
from reeassets.platform.quality import Check, Found
from reeassets.platform.runner import run
from reeassets.trade.contract import SourceError

from ..conftest import REPOSITORY
from .conftest import YEARS

ALL = [("base", year) for year in YEARS] + [("total", None)] + [("share", year) for year in YEARS] + [("summary", None)]


@pytest.fixture
def go(make_graph, silent, calls):
    """Run the small graph and return what was computed."""

    def once(*, force=False, **settings):
        calls.clear()
        outcome = run(make_graph(**settings), silent, force=force)
        return list(calls), outcome

    return once


def materialised(graph, name):
    with dg.DagsterInstance.get() as instance:
        return instance.get_materialized_partitions(dg.AssetKey(["trade", name]))


def test_everything_is_made_once_and_then_left_alone(go):
    made, outcome = go()
    assert made == ALL
    assert (outcome.failures, outcome.checks_passed, outcome.checks_failed) == ([], 9, 0)
    again, outcome = go()
    assert again == []
    assert outcome.made == {}
    assert go(force=True)[0] == ALL


def test_a_changed_setting_makes_only_what_depends_on_it(go):
    go()
    assert go(pass_through=0.5)[0] == [*[("share", year) for year in YEARS], ("summary", None)]
    assert go(pass_through=0.5, link_draws=99)[0] == ALL


def test_an_added_year_makes_that_year_and_what_is_over_all_years(go):
    go(years=YEARS[:3])
    made, _ = go()
    assert made == [("base", 2022), ("total", None), *[("share", year) for year in YEARS], ("summary", None)]


def test_a_lost_file_is_made_again(go, make_graph):
    go()
    graph = make_graph()
    graph.store.path(graph.tables["share"], 2020).unlink()
    assert go()[0] == [("share", 2020)]


def test_years_that_are_not_neighbours_are_made_without_those_between(go, make_graph):
    go()
    graph = make_graph()
    for year in (2019, 2021):
        graph.store.path(graph.tables["base"], year).unlink()
    assert [call for call in go()[0] if call[0] == "base"] == [("base", 2019), ("base", 2021)]


def test_a_broken_rule_stops_the_run_before_anything_is_written(go, make_graph, calls):
    go()
    graph = make_graph()
    path = graph.store.path(graph.tables["base"], 2021)
    before = path.read_bytes()
    calls.add[2021] = 1000
    made, outcome = go(force=True)
    assert made == [("base", year) for year in YEARS]
    assert path.read_bytes() == before
    assert outcome.checks_failed == 1
    (failure,) = outcome.failures
    assert "base 2021" in failure
    assert "column n: rule less_than_or_equal_to(100) broken 1 time(s)" in failure
    assert "1021" in failure


@pytest.fixture
def forbidden(monkeypatch):
    """Years of the table `base` that a blocking check finds wrong."""
    years = set()

    def look(step, _):
        return Found(step.year not in years, "looked at")

    # By a name that the guide has.
    check = Check("base", "identities", (), error=True, about="Allowed.", to_do="Wait.", look=look)
    monkeypatch.setattr("reeassets.platform.checks.CHECKS", (check,))
    return years


def test_what_fails_a_blocking_check_blocks_until_it_passes(go, forbidden):
    forbidden.add(2021)
    for _ in range(2):
        made, outcome = go()
        assert "identities" in outcome.failures[0]
        assert {name for name, _ in made} == {"base"}
    assert made == [("base", 2021)]
    forbidden.clear()
    made, outcome = go()
    assert outcome.failures == []
    assert made == [("base", 2021), ("total", None), *[("share", year) for year in YEARS], ("summary", None)]
    assert go()[0] == []


def test_what_a_blocking_check_has_not_seen_is_made_again(go, request):
    go()
    request.getfixturevalue("forbidden")
    # The run was killed between the tables and their check; what follows from them is as it would be.
    assert go()[0] == [("base", year) for year in YEARS]
    assert go()[0] == []


def test_after_a_failure_a_good_run_ends_where_an_unbroken_one_would(go, make_graph, calls):
    go()
    graph = make_graph()
    untouched = {path: path.read_bytes() for path in graph.settings.home.rglob("*.parquet")}
    calls.add[2021] = 1000
    go(force=True)
    calls.add.clear()
    _, outcome = go()
    assert outcome.failures == []
    assert {path: path.read_bytes() for path in graph.settings.home.rglob("*.parquet")} == untouched


def test_dagster_knows_every_year_and_every_check(go, make_graph):
    go()
    graph = make_graph()
    assert materialised(graph, "base") == {str(year) for year in YEARS}
    with dg.DagsterInstance.get() as instance:
        record = instance.get_latest_materialization_event(dg.AssetKey(["trade", "share"]))
        metadata = record.asset_materialization.metadata
        runs = instance.get_runs()
    assert {
        "dagster/row_count",
        "source",
        "source_version",
        "input_files_sha256",
        "configuration_hash",
        "preview",
    } <= set(metadata)
    assert all(found.status == dg.DagsterRunStatus.SUCCESS for found in runs)


def test_the_ui_finds_the_runs_under_its_code_location(go, make_graph):
    go()
    dagster_home(make_graph().settings.home)
    with dg.DagsterInstance.get() as instance:
        origins = [run.remote_job_origin.repository_origin for run in instance.get_runs()]
    (location,) = WorkspaceFileTarget([str(REPOSITORY / "workspace.yaml")]).create_origins()
    assert {origin.code_location_origin for origin in origins} == {location}


def test_files_whose_run_was_killed_before_it_reported_are_made_again(go, make_graph):
    go()
    graph = make_graph()
    dagster_home(graph.settings.home)
    with dg.DagsterInstance.get() as instance:
        instance.wipe_assets([dg.AssetKey(["trade", "share"])])
    assert go()[0] == [("share", year) for year in YEARS]


def test_years_the_source_lacks_are_an_error_before_anything_is_made(go):
    with pytest.raises(SourceError, match="1999"):
        go(years=(1999, 2019))


def test_progress_is_told_of_every_partition(go, silent):
    go()
    assert [(name, year) for _, name, year, _ in silent.seen] == ALL


def test_a_run_says_who_started_it_and_how_long_each_partition_took(make_graph, silent, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/reeassets", "run", "--force"])
    run(make_graph(), silent)
    run(make_graph(pass_through=0.5), silent)
    with dg.DagsterInstance.get() as instance:
        latest, _ = instance.get_runs()
        assert latest.tags["reeassets/started_by"] == "reeassets run --force"
        assert latest.tags["reeassets/user"]
        assert latest.tags["reeassets/version"]
        said = [entry.user_message for entry in instance.all_logs(latest.run_id) if entry.user_message]
        (share,) = [text for text in said if text.startswith("made share 2019: ")]
        assert re.fullmatch(
            "made " + "; ".join(rf"share {year}: 1 rows in [0-9.]+ s \(pass_through 0.85 -> 0.5\)" for year in YEARS),
            share,
        )
        made = instance.get_latest_materialization_event(dg.AssetKey(["trade", "share"]))
    metadata = made.asset_materialization.metadata
    assert metadata["settings_changed"].value == "pass_through 0.85 -> 0.5"
    assert metadata["settings"].value["pass_through"] == 0.5


def test_a_damaged_partition_is_made_again(make_graph, silent):
    graph = make_graph()
    run(graph, silent)
    path = graph.store.path(graph.tables["base"], 2020)
    path.write_bytes(b"PAR1 not a table PAR1")
    dagster_home(graph.settings.home)
    job = build_defs(
        graph=make_graph(), resource_overrides={"progress": silent}
    ).resolve_implicit_global_asset_job_def()
    tags = {"dagster/asset_partition_range_start": "2020", "dagster/asset_partition_range_end": "2020"}
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["trade", "base"])], tags=tags, raise_on_error=False
        )
    assert result.success
    assert graph.store.read(graph.tables["base"], 2020)["n"].tolist() == [20]
