"""Intervals of the country indicators from perturbed flows: how far they move when trade is as badly known as it is.

What the exporter and the importer of a flow report differs by tens of per cent. Every flow of the set is multiplied by
an independent log-normal factor of median 1, everything is computed anew, and the interval is that of the draws.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.aggregates import Grouping
from reeassets.indicators.contract import Indicator
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]

INTERVAL = (0.025, 0.975)
ENDS = ("low", "high")


def interval_name(indicator: str, end: str) -> str:
    """Return the column of an interval's end, e.g. ``exposure_low``."""
    return f"{indicator}_{end}"


def perturbed(network: YearNetwork, draws: int, sigma: float, seed: int) -> Iterator[YearNetwork]:
    """Give the network with perturbed flows, draw by draw.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    draws : int
        How many.
    sigma : float
        Standard deviation of the logarithm of a factor; its median is 1.
    seed : int
        With the year it seeds the draws, so that a year's do not depend on which others are made.
    """
    rng = np.random.default_rng([seed, network.year])
    for _ in range(draws):
        yield network.with_values(network.value * np.exp(sigma * rng.standard_normal(len(network.value))))


def indicator_intervals(
    network: YearNetwork, stages: pd.Series, materiality: pd.Series, indicators: Sequence[Indicator]
) -> pd.DataFrame:
    """Compute the table ``indicator_intervals`` of a year, under the network's settings and their ``weighting``.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    stages, materiality : Series
        Product code (index) to stage and materiality.
    indicators : sequence of Indicator
        Which, in the order of the columns.

    Returns
    -------
    DataFrame
        ``year, country, stage`` and, per indicator, ``<name>_low`` and ``<name>_high``: the 2.5 and 97.5 percentiles
        over ``perturbation_draws`` draws, at least 1; null where the indicator itself is.
    """
    settings = network.settings
    grouping = Grouping.of(network.pairs(), stages, materiality)
    drawn = np.full((len(indicators), settings.perturbation_draws, len(grouping.keys)), np.nan)
    networks = perturbed(network, settings.perturbation_draws, settings.perturbation_sigma, settings.perturbation_seed)
    for number, draw in enumerate(networks):
        for place, indicator in enumerate(indicators):
            values = indicator.evaluate(draw)
            drawn[place, number] = grouping.aggregate(indicator, values, draw.imports, settings.weighting)
    result = grouping.keys.copy()
    for place, indicator in enumerate(indicators):
        for end, values in zip(ENDS, np.quantile(drawn[place], INTERVAL, axis=0), strict=True):
            result[interval_name(indicator.name, end)] = values
    return result
