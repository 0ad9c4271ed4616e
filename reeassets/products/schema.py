"""Tables of the stage ``products``."""

from reeassets.products.contract import APPLICATIONS, MATERIALITY
from reeassets.products.voting import FIELDS, SUPPORTS
from reeassets.settings import STAGES, Settings
from reeassets.tables import PRODUCT_CODE, Table, column, country_column, product_column, year_column

PRODUCT_VOTES = Table(
    stage="products",
    name="product_votes",
    description="Each voter's vote on each product of the classified revision, or why the voter abstained.",
    columns={
        "product": product_column(),
        "voter": column("str", "Who voted"),
        "is_ree": column("boolean", "Contains rare earths, or needs them to be made", nullable=True),
        "stage": column("str", "Stage of the supply chain", isin=STAGES, nullable=True),
        "application": column("str", "Main application", isin=APPLICATIONS, nullable=True),
        "elements": column("str", "Symbols of the rare-earth elements concerned, separated by spaces", nullable=True),
        "materiality": column(
            "str",
            "Share of the code's world trade in goods that contain or need rare earths, in percent, by bands; null "
            "where the voter was not asked",
            isin=tuple(MATERIALITY),
            nullable=True,
        ),
        "confidence": column("float64", "How sure the voter is of is_ree", ge=0, le=1, nullable=True),
        "rationale": column("str", "The voter's reason; null for an abstention", nullable=True),
        "round": column(
            "str",
            "shortlist: left out when all codes were read to shortlist some, so a no without further fields; full: "
            "judged alone with all fields",
            isin=("shortlist", "full"),
        ),
        "abstention": column("str", "Why the voter gave no vote; null for a vote", nullable=True),
    },
    key=("product", "voter"),
)

_FIELDS = {
    "stage": column("str", "upstream, input or final; null where nobody gave it", isin=STAGES, nullable=True),
    "application": column("str", "Main application; null where nobody gave it", isin=APPLICATIONS, nullable=True),
    "elements": column("str", "Rare-earth elements concerned, separated by spaces; null if none", nullable=True),
    "materiality": column(
        "float64",
        "Share of the code's world trade in goods that contain or need rare earths: mean over voters of what their "
        "bands count as (0.02, 0.12, 0.35, 0.75); null where nobody was asked",
        ge=0,
        le=1,
        nullable=True,
    ),
    "n_votes": column("int64", "Number of voters who voted on the product", ge=0),
    "ree_votes": column("int64", "Number of those who voted that it is rare-earth", ge=0),
    "support": column("str", "Share of votes for rare-earth: all, more than half, fewer, none", isin=SUPPORTS),
    "ree_confidence": column(
        "float64",
        "How sure voters are on average that it is rare-earth: their confidence, or 1 minus it if they voted no",
        ge=0,
        le=1,
        nullable=True,
    ),
    "rationale": column("str", "Reason of a voter of the majority; null where nobody voted", nullable=True),
}
_DESCRIPTION = column("str", "Description of the product in the Harmonized System")

CLASSIFIED_PRODUCTS = Table(
    stage="products",
    name="classified_products",
    description="Every code of the nomenclature: what the majority of votes says it is, and whether it is in the set.",
    columns={
        "product": product_column(),
        "description": _DESCRIPTION,
        "in_set": column("bool", "Whether the product is in the product set"),
        "is_ree": column(
            "boolean", "Contains rare earths, or needs them to be made; null where nobody voted", nullable=True
        ),
        "confidence": column(
            "float64", "Share of voters who voted for the winning is_ree; 0 where nobody voted", ge=0, le=1
        ),
        **_FIELDS,
    },
    key=("product",),
)

REFERENCE_SET = Table(
    stage="products",
    name="reference_set",
    description="The 168 rare-earth related products that the votes choose, best first, whichever set is analysed.",
    columns={
        "rank": column("int64", "Place in the ranking of the rule", ge=1),
        "product": product_column(),
        "description": _DESCRIPTION,
        **_FIELDS,
    },
    key=("product",),
)

REFERENCE_SUMMARY = Table(
    stage="products",
    name="reference_summary",
    description="The reference set counted by stage and by application, and by how many voters stand behind it.",
    columns={
        "grouping": column("str", "What is counted by", isin=("all", "stage", "application")),
        "value": column("str", "Which stage or application"),
        "products": column("int64", "Products of the reference set", ge=0),
        "full": column("int64", "Of them, those all voters hold to be rare-earth", ge=0),
        "majority": column("int64", "Those more than half do", ge=0),
        "minority": column("int64", "Those fewer do", ge=0),
    },
    key=("grouping", "value"),
)

