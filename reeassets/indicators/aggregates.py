"""Indicators per country and stage of the supply chain: means over the products of the stage, under three weightings.

What weighs a product is a choice: what the country buys of it, how much of that needs rare earths, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator
from reeassets.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]
_KEY = ["year", "country", "stage"]

BY_MATERIALITY = "imports_materiality"
UNWEIGHTED = "unweighted"
# The values of the setting `weighting`.
WEIGHTINGS = ("imports", BY_MATERIALITY, UNWEIGHTED)


def headline(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the rows of the weighting that results use, of ``country_indicators`` or the contrasts, without it."""
    return rows[rows["weighting"] == settings.weighting].drop(columns="weighting").reset_index(drop=True)


def mean_weights(weighting: str, imports: Floats, materiality: Floats) -> Floats:
    """Return the weight of each product in a country's mean; all of one shape.

    Parameters
    ----------
    weighting : str
        One of :data:`WEIGHTINGS`.
    imports : ndarray
        Imports of the country.
    materiality : ndarray
        Materiality of the product; one of which it is not known (NaN) has no weight where it would count.
    """
    if weighting == UNWEIGHTED:
        return np.ones_like(imports)
    return imports * np.nan_to_num(materiality) if weighting == BY_MATERIALITY else imports


def world_weights(weighting: str, world_imports: Floats, materiality: Floats) -> Floats:
    """Return the weight of each product in a ``world_mean``: its world imports, times materiality if that weighs.

    ``unweighted`` weighs by world imports, too: the share of a supplier in a product says little without its size.
    """
    return world_imports * np.nan_to_num(materiality) if weighting == BY_MATERIALITY else world_imports


@dataclass(frozen=True)
class Grouping:
    """Which rows belong to which country and stage of a year, and which to the same product.

    Attributes
    ----------
    keys : DataFrame
        ``year, country, stage``, one row per group, sorted.
    group : ndarray of int, shape (n,)
        Group of each row.
    group_stage : ndarray of int, shape (n_groups,)
        Year and stage of each group, as a number.
    market : ndarray of int, shape (n,)
        Year and product of each row, as a number.
    first, market_stage : ndarray of int, shape (n_markets,)
        A row of each market, and its year and stage, as a number.
    materiality : ndarray, shape (n,)
        Materiality of each row's product; NaN where it is not known.
    """

    keys: pd.DataFrame
    group: Ints
    group_stage: Ints
    market: Ints
    first: Ints
    market_stage: Ints
    materiality: Floats

    @classmethod
    def of(cls, pairs: pd.DataFrame, stages: pd.Series, materiality: pd.Series) -> "Grouping":
        """Group rows with the columns ``year, country, product``: all countries of the years.

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
        group = groups.ngroup().to_numpy()
        row_stage = pairs[["year"]].assign(stage=stage).groupby(["year", "stage"], sort=True).ngroup().to_numpy()
        market = pairs.groupby(["year", "product"], sort=True).ngroup().to_numpy()
        first, of_group = (np.unique(numbers, return_index=True)[1] for numbers in (market, group))
        return cls(
            keys=groups.size().index.to_frame(index=False),
            group=group,
            group_stage=row_stage[of_group],
            market=market,
            first=first,
            market_stage=row_stage[first],
            materiality=pairs["product"].map(materiality).to_numpy(dtype=float),
        )

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

    def world_means(self, values: Floats, weights: Floats) -> Floats:
        """Return each country's mean over all products of the stage, shape (n_groups,); what it does not trade is 0.

        ``weights`` are the same for all rows of a market. NaN where no product of the stage has a weight.
        """
        of_stage = np.bincount(self.market_stage, weights[self.first])
        weight = of_stage[self.group_stage] if len(self.keys) else np.empty(0)
        means = np.divide(self.sums(weights * values), weight, out=np.full(len(self.keys), np.nan), where=weight > 0)
        return np.clip(means, min(0.0, values.min()), max(0.0, values.max())) if values.size else means

    def aggregate(self, indicator: Indicator, values: Floats, imports: Floats, weighting: str) -> Floats:
        """Return an indicator of each group under a weighting, shape (n_groups,)."""
        if indicator.aggregate == "mean":
            return self.means(values, mean_weights(weighting, imports, self.materiality))
        world_imports = np.bincount(self.market, imports, len(self.first))[self.market].astype(np.float64)
        return self.world_means(values, world_weights(weighting, world_imports, self.materiality))

    def counts(self, weighting: str) -> Ints:
        """Return the number of products that can count in each group, shape (n_groups,)."""
        counted = ~np.isnan(self.materiality) if weighting == BY_MATERIALITY else np.ones(len(self.group), dtype=bool)
        return np.bincount(self.group[counted], minlength=len(self.keys)).astype(np.int64)


def country_indicators(
    product_indicators: pd.DataFrame, stages: pd.Series, materiality: pd.Series, indicators: Sequence[Indicator]
) -> pd.DataFrame:
    """Aggregate ``product_indicators`` to countries and stages (docs/METHOD.md, section 5).

    Parameters
    ----------
    product_indicators : DataFrame
        The table of that name, any number of whole years, rows in any order.
    stages, materiality : Series
        Product code (index) to stage, and to materiality; a product whose materiality is not known is left out of the
        weighting ``imports_materiality`` and of its ``n_products``.
    indicators : sequence of Indicator
        Which, in the order of the columns.

    Returns
    -------
    DataFrame
        ``year, country, stage, weighting, n_products, imports_kusd, exports_kusd`` and one column per indicator; one
        row per weighting for each country and stage with any trade. A mean is null where nothing with a weight has a
        value; a pair whose value is null has no weight.

    Raises
    ------
    ValueError
        If a product has no stage, or two.
    """
    frame = product_indicators.sort_values(["year", "country", "product"], ignore_index=True)
    grouping = Grouping.of(frame, stages, materiality)
    imports = frame["imports_kusd"].to_numpy(dtype=float)
    parts = []
    for weighting in WEIGHTINGS:
        part = grouping.keys.assign(weighting=weighting, n_products=grouping.counts(weighting))
        for name in ("imports_kusd", "exports_kusd"):
            part[name] = grouping.sums(frame[name].to_numpy(dtype=float))
        for indicator in indicators:
            values = frame[indicator.name].to_numpy(dtype=float)
            part[indicator.name] = grouping.aggregate(indicator, values, imports, weighting)
        parts.append(part)
    return pd.concat(parts, ignore_index=True).sort_values([*_KEY, "weighting"], ignore_index=True)
