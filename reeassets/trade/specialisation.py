"""Relative specialisation: the Balassa index of exports and its import counterpart.

Both compare a country's share in a product with its share in all trade. They stand in this stage because both the
validation of input-output links and the indicators need them.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def specialisation_index(value: Floats, country_total: Floats, product_total: Floats, world_total: float) -> Floats:
    """Compute ``(value / country_total) / (product_total / world_total)`` elementwise.

    With exports this is the Balassa index of revealed comparative advantage (RCA; Balassa 1965), with imports its
    import counterpart (RCI).

    Parameters
    ----------
    value : ndarray, shape (n,)
        Trade of a country in a product, in thousand US$.
    country_total : ndarray, shape (n,)
        The country's total trade in the same direction, in thousand US$; NaN where it is not known.
    product_total : ndarray, shape (n,)
        World trade in the product, in thousand US$.
    world_total : float
        World trade in all products, in thousand US$.

    Returns
    -------
    ndarray, shape (n,)
        In [0, inf); 0 where a country has no trade in that direction at all, NaN where its total is not known.
    """
    value, country_total, product_total = (
        np.asarray(part, dtype=float) for part in (value, country_total, product_total)
    )
    world_share = product_total / world_total
    own_share = np.divide(value, country_total, out=np.zeros_like(value), where=country_total > 0)
    index = np.divide(own_share, world_share, out=np.zeros_like(value), where=world_share > 0)
    return np.where(np.isnan(country_total), np.nan, index)


def symmetric_index(index: Floats) -> Floats:
    """Map an index in [0, inf) to ``(index - 1) / (index + 1)`` in [-1, 1) (Dalum, Laursen & Villumsen 1998)."""
    index = np.asarray(index, dtype=float)
    return (index - 1.0) / (index + 1.0)
