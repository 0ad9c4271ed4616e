"""From recipes to Dagster assets: make, check against the schema, write, and report, partition by partition."""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import dagster as dg
import pandas as pd
from pydantic import Field

from reeassets.parallel import running
from reeassets.platform.automation import follows_inputs, freshness
from reeassets.platform.check import Found
from reeassets.platform.dimensions import parent_keys, partition_keys, year_of
from reeassets.platform.evaluations import evaluation, targets
from reeassets.platform.graph import Graph
from reeassets.platform.guards import Refused, guarded, guards_of
from reeassets.platform.guide import section
from reeassets.platform.memory import give_back
from reeassets.platform.metadata import (
    column_origins,
    column_schema,
    found_metadata,
    key_figures,
    problem_metadata,
    provenance_metadata,
    step_metadata,
    table_metadata,
)
from reeassets.platform.outdated import changed_settings, outdated_inputs, refusal
from reeassets.platform.recipe import FileOutput, Recipe, Step
from reeassets.platform.turns import RESULTS, turn
from reeassets.storage import Provenance, content_hash
from reeassets.streams import Stream
from reeassets.tables import Dimension, Partition, SchemaViolation, Table
from reeassets.years import format_years

SCHEMA_CHECK = "schema"
RESOURCES = {"duckdb", "progress", "years", "turns"}
Of = TypeVar("Of")
PartitionsOf = Mapping[Dimension, dg.PartitionsDefinition]


class Years(dg.ConfigurableResource):
    """What a run does about missing years; in the launchpad under ``resources.years.config``."""

    allow_missing: bool = Field(
        False, description="Make results over all years from the years that are there, even if some are missing"
    )
    allow_outdated: bool = Field(
        False, description="Make results over all years from tables of other settings, code or data than today's"
    )


@dataclass
class Made:
    """One partition of a table that has been made.

    Attributes
    ----------
    rows : int
        How many it has.
    metadata : dict
        What its materialisation says.
    content : str or None
        Hash of its rows, for a table without partitions.
    found : dict of str to Found
        What the checks found that were made before it was written.
    seconds : float
        How long it took.
    """

    rows: int
    metadata: dict[str, Any]
    content: str | None
    found: dict[str, Found]
    seconds: float


def asset_key(output: Table | FileOutput) -> dg.AssetKey:
    """Return the asset key of what a recipe makes: stage and name."""
    return dg.AssetKey([output.stage, output.name])


def _await_turn(graph: Graph, name: str, context: dg.AssetExecutionContext) -> None:
    """Wait until no other run makes results over years, if that is what the recipe of this name makes."""
    if graph.output(name).dimension is None and graph.years_behind(name):
        context.resources.turns.keep(RESULTS, context.log.info)


def _step(
    graph: Graph, made_by: Recipe, partition: Partition, context: dg.AssetExecutionContext
) -> tuple[Step, Callable[[], Provenance]]:
    """Return what the recipe's function gets, and how to get what its result is made from."""
    years = graph.usable_years(made_by.name, allow_missing=context.resources.years.allow_missing)
    left_out = format_years(set(graph.years_read(made_by.name)).difference(years))
    if left_out:
        context.log.warning(f"{made_by.name} is made without {left_out}: not all of its inputs have these years")
    outdated = outdated_inputs(graph, made_by.name, years)
    if outdated and not context.resources.years.allow_outdated:
        raise refusal(made_by.name, outdated)
    if outdated:
        context.log.warning(f"{made_by.name} is made from what was made differently than it would be now: {outdated}")
    tables = {name: graph.tables[name] for name in made_by.inputs}
    scenarios = graph.current_scenarios(made_by.name) if partition is None else graph.scenarios
    behind = [name for name in graph.scenarios if name not in scenarios]
    if behind:
        context.log.warning(
            f"{made_by.name} is made without scenarios that are not there or of earlier data, until the job `shocks` "
            f"has made them: {', '.join(behind)}"
        )
    step = Step(
        graph.settings.model_copy(update={"years": years})
        if left_out and made_by.base_years is None
        else graph.settings,
        year_of(partition, graph.settings),
        graph.store,
        tables,
        context.resources.duckdb.get_connection,
        scenario=partition if isinstance(partition, str) else None,
        scenarios=scenarios,
        years=years,
        metadata={
            what: of
            for what, of in (
                ("years_left_out", left_out),
                ("outdated_inputs", outdated),
                ("scenarios_left_out", ", ".join(behind)),
            )
            if of
        },
    )
    asked = partial(graph.provenance, made_by.name, partition, years)
    if made_by.lineage is None:
        found = asked()
        return step, lambda: found
    # Input files are read for their SHA-256 while they are read for their rows: it is written at the end.
    pool = ThreadPoolExecutor(1)
    reading = pool.submit(asked)
    pool.shutdown(wait=False)
    return step, reading.result


