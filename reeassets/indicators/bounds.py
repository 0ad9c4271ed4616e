"""How far the assumptions on domestic supply move an indicator (docs/METHOD.md, section 5)."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.exposure import import_reliance
from reeassets.indicators.influence import influence
from reeassets.indicators.multi_tier import multi_tier_risk
from reeassets.indicators.origins import origin_measures
from reeassets.indicators.systemic import direct_risk, systemic_trade_risk
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]

_EVERYWHERE: dict[str, Callable[[YearNetwork], Floats]] = {
    "import_reliance": import_reliance,
    "direct_risk": direct_risk,
    "systemic_trade_risk": systemic_trade_risk,
    "multi_tier_risk": multi_tier_risk,
    "influence": influence,
}
# What rests on domestic supply and therefore has bounds: what every pair has, and what only those have that import.
IMPORTERS = ("largest_origin_share", "origin_concentration")
BOUNDED = (*_EVERYWHERE, *IMPORTERS)
OF_PRODUCT_INDICATORS = tuple(name for name in BOUNDED if name != "import_reliance")


def measures(network: YearNetwork) -> dict[str, Floats]:
    """Return what is in :data:`BOUNDED` for each pair, shape (n,); NaN where it is not known."""
    _, share, concentration = origin_measures(network)
    origin = dict(zip(IMPORTERS, (share, concentration), strict=True))
    return {name: compute(network) for name, compute in _EVERYWHERE.items()} | origin


def assumptions(network: YearNetwork) -> Iterator[YearNetwork]:
    """Yield the network with re-exports ``none`` and ``all``, and without recorded production, where that differs."""
    none, everything = np.zeros(len(network.countries)), np.ones(len(network.countries))
    if network.reexported.any():
        yield network.with_supply(none, network.recorded)
    if (network.reexported < 1).any():
        yield network.with_supply(everything, network.recorded)
    if network.recorded.any():
        yield network.with_supply(network.reexported, np.zeros(network.n_pairs))


def indicator_bounds(network: YearNetwork, headline: pd.DataFrame) -> pd.DataFrame:
    """Compute the table ``indicator_bounds`` of a year: the smallest and the largest value over the assumptions.

    Parameters
    ----------
    network : YearNetwork
        The year's network as it is.
    headline : DataFrame
        Its rows of ``product_indicators``, in the order of the network's pairs.

    Notes
    -----
    The hazards are those of the network: what ``market_power`` would be under another assumption is not looked at. The
    bounds of origins are over the assumptions under which they are known (a closed ring of pure re-exporters has none),
    and null where they are under none.
    """
    pairs = network.pairs()[["year", "country", "product"]]
    if not headline[["country", "product"]].reset_index(drop=True).equals(pairs[["country", "product"]]):
        raise ValueError(f"product_indicators of {network.year} does not hold the pairs of the year's network")
    as_is = {name: headline[name].to_numpy(dtype=float) for name in OF_PRODUCT_INDICATORS}
    as_is["import_reliance"] = import_reliance(network)
    lowest, highest = dict(as_is), dict(as_is)
    for assumed in assumptions(network):
        for name, values in measures(assumed).items():
            lowest[name] = np.fmin(lowest[name], values)
            highest[name] = np.fmax(highest[name], values)
    ends = {f"{name}_{end}": values[name] for name in BOUNDED for end, values in (("low", lowest), ("high", highest))}
    return pairs.assign(**ends)
