"""The job that makes what is out of date: the button in the UI for what ``reeassets run`` does.

It makes exactly what ``reeassets plan`` says, in runs of their own, tagged with the job's name.
"""

from collections.abc import Callable

import dagster as dg

from reeassets.platform.graph import Graph
from reeassets.platform.runner import planned, run
from reeassets.tables import Partition
from reeassets.years import format_years

BRING_UP_TO_DATE = "bring_up_to_date"


class _Quiet:
    """The runs that make the tables have the lines of their partitions; this job's own log has the plan."""

    def started(self, stage: str, name: str, partition: Partition) -> None:
        """Say nothing."""

    def finished(self, stage: str, name: str, partition: Partition, rows: int | None, seconds: float) -> None:
        """Say nothing."""


def bring_up_to_date(graph_now: Callable[[], Graph], owner: str) -> dg.JobDefinition:
    """Return the job.

    Parameters
    ----------
    graph_now : callable
        Gives the graph under the settings of the moment; what it has read of files is kept no longer than a run.
    owner : str
        Whom to ask about the job.
    """

    @dg.op(name="make_the_plan", description="Look what is out of date and why, and make it in runs of its own.")
    def make(context: dg.OpExecutionContext) -> None:
        changes = planned(graph_now())
        for change in changes:
            years = format_years(key for key in change.partitions if isinstance(key, int))
            context.log.info(f"{change.name}{f' {years}' if years else ''}: {change.reason}")
        if not changes:
            context.log.info("nothing is out of date")
            return
        outcome = run(graph_now(), _Quiet(), started_by=BRING_UP_TO_DATE)
        for warning in outcome.warnings:
            context.log.warning(warning)
        if outcome.failures:
            raise dg.Failure("; ".join(outcome.failures), allow_retries=False)
        made = sum(len(partitions) for partitions in outcome.made.values())
        context.log.info(f"{made} partitions made; {outcome.checks_passed} checks passed")

    @dg.job(
        name=BRING_UP_TO_DATE,
        description="What `reeassets plan` says, and nothing else: every table, year and scenario that is missing or "
        "was made under other settings, code or data, in as few runs as the order allows.",
        tags={"reeassets/job": BRING_UP_TO_DATE},
        owners=[owner],
    )
    def job() -> None:
        make()

    return job
