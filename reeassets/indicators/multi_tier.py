"""Multi-tier risk: trade risk that also climbs the supply chain, from a product to what is made of it."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


def multi_tier_risk(network: YearNetwork) -> Floats:
    """Return the loss on the whole (country x product) network for failing shares ``h``, in [0, 1] (section 6).

    ``L[j,q] = sum_i A_q[i,j] (h[i,q] + (1 - h[i,q]) b L[i,q]) + b d[j,q] sum_p w[p,q] L[j,p]``. A pair that does not
    trade counts as 0. Without links it is exactly the systemic trade risk. Links may form cycles: the rows sum to at
    most ``b``, so all products are solved together and no order of them is needed.
    """
    found = network.at_risk
    return found.direct + found.trade + found.links


MULTI_TIER_RISK = Indicator(
    name="multi_tier_risk",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the supply is lost through trade in the product and in what it is made of",
    formula="L[j,q] = sum_i A_q[i,j] (h[i,q] + (1 - h[i,q]) b L[i,q]) + b d[j,q] sum_p w[p,q] L[j,p]",
    source="this project's own definition, systemic trade risk carried over input-output links",
    compute=multi_tier_risk,
)
