"""Rare-earth oxides mined, by country and year: production that trade data do not show (docs/METHOD.md, section 5)."""

import re
from functools import cache
from pathlib import Path

import pandas as pd

from reeassets.settings import PRODUCTION, Settings
from reeassets.tables import COUNTRY_CODE
from reeassets.trade.given import GivenFileError, number, recorded_or_given, require_own_countries, rows_of

PRODUCTION_FILE = "rare_earth_oxide_mine_production_2005_2023.csv"
SOURCE = "British Geological Survey, World Mineral Statistics, rare earth oxides; contains BGS materials (c) UKRI"
_COLUMNS = ("year", "country", "reo_t")


def production_file(settings: Settings) -> Path | None:
    """Return the file that the setting ``production`` reads, None for ``none``.

    Raises
    ------
    GivenFileError
        If there is no such file.
    """
    return recorded_or_given(settings.production, "production", PRODUCTION, PRODUCTION_FILE)


def require_known_countries(settings: Settings, economies: pd.DataFrame) -> None:
    """Refuse a file of production with codes of no country; raises GivenFileError."""
    require_own_countries(production_file(settings), settings.production, _read, 1, economies["country"])


def mined_oxides(settings: Settings, year: int) -> pd.DataFrame:
    """Return the rare-earth oxides mined in a year.

    Returns
    -------
    DataFrame
        ``country`` (ISO3), ``reo_t`` (tonnes of rare-earth oxide equivalent, above 0) and ``source``; no rows if the
        setting is ``none`` or the file has no row of the year.

    Raises
    ------
    GivenFileError
        If a row is not a year, a country and an amount, or a country and year stand twice.
    """
    path = production_file(settings)
    rows: list[tuple[int, str, float]] = []
    if path is not None:
        status = path.stat()
        rows = [row for row in _read(path, status.st_size, status.st_mtime_ns) if row[0] == year and row[2] > 0]
    source = SOURCE if settings.production == "recorded" else Path(settings.production).name
    frame = pd.DataFrame([row[1:] for row in rows], columns=["country", "reo_t"])
    return frame.astype({"country": "str", "reo_t": "float64"}).assign(source=source)


@cache
def _read(path: Path, size: int, modified_ns: int) -> list[tuple[int, str, float]]:  # noqa: ARG001  (they key the cache)
    rows: dict[tuple[int, str], tuple[int, str, float]] = {}
    for line, row in rows_of(path, _COLUMNS):
        if not re.fullmatch(r"\d{4}", row["year"]):
            raise GivenFileError(path, line, f"year {row['year']!r} is not a year")
        if not re.fullmatch(COUNTRY_CODE, row["country"]):
            raise GivenFileError(path, line, f"country {row['country']!r} is no code")
        amount = number(row["reo_t"])
        if not 0 <= amount < float("inf"):
            raise GivenFileError(path, line, f"reo_t {row['reo_t']!r} is not an amount of tonnes")
        key = int(row["year"]), row["country"]
        if key in rows:
            raise GivenFileError(path, line, f"{key[1]} in {key[0]} stands twice")
        rows[key] = (*key, amount)
    return list(rows.values())
