"""The scenarios follow a job over years, once all such jobs have ended."""

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.graph import Graph
from reeassets.settings import Settings


@pytest.fixture
def graph(tmp_path):
    return Graph(Settings(home=tmp_path, years="2022-2023"))


def follow(graph, instance, run):
    defs = build_defs(graph=graph)
    (sensor,) = [sensor for sensor in defs.sensors if sensor.name == "scenarios_follow"]
    event = dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=run.job_name, message="")
    context = dg.build_run_status_sensor_context(
        "scenarios_follow", dagster_event=event, dagster_instance=instance, dagster_run=run
    )
    return sensor(context)


def a_run(graph, instance, job, status):
    return instance.create_run_for_job(build_defs(graph=graph).resolve_job_def(job), status=status)


def test_the_last_job_over_years_starts_all_scenarios(graph):
    with dg.DagsterInstance.ephemeral() as instance:
        done = a_run(graph, instance, "backfill", dg.DagsterRunStatus.SUCCESS)
        going_on = a_run(graph, instance, "refresh_year", dg.DagsterRunStatus.STARTED)
        assert "has not ended; the scenarios follow it" in follow(graph, instance, done).skip_message
        instance.report_run_failed(going_on)
        request = follow(graph, instance, done)
    assert request.tags["dagster/asset_partition_range_start"] == graph.scenarios[0]
    assert request.tags["dagster/asset_partition_range_end"] == graph.scenarios[-1]
    assert request.run_key == f"after {done.run_id}"
