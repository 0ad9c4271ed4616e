"""Tables of the stage ``shocks``, partitioned by scenario."""

from reeassets.settings import STAGES, Settings
from reeassets.tables import Table, column, country_column, product_column, year_column

KUSD = "thousand current US$"
SHARE = "share of supply"
_SCENARIO = column("str", "Name of the scenario", matches=r"^[a-z][a-z0-9_]*$")
_WAYS = {
    "direct_loss": "Imports from the suppliers that cut, less what others replace",
    "trade_loss": "What countries that lose supply export less, round after round",
    "link_loss": "What is not made for want of inputs along links of the network, and not exported then",
    "loss": "Direct loss, loss along trade and loss along links together",
}

SHOCK_SCENARIOS = Table(
    stage="shocks",
    name="shock_scenarios",
    description="What each what-if scenario is on the data of its year: who cuts how much of what (docs/SHOCKS.md).",
    columns={
        "scenario": _SCENARIO,
        "title": column("str", "What happens"),
        "built_in": column("bool", "Whether the scenario comes with the platform"),
        "year": year_column(),
        "suppliers": column("str", "Who cuts, ISO3 codes separated by commas; empty if nobody fits the scenario"),
        "products": column("str", "What is cut, six-digit codes separated by commas"),
        "cut": column("float64", "Share of these exports that stops", ge=0, le=1),
        "substitution": column(
            "float64", "Growth the other suppliers are capable of", unit="share of present exports per year", ge=0
        ),
        "duration": column("float64", "How long they have had to grow", unit="years", ge=0),
        "exports_kusd": column("float64", "Exports of these products by these suppliers", unit=KUSD, ge=0),
        "cut_kusd": column("float64", "What of it stops", unit=KUSD, ge=0),
        "note": column("str", "Why nothing is cut; null if something is", nullable=True),
    },
    key=("scenario",),
    by_scenario=True,
)

SHOCK_IMPACTS = Table(
    stage="shocks",
    name="shock_impacts",
    description="What each country loses of its supply of each product it trades in a scenario (docs/SHOCKS.md).",
    columns={
        "scenario": _SCENARIO,
        "year": year_column(),
        "country": country_column(),
        "product": product_column(),
        "stage": column("str", "Stage of the product", isin=STAGES),
        "supply_kusd": column("float64", "Supply: imports and what is made at home, S = M + D", unit=KUSD, gt=0),
        **{name: column("float64", meaning, unit=SHARE, ge=0, le=1) for name, meaning in _WAYS.items()},
        **{f"{name}_kusd": column("float64", meaning, unit=KUSD, ge=0) for name, meaning in _WAYS.items()},
    },
    key=("scenario", "country", "product"),
    by_scenario=True,
    may_be_empty=True,
)


def tables(settings: Settings) -> list[Table]:  # noqa: ARG001  (the signature is the same in every stage)
    """Return the tables of this stage."""
    return [SHOCK_SCENARIOS, SHOCK_IMPACTS]
