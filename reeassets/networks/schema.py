"""Tables of the stage ``networks``."""

from reeassets.settings import STAGES, Settings
from reeassets.tables import Table, column, country_column, product_column, year_column

LINK_VOTES = Table(
    stage="networks",
    name="link_votes",
    description="Who proposed which link when links were built, and how every voter judged every candidate alone.",
    columns={
        "input": product_column("Input product"),
        "output": product_column("Output product"),
        "phase": column("str", "build: proposed among all products; prune: judged alone", isin=("build", "prune")),
        "voter": column("str", "Who proposed or judged it"),
        "vote": column("boolean", "Whether the voter keeps the link; null for an abstention", nullable=True),
        "strength": column(
            "float64", "How much of the input making the output takes, by the voter", ge=0, le=1, nullable=True
        ),
        "rationale": column("str", "The voter's reason"),
    },
    key=("input", "output", "phase", "voter"),
    may_be_empty=True,
)

_VOTES = {
    "strength": column("float64", "Mean strength of those who proposed the link", ge=0, le=1, nullable=True),
    "ai_proposed": column("int64", "Voters who proposed it", ge=1),
    "ai_votes": column("int64", "Voters who keep the candidate when they judge it alone", ge=0),
    "ai_voters": column("int64", "Voters who judged it alone", ge=0),
    "rationale": column("str", "Reason of the first voter, by name, who judged it as the majority did"),
    "refused": column("str", "Rule that refuses the candidate whatever the votes; null if none", nullable=True),
    "carried": column("bool", "More than half of the voters keep it and no rule refuses it"),
}

CANDIDATE_LINKS = Table(
    stage="networks",
    name="candidate_links",
    description="Candidate input-output links: the input is a direct input to making the output, by the votes.",
    columns={"input": product_column("Input product"), "output": product_column("Output product"), **_VOTES},
    key=("input", "output"),
    may_be_empty=True,
)

_CORRELATION = column(
    "float64",
    "Correlation, over countries and years, of changes in importing the input and in exporting the output; null if "
    "one does not change",
    ge=-1,
    le=1,
    nullable=True,
)
_P_VALUE = column("float64", "One-sided, against permutations of whole countries", gt=0, le=1)

IO_LINKS = Table(
    stage="networks",
    name="io_links",
    description="Candidate links: which make up the network, with what weight, and what trade has to say about each.",
    columns={
        **CANDIDATE_LINKS.columns,
        "correlation": _CORRELATION,
        "p_value": _P_VALUE,
        "p_reverse": column("float64", "The same test of the reverse direction, output to input", gt=0, le=1),
        "q_bh": column("float64", "False discovery rate by Benjamini-Hochberg over all candidates", gt=0, le=1),
        "q_decoy": column(
            "float64", "False discovery rate by target-decoy: against pairs that nobody proposed", gt=0, le=1
        ),
        "evidence": column(
            "str",
            "validated: both rates within link_fdr and the test is calibrated; supported: p-value of at most 0.05; "
            "carried: by votes alone; null if the votes do not carry it",
            isin=("validated", "supported", "carried"),
            nullable=True,
        ),
        "in_network": column("bool", "Whether the link is of the set of links that the setting link_set names"),
        "weight": column(
            "float64",
            "Mean strength times vote share, as a share among the output's inputs in the network; 0 outside it",
            ge=0,
            le=1,
        ),
    },
    key=("input", "output"),
    may_be_empty=True,
)

LINK_CALIBRATION = Table(
    stage="networks",
    name="link_calibration",
    description=(
        "The test of links on decoys: pairs of products that nobody proposed, of the same stages and sizes of trade. "
        "A test that can be believed gives them uniform p-values."
    ),
    columns={
        "input": product_column("Product in the place of the input"),
        "output": product_column("Product in the place of the output"),
        "correlation": _CORRELATION,
        "p_value": _P_VALUE,
    },
    key=("input", "output"),
    may_be_empty=True,
)

PRODUCT_TIERS = Table(
    stage="networks",
    name="product_tiers",
    description="Trophic level of each product of the set on the graph of the network's links, beside its stage.",
    columns={
        "product": product_column(),
        "stage": column("str", "Stage of the supply chain, by the votes", isin=STAGES),
        "trophic_level": column("float64", "Trophic level; the lowest product of each component is at 0", ge=0),
        "n_inputs": column("int64", "Links of the network into the product", ge=0),
        "n_outputs": column("int64", "Links of the network out of the product", ge=0),
        "component": column("int64", "Weakly connected component of the graph of the network's links", ge=0),
        "tier_stage": column(
            "str",
            "Stage whose linked products have the nearest median trophic level; null without a link",
            isin=STAGES,
            nullable=True,
        ),
        "disagrees": column("bool", "Whether the trophic level speaks for another stage than the votes"),
    },
    key=("product",),
)

NETWORK_EDGES = Table(
    stage="networks",
    name="network_edges",
    description="The tiered network: trade of a product between countries, production in a country along a link.",
    columns={
        "year": year_column(),
        "kind": column("str", "trade or production", isin=("trade", "production")),
        "source_country": country_column("Exporter, or the producing country"),
        "source_product": product_column("Product traded, or the input"),
        "target_country": country_column("Importer, or the producing country"),
        "target_product": product_column("Product traded, or the output"),
        "weight": column("float64", "trade: thousand current US$; production: weight of the link in [0,1]", gt=0),
    },
    key=("year", "kind", "source_country", "source_product", "target_country", "target_product"),
    by_year=True,
)


# The tiered network as two tables, for readers of the warehouse: name, what it holds, query.
EDGE_VIEWS = (
    (
        "trade_edges",
        "The network's trade: exporter to importer, in thousand current US$.",
        "select year, source_country as exporter, target_country as importer, source_product as product, "
        "weight as value_kusd from network_edges where kind = 'trade'",
    ),
    (
        "production_edges",
        "The network's production: input to output in a country that trades the input and exports the output.",
        "select year, source_country as country, source_product as input, target_product as output, weight "
        "from network_edges where kind = 'production'",
    ),
)


def tables(settings: Settings) -> list[Table]:  # noqa: ARG001  (the signature is the same in every stage)
    """Return the tables of this stage."""
    return [LINK_VOTES, CANDIDATE_LINKS, IO_LINKS, LINK_CALIBRATION, PRODUCT_TIERS, NETWORK_EDGES]
