"""What a materialisation says of itself in Dagster: rows, provenance, columns, a preview, and what the recipe adds."""

import base64
from typing import Any

import dagster as dg
import pandas as pd

from reeassets.platform.check import Found
from reeassets.platform.recipe import Step
from reeassets.storage import Provenance, TableStore
from reeassets.tables import Partition, Problem, Table

PREVIEW_ROWS = 5


def column_schema(table: Table) -> dg.TableSchema:
    """Describe a table's columns: type, meaning with unit, and the rules of the range."""
    columns = []
    for name, column in table.columns.items():
        unit = (column.metadata or {}).get("unit")
        rules = [str(check.error or check.name) for check in column.checks]
        columns.append(
            dg.TableColumn(
                name=name,
                type=table.dtype(name),
                description=f"{column.description} [{unit}]" if unit else column.description,
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), other=rules),
                tags={"key": ""} if name in table.key else {},
            )
        )
    return dg.TableSchema(columns=columns)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return "" if value is None or value is pd.NA else str(value).replace("|", "\\|").replace("\n", " ")


def markdown_table(frame: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Show a small frame as Markdown."""
    head = "| " + " | ".join(map(str, frame.columns)) + " |\n|" + "---|" * len(frame.columns)
    lines = [
        "| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.itertuples(index=False, name=None)
    ]
    return dg.MetadataValue.md("\n".join([head, *lines]))


def column_origins(lineage: dg.TableColumnLineage) -> dg.MarkdownMetadataValue:
    """Show where columns come from as a table with links: Dagster's open-source UI draws no column lineage."""
    lines = ["| column | made from |", "|---|---|"]
    for name, sources in lineage.deps_by_column.items():
        links = [
            f"[{dep.asset_key.path[-1]}](/assets/{'/'.join(dep.asset_key.path)}).{dep.column_name}" for dep in sources
        ]
        lines.append(f"| {name} | {', '.join(links)} |")
    return dg.MetadataValue.md("\n".join(lines))


def provenance_metadata(provenance: Provenance) -> dict[str, dg.MetadataValue]:
    """Show what a partition was made from; of data and set `none` for what does not depend on them."""
    behind = {name: getattr(provenance, name) for name in ("source", "source_version", "nomenclature")}
    behind["product_set_version"] = provenance.product_set_version
    return {
        **{name: dg.MetadataValue.text(text or "none") for name, text in behind.items()},
        "configuration_hash": dg.MetadataValue.text(provenance.configuration),
        "settings": dg.MetadataValue.json(provenance.settings),
        "fingerprint": dg.MetadataValue.text(provenance.fingerprint),
        "input_files_sha256": dg.MetadataValue.json(provenance.inputs),
        **({"years": dg.MetadataValue.text(provenance.years)} if provenance.years else {}),
    }


def table_metadata(
    store: TableStore, table: Table, partition: Partition, rows: int, provenance: Provenance
) -> dict[str, Any]:
    """Collect the metadata of one partition of a table, as it is on disk."""
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": column_schema(table),
        "preview": markdown_table(store.head(table, PREVIEW_ROWS, partition)),
        "path": dg.MetadataValue.path(str(store.path(table, partition))),
        **provenance_metadata(provenance),
    }


def key_figures(table: Table, frame: pd.DataFrame) -> dict[str, float]:
    """Return the sum of each column of amounts and the mean of each of other numbers; Dagster plots them by year."""
    figures = {}
    for name, column in table.columns.items():
        if table.dtype(name) != "float64" or frame[name].isna().all():
            continue
        amount = str((column.metadata or {}).get("unit")).startswith("thousand")
        figures[f"{'sum' if amount else 'mean'} of {name}"] = float(frame[name].sum() if amount else frame[name].mean())
    return figures


def found_metadata(found: Found) -> dict[str, Any]:
    """Show what a check found: its figures, and rows."""
    return found.numbers | ({} if found.rows is None else {"rows": markdown_table(found.rows)})


def step_metadata(step: Step) -> dict[str, Any]:
    """Show what a recipe said of its result, and its pictures."""
    pictures = {
        name: dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})")
        for name, png in step.pictures.items()
    }
    return step.metadata | pictures


def problem_metadata(problems: list[Problem]) -> dict[str, dg.MetadataValue]:
    """Show broken rules: one table of rules, one of sample rows for each."""
    rules = pd.DataFrame(
        {
            "column": [problem.column for problem in problems],
            "rule": [problem.rule for problem in problems],
            "count": [problem.count for problem in problems],
        }
    )
    samples = {
        f"rows: {problem.column}, {problem.rule}"[:200]: markdown_table(pd.DataFrame(problem.rows))
        for problem in problems
        if problem.rows
    }
    return {"broken_rules": markdown_table(rules), **samples}
