"""``reeassets tables`` and ``reeassets show``: what is in the warehouse."""

import sys
from functools import partial
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.filters import known, no_rows, query
from reeassets.console.warehouse import catalogue, generated_notice, open_warehouse
from reeassets.settings import Settings
from reeassets.years import format_years


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, str]]:
    return connection.execute(
        "select column_name, data_type, comment from duckdb_columns() where table_name = ? order by column_index",
        [table],
    ).fetchall()


def _give_notice(connection: duckdb.DuckDBPyConnection) -> None:
    """Say on standard error, where it spoils no CSV, that data are generated."""
    notice = generated_notice(connection)
    if notice:
        Console(stderr=True).print(notice, style="bold yellow", highlight=False, soft_wrap=True)


def _require(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    names = [name for name, _, _ in catalogue(connection)]
    if table not in names:
        raise ValueError(f"the warehouse has no table {table!r}; it has {', '.join(names)}")


def _years(connection: duckdb.DuckDBPyConnection, name: str, columns: list[tuple[str, str, str]]) -> str:
    if "year" not in [column for column, _, _ in columns]:
        return ""
    years = connection.execute(f"select distinct year from {name}").fetchall()  # noqa: S608  (a name of the catalogue)
    return f", years {format_years(int(year) for (year,) in years)}"


def list_tables(settings: Settings, name: str | None, console: Console) -> None:
    """Print every table, or one, with rows, years and the meaning of its columns."""
    with open_warehouse(settings) as connection:
        _give_notice(connection)
        if name is not None:
            _require(connection, name)
        for table, description, rows in catalogue(connection):
            if name not in (None, table):
                continue
            columns = _columns(connection, table)
            years = _years(connection, table, columns)
            grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 2), show_header=False)
            for column, dtype, meaning in columns:
                grid.add_row(column, f"[dim]{dtype.lower()}[/dim]", meaning)
            console.print(f"[bold]{table}[/bold]  {rows:,} rows{years}", highlight=False)
            console.print(f"  {description}", highlight=False)
            console.print(grid)
            console.print()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _grid(columns: list[str], texts: list[list[str]]) -> RichTable:
    grid = RichTable(box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, no_wrap=True)
    for cells in texts:
        grid.add_row(*cells)
    return grid


def _record(columns: list[str], cells: list[str]) -> RichTable:
    """Lay one row out downwards: what does not fit beside each other is not cut into slivers."""
    record = RichTable(box=None, pad_edge=False, show_header=False)
    record.add_column(style="dim", no_wrap=True)
    record.add_column(overflow="fold")
    for column, cell in zip(columns, cells, strict=True):
        record.add_row(column, cell)
    return record


def show_rows(
    settings: Settings, table: str, filters: dict[str, Any], console: Console, *, limit: int | None, csv: bool
) -> None:
    """Print rows of a table, as a grid or as CSV.

    Raises
    ------
    ValueError
        If there is no such table, it has no column that a filter fits, or filters leave nothing of it.
    """
    with open_warehouse(settings) as connection:
        _give_notice(connection)
        _require(connection, table)
        columns = [column for column, _, _ in _columns(connection, table)]
        aside = Console(stderr=True) if csv else console
        say = partial(aside.print, style="yellow", markup=False, highlight=False, soft_wrap=True)
        found = known(connection, columns, table, filters, say)
        source, values = query(columns, table, found)
        total = connection.execute(f"select count(*) {source}", values).fetchall()[0][0]
        if values and not total:
            raise no_rows(table, found)
        if csv:
            connection.execute(f"select * {source} order by all", values).df().to_csv(sys.stdout, index=False)
            return
        cut = f" limit {int(limit)}" if limit is not None else ""
        rows = connection.execute(f"select * {source}{cut}", values).fetchall()
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(columns, *texts, strict=True)]
    if sum(widths) + 2 * len(widths) <= console.width:
        console.print(_grid(columns, texts))
    else:
        for cells in texts:
            console.print(_record(columns, cells))
            console.print()
    console.print(f"{len(rows):,} of {total:,} rows", style="dim", highlight=False)
