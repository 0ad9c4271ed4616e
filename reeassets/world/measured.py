"""What the platform's indicators say of a generated year, as arrays over all countries and products of the set."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.advantage import rsca
from reeassets.indicators.concentration import supplier_concentration
from reeassets.indicators.exposure import trade_exposure
from reeassets.indicators.hazards import POLITICAL_STABILITY
from reeassets.indicators.supply import reexport_shares
from reeassets.indicators.systemic import systemic_trade_risk
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings

PASS_THROUGH = 0.85
# Constructed without validation: no environment variable may change a generated world.
_SETTINGS = Settings.model_construct(pass_through=PASS_THROUGH, exposure="exposure", reexports="recorded")
_NO_LINKS = pd.DataFrame({"input": [], "output": [], "weight": [], "in_network": []}).astype(
    {"input": "str", "output": "str", "weight": "float64", "in_network": "bool"}
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Indicators of every pair in one year; arrays have the shape (C, P).

    Attributes
    ----------
    rsca, exposure, risk, concentration : ndarray
        Symmetric Balassa index (-1 without exports), ``M / (M + X)``, systemic trade risk, and concentration of
        suppliers.
    imports : ndarray
        ``M``, in thousand US$.
    """

    rsca: Floats
    exposure: Floats
    risk: Floats
    concentration: Floats
    imports: Floats


def recorded_shares(countries: list[str]) -> pd.DataFrame:
    """Return the table ``reexport_shares`` of the countries: the recorded entrepots among them."""
    return reexport_shares(_SETTINGS, countries)


def measure(frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], shape: tuple[int, int]) -> Measured:
    """Compute the indicators of a year with the platform's own code.

    Parameters
    ----------
    frames : tuple of DataFrame
        Flows, totals of countries (all ``C`` of them) and totals of products.
    shape : tuple of int
        ``(C, P)``.

    Raises
    ------
    AssertionError
        If a pair neither imports nor exports: every country imports every product of the set.
    """
    shares = recorded_shares(frames[1]["country"].tolist())
    network = YearNetwork.build(*frames, _NO_LINKS, POLITICAL_STABILITY, _SETTINGS, shares)
    if network.n_pairs != shape[0] * shape[1] or network.imports.min() <= 0:
        raise AssertionError("a country does not import a product of the set")
    return Measured(
        rsca(network).reshape(shape),
        trade_exposure(network).reshape(shape),
        systemic_trade_risk(network).reshape(shape),
        supplier_concentration(network).reshape(shape),
        network.imports.reshape(shape),
    )
