"""Where a home is, and which folders cannot be one."""

import os
import re
from pathlib import Path

DEFAULT_HOME = Path("var")
# What a path is read as by those who get it as part of an address or a pattern: `?` begins a query and %41 is an A to
# SQLite's addresses, a backslash is a slash to DuckDB. Files would be made elsewhere, or not at all.
_READ_OTHERWISE = (
    (re.compile(r"\?"), "`?` begins a query in the addresses of Dagster's records"),
    (re.compile(r"%[0-9A-Fa-f]{2}"), "is one character in the addresses of Dagster's records"),
    (re.compile(r"\\"), "DuckDB takes a backslash for a slash"),
    (re.compile(r"[\x00-\x1f\x7f]"), "control characters cannot be shown"),
    (re.compile(r"[\ud800-\udfff]"), "it is not UTF-8"),
)


class HomeError(ValueError):
    """A folder cannot hold what it should; the message names it and the cause."""


def variable(name: str) -> str | None:
    """Return an environment variable; None if it is not set, or empty, as scripts leave those they do not set."""
    value = os.environ.get(name, "")
    return value if value.strip() else None


def home_path() -> Path:
    """Return the platform's home: ``REEASSETS_HOME``, or ``var`` in the working directory."""
    return Path(variable("REEASSETS_HOME") or DEFAULT_HOME).expanduser().absolute()


def require_folder(path: Path, what: str) -> Path:
    """Return a folder, there or not, that files can be kept in.

    Parameters
    ----------
    path : Path
        The folder.
    what : str
        What it is, for the message.

    Raises
    ------
    HomeError
        If its name is read as another by Dagster or DuckDB, or something else than a folder is in its place.
    """
    for pattern, cause in _READ_OTHERWISE:
        found = pattern.search(str(path))
        if found:
            raise HomeError(f"{what} cannot be {str(path)!r}: {found[0]!r}: {cause}; take a folder without it")
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            raise HomeError(f"{what} cannot be {path}: {place} is a link to what is not there")
        if place.exists():
            if not place.is_dir():
                raise HomeError(f"{what} cannot be {path}: {place} is a file, not a folder")
            break
    return path
