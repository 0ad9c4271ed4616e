"""From recipes to Dagster assets: make, check against the schema, write, and report, partition by partition."""

import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from reeassets.platform.automation import follows_inputs, freshness
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
from reeassets.platform.turns import turn
from reeassets.settings import format_years
from reeassets.storage import Provenance, content_hash
from reeassets.streams import Stream
from reeassets.tables import Dimension, Partition, SchemaViolation, Table

SCHEMA_CHECK = "schema"
RESOURCES = {"duckdb", "progress", "years"}
PartitionsOf = Mapping[Dimension, dg.PartitionsDefinition]


class Years(dg.ConfigurableResource):
    """What a run does about missing years; in the launchpad under ``resources.years.config``."""

    allow_missing: bool = Field(
        False, description="Make results over all years from the years that are there, even if some are missing"
    )


@dataclass
class Made:
    """One partition of a table that has been made: its metadata, and a hash of its rows if it has no partitions."""

    metadata: dict[str, Any]
    content: str | None


def asset_key(output: Table | FileOutput) -> dg.AssetKey:
    """Return the asset key of what a recipe makes: stage and name."""
    return dg.AssetKey([output.stage, output.name])


def _step(
    graph: Graph, made_by: Recipe, partition: Partition, context: dg.AssetExecutionContext
) -> tuple[Step, Provenance]:
    """Return what the recipe's function gets, and what its result is made from."""
    years = graph.usable_years(made_by.name, allow_missing=context.resources.years.allow_missing)
    left_out = format_years(set(graph.settings.years).difference(years))
    if left_out:
        context.log.warning(f"{made_by.name} is made without {left_out}: not all of its inputs have these years")
    tables = {name: graph.tables[name] for name in made_by.inputs}
    step = Step(
        graph.settings.model_copy(update={"years": years}) if left_out else graph.settings,
        year_of(partition, graph.settings),
        graph.store,
        tables,
        context.resources.duckdb.get_connection,
        scenario=partition if isinstance(partition, str) else None,
        scenarios=tuple(str(name) for name in partition_keys("scenario", graph.settings)),
        metadata={"years_left_out": left_out} if left_out else {},
    )
    return step, graph.provenance(made_by.name, partition, years)


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
) -> Generator[dg.AssetCheckEvaluation, None, Made]:
    """Make one partition: yield the evaluation of its schema, return what was made.

    Raises
    ------
    dagster.Failure
        If the frame breaks its schema; the evaluation is out by then, and nothing has been written.
    """
    context.resources.progress.started(table.stage, table.name, partition)
    began = time.perf_counter()
    try:
        with turn(graph.settings, table.name, partition, context.log.info):
            step, provenance = _step(graph, made_by, partition, context)
            rows, content = _check_and_write(graph, table, made_by.compute(step), provenance, partition)
            metadata = table_metadata(graph.store, table, partition, rows, provenance) | step_metadata(step)
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
    return Made(metadata, content)


def _check_and_write(
    graph: Graph, table: Table, made: pd.DataFrame | Stream, provenance: Provenance, partition: Partition
) -> tuple[int, str | None]:
    """Write what obeys the table's rules and return the number of rows, and their hash for a table without partitions.

    Raises
    ------
    SchemaViolation
        Before anything is written.
    """
    if isinstance(made, Stream):
        return graph.store.write_stream(table, made, provenance, partition), None
    checked = table.check(made)
    graph.store.write(table, checked, provenance, partition)
    return len(checked), content_hash(checked) if table.dimension is None else None


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
        if own is None:
            made = yield from _make(graph, made_by, table, None, context)
            # What depends on a table without partitions follows its content, not that it was made once more.
            yield dg.MaterializeResult(metadata=made.metadata, data_version=dg.DataVersion(str(made.content)))
        else:
            for key in context.partition_keys:
                made = yield from _make(graph, made_by, table, int(key) if table.by_year else key, context)
                context.add_asset_metadata(made.metadata, partition_key=key)
            yield dg.MaterializeResult()
        # The evaluations are out, one a partition; Dagster also waits for the check's own output.
        yield dg.Output(None, output_name=check.get_python_identifier())

    return make


def _file_asset(graph: Graph, made_by: Recipe, output: FileOutput) -> dg.AssetsDefinition:
    @dg.asset(**_common(graph, made_by, output))
    def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        context.resources.progress.started(output.stage, output.name, None)
        began = time.perf_counter()
        with turn(graph.settings, output.name, None, context.log.info):
            step, provenance = _step(graph, made_by, None, context)
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
        "deps": [_dependency(graph, graph.tables[name], output) for name in made_by.inputs],
        "code_version": graph.own_hash(made_by.name)[:16],
        "kinds": set(made_by.kinds),
        "owners": [graph.settings.owner],
        "tags": {"reeassets/stage": output.stage},
        "automation_condition": follows_inputs(graph, made_by),
        "freshness_policy": freshness(graph, made_by),
        "required_resource_keys": RESOURCES,
    }


def _dependency(graph: Graph, parent: Table, child: Table | FileOutput) -> dg.AssetDep:
    """Say which partitions of the parent those of the child are made from, where Dagster cannot know it."""
    if parent.dimension is None or child.dimension in (None, parent.dimension):
        return dg.AssetDep(asset_key(parent))
    needed: dict[str, list[str]] = defaultdict(list)
    for partition in partition_keys(child.dimension, graph.settings):
        for key in parent_keys(parent.dimension, child.dimension, partition, graph.settings):
            needed[str(key)].append(str(partition))
    return dg.AssetDep(asset_key(parent), partition_mapping=dg.StaticPartitionMapping(needed))


def build_assets(graph: Graph, partitions: PartitionsOf) -> list[dg.AssetsDefinition]:
    """Turn every recipe of a graph into a Dagster asset, with the partitions of each dimension."""
    return [
        _file_asset(graph, made_by, made_by.output) if made_by.output else _table_asset(graph, made_by, partitions)
        for made_by in graph.recipes.values()
    ]
