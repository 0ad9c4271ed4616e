"""Making everything that is out of date in this process: what ``reeassets run`` does."""

import getpass
import os
import sys
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from reeassets import __version__
from reeassets.platform.abandoned import clean_up, close_abandoned_runs
from reeassets.platform.build import build_defs
from reeassets.platform.checks import checks_of
from reeassets.platform.factory import SCHEMA_CHECK, asset_key
from reeassets.platform.failures import cause
from reeassets.platform.graph import Graph
from reeassets.platform.instance import dagster_folder, dagster_home, name_code_location
from reeassets.platform.jobs import range_tags
from reeassets.platform.plan import Batch, Change, batches, out_of_date, why
from reeassets.platform.progress import Progress
from reeassets.tables import Partition
from reeassets.trade.sources import require_years

_TAG_LENGTH = 200


@dataclass
class Outcome:
    """What a run did.

    Attributes
    ----------
    made : dict of str to tuple
        Partitions that were made, by name; empty if everything was current.
    checks_passed, checks_failed : int
        Evaluations of checks in this run.
    warnings : list of str
        What checks found that stops nothing.
    failures : list of str
        Why steps failed; empty if all is well.
    """

    made: dict[str, tuple[Partition, ...]]
    checks_passed: int = 0
    warnings: list[str] = field(default_factory=list)
    checks_failed: int = 0
    failures: list[str] = field(default_factory=list)


def _unproven(graph: Graph, instance: dg.DagsterInstance) -> set[tuple[dg.AssetKey, str | None]]:
    """Return assets and partitions for which a blocking check did not pass on what is there now.

    It failed, or the run was killed between the asset and its check.
    """
    blocking = [dg.AssetCheckKey(asset_key(table), SCHEMA_CHECK) for table in graph.tables.values()]
    blocking += [
        dg.AssetCheckKey(asset_key(graph.tables[check.table]), check.name) for check in checks_of(graph) if check.error
    ]
    expected = {
        (key, None if partition is None else str(partition))
        for key in blocking
        for partition in graph.partitions(key.asset_key.path[-1])
    }
    # Dagster has no public way to ask for the results of many partitions; its version is pinned.
    passed = {
        (found.check_key, found.partition_key)
        for found in instance.event_log_storage.get_asset_check_partition_info(blocking)
        if found.latest_execution_status.value == "SUCCEEDED"
        and found.latest_target_materialization_storage_id == found.latest_materialization_storage_id
    }
    return {(key.asset_key, partition) for key, partition in expected - passed}


def _reported(graph: Graph, instance: dg.DagsterInstance) -> Any:
    """Look up the fingerprints of the last materialisations that passed their checks, one query a table."""
    known: dict[str, dict[str | None, str]] = {}
    unproven = _unproven(graph, instance)

    def of_table(name: str) -> dict[str | None, str]:
        found: dict[str | None, str] = {}
        wanted = len(graph.partitions(name))
        cursor = None
        while len(found) < wanted:
            page = instance.fetch_materializations(asset_key(graph.output(name)), limit=2 * wanted, cursor=cursor)
            for record in page.records:
                made = record.asset_materialization
                fingerprint = made.metadata.get("fingerprint") if made else None
                if record.partition_key not in found:
                    found[record.partition_key] = str(fingerprint.value) if fingerprint else ""
            if not page.has_more:
                break
            cursor = page.cursor
        return found

    def reported(name: str, partition: Partition) -> str | None:
        key = None if partition is None else str(partition)
        if (asset_key(graph.output(name)), key) in unproven:
            return None
        if name not in known:
            known[name] = of_table(name)
        return known[name].get(key)

    return reported


def _command() -> str:
    program = Path(sys.argv[0]).name
    return " ".join(["reeassets" if program == "__main__.py" else program, *sys.argv[1:]])[:_TAG_LENGTH]


