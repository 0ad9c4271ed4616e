"""Which columns of its inputs each column of a table of the stage ``indicators`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "product_indicators": """
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        imports_kusd exports_kusd <- trade_flows.value_kusd
        rca rsca <- trade_flows.value_kusd country_totals.exports_kusd
        exposure <- trade_flows.value_kusd country_totals.imports_kusd
        multi_tier_risk <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd io_links.input \
            io_links.output io_links.weight
        supplier_concentration direct_risk systemic_trade_risk indirect_risk influence influence_share <- \
            trade_flows.exporter trade_flows.importer trade_flows.value_kusd
        * <- trade_flows.* country_totals.*_kusd io_links.weight
    """,
    "indicator_variants": """
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        trade_exposure import_reliance <- trade_flows.value_kusd
        import_intensity <- trade_flows.value_kusd country_totals.imports_kusd
        multi_tier_risk__* <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd io_links.input \
            io_links.output io_links.weight
        * <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd
    """,
    "country_indicators": """
        year country <- product_indicators.=
        stage <- classified_products.=
        n_products <- product_indicators.product classified_products.stage
        imports_kusd exports_kusd influence influence_share <- product_indicators.= classified_products.stage
        * <- product_indicators.= product_indicators.imports_kusd classified_products.stage
    """,
    "tier_contrasts": """
        year <- country_indicators.=
        indicator <- nothing
        * <- country_indicators.*
    """,
    "tier_contrasts_pooled": """
        n_years <- country_indicators.year
        indicator <- nothing
        * <- country_indicators.*
    """,
}
