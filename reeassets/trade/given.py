"""Small CSV files that a user gives: read line by line, so that an error can name file, line and cause."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from reeassets.trade.bundled import bundled_file

# Codes of ISO 3166 that BACI's country table has under another: 490 is Other Asia, not elsewhere specified, in which
# the trade of Taiwan is all but everything.
OWN_CODES = {"TWN": "S19"}
_NAMED = 10


class GivenFileError(ValueError):
    """A file that a setting names is not what it should be; the message names file, line and cause."""

    def __init__(self, path: Path, line: int | None, cause: str):
        super().__init__(f"{path}{'' if line is None else f', line {line}'}: {cause}")


def require_file(path: Path, setting: str, choices: Sequence[str] = ()) -> Path:
    """Return the path of a file that a setting names.

    Raises
    ------
    GivenFileError
        If there is no such file; the message names the setting, and the other values it takes.
    """
    if not path.is_file():
        other = f" (else one of {', '.join(choices)})" if choices else ""
        raise GivenFileError(path, None, f"there is no such file; the setting {setting} names it{other}")
    return path


def require_own_countries(
    path: Path | None, value: str, read: Callable[[Path, int, int], Iterable[Any]], code: int, known: Iterable[str]
) -> None:
    """Refuse a file of a person's own, in place of the recorded one, with codes of no country.

    Parameters
    ----------
    path : Path or None
        The file behind the setting; None if none is read.
    value : str
        Value of the setting; the recorded file is not looked at.
    read : callable
        Reads the file's rows, given its path, size and time of change.
    code : int
        Place of the country in a row.
    known : iterable of str
        The codes there are.

    Raises
    ------
    GivenFileError
        If one is not known.
    """
    if path is not None and value != "recorded":
        status = path.stat()
        require_countries(path, [row[code] for row in read(path, status.st_size, status.st_mtime_ns)], known)


def require_countries(path: Path, named: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a file with codes of no country: what a person gave for one would be left out without a word.

    Parameters
    ----------
    path : Path
        The file.
    named, known : iterable of str
        The codes in it, and those there are.

    Raises
    ------
    GivenFileError
        If one is not known, with the code that the data have for it, if they have one.
    """
    there = set(known)
    unknown = sorted(set(named) - there)
    if unknown:
        own = [f"{code} is {OWN_CODES[code]} in these data" for code in unknown if OWN_CODES.get(code) in there]
        hint = f"; {', '.join(own)}: write that" if own else ""
        raise GivenFileError(path, None, f"there is no country {', '.join(unknown[:_NAMED])}{hint}")


def recorded_or_given(value: str, setting: str, choices: Sequence[str], recorded: str) -> Path | None:
    """Return the file behind a setting that is ``recorded``, another of some words, or a file.

    Parameters
    ----------
    value, setting : str
        Value and name of the setting.
    choices : sequence of str
        The words it takes.
    recorded : str
        Bundled file that ``recorded`` stands for.

    Returns
    -------
    Path or None
        None for any other of the words: no file is read.

    Raises
    ------
    GivenFileError
        If there is no such file.
    """
    if value == "recorded":
        return bundled_file(recorded)
    return None if value in choices else require_file(Path(value), setting, choices)


def number(text: str) -> float:
    """Return the number in a cell, NaN if it holds none: no comparison with that is true."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def rows_of(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a CSV file with a header, in UTF-8 with or without a byte-order mark.

    Parameters
    ----------
    path : Path
        The file.
    required, optional : sequence of str
        Columns it must and may have, in any order.

    Yields
    ------
    int, dict of str to str
        Number of the line, the header being line 1, and the texts by column, without surrounding blanks. Lines without
        any text are left out.

    Raises
    ------
    GivenFileError
        If the file cannot be read, is not text, holds no row, or a line has not the header's columns.
    """
    found = False
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, required, optional)
            for cells in reader:
                texts = [cell.strip() for cell in cells]
                if not any(texts):
                    continue
                if len(texts) != len(header):
                    raise GivenFileError(path, reader.line_num, f"{len(texts)} columns, the header has {len(header)}")
                found = True
                yield reader.line_num, dict(zip(header, texts, strict=True))
    except UnicodeDecodeError as problem:
        raise GivenFileError(path, None, f"not a text file in UTF-8: {problem.reason}") from problem
    except csv.Error as problem:
        raise GivenFileError(path, reader.line_num, f"not a CSV file: {problem}") from problem
    except OSError as problem:
        raise GivenFileError(path, None, f"cannot be read: {problem.strerror}") from problem
    if not found:
        raise GivenFileError(path, None, "it holds a header and no rows")


def _check_header(path: Path, header: list[str], required: Sequence[str], optional: Sequence[str]) -> None:
    wanted = ", ".join(required) + (f" and, if wanted, {', '.join(optional)}" if optional else "")
    twice = sorted({name for name in header if header.count(name) > 1})
    missing = [name for name in required if name not in header]
    surplus = [name for name in header if name not in (*required, *optional)]
    for cause, names in (("holds twice", twice), ("lacks", missing), ("does not know", surplus)):
        if names:
            said = ", ".join(repr(name) for name in names)
            raise GivenFileError(path, 1, f"the header {cause} the column {said}; it must be {wanted}")
