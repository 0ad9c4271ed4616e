"""The warehouse: one DuckDB file with every table, comments on tables and columns, and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from reeassets.networks.schema import EDGE_VIEWS, NETWORK_EDGES
from reeassets.storage import TableStore
from reeassets.tables import Dimension, Partition, Table

CATALOGUE = "catalogue"
ABOUT = "about"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def build_warehouse(
    path: Path,
    store: TableStore,
    tables: list[Table],
    partitions: Mapping[Dimension, Sequence[Partition]],
    about: Mapping[str, str],
) -> dict[str, int]:
    """Write every table into a new DuckDB file.

    Parameters
    ----------
    path : Path
        File to write; must not exist.
    store : TableStore
        Where the Parquet partitions are.
    tables : list of Table
        What to put in.
    partitions : mapping of str to sequence
        What to put in of tables by year and by scenario; a table with nothing of it is there, without rows.
    about : mapping of str to str
        What a reader must know of the data: source, version and the like.

    Returns
    -------
    dict
        Number of rows by table.
    """
    rows = {}
    with duckdb.connect(str(path)) as connection:
        if not store.is_local:
            connection.register_filesystem(store.root.fs)
        for table in tables:
            name = table.name
            keys = partitions[table.dimension] if table.dimension else (None,)
            _fill(connection, table, [store.file(table, key) for key in keys])
            connection.execute(f"comment on table {name} is {_literal(table.description)}")
            for column, of in table.columns.items():
                unit = (of.metadata or {}).get("unit")
                meaning = f"{of.description} [{unit}]" if unit else str(of.description)
                connection.execute(f'comment on column {name}."{column}" is {_literal(meaning)}')
            counted = connection.execute(f"select count(*) from {name}").fetchone()  # noqa: S608
            assert counted is not None
            rows[name] = int(counted[0])
        _write_catalogue(connection, tables, rows)
        if NETWORK_EDGES.name in rows:
            _write_views(connection)
        connection.execute(f"create table {ABOUT} (name varchar, value varchar)")
        connection.executemany(f"insert into {ABOUT} values (?, ?)", list(about.items()))  # noqa: S608
        connection.execute(f"comment on table {ABOUT} is 'What a reader must know of the data in this file.'")
    return rows


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, files: list[str]) -> None:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    order = ", ".join(f'"{column}"' for column in table.key)
    create = f"create table {table.name} as select {columns} from"
    if files:
        connection.execute(f"{create} read_parquet($files) order by {order}", {"files": files})
    else:
        # Of its own, since a connection with a result that nobody has fetched registers nothing.
        with connection.cursor() as cursor:
            cursor.register("no_rows", pa.Table.from_pandas(table.empty(), preserve_index=False))
            cursor.execute(f"{create} no_rows")


def _write_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Show the tiered network as its two edge tables."""
    for name, description, query in EDGE_VIEWS:
        connection.execute(f"create view {name} as {query}")
        connection.execute(f"comment on view {name} is {_literal(description)}")


def _write_catalogue(connection: duckdb.DuckDBPyConnection, tables: list[Table], rows: dict[str, int]) -> None:
    """List the tables in the order they are made in, so that a reader of the file alone can find the way."""
    connection.execute(
        f"create table {CATALOGUE} (position integer, stage varchar, name varchar, description varchar, key varchar, "
        "rows bigint)"
    )
    entries = [
        (position, table.stage, table.name, table.description, ", ".join(table.key), rows[table.name])
        for position, table in enumerate(tables, start=1)
    ]
    connection.executemany(f"insert into {CATALOGUE} values (?, ?, ?, ?, ?, ?)", entries)  # noqa: S608
    connection.execute(f"comment on table {CATALOGUE} is 'The tables of this file, in the order they are made in.'")