def _started_by(what: str) -> dict[str, str]:
    """Return tags that say who started a run, and how: in the UI, runs of the command line look like all others."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # In a container a number need not have a name.
        user = str(os.getuid())
    return {"reeassets/started_by": what, "reeassets/user": user, "reeassets/version": __version__}


def _execute(
    batch: Batch, graph: Graph, job: dg.JobDefinition, instance: dg.DagsterInstance, outcome: Outcome, started_by: str
) -> bool:
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[asset_key(graph.output(name)) for name in batch.names],
        tags={**(range_tags(batch.partitions) if batch.partitions else {}), **_started_by(started_by)},
        # The progress lines and the summary say it better; the full log is in the UI.
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if found.passed:
                outcome.checks_passed += 1
            elif found.severity is dg.AssetCheckSeverity.WARN:
                when = f" {found.partition}" if found.partition else ""
                outcome.warnings.append(f"{found.asset_key.path[-1]}{when}, {found.check_name}: {found.description}")
            else:
                outcome.checks_failed += 1
        elif event.is_step_failure:
            outcome.failures.append(cause(event))
    if not result.success and not outcome.failures:
        outcome.failures.append(f"the run {result.run_id} failed; its log is in the UI")
    return result.success


def _hash_ahead(graph: Graph, stale: Mapping[str, tuple[Partition, ...]]) -> ThreadPoolExecutor:
    """Begin to read the input files that will be named by their SHA-256, while Dagster prepares the run.

    The digests are kept where whoever needs them asks; an error of reading is raised again there.
    """
    pool = ThreadPoolExecutor(1)
    for name, partitions in stale.items():
        lineage = graph.recipes[name].lineage
        if lineage is not None:
            for partition in partitions:
                pool.submit(lineage, graph.settings, partition)
    return pool


def planned(graph: Graph, *, force: bool = False, only: Collection[str] | None = None) -> list[Change]:
    """Say what :func:`run` would make and why, and make nothing, not even the home.

    Parameters
    ----------
    graph : Graph
        The graph under the current settings.
    force, only
        As in :func:`run`.

    Raises
    ------
    SourceError, PluginError, ValueError
        As in :func:`run`.
    """
    require_years(graph.source, graph.settings.years)
    wanted = None if only is None else graph.ancestors(only)
    folder = dagster_folder(graph.settings.home)
    if not (folder / "dagster.yaml").exists():
        return why(graph, lambda *_: None, force=force, only=wanted)
    dagster_home(graph.settings.home)
    with dg.DagsterInstance.get() as instance:
        return why(graph, _reported(graph, instance), force=force, only=wanted)


def run(
    graph: Graph,
    progress: Progress,
    *,
    force: bool = False,
    plan: Any = None,
    only: Collection[str] | None = None,
    started_by: str | None = None,
) -> Outcome:
    """Make what is out of date, in order, and stop at the first batch that fails.

    Parameters
    ----------
    graph : Graph
        The graph under the current settings.
    progress : Progress
        Told of every partition.
    force : bool
        Make everything, current or not.
    plan : callable, optional
        Told the partitions that will be made, before the first is.
    only : collection of str, optional
        Make these and what they are made from, and nothing else.
    started_by : str, optional
        Who starts it, for the tags of the runs; by default the command line of this process.

    Raises
    ------
    SourceError, PluginError, ValueError
        If source, plugins or settings do not fit together; nothing has been made then.
    """
    require_years(graph.source, graph.settings.years)
    folder = dagster_home(graph.settings.home)
    clean_up(graph)
    overrides: Mapping[str, Any] = {"progress": progress}
    with dg.DagsterInstance.get() as instance:
        close_abandoned_runs(instance)
        stale = out_of_date(graph, _reported(graph, instance), force=force)
        if only is not None:
            wanted = graph.ancestors(only)
            stale = {name: years for name, years in stale.items() if name in wanted}
        if plan is not None:
            plan(stale)
        outcome = Outcome(made={})
        if not stale:
            return outcome
        reading = _hash_ahead(graph, stale)
        # The job over everything: only it holds tables by year and tables by scenario; a run makes one of both.
        job = build_defs(graph=graph, resource_overrides=overrides).resolve_implicit_global_asset_job_def()
        name_code_location(instance, folder, job.name)
        try:
            for batch in batches(graph, stale):
                if not _execute(batch, graph, job, instance, outcome, started_by or _command()):
                    break
                for name in batch.names:
                    of_batch = batch.partitions if graph.output(name).dimension else (None,)
                    outcome.made[name] = outcome.made.get(name, ()) + of_batch
        finally:
            reading.shutdown(wait=False, cancel_futures=True)
    return outcome
