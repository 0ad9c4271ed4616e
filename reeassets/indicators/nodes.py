"""Which pairs (country, product) trade in a year, and where they stand in the stacked arrays and matrices."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators import validation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Nodes:
    """Flows as positions, sorted by key.

    Attributes
    ----------
    countries, products : Index, shape (C,) and (P,)
        Those that trade, sorted.
    country, product : ndarray of int, shape (n,)
        Position of each pair in them; pairs are sorted by (country, product).
    exporter, importer : ndarray of int, shape (m,)
        The two pairs each flow joins.
    value : ndarray, shape (m,)
        Value of each flow, in thousand US$.
    node_of : ndarray of int, shape (C, P)
        Number of the pair, -1 where it does not trade.
    """

    countries: pd.Index
    products: pd.Index
    country: Ints
    product: Ints
    exporter: Ints
    importer: Ints
    value: Floats
    node_of: Ints

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.country)


def number_nodes(flows: pd.DataFrame) -> Nodes:
    """Give each pair that trades its number, and each flow the numbers of its two pairs.

    Parameters
    ----------
    flows : DataFrame
        The table ``trade_flows`` of one year, rows in any order.

    Raises
    ------
    ValueError
        If a flow appears twice.
    """
    n_flows = len(flows)
    both = pd.concat([flows["exporter"], flows["importer"]], ignore_index=True)
    country_codes, countries = pd.factorize(both, sort=True)
    product_codes, products = pd.factorize(flows["product"], sort=True)
    # Sums of floating-point numbers depend on their order, so the order is the key's, not the table's.
    # One number per key is sorted in a fraction of the time of three; keys are unique, or check_once refuses them.
    from_to = country_codes[:n_flows] * len(countries) + country_codes[n_flows:]
    order = np.argsort(product_codes * len(countries) ** 2 + from_to)
    of_product = product_codes[order]
    from_country, to_country = country_codes[:n_flows][order], country_codes[n_flows:][order]
    validation.check_once(flows, order, (of_product, from_country, to_country))
    from_pair = from_country * len(products) + of_product
    to_pair = to_country * len(products) + of_product
    traded = np.zeros((len(countries), len(products)), dtype=bool)
    traded.flat[from_pair] = True
    traded.flat[to_pair] = True
    country, product = np.nonzero(traded)
    node_of = np.full(traded.shape, -1, dtype=np.int64)
    node_of[country, product] = np.arange(len(country))
    return Nodes(
        countries=countries,
        products=products,
        country=country,
        product=product,
        exporter=node_of.flat[from_pair],
        importer=node_of.flat[to_pair],
        value=flows["value_kusd"].to_numpy(dtype=float)[order],
        node_of=node_of,
    )


def sums(group: Ints, values: Floats, n_groups: int) -> Floats:
    """Return the sum of the values of each group, shape (n_groups,); numpy counts in integers where there is none."""
    return np.bincount(group, values, n_groups).astype(np.float64)


def stacked(values: Floats, rows: Ints, columns: Ints, n: int) -> csr_array:
    """Return the sparse matrix of shape (n, n) with these entries.

    Its indices take four bytes: a product with a vector is as fast as memory gives them (a sixth less time than eight).
    """
    return csr_array((values, (rows.astype(np.int32), columns.astype(np.int32))), shape=(n, n))


def link_matrix(links: pd.DataFrame, nodes: Nodes) -> csr_array:
    """Return ``w[p,q]`` in row (j, q) and column (j, p) for each link of the network, shape (n, n).

    Parameters
    ----------
    links : DataFrame
        The table ``io_links``; links of products that do not trade are no entries.
    nodes : Nodes
        The pairs.
    """
    inside = validation.network_links(links)
    sources = nodes.products.get_indexer(pd.Index(inside["input"]))
    targets = nodes.products.get_indexer(pd.Index(inside["output"]))
    traded = (sources >= 0) & (targets >= 0)
    columns, rows = nodes.node_of[:, sources[traded]], nodes.node_of[:, targets[traded]]
    weights = np.broadcast_to(inside["weight"].to_numpy(dtype=float)[traded], rows.shape)
    present = (columns >= 0) & (rows >= 0)
    return stacked(weights[present], rows[present], columns[present], nodes.n)


def production_matrix(link_weights: csr_array, domestic_share: Floats) -> csr_array:
    """Return ``d[j,q] w[p,q]`` in row (j, q) and column (j, p), without zeros, shape (n, n).

    Parameters
    ----------
    link_weights : csr_array, shape (n, n)
        From :func:`link_matrix`.
    domestic_share : ndarray, shape (n,)
        ``d`` of each pair, in [0, 1].
    """
    entries = link_weights.data * np.repeat(domestic_share, np.diff(link_weights.indptr))
    production = csr_array((entries, link_weights.indices, link_weights.indptr), shape=link_weights.shape, copy=True)
    production.eliminate_zeros()
    return production
