"""Sensors: what starts because something happened.

Here belongs looking at the inbox, at runs that failed and at runs that ended well. What is started is a job; what an
asset does when its inputs change is in ``automation``.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from reeassets.platform.failures import post, report, write
from reeassets.platform.graph import Graph
from reeassets.platform.inbox import look
from reeassets.platform.jobs import range_tags
from reeassets.platform.selections import BACKFILL, FULL_REFRESH, OVER_YEARS, SHOCKS, is_classified

INBOX = "inbox"
FAILED_RUNS = "failed_runs"
SCENARIOS_FOLLOW = "scenarios_follow"


def build_sensors(graph: Graph, jobs: Sequence[Any]) -> list[dg.SensorDefinition]:
    """Return the sensors of the jobs that are there; they are on until somebody switches them off."""
    named = {job.name: job for job in jobs}
    sensors = [failed_runs(graph)]
    if BACKFILL in named:
        sensors.append(inbox(graph, [named[BACKFILL], named[FULL_REFRESH]]))
    if SHOCKS in named:
        over_years = [named[name] for name in OVER_YEARS if name in named]
        sensors.append(scenarios_follow(graph, over_years, named[SHOCKS]))
    return sensors


def inbox(graph: Graph, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Return the sensor that starts the years which new files of the inbox bring."""

    @dg.sensor(
        name=INBOX,
        jobs=jobs,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts the job `backfill` for the years that a new archive or year file in the inbox brings; on a "
        "home without a classification of products, `full_refresh` for these years.",
        tags={"reeassets/sensor": INBOX},
        owners=[graph.settings.owner],
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen = look(graph.settings, context.cursor)
        job = BACKFILL if is_classified(graph) else FULL_REFRESH
        requests = [
            dg.RunRequest(
                run_key=f"{INBOX} {years[0]}-{years[-1]} {change}",
                job_name=job,
                tags={**range_tags(years), "reeassets/started_by": INBOX},
            )
            for years, change in seen.brought
        ]
        context.log.info(seen.told)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(seen.told),
            cursor=seen.cursor,
        )

    return watch


def scenarios_follow(graph: Graph, over_years: Sequence[Any], shocks: Any) -> dg.SensorDefinition:
    """Return the sensor that starts the scenarios after a job over years."""

    @dg.run_status_sensor(
        name=SCENARIOS_FOLLOW,
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=list(over_years),
        request_job=shocks,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After a job over years: the scenarios and what holds them, with the job `shocks`.",
        tags={"reeassets/sensor": SCENARIOS_FOLLOW},
    )
    def follow(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        unfinished = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
        for job in over_years:
            others = context.instance.get_runs(dg.RunsFilter(job_name=job.name, statuses=unfinished), limit=1)
            if others:
                return dg.SkipReason(f"the run {others[0].run_id} of {job.name} has not ended; the scenarios follow it")
        return dg.RunRequest(
            run_key=f"after {context.dagster_run.run_id}",
            tags={**range_tags(graph.scenarios), "reeassets/started_by": SCENARIOS_FOLLOW},
        )

    return follow


def failed_runs(graph: Graph) -> dg.SensorDefinition:
    """Return the sensor that writes a report of a failed run, and posts it if there is a webhook."""

    @dg.run_failure_sensor(
        name=FAILED_RUNS,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes why a run failed to the folder `failures` of the home, and posts it to failure_webhook.",
        tags={"reeassets/sensor": FAILED_RUNS},
    )
    def tell(context: dg.RunFailureSensorContext) -> None:
        found = report(graph.settings, context)
        try:
            write(found, graph.settings)
        except OSError as problem:
            found.causes.append(f"the report of the failed run could not be written: {problem}")
            raise
        finally:
            # Also when the disk is full: then nobody else tells.
            if graph.settings.failure_webhook is not None:
                context.log.info(post(graph.settings.failure_webhook, found))
        context.log.info(f"report of the failed run {found.run}: {found.path}")

    return tell
