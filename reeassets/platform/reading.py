"""Opening the warehouse for reading: what can be wrong with the file, and with DuckDB's log beside it.

The platform writes the file as a whole, so that it needs no log. One that is there is of another program that wrote
into the file; if that was killed and the file replaced since, the log belongs to a file that is gone.
"""

import re
import uuid
from pathlib import Path

import duckdb

from reeassets.processes import own_process
from reeassets.storage import companions

_HELD = "Could not set lock on file"
_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<process>\d+)\)")


class WarehouseHeld(OSError):
    """Another program has the warehouse open for writing, and nobody else can read it."""


class WarehouseUnreadable(OSError):
    """The file is no warehouse, or damaged."""


def open_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-only, without a log that belongs to another file.

    Raises
    ------
    WarehouseHeld
        If another program has it open for writing; the message names the program.
    WarehouseUnreadable
        If it is damaged.
    """
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.Error as problem:
        if _HELD in str(problem):
            told = f"{path}: {_who(str(problem))} has it open for writing, and nobody else can read it until it ends"
            raise WarehouseHeld(told) from problem
        if not companions(path):
            raise _unreadable(path, problem) from problem
        return _open_without_log(path)


def _who(problem: str) -> str:
    found = _HOLDER.search(problem)
    return f"process {found['process']} ({found['program']})" if found else "another program"


def _unreadable(path: Path, problem: duckdb.Error) -> WarehouseUnreadable:
    if path.is_dir():
        return WarehouseUnreadable(f"{path}: it is a folder, and no warehouse can be made in its place; move it away")
    return WarehouseUnreadable(f"{path}: cannot be read as a warehouse, `reeassets run` makes it again ({problem})")


def _open_without_log(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the file under another name, beside which no log stands."""
    alias = path.with_name(f".{path.name}.{own_process()}-{uuid.uuid4().hex}.tmp")
    alias.hardlink_to(path)
    try:
        return duckdb.connect(str(alias), read_only=True)
    except duckdb.Error as problem:
        raise _unreadable(path, problem) from problem
    finally:
        alias.unlink(missing_ok=True)


def holder(path: Path) -> str | None:
    """Say which program has the warehouse open for writing; None if none has, or there is no warehouse."""
    try:
        if path.exists():
            open_read_only(path).close()
    except WarehouseHeld as problem:
        return str(problem)
    except WarehouseUnreadable:
        return None
    return None


def damage(path: Path) -> str | None:
    """Say what is wrong with a warehouse that is there so that it has to be made again; None if nothing is."""
    if not path.exists():
        return None
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as problem:
        if _HELD in str(problem):
            return None
        if companions(path):
            logs = ", ".join(log.name for log in companions(path))
            return f"{path}: {logs} beside it belongs to another file; `reeassets run` makes both right ({problem})"
        return str(_unreadable(path, problem))
    return None
