"""Domestic supply: what a country makes of a product itself, which trade data do not show (docs/METHOD.md, section 5).

``D = max(X - rho min(X, M), P)``: of what a country both buys and sells the share ``rho`` is re-exported, and the rest
of its exports is made at home; where production ``P`` is recorded, at least that is made.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.settings import REEXPORTS, Settings
from reeassets.tables import COUNTRY_CODE
from reeassets.trade.given import GivenFileError, number, recorded_or_given, require_own_countries, rows_of

Floats = NDArray[np.float64]
# Codes that mined oxides are traded under, with their shares of the tonnes: the 40 % are cerium's.
MINED = {"284690": 0.6, "284610": 0.4}
REEXPORTS_FILE = "reexports.csv"


def domestic_supply(imports: Floats, exports: Floats, reexported: Floats, production: Floats) -> Floats:
    """Return ``D = max(X - rho min(X, M), P)`` of each pair, shape (n,), at least 0, in the unit of the flows.

    Parameters
    ----------
    imports, exports : ndarray, shape (n,)
        ``M`` and ``X``.
    reexported : ndarray, shape (n,)
        ``rho``, the share of ``min(X, M)`` that is re-exported, in [0, 1].
    production : ndarray, shape (n,)
        ``P``, the value of recorded production, 0 where none is.
    """
    made: Floats = np.maximum(exports - reexported * np.minimum(imports, exports), production)
    return made


def reexports_file(settings: Settings) -> Path | None:
    """Return the file that the setting ``reexports`` reads, None for ``none`` and ``all``.

    Raises
    ------
    GivenFileError
        If there is no such file.
    """
    return recorded_or_given(settings.reexports, "reexports", REEXPORTS, REEXPORTS_FILE)


def require_known_countries(settings: Settings, economies: pd.DataFrame) -> None:
    """Refuse a file of shares with codes of neither a country nor an economy; raises GivenFileError."""
    known = {*economies["country"], *economies["economy"]}
    require_own_countries(reexports_file(settings), settings.reexports, _read, 0, known)


def reexport_shares(settings: Settings, economies: list[str]) -> pd.DataFrame:
    """Return the share of what an economy both imports and exports that it re-exports.

    Parameters
    ----------
    settings : Settings
        ``reexports``: ``recorded`` (bundled table of entrepots), ``none``, ``all``, or a CSV file
        ``country,share,source``.
    economies : list of str
        The economies there are. A merged economy is not what its members are, and has a share only in a file.

    Returns
    -------
    DataFrame
        Table ``reexport_shares``; who has no row re-exports nothing.

    Raises
    ------
    GivenFileError
        If the file is broken.
    """
    path = reexports_file(settings)
    if path is None:
        shown = sorted(economies) if settings.reexports == "all" else []
        rows = [(country, 1.0, "the setting reexports: all") for country in shown]
    else:
        status = path.stat()
        rows = [row for row in _read(path, status.st_size, status.st_mtime_ns) if row[0] in set(economies)]
    frame = pd.DataFrame(rows, columns=["country", "share", "source"])
    return frame.astype({"country": "str", "share": "float64", "source": "str"})


@cache
def _read(path: Path, size: int, modified_ns: int) -> list[tuple[str, float, str]]:  # noqa: ARG001  (they key the cache)
    rows: dict[str, tuple[str, float, str]] = {}
    for line, row in rows_of(path, ("country", "share", "source")):
        if not re.fullmatch(COUNTRY_CODE, row["country"]):
            raise GivenFileError(path, line, f"country {row['country']!r} is no code")
        if row["country"] in rows:
            raise GivenFileError(path, line, f"{row['country']} stands twice")
        if not row["source"]:
            raise GivenFileError(path, line, "no source: a share must say where it comes from")
        share = number(row["share"])
        if not 0 <= share <= 1:
            raise GivenFileError(path, line, f"share {row['share']!r} is not a number in [0, 1]")
        rows[row["country"]] = (row["country"], share, row["source"])
    return list(rows.values())


def production_value(
    mined: pd.DataFrame, unit_values: pd.DataFrame, economies: pd.DataFrame, year: int
) -> pd.DataFrame:
    """Value the oxides mined in a year at the mean unit values of its world trade.

    Parameters
    ----------
    mined : DataFrame
        From :func:`reeassets.trade.production.mined_oxides`.
    unit_values, economies : DataFrame
        The tables of those names, ``unit_values`` of the year.
    year : int
        Calendar year.

    Returns
    -------
    DataFrame
        Table ``production``: a row for each economy and each code of :data:`MINED` whose unit value is known.
    """
    economy = economies.drop_duplicates("country").set_index("country")["economy"]
    own = mined.assign(country=mined["country"].map(economy)).dropna(subset="country")
    tonnes = own.groupby(["country", "source"], as_index=False)["reo_t"].sum()
    known = unit_values.set_index("product")["unit_value_usd_kg"].dropna()
    parts = [
        tonnes.assign(product=product, reo_t=share * tonnes["reo_t"], unit_value_usd_kg=float(known[product]))
        for product, share in MINED.items()
        if product in known.index
    ]
    columns = ["year", "country", "product", "reo_t", "unit_value_usd_kg", "production_kusd", "source"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True)
    # A US$ per kilogram is a thousand US$ per tonne.
    return table.assign(year=year, production_kusd=table["reo_t"] * table["unit_value_usd_kg"])[columns]
