"""The filters of ``reeassets show``: what they fit, and whether there is what they ask for."""

import re
from collections.abc import Sequence
from typing import Any

import duckdb

from reeassets.console.countries import Say, resolve_country
from reeassets.years import format_years

# A filter fits any of these columns, so that a country is found on either side of a flow.
_SIDES = {
    "year": ("year",),
    "country": ("country", "exporter", "importer", "source_country", "target_country", "iso3"),
    "product": ("product", "input", "output", "source_product", "target_product"),
}


def query(columns: list[str], table: str, filters: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return the part of a query from ``from`` on, and its values.

    Raises
    ------
    ValueError
        If the table has no column that a filter fits.
    """
    conditions, values = [], []
    for name, value in filters.items():
        if value is None:
            continue
        sides = _sides(name, columns, table)
        conditions.append("(" + " or ".join(f"{side} = ?" for side in sides) + ")")
        values += [value] * len(sides)
    where = " where " + " and ".join(conditions) if conditions else ""
    return f"from {table}{where}", values


def known(
    connection: duckdb.DuckDBPyConnection, columns: list[str], table: str, filters: dict[str, Any], say: Say
) -> dict[str, Any]:
    """Return filters of what there is: no rows are an answer only to a question about something that is known.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The warehouse.
    columns : list of str
        Of the table.
    table : str
        Its name.
    filters : dict
        ``year``, ``country`` and ``product``; None lets everything pass.
    say : callable
        Is told, in a line, what another name of a country stands for, and why there are no rows.

    Raises
    ------
    ValueError
        If there is no such year, country or product, neither in the table nor in the warehouse.
    """
    found = dict(filters)
    for name, value in filters.items():
        if value is None:
            continue
        sides = _sides(name, columns, table)
        text = value.strip().upper() if name == "country" else value
        if _holds(connection, table, sides, text):
            found[name] = text
            continue
        found[name] = _elsewhere(connection, table, sides, name, value, say)
        if not _holds(connection, table, sides, found[name]):
            say(f"the table {table} has nothing of the {name} {found[name]}, which the data have elsewhere")
    return found


def no_rows(table: str, filters: dict[str, Any]) -> ValueError:
    """Return the error that says which filters leave nothing of a table."""
    given = [f"{name} {value}" for name, value in filters.items() if value is not None]
    return ValueError(f"the table {table} has no rows of {', '.join(given)}")


def _sides(name: str, columns: list[str], table: str) -> list[str]:
    sides = [column for column in _SIDES[name] if column in columns]
    if not sides:
        raise ValueError(f"the table {table} has no {name}; its columns are {', '.join(columns)}")
    return sides


def _holds(connection: duckdb.DuckDBPyConnection, table: str, sides: Sequence[str], value: Any) -> bool:
    where = " or ".join(f"{side} = ?" for side in sides)
    return bool(connection.execute(f"select 1 from {table} where {where} limit 1", [value] * len(sides)).fetchall())  # noqa: S608


def _elsewhere(
    connection: duckdb.DuckDBPyConnection, table: str, sides: Sequence[str], name: str, value: Any, say: Say
) -> Any:
    """Return the value under which the warehouse has what a table has not; raise ValueError if it has it nowhere."""
    if name == "year":
        return _year(connection, table, value)
    if name == "product":
        return _product(connection, table, value)
    economies, countries = (connection.execute(f"select * from {of}").df() for of in ("economies", "countries"))  # noqa: S608
    country = resolve_country(value, economies, countries, say)
    if not (_holds(connection, table, sides, country) or _holds(connection, "country_totals", ["country"], country)):
        raise ValueError(f"the country {country} trades nothing in these data, and the table {table} has nothing of it")
    return country


def _year(connection: duckdb.DuckDBPyConnection, table: str, year: int) -> int:
    own, all_of_them = (
        [int(one) for (one,) in connection.execute(f"select distinct year from {of}").fetchall()]  # noqa: S608
        for of in (table, "country_totals")
    )
    if year not in all_of_them:
        have = f"the table {table} has {format_years(own)}" if own else f"there are {format_years(all_of_them)}"
        raise ValueError(f"there is no year {year}; {have}")
    return year


def _product(connection: duckdb.DuckDBPyConnection, table: str, product: str) -> str:
    if not re.fullmatch(r"[0-9]{6}", product):
        raise ValueError(f"product {product!r} is no code of six digits, such as 850511")
    if not _holds(connection, "nomenclature", ["product"], product):
        near = connection.execute(
            "select product from nomenclature where left(product, 4) = ? order by product", [product[:4]]
        ).fetchall()
        hint = f"; of the heading {product[:4]} it has {', '.join(code for (code,) in near)}" if near else ""
        raise ValueError(f"there is no product {product!r} in the nomenclature{hint}")
    members = [
        code for (code,) in connection.execute("select product from classified_products where in_set").fetchall()
    ]
    if product not in members:
        raise ValueError(
            f"product {product!r} is not in the set, and the table {table} has nothing of it; the set has "
            f"{', '.join(sorted(members))}"
        )
    return product
