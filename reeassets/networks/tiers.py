"""Tiers: trophic levels of products on the graph of accepted links.

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
    place = {product: index for index, product in enumerate(products)}
    weights = np.zeros((len(products), len(products)))
    accepted = links[links["accepted"]]
    weights[accepted["input"].map(place), accepted["output"].map(place)] = accepted["weight"]
    levels, components = trophic_levels(weights)
    return pd.DataFrame(
        {
            "product": products,
            "stage": stages.reindex(products).to_numpy(),
            "trophic_level": levels,
            "n_inputs": (weights > 0).sum(axis=0),
            "n_outputs": (weights > 0).sum(axis=1),
            "component": components,
        }
    )


def stage_agreement(tiers: pd.DataFrame) -> float | None:
    """Return Kendall's tau-b between stage order and trophic level over linked products, or None if one is constant."""
    from scipy.stats import kendalltau

    linked = tiers[(tiers["n_inputs"] + tiers["n_outputs"]) > 0]
    order = linked["stage"].map({stage: place for place, stage in enumerate(STAGES)})
    if order.nunique() < 2 or linked["trophic_level"].nunique() < 2:
        return None
    return float(kendalltau(order, linked["trophic_level"]).statistic)
