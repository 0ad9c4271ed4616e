"""Which columns of its inputs each column of a table of the stage ``products`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "product_votes": "* <- nothing",
    "classified_products": """
        product description <- product_votes.product
        in_set <- product_votes.product product_votes.is_ree product_votes.confidence
        is_ree confidence n_votes <- product_votes.is_ree product_votes.voter product_votes.confidence
        stage application elements <- product_votes.= product_votes.confidence
        rationale <- product_votes.rationale product_votes.is_ree
    """,
    "product_concordance": "* <- classified_products.product classified_products.in_set",
    "trade_flows": """
        year <- raw_trade.=
        exporter <- raw_trade.exporter_code countries.country_code countries.iso3
        importer <- raw_trade.importer_code countries.country_code countries.iso3
        product <- product_concordance.set_product product_concordance.product raw_trade.product
        value_kusd quantity_t <- raw_trade.= product_concordance.share
    """,
    "concordance_value": """
        year <- product_totals.=
        set_product <- product_concordance.=
        *_kusd *_share <- product_totals.value_kusd product_concordance.share product_concordance.relation \
            product_concordance.exact
    """,
}
