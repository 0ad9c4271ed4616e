"""Influence: how much of world imports of a product is lost when one supplier alone delivers nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.indicators.dense import inverse
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Suppliers:
    """The exporters of one product, and what flows between them.

    Attributes
    ----------
    pairs : ndarray of int, shape (k,)
        Their pairs in the network.
    flows : ndarray, shape (k, k)
        ``v[i, j]`` from the exporter i to the exporter j, in thousand US$.
    """

    pairs: Ints
    flows: Floats


def suppliers_by_product(network: YearNetwork) -> Iterator[Suppliers]:
    """Yield the exporters of every product with any, in the order of the products."""
    exporting = network.exports > 0
    place = np.full(network.n_pairs, -1, dtype=np.int64)
    # Flows stand in the order of their products.
    ends = np.searchsorted(network.product[network.exporter], np.arange(len(network.products) + 1))
    members = np.flatnonzero(exporting)
    of_pair = network.product[members]
    for product in range(len(network.products)):
        pairs = members[of_pair == product]
        if not len(pairs):
            continue
        place[pairs] = np.arange(len(pairs))
        flows = np.arange(ends[product], ends[product + 1])
        inside = flows[exporting[network.importer[flows]]]
        dense = np.zeros((len(pairs), len(pairs)))
        # Each pair of countries has one flow of a product.
        dense[place[network.exporter[inside]], place[network.importer[inside]]] = network.value[inside]
        yield Suppliers(pairs, dense)


def influence(network: YearNetwork) -> Floats:
    """Return the share of world imports of the product lost when each pair alone delivers nothing, in [0, 1].

    ``sum_{j != i} S[j] L[j] / sum_j M[j]`` with the losses ``L`` for the failing shares ``n = e_i`` without links
    (docs/METHOD.md, section 5). By first passage the share of its deliveries that ``k`` fails is ``G[k,i] / G[i,i]``
    with ``G = (I - b A')^-1``: one dense inverse over the exporters of a product gives all its suppliers. It does not
    depend on the hazard; who exports nothing has none.
    """
    result = np.zeros(network.n_pairs)
    imports = np.bincount(network.product, network.imports, len(network.products))
    for of_product in suppliers_by_product(network):
        pairs, flows = of_product.pairs, of_product.flows
        received = flows.T / network.supply[pairs][:, None]
        system = -network.pass_through * received
        system.flat[:: len(pairs) + 1] += 1.0
        first_passage = inverse(system)
        # What k exports to others than i, and i itself buys nothing of its own.
        exported = network.exports[pairs] @ first_passage - np.einsum("ki,ki->i", flows, first_passage)
        lost = exported / np.diag(first_passage)
        result[pairs] = lost / imports[network.product[pairs[0]]]
    return result


INFLUENCE = Indicator(
    name="influence",
    unit="share of world imports",
    low=0.0,
    high=1.0,
    direction="higher: more of the world's imports is lost when this supplier fails",
    formula="sum_{j != i} S[j] L[j] / sum_j M[j] with L for n = e_i, without links",
    source="this project's own definition; first passage as in absorbing Markov chains (Kemeny & Snell 1960)",
    compute=influence,
    aggregate="world_mean",
)
