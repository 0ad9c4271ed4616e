"""What CEPII's file names say: nomenclature, version and year. A mix of releases is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reeassets.settings import format_years
from reeassets.trade.contract import SourceError
from reeassets.trade.nomenclature import REVISIONS

_YEAR = re.compile(r"BACI_(?P<nomenclature>HS\d{2})_Y(?P<year>\d{4})_V(?P<version>\d{6}[a-z]?)\.csv", re.IGNORECASE)
_COUNTRIES = re.compile(r"country_codes_V(?P<version>\d{6}[a-z]?)\.csv", re.IGNORECASE)
_README = re.compile(r"readme\.txt", re.IGNORECASE)
_PACKED_YEAR = re.compile(_YEAR.pattern + r"\.(gz|zip|bz2|xz|zst)", re.IGNORECASE)


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
        If there is no year's file, or they are of more than one nomenclature or version, or one year is there twice.
    """
    found: dict[tuple[str, str], dict[int, list[str]]] = {}
    countries: dict[str, str] = {}
    readme = None
    packed = []
    for name in sorted(names):
        base = name.replace("\\", "/").rsplit("/", 1)[-1]
        if match := _YEAR.fullmatch(base):
            release = (match["nomenclature"].upper(), "V" + match["version"].lower())
            found.setdefault(release, {}).setdefault(int(match["year"]), []).append(name)
        elif match := _COUNTRIES.fullmatch(base):
            countries["V" + match["version"].lower()] = name
        elif _README.fullmatch(base):
            readme = readme or name
        elif _PACKED_YEAR.fullmatch(base):
            packed.append(name)
    if packed:
        raise SourceError(f"{place}: {packed[0]} is packed once more; unpack it and give the folder")
    if not found:
        raise SourceError(f"{place}: no file is named like BACI_HS07_Y2020_V202601.csv; this is not a BACI release")
    if len(found) > 1:
        told = "; ".join(f"{n} {v}: {format_years(years)}" for (n, v), years in sorted(found.items()))
        raise SourceError(f"{place}: more than one release in one place ({told}); codes and values would not compare")
    ((nomenclature, version), years) = next(iter(found.items()))
    if nomenclature not in REVISIONS:
        raise SourceError(f"{place}: {nomenclature} is not a revision of the Harmonized System known here")
    for year, files in years.items():
        if len(files) > 1:
            raise SourceError(f"{place}: the year {year} is there {len(files)} times: {', '.join(files)}")
    if countries and version not in countries:
        raise SourceError(
            f"{place}: the country table is of {', '.join(sorted(countries))}, the flows are of {version}"
        )
    by_year = {year: files[0] for year, files in sorted(years.items())}
    return Release(nomenclature, version, by_year, countries.get(version), readme)
