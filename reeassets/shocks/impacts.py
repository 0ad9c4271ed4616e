"""Losses as frames: per country and product, and brought together per country, stage or both."""

from collections.abc import Sequence

import pandas as pd

from reeassets.indicators.losses import Losses, losses
from reeassets.indicators.year_network import YearNetwork
from reeassets.shocks.shock import Shock
from reeassets.shocks.substitution import net_cuts

WAYS = ("direct_loss", "trade_loss", "link_loss", "loss")


def solve_shock(shock: Shock, network: YearNetwork) -> Losses:
    """Return the losses of a shock on the network of its year; see :func:`reeassets.indicators.losses.losses`."""
    return losses(network, net_cuts(network, shock.cuts(network), shock.capacity))


def impact_frame(shock: Shock, network: YearNetwork, found: Losses, stages: pd.Series) -> pd.DataFrame:
    """Return the rows of ``shock_impacts``: one per pair that trades, by country and product.

    Parameters
    ----------
    shock : Shock
        The shock.
    network : YearNetwork
        The network of its year, with n pairs.
    found : Losses
        Its losses, each of shape (n,).
    stages : Series
        Stage of each product of the set, indexed by code.
    """
    pairs = network.pairs()
    frame = pd.DataFrame(
        {
            "scenario": shock.scenario,
            "year": pairs["year"],
            "country": pairs["country"],
            "product": pairs["product"],
            "stage": pairs["product"].map(stages),
            "supply_kusd": network.supply,
        }
    )
    shares = dict(zip(WAYS, (found.direct, found.trade, found.links, found.total), strict=True))
    in_dollars = {f"{way}_kusd": share * network.supply for way, share in shares.items()}
    return frame.assign(**shares, **in_dollars)


def aggregate(impacts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Bring losses together, e.g. per country and stage: sums in thousand US$, and shares of the supply of the group.

    Parameters
    ----------
    impacts : DataFrame
        Rows of the table ``shock_impacts``.
    by : sequence of str
        Columns that make a group.

    Returns
    -------
    DataFrame
        The columns of ``by``, ``supply_kusd``, the four losses in thousand US$ and as shares of that supply.
    """
    amounts = ["supply_kusd", *(f"{way}_kusd" for way in WAYS)]
    groups = impacts.groupby(list(by), sort=True, observed=True)[amounts].sum().reset_index()
    # A sum of losses exceeds the sum of the supplies they are shares of by rounding at most.
    return groups.assign(**{way: (groups[f"{way}_kusd"] / groups["supply_kusd"]).clip(upper=1.0) for way in WAYS})