VOTE_AGREEMENT = Table(
    stage="products",
    name="vote_agreement",
    description="Agreement of the voters, field by field: Fleiss' kappa, for materiality with quadratic weights.",
    columns={
        "field": column("str", "Field of the vote", isin=FIELDS),
        "scope": column("str", "Products compared", isin=("all", "judged in full", "reference set")),
        "n_voters": column("int64", "Number of voters", ge=0),
        "n_products": column("int64", "Products on which every voter gave the field", ge=0),
        "observed_agreement": column("float64", "Share of pairs of voters who agree", ge=0, le=1, nullable=True),
        "expected_agreement": column(
            "float64", "The same by the answers' frequencies alone", ge=0, le=1, nullable=True
        ),
        "fleiss_kappa": column(
            "float64", "Agreement beyond chance; null for one voter or one answer", ge=-1, le=1, nullable=True
        ),
    },
    key=("field", "scope"),
)

VOTE_DISAGREEMENTS = Table(
    stage="products",
    name="vote_disagreements",
    description="What the voters disagree on, product by product and field by field.",
    columns={
        "product": product_column(),
        "field": column("str", "Field of the vote", isin=FIELDS),
        "answers": column("str", "Each voter's answer"),
        "largest_share": column("float64", "Share of voters who gave the most frequent answer", gt=0, lt=1),
    },
    key=("product", "field"),
    may_be_empty=True,
)

KEYWORD_BASELINE = Table(
    stage="products",
    name="keyword_baseline",
    description="A baseline that looks for words in descriptions; it is compared with the votes and has no vote.",
    columns={
        "product": product_column(),
        "keywords": column("str", "Words found; null if none", nullable=True),
        "is_ree": column("bool", "Whether any was found"),
    },
    key=("product",),
)

CODE_LIST_EVIDENCE = Table(
    stage="products",
    name="code_list_evidence",
    description="Published code lists compared with the reference set, code by code; why a code is left out.",
    columns={
        "list": column("str", "Which list"),
        "code": column("str", "Code as the list has it; eight digits are a national subdivision", matches=r"^\d{6,8}$"),
        "label": column("str", "What the list says of it"),
        "rare_earth_list": column("bool", "Whether the list holds it to be rare-earth"),
        "product": product_column("First six digits"),
        "in_reference_set": column("bool", "Whether it is in the reference set"),
        "rank": column(
            "Int64", "Its rank by the set's rule; null if nobody holds it to be rare-earth", ge=1, nullable=True
        ),
        "stage": column("str", "Stage by the votes", isin=STAGES, nullable=True),
        "ree_votes": column("Int64", "Voters who hold it to be rare-earth", ge=0, nullable=True),
        "n_votes": column("Int64", "Voters", ge=0, nullable=True),
        "reason": column("str", "Why it is not in the reference set; null if it is", nullable=True),
    },
    key=("list", "code"),
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

_ENDS = {
    "year": year_column(),
    "exporter": country_column("Exporting country, BACI's ISO3 (S19 is Other Asia n.e.s., Taiwan)"),
    "importer": country_column("Importing country, BACI's ISO3"),
    "product": product_column(),
}
_AMOUNTS = {
    "value_kusd": column("float64", "Value of the flow", unit="thousand current US$", gt=0),
    "quantity_t": column(
        "float64", "Quantity of the flow; null where the source has none", unit="t", ge=0, nullable=True
    ),
}
TRADE_FLOWS = Table(
    stage="products",
    name="trade_flows",
    description="Bilateral flows of the set's products between economies; what stays inside one is no flow.",
    columns={**_ENDS, **_AMOUNTS},
    key=("year", "exporter", "importer", "product"),
    by_year=True,
)
EXCLUDED_FLOWS = Table(
    stage="products",
    name="excluded_flows",
    description="Flows under a code of the set that are known to be another good: left out of `trade_flows`.",
    columns={**_ENDS, "good": column("str", "What it is"), **_AMOUNTS},
    key=("year", "exporter", "importer", "product", "good"),
    by_year=True,
    may_be_empty=True,
)

UNIT_VALUES = Table(
    stage="products",
    name="unit_values",
    description="World trade in each product of the set, and what a kilogram of it costs where quantities are known.",
    columns={
        "year": year_column(),
        "product": product_column(),
        "value_kusd": column("float64", "World trade in the product", unit="thousand current US$", gt=0),
        "value_with_quantity_kusd": column(
            "float64", "Trade in flows whose quantity is known", unit="thousand current US$", ge=0
        ),
        "quantity_t": column("float64", "Quantity of those flows", unit="t", ge=0),
        "unit_value_usd_kg": column(
            "float64",
            "Their value by their quantity; null where no quantity is known",
            unit="current US$ per kg",
            gt=0,
            nullable=True,
        ),
    },
    key=("year", "product"),
    by_year=True,
)


def tables(settings: Settings) -> list[Table]:  # noqa: ARG001  (the signature is the same in every stage)
    """Return the tables of this stage."""
    return [
        PRODUCT_VOTES,
        REFERENCE_SET,
        REFERENCE_SUMMARY,
        VOTE_AGREEMENT,
        VOTE_DISAGREEMENTS,
        KEYWORD_BASELINE,
        CODE_LIST_EVIDENCE,
        CLASSIFIED_PRODUCTS,
        PRODUCT_CONCORDANCE,
        TRADE_FLOWS,
        EXCLUDED_FLOWS,
        UNIT_VALUES,
        CONCORDANCE_VALUE,
    ]
