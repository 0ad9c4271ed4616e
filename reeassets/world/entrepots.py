"""Re-exports through entrepots: how much they pass on, and the true origin of what everybody imports.

Goods are traced by who gets what, not by the mixing that the indicators assume: an entrepot passes on a share of its
own in each product, customers get more or less of it, and nobody gets back what it has made itself.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.world.effects import Effects
from reeassets.world.measured import recorded_shares
from reeassets.world.places import Places, draw_places

# Entrepots of the recorded table by how much trade passes them: a small world takes the first.
ENTREPOTS = ("HKG", "NLD", "SGP", "BEL", "ARE", "PAN", "MAC")
# Standard deviation over products of the share that an entrepot passes on, and of the logarithm of customers' tastes.
_SHARE_SPREAD = 0.05
_TASTE = 0.3
_BOUND = 2.0
# Goods can pass several entrepots: hops until shares settle, or as many.
_HOPS = 12
_SETTLED = 1e-9
_BALANCING_ROUNDS = 10
# Origins of less than this share of a country's imports of a product are not in the truth.
LEAST_SHARE = 0.0005

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def world_places(seed: int, countries: int, effects: Effects) -> Places:
    """Draw the countries of a world: with ``hubs``, one in twenty is an entrepot, at least two, as far as there are."""
    if effects["hubs"] == 0:
        return draw_places(seed, countries)
    return draw_places(seed, countries, ENTREPOTS, min(len(ENTREPOTS), max(2, countries // 20)))


@dataclass(frozen=True)
class Entrepots:
    """The entrepots of a world.

    Attributes
    ----------
    country : integer ndarray, shape (H,)
        Positions among the countries.
    recorded : ndarray, shape (H,)
        Share of what they both import and export that the recorded table says they pass on.
    share : ndarray, shape (H, P)
        What they do pass on of each product.
    """

    country: Ints
    recorded: Floats
    share: Floats


def recorded_entrepots(places: Places) -> tuple[Ints, Floats]:
    """Return positions and recorded shares of the recorded entrepots among the countries."""
    table = recorded_shares(places.iso3)
    country = np.array([places.iso3.index(name) for name in table["country"]], dtype=np.int64)
    return country, table["share"].to_numpy(dtype=float)


def draw_entrepots(seed: int, effects: Effects, places: Places, n_products: int) -> Entrepots:
    """Draw what the recorded entrepots among the countries pass on; there are none where ``hubs`` is 0."""
    country, recorded = recorded_entrepots(places)
    if effects["hubs"] == 0:
        country, recorded = country[:0], recorded[:0]
    luck = np.clip(np.random.default_rng([seed, 12]).normal(size=(len(country), n_products)), -_BOUND, _BOUND)
    share = np.clip(effects["hubs"] * recorded[:, None] + _SHARE_SPREAD * luck, 0.0, 1.0)
    return Entrepots(country, recorded, share)


@dataclass(frozen=True)
class Traded:
    """A year's flows of the set as arrays, shape (m,), and the size ``(C, P)`` of the world."""

    product: Ints
    exporter: Ints
    importer: Ints
    value: Floats
    shape: tuple[int, int]

    def dense(self, product: int) -> Floats:
        """Return the flows of one product, exporters in rows and importers in columns, shape (C, C)."""
        first, last = np.searchsorted(self.product, [product, product + 1])
        flows = np.zeros((self.shape[0], self.shape[0]))
        flows[self.exporter[first:last], self.importer[first:last]] = self.value[first:last]
        return flows


def passed_on(flows: Floats, entrepots: Entrepots, product: int) -> Floats:
    """Return what each entrepot passes on of a product: its share of the smaller of imports and exports, shape (H,)."""
    exports, imports = flows.sum(axis=1)[entrepots.country], flows.sum(axis=0)[entrepots.country]
    return entrepots.share[:, product] * np.minimum(exports, imports)


def origins_of_product(flows: Floats, entrepots: Entrepots, product: int, seed: int) -> Floats:
    """Trace one product to where it was made.

    Parameters
    ----------
    flows : ndarray, shape (C, C)
        Exporters in rows, importers in columns.
    entrepots : Entrepots
        ``H`` of them.
    product, seed : int
        Position of the product, and seed of the world, for the customers' tastes.

    Returns
    -------
    ndarray, shape (C, C)
        Share of the imports of each country (columns) made in each country (rows); columns sum to 1.
    """
    count = len(flows)
    bought = flows.sum(axis=0)
    direct = flows / bought
    hubs = entrepots.country
    if not len(hubs):
        return direct
    passed = passed_on(flows, entrepots, product)
    made = flows[hubs].sum(axis=1) - passed
    generator = np.random.default_rng([seed, 12, product])
    taste = np.exp(_TASTE * np.clip(generator.normal(size=(len(hubs), count, count)), -_BOUND, _BOUND))
    # Nobody gets back what it has made, unless there is nobody else: then the least of tastes has to do.
    taste[:, np.arange(count), np.arange(count)] = 1e-9
    outside = direct.copy()
    outside[hubs] = 0.0
    parts = np.zeros_like(taste)
    result = direct
    for _ in range(_HOPS):
        before = result
        pools = passed[:, None] * result[:, hubs].T
        pools[np.arange(len(hubs)), hubs] += made
        for hub, position in enumerate(hubs):
            parts[hub] = _split(taste[hub], pools[hub], flows[position])
        result = outside + parts.sum(axis=0) / bought
        if np.abs(result - before).max() < _SETTLED:
            break
    return result


def _split(taste: Floats, pool: Floats, sold: Floats) -> Floats:
    """Return who gets goods of which origin: origins sum to the pool nearly and customers to what they buy exactly."""
    result = np.zeros_like(taste)
    origins, customers = np.flatnonzero(pool > 0), np.flatnonzero(sold > 0)
    inside = np.ix_(origins, customers)
    parts = taste[inside] * pool[origins][:, None] * sold[customers]
    for _ in range(_BALANCING_ROUNDS):
        parts = parts * (pool[origins] / parts.sum(axis=1))[:, None]
        parts = parts * (sold[customers] / parts.sum(axis=0))
    result[inside] = parts
    return result


def true_origins(traded: Traded, entrepots: Entrepots, seed: int, places: Places, codes: list[str]) -> pd.DataFrame:
    """Trace everything to where it was made.

    Returns
    -------
    DataFrame
        ``product, country, origin, share``, of shares of at least :data:`LEAST_SHARE`, sorted.
    """
    parts = []
    for place in range(traded.shape[1]):
        shares = origins_of_product(traded.dense(place), entrepots, place, seed)
        made, used = np.nonzero(shares >= LEAST_SHARE)
        order = np.lexsort((made, used))
        parts.append((np.full(len(order), place), used[order], made[order], shares[made, used][order]))
    product, country, origin, share = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    iso3 = pd.array(places.iso3, dtype="str")
    return pd.DataFrame(
        {
            "product": pd.array(codes, dtype="str").take(product),
            "country": iso3.take(country),
            "origin": iso3.take(origin),
            "share": np.round(share, 6),
        }
    )
