"""Opening the warehouse for reading."""

import duckdb

from reeassets.platform.reading import open_read_only
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, read_record
from reeassets.trade.contract import is_generated
from reeassets.trade.served import set_otherwise


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-only.

    Raises
    ------
    FileNotFoundError
        If it has not been made.
    WarehouseHeld, WarehouseUnreadable
        If another program has it open for writing, or it is damaged.
    MissingPartition
        If it is of another source, product set or grouping of economies than is set now.
    """
    path = settings.warehouse_file
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no warehouse yet; `reeassets run` makes it")
    recorded = read_record(path)
    other = None if recorded is None else set_otherwise(settings, recorded)
    if other is not None:
        raise MissingPartition(f"{path}: the warehouse is of {other}; `reeassets run` renews it")
    return open_read_only(path)


def generated_notice(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the notice that must stand beside results of generated data, or None if the data are real."""
    about = dict(connection.execute("select name, value from about").fetchall())
    return about["notes"] if is_generated(about["version"]) else None


def catalogue(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Return name, description and number of rows of every table, in the order they are made in."""
    return connection.execute("select name, description, rows from catalogue order by position").fetchall()
