"""The claims of the reference's abstract, each with the statistic that tests it.

Data only; the rules are in ``findings``.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["contrast", "regression", "clusters", "core", "blocs"]


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    id, text : str
        Short name, and the claim in words.
    statistic : str
        What the estimate of its finding is.
    kind : str
        Which rule judges it.
    stages : tuple of str
        Stages that need enough products for the claim to be testable.
    term : str
        The indicator or the regression term it is about.
    sign : int
        The claimed sign, 1 or -1; 0 where the claim has none.
    """

    id: str
    text: str
    statistic: str
    kind: Kind
    stages: tuple[str, ...] = ()
    term: str = ""
    sign: int = 0


_DIFFERENCE = "median over countries of input - upstream, all years together"
_BOTH = ("upstream", "input")

CLAIMS = (
    Claim(
        "exposure_higher_in_input",
        "Exposure is higher in input products than in upstream products",
        f"exposure: {_DIFFERENCE}",
        "contrast",
        _BOTH,
        "exposure",
        1,
    ),
    Claim(
        "concentration_higher_in_input",
        "Supplier concentration is higher in input products than in upstream products",
        f"supplier_concentration: {_DIFFERENCE}",
        "contrast",
        _BOTH,
        "supplier_concentration",
        1,
    ),
    Claim(
        "systemic_risk_lower_in_input",
        "Systemic trade risk is lower in input products than in upstream products",
        f"systemic_trade_risk: {_DIFFERENCE}",
        "contrast",
        _BOTH,
        "systemic_trade_risk",
        -1,
    ),
    Claim(
        "five_clusters",
        "Economies fall into five clusters",
        "stability of five clusters: mean adjusted Rand index over resampled countries",
        "clusters",
    ),
    Claim(
        "china_leads_core",
        "China dominates the low-risk, high-influence cluster",
        "China's influence less the largest of the others in the low-risk, high-influence cluster, mean over years",
        "core",
    ),
    Claim(
        "eu_us_vulnerable_in_input",
        "The European Union and the United States stay vulnerable at intermediate tiers",
        "systemic risk in input products less the world's import-weighted mean, the smaller of both, mean over years",
        "blocs",
        ("input",),
    ),
    Claim(
        "exposure_predicts_exports",
        "High exposure across all products predicts future export strength",
        "rca_growth: coefficient of exposure, across all products",
        "regression",
        (),
        "exposure",
        1,
    ),
    Claim(
        "input_risk_impedes_advantage",
        "High systemic trade risk in input products impedes comparative advantage",
        "rca_growth: coefficient of risk in input products",
        "regression",
        ("input",),
        "risk:input",
        -1,
    ),
)

BLOCS = ("the European Union", "the United States")
CHINA = "CHN"
CORE_CLUSTER = "low risk, high influence"
