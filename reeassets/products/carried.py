"""The set's trade, carried from the revision of the data to the revision that the set is written in."""

import duckdb
import pandas as pd
import pyarrow as pa

from reeassets.trade.concordance import carry_set, touched_value
from reeassets.trade.concordance.carry import Rule
from reeassets.trade.totals import flows_between_economies


def product_concordance(
    products: list[str], set_revision: str, data_revision: str, *, rule: Rule, least_share: float
) -> pd.DataFrame:
    """Say which codes of the data make up each product of the set; see docs/CONCORDANCE.md.

    Parameters
    ----------
    products : list of str
        The set.
    set_revision, data_revision : str
        Revisions of the Harmonized System.
    rule, least_share
        See :func:`reeassets.trade.concordance.carry_set`.

    Returns
    -------
    DataFrame
        Table ``product_concordance``. Within one revision every product is itself.
    """
    if set_revision == data_revision:
        same = pd.DataFrame({"set_product": sorted(products), "product": sorted(products)}, dtype="str")
        return same.assign(relation="1:1", share=1.0, rule=rule, exact=True, reason=pd.Series(pd.NA, index=same.index))
    return carry_set(products, set_revision, data_revision, rule, least_share)


def _flows_of_set(connection: duckdb.DuckDBPyConnection, concordance: str, rest: str) -> str:
    """Return the SQL of a year's flows of the set, each with the good it is known to be if that is another one.

    ``rest`` selects from ``carried``: ``year, exporter, importer, product, value, quantity, good``.
    """
    wanted = connection.execute(
        "select distinct product from read_parquet($concordance) where product is not null order by product",
        {"concordance": concordance},
    ).fetchall()
    # Only constants are compared while the file is read; codes are six digits, by the table's schema.
    codes = ", ".join(f"'{int(code):06d}'" for (code,) in wanted)
    # Shares are decimals with nine places because values are decimals: a sum must not depend on the order of
    # threads.
    value, quantity = (f"{name}::decimal(27, 6) * share::decimal(10, 9)" for name in ("value_kusd", "quantity_t"))
    return f"""
        with flows as ({flows_between_economies(f"product in ({codes})")}),
        carried as (
            select flows.year, flows.exporter, flows.importer, parts.set_product as product,
                {value} as value, {quantity} as quantity, other.good
            from flows
            join read_parquet($concordance) parts on parts.product = flows.product
            left join other_goods other
                on other.set_product = parts.set_product and other.country = flows.exporter_country)
        {rest}
        """  # noqa: S608  (no text from outside but the codes, which are digits)


def _of_set(
    connection: duckdb.DuckDBPyConnection, raw: str, economies: str, concordance: str, others: pa.Table, rest: str
) -> pd.DataFrame:
    connection.register("other_goods", others)
    sql = _flows_of_set(connection, concordance, rest)
    return connection.execute(sql, {"raw": raw, "economies": economies, "concordance": concordance}).df()


def trade_flows(
    connection: duckdb.DuckDBPyConnection, raw: str, economies: str, concordance: str, others: pa.Table
) -> pd.DataFrame:
    """Cut the set's products out of a year's raw trade, economy by economy.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Engine.
    raw, economies, concordance : str
        Paths or URLs of the Parquet files of the tables ``raw_trade`` (one year), ``economies`` and
        ``product_concordance``.
    others : pyarrow.Table
        Products out of countries that are another good in the year, see :func:`reeassets.products.other_goods.of_year`.

    Returns
    -------
    DataFrame
        Table ``trade_flows``: one row per exporter, importer and product of the set; ``quantity_t`` is null where no
        summed flow has a quantity.
    """
    rest = """
        select year, exporter, importer, product, sum(value)::double as value_kusd, sum(quantity)::double as quantity_t
        from carried where good is null group by year, exporter, importer, product having sum(value) > 0
    """
    return _of_set(connection, raw, economies, concordance, others, rest)


def excluded_flows(
    connection: duckdb.DuckDBPyConnection, raw: str, economies: str, concordance: str, others: pa.Table
) -> pd.DataFrame:
    """Return what :func:`trade_flows` leaves out because it is another good; parameters as there.

    Returns
    -------
    DataFrame
        Table ``excluded_flows``.
    """
    rest = """
        select year, exporter, importer, product, good, sum(value)::double as value_kusd,
            sum(quantity)::double as quantity_t
        from carried where good is not null group by year, exporter, importer, product, good having sum(value) > 0
    """
    return _of_set(connection, raw, economies, concordance, others, rest)


def unit_values(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum world trade in each product, and divide value by quantity over the flows that have one.

    Parameters
    ----------
    flows : DataFrame
        Table ``trade_flows``.

    Returns
    -------
    DataFrame
        Table ``unit_values``. A thousand US$ per tonne is a US$ per kilogram. A flow of quantity 0 has none.
    """
    known = flows["quantity_t"] > 0
    parts = flows.assign(
        value_with_quantity_kusd=flows["value_kusd"].where(known, 0.0), quantity_t=flows["quantity_t"].where(known, 0.0)
    )
    sums = parts.groupby(["year", "product"], as_index=False)[
        ["value_kusd", "value_with_quantity_kusd", "quantity_t"]
    ].sum()
    quantity = sums["quantity_t"].where(sums["quantity_t"] > 0)
    return sums.assign(unit_value_usd_kg=sums["value_with_quantity_kusd"] / quantity)


def concordance_value(concordance: pd.DataFrame, product_totals: pd.DataFrame) -> pd.DataFrame:
    """Say how much of each product's trade in a year rests on exact codes, on sums of codes and on shares of codes.

    Parameters
    ----------
    concordance, product_totals : DataFrame
        Tables ``product_concordance`` and ``product_totals`` (one year).

    Returns
    -------
    DataFrame
        Table ``concordance_value``.
    """
    return touched_value(concordance, product_totals[["year", "product", "value_kusd"]])


def set_totals(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum world trade in each product of the set: ``year, product, value_kusd``.

    In the revision of the data these are rows of ``product_totals``; this is their counterpart in the set's revision.
    """
    return flows.groupby(["year", "product"], as_index=False, sort=True)["value_kusd"].sum()
