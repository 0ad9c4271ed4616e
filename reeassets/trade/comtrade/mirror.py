"""One flow from two reports: the importer's, mostly with freight and insurance, and the exporter's, without.

The rule is this project's own, far simpler than BACI's (Gaulier & Zignago 2010), which estimates freight for each pair
and weighs the two reports by their reporters' reliability:

1. If the importer reported the flow, its value free on board is taken, and its weight.
2. Otherwise the exporter's is, and its weight.

The value free on board (FOB) of a report is its ``fobvalue``, if it has one that its ``primaryValue`` bears out:
Canada, Mexico and others report imports FOB, and some countries both ways. A report without one is with cost, insurance
and freight (CIF) if it is of imports, or if its ``cifvalue`` is its value; its value is then divided by
``1 + cif_margin``.

The two reports of a flow are never mixed; a weight that is missing or 0 in the report taken is missing in the flow.
"""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from reeassets.trade.contract import (
    EXAMPLES,
    LEAST_VALUE_KUSD,
    MOST_QUANTITY_T,
    MOST_VALUE_KUSD,
    RAW_SCHEMA,
    Accounting,
    SourceError,
)

OTHER_REQUEST = "year or classification not asked for"
NOT_HS6 = "not a six-digit product"
OTHER_PRODUCT = "product not asked for"
RE_TRADE = "re-export or re-import"
OTHER_FLOW = "neither import nor export"
WORLD = "sum over the world"
AREA = "area not specified"
GROUP = "sum over a group of countries"
BREAKDOWN = "part of a total by customs procedure, transport or second partner"
SELF = "country with itself"
UNKNOWN_COUNTRY = "country code not in the table"
NO_VALUE = "no positive value"
OUT_OF_RANGE = "value or weight too small or too large for a flow"
REPEATED = "same report twice"
ALIKE = "same report twice, but for rounding or its weight"
CONTRADICTED = "two reports of the same country contradict each other"
TERRITORY = "territory that is no country of its own in the country table"
MIRRORED = "exporter's report of a flow that the importer reported"

# What every good year has: such rows are counted, and say nothing against the year.
BY_DESIGN = frozenset({RE_TRADE, WORLD, AREA, GROUP, BREAKDOWN, SELF, REPEATED, ALIKE, MIRRORED, TERRITORY})

# Codes in Comtrade's table of partners that are no country. 490 (Other Asia n.e.s., Taiwan), 697 and 711 are in BACI's
# country table and stay.
WORLD_CODE = 0
# EUR and ASEAN report beside their members.
GROUPS = frozenset({97, 975})
AREAS = frozenset({129, 221, 290, 471, 472, 473, 492, 527, 536, 568, 577, 636, 637, 837, 838, 839, 879, 899})
# Partners that hardly anybody lives in, or whose trade is counted as another's: they have codes, and no row in the
# country table. Antarctica, Bouvet Island, British Antarctic Territory, Faroe Islands, South Georgia, Aland, French
# Guiana, Guadeloupe, Heard and McDonald Islands, Holy See, Liechtenstein, Martinique, Monaco, US Minor Outlying
# Islands, Reunion, Saint Martin, Western Sahara, Svalbard and Jan Mayen, Guernsey, Jersey, Isle of Man, US Virgin
# Islands.
TERRITORIES = frozenset(
    {10, 74, 80, 234, 239, 248, 254, 312, 334, 336, 438, 474, 492, 581, 638, 663, 732, 744, 831, 832, 833, 850}
)

# Two reports of one flow are one if they are within half a US dollar, or a millionth, of each other.
_ROUNDING, _RELATIVE_ROUNDING = 0.5, 1e-6
# Most of a year's reports that may be alike (in a small year ten may), and that may contradict each other.
MOST_ALIKE, MOST_CONTRADICTED = 0.05, 0.001

_REPORT_KEY = ["flowCode", "reporterCode", "partnerCode", "cmdCode"]
_FLOW_KEY = ["product", "exporter_code", "importer_code"]


@dataclass
class ComtradeAccounting(Accounting):
    """An accounting in which only what should not be there counts against a year; see :data:`BY_DESIGN`."""

    def require_share(self, limit: float) -> None:
        """Refuse a year of which too much was rejected for another reason than how Comtrade is made."""
        faults = {reason: found for reason, found in self.rejections.items() if reason not in BY_DESIGN}
        Accounting(self.read, faults, self.place).require_share(limit)


