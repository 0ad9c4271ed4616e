"""What the jobs, schedules and sensors are, and what the jobs make."""

import io
import zipfile
from datetime import datetime

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.instance import dagster_home
from reeassets.platform.jobs import newer_versions
from reeassets.platform.selections import selections
from reeassets.settings import Settings

from .conftest import YEARS


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return Graph(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def defs(graph):
    return build_defs(graph=graph)


def test_every_job_is_described_tagged_owned_and_started_again_if_its_process_dies(defs):
    jobs = {job.name: job for job in defs.jobs}
    assert set(jobs) == {
        "backfill",
        "full_refresh",
        "models_only",
        "reclassify",
        "refresh_year",
        "release_check",
        "shocks",
    }
    for name in jobs:
        job = defs.resolve_job_def(name)
        assert job.description
        assert job.owners == ["team:reeassets"]
        # Runs started in the UI and by sensors get the one, those of `dagster job launch` the other.
        for tags in (job.run_tags, job.tags):
            assert tags["reeassets/job"] == name
            assert tags["dagster/max_retries"] == "2"
            assert tags["dagster/retry_on_asset_or_op_failure"] == "false"
    everything = defs.resolve_job_def("full_refresh").tags
    assert (everything["dagster/asset_partition_range_start"], everything["dagster/asset_partition_range_end"]) == (
        "2007",
        "2023",
    )


def test_what_each_job_makes(graph):
    made = selections(graph)
    scenarios = {"shock_scenarios", "shock_impacts"}
    classification = {
        *("product_votes", "reference_set", "reference_summary", "vote_agreement", "vote_disagreements"),
        *("keyword_baseline", "code_list_evidence", "classified_products", "link_votes", "candidate_links"),
    }
    assert made["shocks"] == {*scenarios, "warehouse", "html_report"}
    assert made["full_refresh"] == set(graph.recipes) - made["shocks"]
    assert made["refresh_year"] == made["backfill"] == set(graph.recipes) - scenarios - classification
    assert made["reclassify"] == classification
    models = {
        "panel",
        "rca_models",
        "model_diagnostics",
        "model_multiplicity",
        "findings",
        "robust_claims",
        "trade_measures",
        "event_study",
    }
    assert made["models_only"] == {*models, "html_report", "warehouse"}


def test_schedules_are_off_until_switched_on(defs):
    assert {schedule.name: schedule.job_name for schedule in defs.schedules} == {
        "release_check_in_season": "release_check",
        "yearly_reclassification": "reclassify",
    }
    for schedule in defs.schedules:
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
        assert schedule.description
        assert schedule.owners == ["team:reeassets"]
        asked = dg.build_schedule_context(scheduled_execution_time=datetime(2027, 1, 15, 6))
        (request,) = schedule.evaluate_tick(asked).run_requests
        assert request.tags["reeassets/schedule"] == schedule.name


def test_sensors_watch_from_the_start_and_automation_waits(defs):
    on = {sensor.name for sensor in defs.sensors if sensor.default_status == dg.DefaultSensorStatus.RUNNING}
    assert on == {"inbox", "failed_runs", "abandoned_runs", "scenarios_follow"}
    assert {sensor.name for sensor in defs.sensors} - on == {"follow_inputs"}
    assert all(sensor.description for sensor in defs.sensors)


def test_every_asset_has_the_owner_of_the_settings(tmp_path):
    nodes = build_defs(Settings(home=tmp_path, owner="trade@example.org")).resolve_asset_graph()
    for key in nodes.materializable_asset_keys:
        assert nodes.get(key).owners == ["trade@example.org"]
        assert nodes.get(key).tags["reeassets/stage"] == key.path[0]


def test_a_refreshed_year_and_a_range_in_one_run(make_graph, silent, calls):
    graph = make_graph()
    dagster_home(graph.settings.home)
    defs = build_defs(graph=graph, resource_overrides={"progress": silent})
    instance = dg.DagsterInstance.get()
    # Without a choice of years, a full refresh is one run over all of them.
    assert defs.resolve_job_def("full_refresh").execute_in_process(instance=instance).success
    assert instance.get_materialized_partitions(dg.AssetKey(["trade", "base"])) == {str(year) for year in YEARS}
    calls.clear()
    assert defs.resolve_job_def("full_refresh").execute_in_process(instance=instance, partition_key="2020").success
    assert calls == [("base", 2020), ("total", None), ("share", 2020), ("summary", None)]


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("V202601", ["V202601b", "V202602", "V202602b", "V202701", "V202701b", "V202702", "V202702b"]),
        ("V202702", ["V202702b"]),
        (None, ["V202701", "V202701b", "V202702", "V202702b"]),
    ],
)
def test_names_that_a_newer_release_can_have(known, asked):
    assert newer_versions(known, datetime(2027, 2, 1)) == asked


def check_release(home, web, **settings):
    graph = Graph(Settings(home=home, release_url=web.url, years="2022-2023", **settings))
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_defs(graph=graph).resolve_job_def("release_check")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        records = instance.fetch_observations(dg.AssetKey(["trade", "raw_trade"]), limit=1).records
    return result, records[
        0
    ].event_log_entry.dagster_event.asset_observation_data.asset_observation if records else None


@pytest.fixture
def versions(monkeypatch):
    monkeypatch.setattr("reeassets.platform.jobs.newer_versions", lambda known, today: ["V202602", "V202701"])


def test_the_release_check_asks_and_downloads_nothing(tmp_path, web, versions):
    web.pages["/BACI_HS17_V202701.zip"] = (200, "application/zip", b"PK")
    result, seen = check_release(tmp_path, web)
    assert result.success
    assert (seen.metadata["in_use"].value, seen.metadata["newest"].value) == ("V202601", "V202701")
    assert [method for method, *_ in web.asked] == ["HEAD", "HEAD"]
    assert not (tmp_path / "inbox").exists()


def test_the_release_check_downloads_if_a_setting_says_so(tmp_path, web, versions):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("BACI_HS17_Y2024_V202701.csv", "t,i,j,k,v,q\n2024,4,251,10121,1,1\n")
    web.pages["/BACI_HS17_V202701.zip"] = (200, "application/zip", archive.getvalue())
    result, _ = check_release(tmp_path, web, fetch_releases=True)
    assert result.success
    assert (tmp_path / "inbox" / "BACI_HS17_V202701.zip").read_bytes() == archive.getvalue()


def test_no_newer_release_is_said_too(tmp_path, web, versions):
    result, seen = check_release(tmp_path, web)
    assert result.success
    assert seen.metadata["newest"].value == "V202601"
    assert "No release newer" in seen.description


def test_a_page_in_the_place_of_an_archive_is_an_error(tmp_path, web, versions):
    web.pages["/BACI_HS17_V202602.zip"] = (200, "text/html", b"<html>")
    result, seen = check_release(tmp_path, web)
    assert not result.success
    assert seen is None
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "type 'text/html'" in str(event.event_specific_data.error)
