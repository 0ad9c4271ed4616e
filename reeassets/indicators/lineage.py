"""Which columns of its inputs each column of a table of the stage ``indicators`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

_FLOWS = "trade_flows.exporter trade_flows.importer trade_flows.value_kusd"
_SUPPLY = f"{_FLOWS} reexport_shares.share production.production_kusd"
_HAZARDS = f"{_SUPPLY} economy_members.exports_kusd"

COLUMNS = {
    "reexport_shares": """
        country <- economies.economy
        * <- nothing
    """,
    "production": """
        year product <- unit_values.=
        country <- economies.economy
        reo_t source <- economies.country
        unit_value_usd_kg production_kusd <- unit_values.unit_value_usd_kg
    """,
    "supplier_hazards": f"""
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        * <- {_HAZARDS} country_totals.country io_links.weight
    """,
    "product_indicators": f"""
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        imports_kusd exports_kusd <- trade_flows.value_kusd
        rca rsca <- trade_flows.value_kusd country_totals.exports_kusd
        exposure <- trade_flows.value_kusd country_totals.imports_kusd reexport_shares.share production.production_kusd
        multi_tier_risk <- {_HAZARDS} io_links.input io_links.output io_links.weight
        direct_risk systemic_trade_risk indirect_risk <- {_HAZARDS}
        supplier_concentration <- {_FLOWS}
        influence largest_origin largest_origin_share origin_concentration <- {_SUPPLY}
        * <- trade_flows.* country_totals.*_kusd io_links.weight
    """,
    "origins": f"""
        year product <- trade_flows.=
        country <- trade_flows.importer
        origin <- trade_flows.exporter
        direct_share <- {_FLOWS}
        * <- {_SUPPLY} country_totals.country economy_members.country io_links.weight
    """,
    "dependency_monitor": f"""
        year <- trade_flows.=
        country <- trade_flows.importer economies.economy
        stage product <- classified_products.=
        imports_kusd <- trade_flows.value_kusd classified_products.stage economies.country
        largest_seller largest_seller_share above_direct <- {_FLOWS} classified_products.stage economies.country
        * <- {_SUPPLY} classified_products.stage economies.country
    """,
    "bloc_risks": f"""
        year product <- trade_flows.=
        stage <- classified_products.=
        bloc reading <- nothing
        imports_kusd world_imports_kusd <- trade_flows.value_kusd trade_flows.importer economies.country
        * <- {_HAZARDS} economies.country country_totals.exports_kusd
    """,
    "reallocations": f"""
        year product <- trade_flows.=
        country <- trade_flows.importer economies.economy
        unit_value_usd_kg additional_cost_kusd <- {_FLOWS} trade_flows.quantity_t economies.country
        * <- {_FLOWS} economies.country
    """,
    "indicator_bounds": f"""
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        multi_tier_risk_* <- {_HAZARDS} io_links.input io_links.output io_links.weight
        largest_origin_share_* origin_concentration_* <- {_SUPPLY} product_indicators.*
        * <- {_HAZARDS} country_totals.country product_indicators.*
    """,
    "indicator_variants": f"""
        year product <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        trade_exposure <- trade_flows.value_kusd
        import_reliance <- {_SUPPLY}
        import_intensity <- trade_flows.value_kusd country_totals.imports_kusd
        multi_tier_risk__* <- {_HAZARDS} io_links.input io_links.output io_links.weight
        * <- {_HAZARDS}
    """,
    "indicator_intervals": """
        year <- trade_flows.=
        country <- trade_flows.exporter trade_flows.importer
        stage <- classified_products.=
        * <- trade_flows.* country_totals.*_kusd io_links.weight economy_members.*_kusd classified_products.stage \
            classified_products.materiality reexport_shares.share production.production_kusd
    """,
    "country_indicators": """
        year country <- product_indicators.=
        stage <- classified_products.=
        weighting <- nothing
        n_products <- product_indicators.product classified_products.stage classified_products.materiality
        imports_kusd exports_kusd <- product_indicators.= classified_products.stage
        * <- product_indicators.= product_indicators.imports_kusd classified_products.stage \
            classified_products.materiality
    """,
    "tier_contrasts": """
        year <- country_indicators.=
        indicator weighting <- nothing
        n_*_products p_value q_value <- product_indicators.* classified_products.stage classified_products.materiality
        * <- country_indicators.*
    """,
    "tier_contrasts_pooled": """
        n_years <- country_indicators.year
        indicator weighting <- nothing
        n_*_products p_value q_value <- product_indicators.* classified_products.stage classified_products.materiality
        * <- country_indicators.*
    """,
}