def reconcile(
    reports: pd.DataFrame,
    *,
    year: int,
    classification: str,
    products: Collection[str],
    countries: Collection[int],
    cif_margin: float,
    accounting: Accounting,
) -> pa.Table:
    """Turn the reports of a year into flows.

    Parameters
    ----------
    reports : DataFrame
        Columns of :data:`reeassets.trade.comtrade.request.REPORT_SCHEMA`; values in US$, weights in kg.
    year, classification, products
        What was asked for.
    countries : collection of int
        Codes that are countries.
    cif_margin : float
        At least 0; see the head of this module.
    accounting : Accounting
        Gets every row: read, and if it is not kept, rejected with the reason.

    Returns
    -------
    Table
        Columns of :data:`reeassets.trade.contract.RAW_SCHEMA`, each exporter, importer and product once, sorted by
        product, exporter and importer.

    Raises
    ------
    SourceError
        If more reports than :data:`MOST_CONTRADICTED` contradict another of the same country, or more than
        :data:`MOST_ALIKE` are there twice.
    """
    accounting.read += len(reports)
    left = reports
    for reason, wrong in _faults(reports, year, classification, products, countries).items():
        hit = wrong.loc[left.index]
        _reject(accounting, reason, left[hit])
        left = left[~hit]
    left = _once(left.assign(fob_usd=_free_on_board(left, cif_margin)), year, accounting)
    imports, exports = left[left["flowCode"] == "M"], left[left["flowCode"] == "X"]
    taken = _flows(imports, "partnerCode", "reporterCode")
    other = _flows(exports, "reporterCode", "partnerCode")
    known = pd.MultiIndex.from_frame(other[_FLOW_KEY]).isin(pd.MultiIndex.from_frame(taken[_FLOW_KEY]))
    _reject(accounting, MIRRORED, exports[known])
    flows = pd.concat([taken, other[~known]]).sort_values(_FLOW_KEY, kind="stable")
    columns = flows.assign(year=year)[RAW_SCHEMA.names]
    return pa.Table.from_pandas(columns, schema=RAW_SCHEMA, preserve_index=False).replace_schema_metadata(None)


def _faults(
    reports: pd.DataFrame, year: int, classification: str, products: Collection[str], countries: Collection[int]
) -> dict[str, pd.Series]:
    """Return by reason, the one that is named first before the others, which reports are not kept."""
    reporter, partner = reports["reporterCode"], reports["partnerCode"]
    flow, product, known = reports["flowCode"], reports["cmdCode"], list(countries)
    areas, territories = AREAS - set(known), TERRITORIES - set(known)
    # A report converted to an older revision says so in one of the two columns.
    asked = (reports["classificationCode"] == classification) | (reports["classificationSearchCode"] == classification)
    # A report of imports is divided by at most 2, see the setting comtrade_cif_margin.
    values = reports["primaryValue"].between(2000 * LEAST_VALUE_KUSD, 1000 * MOST_VALUE_KUSD)
    weights = reports["netWgt"].isna() | (reports["netWgt"] <= 1000 * MOST_QUANTITY_T)
    totals = (reports["motCode"] == 0) & (reports["customsCode"] == "C00") & (reports["partner2Code"] == 0)
    return {
        OTHER_REQUEST: (reports["refYear"] != year) | ~asked,
        NOT_HS6: ~product.str.fullmatch(r"[0-9]{6}").fillna(value=False).astype(bool),
        OTHER_PRODUCT: ~product.isin(list(products)),
        RE_TRADE: flow.isin(["RX", "RM"]),
        OTHER_FLOW: ~flow.isin(["X", "M"]),
        WORLD: (reporter == WORLD_CODE) | (partner == WORLD_CODE),
        GROUP: reporter.isin(GROUPS) | partner.isin(GROUPS),
        AREA: reporter.isin(areas) | partner.isin(areas),
        TERRITORY: reporter.isin(territories) | partner.isin(territories),
        BREAKDOWN: ~totals,
        SELF: reporter == partner,
        UNKNOWN_COUNTRY: ~(reporter.isin(known) & partner.isin(known)),
        NO_VALUE: ~(reports["primaryValue"] > 0),
        OUT_OF_RANGE: ~(values & weights),
    }


