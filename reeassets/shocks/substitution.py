"""Substitution: what suppliers that cut nothing deliver in place of what was cut (docs/SHOCKS.md)."""

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.nodes import sums
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


def net_cuts(network: YearNetwork, cuts: Floats, capacity: float) -> Floats:
    """Return the share of its exports that each pair stops and nobody replaces, in [0, 1], shape (n,).

    Suppliers that cut nothing of a product grow by the capacity, as a share of their exports of it, and replace the
    share ``sigma = min(1, capacity * uncut exports / cut exports)`` of every flow of the product that was cut. A larger
    cut never leaves less uncut exports, nor fewer cut ones: ``(1 - sigma) * cut`` never falls.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    cuts : ndarray, shape (n,)
        Share of its exports that each pair stops, in [0, 1].
    capacity : float
        Share of their exports by which the other suppliers can grow, at least 0; 0 is no substitution.

    Raises
    ------
    ValueError
        If the capacity is negative.
    """
    if not capacity >= 0:
        raise ValueError(f"the capacity for substitution is at least 0, not {capacity}")
    if capacity == 0:
        return cuts
    n_products = len(network.products)
    missing = sums(network.product, cuts * network.exports, n_products)
    spare = capacity * sums(network.product, np.where(cuts > 0, 0.0, network.exports), n_products)
    left = np.zeros(n_products)
    np.divide(np.maximum(missing - spare, 0.0), missing, out=left, where=missing > 0)
    return left[network.product] * cuts
