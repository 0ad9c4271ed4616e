"""What a cut in exports costs everybody, on the stacked sparse matrices of a year's network (docs/SHOCKS.md)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators.contract import ROUNDING
from reeassets.indicators.nodes import sums
from reeassets.indicators.solve import Solution, solve_contraction
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """Losses of each pair (country, product) as shares of its supply, each of shape (n,).

    Attributes
    ----------
    direct : ndarray
        Imports from the suppliers that cut, which nobody replaces; in [0, 1].
    trade : ndarray
        What countries that lose supply re-export less, round after round; at least 0.
    links : ndarray
        What is not made for want of inputs, and not exported then; at least 0.
    total : ndarray
        Their sum, in [0, 1].
    iterations : int
        Applications of the operator in both solves.
    error_bound : float
        Upper bound on the error of any share.
    """

    direct: Floats
    trade: Floats
    links: Floats
    total: Floats
    iterations: int
    error_bound: float


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
        Share of their exports by which the other suppliers can grow, at least 0.
    """
    if capacity == 0:
        return cuts
    n_products = len(network.products)
    missing = sums(network.product, cuts * network.exports, n_products)
    spare = capacity * sums(network.product, np.where(cuts > 0, 0.0, network.exports), n_products)
    left = np.zeros(n_products)
    np.divide(np.maximum(missing - spare, 0.0), missing, out=left, where=missing > 0)
    return left[network.product] * cuts


def losses(network: YearNetwork, cuts: Floats, *, pass_through: float, capacity: float = 0.0) -> Losses:
    """Solve a shock on a year's network.

    With the net cuts ``n``, the supply shares ``A``, the production matrix ``P`` (section 6 of docs/METHOD.md: domestic
    share times link weight) and the pass-through ``b``, the losses are

    - ``direct = A' n``;
    - ``l = A' (n + (1 - n) b l)`` along trade alone, of which ``trade = l - direct``;
    - ``L = A' (n + (1 - n) b L) + b P L`` with the links, of which ``links = L - l``; ``total = L``.

    Rows of ``A'`` and ``P`` together sum to at most 1, so both are contractions by ``b`` and stay in [0, 1].

    Parameters
    ----------
    network : YearNetwork
        The year's network; its hazard plays no part.
    cuts : ndarray, shape (n,)
        Share of its exports that each pair stops, in [0, 1].
    pass_through : float
        Share of a loss of supply that a country passes on to its exports and to what it makes, in [0, 1).
    capacity : float
        Share of their present exports by which the other suppliers can grow, at least 0; 0 is no substitution.

    Raises
    ------
    ValueError
        If a cut is outside [0, 1], the pass-through outside [0, 1), or the capacity negative.
    ConvergenceError
        If a solve does not converge as a contraction must.
    """
    if cuts.shape != (network.n_pairs,) or not ((cuts >= 0) & (cuts <= 1)).all():
        raise ValueError(f"cuts are {network.n_pairs} shares in [0, 1]")
    if not capacity >= 0:
        raise ValueError(f"the capacity for substitution is at least 0, not {capacity}")
    net = net_cuts(network, cuts, capacity)
    inflow = network.inflow_shares
    first = inflow @ net
    # The share of each exporter's flows that is neither cut nor replaced falls with its own loss of supply.
    onward = csr_array((inflow.data * (1.0 - net)[inflow.indices], inflow.indices, inflow.indptr), shape=inflow.shape)
    along_trade = solve_contraction(onward, first, pass_through)
    everywhere = along_trade
    if network.production.nnz:
        everywhere = solve_contraction(csr_array(onward + network.production), first, pass_through)
    return _split(first, along_trade, everywhere)


def _split(first: Floats, along_trade: Solution, everywhere: Solution) -> Losses:
    """Part the loss into its three ways, which never fall below 0 nor together exceed the supply by rounding."""
    direct = _shares(first, 0.0)
    trade = _shares(along_trade.values, direct)
    total = _shares(everywhere.values, trade)
    same = everywhere is along_trade
    return Losses(
        direct=direct,
        trade=trade - direct,
        links=total - trade,
        total=total,
        iterations=along_trade.iterations + (0 if same else everywhere.iterations),
        error_bound=max(along_trade.error_bound, everywhere.error_bound),
    )


def _shares(values: Floats, least: Floats | float) -> Floats:
    """Move values that rounding put below what they cannot be below, or above 1, back; further out is an error."""
    if ((values < least - ROUNDING) | (values > 1 + ROUNDING)).any():
        raise ArithmeticError("a loss is negative or exceeds the supply by more than rounding")
    return np.minimum(np.maximum(values, least), 1.0)
