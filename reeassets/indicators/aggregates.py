"""Indicators per country and stage of the supply chain: import-value-weighted means, or sums."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import Indicator

Floats = NDArray[np.float64]


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
    if stages.index.has_duplicates:
        raise ValueError(f"products with two stages: {', '.join(stages.index[stages.index.duplicated()].unique())}")
    frame = product_indicators.sort_values(["year", "country", "product"], ignore_index=True)
    stage = frame["product"].map(stages)
    if stage.isna().any():
        raise ValueError(f"products without a stage: {', '.join(sorted(frame.loc[stage.isna(), 'product'].unique()))}")
    groups = frame.assign(stage=stage).groupby(["year", "country", "stage"], sort=True)
    group = groups.ngroup().to_numpy()
    sizes = groups.size()
    n_groups, imports = len(sizes), frame["imports_kusd"].to_numpy(dtype=float)
    result = sizes.index.to_frame(index=False)
    result["n_products"] = sizes.to_numpy(dtype=np.int64)
    for name in ("imports_kusd", "exports_kusd"):
        result[name] = np.bincount(group, frame[name].to_numpy(dtype=float), n_groups)
    for indicator in indicators:
        values = frame[indicator.name].to_numpy(dtype=float)
        if indicator.aggregate == "sum":
            result[indicator.name] = np.bincount(group, np.nan_to_num(values), n_groups)
        else:
            result[indicator.name] = _weighted_mean(values, imports, group, n_groups)
    return result


def _weighted_mean(values: Floats, weights: Floats, group: NDArray[np.integer], n_groups: int) -> Floats:
    """Return the weighted mean of each group, shape (n_groups,); NaN where no weight stands on a value."""
    weights = np.where(np.isnan(values), 0.0, weights)
    weight = np.bincount(group, weights, n_groups)
    total = np.bincount(group, weights * np.nan_to_num(values), n_groups)
    means = np.divide(total, weight, out=np.full(n_groups, np.nan), where=weight > 0)
    known = values[~np.isnan(values)]
    # A mean lies between its values; rounding can put it a unit in the last place beside them, and outside the range.
    return np.clip(means, known.min(), known.max()) if known.size else means
