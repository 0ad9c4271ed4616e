"""Economies: which countries are taken together as one trader before anything is computed (docs/INDICATORS.md).

A country of BACI may already have several codes (276 and 280 are both DEU): their flows are summed, and what is left
inside is not trade. An economy is the same rule one step further, so everything after raw trade sees economies alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.settings import ECONOMIES, Settings
from reeassets.tables import COUNTRY_CODE
from reeassets.trade.bundled import digests
from reeassets.trade.given import GivenFileError, require_file, rows_of

# The World Bank's code of the European Union; no country of BACI has it.
EU27_CODE = "EUU"
EU27_NAME = "European Union (27)"
# The members since 1 February 2020, in every year: an economy that gains and loses members would not be comparable.
EU27_MEMBERS = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL"),
    *("ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)


@dataclass(frozen=True)
class Group:
    """Countries that are one economy.

    Attributes
    ----------
    code, name : str
        The economy's code, three characters as a country's, and what it is called.
    members : tuple of str
        ISO3 codes of its members.
    """

    code: str
    name: str
    members: tuple[str, ...]


EU27 = Group(EU27_CODE, EU27_NAME, EU27_MEMBERS)


def groups_file(settings: Settings) -> Path | None:
    """Return the file that the setting ``economies`` names, or None if it names a built-in choice."""
    return None if settings.economies in ECONOMIES else Path(settings.economies)


def identity(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001  (as Recipe.outside is called)
    """Return the SHA-256 of the file of groups, by file name; nothing for a built-in choice."""
    path = groups_file(settings)
    return digests([require_file(path, "economies")]) if path else {}


def read_groups(path: Path, known: frozenset[str]) -> list[Group]:
    """Read groups from a CSV file with the columns ``economy`` and ``iso3``, one row per member.

    Parameters
    ----------
    path : Path
        The file.
    known : frozenset of str
        The ISO3 codes of the source's country table.

    Returns
    -------
    list of Group
        By code.

    Raises
    ------
    GivenFileError
        If a code is no code, a country is unknown or in two groups, or a group has the code of a country outside it.
    """
    member_of: dict[str, tuple[str, int]] = {}
    line_of: dict[str, int] = {}
    for line, row in rows_of(path, ("economy", "iso3")):
        economy, iso3 = row["economy"], row["iso3"]
        if not re.fullmatch(COUNTRY_CODE, economy):
            raise GivenFileError(
                path, line, f"economy {economy!r} is not a code of three: a capital letter, then two capitals or digits"
            )
        if iso3 not in known:
            raise GivenFileError(path, line, f"iso3 {iso3!r} is no country of the source's country table")
        if iso3 in member_of:
            other, at = member_of[iso3]
            raise GivenFileError(path, line, f"{iso3} is in {other} already, by line {at}")
        member_of[iso3] = (economy, line)
        line_of.setdefault(economy, line)
    for economy, line in line_of.items():
        if economy in known and member_of.get(economy, ("", 0))[0] != economy:
            raise GivenFileError(
                path, line, f"economy {economy!r} has the code of a country that is not its member; take another code"
            )
    return [
        Group(economy, economy, tuple(sorted(iso3 for iso3, (of, _) in member_of.items() if of == economy)))
        for economy in sorted(line_of)
    ]


def chosen_groups(settings: Settings, countries: pd.DataFrame) -> list[Group]:
    """Return the groups that the setting ``economies`` names; none for ``countries``."""
    if settings.economies == "countries":
        return []
    path = groups_file(settings)
    return [EU27] if path is None else read_groups(path, frozenset(countries["iso3"]))


def economies(countries: pd.DataFrame, groups: list[Group]) -> pd.DataFrame:
    """Give each of BACI's codes its economy.

    Parameters
    ----------
    countries : DataFrame
        Table ``countries``.
    groups : list of Group
        Countries in none of them are an economy each.

    Returns
    -------
    DataFrame
        Table ``economies``.
    """
    group_of = {iso3: group for group in groups for iso3 in group.members}
    rows = [
        (code, iso3, group.code, group.name, True) if (group := group_of.get(iso3)) else (code, iso3, iso3, name, False)
        for code, iso3, name in zip(*(countries[of] for of in ("country_code", "iso3", "country_name")), strict=True)
    ]
    return pd.DataFrame(rows, columns=["country_code", "country", "economy", "economy_name", "merged"])
