"""Tables of the stage ``indicators`` about whom economies depend on: the monitor, reallocations, risks of blocs."""

import pandera.pandas as pa

from reeassets.indicators.bloc_risks import ITS_MEMBERS, ONE_BUYER, USA
from reeassets.settings import STAGES
from reeassets.tables import Table, column, country_column, product_column, year_column
from reeassets.trade.economies import EU27_CODE

KUSD = "thousand current US$"
_SHARE = "share of the imports"
_LOST = "share of supply"
_SUPPLY = "share of the supply (imports and what is made at home)"


def _share(meaning: str, unit: str, *, nullable: bool = True) -> pa.Column:
    return column("float64", meaning, unit=unit, nullable=nullable, ge=0, le=1)


DEPENDENCY_MONITOR = Table(
    stage="indicators",
    name="dependency_monitor",
    description="On whom each economy depends most, by product and stage, against a benchmark; the EU as one buyer "
    "(EUU) always among them.",
    columns={
        "year": year_column(),
        "country": country_column("Importing economy; EUU is the EU as one buyer, its members' trade left out"),
        "stage": column("str", "Stage of the supply chain", isin=STAGES),
        "product": product_column("Product; null for all products of the stage together", nullable=True),
        "imports_kusd": column("float64", "Imports (M)", unit=KUSD, gt=0),
        "supply_kusd": column("float64", "Supply (S = M + D)", unit=KUSD, gt=0),
        "supplier": country_column(
            "Other economy that made the largest part of the imports; null if none is known", nullable=True
        ),
        "direct_share": _share("Share bought from the supplier", _SHARE),
        "ultimate_share": _share("Share made by it (section 11)", _SHARE),
        "ultimate_low": _share("Smallest of headline, re-exports none and all", _SHARE),
        "ultimate_high": _share("Largest of these", _SHARE),
        "direct_supply_share": _share("Bought from the supplier", _SUPPLY),
        "ultimate_supply_share": _share("Made by it", _SUPPLY),
        "ultimate_supply_low": _share("Smallest of headline, re-exports none and all", _SUPPLY),
        "ultimate_supply_high": _share("Largest of these", _SUPPLY),
        "largest_seller": country_column("Economy that sold the largest part of the imports"),
        "largest_seller_share": _share("Share bought from that one", _SHARE, nullable=False),
        "above": column(
            "boolean", "Whether ultimate_share exceeds dependency_threshold; null if unknown", nullable=True
        ),
        "above_direct": column("bool", "Whether largest_seller_share exceeds dependency_threshold"),
        "trend": column(
            "float64",
            "Change per year of the supplier's ultimate share over five years, this the last (least squares); null if "
            "fewer than three have imports",
            unit="1/year",
            nullable=True,
            ge=-1,
            le=1,
        ),
        "years_to_benchmark": column(
            "float64",
            "Years until ultimate_share is at dependency_threshold by that trend: 0 if not above, null if not falling",
            unit="years",
            nullable=True,
            ge=0,
        ),
    },
    key=("year", "country", "stage", "product"),
)
REALLOCATIONS = Table(
    stage="indicators",
    name="reallocations",
    description="The least value of imports that must move so that no supplier is above the benchmark, and who takes "
    "over: importers of the last year with at least a million US$.",
    columns={
        "year": year_column(),
        "country": country_column("Importing economy; EUU is the EU as one buyer"),
        "product": product_column(),
        "largest_seller": country_column("Economy that sold the largest part of the imports"),
        "largest_seller_share": _share("Share bought from it", _SHARE, nullable=False),
        "imports_kusd": column("float64", "Imports (M)", unit=KUSD, gt=0),
        "moved_kusd": column("float64", "Value above dependency_threshold, which must move", unit=KUSD, gt=0),
        "possible": column("bool", "Whether other suppliers can give all of it"),
        "missing_kusd": column("float64", "What they cannot give", unit=KUSD, ge=0),
        "supplier": country_column("Economy that takes over; null if it is not possible", nullable=True),
        "taken_kusd": column(
            "float64", "What it takes over; null if it is not possible", unit=KUSD, nullable=True, gt=0
        ),
        "capacity_kusd": column(
            "float64",
            "Its largest exports of the last five years less its exports; if it is not possible, what all others "
            "together could give",
            unit=KUSD,
            ge=0,
        ),
        "unit_value_usd_kg": column(
            "float64",
            "Mean unit value of its latest exports; null if unknown",
            unit="current US$ per kg",
            nullable=True,
            gt=0,
        ),
        "additional_cost_kusd": column(
            "float64",
            "What the same tonnes cost more at that unit value than the importer paid the largest seller; null if "
            "either quantity is unknown",
            unit=KUSD,
            nullable=True,
        ),
    },
    key=("year", "country", "product", "supplier"),
    may_be_empty=True,
)

BLOC_RISKS = Table(
    stage="indicators",
    name="bloc_risks",
    description="Systemic trade risk of the European Union, as one buyer and as its members, and of the United States, "
    "beside the world's, in each product they import.",
    columns={
        "year": year_column(),
        "stage": column("str", "Stage of the supply chain", isin=STAGES),
        "product": product_column(),
        "bloc": column("str", "The bloc", isin=(EU27_CODE, USA)),
        "reading": column(
            "str",
            "Whether the EU is one buyer, who does not import from its members, or they are so many economies; for the "
            "United States the network it is seen in",
            isin=(ONE_BUYER, ITS_MEMBERS),
        ),
        "imports_kusd": column("float64", "Imports of the bloc", unit=KUSD, gt=0),
        "systemic_trade_risk": column("float64", "Import-weighted mean of its risk", unit=_LOST, ge=0, le=1),
        "world_imports_kusd": column("float64", "Imports of all economies", unit=KUSD, gt=0),
        "world_risk": column("float64", "Import-weighted mean of their risk", unit=_LOST, ge=0, le=1),
    },
    key=("year", "reading", "bloc", "product"),
    by_year=True,
    may_be_empty=True,
)
