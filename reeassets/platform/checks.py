"""Checks beyond the schemas, as Dagster asset checks: one evaluation a partition, with what to do.

Here belongs how checks meet Dagster; what they check is in ``quality``. A check is a step of its own after its asset:
it can be run again alone, for instance after a bound was changed. An error stops what is downstream in the same run.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from reeassets.platform.check import Check, Found
from reeassets.platform.evaluations import Target, evaluation, targets
from reeassets.platform.factory import PartitionsOf, asset_key
from reeassets.platform.graph import Graph
from reeassets.platform.guide import section
from reeassets.platform.metadata import found_metadata
from reeassets.platform.quality import CHECKS
from reeassets.platform.recipe import Step
from reeassets.tables import Partition, Table


def build_checks(graph: Graph, partitions: PartitionsOf) -> list[dg.AssetChecksDefinition]:
    """Return Dagster's form of the checks of a graph that are made after their tables; the others are the assets'."""
    return [_definition(graph, check, partitions) for check in checks_of(graph) if not check.before]


def checks_of(graph: Graph) -> list[Check]:
    """Return the checks of the tables that are there."""
    return [check for check in CHECKS if {check.table, *check.needs} <= set(graph.tables)]


def _definition(graph: Graph, check: Check, partitions: PartitionsOf) -> dg.AssetChecksDefinition:
    table = graph.tables[check.table]
    own = partitions[table.dimension] if table.dimension else None
    spec = dg.AssetCheckSpec(
        check.name,
        asset=asset_key(table),
        description=f"{check.about} If not: {check.to_do}",
        blocking=check.error,
        partitions_def=own,
        metadata=_help(check),
        additional_deps=[asset_key(graph.tables[name]) for name in check.needs],
    )

    @dg.multi_asset_check(
        name=f"{table.stage}__{table.name}__{check.name}", specs=[spec], required_resource_keys={"duckdb", "turns"}
    )
    def look(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        keys = _partitions(graph, table, context)
        latest = targets(context.instance, asset_key(table), keys)
        for partition in keys:
            step = _step(graph, check, partition, context)
            last = _last(graph, check, partition, context) if table.by_year else None
            yield _result(spec.key, check, partition, check.look(step, last), latest[partition])
        # The evaluations are out, one a partition; Dagster also waits for the check's own output.
        yield dg.Output(None, output_name=spec.get_python_identifier())

    return look


def _partitions(graph: Graph, table: Table, context: dg.AssetCheckExecutionContext) -> list[Partition]:
    """Return the partitions to look at: those of the run or, of a run without any, all that are there.

    The UI's button that executes the checks of an asset starts a run without partitions.
    """
    if table.dimension is None:
        return [None]
    run = context.op_execution_context
    if run.has_partitions:
        return [int(key) if table.by_year else key for key in run.partition_keys]
    there = [key for key in graph.partitions(table.name) if graph.store.path(table, key).exists()]
    if not there:
        raise dg.Failure(f"{table.name} has not been made; there is nothing to check", allow_retries=False)
    return there


def _help(check: Check) -> dict[str, Any]:
    """Return what to do, and the guide's section on the check itself: a link to a file would lead nowhere in the UI."""
    return {"what_to_do": check.to_do, "guide": dg.MetadataValue.md(section(check.name))}


def _step(graph: Graph, check: Check, partition: Partition, context: dg.AssetCheckExecutionContext) -> Step:
    return Step(
        graph.settings,
        partition if isinstance(partition, int) else None,
        graph.store,
        {name: graph.tables[name] for name in (check.table, *check.needs)},
        context.op_execution_context.resources.duckdb.get_connection,
        scenarios=graph.scenarios,
    )


def _last(graph: Graph, check: Check, partition: Partition, context: dg.AssetCheckExecutionContext) -> Step | None:
    """Return the step of the year before, None if its table is not there, or is left of data that had the year."""
    assert isinstance(partition, int)
    table, before = graph.tables[check.table], partition - 1
    there = before in graph.source.years() and graph.store.path(table, before).exists()
    return _step(graph, check, before, context) if there else None


def _result(
    key: dg.AssetCheckKey, check: Check, partition: Partition, found: Found, target: Target | None
) -> dg.AssetCheckEvaluation:
    severity = dg.AssetCheckSeverity.ERROR if check.error else dg.AssetCheckSeverity.WARN
    metadata = found_metadata(found)
    if not found.passed:
        metadata |= _help(check)
    return evaluation(
        key, partition, passed=found.passed, description=found.told, metadata=metadata, severity=severity, target=target
    )
