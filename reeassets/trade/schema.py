"""Tables of the stage ``trade``."""

from reeassets.settings import Settings
from reeassets.tables import Table, column, country_column, product_column, year_column
from reeassets.trade.all_goods import FILE_BASIS, WDI_BASIS
from reeassets.trade.contract import LEAST_VALUE_KUSD, MOST_QUANTITY_T, MOST_VALUE_KUSD

_KUSD = "thousand current US$"
FLOWS = ("complete", "cut")
BASIS = ("whole nomenclature", "set only")
TOTALS_BASIS = (*BASIS, WDI_BASIS, FILE_BASIS)

COUNTRIES = Table(
    stage="trade",
    name="countries",
    description="BACI's country table: the only key from numeric codes to ISO3; several codes may share one ISO3.",
    columns={
        "country_code": column(
            "int64", "BACI's numeric country code (not always ISO's: 251 is France, 842 the USA)", ge=1
        ),
        "country_name": column("str", "Name in BACI"),
        "iso2": column("str", "ISO 3166 alpha-2 code; Namibia's (NA) is empty in the bundled copy"),
        "iso3": country_column(),
    },
    key=("country_code",),
)

ECONOMIES = Table(
    stage="trade",
    name="economies",
    description="The economy of each of BACI's codes: the country itself, or the group it is merged into.",
    columns={
        "country_code": column("int64", "BACI's numeric country code", ge=1),
        "country": country_column(),
        "economy": country_column("Economy: what every table after raw trade calls a country"),
        "economy_name": column("str", "Name of the economy"),
        "merged": column("bool", "Whether the economy is a group rather than the country itself"),
    },
    key=("country_code",),
)

ECONOMY_MEMBERS = Table(
    stage="trade",
    name="economy_members",
    description="What each member of a merged economy trades with others and inside it; no rows if none is merged.",
    columns={
        "year": year_column(),
        "economy": country_column("The merged economy"),
        "country": country_column("Its member, ISO 3166 alpha-3"),
        "exports_kusd": column("float64", "Exports out of the economy, all products", unit=_KUSD, ge=0),
        "imports_kusd": column("float64", "Imports from outside the economy, all products", unit=_KUSD, ge=0),
        "inside_kusd": column("float64", "Exports to other members, which are not counted", unit=_KUSD, ge=0),
    },
    key=("year", "economy", "country"),
    by_year=True,
    may_be_empty=True,
)

NOMENCLATURE = Table(
    stage="trade",
    name="nomenclature",
    description="Every six-digit code of the Harmonized System in the revision the source is written in.",
    columns={
        "product": product_column(),
        "description": column("str", "Description of the product in the Harmonized System"),
        "chapter": column("str", "First two digits", matches=r"^\d{2}$"),
        "heading": column("str", "First four digits", matches=r"^\d{4}$"),
        "chapter_text": column("str", "Title of the chapter, in short"),
        "heading_text": column("str", "What the codes of the heading have in common, from their descriptions"),
        "revision": column("str", "Revision of the Harmonized System", matches=r"^HS\d{2}$"),
    },
    key=("product",),
)

RAW_TRADE = Table(
    stage="trade",
    name="raw_trade",
    description="Flows of a year as the source has them: all its products, BACI's numeric country codes.",
    columns={
        "year": year_column(),
        "exporter_code": column("int64", "Exporter, BACI's numeric code", ge=1),
        "importer_code": column("int64", "Importer, BACI's numeric code", ge=1),
        "product": product_column(),
        "value_kusd": column("float64", "Value of the flow", unit=_KUSD, ge=LEAST_VALUE_KUSD, le=MOST_VALUE_KUSD),
        "quantity_t": column(
            "float64",
            "Quantity of the flow; null where the source has none",
            unit="t",
            ge=0,
            le=MOST_QUANTITY_T,
            nullable=True,
        ),
    },
    key=("year", "product", "exporter_code", "importer_code"),
    by_year=True,
    in_warehouse=False,
)

REJECTED_ROWS = Table(
    stage="trade",
    name="rejected_rows",
    description="Rows of the source that were not kept: up to 20 examples for each reason of a year.",
    columns={
        "year": year_column(),
        "reason": column("str", "Why the row was not kept"),
        "count": column("int64", "Rows of the year that were not kept for this reason", ge=1),
        "example": column("int64", "Number of the example", ge=1, le=20),
        "line": column("Int64", "Line of the file, the header being line 1; null if it has none", ge=1, nullable=True),
        "text": column("str", "The row as it stands in the file"),
    },
    key=("year", "reason", "example"),
    by_year=True,
    may_be_empty=True,
)

PRODUCT_COVERAGE = Table(
    stage="trade",
    name="product_coverage",
    description="What the source holds of each product, where that is not every flow in its nomenclature.",
    columns={
        "product": product_column(),
        "revision": column("str", "Revision of the Harmonized System the flows were reported or carried in, by years"),
        "flows": column("str", "Whether every flow is there, or the small ones are cut off", isin=FLOWS),
        "taiwan_from": column(
            "Int64", "First year with Taiwan's flows (490, S19); null if they are not there", nullable=True, ge=1900
        ),
        "note": column("str", "What else to know", nullable=True),
    },
    key=("product",),
    may_be_empty=True,
)

COUNTRY_TOTALS = Table(
    stage="trade",
    name="country_totals",
    description="Exports and imports of each economy over all products: the denominators of comparative advantage.",
    columns={
        "year": year_column(),
        "country": country_column(),
        "exports_kusd": column(
            "float64", "Exports over all products; null where no total is known", unit=_KUSD, ge=0, nullable=True
        ),
        "imports_kusd": column(
            "float64", "Imports over all products; null where no total is known", unit=_KUSD, ge=0, nullable=True
        ),
        "basis": column(
            "str",
            "What `all products` are: the source's whole nomenclature, the source's set only, or all goods as another "
            "table has them (World Bank WDI, or a given file)",
            isin=TOTALS_BASIS,
        ),
    },
    key=("year", "country"),
    by_year=True,
)

PRODUCT_TOTALS = Table(
    stage="trade",
    name="product_totals",
    description="World trade of each product the source holds.",
    columns={
        "year": year_column(),
        "product": product_column(),
        "value_kusd": column("float64", "World trade in the product", unit=_KUSD, gt=0),
        "basis": column("str", "Which products have a row: the whole nomenclature, or the set only", isin=BASIS),
    },
    key=("year", "product"),
    by_year=True,
)


def tables(settings: Settings) -> list[Table]:  # noqa: ARG001  (the signature is the same in every stage)
    """Return the tables of this stage."""
    return [
        COUNTRIES,
        ECONOMIES,
        NOMENCLATURE,
        RAW_TRADE,
        REJECTED_ROWS,
        PRODUCT_COVERAGE,
        ECONOMY_MEMBERS,
        COUNTRY_TOTALS,
        PRODUCT_TOTALS,
    ]