def _make(graph: Graph, made_by: Recipe, table: Table, partition: Partition, context: dg.AssetExecutionContext) -> Made:
    """Make one partition and return what was made.

    Raises
    ------
    SchemaViolation, Refused
        If the frame breaks its schema, or a check that comes before writing; nothing has been written.
    """
    context.resources.progress.started(table.stage, table.name, partition)
    began = time.perf_counter()
    with turn(graph.settings, table.name, partition, context.log.info):
        before = _settings_before(graph, table, partition)
        step, provenance = _step(graph, made_by, partition, context)
        rows, content, figures, found = _check_and_write(graph, table, step, made_by.compute(step), provenance)
        about = table_metadata(graph.store, table, partition, rows, provenance())
        changed = changed_settings(before, provenance().settings)
    seconds = time.perf_counter() - began
    context.resources.progress.finished(table.stage, table.name, partition, rows, seconds)
    about |= {"settings_changed": changed} if changed else {}
    return Made(rows, about | figures | step_metadata(step), content, found, seconds)


def _settings_before(graph: Graph, table: Table, partition: Partition) -> dict[str, Any]:
    """Return the settings that the partition which is there was made under; none if it is not there or damaged."""
    try:
        recorded = graph.recorded(table.name, partition)
    except ValueError:
        # What replaces a damaged file has nothing to be compared with.
        return {}
    return {} if recorded is None else recorded.settings


def _make_all(
    graph: Graph, made_by: Recipe, table: Table, keys: Sequence[Partition], context: dg.AssetExecutionContext
) -> Generator[dg.AssetMaterialization | dg.AssetCheckEvaluation, None, dict[Partition, Made]]:
    """Make partitions, some at a time, and return what was made.

    A partition that breaks its schema, or is refused by a check, does not stop the others. If any does, what could be
    made is recorded and the broken ones are evaluated before the step fails.

    Raises
    ------
    dagster.Failure
        If a frame breaks its schema or is refused; the evaluation is out by then.
    """
    made: dict[Partition, Made] = {}
    broken: dict[Partition, SchemaViolation | Refused] = {}

    def attempt(key: Partition) -> None:
        try:
            made[key] = _make(graph, made_by, table, key, context)
        except (SchemaViolation, Refused) as problem:
            broken[key] = problem

    try:
        with running(attempt, keys, graph.settings.workers) as results:
            for _ in results:
                pass
    # Whatever it is, it is raised again: Dagster must first know of the years beside it that are in place.
    except Exception:
        yield from _recorded(graph, table, _sorted(made, keys), context)
        raise
    give_back()
    if made:
        # One event for all: each costs as much as a small partition.
        context.log.info("made " + "; ".join(_made_words(table, made[key], key) for key in _sorted(made, keys)))
    made, broken = _sorted(made, keys), _sorted(broken, keys)
    if broken:
        yield from _recorded(graph, table, made, context)
        for key, problem in broken.items():
            yield _failed(table, key, problem)
        told = "; ".join(
            f"{table.name}{'' if key is None else f' {key}'}: {problem}" for key, problem in broken.items()
        )
        first = next(iter(broken.values()))
        raise dg.Failure(
            f"{told}; nothing of it was written", metadata=_failure_metadata(first), allow_retries=False
        ) from first
    return made


def _made_words(table: Table, of: Made, partition: Partition) -> str:
    name = table.name if partition is None else f"{table.name} {partition}"
    changed = of.metadata.get("settings_changed")
    return f"{name}: {of.rows:,} rows in {of.seconds:.2f} s{f' ({changed})' if changed else ''}"


def _sorted(found: Mapping[Partition, Of], keys: Sequence[Partition]) -> dict[Partition, Of]:
    """Return what threads found of partitions in the order of these: the last that is recorded is the latest."""
    return {key: found[key] for key in keys if key in found}


