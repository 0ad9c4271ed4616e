"""Which columns of its inputs each column of a table of the stage ``networks`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "candidate_links": """
        refused carried <- classified_products.product classified_products.in_set classified_products.stage
        * <- classified_products.product classified_products.in_set
    """,
    "io_links": """
        partial_corr p_value q_value <- trade_flows.exporter trade_flows.importer trade_flows.product \
            trade_flows.value_kusd country_totals.exports_kusd country_totals.imports_kusd candidate_links.input \
            candidate_links.output classified_products.product classified_products.in_set
        accepted weight <- candidate_links.carried trade_flows.value_kusd country_totals.exports_kusd \
            country_totals.imports_kusd
        * <- candidate_links.=
    """,
    "product_tiers": """
        product stage <- classified_products.=
        * <- io_links.input io_links.output io_links.accepted classified_products.product
    """,
    "network_edges": """
        year <- trade_flows.=
        kind <- nothing
        source_country <- trade_flows.exporter trade_flows.importer
        target_country <- trade_flows.exporter trade_flows.importer
        source_product <- trade_flows.product io_links.input
        target_product <- trade_flows.product io_links.output
        weight <- trade_flows.value_kusd io_links.weight io_links.accepted
    """,
}
