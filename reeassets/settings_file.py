"""Reading ``settings.toml`` of a home: what is wrong in it is named by file and line, with what to write."""

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*=""")
_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
# Variables that are no setting's.
_OTHER_VARIABLES = frozenset({"debug", "language_model_key"})
_HEADER = "# Written by `reeassets run`; edit freely. The environment and the command line take precedence.\n"
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class SettingsFileError(ValueError):
    """``settings.toml`` is not what it should be; the message names file, line and what to write."""

    def __init__(self, path: Path, line: int | None, cause: str):
        super().__init__(f"{path}{'' if line is None else f', line {line}'}: {cause}")


def line_of(path: Path, name: str) -> int | None:
    """Return the line of a settings file on which a setting is first written; None if it is not in it."""
    if not path.is_file():
        return None
    return _line_of(path.read_text(encoding="utf-8", errors="replace"), name)


def read_settings_file(path: Path, known: Collection[str], paths: Collection[str]) -> dict[str, Any]:
    """Read a settings file.

    Parameters
    ----------
    path : Path
        The file; one that is not there holds nothing.
    known : collection of str
        The settings there are, those of earlier versions included.
    paths : collection of str
        Those of them that are a file or a folder.

    Raises
    ------
    SettingsFileError
        If it cannot be read, is no TOML, or holds what is no setting.
    """
    text = _text(path)
    try:
        written = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _explained(path, text, problem) from problem
    for name, value in written.items():
        line = _line_of(text, name)
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value)):
            raise SettingsFileError(
                path,
                _section_of(text, name) or line,
                f"[{name}] begins a section; write settings as NAME = VALUE alone",
            )
        if name == "home":
            raise SettingsFileError(
                path, line, "a home cannot name another; leave the line out, and give --home or REEASSETS_HOME"
            )
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=1)
            raise SettingsFileError(
                path,
                line,
                f"there is no setting {name!r}{f'; write {near[0]}' if near else ''} (`reeassets doctor` lists them)",
            )
        if name in paths and isinstance(value, str) and re.search(r"[\x00-\x1f]", value):
            raise SettingsFileError(path, line, f"{name} holds {value!r}: {_backslashes(name)}")
    return written


def write_settings_file(path: Path, values: Mapping[str, Any]) -> None:
    """Set settings in a file, which is made if it is not there; every other byte of it stays.

    Parameters
    ----------
    path : Path
        The file.
    values : mapping of str to Any
        Text, numbers, flags or lists of these by setting; lists are written as text with commas.
    """
    import tomlkit

    before = _text(path) if path.exists() else None
    document = tomlkit.parse(_HEADER if before is None else before)
    for name, value in values.items():
        shown = ",".join(map(str, value)) if isinstance(value, list) else value
        if name not in document or document[name] != shown:
            document[name] = shown
    text = tomlkit.dumps(document)
    if text == before:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="")
    temporary.replace(path)


def require_variables(names: Iterable[str], known: Collection[str], gone: Mapping[str, str]) -> None:
    """Refuse environment variables that are meant for a setting and set none.

    Parameters
    ----------
    names : iterable of str
        Of the variables that are set.
    known : collection of str
        The settings there are.
    gone : mapping of str to str
        Settings of earlier versions, and what takes their place.

    Raises
    ------
    ValueError
        If one is of an earlier version or all but a setting's name; others may be a plugin's.
    """
    for name in sorted(names):
        setting = name.lower().removeprefix("reeassets_")
        if not name.upper().startswith("REEASSETS_") or setting in known or setting in _OTHER_VARIABLES:
            continue
        near = [gone[setting]] if setting in gone else difflib.get_close_matches(setting, known, n=1, cutoff=0.8)
        if near:
            raise ValueError(
                f"the environment, {name.upper()}: there is no setting {setting}; write REEASSETS_{near[0].upper()}"
            )


def _text(path: Path) -> str:
    try:
        if not path.exists() and not path.is_symlink():
            return ""
        content = path.read_bytes()
    except OSError as problem:
        raise SettingsFileError(path, None, f"cannot be read: {problem.strerror}") from problem
    if content.startswith(_BYTE_ORDER_MARKS):
        raise SettingsFileError(path, 1, "begins with a byte-order mark; save the file as UTF-8 without one")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise SettingsFileError(path, line, "is not UTF-8; save the file as UTF-8") from problem


def _line_of(text: str, name: str) -> int | None:
    lines = _lines_of(text, name)
    return lines[0] if lines else None


def _lines_of(text: str, name: str) -> list[int]:
    keys = [(number, _KEY.match(line)) for number, line in enumerate(text.split("\n"), start=1)]
    return [number for number, key in keys if key and name in key.groups()]


def _section_of(text: str, name: str) -> int | None:
    pattern = re.compile(rf"\s*\[+\s*[\"']?{re.escape(name)}\b|\s*[\"']?{re.escape(name)}[\"']?\s*\.")
    return next((number for number, line in enumerate(text.split("\n"), start=1) if pattern.match(line)), None)


def _backslashes(name: str) -> str:
    return (
        "in double quotes a backslash begins an escape; put the path in single quotes, as in "
        rf"{name} = 'C:\data\baci.zip', or write slashes"
    )


def _explained(path: Path, text: str, problem: Exception) -> SettingsFileError:
    """Return the error of a file that is no TOML, without the text of its lines: one may hold a secret."""
    said = str(problem)
    place = _PLACE.search(said)
    lines = text.split("\n")
    number = int(place[1]) if place else len(lines)
    line = lines[number - 1] if number <= len(lines) else ""
    key = _KEY.match(line)
    name = next((part for part in key.groups() if part), None) if key else None
    cause = _PLACE.sub("", said).strip().rstrip(".") or type(problem).__name__
    if name and len(_lines_of(text, name)) > 1 and "overwrite" in said:
        first, *_ = _lines_of(text, name)
        return SettingsFileError(path, number, f"{name} is written twice, first on line {first}; leave one of them")
    if name and '"' in line and "\\" in line:
        return SettingsFileError(path, number, f"{name}: {cause}: {_backslashes(name)}")
    form = f'{name or "NAME"} = VALUE, text in quotes: {name or "source"} = "..."'
    return SettingsFileError(path, number, f"{f'{name}: ' if name else ''}not TOML: {cause}; write {form}")
