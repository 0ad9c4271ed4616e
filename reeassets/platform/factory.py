"""From recipes to Dagster assets: make, check against the schema, write, and report, partition by partition."""

import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from reeassets.platform.dimensions import parent_keys, partition_keys, year_of
from reeassets.platform.graph import Graph
from reeassets.platform.metadata import (
    column_schema,
    problem_metadata,
    provenance_metadata,
    step_metadata,
    table_metadata,
)
from reeassets.platform.recipe import FileOutput, Recipe, Step
from reeassets.storage import Provenance
from reeassets.streams import Stream
from reeassets.tables import Dimension, Partition, SchemaViolation, Table

SCHEMA_CHECK = "schema"
RESOURCES = {"duckdb", "progress"}
PartitionsOf = Mapping[Dimension, dg.PartitionsDefinition]


def asset_key(output: Table | FileOutput) -> dg.AssetKey:
    """Return the asset key of what a recipe makes: stage and name."""
    return dg.AssetKey([output.stage, output.name])


def _step(graph: Graph, made_by: Recipe, partition: Partition, context: dg.AssetExecutionContext) -> Step:
    tables = {name: graph.tables[name] for name in made_by.inputs}
    return Step(
        graph.settings,
        year_of(partition, graph.settings),
        graph.store,
        tables,
        context.resources.duckdb.get_connection,
        scenario=partition if isinstance(partition, str) else None,
        scenarios=tuple(str(name) for name in partition_keys("scenario", graph.settings)),
        years=graph.years_read(made_by.name),
    )


def _evaluation(
    table: Table, partition: Partition, *, passed: bool, description: str, metadata: dict[str, Any]
) -> dg.AssetCheckEvaluation:
    """Return the check's result for one partition: a run over many has one each."""
    return dg.AssetCheckEvaluation(
        asset_key=asset_key(table),
        check_name=SCHEMA_CHECK,
        passed=passed,
        description=description,
        metadata=metadata,
        blocking=True,
        partition=None if partition is None else str(partition),
    )


def _make(
    graph: Graph, made_by: Recipe, table: Table, partition: Partition, context: dg.AssetExecutionContext
) -> Generator[dg.AssetCheckEvaluation, None, dict[str, Any]]:
    """Make one partition: yield the evaluation of its schema, return its metadata.

    Raises
    ------
    dagster.Failure
        If the frame breaks its schema; the evaluation is out by then, and nothing has been written.
    """
    context.resources.progress.started(table.stage, table.name, partition)
    began = time.perf_counter()
    provenance = graph.provenance(table.name, partition)
    step = _step(graph, made_by, partition, context)
    made = made_by.compute(step)
    try:
        rows = _check_and_write(graph, table, made, provenance, partition)
    except SchemaViolation as violation:
        metadata = problem_metadata(violation.problems)
        yield _evaluation(table, partition, passed=False, description=str(violation), metadata=metadata)
        when = "" if partition is None else f" {partition}"
        raise dg.Failure(
            f"{table.name}{when}: {violation}; nothing was written", metadata=metadata, allow_retries=False
        ) from violation
    told = f"{rows:,} rows obey the rules of {len(table.columns)} columns; the key is unique"
    yield _evaluation(table, partition, passed=True, description=told, metadata={"rows": rows})
    context.resources.progress.finished(table.stage, table.name, partition, rows, time.perf_counter() - began)
    return table_metadata(graph.store, table, partition, rows, provenance) | step_metadata(step)


def _check_and_write(
    graph: Graph, table: Table, made: pd.DataFrame | Stream, provenance: Provenance, partition: Partition
) -> int:
    """Write what obeys the table's rules and return the number of rows; raise SchemaViolation before anything else."""
    if isinstance(made, Stream):
        return graph.store.write_stream(table, made, provenance, partition)
    checked = table.check(made)
    graph.store.write(table, checked, provenance, partition)
    return len(checked)


def _table_asset(graph: Graph, made_by: Recipe, partitions: PartitionsOf) -> dg.AssetsDefinition:
    table = graph.tables[made_by.name]
    own = partitions[table.dimension] if table.dimension else None
    check = dg.AssetCheckSpec(
        SCHEMA_CHECK,
        asset=asset_key(table),
        description="Types, ranges, legal values and the key, checked before anything is written.",
        blocking=True,
        partitions_def=own,
    )

    @dg.asset(
        **_common(graph, made_by, table),
        partitions_def=own,
        backfill_policy=dg.BackfillPolicy.single_run() if own else None,
        check_specs=[check],
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": f"reeassets.{table.name}"},
    )
    def make(context: dg.AssetExecutionContext) -> Iterator[Any]:
        metadata: dict[str, Any] = {}
        if own is None:
            metadata = yield from _make(graph, made_by, table, None, context)
        else:
            for key in context.partition_keys:
                of_key = yield from _make(graph, made_by, table, int(key) if table.by_year else key, context)
                context.add_asset_metadata(of_key, partition_key=key)
        yield dg.MaterializeResult(metadata=metadata)
        # The evaluations are out, one a partition; Dagster also waits for the check's own output.
        yield dg.Output(None, output_name=check.get_python_identifier())

    return make


def _file_asset(graph: Graph, made_by: Recipe, output: FileOutput) -> dg.AssetsDefinition:
    @dg.asset(**_common(graph, made_by, output))
    def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        context.resources.progress.started(output.stage, output.name, None)
        began = time.perf_counter()
        provenance = graph.provenance(output.name, None)
        step = _step(graph, made_by, None, context)
        path = graph.write_file(output.name, lambda temporary: made_by.compute(step, temporary), provenance)
        context.resources.progress.finished(output.stage, output.name, None, None, time.perf_counter() - began)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(path)),
                "bytes": path.stat().st_size,
                **provenance_metadata(provenance),
                **step_metadata(step),
            }
        )

    return make


def _common(graph: Graph, made_by: Recipe, output: Table | FileOutput) -> dict[str, Any]:
    return {
        "key": asset_key(output),
        "group_name": output.stage,
        "description": output.description,
        "deps": [_dependency(graph, made_by, graph.tables[name], output) for name in made_by.inputs],
        "code_version": graph.own_hash(made_by.name)[:16],
        "kinds": set(made_by.kinds),
        "required_resource_keys": RESOURCES,
    }


def _dependency(graph: Graph, made_by: Recipe, parent: Table, child: Table | FileOutput) -> dg.AssetDep:
    """Say which partitions of the parent those of the child are made from, where Dagster cannot know it."""
    if made_by.base_years is not None and parent.dimension == "year":
        read = [str(year) for year in graph.years_read(made_by.name)]
        return dg.AssetDep(asset_key(parent), partition_mapping=dg.SpecificPartitionsPartitionMapping(read))
    if parent.dimension is None or child.dimension in (None, parent.dimension):
        return dg.AssetDep(asset_key(parent))
    needed: dict[str, list[str]] = defaultdict(list)
    for partition in partition_keys(child.dimension, graph.settings):
        for key in parent_keys(parent.dimension, child.dimension, partition, graph.settings):
            needed[str(key)].append(str(partition))
    return dg.AssetDep(asset_key(parent), partition_mapping=dg.StaticPartitionMapping(dict(needed)))


def build_assets(graph: Graph, partitions: PartitionsOf) -> list[dg.AssetsDefinition]:
    """Turn every recipe of a graph into a Dagster asset, with the partitions of each dimension."""
    return [
        _file_asset(graph, made_by, made_by.output) if made_by.output else _table_asset(graph, made_by, partitions)
        for made_by in graph.recipes.values()
    ]
