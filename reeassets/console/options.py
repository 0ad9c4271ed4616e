"""What the options of the command line share: how they are read, and the settings they make."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from reeassets.home import home_path, variable
from reeassets.settings import Settings
from reeassets.settings_file import line_of


def _path(text: str | Path) -> Path:
    """Read a path of the command line: an empty one, as of a variable that is not set, is not the working directory."""
    if not str(text).strip():
        raise typer.BadParameter("it is empty")
    return Path(text)


def _word(text: str) -> str:
    """Read a text of the command line, likewise: an empty filter is not one that lets everything pass."""
    if not text.strip():
        raise typer.BadParameter("it is empty")
    return text


PATH: dict[str, Any] = {"parser": _path, "metavar": "PATH"}
WORD: dict[str, Any] = {"parser": _word, "metavar": "TEXT"}
Home = Annotated[
    Path | None, typer.Option(help="Folder of tables, warehouse, report and Dagster's records. Default: var", **PATH)
]


class UsageError(Exception):
    """What the user asked for cannot be done; the message says why and what to do."""


def _origin(name: str, given: dict[str, Any]) -> str:
    """Return where the value of a setting comes from."""
    if given.get(name) is not None:
        return f"the command line, {name}"
    if variable(f"REEASSETS_{name.upper()}") is not None:
        return f"the environment, REEASSETS_{name.upper()}"
    file = home_path() / "settings.toml"
    line = line_of(file, name)
    return f"settings: {name}" if line is None else f"{file}, line {line}: {name}"


def settings_of(home: Path | None, **given: Any) -> Settings:
    """Read the settings of a home, with what was given on the command line on top."""
    if home is not None:
        os.environ["REEASSETS_HOME"] = str(home.expanduser().absolute())
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as problem:
        reasons = [
            (f"{_origin(str(error['loc'][0]), {**given, 'home': home})}: " if error["loc"] else "settings: ")
            + error["msg"].removeprefix("Value error, ")
            for error in problem.errors()
        ]
        raise UsageError("; ".join(dict.fromkeys(reasons))) from problem
