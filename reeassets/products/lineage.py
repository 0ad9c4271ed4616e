"""Which columns of its inputs each column of a table of the stage ``products`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

_VOTED = "product_votes.product product_votes.is_ree product_votes.confidence"
_CLASSIFIED = """product description <- product_votes.product
        is_ree confidence n_votes ree_votes support ree_confidence <- product_votes.is_ree product_votes.voter \
            product_votes.confidence
        stage application <- product_votes.= product_votes.confidence
        materiality <- product_votes.=
        elements <- product_votes.= product_votes.voter
        rationale <- product_votes.rationale product_votes.is_ree product_votes.stage"""

COLUMNS = {
    "product_votes": "* <- nothing",
    "reference_set": f"""
        rank <- {_VOTED} product_votes.stage product_votes.materiality
        {_CLASSIFIED}
    """,
    "reference_summary": """
        grouping <- nothing
        value <- reference_set.stage reference_set.application
        products full majority minority <- reference_set.support reference_set.stage reference_set.application
    """,
    "vote_agreement": """
        field scope <- nothing
        n_voters <- product_votes.voter
        * <- product_votes.is_ree product_votes.stage product_votes.application product_votes.elements \
            product_votes.materiality product_votes.round product_votes.product reference_set.product
    """,
    "vote_disagreements": """
        product <- product_votes.=
        field <- nothing
        answers largest_share <- product_votes.is_ree product_votes.stage product_votes.application \
            product_votes.elements product_votes.materiality product_votes.voter
    """,
    # From the bundled revision that is classified, which need not be that of the table nomenclature; the votes only
    # compare with it, in the metadata.
    "keyword_baseline": "* <- nothing",
    "code_list_evidence": f"""
        list code label rare_earth_list product <- nothing
        in_reference_set rank reason <- {_VOTED} product_votes.rationale
        stage <- product_votes.stage product_votes.confidence
        ree_votes n_votes <- product_votes.is_ree product_votes.voter
    """,
    "classified_products": f"""
        in_set <- {_VOTED}
        {_CLASSIFIED}
    """,
    "product_concordance": "* <- classified_products.product classified_products.in_set",
    "trade_flows": """
        year <- raw_trade.=
        exporter <- raw_trade.exporter_code economies.country_code economies.economy
        importer <- raw_trade.importer_code economies.country_code economies.economy
        product <- product_concordance.set_product product_concordance.product raw_trade.product
        value_kusd quantity_t <- raw_trade.= product_concordance.share excluded_flows.=
    """,
    "excluded_flows": """
        year <- raw_trade.=
        exporter <- raw_trade.exporter_code economies.country_code economies.economy
        importer <- raw_trade.importer_code economies.country_code economies.economy
        product <- product_concordance.set_product product_concordance.product raw_trade.product
        good <- product_concordance.set_product economies.country
        value_kusd quantity_t <- raw_trade.= product_concordance.share
    """,
    "unit_values": """
        year product value_kusd <- trade_flows.=
        * <- trade_flows.value_kusd trade_flows.quantity_t
    """,
    "concordance_value": """
        year <- product_totals.=
        set_product <- product_concordance.=
        *_kusd *_share <- product_totals.value_kusd product_concordance.share product_concordance.relation \
            product_concordance.exact
    """,
}
