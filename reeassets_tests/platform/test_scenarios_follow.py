"""The scenarios follow a job over years, once all such jobs have ended, and once."""

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.platform.sensors import UNFINISHED
from reeassets.settings import Settings

SUCCESS, STARTED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTED


class Follow:
    """Evaluates the sensor again and again, as the daemon does."""

    def __init__(self, graph, instance):
        self.graph, self.instance, self.cursor, self.told = graph, instance, None, ""
        self.defs = build_defs(graph=graph)
        (self.sensor,) = [sensor for sensor in self.defs.sensors if sensor.name == "scenarios_follow"]

    def run(self, job, status):
        return self.instance.create_run_for_job(self.defs.resolve_job_def(job), status=status)

    def report(self, run, event):
        self.instance.report_dagster_event(dg.DagsterEvent(event, job_name=run.job_name), run.run_id)

    def ends_well(self, run):
        self.report(run, "PIPELINE_SUCCESS")

    def look(self):
        """Return the run keys that one tick asks for."""
        context = dg.build_sensor_context(
            self.instance, cursor=self.cursor, repository_def=self.defs.get_repository_def()
        )
        tick = self.sensor.evaluate_tick(context)
        self.cursor, self.told, self.requests = tick.cursor, tick.skip_message, tick.run_requests
        return [request.run_key for request in tick.run_requests]


@pytest.fixture
def follow(tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        yield Follow(Graph(Settings(home=tmp_path, years="2022-2023")), instance)


def test_a_run_over_years_starts_all_scenarios_once(follow):
    assert follow.look() == []
    assert follow.told == "no run of a job over years has ended well"
    done = follow.run("backfill", SUCCESS)
    assert follow.look() == [f"after {done.run_id}"]
    (request,) = follow.requests
    assert request.tags["dagster/asset_partition_range_start"] == follow.graph.scenarios[0]
    assert request.tags["dagster/asset_partition_range_end"] == follow.graph.scenarios[-1]
    assert follow.look() == []
    assert f"have followed the run {done.run_id} of backfill already" in follow.told


def test_what_ended_well_beside_a_run_that_fails_later_is_followed(follow):
    done = follow.run("backfill", STARTED)
    going_on = follow.run("refresh_year", STARTED)
    follow.ends_well(done)
    assert follow.look() == []
    assert follow.told == f"the run {going_on.run_id} of refresh_year has not ended; the scenarios follow it"
    follow.instance.report_run_failed(going_on)
    assert follow.look() == [f"after {done.run_id}"]
    assert follow.look() == []


def test_runs_that_end_well_together_are_followed_once(follow):
    first, second = follow.run("backfill", STARTED), follow.run("full_refresh", STARTED)
    follow.ends_well(second)
    assert follow.look() == []
    follow.ends_well(first)
    assert follow.look() == [f"after {second.run_id}"]
    assert follow.look() == []
    third = follow.run("refresh_year", SUCCESS)
    assert follow.look() == [f"after {third.run_id}"]
    assert follow.look() == []


@pytest.mark.parametrize("event", [None, "STARTING", "START", "CANCELING"])
def test_a_run_that_has_not_ended_is_waited_for(follow, event):
    waited_for = follow.run("full_refresh", dg.DagsterRunStatus.NOT_STARTED)
    if event:
        follow.report(waited_for, f"PIPELINE_{event}")
    done = follow.run("backfill", SUCCESS)
    assert follow.look() == []
    follow.ends_well(waited_for)
    # The older of the two ended last: what follows the newer one reads what both made.
    assert follow.look() == [f"after {done.run_id}"]
    assert follow.look() == []


def test_a_queued_run_has_not_ended():
    # Only a code location that is served can queue a run: here there is none.
    assert dg.DagsterRunStatus.QUEUED in UNFINISHED


@pytest.mark.parametrize("job", ["shocks", "models_only", "reclassify", "release_check"])
def test_other_jobs_are_neither_followed_nor_waited_for(follow, job):
    follow.run(job, SUCCESS)
    follow.run(job, STARTED)
    assert follow.look() == []
    done = follow.run("backfill", SUCCESS)
    assert follow.look() == [f"after {done.run_id}"]


def test_a_cursor_of_another_kind_counts_as_a_first_look(follow):
    done = follow.run("backfill", SUCCESS)
    follow.cursor = '{"__class__": "RunStatusSensorCursor", "record_id": 3, "update_timestamp": "2026-01-01T00:00:00"}'
    assert follow.look() == [f"after {done.run_id}"]
    assert follow.look() == []
