"""What killed processes leave: runs that nobody works on, and half-written files."""

import platform
from datetime import timedelta

import dagster as dg
import pytest

from reeassets.platform import abandoned
from reeassets.platform.abandoned import close_abandoned_runs
from reeassets.platform.build import build_defs
from reeassets.platform.instance import dagster_home
from reeassets.platform.runner import run
from reeassets.platform.sensors import abandoned_runs
from reeassets.processes import own_process

GONE = "999999999.1"


@dg.op
def nothing_to_do():
    pass


@dg.job
def nothing():
    nothing_to_do()


@pytest.fixture
def graph(make_graph):
    found = make_graph()
    dagster_home(found.settings.home)
    return found


@pytest.fixture
def started(graph):
    """Return a function that records a run as started by a process, and one that tells its status."""

    def start(process, machine):
        with dg.DagsterInstance.get() as instance:
            found = instance.create_run_for_job(nothing, tags={"reeassets/process": f"{process}@{machine}"})
            event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, job_name="nothing", message="")
            instance.report_dagster_event(event, run_id=found.run_id)
        return found.run_id

    return start


def status(run_id):
    with dg.DagsterInstance.get() as instance:
        return instance.get_run_by_id(run_id).status


def test_a_run_whose_process_is_gone_is_closed_by_the_next(graph, started, silent):
    lost = started(GONE, platform.node())
    run(graph, silent)
    assert status(lost) == dg.DagsterRunStatus.FAILURE


def test_the_sensor_closes_it_and_no_other(graph, started):
    lost = started(GONE, platform.node())
    others = [started(own_process(), platform.node()), started(GONE, f"not-{platform.node()}")]
    sensor = abandoned_runs(graph)
    for told in (f"closed: {lost}", "every run that is under way has its process"):
        with dg.DagsterInstance.get() as instance, dg.build_sensor_context(instance) as context:
            assert sensor.evaluate_tick(context).skip_message == told
    assert status(lost) == dg.DagsterRunStatus.FAILURE
    assert {status(other) for other in others} == {dg.DagsterRunStatus.STARTED}


def test_a_run_that_nobody_started_is_closed_after_a_while(graph, monkeypatch):
    with dg.DagsterInstance.get() as instance:
        left = instance.create_run_for_job(nothing).run_id
        assert close_abandoned_runs(instance) == []
        monkeypatch.setattr(abandoned, "LONGEST_BEFORE_START", timedelta(0))
        assert close_abandoned_runs(instance) == [left]
    assert status(left) == dg.DagsterRunStatus.FAILURE


def test_every_run_names_its_process_and_cleans_up(graph, silent):
    job = build_defs(graph=graph, resource_overrides={"progress": silent}).resolve_implicit_global_asset_job_def()
    leftover = graph.settings.home / "tables" / f".x.parquet.{GONE}-{'0' * 32}.tmp"
    leftover.parent.mkdir()
    leftover.touch()
    with dg.DagsterInstance.get() as instance:
        done = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["trade", "base"])], partition_key="2020"
        )
        tags = instance.get_run_by_id(done.run_id).tags
    assert tags["reeassets/process"] == f"{own_process()}@{platform.node()}"
    assert not leftover.exists()
