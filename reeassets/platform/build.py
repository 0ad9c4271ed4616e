"""The whole code location: assets, checks, jobs and resources, from settings."""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource
from upath import UPath

from reeassets import plugins
from reeassets.partitions import scenario_partitions, year_partitions
from reeassets.platform.automation import build_automation
from reeassets.platform.checks import build_checks
from reeassets.platform.factory import PartitionsOf, Years, build_assets
from reeassets.platform.graph import Graph
from reeassets.platform.io_manager import ParquetIOManager
from reeassets.platform.jobs import build_jobs
from reeassets.platform.progress import LogProgress
from reeassets.platform.schedules import build_schedules
from reeassets.platform.sensors import build_sensors
from reeassets.platform.turns import run_turns
from reeassets.settings import Settings

# Dagster resolves jobs long after this module built them, and says each time that their owners are a beta feature;
# without them nobody knows whom to ask. Its version is pinned.
warnings.filterwarnings("ignore", message="Parameter `owners`", category=dg.BetaWarning)


class BrokenDefinitions(UserWarning):
    """Definitions of another package could not be loaded; the rest of the platform is there."""


def _extra_definitions() -> list[dg.Definitions]:
    found = []
    for plugin in plugins.discover("definitions"):
        if isinstance(plugin.value, dg.Definitions):
            found.append(plugin.value)
        else:
            reason = plugin.error or f"it is a {type(plugin.value).__name__}, not dagster.Definitions"
            warnings.warn(f"{plugin.origin} was left out: {reason}", BrokenDefinitions, stacklevel=2)
    return found


def build_defs(
    settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None, graph: Graph | None = None
) -> dg.Definitions:
    """Build everything Dagster loads.

    Parameters
    ----------
    settings : Settings, optional
        The configuration; read from the environment and the home by default.
    resource_overrides : mapping, optional
        Resources to put in the place of the platform's: ``duckdb``, ``progress``, ``years``, ``turns``,
        ``io_manager``.
    graph : Graph, optional
        The graph of these settings, if the caller has it already.
    """
    graph = graph or Graph(settings or Settings())
    partitions: PartitionsOf = {
        "year": year_partitions(graph.settings.years),
        "scenario": scenario_partitions(graph.scenarios),
    }
    resources = {
        "duckdb": DuckDBResource(database=":memory:"),
        "progress": LogProgress(),
        "years": Years(allow_missing=graph.settings.allow_missing_years, allow_outdated=graph.settings.allow_outdated),
        "turns": run_turns(graph),
        "io_manager": ParquetIOManager(base_path=UPath(graph.settings.tables_root)),
        **(resource_overrides or {}),
    }
    with warnings.catch_warnings():
        # Dagster 1.13 marks partitioned checks as a preview and backfill policies as beta. Without the first a run
        # over many years shows one result for all, without the second it is 17 runs; its version is pinned, so neither
        # can move.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = build_assets(graph, partitions)
        checks = build_checks(graph, partitions)
        jobs = build_jobs(graph)
        schedules = build_schedules(graph.settings, {job.name for job in jobs})
        sensors = [*build_sensors(graph, jobs), build_automation()]
    own = dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources=resources,
        # Measured: four small assets take 9 s in one process and 51 s in one process each.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(own, *_extra_definitions())
