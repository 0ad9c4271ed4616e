"""Where it was really made: imports traced through re-exporters to their makers (docs/METHOD.md, section 11)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.dense import solved
from reeassets.indicators.influence import Suppliers, suppliers_by_product
from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
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
        ``B``: share of the imports bought from each exporter; rows over all exporters sum to 1.
    ultimate : ndarray, shape (m, k)
        ``O``: share made by each exporter; what a row over all exporters lacks to 1 is not known.
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


def ultimate_shares(
    direct: Floats, flows: Floats, imports: Floats, bought: Floats, makers: Ints, places: Ints
) -> Floats:
    """Return columns of ``O = B' E``, with the origin of exports ``E = diag(e) O + diag(1 - e)``.

    Only who passes something on (``e > 0``) has unknowns, its row of ``O``: all others' exports are their own. A few
    entrepots are a small system, however many exporters there are, and importers that pass on are solved with it.

    Parameters
    ----------
    direct : ndarray, shape (m, k)
        Shares of each importer's imports bought from each exporter.
    flows : ndarray, shape (k, k)
        ``v[i, j]`` between exporters.
    imports : ndarray, shape (k,)
        ``M`` of each exporter.
    bought : ndarray, shape (k,)
        ``e`` of each; 0 where nothing is imported.
    makers : ndarray of int, shape (c,)
        The exporters whose columns are asked for.
    places : ndarray of int, shape (m,)
        Position of each importer among the exporters; -1 where it is none.

    Returns
    -------
    ndarray, shape (m, c)
        In [0, 1]. Over all makers a row sums to 1, or to less where all that a country passes on comes, however far one
        looks back, from countries that make nothing themselves.
    """
    # Who passes on all it sells makes nothing.
    making = np.flatnonzero(bought[makers] < 1)
    own = 1.0 - bought[makers[making]]
    passing = _passing(flows, bought)
    ultimate = np.zeros((len(direct), len(makers)))
    if not len(passing):
        ultimate[:, making] = direct[:, makers[making]] * own
        return ultimate
    # Both in Fortran's order, as LAPACK takes them.
    scaled = 1.0 / imports[passing]
    right = flows[np.ix_(makers[making], passing)].T * scaled[:, None] * own
    system = -(flows[np.ix_(passing, passing)] * bought[passing, None] * scaled).T
    system[np.diag_indices(len(passing))] += 1.0
    of_passing = solved(system, right)
    row_of = np.full(len(flows) + 1, -1)
    row_of[passing] = np.arange(len(passing))
    row = row_of[places]
    others = row < 0
    found = np.empty((len(direct), len(making)))
    found[~others] = of_passing[row[~others]]
    found[others] = direct[np.ix_(others, makers[making])] * own
    found[others] += (direct[np.ix_(others, passing)] * bought[passing]) @ of_passing
    ultimate[:, making] = np.clip(found, 0.0, 1.0, out=found)
    return ultimate


def _passing(flows: Floats, bought: Floats) -> Ints:
    """Return who passes something on of which the origin is known.

    Who makes something, or buys from who does: all others are closed rings, in which the system is not defined.
    """
    known = bought < 1
    rest = np.flatnonzero(~known)
    while len(rest):
        found = (flows[np.ix_(known, rest)] > 0).any(axis=0)
        if not found.any():
            break
        known[rest[found]] = True
        rest = rest[~found]
    return np.flatnonzero((bought > 0) & known)


def origins_by_product(
    network: YearNetwork, reexported: Floats, *, buyers: Mask | None = None, makers: Mask | None = None
) -> Iterator[Origins]:
    """Yield direct and ultimate origins of every product with importers, in the order of the products.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    reexported : ndarray, shape (C,)
        ``rho`` of each country.
    buyers, makers : ndarray of bool, shape (n,), optional
        Pairs whose imports, and whose shares in them, are asked for; by default all.
    """
    bought = passed_on(network, reexported)
    importing = np.flatnonzero((network.imports > 0) & (True if buyers is None else buyers))
    of_importer = network.product[importing]
    starts = np.searchsorted(network.product[network.exporter], np.arange(len(network.products) + 1))
    for suppliers in suppliers_by_product(network):
        product, pairs = int(network.product[suppliers.pairs[0]]), suppliers.pairs
        importers = importing[of_importer == product]
        if not len(importers):
            continue
        chosen = np.arange(len(pairs)) if makers is None else np.flatnonzero(makers[pairs])
        direct = _import_shares(network, suppliers, importers, slice(starts[product], starts[product + 1]))
        places = np.searchsorted(pairs, importers)
        places[pairs[np.minimum(places, len(pairs) - 1)] != importers] = -1
        ultimate = ultimate_shares(direct, suppliers.flows, network.imports[pairs], bought[pairs], chosen, places)
        yield Origins(importers, pairs[chosen], direct if makers is None else direct[:, chosen], ultimate)


def _import_shares(network: YearNetwork, suppliers: Suppliers, importers: Ints, flows: slice) -> Floats:
    shares = np.zeros((len(importers), len(suppliers.pairs)))
    buyer, seller, value = network.importer[flows], network.exporter[flows], network.value[flows]
    # Importers and suppliers are ascending.
    rows = np.searchsorted(importers, buyer)
    asked = importers[np.minimum(rows, len(importers) - 1)] == buyer
    columns = np.searchsorted(suppliers.pairs, seller[asked])
    shares[rows[asked], columns] = value[asked] / network.imports[buyer[asked]]
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
        concentration[found.importers] = np.einsum("ij,ij->i", found.ultimate, found.ultimate)
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
        of_each = (headline.direct, headline.ultimate, most.ultimate)
        shown = np.nonzero(np.logical_or.reduce([shares > LEAST_SHARE for shares in of_each]))
        direct, ultimate, all_passed = (shares[shown] for shares in of_each)
        low, high = (end.reduce([direct, ultimate, all_passed]) for end in (np.minimum, np.maximum))
        found = np.stack([direct, ultimate, low, high])
        parts.append((headline.importers[shown[0]], headline.exporters[shown[1]], found))
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
