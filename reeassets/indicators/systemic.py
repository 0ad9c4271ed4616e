"""Direct, systemic and indirect trade risk: the supply that is expected to be lost when suppliers fail."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
_SOURCE = (
    "this project's own definition, after the trade-risk networks of Klimek, Obersteiner & Thurner (2015) with losses "
    "passed on"
)


def direct_risk(network: YearNetwork) -> Floats:
    """Return ``A' h`` of each pair, in [0, 1]: expected loss from the failure of direct suppliers (section 5)."""
    return network.at_risk.direct


def indirect_risk(network: YearNetwork) -> Floats:
    """Return what only the network carries of the systemic trade risk of each pair, in [0, 1] (section 5)."""
    return network.at_risk.trade


def systemic_trade_risk(network: YearNetwork) -> Floats:
    """Return the loss of each pair for failing shares ``h``, with cascades through trade, in [0, 1] (section 5).

    It is exactly the sum of direct and indirect risk.
    """
    return network.at_risk.direct + network.at_risk.trade


DIRECT_RISK = Indicator(
    name="direct_risk",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the supply is lost if direct suppliers fail as their hazards say",
    formula="A' h with A[i,j] = v[i,j] / S[j]",
    source="this project's own, after the hazard-weighted import shares of Klimek, Obersteiner & Thurner (2015)",
    compute=direct_risk,
)
SYSTEMIC_TRADE_RISK = Indicator(
    name="systemic_trade_risk",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the supply is lost when suppliers fail, and who supplies them",
    formula="L = A' (h + (1 - h) b L)",
    source=_SOURCE,
    compute=systemic_trade_risk,
)
INDIRECT_RISK = Indicator(
    name="indirect_risk",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the risk comes from behind the direct suppliers",
    formula="systemic_trade_risk - direct_risk",
    source=_SOURCE,
    compute=indirect_risk,
)
