"""Multi-tier risk: trade risk that also climbs the supply chain, from a product to what is made of it."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


def multi_tier_risk(network: YearNetwork) -> Floats:
    """Return the risk on the whole (country x product) network of each pair, in [0, 1] (docs/METHOD.md, section 6).

    It solves, with the domestic share of supply ``d`` and the weights ``w`` of accepted links,
    ``Rn[j,q] = sum_i A_q[i,j] ((1-alpha) h[i] + alpha Rn[i,q]) + alpha d[j,q] sum_p w[p,q] Rn[j,p]``. A pair that does
    not trade counts as 0. Without links it is exactly the systemic trade risk. Links may form cycles: the rows sum to
    at most ``alpha``, so all products are solved together and no order of them is needed.
    """
    return network.multi_tier.values


MULTI_TIER_RISK = Indicator(
    name="multi_tier_risk",
    unit="index",
    low=0.0,
    high=1.0,
    direction="higher: more supply is at risk through trade in the product and in what it is made of",
    formula="Rn[j,q] = sum_i A_q[i,j] ((1-alpha) h[i] + alpha Rn[i,q]) + alpha d[j,q] sum_p w[p,q] Rn[j,p]",
    source="this project's own definition, systemic trade risk carried over input-output links",
    compute=multi_tier_risk,
)
