"""Trade outside the set: gravity with fixed structure, and noise from year to year. It carries no planted dynamics.

Which countries trade which products, and about how much, is drawn once; a year then costs one shock per flow. That is
what makes a full-size year cheap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.world.places import Places

# Values are whole US$, BACI's third decimal of a thousand US$.
DOLLARS = 1000
# Share of the flows of the structure that a year lacks.
ABSENT = 0.03
_DENSITY_POWER = np.float32(0.45)
_DISTANCE_POWER = np.float32(-0.5)
_MOST = np.float32(0.95)
_SPREAD = np.float32(1.6)
_SHOCK = np.float32(0.25)
_BALANCING_ROUNDS = 8
GROWTH = 1.04
SET_SHARE = 0.025

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class BackgroundYear:
    """A year of it.

    Attributes
    ----------
    dollars : integer ndarray, shape (n,)
        Value of each flow of the structure; 0 where it is absent this year.
    exports, imports : integer ndarray, shape (C,)
        Their sums by country.
    """

    dollars: Ints
    exports: Ints
    imports: Ints


class Background:
    """The structure of a world's trade outside the set.

    Parameters
    ----------
    seed : int
        Seed of the world.
    places : Places
        With ``C`` countries.
    n_products : int
        Number of products outside the set.
    rows : int
        Flows that a year should have.

    Attributes
    ----------
    starts : integer ndarray, shape (C + 1,)
        Where each exporter's flows begin.
    importer : ndarray of uint8, shape (n,)
    product : ndarray of uint16, shape (n,)
        Position among the products outside the set. Flows are sorted by (exporter, importer, product).

    Raises
    ------
    ValueError
        If there are more rows than two thirds of what countries and products can hold, or too few for every country.
    """

    def __init__(self, seed: int, places: Places, n_products: int, rows: int):
        self._seed, self._places, self.n_products = seed, places, n_products
        generator = np.random.default_rng([seed, 6])
        most = 0.66 * places.count * (places.count - 1) * n_products
        if rows > most:
            raise ValueError(
                f"{rows:,} rows outside the set do not fit into {places.count} countries and {n_products} products; "
                f"at most {int(most):,} do"
            )
        popularity = np.exp(0.8 * generator.standard_normal(n_products, dtype=np.float32))
        parts = list(self._structure(generator, popularity, rows / (1 - ABSENT)))
        self.starts = np.concatenate([[0], np.cumsum([len(importer) for importer, _, _ in parts])]).astype(np.int64)
        self.importer = np.concatenate([importer for importer, _, _ in parts])
        self.product = np.concatenate([product for _, product, _ in parts])
        self._log_value = np.concatenate([value for _, _, value in parts])
        del parts
        _require_trade(np.diff(self.starts), np.bincount(self.importer, minlength=places.count))
        self._balance()

    def _structure(
        self, generator: np.random.Generator, popularity: NDArray[np.float32], rows: float
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.float32]]]:
        """Draw the flows of one exporter after the other: importer, product and logarithm of the value."""
        places = self._places
        wanted = self._rows_of_exporters(rows)
        demand = ((places.imports / places.imports.max()) ** float(_DENSITY_POWER)).astype(np.float32)
        for exporter in range(places.count):
            reach = demand * places.distance[exporter].astype(np.float32) ** _DISTANCE_POWER
            reach[exporter] = 0.0
            talent = popularity * np.exp(generator.standard_normal(self.n_products, dtype=np.float32))
            weight = np.multiply.outer(reach, talent)
            chance = _chances(weight, wanted[exporter])
            importer, product = np.nonzero(generator.random(weight.shape, dtype=np.float32) < chance)
            value = np.float32(0.6) * np.log(weight[importer, product])
            value += _SPREAD * generator.standard_normal(len(value), dtype=np.float32)
            yield importer.astype(np.uint8), product.astype(np.uint16), value

    def _rows_of_exporters(self, rows: float) -> Floats:
        """Return how many flows each exporter should have: more, the larger it is, up to what it can have."""
        most = 0.9 * float(_MOST) * (self._places.count - 1) * self.n_products
        size = self._places.exports ** float(_DENSITY_POWER)
        low, high = 0.0, rows / size.min()
        for _ in range(100):
            middle = (low + high) / 2
            enough = np.minimum(size * middle, most).sum() >= rows
            low, high = (low, middle) if enough else (middle, high)
        return np.minimum(size * high, most)

    def _balance(self) -> None:
        """Scale values once so that countries' exports and imports have the scale of their economies."""
        places, share = self._places, 1 - SET_SHARE
        exports = places.exports * share * DOLLARS
        imports = places.imports / places.imports.sum() * exports.sum()
        value = np.exp(self._log_value, dtype=np.float64)
        counts = np.diff(self.starts)
        for _ in range(_BALANCING_ROUNDS):
            value *= (imports / np.bincount(self.importer, value, places.count))[self.importer]
            value *= np.repeat(exports / np.add.reduceat(value, self.starts[:-1]), counts)
        self._log_value = np.log(value).astype(np.float32)

    def year(self, place: int) -> BackgroundYear:
        """Draw a year, by its place among the world's years (0 is the first).

        Raises
        ------
        ValueError
            If a country happens to export or to import nothing.
        """
        generator = np.random.default_rng([self._seed, 7, place])
        count, n = self._places.count, len(self.product)
        drift = np.log(GROWTH) * place + 0.02 * generator.normal(size=count)
        fashion = (0.1 * generator.normal(size=self.n_products)).astype(np.float32)
        value = self._log_value + fashion[self.product]
        value += _SHOCK * generator.standard_normal(n, dtype=np.float32)
        np.exp(value, out=value)
        value *= np.repeat(np.exp(drift).astype(np.float32), np.diff(self.starts))
        dollars = np.maximum(np.rint(value), 1).astype(np.int64)
        dollars[generator.random(n, dtype=np.float32) < ABSENT] = 0
        exports = np.array([dollars[a:b].sum() for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)])
        # Sums of whole numbers below 2**53 are exact in floating point, in whatever order.
        imports = np.bincount(self.importer, dollars, count).astype(np.int64)
        _require_trade(exports, imports)
        return BackgroundYear(dollars, exports, imports)


def _require_trade(exports: Ints, imports: Ints) -> None:
    """Refuse a world in which a country trades the set alone: its advantage would not follow the law of motion."""
    lacking = int((exports == 0).sum()), int((imports == 0).sum())
    if any(lacking):
        raise ValueError(
            f"too few rows for every country to trade outside the set: {lacking[0]} countries export and {lacking[1]} "
            "import nothing there; take more rows a year or fewer countries"
        )


def _chances(weight: NDArray[np.float32], wanted: float) -> NDArray[np.float32]:
    """Return probabilities proportional to the weights, at most :data:`_MOST`, that sum to ``wanted``.

    The factor is found on the logarithmic grid of a histogram: a sum over a million weights per step would cost
    minutes over all exporters.
    """
    logs = np.log(weight[weight > 0])
    counts, edges = np.histogram(logs, bins=400)
    centres = np.exp((edges[:-1] + edges[1:]) / 2)
    low, high = 0.0, 1e6 * wanted / float((counts * centres).sum())
    for _ in range(80):
        middle = (low + high) / 2
        enough = (counts * np.minimum(centres * middle, float(_MOST))).sum() >= wanted
        low, high = (low, middle) if enough else (middle, high)
    chances: NDArray[np.float32] = np.minimum(weight * np.float32(high), _MOST)
    return chances
