"""What killed processes leave: runs that would count as running for ever, and half-written files.

Dagster's run monitoring does not see that the process of a run is gone: its default launcher cannot tell.
"""

import platform
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from reeassets.platform.graph import Graph
from reeassets.processes import is_running, own_process
from reeassets.storage import remove_leftovers

LONGEST_BEFORE_START = timedelta(hours=1)
_PROCESS_TAG = "reeassets/process"


def name_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Put the process that works on a run, and its machine, among the run's tags."""
    instance.add_run_tags(run_id, {_PROCESS_TAG: f"{own_process()}@{platform.node()}"})


def clean_up(graph: Graph) -> None:
    """Remove the files that killed processes left half-written."""
    remove_leftovers(graph.settings.home)
    if graph.store.is_local:
        remove_leftovers(Path(graph.store.root))


def close_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose process on this machine is gone, or that nobody started, and return their ids.

    The daemon starts those again whose job says so.
    """
    closed = []
    # Between its record and its start lies a moment, unless the process that made the record was killed in it.
    overdue = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.NOT_STARTED], created_before=datetime.now(UTC) - LONGEST_BEFORE_START
    )
    for run in instance.get_runs(filters=overdue):
        instance.report_run_failed(run, message=f"Nobody started this run within {LONGEST_BEFORE_START}.")
        closed.append(run.run_id)
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        process, _, machine = run.tags.get(_PROCESS_TAG, "").partition("@")
        if machine == platform.node() and not is_running(process):
            instance.report_run_failed(run, message=f"The process {process} of this run was killed.")
            closed.append(run.run_id)
    return closed
