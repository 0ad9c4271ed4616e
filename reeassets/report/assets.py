"""Assets of the stage ``report``."""

from pathlib import Path

from reeassets.platform.recipe import FileOutput, Step, file_recipe
from reeassets.platform.warehouse import build_warehouse

WAREHOUSE = FileOutput(
    stage="report",
    name="warehouse",
    description="One DuckDB file, read-only by custom, with every table and comments on tables and columns.",
    path=lambda settings: settings.warehouse_file,
)


@file_recipe(WAREHOUSE, inputs=("*",), uses=("years",), kinds=frozenset({"duckdb"}))
def warehouse(step: Step, path: Path) -> None:
    """Build the warehouse beside the old one; the caller swaps it in."""
    step.metadata["rows"] = build_warehouse(path, step.store, list(step.tables.values()), step.settings)


RECIPES = [warehouse]
