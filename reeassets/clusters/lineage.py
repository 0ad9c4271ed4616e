"""Which columns of its inputs each column of a table of the stage ``clusters`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "cluster_features": """
        year country <- country_indicators.=
        trade_kusd ranked reason <- country_indicators.imports_kusd country_indicators.exports_kusd
        *_supplier_concentration <- country_indicators.supplier_concentration country_indicators.stage \
            country_indicators.weighting
        *_systemic_trade_risk <- country_indicators.systemic_trade_risk country_indicators.stage \
            country_indicators.weighting
        *_exposure <- country_indicators.exposure country_indicators.stage country_indicators.weighting
        *_log10_influence <- country_indicators.influence country_indicators.stage country_indicators.weighting
    """,
    "country_clusters": """
        year country <- cluster_features.=
        reason <- cluster_features.reason cluster_features.ranked
        * <- cluster_features.ranked cluster_features.upstream_* cluster_features.input_*
    """,
    "cluster_profiles": """
        cluster cluster_name <- country_clusters.=
        feature <- nothing
        n_* <- country_clusters.cluster country_clusters.country country_clusters.year
        * <- cluster_features.upstream_* cluster_features.input_* country_clusters.cluster
    """,
    "cluster_choice": """
        k chosen <- nothing
        * <- cluster_features.ranked cluster_features.upstream_* cluster_features.input_*
    """,
    "cluster_agreement": """
        first second in_use <- nothing
        * <- cluster_features.ranked cluster_features.upstream_* cluster_features.input_*
    """,
    "cluster_sensitivity": """
        influence_floor k in_use <- nothing
        * <- country_indicators.exposure country_indicators.supplier_concentration country_indicators.influence \
            country_indicators.systemic_trade_risk country_indicators.imports_kusd country_indicators.exports_kusd \
            country_indicators.stage country_indicators.weighting
    """,
    "cluster_transitions": "* <- country_clusters.cluster country_clusters.country country_clusters.year",
}
