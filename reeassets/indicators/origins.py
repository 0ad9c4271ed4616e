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


def ultimate_shares(direct: Floats, flows: Floats, imports: Floats, bought: Floats, makers: Ints) -> Floats:
    """Return columns of ``O = B' E``, with the origin of exports ``E = (I - diag(e) B')^-1 diag(1 - e)``.

    Only who passes something on (``e > 0``) has unknowns: all others' exports are their own, so their rows of ``E`` are
    those of the identity. A few entrepots are a small system, however many exporters there are.

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

    Returns
    -------
    ndarray, shape (m, c)
        In [0, 1]. Over all makers a row sums to 1, or to less where all that a country passes on comes, however far one
        looks back, from countries that make nothing themselves.
    """
    passing = np.flatnonzero(bought > 0)
    onward = bought[passing, None] * flows[:, passing].T / imports[passing, None]
    # Who makes something, or buys from who does: all others are closed rings, in which the inverse is not defined.
    known = bought < 1
    while True:
        more = known.copy()
        more[passing] |= ((onward > 0) & known).any(axis=1)
        if (more == known).all():
            break
        known = more
    onward, passing = onward[known[passing]], passing[known[passing]]
    own = 1.0 - bought
    direct_makers = np.where(bought > 0, 0.0, own)[makers]
    from_makers = onward[:, makers] * direct_makers + (passing[:, None] == makers) * own[makers]
    system = -onward[:, passing]
    system.flat[:: len(passing) + 1] += 1.0
    made = solved(system, from_makers) if len(passing) else from_makers
    ultimate: Floats = direct[:, makers] * direct_makers
    ultimate += direct[:, passing] @ made
    return np.clip(ultimate, 0.0, 1.0, out=ultimate)


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
        ultimate = ultimate_shares(direct, suppliers.flows, network.imports[pairs], bought[pairs], chosen)
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