def _recorded(
    graph: Graph, table: Table, made: Mapping[Partition, Made], context: dg.AssetExecutionContext
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Yield that partitions are in place, in a step that is about to fail: Dagster records nothing of it by itself."""
    for partition, of in made.items():
        yield dg.AssetMaterialization(
            asset_key(table),
            partition=str(partition),
            metadata=of.metadata,
            tags={"dagster/code_version": graph.own_hash(table.name)[:16]},
        )
    yield from _passed(table, made, context)


def _failed(table: Table, partition: Partition, problem: SchemaViolation | Refused) -> dg.AssetCheckEvaluation:
    """Return the evaluation of the check that a partition broke before it was written."""
    name, told = (
        (problem.check.name, problem.found.told) if isinstance(problem, Refused) else (SCHEMA_CHECK, str(problem))
    )
    guide = {"guide": dg.MetadataValue.md(section(name))}
    key, metadata = dg.AssetCheckKey(asset_key(table), name), _failure_metadata(problem)
    return evaluation(key, partition, passed=False, description=told, metadata=metadata | guide)


def _failure_metadata(problem: SchemaViolation | Refused) -> dict[str, Any]:
    if isinstance(problem, SchemaViolation):
        return problem_metadata(problem.problems)
    return found_metadata(problem.found) | {"what_to_do": problem.check.to_do}


def _passed(
    table: Table, made: Mapping[Partition, Made], context: dg.AssetExecutionContext
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield that what is checked before writing is kept, by partition, once Dagster knows the materialisations."""
    latest = targets(context.instance, asset_key(table), list(made))
    for partition, of in made.items():
        rules = f"{of.rows:,} rows obey the rules of {len(table.columns)} columns; the key is unique"
        if "outdated_inputs" in of.metadata:
            rules += f"; made, as allowed, from what is out of date: {of.metadata['outdated_inputs']}"
        for name, found in {SCHEMA_CHECK: Found(True, rules, {"rows": of.rows}), **of.found}.items():
            yield evaluation(
                dg.AssetCheckKey(asset_key(table), name),
                partition,
                passed=True,
                description=found.told,
                metadata=found_metadata(found),
                target=latest[partition],
            )


def _check_and_write(
    graph: Graph, table: Table, step: Step, made: pd.DataFrame | Stream, provenance: Callable[[], Provenance]
) -> tuple[int, str | None, dict[str, float], dict[str, Found]]:
    """Write what obeys the table's rules and is not refused.

    Returns
    -------
    tuple
        Number of rows; their hash, for a table without partitions; key figures; what checks found.

    Raises
    ------
    SchemaViolation, Refused
        Before anything is written.
    """
    partition = step.year if table.by_year else step.scenario
    if isinstance(made, Stream):
        return graph.store.write_stream(table, made, provenance, partition), None, {}, {}
    checked = table.check(made)
    found = guarded(table, step, checked)
    problems = table.problem_of_rows(len(checked))
    if problems:
        raise SchemaViolation(table.name, problems)
    graph.store.write(table, checked, provenance(), partition)
    content = content_hash(checked) if table.dimension is None else None
    return len(checked), content, key_figures(table, checked), found


def _table_asset(graph: Graph, made_by: Recipe, partitions: PartitionsOf) -> dg.AssetsDefinition:
    table = graph.tables[made_by.name]
    own = partitions[table.dimension] if table.dimension else None
    rules = "Types, ranges, legal values, the key, and that there are rows, checked before anything is written."
    checks = [
        dg.AssetCheckSpec(
            name,
            asset=asset_key(table),
            description=about,
            blocking=True,
            partitions_def=own,
            metadata={"guide": dg.MetadataValue.md(section(name)), **to_do},
        )
        for name, about, to_do in [
            (SCHEMA_CHECK, rules, {}),
            *((of.name, f"{of.about} If not: {of.to_do}", {"what_to_do": of.to_do}) for of in guards_of(table.name)),
        ]
    ]
    lineage = _lineage(graph, table)

    @dg.asset(
        **_common(graph, made_by, table),
        partitions_def=own,
        backfill_policy=dg.BackfillPolicy.single_run() if own else None,
        check_specs=checks,
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": f"reeassets.{table.name}",
            **lineage,
            **({"column_lineage": column_origins(*lineage.values())} if lineage else {}),
        },
    )
    def make(context: dg.AssetExecutionContext) -> Iterator[Any]:
        _await_turn(graph, made_by.name, context)
        if own is None:
            made = yield from _make_all(graph, made_by, table, [None], context)
            # What depends on a table without partitions follows its content, not that it was made once more.
            version = dg.DataVersion(str(made[None].content))
            yield dg.MaterializeResult(metadata=made[None].metadata | lineage, data_version=version)
        else:
            keys: list[Partition] = [int(key) if table.by_year else key for key in context.partition_keys]
            made = yield from _make_all(graph, made_by, table, keys, context)
            for key, of in made.items():
                context.add_asset_metadata(of.metadata | lineage, partition_key=str(key))
            yield dg.MaterializeResult()
        yield from _passed(table, made, context)
        # The evaluations are out, one a partition; Dagster also waits for each check's own output.
        for check in checks:
            yield dg.Output(None, output_name=check.get_python_identifier())

    return make


def _lineage(graph: Graph, table: Table) -> dict[str, dg.TableColumnLineage]:
    """Return where the columns come from, as the UI shows it; nothing for a table without inputs."""
    deps = {
        column: [dg.TableColumnDep(asset_key(graph.tables[origin]), source) for origin, source in sources]
        for column, sources in graph.column_lineage(table.name).items()
        if sources
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}


def _file_asset(graph: Graph, made_by: Recipe, output: FileOutput) -> dg.AssetsDefinition:
    @dg.asset(**_common(graph, made_by, output))
    def make(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        _await_turn(graph, made_by.name, context)
        context.resources.progress.started(output.stage, output.name, None)
        began = time.perf_counter()
        with turn(graph.settings, output.name, None, context.log.info):
            step, provenance = _step(graph, made_by, None, context)
            path = graph.write_file(output.name, lambda temporary: made_by.compute(step, temporary), provenance())
        context.resources.progress.finished(output.stage, output.name, None, None, time.perf_counter() - began)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(path)),
                "bytes": path.stat().st_size,
                **provenance_metadata(provenance()),
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
        "owners": [graph.settings.owner],
        "tags": {"reeassets/stage": output.stage},
        "automation_condition": follows_inputs(graph, made_by),
        "freshness_policy": freshness(graph, made_by),
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
