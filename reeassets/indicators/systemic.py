"""Direct, systemic and indirect trade risk: what failing suppliers, and their suppliers in turn, put at risk."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
_SOURCE = (
    "this project's own definition, after the trade-risk networks of Klimek, Obersteiner & Thurner (2015) with the "
    "recursion of Katz (1953)"
)


def direct_risk(network: YearNetwork) -> Floats:
    """Return ``r0 = A' h`` of each pair, in [0, 1]: the hazard-weighted imported share of supply (section 5)."""
    return network.direct_risk


def systemic_trade_risk(network: YearNetwork) -> Floats:
    """Return ``(1 - alpha) R`` with ``R = A' (h + alpha R)`` of each pair (docs/METHOD.md, section 5).

    In [0, 1]: it is below 1 unless every unit of supply comes, however far one looks back, from countries that
    themselves only pass imports on (a closed ring of equal flows), where it is 1 times the hazard.
    """
    return network.systemic.values


def indirect_risk(network: YearNetwork) -> Floats:
    """Return ``(1 - alpha) R - (1 - alpha) r0`` of each pair, in [0, alpha]: what only the network carries (section 5).

    Computed as the equal ``alpha A' (1 - alpha) R``, which has no cancellation and cannot be negative.
    """
    return network.alpha * (network.inflow_shares @ network.systemic.values)


DIRECT_RISK = Indicator(
    name="direct_risk",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the supply is imported from hazardous suppliers",
    formula="r0 = A' h",
    source="this project's own, after the hazard-weighted import shares of Klimek, Obersteiner & Thurner (2015)",
    compute=direct_risk,
)
SYSTEMIC_TRADE_RISK = Indicator(
    name="systemic_trade_risk",
    unit="index",
    low=0.0,
    high=1.0,
    direction="higher: more supply is at risk when suppliers and their suppliers fail",
    formula="(1 - alpha) R with R = A' (h + alpha R)",
    source=_SOURCE,
    compute=systemic_trade_risk,
)
INDIRECT_RISK = Indicator(
    name="indirect_risk",
    unit="index",
    low=0.0,
    high=1.0,
    high_open=True,
    direction="higher: more of the risk comes from behind the direct suppliers",
    formula="(1 - alpha) R - (1 - alpha) r0",
    source=_SOURCE,
    compute=indirect_risk,
)
