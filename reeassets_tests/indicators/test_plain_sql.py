"""Balassa index, concentration and shares of the sample against figures of plain SQL, every pair of every year."""

import pytest

TOLERANCE = 1e-12
TRADE = """
    with exports as (select year, exporter as country, product, sum(value_kusd) as X from trade_flows group by all),
    imports as (
        select year, importer as country, product, sum(value_kusd) as M, sum(value_kusd * value_kusd) as squares
        from trade_flows group by all),
    world as (select year, product, sum(value_kusd) as Xp from trade_flows group by all),
    total as (select year, sum(exports_kusd) as X_all, sum(imports_kusd) as M_all from country_totals group by all),
    pairs as (
        select year, country, product, coalesce(X, 0) as X, coalesce(M, 0) as M, squares, Xp, X_all, M_all,
            exports_kusd as Xi, imports_kusd as Mi,
            coalesce(M, 0) + greatest(
                coalesce(X, 0) - coalesce(share, 0) * least(coalesce(M, 0), coalesce(X, 0)),
                coalesce(production_kusd, 0)) as S
        from exports full join imports using (year, country, product)
        join world using (year, product) join total using (year) join country_totals using (year, country)
        left join reexport_shares using (country) left join production using (year, country, product)),
    hazardous as (
        select year, importer as country, product, sum(value_kusd * hazard) as lost from trade_flows
        join (select year, country as exporter, hazard from supplier_hazards) using (year, exporter) group by all)
"""


def worst(warehouse, formula, column, table="product_indicators"):
    """Return the number of pairs, of those where one side is missing, and the largest relative difference."""
    return warehouse.execute(
        f"""
        {TRADE}, compared as (
            select {formula} as plain, {column} as stored
            from pairs left join hazardous using (year, country, product)
            full join {table} using (year, country, product))
        select count(*), count(*) filter (where (plain is null) <> (stored is null)),
            max(abs(plain - stored) / greatest(abs(plain), 1)) from compared
        """
    ).fetchone()


@pytest.mark.parametrize(
    ("table", "column", "formula"),
    [
        ("product_indicators", "rca", "(X / Xi) / (Xp / X_all)"),
        (
            "product_indicators",
            "rsca",
            "((X / Xi) / (Xp / X_all) - 1) / ((X / Xi) / (Xp / X_all) + 1)",
        ),
        ("product_indicators", "supplier_concentration", "case when M > 0 then squares / (M * M) end"),
        ("product_indicators", "exposure", "M / (M + X)"),
        ("product_indicators", "direct_risk", "coalesce(lost, 0) / S"),
        ("product_indicators", "imports_kusd", "M"),
        ("product_indicators", "exports_kusd", "X"),
        ("indicator_variants", "import_reliance", "M / S"),
        ("indicator_variants", "import_intensity", "(M / Mi) / (Xp / M_all)"),
    ],
)
def test_every_pair_of_every_year(warehouse, table, column, formula):
    pairs, missing, difference = worst(warehouse, formula, column, table)
    assert pairs > 25_000
    assert missing == 0
    assert difference < TOLERANCE
