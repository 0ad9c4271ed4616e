"""Supplier concentration: the Herfindahl-Hirschman index of a country's import shares in a product."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


def supplier_concentration(network: YearNetwork) -> Floats:
    """Return ``sum_i (v[i,j,p] / M[j,p])^2`` of each pair, in (0, 1]; NaN where ``M = 0`` (docs/METHOD.md, section 5).

    1 is a single supplier, ``1/k`` are ``k`` equal ones.
    """
    shares = network.value / network.imports[network.importer]
    index = np.bincount(network.importer, shares**2, network.n_pairs)
    return np.where(network.imports > 0, index, np.nan)


SUPPLIER_CONCENTRATION = Indicator(
    name="supplier_concentration",
    unit="index",
    low=0.0,
    high=1.0,
    low_open=True,
    nullable=True,
    direction="higher: fewer suppliers; null where nothing is imported",
    formula="sum_i (v[i,j,p] / M[j,p])^2",
    source="Herfindahl-Hirschman index (Hirschman 1945, Herfindahl 1950) of import shares",
    compute=supplier_concentration,
)
