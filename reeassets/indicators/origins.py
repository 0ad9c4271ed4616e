"""Where it was really made: imports traced through re-exporters to their makers (docs/METHOD.md, section 11)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.influence import Suppliers, suppliers_by_product
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Smaller shares are not in the table.
LEAST_SHARE = 0.005


@dataclass(frozen=True)
class Origins:
    """Shares of an importing country's imports of one product, by who sold and by who made it.

    Attributes
    ----------
    importers, exporters : ndarray of int, shape (m,) and (k,)
        Pairs of the network.
    direct : ndarray, shape (m, k)
        ``B``: share of the imports bought from each exporter; rows sum to 1.
    ultimate : ndarray, shape (m, k)
        ``O``: share made by each exporter; what a row lacks to 1 is not known.
    """

    importers: Ints
    exporters: Ints
    direct: Floats
    ultimate: Floats


def passed_on(network: YearNetwork, reexported: Floats) -> Floats:
    """Return ``e``, the share of its exports that each pair has bought, in [0, 1], shape (n,); 0 without exports.

    ``rho min(X, M) / X``; where production is recorded, ``M / S``, since processing blends what is bought with what is
    made. That is ``M / (M + P)`` wherever supply rests on the record; who exports more than it is recorded to mine
    (Malaysia, which separates Australia's concentrate) cannot pass on more than it bought.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    reexported : ndarray, shape (C,)
        ``rho`` of each country.
    """
    imports, exports = network.imports, network.exports
    bought = reexported[network.country] * np.minimum(imports, exports)
    share = np.divide(bought, exports, out=np.zeros(network.n_pairs), where=exports > 0)
    mining = network.recorded > 0
    return np.where(mining & (exports > 0), imports / network.supply, share)


def origin_of_exports(flows: Floats, imports: Floats, bought: Floats) -> tuple[Ints, Floats]:
    """Return the rows of ``E = (I - diag(e) B')^-1 diag(1 - e)`` of who passes anything on: the origin of its exports.

    The row of all others is their own: they made what they export. So only as many equations are solved as there are
    who pass something on, and these are few unless everybody re-exports.

    Parameters
    ----------
    flows : ndarray, shape (k, k)
        ``v[i, j]`` between exporters.
    imports : ndarray, shape (k,)
        ``M`` of each.
    bought : ndarray, shape (k,)
        ``e`` of each.

    Returns
    -------
    passing : ndarray of int, shape (r,)
        Exporters with ``e > 0``.
    origin : ndarray, shape (r, k)
        Columns are makers. Rows sum to 1, or to less where all that a country passes on comes, however indirectly, from
        countries that make nothing themselves.
    """
    passing = np.flatnonzero(bought > 0)
    shares = np.divide(
        flows[:, passing].T,
        imports[passing, None],
        out=np.zeros((len(passing), len(flows))),
        where=imports[passing, None] > 0,
    )
    onward = bought[passing, None] * shares
    # Who makes something, or buys from who does: all others are closed rings, in which the inverse is not defined.
    known = bought < 1
    while True:
        more = known.copy()
        more[passing] |= (onward[:, known] > 0).any(axis=1)
        if (more == known).all():
            break
        known = more
    solved = np.flatnonzero(known[passing])
    inside = passing[solved]
    made = np.where(bought[None, :] > 0, 0.0, onward)
    made[np.arange(len(passing)), passing] = 1.0 - bought[passing]
    origin = np.zeros_like(onward)
    origin[solved] = np.linalg.solve(np.eye(len(inside)) - onward[np.ix_(solved, inside)], made[solved])
    return passing, origin


def origins_by_product(network: YearNetwork, reexported: Floats) -> Iterator[Origins]:
    """Yield direct and ultimate origins of every product, in the order of the products."""
    bought = passed_on(network, reexported)
    importing = np.flatnonzero(network.imports > 0)
    of_importer = network.product[importing]
    starts = np.searchsorted(network.product[network.exporter], np.arange(len(network.products) + 1))
    for suppliers in suppliers_by_product(network):
        product = int(network.product[suppliers.pairs[0]])
        importers = importing[of_importer == product]
        direct = _import_shares(network, suppliers, importers, slice(starts[product], starts[product + 1]))
        passing, made = origin_of_exports(suppliers.flows, network.imports[suppliers.pairs], bought[suppliers.pairs])
        ultimate = direct.copy()
        ultimate[:, passing] = 0.0
        ultimate += direct[:, passing] @ made
        yield Origins(importers, suppliers.pairs, direct, np.clip(ultimate, 0.0, 1.0))


def _import_shares(network: YearNetwork, suppliers: Suppliers, importers: Ints, flows: slice) -> Floats:
    shares = np.zeros((len(importers), len(suppliers.pairs)))
    buyer, seller = network.importer[flows], network.exporter[flows]
    # Both are ascending.
    rows, columns = np.searchsorted(importers, buyer), np.searchsorted(suppliers.pairs, seller)
    shares[rows, columns] = network.value[flows] / network.imports[buyer]
    return shares


def origin_measures(network: YearNetwork) -> tuple[Ints, Floats, Floats]:
    """Return the largest origin of each pair's imports, its share and the concentration of all origins.

    Returns
    -------
    largest : ndarray of int, shape (n,)
        Position in the network's countries; -1 where nothing is imported or nothing of the origin known.
    share, concentration : ndarray, shape (n,)
        In (0, 1]; NaN there.
    """
    largest = np.full(network.n_pairs, -1, dtype=np.int64)
    share, concentration = np.full(network.n_pairs, np.nan), np.full(network.n_pairs, np.nan)
    for found in origins_by_product(network, network.reexported):
        first = found.ultimate.argmax(axis=1)
        share[found.importers] = found.ultimate[np.arange(len(first)), first]
        concentration[found.importers] = (found.ultimate**2).sum(axis=1)
        largest[found.importers] = network.country[found.exporters[first]]
    unknown = ~(share > 0)
    share[unknown], concentration[unknown], largest[unknown] = np.nan, np.nan, -1
    return largest, share, concentration


def origin_summary(network: YearNetwork) -> pd.DataFrame:
    """Sum up the origins of each pair's imports.

    Returns
    -------
    DataFrame, shape (n, 3)
        ``largest_origin``, ``largest_origin_share`` and ``origin_concentration`` of each pair of the network, in its
        order; null where nothing is imported or nothing of the origin known.
    """
    largest, share, concentration = origin_measures(network)
    return pd.DataFrame(
        {
            "largest_origin": pd.array(network.countries, dtype="str").take(largest, allow_fill=True),
            "largest_origin_share": share,
            "origin_concentration": concentration,
        }
    )


def origins(network: YearNetwork) -> pd.DataFrame:
    """Trace every country's imports of every product to their makers.

    Returns
    -------
    DataFrame
        Table ``origins``: shares above :data:`LEAST_SHARE`, with the smallest and the largest of the headline and of
        re-exports ``none`` (there ultimate is direct) and ``all``.
    """
    everywhere = np.ones(len(network.countries))
    both = zip(origins_by_product(network, network.reexported), origins_by_product(network, everywhere), strict=True)
    parts: list[tuple[Ints, Ints, Floats]] = [
        (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty((4, 0)))
    ]
    for headline, most in both:
        shares = np.stack([headline.direct, headline.ultimate, most.ultimate])
        shares = np.stack([*shares[:2], shares.min(axis=0), shares.max(axis=0)])
        shown = np.nonzero(shares[3] > LEAST_SHARE)
        parts.append((headline.importers[shown[0]], headline.exporters[shown[1]], shares[:, shown[0], shown[1]]))
    importer, origin = (np.concatenate([part[end] for part in parts]) for end in (0, 1))
    direct, ultimate, low, high = np.concatenate([part[2] for part in parts], axis=1)
    products, countries = (pd.array(names, dtype="str") for names in (network.products, network.countries))
    return pd.DataFrame(
        {
            "year": network.year,
            "product": products.take(network.product[importer]),
            "country": countries.take(network.country[importer]),
            "origin": countries.take(network.country[origin]),
            "direct_share": direct,
            "ultimate_share": ultimate,
            "ultimate_low": low,
            "ultimate_high": high,
        }
    )
