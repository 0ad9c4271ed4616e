"""Which columns of its inputs each column of a table of the stage ``trade`` comes from.

Rules as :func:`reeassets.tables.column_lineage` reads them.
"""

COLUMNS = {
    "countries": "* <- nothing",
    "nomenclature": "* <- nothing",
    "raw_trade": "* <- nothing",
    # From what the reader of raw_trade noted, not from its rows.
    "rejected_rows": "* <- nothing",
    "country_totals": """
        year <- raw_trade.=
        country <- countries.iso3 countries.country_code raw_trade.exporter_code raw_trade.importer_code
        exports_kusd imports_kusd <- raw_trade.value_kusd countries.iso3
        basis <- nothing
    """,
    "product_totals": """
        year product <- raw_trade.=
        value_kusd <- raw_trade.= countries.iso3
        basis <- nothing
    """,
}
