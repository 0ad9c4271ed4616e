"""Revealed comparative advantage of a country in a product, and its symmetric form (docs/METHOD.md, section 5)."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork
from reeassets.trade.specialisation import specialisation_index, symmetric_index

Floats = NDArray[np.float64]


def rca(network: YearNetwork) -> Floats:
    """Return the Balassa index ``(X[j,p] / X[j]) / (X[p] / X)`` of each pair, in [0, inf) (section 5).

    NaN where the country's total is not known, or 0: who exports nothing at all has no advantage to compare.
    """
    total = network.country_exports[network.country]
    index = specialisation_index(network.exports, total, network.product_value[network.product], network.world_exports)
    return np.where(total > 0, index, np.nan)


def rsca(network: YearNetwork) -> Floats:
    """Return ``(rca - 1) / (rca + 1)`` of each pair, in [-1, 1) (docs/METHOD.md, section 5)."""
    return symmetric_index(rca(network))


RCA = Indicator(
    name="rca",
    unit="ratio",
    low=0.0,
    high=None,
    nullable=True,
    direction="higher: the product weighs more in the country's exports than in the world's; from 1 on an advantage",
    formula="(X[j,p] / X[j]) / (X[p] / X)",
    source="Balassa (1965)",
    compute=rca,
)
RSCA = Indicator(
    name="rsca",
    unit="index",
    low=-1.0,
    high=1.0,
    high_open=True,
    nullable=True,
    direction="higher: stronger comparative advantage; from 0 on an advantage",
    formula="(rca - 1) / (rca + 1)",
    source="Dalum, Laursen & Villumsen (1998)",
    compute=rsca,
)
