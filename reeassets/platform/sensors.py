"""Sensors: what starts because something happened.

Here belongs looking at the inbox, at runs that failed and at runs that ended well. What is started is a job; what an
asset does when its inputs change is in ``automation``.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from reeassets.platform.abandoned import close_abandoned_runs
from reeassets.platform.failures import post, report, write
from reeassets.platform.graph import Graph
from reeassets.platform.inbox import look
from reeassets.platform.jobs import range_tags
from reeassets.platform.selections import BACKFILL, FULL_REFRESH, OVER_YEARS, SHOCKS, is_classified

INBOX = "inbox"
FAILED_RUNS = "failed_runs"
ABANDONED_RUNS = "abandoned_runs"
SCENARIOS_FOLLOW = "scenarios_follow"
# Not started, too: otherwise the newest run that ended well need not be the last one to end.
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_sensors(graph: Graph, jobs: Sequence[Any]) -> list[dg.SensorDefinition]:
    """Return the sensors of the jobs that are there; they are on until somebody switches them off."""
    named = {job.name: job for job in jobs}
    sensors = [failed_runs(graph), abandoned_runs(graph)]
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
    """Return the sensor that starts the scenarios after a job over years.

    It looks at how things stand and not at what happened: a run that ended well while another went on is followed when
    the other has ended, however that ends.
    """

    @dg.sensor(
        name=SCENARIOS_FOLLOW,
        job=shocks,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After a job over years: the scenarios and what holds them, with the job `shocks`.",
        tags={"reeassets/sensor": SCENARIOS_FOLLOW},
        owners=[graph.settings.owner],
    )
    def follow(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        # In this order: a run that ends between the two questions is either waited for, or among the newest.
        unfinished = _newest(context.instance, over_years, UNFINISHED)
        newest = _newest(context.instance, over_years, [dg.DagsterRunStatus.SUCCESS])
        if unfinished is not None:
            return dg.SkipReason(
                f"the run {unfinished.run_id} of {unfinished.job_name} has not ended; the scenarios follow it"
            )
        if newest is None:
            return dg.SkipReason("no run of a job over years has ended well")
        if newest.run_id == context.cursor:
            return dg.SkipReason(f"the scenarios have followed the run {newest.run_id} of {newest.job_name} already")
        request = dg.RunRequest(
            run_key=f"after {newest.run_id}",
            tags={**range_tags(graph.scenarios), "reeassets/started_by": SCENARIOS_FOLLOW},
        )
        return dg.SensorResult(run_requests=[request], cursor=newest.run_id)

    return follow


def _newest(
    instance: dg.DagsterInstance, jobs: Sequence[Any], statuses: Sequence[dg.DagsterRunStatus]
) -> dg.DagsterRun | None:
    """Return the run of some jobs that was created last among those in a status, or None."""
    records = [
        record
        for job in jobs
        for record in instance.get_run_records(dg.RunsFilter(job_name=job.name, statuses=statuses), limit=1)
    ]
    # In the order in which the records were made: times go back with the clock.
    newest = max(records, key=lambda record: record.storage_id, default=None)
    return None if newest is None else newest.dagster_run


def abandoned_runs(graph: Graph) -> dg.SensorDefinition:
    """Return the sensor that closes runs whose process was killed."""

    @dg.sensor(
        name=ABANDONED_RUNS,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed whose process was killed, for instance by a power cut: they would hold back "
        "what waits for them. Those of a job are then started again.",
        tags={"reeassets/sensor": ABANDONED_RUNS},
        owners=[graph.settings.owner],
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        closed = close_abandoned_runs(context.instance)
        return dg.SkipReason(
            f"closed: {', '.join(closed)}" if closed else "every run that is under way has its process"
        )

    return watch


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
