"""Flows of a product set that are known to be another good: a recorded list of products, exporters and years.

A six-digit code holds what its description does not tell. 253090, where rare-earth minerals are, is by value spodumene
out of the lithium-mining countries. Such flows are left out of the set's trade, counted, and shown (docs/METHOD.md,
section 2).
"""

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from reeassets.tables import COUNTRY_CODE
from reeassets.trade.given import GivenFileError, rows_of

_COLUMNS = ("product", "exporter", "first_year", "last_year", "good", "reason", "source")
ALWAYS = 9999
# One row of what is given to SQL: a product, the country that exports it, and what it is.
OF_YEAR = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("set_product", "country", "good")])


def read_other_goods(path: Path) -> pd.DataFrame:
    """Read a list of flows that are another good.

    Parameters
    ----------
    path : Path
        CSV file ``product,exporter,first_year,last_year,good,reason,source``: ``exporter`` is the ISO3 of the country
        (not of a merged economy), the years are inclusive, and an empty ``last_year`` means until now.

    Returns
    -------
    DataFrame
        Its rows; ``last_year`` is 9999 where empty.

    Raises
    ------
    GivenFileError
        If a product, exporter or year is none, a text is missing, or two rows are of the same flows and year.
    """
    rows: list[tuple[str, str, int, int, str, str, str]] = []
    for line, row in rows_of(path, _COLUMNS):
        for name, pattern in (("product", r"\d{6}"), ("exporter", COUNTRY_CODE), ("first_year", r"\d{4}")):
            if not re.fullmatch(pattern, row[name]):
                raise GivenFileError(path, line, f"{name} {row[name]!r} is none")
        if not re.fullmatch(r"\d{4}|", row["last_year"]) or 0 < int(row["last_year"] or 0) < int(row["first_year"]):
            raise GivenFileError(path, line, f"last_year {row['last_year']!r} is no year from first_year on, nor empty")
        for name in ("good", "reason", "source"):
            if not row[name]:
                raise GivenFileError(
                    path, line, f"no {name}: what is left out must say what it is, why, and who says so"
                )
        first, last = int(row["first_year"]), int(row["last_year"] or ALWAYS)
        if any(
            other[:2] == (row["product"], row["exporter"]) and other[2] <= last and first <= other[3] for other in rows
        ):
            raise GivenFileError(
                path, line, f"{row['product']} of {row['exporter']} is listed for one of its years already"
            )
        rows.append((row["product"], row["exporter"], first, last, row["good"], row["reason"], row["source"]))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def of_year(listed: pd.DataFrame | None, year: int) -> pa.Table:
    """Return the products and exporting countries of a list in a year, in the schema :data:`OF_YEAR`."""
    if listed is None:
        return OF_YEAR.empty_table()
    valid = listed[(listed["first_year"] <= year) & (listed["last_year"] >= year)]
    columns = [valid[name].tolist() for name in ("product", "exporter", "good")]
    return pa.table(columns, schema=OF_YEAR)
