"""Influence: how much of the world's risk in a product starts at a supplier; the mirror image of systemic risk."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
_SOURCE = "this project's own definition, the column sums of the systemic risk's inverse weighted by import shares"


def influence(network: YearNetwork) -> Floats:
    """Return ``sum_j s[j] (1 - alpha) L[j,i]`` of each pair as supplier ``i``, >= 0 (docs/METHOD.md, section 5).

    With ``L = (I - alpha A')^-1 A'`` and ``s[j] = M[j,p] / M[p]`` this is ``(1 - alpha) A z`` with
    ``z = (I - alpha A)^-1 s``: one solve with the transpose, no inverse. It does not depend on the hazard.
    """
    return (1 - network.alpha) * (network.supply_shares @ network.propagation.values)


def influence_share(network: YearNetwork) -> Floats:
    """Return ``influence / sum_i influence`` within the product, in [0, 1]; sums to 1 per product (section 5)."""
    values = influence(network)
    within_product = np.bincount(network.product, values, len(network.products))
    return values / within_product[network.product]


INFLUENCE = Indicator(
    name="influence",
    unit="index",
    low=0.0,
    high=None,
    direction="higher: more of the world's supply is at risk when this supplier fails",
    formula="sum_j s[j] (1 - alpha) L[j,i] with L = (I - alpha A')^-1 A' and s[j] = M[j,p] / M[p]",
    source=_SOURCE,
    compute=influence,
    aggregate="sum",
)
INFLUENCE_SHARE = Indicator(
    name="influence_share",
    unit="share of systemic risk",
    low=0.0,
    high=1.0,
    direction="higher: more of the product's systemic risk starts at this supplier",
    formula="influence / sum_i influence within the product",
    source=_SOURCE,
    compute=influence_share,
    aggregate="sum",
)
