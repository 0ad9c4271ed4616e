"""Which columns of its inputs each column of a table of the stage ``networks`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "link_votes": "* <- classified_products.product classified_products.in_set",
    "candidate_links": """
        input output strength <- link_votes.=
        ai_proposed ai_voters <- link_votes.voter link_votes.phase
        ai_votes rationale <- link_votes.vote link_votes.phase link_votes.rationale
        refused <- link_votes.input link_votes.output classified_products.stage
        carried <- link_votes.vote link_votes.input link_votes.output classified_products.stage
    """,
    "io_links": """
        correlation p_value p_reverse <- trade_flows.exporter trade_flows.importer trade_flows.product \
            trade_flows.value_kusd country_totals.exports_kusd country_totals.imports_kusd candidate_links.input \
            candidate_links.output classified_products.product classified_products.in_set
        q_bh q_decoy <- trade_flows.value_kusd country_totals.exports_kusd country_totals.imports_kusd \
            candidate_links.input candidate_links.output link_calibration.p_value
        evidence <- candidate_links.carried trade_flows.value_kusd country_totals.exports_kusd \
            country_totals.imports_kusd link_calibration.p_value
        in_network <- candidate_links.carried
        weight <- candidate_links.carried candidate_links.strength candidate_links.ai_votes candidate_links.ai_voters
        * <- candidate_links.=
    """,
    "link_calibration": """
        input output <- candidate_links.= trade_flows.value_kusd classified_products.product \
            classified_products.in_set classified_products.stage
        * <- trade_flows.exporter trade_flows.importer trade_flows.product trade_flows.value_kusd \
            country_totals.exports_kusd country_totals.imports_kusd
    """,
    "product_tiers": """
        product stage <- classified_products.=
        * <- io_links.input io_links.output io_links.in_network classified_products.product
    """,
    "network_edges": """
        year <- trade_flows.=
        kind <- nothing
        source_country <- trade_flows.exporter trade_flows.importer
        target_country <- trade_flows.exporter trade_flows.importer
        source_product <- trade_flows.product io_links.input
        target_product <- trade_flows.product io_links.output
        weight <- trade_flows.value_kusd io_links.weight io_links.in_network
    """,
}
