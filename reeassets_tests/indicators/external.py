"""What a package of somebody else registers, for the tests of the plugin groups."""

import numpy as np

from reeassets.indicators.contract import Indicator
from reeassets_tests.indicators.builders import FixedHazard

EXPORT_SHARE = Indicator(
    name="export_share",
    unit="share of world exports",
    low=0.0,
    high=1.0,
    direction="higher: more of the world's exports of the product",
    formula="X[j,p] / X[p]",
    source="a test",
    compute=lambda network: (
        network.exports / np.bincount(network.product, network.exports, len(network.products))[network.product]
    ),
)
ALPHABETICALLY_FIRST = Indicator(
    name="a_constant",
    unit="1",
    low=None,
    high=None,
    direction="none",
    formula="7",
    source="a test",
    compute=lambda network: np.full(network.n_pairs, 7.0),
    aggregate="world_mean",
)
HALF = FixedHazard({"AAA": 0.5, "BBB": 0.5, "CCC": 0.5}, name="half")
NOT_AN_INDICATOR = "text"
