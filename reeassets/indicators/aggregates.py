"""Indicators per country and stage of the supply chain: import-value-weighted means, or sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]
_KEY = ["year", "country", "stage"]


@dataclass(frozen=True)
class Grouping:
    """Which rows belong to which country and stage of a year.

    Attributes
    ----------
    keys : DataFrame
        ``year, country, stage``, one row per group, sorted.
    group : ndarray of int, shape (n,)
        Group of each row.
    """

    keys: pd.DataFrame
    group: Ints

    @classmethod
    def of(cls, pairs: pd.DataFrame, stages: pd.Series) -> "Grouping":
        """Group rows with the columns ``year, country, product``.

        Raises
        ------
        ValueError
            If a product has no stage, or two.
        """
        if stages.index.has_duplicates:
            raise ValueError(f"products with two stages: {', '.join(stages.index[stages.index.duplicated()].unique())}")
        stage = pairs["product"].map(stages)
        if stage.isna().any():
            raise ValueError(
                f"products without a stage: {', '.join(sorted(pairs.loc[stage.isna(), 'product'].unique()))}"
            )
        groups = pairs[["year", "country"]].assign(stage=stage).groupby(_KEY, sort=True)
        return cls(groups.size().index.to_frame(index=False), groups.ngroup().to_numpy())

    def sums(self, values: Floats) -> Floats:
        """Return the sum of each group, shape (n_groups,); a missing value counts as 0."""
        return np.bincount(self.group, np.nan_to_num(values), len(self.keys)).astype(np.float64)

    def means(self, values: Floats, weights: Floats) -> Floats:
        """Return the weighted mean of each group, shape (n_groups,); NaN where no weight stands on a value."""
        weights = np.where(np.isnan(values), 0.0, weights)
        weight, total = self.sums(weights), self.sums(weights * np.nan_to_num(values))
        means = np.divide(total, weight, out=np.full(len(self.keys), np.nan), where=weight > 0)
        known = values[~np.isnan(values)]
        # A mean lies between its values; rounding can put it a unit in the last place beside them, out of the range.
        return np.clip(means, known.min(), known.max()) if known.size else means

    def aggregate(self, indicator: Indicator, values: Floats, imports: Floats) -> Floats:
        """Return an indicator of each group: import-weighted mean or sum, as the indicator says, shape (n_groups,)."""
        return self.sums(values) if indicator.aggregate == "sum" else self.means(values, imports)


def country_indicators(
    product_indicators: pd.DataFrame, stages: pd.Series, indicators: Sequence[Indicator]
) -> pd.DataFrame:
    """Aggregate ``product_indicators`` to countries and stages (docs/METHOD.md, section 5).

    Parameters
    ----------
    product_indicators : DataFrame
        The table of that name, any number of years, rows in any order.
    stages : Series
        Product code (index) to stage.
    indicators : sequence of Indicator
        Which, in the order of the columns.

    Returns
    -------
    DataFrame
        ``year, country, stage, n_products, imports_kusd, exports_kusd`` and one column per indicator; one row per
        country and stage with any trade. A mean is null where the country imports nothing in the stage; a pair whose
        value is null has no weight.

    Raises
    ------
    ValueError
        If a product has no stage, or two.
    """
    frame = product_indicators.sort_values(["year", "country", "product"], ignore_index=True)
    grouping = Grouping.of(frame, stages)
    imports = frame["imports_kusd"].to_numpy(dtype=float)
    result = grouping.keys.copy()
    result["n_products"] = np.bincount(grouping.group, minlength=len(result)).astype(np.int64)
    for name in ("imports_kusd", "exports_kusd"):
        result[name] = grouping.sums(frame[name].to_numpy(dtype=float))
    for indicator in indicators:
        values = frame[indicator.name].to_numpy(dtype=float)
        result[indicator.name] = grouping.aggregate(indicator, values, imports)
    return result
