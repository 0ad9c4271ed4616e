"""Totals over all products of a year, and the one rule that turns BACI's codes into countries.

Run as SQL in DuckDB over a year's Parquet file, so that a full-size year never has to fit into memory. Values are
summed as decimals with six places (a tenth of a US cent; BACI itself has three places), because a parallel sum of
floating-point numbers depends on the order of its threads and the same input must give the same bytes.
"""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

# Codes that share an ISO3 (276 and 280 are both DEU) are one country: their flows are summed, and what remains inside
# the country is not trade.
_FLOWS = """
    select raw.year, exporter.iso3 as exporter, importer.iso3 as importer, raw.product,
        raw.value_kusd::decimal(18, 6) as value_kusd, raw.quantity_t::decimal(18, 6) as quantity_t
    from (select * from read_parquet($raw) where {condition}) raw
    join read_parquet($countries) exporter on exporter.country_code = raw.exporter_code
    join read_parquet($countries) importer on importer.country_code = raw.importer_code
    where exporter.iso3 <> importer.iso3
"""


def flows_between_countries(condition: str = "true") -> str:
    """Return the SQL of a year's flows between countries, of those rows of ``raw_trade`` that obey a condition."""
    return _FLOWS.format(condition=condition)


def _query(connection: duckdb.DuckDBPyConnection, sql: str, raw: Path, countries: Path, **more: Any) -> pd.DataFrame:
    return connection.execute(sql, {"raw": str(raw), "countries": str(countries), **more}).df()


def country_totals(connection: duckdb.DuckDBPyConnection, raw: Path, countries: Path, basis: str) -> pd.DataFrame:
    """Sum exports and imports per country of a year.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Engine.
    raw, countries : Path
        Parquet files of the tables ``raw_trade`` (one year) and ``countries``.
    basis : str
        What the source's products are, see :data:`reeassets.trade.schema.BASIS`.

    Returns
    -------
    DataFrame
        Table ``country_totals``; a country that only imports has exports 0, and the other way round.
    """
    return _query(
        connection,
        f"""
        with flows as ({flows_between_countries()}), sides as (
            select year, exporter as country, value_kusd as exports_kusd, 0::decimal(18, 6) as imports_kusd from flows
            union all select year, importer, 0::decimal(18, 6), value_kusd from flows)
        select year, country, sum(exports_kusd)::double as exports_kusd,
            sum(imports_kusd)::double as imports_kusd, $basis as basis
        from sides group by year, country
        """,  # noqa: S608  (no text from outside: the fragment is the constant above)
        raw,
        countries,
        basis=basis,
    )


def product_totals(connection: duckdb.DuckDBPyConnection, raw: Path, countries: Path, basis: str) -> pd.DataFrame:
    """Sum world trade per product of a year; parameters as in :func:`country_totals`."""
    return _query(
        connection,
        f"""
        with flows as ({flows_between_countries()})
        select year, product, sum(value_kusd)::double as value_kusd, $basis as basis from flows group by year, product
        """,  # noqa: S608
        raw,
        countries,
        basis=basis,
    )


def outside_nomenclature(product_totals: pd.DataFrame, nomenclature: pd.DataFrame) -> dict[str, Any]:
    """Count the products of a year that the revision of the Harmonized System does not have, and their value.

    They stay in the totals; many of them say that the file is of another revision than its name.

    Parameters
    ----------
    product_totals, nomenclature : DataFrame
        The tables of those names.

    Returns
    -------
    dict
        ``products_outside_nomenclature`` and ``share_outside_nomenclature``, in [0, 1], of the year's value.
    """
    outside = pd.Index(nomenclature["product"]).get_indexer(product_totals["product"]) < 0
    value = product_totals["value_kusd"]
    share = float(value[outside].sum() / value.sum()) if len(value) else 0.0
    return {"products_outside_nomenclature": int(outside.sum()), "share_outside_nomenclature": share}


def unaccounted_flows(connection: duckdb.DuckDBPyConnection, raw: Path, countries: Path) -> dict[str, int]:
    """Count the rows of a year's raw trade that are no flow between countries, by reason.

    Returns
    -------
    dict
        ``unknown_country``: exporter or importer is not in the country table. ``within_country``: both codes are one
        country.
    """
    counts = _query(
        connection,
        """
        select count(*) filter (where exporter.iso3 is null or importer.iso3 is null) as unknown_country,
               count(*) filter (where exporter.iso3 = importer.iso3) as within_country
        from read_parquet($raw) raw
        left join read_parquet($countries) exporter on exporter.country_code = raw.exporter_code
        left join read_parquet($countries) importer on importer.country_code = raw.importer_code
        """,
        raw,
        countries,
    )
    return {name: int(counts[name].iloc[0]) for name in counts.columns}
