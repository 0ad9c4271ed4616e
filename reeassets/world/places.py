"""The countries of a world: real codes on invented economies. Size, place and archetype are drawn with the seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table

ARCHETYPES = ("dominant hub", "resource exporter", "processing hub", "advanced importer", "small dependent importer")
HUB = 0
# Share of the countries other than the hub that are of each archetype; the rest are small dependent importers.
_SHARES = (0.0, 0.17, 0.17, 0.22)
# Codes that no year from 2007 on has, or whose ISO3 a living code has: 58 BEL, 278 DDR, 280 DEU, 736 SDN and so on.
_DEFUNCT = (58, 200, 278, 280, 711, 736, 810, 891)
LARGEST_EXPORTS_KUSD = 2.0e9
# Logarithm of the largest over the smallest economy in a world of 230 countries.
_SPAN = 11.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """The countries of a world, sorted by ISO3; arrays are aligned with them.

    Attributes
    ----------
    table : DataFrame
        Their rows of BACI's country table: ``country_code, country_name, iso2, iso3``.
    archetype : integer ndarray, shape (C,)
        Position in :data:`ARCHETYPES`.
    exports, imports : ndarray, shape (C,)
        Scale of total trade in the first year, in thousand US$.
    distance : ndarray, shape (C, C)
        Great-circle distance between invented places on a unit sphere, at least 0.05.
    """

    table: pd.DataFrame
    archetype: NDArray[np.int64]
    exports: Floats
    imports: Floats
    distance: Floats

    @property
    def iso3(self) -> list[str]:
        """Codes of the countries, ascending."""
        return self.table["iso3"].tolist()

    @property
    def count(self) -> int:
        """Number of countries."""
        return len(self.table)


def living_countries() -> pd.DataFrame:
    """Return BACI's country table without countries that ended before 2007, in its order: 230 unique ISO3 codes."""
    table = read_country_table(bundled_file(COUNTRY_TABLE))
    return table[~table["country_code"].isin(_DEFUNCT)].reset_index(drop=True)


def draw_places(seed: int, count: int, entrepots: Sequence[str] = (), wanted: int = 0) -> Places:
    """Draw the countries of a world: the first ``count`` of the table, with invented economies.

    Parameters
    ----------
    seed, count : int
        Seed of the world, and its number of countries.
    entrepots : sequence of str
        Codes of entrepots, the most important first. They are among the larger economies, but none is the hub.
    wanted : int
        How many of them there are at least: they take the place of the last countries.

    Raises
    ------
    ValueError
        If there are fewer than 12 or more than the table has.
    """
    known = living_countries()
    if not 12 <= count <= len(known):
        raise ValueError(f"a world has 12 to {len(known)} countries, not {count}")
    generator = np.random.default_rng([seed, 1])
    table = _with(known, count, list(entrepots), wanted).sort_values("iso3", ignore_index=True)
    # Close to the sizes of real economies: a few giants, many that are a hundred-thousandth of the largest.
    quantile = np.arange(count) / (count - 1)
    size = LARGEST_EXPORTS_KUSD * np.exp(-_SPAN * (count / 230) ** 0.4 * quantile**0.75)
    rank = generator.permutation(count)
    _raise_ranks(rank, np.flatnonzero(table["iso3"].isin(entrepots)), seed)
    exports = size[rank]
    imports = exports * np.exp(generator.normal(0.0, 0.15, count))
    return Places(table, _archetypes(rank, generator), exports, imports, _distances(generator, count))


def _with(known: pd.DataFrame, count: int, entrepots: list[str], wanted: int) -> pd.DataFrame:
    """Return the first countries, the last of them replaced by entrepots until there are as many as wanted."""
    first = known["iso3"].head(count).tolist()
    lacking = [name for name in entrepots if name not in first]
    lacking = lacking[: max(0, wanted - (len(entrepots) - len(lacking)))]
    others = [name for name in first if name not in entrepots]
    leaving = others[len(others) - len(lacking) :]
    return known[known["iso3"].isin([*first, *lacking]) & ~known["iso3"].isin(leaving)]


def _raise_ranks(rank: NDArray[np.int64], entrepots: NDArray[np.int64], seed: int) -> None:
    """Let entrepots change places with countries of the largest quarter, the very largest apart; in place."""
    if not len(entrepots):
        return
    generator = np.random.default_rng([seed, 14])
    large = np.flatnonzero((rank > 0) & (rank <= len(rank) // 4))
    large = generator.permutation(large[~np.isin(large, entrepots)])
    moving = entrepots[(rank[entrepots] == 0) | (rank[entrepots] > len(rank) // 4)]
    for one, other in zip(moving, large, strict=False):
        rank[[one, other]] = rank[[other, one]]


def _archetypes(rank: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Make the largest economy the hub and the smaller ones, with some luck, small dependent importers."""
    count = len(rank)
    kinds = np.repeat(np.arange(len(_SHARES)), [round(share * (count - 1)) for share in _SHARES])
    standing = rank + generator.normal(0.0, 0.12 * count, count)
    standing[rank == 0] = -np.inf
    order = np.argsort(standing, kind="stable")
    archetype = np.full(count, len(ARCHETYPES) - 1, dtype=np.int64)
    archetype[order[1 : len(kinds) + 1]] = generator.permutation(kinds)
    archetype[order[0]] = HUB
    return archetype


def _distances(generator: np.random.Generator, count: int) -> Floats:
    points = generator.normal(size=(count, 3))
    points /= np.sqrt((points**2).sum(axis=1, keepdims=True))
    # Summed by hand: a matrix product may round differently with another library or number of threads.
    cosine = sum(np.multiply.outer(points[:, axis], points[:, axis]) for axis in range(3))
    return np.maximum(np.arccos(np.clip(cosine, -1.0, 1.0)), 0.05)
