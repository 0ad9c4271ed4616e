"""The rows of a panel of pairs: country, product and year of each, and the row of the same pair some years later."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reeassets.models.clustered import Clusters

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


class NotEstimableError(ValueError):
    """The rows cannot answer the question; the message says what they lack."""


@dataclass(frozen=True)
class Cells:
    """Rows of a panel, each a country, a product and a year, sorted by them and without repetition.

    Attributes
    ----------
    country, product : integer ndarray, shape (n,)
        Codes from 0 without gaps.
    year : integer ndarray, shape (n,)
        Calendar years: a pair's row ``j`` years later is looked up by them.

    Raises
    ------
    ValueError
        If the rows are not sorted by (country, product, year), or a cell occurs twice.
    """

    country: Codes
    product: Codes
    year: Codes

    def __post_init__(self) -> None:
        # Clusters checks the order of the pairs.
        same_pair = np.ones(max(len(self.year) - 1, 0), dtype=bool)
        same_pair[self.clusters.pair_starts[1:] - 1] = False
        if (np.diff(self.year)[same_pair] <= 0).any():
            raise ValueError("rows must be sorted by country, product and year, each cell once")

    @classmethod
    def of(cls, country: NDArray[np.generic], product: NDArray[np.generic], year: Codes) -> "Cells":
        """Return cells of sorted rows, countries and products numbered without gaps in their own order."""
        countries, products = (np.unique(values, return_inverse=True)[1] for values in (country, product))
        return cls(countries.astype(np.int64), products.astype(np.int64), year.astype(np.int64))

    def __len__(self) -> int:
        return len(self.year)

    @cached_property
    def clusters(self) -> Clusters:
        """Countries and products of the rows."""
        return Clusters(self.country, self.product)

    @cached_property
    def lengths(self) -> Codes:
        """Rows of each pair, shape (pairs,)."""
        return np.diff(np.append(self.clusters.pair_starts, len(self))).astype(np.int64)

    @cached_property
    def pair(self) -> Codes:
        """Pair of each row, numbered from 0 in their order, shape (n,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths).astype(np.int64)

    @cached_property
    def first_year(self) -> int:
        """The earliest year of any row."""
        return int(self.year.min()) if len(self) else 0

    @cached_property
    def span(self) -> int:
        """Number of calendar years from the first to the last."""
        return int(self.year.max()) - self.first_year + 1 if len(self) else 0

    @cached_property
    def levels(self) -> tuple[Codes, Codes]:
        """Country-year and product-year of each row: ``code * span + year - first year``."""
        year = self.year - self.first_year
        return self.country * self.span + year, self.product * self.span + year

    def later(self, years: int) -> Codes:
        """Return the row of the same pair ``years`` later, -1 where there is none; shape (n,)."""
        width = self.span + years
        key = self.pair * width + self.year - self.first_year
        place = np.minimum(np.searchsorted(key, key + years), len(key) - 1)
        return np.where(key[place] == key + years, place, -1).astype(np.int64)

    def take(self, kept: Flags) -> "Cells":
        """Return some of the rows, countries and products numbered anew."""
        return Cells.of(self.country[kept], self.product[kept], self.year[kept])


def without_singletons(cells: Cells) -> tuple[Flags, dict[str, int]]:
    """Say which rows are left when rows alone in their pair, country-year or product-year are dropped, repeatedly.

    A row that an effect of its own fits exactly says nothing about a slope, and would count as a cluster's row.

    Returns
    -------
    kept : bool ndarray, shape (n,)
    counts : dict of str to int
        ``rounds`` with a row to drop, and ``dropped_pair``, ``dropped_country_year`` and ``dropped_product_year``; a
        row alone in several counts as the first of them.
    """
    kept = np.ones(len(cells), dtype=bool)
    counts = {"rounds": 0, "dropped_pair": 0, "dropped_country_year": 0, "dropped_product_year": 0}
    effects = dict(zip(list(counts)[1:], (cells.pair, *cells.levels), strict=True))
    while True:
        alone = np.zeros(len(cells), dtype=bool)
        for name, codes in effects.items():
            rows = kept & ~alone & (np.bincount(codes, kept)[codes] == 1)
            counts[name] += int(rows.sum())
            alone |= rows
        if not alone.any():
            return kept, counts
        counts["rounds"] += 1
        kept &= ~alone
