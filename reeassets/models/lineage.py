"""Which columns of its inputs each column of a table of the stage ``models`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "panel": """
        year country product supplier_concentration rca rsca <- product_indicators.=
        stage <- classified_products.=
        log1p_imports <- product_indicators.imports_kusd
        log1p_exports <- product_indicators.exports_kusd
        rca_lead* <- product_indicators.rca product_indicators.exports_kusd country_totals.exports_kusd \
            trade_flows.value_kusd
        rsca_lead* <- product_indicators.rsca product_indicators.exports_kusd country_totals.exports_kusd \
            trade_flows.value_kusd
        * <- indicator_variants.=
    """,
    # Every number of a row is of one regression, and a regression may be on any column of the panel.
    "rca_models": """
        model outcome delta exposure_definition risk_definition hazard fixed_effects variant interacted term role \
            headline <- nothing
        n_obs n_countries n_products n_absorbed <- panel.year panel.country panel.product
        * <- panel.* io_links.input io_links.output io_links.weight
    """,
    "model_diagnostics": """
        model interacted term <- rca_models.=
        diagnostic detail note <- nothing
        n_obs <- panel.year panel.country panel.product
        * <- panel.* io_links.input io_links.output io_links.weight rca_models.coefficient
    """,
    "model_multiplicity": """
        model interacted term <- rca_models.=
        * <- rca_models.p_value rca_models.headline rca_models.in_curve
    """,
    "findings": """
        claim claim_id statistic data <- nothing
        estimate <- tier_contrasts_pooled.rank_biserial rca_models.coefficient cluster_choice.k \
            cluster_choice.silhouette cluster_choice.stability country_clusters.cluster_name \
            bloc_risks.systemic_trade_risk bloc_risks.world_risk country_indicators.influence
        ci_low ci_high detectable <- tier_contrasts_pooled.rank_biserial_low tier_contrasts_pooled.rank_biserial_high \
            rca_models.ci_low rca_models.ci_high cluster_choice.stability_low cluster_choice.stability_high \
            bloc_risks.* country_indicators.influence
        share_sign share_significant share_contrary <- tier_contrasts.rank_biserial tier_contrasts.q_value \
            rca_models.coefficient rca_models.p_value rca_models.in_curve bloc_risks.* country_indicators.influence \
            country_clusters.cluster_name
        verdict reason <- tier_contrasts_pooled.* tier_contrasts.* rca_models.coefficient rca_models.ci_low \
            rca_models.ci_high rca_models.p_value cluster_choice.* country_clusters.* country_indicators.* \
            bloc_risks.* classified_products.stage classified_products.in_set classified_products.is_ree \
            product_indicators.product product_indicators.imports_kusd
    """,
    # What is judged is what findings are judged by, or is made again from trade.
    "robust_claims": """
        claim_id choice <- nothing
        value <- classified_products.application
        * <- trade_flows.year trade_flows.exporter trade_flows.importer trade_flows.product trade_flows.value_kusd \
            country_totals.*_kusd economy_members.*_kusd economies.economy economies.country \
            production.production_kusd io_links.* classified_products.product classified_products.in_set \
            classified_products.is_ree classified_products.stage classified_products.application \
            classified_products.materiality tier_contrasts_pooled.* tier_contrasts.* country_indicators.* \
            bloc_risks.* country_clusters.* cluster_choice.* rca_models.* findings.verdict
    """,
    "trade_measures": """
        * <- nothing
    """,
    "event_study": """
        measure product <- trade_measures.=
        outcome <- nothing
        relative_year <- trade_measures.first_month trade_flows.year product_indicators.year
        * <- trade_measures.* trade_flows.* product_indicators.year product_indicators.country \
            product_indicators.product product_indicators.rsca
    """,
}
