"""What CEPII's file names say: nomenclature, version and year. A mix of releases is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reeassets.trade.contract import SourceError
from reeassets.trade.nomenclature import require_revision
from reeassets.years import format_years

_YEAR = re.compile(r"BACI_(?P<nomenclature>HS\d{2})_Y(?P<year>\d{4})_V(?P<version>\d{6}[a-z]?)\.csv", re.IGNORECASE)
_COUNTRIES = re.compile(r"country_codes_V(?P<version>\d{6}[a-z]?)\.csv", re.IGNORECASE)
_README = re.compile(r"readme\.txt", re.IGNORECASE)
_OTHERS = {
    "readme": _README,
    "archive": re.compile(r"BACI_HS\d{2}_V\d{6}[a-z]?\.zip", re.IGNORECASE),
    "packed year": re.compile(_YEAR.pattern + r"\.(gz|zip|bz2|xz|zst)", re.IGNORECASE),
}


@dataclass(frozen=True)
class Release:
    """The files of one release.

    Attributes
    ----------
    nomenclature, version : str
        E.g. ``HS07`` and ``V202601``.
    years : dict of int to str
        Name of each year's file.
    countries, readme : str or None
        Names of the country table and of the readme, if they are there.
    """

    nomenclature: str
    version: str
    years: dict[int, str] = field(default_factory=dict)
    countries: str | None = None
    readme: str | None = None


def accompanies(name: str) -> bool:
    """Return whether a file is the country table or the readme of a release."""
    return bool(_COUNTRIES.fullmatch(name) or _README.fullmatch(name))


def recognise(place: str, names: Iterable[str]) -> Release:
    """Recognise a release by its file names.

    Parameters
    ----------
    place : str
        The archive or folder, for messages.
    names : iterable of str
        Names of the files in it, with folders.

    Raises
    ------
    SourceError
        If there is no year's file, or they are of more than one nomenclature or version, or one is there twice.
    """
    flows: dict[tuple[str, str], dict[int, list[str]]] = {}
    others: dict[str, list[str]] = {}
    for name in sorted(names):
        base = name.replace("\\", "/").rsplit("/", 1)[-1]
        if match := _YEAR.fullmatch(base):
            release = (match["nomenclature"].upper(), "V" + match["version"].lower())
            flows.setdefault(release, {}).setdefault(int(match["year"]), []).append(name)
        elif match := _COUNTRIES.fullmatch(base):
            others.setdefault("V" + match["version"].lower(), []).append(name)
        else:
            kind = next((kind for kind, pattern in _OTHERS.items() if pattern.fullmatch(base)), "")
            others.setdefault(kind, []).append(name)
    if "packed year" in others:
        raise SourceError(f"{place}: {others['packed year'][0]} is packed once more; unpack it and give the folder")
    if not flows:
        seen = f"but there is the archive {others['archive'][0]}; give that file" if "archive" in others else ""
        raise SourceError(
            f"{place}: no file is named like BACI_HS07_Y2020_V202601.csv; {seen or 'this is not a BACI release'}"
        )
    if len(flows) > 1:
        told = "; ".join(f"{n} {v}: {format_years(years)}" for (n, v), years in sorted(flows.items()))
        raise SourceError(f"{place}: more than one release in one place ({told}); codes and values would not compare")
    (((nomenclature, version), years),) = flows.items()
    try:
        require_revision(nomenclature)
    except ValueError as problem:
        raise SourceError(f"{place}: {problem}") from problem
    by_year = {year: _only(files, f"{place}: the year {year}") for year, files in sorted(years.items())}
    tables = {kind: files for kind, files in others.items() if kind.startswith("V")}
    if tables and version not in tables:
        raise SourceError(f"{place}: the country table is of {', '.join(sorted(tables))}, the flows are of {version}")
    countries = _only(tables[version], f"{place}: the country table") if tables else None
    return Release(nomenclature, version, by_year, countries, next(iter(others.get("readme", [])), None))


def _only(files: list[str], what: str) -> str:
    if len(files) > 1:
        raise SourceError(f"{what} is there {len(files)} times: {', '.join(files)}")
    return files[0]