def _free_on_board(reports: pd.DataFrame, cif_margin: float) -> pd.Series:
    """Return the value free on board of each report, in US$; see the head of this module."""
    value = reports["primaryValue"]
    fob, cif = (reports[name].where(reports[name] > 0) for name in ("fobvalue", "cifvalue"))
    # Freight and insurance are at most as much as the goods, see the setting comtrade_cif_margin.
    rounding = (_RELATIVE_ROUNDING * value).clip(lower=_ROUNDING)
    borne_out = fob.between(value / 2 - rounding, value + rounding)
    with_freight = ~borne_out & ((reports["flowCode"] == "M") | cif.between(value - rounding, value + rounding))
    return fob.where(borne_out, value).where(~with_freight, value / (1.0 + cif_margin))


def _once(reports: pd.DataFrame, year: int, accounting: Accounting) -> pd.DataFrame:
    """Return each report once; Comtrade is known to send the same one twice, rounded or weighed in another way."""
    again = reports.duplicated([*_REPORT_KEY, "primaryValue", "netWgt", "fobvalue", "cifvalue"])
    _reject(accounting, REPEATED, reports[again])
    single = reports[~again]
    several = single.duplicated(_REPORT_KEY, keep=False)
    twice = single[several].sort_values([*_REPORT_KEY, "primaryValue", "fob_usd", "netWgt"])
    apart = _apart(twice, "primaryValue") | _apart(twice, "fob_usd")
    _refuse_contradictions(twice[apart], len(reports), year)
    _reject(accounting, CONTRADICTED, twice[apart])
    alike = twice[~apart].assign(netWgt=_weight(twice[~apart]))
    other = alike.duplicated(_REPORT_KEY, keep="last")
    if other.sum() > max(10, MOST_ALIKE * len(reports)):
        raise SourceError(
            f"UN Comtrade {year}: {other.sum():,} of {len(reports):,} reports are there twice, with other weights or "
            f"roundings, e.g. {_text(alike.iloc[0].to_dict())}; {_AGAIN}"
        )
    _reject(accounting, ALIKE, alike[other])
    return pd.concat([single[~several], alike[~other]])


_AGAIN = "remove the folder cache/comtrade of the home to ask again, or leave the product out of the list"


def _apart(reports: pd.DataFrame, name: str) -> pd.Series:
    """Return which reports of the same flow differ by more than rounding."""
    groups = reports.groupby(_REPORT_KEY)[name]
    most, least = groups.transform("max"), groups.transform("min")
    return most - least > (_RELATIVE_ROUNDING * most).clip(lower=_ROUNDING)


def _weight(reports: pd.DataFrame) -> pd.Series:
    """Return the weight on which reports of the same flow agree, those that have one; missing if they do not agree."""
    known = reports.assign(netWgt=reports["netWgt"].where(reports["netWgt"] > 0))
    return known.groupby(_REPORT_KEY)["netWgt"].transform("max").where(~_apart(known, "netWgt"))


def _refuse_contradictions(reports: pd.DataFrame, count: int, year: int) -> None:
    if len(reports) > MOST_CONTRADICTED * count:
        examples = "; ".join(_text(row) for row in reports.head(2).to_dict("records"))
        raise SourceError(
            f"UN Comtrade {year}: {len(reports)} reports contradict another of the same country, e.g. {examples}; "
            f"{_AGAIN}"
        )


def _flows(reports: pd.DataFrame, exporter: str, importer: str) -> pd.DataFrame:
    """Return flows in thousand US$ and tonnes."""
    weight = reports["netWgt"]
    return pd.DataFrame(
        {
            "product": reports["cmdCode"],
            "exporter_code": reports[exporter].astype("int64"),
            "importer_code": reports[importer].astype("int64"),
            "value_kusd": reports["fob_usd"] / 1000.0,
            "quantity_t": (weight / 1000.0).where(weight > 0),
        }
    )


def _reject(accounting: Accounting, reason: str, rows: pd.DataFrame) -> None:
    if len(rows):
        examples: list[tuple[int | None, str]] = [(None, _text(row)) for row in rows.head(EXAMPLES).to_dict("records")]
        accounting.reject(reason, len(rows), examples)


def _text(row: dict[str, object]) -> str:
    return (
        f"reporter {row['reporterCode']}, partner {row['partnerCode']}, flow {row['flowCode']}, "
        f"product {row['cmdCode']}, {row['primaryValue']} US$"
    )
