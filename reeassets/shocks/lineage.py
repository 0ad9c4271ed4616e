"""Which columns of its inputs each column of a table of the stage ``shocks`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "shock_scenarios": """
        year <- trade_flows.=
        suppliers exports_kusd cut_kusd note <- trade_flows.exporter trade_flows.product trade_flows.value_kusd \
            classified_products.product classified_products.in_set
        products <- classified_products.product classified_products.in_set classified_products.stage
        * <- nothing
    """,
    "shock_impacts": """
        scenario year <- shock_scenarios.=
        country <- trade_flows.exporter trade_flows.importer
        product <- trade_flows.=
        stage <- classified_products.=
        supply_kusd <- trade_flows.value_kusd reexport_shares.share production.production_kusd
        direct_loss* <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd reexport_shares.share \
            production.production_kusd shock_scenarios.suppliers shock_scenarios.products shock_scenarios.cut \
            shock_scenarios.substitution shock_scenarios.duration
        trade_loss* <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd reexport_shares.share \
            production.production_kusd shock_scenarios.suppliers shock_scenarios.products shock_scenarios.cut
        link_loss* loss* <- trade_flows.exporter trade_flows.importer trade_flows.value_kusd reexport_shares.share \
            production.production_kusd io_links.input io_links.output io_links.weight shock_scenarios.suppliers \
            shock_scenarios.products shock_scenarios.cut
    """,
}
