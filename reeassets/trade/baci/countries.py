"""The country table of an archive: found by column names of any release, checked, and completed by the bundled one."""

import csv
import io
import re

import pandas as pd

from reeassets.trade.baci.columns import HIGHEST_COUNTRY
from reeassets.trade.contract import SourceError
from reeassets.trade.nomenclature import read_country_table

# Today's name of each column, and what releases before V202401 called it.
_NAMES = {
    "country_code": ("country_code",),
    "country_name": ("country_name", "country_name_full", "country_name_abbreviation"),
    "country_iso2": ("country_iso2", "iso_2digit_alpha", "iso2"),
    "country_iso3": ("country_iso3", "iso_3digit_alpha", "iso3"),
}
_ISO3 = re.compile(r"[A-Z][A-Z0-9]{2}")


def read_countries(content: bytes, place: str, bundled: pd.DataFrame) -> pd.DataFrame:
    """Read an archive's country table and put the bundled one behind it.

    Parameters
    ----------
    content : bytes
        The file: UTF-8, or Windows-1252 as some older releases are; only names of countries are not ASCII.
    place : str
        The file, for messages.
    bundled : DataFrame
        The bundled table. It also has the ISO3 of codes that the archive's own table leaves without one.

    Returns
    -------
    DataFrame
        ``country_code``, ``country_name``, ``iso2``, ``iso3``.

    Raises
    ------
    SourceError
        If a column is missing, a code is no country code or stands twice, or a code has no ISO3 anywhere.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    try:
        lines = [[field.strip() for field in row] for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as problem:
        raise SourceError(f"{place}: this is not BACI's country table ({problem})") from problem
    places = _columns(lines, place)
    known = bundled.set_index("country_code")
    rows: dict[int, list[str]] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not any(line):
            continue
        code, row = _row(line, places, f"{place}, line {number}")
        if code in rows:
            raise SourceError(f"{place}, line {number}: the country code {code} stands twice")
        if not _ISO3.fullmatch(row[3]):
            if code not in known.index:
                raise SourceError(f"{place}, line {number}: country {code} ({row[1]}) has no ISO3 code")
            row[2:] = known.loc[code, ["iso2", "iso3"]]
        rows[code] = row
    told = io.StringIO()
    csv.writer(told).writerows([list(_NAMES), *rows.values()])
    own = read_country_table(io.BufferedReader(io.BytesIO(told.getvalue().encode())))
    behind = bundled[~bundled["country_code"].isin(own["country_code"])]
    return pd.concat([own, behind], ignore_index=True)


def _columns(lines: list[list[str]], place: str) -> list[int]:
    """Return where the columns stand that are read."""
    header = [name.lower() for name in lines[0]] if lines else []
    places = []
    for wanted, names in _NAMES.items():
        found = next((name for name in names if name in header), None)
        if found is None:
            told = ", ".join(name[:40] for name in header[:12]) or "nothing"
            raise SourceError(f"{place}, line 1: this is not BACI's country table: no column {wanted} among {told}")
        places.append(header.index(found))
    return places


def _row(line: list[str], places: list[int], at: str) -> tuple[int, list[str]]:
    if len(line) <= max(places):
        raise SourceError(f"{at}: {len(line)} columns are too few for BACI's country table")
    row = [line[place] for place in places]
    if not re.fullmatch(r"[0-9]{1,7}", row[0]) or not 1 <= int(row[0]) <= HIGHEST_COUNTRY:
        raise SourceError(f"{at}: {row[0][:40]!r} is not a country code")
    return int(row[0]), row
