"""The loss equation: what everybody loses when suppliers fail (docs/METHOD.md, section 5).

Risk, influence and shocks are this one equation with different failing shares. It is solved on the stacked sparse
matrices of a year's network, with a proven error bound.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators.contract import ROUNDING
from reeassets.indicators.solve import Solution, solve_contraction

if TYPE_CHECKING:
    from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """Losses of each pair (country, product) as shares of its supply, each of shape (n,).

    Attributes
    ----------
    direct : ndarray
        Imports that failing suppliers do not deliver; in [0, 1].
    trade : ndarray
        What countries that lose supply export less, round after round; at least 0.
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


def losses(network: "YearNetwork", failing: Floats) -> Losses:
    """Solve the loss equation on a year's network.

    With the failing shares ``n``, the supply shares ``A``, the production matrix ``P`` (domestic share times link
    weight) and the pass-through ``b``, the losses are

    - ``direct = A' n``;
    - ``l = A' (n + (1 - n) b l)`` along trade alone, of which ``trade = l - direct``;
    - ``L = A' (n + (1 - n) b L) + b P L`` with the links, of which ``links = L - l``; ``total = L``.

    A country short of supply exports less, and makes less of what needs it. Rows of ``A'`` and ``P`` together sum to at
    most 1, so both are contractions by ``b`` and stay in [0, 1].

    Parameters
    ----------
    network : YearNetwork
        The year's network; its hazard plays no part, its pass-through does.
    failing : ndarray, shape (n,)
        Share of its deliveries that each pair (country, product) fails as a supplier, in [0, 1].

    Raises
    ------
    ValueError
        If a failing share is outside [0, 1].
    ConvergenceError
        If a solve does not converge as a contraction must.
    """
    if failing.shape != (network.n_pairs,) or not ((failing >= 0) & (failing <= 1)).all():
        raise ValueError(f"failing shares are {network.n_pairs} shares in [0, 1]")
    inflow = network.inflow_shares
    first = inflow @ failing
    # What an exporter does deliver falls with its own loss of supply.
    kept = (1.0 - failing)[inflow.indices]
    onward = csr_array((inflow.data * kept, inflow.indices, inflow.indptr), shape=inflow.shape)
    along_trade = solve_contraction(onward, first, network.pass_through)
    everywhere = along_trade
    if network.production.nnz:
        everywhere = solve_contraction(csr_array(onward + network.production), first, network.pass_through)
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
