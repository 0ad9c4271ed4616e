"""Totals over all goods by country, for sources that hold only part of the nomenclature (docs/METHOD.md, section 1).

World Bank WDI's merchandise trade is bundled; a CSV file takes its place if the setting ``totals`` names one.
"""

import math
from pathlib import Path

import pandas as pd

from reeassets.settings import TOTALS, Settings
from reeassets.trade.bundled import bundled_file, digests, read_parquet
from reeassets.trade.contract import Source, SourceError
from reeassets.trade.given import GivenFileError, number, require_file, rows_of

WDI_FILE = "wdi_merchandise_totals_1990_2025.parquet"
SET_ONLY = "set only"
WDI_BASIS, FILE_BASIS = "all goods, WDI", "all goods, file"
VALUES = ("exports_kusd", "imports_kusd")
_COLUMNS = ("year", "iso3", *VALUES)


def chosen_totals(settings: Settings, source: Source) -> str:
    """Return what totals over all goods come from: ``source``, ``wdi`` or the path of a CSV file.

    By default a source of the whole nomenclature sums its own, and any other takes the World Bank's.
    """
    if settings.totals is not None:
        return settings.totals
    return "wdi" if source.basis == SET_ONLY else "source"


def totals_basis(settings: Settings, source: Source) -> str:
    """Return the ``basis`` of the table ``country_totals``, one of :data:`reeassets.trade.schema.TOTALS_BASIS`."""
    chosen = chosen_totals(settings, source)
    return {"source": source.basis, "wdi": WDI_BASIS}.get(chosen, FILE_BASIS)


def _path(settings: Settings, source: Source) -> Path | None:
    chosen = chosen_totals(settings, source)
    if chosen == "source":
        return None
    return bundled_file(WDI_FILE) if chosen == "wdi" else Path(chosen)


def totals_files(settings: Settings, source: Source) -> dict[str, str]:
    """Return the SHA-256 of the file that totals come from, by name; nothing if the source sums its own.

    Raises
    ------
    GivenFileError
        If the setting ``totals`` names a file that is not there.
    """
    path = _path(settings, source)
    return digests([require_file(path, "totals", TOTALS)]) if path else {}


def all_goods(settings: Settings, source: Source, year: int) -> pd.DataFrame | None:
    """Read a year's totals over all goods.

    Parameters
    ----------
    settings : Settings
        ``totals``.
    source : Source
        The source, whose country table says which countries there are.
    year : int
        Calendar year.

    Returns
    -------
    DataFrame or None
        ``iso3``, ``exports_kusd`` and ``imports_kusd`` (thousand current US$, above 0, null where not known); None if
        the source sums its own.

    Raises
    ------
    SourceError
        If the file has no total of the year.
    GivenFileError
        If the file is not as docs/DATA.md says.
    """
    path = _path(settings, source)
    if path is None:
        return None
    world_bank = chosen_totals(settings, source) == "wdi"
    table = _wdi(path) if world_bank else _given(path, frozenset(source.countries()["iso3"]))
    of_year = table.loc[table["year"] == year, ["iso3", *VALUES]]
    if of_year.empty:
        raise SourceError(
            f"{path}: no totals of {year}, only of {table['year'].min()}-{table['year'].max()}; the setting totals "
            "takes a file that has them, or `source` for totals within what the source holds"
        )
    return of_year.reset_index(drop=True)


def _wdi(path: Path) -> pd.DataFrame:
    """Read the World Bank's table: only its countries, as the codes of its aggregates look like ISO3."""
    table = read_parquet(path, [*_COLUMNS, "kind"], [("kind", "=", "country")]).to_pandas()
    values = table[list(VALUES)]
    # A total that was rounded to 0 or is missing is not known.
    return table[["year", "iso3"]].astype({"year": "int64"}).join(values.where(values > 0))


def _given(path: Path, known: frozenset[str]) -> pd.DataFrame:
    line_of: dict[tuple[int, str], int] = {}
    rows = []
    for line, row in rows_of(path, _COLUMNS):
        if not row["year"].isdecimal() or len(row["year"]) != 4:
            raise GivenFileError(path, line, f"year {row['year']!r} is not a year")
        if row["iso3"] not in known:
            # An aggregate's code (EUU, OED, WLD) must not be counted beside its members.
            raise GivenFileError(
                path, line, f"iso3 {row['iso3']!r} is no country of the source's country table (an aggregate?)"
            )
        key = int(row["year"]), row["iso3"]
        if key in line_of:
            raise GivenFileError(path, line, f"{key[1]} in {key[0]} is there already, in line {line_of[key]}")
        line_of[key] = line
        rows.append((*key, *(_amount(path, line, name, row[name]) for name in VALUES)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _amount(path: Path, line: int, name: str, text: str) -> float:
    if not text:
        return math.nan
    value = number(text)
    if not 0 < value < math.inf:
        raise GivenFileError(path, line, f"{name} {text!r} is not a positive amount of thousand US$; leave it empty")
    return value


def country_totals(year: int, traders: list[str], economies: pd.DataFrame, goods: pd.DataFrame) -> pd.DataFrame:
    """Give each economy its totals over all goods.

    Parameters
    ----------
    year : int
        Calendar year.
    traders : list of str
        Economies with trade in the source.
    economies : DataFrame
        Table ``economies``.
    goods : DataFrame
        From :func:`all_goods`.

    Returns
    -------
    DataFrame
        ``year``, ``country``, ``exports_kusd``, ``imports_kusd``: one row per economy that trades or has a total. A
        group's total is the sum of its members', trade among them included, and null if one of them has none; a
        country that the source's table does not know stays under its own code.
    """
    member = economies.drop_duplicates("country").set_index("country")["economy"]
    grouped = economies.loc[economies["merged"], "country"].unique()
    # Every member of a group has a row, so that one without a total makes the group's null.
    wanted = goods.set_index("iso3")[list(VALUES)]
    wanted = wanted.reindex(wanted.index.union(pd.Index(grouped, dtype=wanted.index.dtype)))
    economy = pd.Series(wanted.index, wanted.index).map(member).fillna(pd.Series(wanted.index, wanted.index))
    sums = wanted.groupby(economy).agg(lambda values: values.sum(skipna=False))
    table = sums.reindex(sums.index.union(pd.Index(traders, dtype=sums.index.dtype))).rename_axis("country")
    return table.reset_index().assign(year=year)[["year", "country", *VALUES]]


def coverage(traded: pd.DataFrame, totals: pd.DataFrame) -> dict[str, object]:
    """Say what totals from another table leave open.

    Parameters
    ----------
    traded, totals : DataFrame
        ``country``, ``exports_kusd`` and ``imports_kusd``: of the source's products, and over all goods.

    Returns
    -------
    dict
        ``countries_without_total`` (codes; they have no comparative advantage), the share of the source's exports that
        is theirs, and ``exports_above_total``: countries that export more of the source's products than of all goods.
    """
    both = traded.set_index("country").join(totals.set_index("country")[["exports_kusd"]].add_suffix("_total"))
    without = both["exports_kusd_total"].isna()
    exports = both["exports_kusd"]
    return {
        "countries_without_total": sorted(both.index[without]),
        "share_of_exports_without_total": float(exports[without].sum() / exports.sum()),
        "exports_above_total": sorted(both.index[exports > both["exports_kusd_total"]]),
    }
