"""Who can trade with whom in the set's products, how gladly, and how flows are balanced between the two sides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.indicators.nodes import sums
from reeassets.settings import STAGES
from reeassets.world.exporters import ALWAYS, NEVER
from reeassets.world.goods import Goods
from reeassets.world.places import Places

# How unequal a buyer's affinities to suppliers are, by archetype (rows) and stage (columns): it sets the concentration.
PICKINESS = np.array([[0.3, 0.3, 0.3], [0.4, 2.4, 1.6], [2.4, 0.4, 1.2], [0.4, 0.4, 0.4], [2.0, 2.0, 2.0]])
# How strongly a buyer prefers suppliers with an advantage (rather than traders in between), by archetype.
DIRECTNESS = np.array([0.2, 0.0, 0.0, 0.1, -0.6])
# Suppliers that a buyer picks, by archetype, in a world of 230 countries.
SUPPLIERS = np.array([26, 9, 10, 22, 5])
_DIRECTNESS_SPREAD = 0.7
_DISTANCE_ELASTICITY = 0.7
_BALANCING_ROUNDS = 25

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Partners:
    """The pairs of countries that can trade each product, sorted by (product, exporter, importer).

    Attributes
    ----------
    product, exporter, importer : integer ndarray, shape (m,)
        Positions.
    affinity : ndarray, shape (m,)
        Logarithm of how gladly they trade, beyond the size of the two sides.
    kept : bool ndarray, shape (m,)
        The best customer of each exporter, and the best supplier of each importer among those that always export: these
        trade in every year in which the exporter exports.
    """

    product: Ints
    exporter: Ints
    importer: Ints
    affinity: Floats
    kept: NDArray[np.bool_]


def draw_partners(seed: int, places: Places, goods: Goods, log_rca: Floats, kind: Ints, density: float) -> Partners:
    """Draw the partners of every country in every product.

    An importer picks suppliers by their size, distance and a taste of its own; an exporter adds the customers that are
    largest and nearest.

    Parameters
    ----------
    seed : int
        Seed of the world.
    places, goods : Places, Goods
        With ``C`` countries and ``P`` products.
    log_rca : ndarray, shape (C, P)
        Logarithm of the Balassa index in the first year.
    kind : ndarray of int, shape (C, P)
        From :class:`~reeassets.world.exporters.Exporters`: who never exports has no customers.
    density : float
        Factor on the number of partners.
    """
    count = places.count
    generator = np.random.default_rng([seed, 4])
    crowd = density * min(1.0, 0.35 + 0.65 * count / 230)
    suppliers = np.clip(np.rint(SUPPLIERS[places.archetype] * crowd), 2, count - 1).astype(np.int64)
    stage = np.array([STAGES.index(name) for name in goods.stage])
    distance = -_DISTANCE_ELASTICITY * np.log(places.distance)
    nobody = np.where(np.eye(count, dtype=bool), -np.inf, 0.0)
    log_imports = np.log(places.imports)
    parts = []
    for product in range(goods.count):
        never, always = kind[:, product] == NEVER, kind[:, product] == ALWAYS
        supply = np.where(never, -np.inf, np.log(places.exports) + log_rca[:, product])
        taste = PICKINESS[places.archetype, stage[product]] * generator.normal(size=(count, count))
        directness = DIRECTNESS[places.archetype] + _DIRECTNESS_SPREAD * generator.normal(size=count)
        affinity = distance + taste + directness * log_rca[:, [product]] + nobody
        wish = affinity + supply[:, None]
        everyone = np.arange(count)
        # A country without a supplier that always exports would have years without imports.
        sure = np.where(always[:, None], wish, -np.inf).argmax(axis=0)
        bought = _best(wish, suppliers)
        bought[sure, everyone] = True
        customers = _customers(supply, crowd)
        sold = _best((distance + nobody + log_imports + generator.normal(size=(count, count))).T, customers).T
        trades = (bought | sold) & np.isfinite(wish)
        weight = np.where(trades, affinity, -np.inf)
        exporter, importer = np.nonzero(trades)
        best = np.zeros((count, count), dtype=bool)
        best[sure, everyone] = True
        best[everyone, (weight + log_imports).argmax(axis=1)] = True
        parts.append(
            (
                np.full(len(exporter), product),
                exporter,
                importer,
                affinity[exporter, importer],
                best[exporter, importer],
            )
        )
    return Partners(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _best(score: Floats, number: Ints) -> NDArray[np.bool_]:
    """Mark the ``number[j]`` rows of the highest score in each column ``j``."""
    order = np.argsort(-score, axis=0, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(len(order))[:, None], axis=0)
    return place < number


def _customers(supply: Floats, crowd: float) -> Ints:
    """Return how many customers each exporter adds: more, the larger its exports."""
    relative = np.exp(0.3 * (supply - np.logaddexp.reduce(supply)))
    wanted = 20.0 * crowd * relative
    return np.clip(np.rint(wanted), 1, len(supply) - 1).astype(np.int64)


def balance(weight: Floats, exports: Ints, imports: Ints, supply: Floats, demand: Floats) -> Floats:
    """Scale weights so that flows sum to the supply of exporters exactly and to the demand of importers nearly (RAS).

    Parameters
    ----------
    weight : ndarray, shape (m,)
        Positive.
    exports, imports : integer ndarray, shape (m,)
        Position of each flow's exporting and importing (country, product).
    supply, demand : ndarray, shape (n,)
        Totals per (country, product).
    """
    flow = weight * supply[exports] * demand[imports]
    for _ in range(_BALANCING_ROUNDS):
        flow *= _ratio(demand, sums(imports, flow, len(demand)))[imports]
        flow *= _ratio(supply, sums(exports, flow, len(supply)))[exports]
    return flow


def _ratio(wanted: Floats, present: Floats) -> Floats:
    return np.divide(wanted, present, out=np.zeros_like(wanted), where=present > 0)
