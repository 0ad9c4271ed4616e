"""The hazard ``file``: values from a CSV file that the setting ``hazard_file`` names."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.settings import Settings
from reeassets.tables import COUNTRY_CODE
from reeassets.trade.given import OWN_CODES, GivenFileError, number, require_countries, require_file, rows_of

Floats = NDArray[np.float64]
# Stands for every country that has no row of its own.
OTHERS = "*"
_NAMED = 10
Values = dict[tuple[str, int | None], float]


@dataclass(frozen=True)
class FileHazard:
    """Hazards from a CSV file with the columns ``iso3``, ``hazard`` and, if they change over the years, ``year``.

    ``iso3`` is BACI's code of a country (S19 is Taiwan), or ``*`` for all that have no row of their own. Nothing is
    filled in: a country and year without a value, where there is no ``*`` either, is an error.

    Attributes
    ----------
    path : Path or None
        The file; None until the settings name one.
    """

    path: Path | None = None
    name: str = "file"
    description: str = "as given in the CSV file that the setting hazard_file names"

    def under(self, settings: Settings) -> "FileHazard | None":
        """Return the hazard with the file that the settings name, None if they name none."""
        return FileHazard(settings.hazard_file) if settings.hazard_file is not None else None

    def hazard(self, year: int, countries: list[str]) -> Floats:
        """Return the hazard of each country, in [0, 1], shape (n,).

        Raises
        ------
        GivenFileError
            If the file is broken, or has no value for a country in the year.
        """
        return self.coverage(year, countries)["hazard"].to_numpy(dtype=float)

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis``; the basis is ``row of the country`` or ``row of all others``."""
        path = self._file()
        values = read_hazards(path)
        at = None if (None in {of for _, of in values}) else year
        # Codes of more countries than trade are welcome; one that is meant for a country under another code is not.
        others = {code: OWN_CODES[code] for code, _ in values if code in OWN_CODES and code not in countries}
        meant = [code for code, other in others.items() if other in countries and (other, at) not in values]
        require_countries(path, meant, countries)
        missing = [country for country in countries if (country, at) not in values and (OTHERS, at) not in values]
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            raise GivenFileError(
                path,
                None,
                f"no hazard for {', '.join(missing[:_NAMED])}{more}{f' in {year}' if at is not None else ''}; "
                f"add rows, or one with iso3 {OTHERS} for all others",
            )
        own = [(country, at) in values for country in countries]
        found = [values[country if has else OTHERS, at] for country, has in zip(countries, own, strict=True)]
        basis = ["row of the country" if has else "row of all others" for has in own]
        frame = pd.DataFrame({"country": countries, "hazard": found, "basis": basis})
        return frame.astype({"country": "str", "hazard": "float64", "basis": "str"})

    def data_files(self) -> list[Path]:
        """Return the file."""
        return [self._file()]

    def _file(self) -> Path:
        if self.path is None:
            raise ValueError("hazard file: the setting hazard_file (REEASSETS_HAZARD_FILE) names no file")
        return require_file(self.path, "hazard_file")


def read_hazards(path: Path) -> Values:
    """Return the hazards of a file by ISO3 and year; the year is None throughout if the file has no such column.

    Raises
    ------
    GivenFileError
        If a code, year or hazard is none, a hazard is outside [0, 1], or a country and year stand twice.
    """
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@cache
def _read(path: Path, size: int, modified_ns: int) -> Values:  # noqa: ARG001  (size and time only key the cache)
    lines: dict[tuple[str, int | None], int] = {}
    values: Values = {}
    for line, row in rows_of(path, ("iso3", "hazard"), ("year",)):
        key = (_country(path, line, row["iso3"]), _year(path, line, row.get("year")))
        if key in lines:
            when = "" if key[1] is None else f" in {key[1]}"
            raise GivenFileError(path, line, f"{key[0]}{when} has a hazard already, by line {lines[key]}")
        lines[key], values[key] = line, _hazard(path, line, row["hazard"])
    return values


def _country(path: Path, line: int, text: str) -> str:
    if text != OTHERS and not re.fullmatch(COUNTRY_CODE, text):
        raise GivenFileError(path, line, f"iso3 {text!r} is neither a country's code nor {OTHERS}")
    return text


def _year(path: Path, line: int, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}", text):
        raise GivenFileError(path, line, f"year {text!r} is not a year")
    return int(text)


def _hazard(path: Path, line: int, text: str) -> float:
    value = number(text)
    if not 0 <= value <= 1:
        raise GivenFileError(path, line, f"hazard {text!r} is not a number in [0, 1]")
    return value


FILE = FileHazard()
