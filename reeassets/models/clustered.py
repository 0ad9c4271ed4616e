"""The two clusterings of an estimation sample, by country and by product.

Rows are ordered by (country, product, year): a country, and the intersection of the two clusterings, is then a run of
rows.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MIN_CLUSTERS = 10
ONE_CLUSTER = "errors cannot be clustered two ways with a single country or product"

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Countries and products of an estimation sample whose rows are sorted by (country, product).

    Attributes
    ----------
    country, product : integer ndarray, shape (n,)
        Codes, non-decreasing in (country, product).
    """

    country: Codes
    product: Codes

    def __post_init__(self) -> None:
        step = np.diff(self.country), np.diff(self.product)
        if ((step[0] < 0) | ((step[0] == 0) & (step[1] < 0))).any():
            raise ValueError("rows must be sorted by country and product")

    @cached_property
    def pair_starts(self) -> Codes:
        """First row of each (country, product) pair, shape (pairs,)."""
        changes = (np.diff(self.country) != 0) | (np.diff(self.product) != 0)
        return np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)

    @cached_property
    def of_pairs(self) -> tuple[Codes, Codes]:
        """Country and product of each pair, both of shape (pairs,)."""
        return self.country[self.pair_starts], self.product[self.pair_starts]

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Number of countries, products and pairs."""
        countries, products = self.of_pairs
        return len(np.unique(countries)), len(np.unique(products)), len(self.pair_starts)

    def rows_of_products(self) -> list[Codes]:
        """Return the rows of each product, in ascending order of the products' codes."""
        order = np.argsort(self.product, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.product[order])) + 1)

    def rows_of_countries(self) -> list[slice]:
        """Return the run of rows of each country, in ascending order of the countries' codes."""
        starts = [0, *(np.flatnonzero(np.diff(self.country)) + 1).tolist(), len(self.country)]
        return [slice(*ends) for ends in pairwise(starts)]

    def note(self) -> str:
        """Say which clustering dimension is too small to be relied on; empty if none is."""
        parts = [
            f"only {size} {what} cluster{'s' if size > 1 else ''}"
            for size, what in zip(self.sizes[:2], ("country", "product"), strict=True)
            if size < MIN_CLUSTERS
        ]
        return "; ".join(parts)
