"""Assets of the stage ``report``."""

from pathlib import Path
from typing import Any

from reeassets.indicators.contract import registered_indicators
from reeassets.platform import reading
from reeassets.platform.recipe import FileOutput, Step, file_recipe
from reeassets.platform.warehouse import build_warehouse
from reeassets.products import sets
from reeassets.report.html import SHOWN_SETTINGS, TABLES, TEMPLATE, Origin, render
from reeassets.tables import Dimension, Partition
from reeassets.trade.bundled import digests
from reeassets.trade.sources import no_files, said_of_source
from reeassets.years import format_years

WAREHOUSE = FileOutput(
    stage="report",
    name="warehouse",
    description="One DuckDB file, read-only by custom, with every table and comments on tables and columns.",
    path=lambda settings: settings.warehouse_file,
    damage=reading.damage,
)
HTML_REPORT = FileOutput(
    stage="report",
    name="html_report",
    description="One HTML file that reads offline: data, findings, figures, definitions and provenance.",
    path=lambda settings: settings.report_file,
)


@file_recipe(
    WAREHOUSE,
    inputs=("*",),
    uses=("years", "product_set", "source"),
    outside=said_of_source,
    lineage=no_files,
    kinds=frozenset({"duckdb"}),
)
def warehouse(step: Step, path: Path) -> None:
    """Build the warehouse beside the old one; the caller swaps it in."""
    about = {
        "source": step.source.name,
        "version": step.source.version,
        "nomenclature": step.source.nomenclature,
        "notes": step.source.notes,
        "product_set": f"{step.settings.product_set}, version {sets.product_set(step.settings).version}",
        "years": format_years(step.years),
        "scenarios_left_out": step.metadata.get("scenarios_left_out", "none"),
        "outdated_inputs": step.metadata.get("outdated_inputs", "none"),
    }
    held = reading.holder(step.settings.warehouse_file)
    if held:
        step.metadata["old_file"] = f"{held}. It keeps the old file; the new one takes its place"
    partitions: dict[Dimension, tuple[Partition, ...]] = {"year": step.years, "scenario": step.scenarios}
    step.metadata["rows"] = build_warehouse(path, step.store, list(step.tables.values()), partitions, about)


@file_recipe(
    HTML_REPORT,
    inputs=TABLES,
    uses=SHOWN_SETTINGS,
    plugins=("sources", "product_sets", "indicators"),
    outside=lambda settings, year: digests([TEMPLATE]) | said_of_source(settings, year),
    lineage=lambda *_: digests([TEMPLATE]),
    kinds=frozenset({"plotly", "html"}),
)
def html_report(step: Step, path: Path) -> None:
    """Write the report beside the old one; the caller swaps it in."""
    page = render(
        {name: step.read(name) for name in TABLES},
        _origin(step),
        step.settings,
        [indicator.under(step.settings) for indicator in registered_indicators()],
    )
    path.write_text(page, encoding="utf-8")


def _origin(step: Step) -> Origin:
    """Say what the findings were made from, as recorded with them."""
    chosen = sets.product_set(step.settings)
    recorded = step.store.provenance(step.tables["findings"])
    assert recorded is not None
    return Origin(
        source=step.source.name,
        version=step.source.version,
        nomenclature=step.source.nomenclature,
        notes=step.source.notes,
        product_set=chosen.name,
        set_version=chosen.version,
        set_description=chosen.description,
        configuration=recorded.configuration,
        inputs=recorded.inputs,
        settings=_recorded_settings(step),
        outdated=step.metadata.get("outdated_inputs", ""),
    )


def _recorded_settings(step: Step) -> dict[str, list[Any]]:
    """Return the values of the settings that the step's tables were made under, each once."""
    values: dict[str, list[Any]] = {}
    for table in step.tables.values():
        keys: tuple[Partition, ...] = step.years if table.by_year else step.scenarios if table.by_scenario else (None,)
        for key in keys:
            recorded = step.store.provenance(table, key)
            assert recorded is not None
            for name, value in recorded.settings.items():
                if value not in values.setdefault(name, []):
                    values[name].append(value)
    return values


RECIPES = [warehouse, html_report]
