"""Dated measures that restrict trade or free it: the bundled ones, or a file (docs/METHOD.md, section 12)."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd

from reeassets.settings import TRADE_MEASURES, Settings
from reeassets.tables import COUNTRY_CODE, PRODUCT_CODE
from reeassets.trade.given import GivenFileError, recorded_or_given, rows_of

MEASURES_FILE = "trade_measures.csv"
KINDS = ("export quota", "export ban", "export licence", "export duty", "technology ban", "end of restriction")
EVERYBODY = "all"
MONTH = r"^(19|20)\d{2}-(0[1-9]|1[0-2])$"
COLUMNS = (
    "measure",
    "product",
    "restricting_country",
    "target",
    "first_month",
    "last_month",
    "kind",
    "source",
    "note",
)
# What all rows of a measure say alike.
_SHARED = ("restricting_country", "target", "first_month", "last_month", "kind")
_OPTIONAL = ("note",)


def measures_file(settings: Settings) -> Path | None:
    """Return the file that the setting ``trade_measures`` reads, None for ``none``.

    Raises
    ------
    GivenFileError
        If there is no such file.
    """
    return recorded_or_given(settings.trade_measures, "trade_measures", TRADE_MEASURES, MEASURES_FILE)


def trade_measures(settings: Settings) -> pd.DataFrame:
    """Return the table ``trade_measures``: a row for each measure and product, none with the setting ``none``.

    Raises
    ------
    GivenFileError
        If a row is not a measure, a measure and product stand twice, or rows of a measure contradict each other.
    """
    path = measures_file(settings)
    rows: list[dict[str, str]] = []
    if path is not None:
        status = path.stat()
        rows = _read(path, status.st_size, status.st_mtime_ns)
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def unknown_countries(trade_measures: pd.DataFrame, economies: Iterable[str]) -> list[str]:
    """Return the countries that measures name and that are not among the economies, e.g. as members of a merged one."""
    named = {*trade_measures["restricting_country"], *trade_measures["target"]} - {EVERYBODY}
    return sorted(named - set(economies))


@cache
def _read(path: Path, size: int, modified_ns: int) -> list[dict[str, str]]:  # noqa: ARG001  (they key the cache)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    first_of: dict[str, tuple[int, dict[str, str]]] = {}
    required = [name for name in COLUMNS if name not in _OPTIONAL]
    for line, row in rows_of(path, required, _OPTIONAL):
        cause = _problem(row)
        if cause:
            raise GivenFileError(path, line, cause)
        key = row["measure"], row["product"]
        if key in rows:
            raise GivenFileError(path, line, f"product {key[1]} stands twice in the measure {key[0]!r}")
        first_line, first = first_of.setdefault(row["measure"], (line, row))
        for name in _SHARED:
            if row[name] != first[name]:
                said = f"{name} of the measure {key[0]!r} is {row[name]!r}, and {first[name]!r} in line {first_line}"
                raise GivenFileError(path, line, said)
        rows[key] = {"note": "", **row}
    return list(rows.values())


def _problem(row: dict[str, str]) -> str:
    """Say what is wrong with a row by itself; empty if nothing is."""
    for name in ("measure", "source"):
        if not row[name]:
            return f"{name} is empty"
    target = row["target"]
    rules = (
        ("product", re.fullmatch(PRODUCT_CODE, row["product"]), "is not six digits"),
        ("restricting_country", re.fullmatch(COUNTRY_CODE, row["restricting_country"]), "is no code"),
        ("target", target == EVERYBODY or re.fullmatch(COUNTRY_CODE, target), f"is neither a code nor {EVERYBODY}"),
        ("target", target != row["restricting_country"], "is the restricting country"),
        ("first_month", re.fullmatch(MONTH, row["first_month"]), "is not a month such as 2010-07"),
        ("last_month", re.fullmatch(f"({MONTH})?", row["last_month"]), "is neither a month such as 2010-07 nor empty"),
        ("last_month", row["last_month"] in ("", max(row["first_month"], row["last_month"])), "is before first_month"),
        ("kind", row["kind"] in KINDS, f"is not one of {', '.join(KINDS)}"),
    )
    return next((f"{name} {row[name]!r} {cause}" for name, holds, cause in rules if not holds), "")
