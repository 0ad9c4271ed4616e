"""Totals over all products of a year, and the one rule that turns BACI's codes into economies.

Run as SQL in DuckDB over a year's Parquet file, so that a full-size year never has to fit into memory. Values are
summed as decimals with six places (a tenth of a US cent; BACI itself has three places), because a parallel sum of
floating-point numbers depends on the order of its threads and the same input must give the same bytes.
"""

from typing import Any

import duckdb
import pandas as pd

# Codes that share an ISO3 (276 and 280 are both DEU) are one country, and the members of an economy are one trader:
# their flows are summed, and what remains inside is not trade.
_FLOWS = """
    select raw.year, exporter.economy as exporter, importer.economy as importer, raw.product,
        exporter.country as exporter_country,
        raw.value_kusd::decimal(18, 6) as value_kusd, raw.quantity_t::decimal(18, 6) as quantity_t
    from (select * from read_parquet($raw) where {condition}) raw
    join read_parquet($economies) exporter on exporter.country_code = raw.exporter_code
    join read_parquet($economies) importer on importer.country_code = raw.importer_code
    where exporter.economy <> importer.economy
"""


def flows_between_economies(condition: str = "true") -> str:
    """Return the SQL of a year's flows between economies, of those rows of ``raw_trade`` that obey a condition.

    ``exporter_country`` is the member of a merged economy that exports, else the economy itself.
    """
    return _FLOWS.format(condition=condition)


def _query(connection: duckdb.DuckDBPyConnection, sql: str, raw: str, economies: str, **more: Any) -> pd.DataFrame:
    return connection.execute(sql, {"raw": raw, "economies": economies, **more}).df()


def country_totals(connection: duckdb.DuckDBPyConnection, raw: str, economies: str) -> pd.DataFrame:
    """Sum exports and imports per economy of a year over all products that the source holds.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Engine.
    raw, economies : str
        Paths or URLs of the Parquet files of the tables ``raw_trade`` (one year) and ``economies``.

    Returns
    -------
    DataFrame
        ``year``, ``country``, ``exports_kusd``, ``imports_kusd``; an economy that only imports has exports 0, and the
        other way round.
    """
    return _query(
        connection,
        f"""
        with flows as ({flows_between_economies()}), sides as (
            select year, exporter as country, value_kusd as exports_kusd, 0::decimal(18, 6) as imports_kusd from flows
            union all select year, importer, 0::decimal(18, 6), value_kusd from flows)
        select year, country, sum(exports_kusd)::double as exports_kusd,
            sum(imports_kusd)::double as imports_kusd
        from sides group by year, country
        """,  # noqa: S608  (no text from outside: the fragment is the constant above)
        raw,
        economies,
    )


def product_totals(connection: duckdb.DuckDBPyConnection, raw: str, economies: str, basis: str) -> pd.DataFrame:
    """Sum world trade per product of a year; files as in :func:`country_totals`.

    ``basis`` says which products the source has, see :data:`reeassets.trade.schema.BASIS`.
    """
    return _query(
        connection,
        f"""
        with flows as ({flows_between_economies()})
        select year, product, sum(value_kusd)::double as value_kusd, $basis as basis from flows group by year, product
        """,  # noqa: S608
        raw,
        economies,
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


def economy_members(connection: duckdb.DuckDBPyConnection, raw: str, economies: str, year: int) -> pd.DataFrame:
    """Say what each member of a merged economy trades outside it and inside it in a year; files as above.

    Returns
    -------
    DataFrame
        Table ``economy_members``: a row for every member of every merged economy, also for those that do not trade.
    """
    return _query(
        connection,
        """
        with flows as (
            select exporter.country as exporter, importer.country as importer,
                exporter.economy <> importer.economy as outside, raw.value_kusd::decimal(18, 6) as value_kusd
            from read_parquet($raw) raw
            join read_parquet($economies) exporter on exporter.country_code = raw.exporter_code
            join read_parquet($economies) importer on importer.country_code = raw.importer_code
            where exporter.country <> importer.country and (exporter.merged or importer.merged)),
        sides as (
            select exporter as country, outside, value_kusd as exports, 0::decimal(18, 6) as imports from flows
            union all select importer, outside, 0::decimal(18, 6), value_kusd from flows),
        members as (select distinct economy, country from read_parquet($economies) where merged)
        select $year as year, economy, country,
            coalesce(sum(exports) filter (where outside), 0)::double as exports_kusd,
            coalesce(sum(imports) filter (where outside), 0)::double as imports_kusd,
            coalesce(sum(exports) filter (where not outside), 0)::double as inside_kusd
        from members left join sides using (country)
        group by economy, country
        """,
        raw,
        economies,
        year=year,
    )


def unaccounted_flows(connection: duckdb.DuckDBPyConnection, raw: str, economies: str) -> dict[str, int]:
    """Count the rows of a year's raw trade that are no flow between economies, by reason.

    Returns
    -------
    dict
        ``unknown_country``: exporter or importer is not in the country table. ``within_country``: both codes are one
        country. ``within_economy``: both countries are members of one economy.
    """
    counts = _query(
        connection,
        """
        select count(*) filter (where exporter.country is null or importer.country is null) as unknown_country,
               count(*) filter (where exporter.country = importer.country) as within_country,
               count(*) filter (where exporter.country <> importer.country and exporter.economy = importer.economy)
                   as within_economy
        from read_parquet($raw) raw
        left join read_parquet($economies) exporter on exporter.country_code = raw.exporter_code
        left join read_parquet($economies) importer on importer.country_code = raw.importer_code
        """,
        raw,
        economies,
    )
    return {name: int(counts[name].iloc[0]) for name in counts.columns}
