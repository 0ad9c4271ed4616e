"""Exposure: how far a country's trade in a product, or its supply, is inward. Three definitions, one configured."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets.trade.specialisation import specialisation_index

Floats = NDArray[np.float64]


def trade_exposure(network: YearNetwork) -> Floats:
    """Return ``M / (M + X)`` of each pair, in [0, 1] (docs/METHOD.md, section 5; this project's own definition).

    It is the normalised trade balance ``(X - M) / (X + M)`` turned round and scaled to [0, 1].
    """
    return network.imports / (network.imports + network.exports)


def import_reliance(network: YearNetwork) -> Floats:
    """Return ``M / S`` with ``S = M + D`` of each pair, in [0, 1]: the imported share of supply (section 5)."""
    return network.imports / network.supply


def import_intensity(network: YearNetwork) -> Floats:
    """Return RCI, the import counterpart of the Balassa index, of each pair, in [0, inf) (sections 3 and 5).

    NaN where the country's total is not known.
    """
    return specialisation_index(
        network.imports,
        network.country_imports[network.country],
        network.product_value[network.product],
        network.world_imports,
    )


def _configured(settings: Settings) -> Indicator:
    return replace(DEFINITIONS[settings.exposure], name="exposure")


def _exposure(network: YearNetwork) -> Floats:
    return _configured(network.settings).compute(network)


TRADE_EXPOSURE = Indicator(
    name="trade_exposure",
    unit="share of trade",
    low=0.0,
    high=1.0,
    direction="higher: trade in the product is more inward",
    formula="M / (M + X)",
    source="this project's own definition; the normalised trade balance rescaled",
    compute=trade_exposure,
)
IMPORT_RELIANCE = Indicator(
    name="import_reliance",
    unit="share of supply",
    low=0.0,
    high=1.0,
    direction="higher: more of the supply is imported",
    formula="M / S with S = M + D and D = max(X - rho min(X, M), P)",
    source="this project's own estimate of domestic supply, which is not in trade data",
    compute=import_reliance,
)
IMPORT_INTENSITY = Indicator(
    name="import_intensity",
    unit="ratio",
    low=0.0,
    high=None,
    nullable=True,
    direction="higher: the product weighs more in the country's imports than in the world's",
    formula="RCI = (M[j,p] / M[j]) / (M[p] / M)",
    source="import counterpart of the index of Balassa (1965)",
    compute=import_intensity,
)
DEFINITIONS = {"exposure": TRADE_EXPOSURE, "import_reliance": IMPORT_RELIANCE, "import_intensity": IMPORT_INTENSITY}
EXPOSURE = replace(TRADE_EXPOSURE, name="exposure", compute=_exposure, definition=_configured)
