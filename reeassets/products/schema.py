"""Tables of the stage ``products``."""

from reeassets.products.contract import APPLICATIONS
from reeassets.settings import STAGES, Settings
from reeassets.tables import PRODUCT_CODE, Table, column, country_column, product_column, year_column

PRODUCT_VOTES = Table(
    stage="products",
    name="product_votes",
    description="Each voter's vote on each product it voted on.",
    columns={
        "product": product_column(),
        "voter": column("str", "Who voted"),
        "is_ree": column("boolean", "Contains rare earths, or needs them to be made", nullable=True),
        "stage": column("str", "Stage of the supply chain", isin=STAGES, nullable=True),
        "application": column("str", "Main application", isin=APPLICATIONS, nullable=True),
        "elements": column("str", "Symbols of the rare-earth elements concerned, separated by spaces", nullable=True),
        "confidence": column("float64", "The voter's own confidence", ge=0, le=1),
        "rationale": column("str", "The voter's reason"),
    },
    key=("product", "voter"),
)

CLASSIFIED_PRODUCTS = Table(
    stage="products",
    name="classified_products",
    description="Every code of the nomenclature: what the majority of votes says it is, and whether it is in the set.",
    columns={
        "product": product_column(),
        "description": column("str", "Description of the product in the Harmonized System"),
        "in_set": column("bool", "Whether the product is in the product set"),
        "is_ree": column(
            "boolean", "Contains rare earths, or needs them to be made; null where nobody voted", nullable=True
        ),
        "stage": column("str", "upstream, input or final; null where nobody voted", isin=STAGES, nullable=True),
        "application": column("str", "Main application; null where nobody voted", isin=APPLICATIONS, nullable=True),
        "elements": column("str", "Rare-earth elements concerned, separated by spaces; null if none", nullable=True),
        "confidence": column(
            "float64", "Share of voters who voted for the winning is_ree; 0 where nobody voted", ge=0, le=1
        ),
        "n_votes": column("int64", "Number of voters who voted on the product", ge=0),
        "rationale": column("str", "Reason of a voter of the majority; null where nobody voted", nullable=True),
    },
    key=("product",),
)

PRODUCT_CONCORDANCE = Table(
    stage="products",
    name="product_concordance",
    description="Which codes of the trade data make up each product of the set, and with which share of their value.",
    columns={
        "set_product": product_column("Product of the set, in the revision the set is written in"),
        "product": column(
            "str",
            "Code of the trade data's revision; null if the product cannot be carried",
            matches=PRODUCT_CODE,
            nullable=True,
        ),
        "relation": column(
            "str",
            "Codes of the set's revision to codes of the data's",
            isin=("1:1", "1:n", "n:1", "n:n"),
            nullable=True,
        ),
        "share": column("float64", "Share of the code's value that is the product's", gt=0, le=1, nullable=True),
        "rule": column("str", "How a code that merges several products is shared out"),
        "exact": column("bool", "Whether all of the code is the product's"),
        "reason": column("str", "Why the product cannot be carried; null if it can", nullable=True),
    },
    key=("set_product", "product"),
)

_TOUCHED = "thousand current US$"

CONCORDANCE_VALUE = Table(
    stage="products",
    name="concordance_value",
    description="How much of the trade in each product rests on exact codes, on sums and on shares of codes.",
    columns={
        "year": year_column(),
        "set_product": product_column("Product of the set"),
        "exact_kusd": column("float64", "Trade in codes that are the product and nothing else", unit=_TOUCHED, ge=0),
        "summed_kusd": column("float64", "Trade in several codes that together are the product", unit=_TOUCHED, ge=0),
        "split_kusd": column("float64", "Shares of codes that merge several products", unit=_TOUCHED, ge=0),
        "merged_kusd": column("float64", "Whole value of those codes: the most it could be", unit=_TOUCHED, ge=0),
        "exact_share": column("float64", "Share of the set's trade of the year", ge=0, le=1, nullable=True),
        "summed_share": column("float64", "Share of the set's trade of the year", ge=0, le=1, nullable=True),
        "split_share": column("float64", "Share of the set's trade of the year", ge=0, le=1, nullable=True),
    },
    key=("year", "set_product"),
    by_year=True,
)

TRADE_FLOWS = Table(
    stage="products",
    name="trade_flows",
    description="Bilateral flows of the set's products between economies; what stays inside one is no flow.",
    columns={
        "year": year_column(),
        "exporter": country_column("Exporting country, BACI's ISO3 (S19 is Other Asia n.e.s., Taiwan)"),
        "importer": country_column("Importing country, BACI's ISO3"),
        "product": product_column(),
        "value_kusd": column("float64", "Value of the flow", unit="thousand current US$", gt=0),
        "quantity_t": column(
            "float64", "Quantity of the flow; null where the source has none", unit="t", ge=0, nullable=True
        ),
    },
    key=("year", "exporter", "importer", "product"),
    by_year=True,
)


def tables(settings: Settings) -> list[Table]:  # noqa: ARG001  (the signature is the same in every stage)
    """Return the tables of this stage."""
    return [PRODUCT_VOTES, CLASSIFIED_PRODUCTS, PRODUCT_CONCORDANCE, TRADE_FLOWS, CONCORDANCE_VALUE]
