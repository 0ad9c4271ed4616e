"""Tiers: trophic levels of products on the graph of the network's links.

MacKay, Johnson & Sansom (2020), *How directed is a directed network?*, Royal Society Open Science 7:201138.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.settings import STAGES


def trophic_levels(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Solve ``(D - W - W') h = d_in - d_out`` per weakly connected component.

    Parameters
    ----------
    weights : ndarray, shape (n, n)
        ``weights[p, q]`` is the weight of the link ``p -> q``; 0 where there is none.

    Returns
    -------
    levels : ndarray, shape (n,)
        Trophic level; the lowest node of each component is at 0, so a node without links is at 0.
    components : ndarray, shape (n,)
        Number of the weakly connected component, from 0.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    _, components = connected_components(csr_array(weights), directed=True, connection="weak")
    into, out_of = weights.sum(axis=0), weights.sum(axis=1)
    laplacian = np.diag(into + out_of) - weights - weights.T
    levels = np.zeros(len(weights))
    for component in np.unique(components):
        members = np.flatnonzero(components == component)
        if len(members) == 1:
            continue
        # The levels of a component are known up to a constant: hold its first node and solve for the others.
        free = members[1:]
        levels[free] = np.linalg.solve(laplacian[np.ix_(free, free)], (into - out_of)[free])
        # Rounding away what the solve leaves below a millionth of a millionth keeps equal levels equal.
        levels[members] = np.round(levels[members] - levels[members].min(), 12)
    return levels, components.astype(np.int64)


def product_tiers(links: pd.DataFrame, stages: pd.Series) -> pd.DataFrame:
    """Compute the trophic level of every product of the set beside its stage.

    Parameters
    ----------
    links : DataFrame
        Table ``io_links``.
    stages : Series
        Stage by product of the set.

    Returns
    -------
    DataFrame
        Table ``product_tiers``.
    """
    products = sorted(stages.index)
    of_product = stages.reindex(products).to_numpy()
    place = {product: index for index, product in enumerate(products)}
    weights = np.zeros((len(products), len(products)))
    inside = links[links["in_network"]]
    weights[inside["input"].map(place), inside["output"].map(place)] = inside["weight"]
    levels, components = trophic_levels(weights)
    table = pd.DataFrame(
        {
            "product": products,
            "stage": of_product,
            "trophic_level": levels,
            "n_inputs": (weights > 0).sum(axis=0),
            "n_outputs": (weights > 0).sum(axis=1),
            "component": components,
        }
    )
    table["tier_stage"] = tier_stages(table)
    table["disagrees"] = table["tier_stage"].notna() & (table["tier_stage"] != table["stage"])
    return table


def tier_stages(tiers: pd.DataFrame) -> pd.Series:
    """Name the stage whose linked products have the nearest median trophic level; the earlier one of two as near.

    Parameters
    ----------
    tiers : DataFrame
        ``stage``, ``trophic_level``, ``n_inputs``, ``n_outputs``.

    Returns
    -------
    Series of str
        Null for products without a link of the network: nothing is known of their place.
    """
    linked = (tiers["n_inputs"] + tiers["n_outputs"]) > 0
    named = pd.Series(pd.NA, index=tiers.index, dtype="str")
    medians = tiers[linked].groupby("stage")["trophic_level"].median()
    medians = medians.reindex([stage for stage in STAGES if stage in medians.index])
    if len(medians):
        distance = np.abs(tiers.loc[linked, "trophic_level"].to_numpy()[:, None] - medians.to_numpy())
        # Rounded, or the last bit of a median would choose between two stages that are as near.
        named[linked] = medians.index.to_numpy()[distance.round(9).argmin(axis=1)]
    return named


def stage_agreement(tiers: pd.DataFrame) -> float | None:
    """Return Kendall's tau-b between stage order and trophic level over linked products, or None if one is constant."""
    from scipy.stats import kendalltau

    linked = tiers[(tiers["n_inputs"] + tiers["n_outputs"]) > 0]
    order = linked["stage"].map({stage: place for place, stage in enumerate(STAGES)})
    if order.nunique() < 2 or linked["trophic_level"].nunique() < 2:
        return None
    return float(kendalltau(order, linked["trophic_level"]).statistic)
