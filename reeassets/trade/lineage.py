"""Which columns of its inputs each column of a table of the stage ``trade`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "countries": "* <- nothing",
    "nomenclature": "* <- nothing",
    "raw_trade": "* <- nothing",
    "product_coverage": "* <- nothing",
    # But for the year from what the reader of raw_trade noted: these rows are the ones that it lacks.
    "rejected_rows": """
        year <- raw_trade.=
        * <- nothing
    """,
    "economies": """
        country_code <- countries.=
        country <- countries.iso3
        economy merged <- countries.iso3
        economy_name <- countries.country_name countries.iso3
    """,
    "economy_members": """
        year <- raw_trade.=
        economy country <- economies.=
        *_kusd <- raw_trade.value_kusd economies.economy economies.merged
    """,
    "country_totals": """
        year <- raw_trade.=
        country <- economies.economy economies.country_code raw_trade.exporter_code raw_trade.importer_code
        exports_kusd imports_kusd <- raw_trade.value_kusd economies.economy
        basis <- nothing
    """,
    "product_totals": """
        year product <- raw_trade.=
        value_kusd <- raw_trade.= economies.economy
        basis <- nothing
    """,
}
