"""Dependency monitor: on whom each economy depends most, above or below a benchmark (docs/METHOD.md, section 11).

The benchmark is that of the EU Critical Raw Materials Act, Regulation (EU) 2024/1252, article 5: at most 65 % from any
single third country. The Act measures annual consumption of strategic raw materials; trade data show imports, and
supply as section 5 defines it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.largest import LargestOfYear, Names
from reeassets.indicators.year_network import YearNetwork
from reeassets.parallel import running
from reeassets.settings import STAGES

Floats = NDArray[np.float64]
# Years a trend looks at, its own the last, and how many of them need a share.
WINDOW = 5
LEAST_POINTS = 3


@dataclass(frozen=True)
class Group:
    """Years of one kind of network, and whose rows of it are wanted.

    Attributes
    ----------
    network : callable
        From a year to its network.
    buyer : str or None
        The one economy whose imports are looked at; None for all.
    """

    network: Callable[[int], YearNetwork]
    buyer: str | None = None


def dependency_monitor(
    groups: Sequence[Group],
    years: Sequence[int],
    stages: pd.Series,
    economies: Iterable[str],
    threshold: float,
    *,
    workers: int = 1,
) -> pd.DataFrame:
    """Say on whom each economy depends most in each product and stage, year by year.

    Parameters
    ----------
    groups : sequence of Group
        The networks of the run, and those in which the EU is one buyer.
    years : sequence of int
        Which.
    stages : Series
        Stage of each product of the set, by code.
    economies : iterable of str
        Every economy of any network.
    threshold : float
        Benchmark, in (0, 1).
    workers : int
        Groups looked at at the same time.

    Returns
    -------
    DataFrame
        Table ``dependency_monitor``.
    """
    names = Names.of(economies, stages)

    def followed(group: Group) -> list[pd.DataFrame]:
        found: list[LargestOfYear] = []
        # The last year first: whose shares a trend needs is known before the years it needs them of are looked at.
        for year in sorted(years, reverse=True):
            recent = [later for later in found if later.year - year < WINDOW]
            found.append(LargestOfYear.of(group.network(year), names, group.buyer, recent, WINDOW))
        return [_frame(of_year, names) for of_year in found]

    with running(followed, groups, workers) as parts:
        table = pd.concat([part for of_group in parts for part in of_group], ignore_index=True)
    return judged(table, threshold)


def judged(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return the monitor with what depends on the benchmark: ``above``, ``above_direct``, ``years_to_benchmark``.

    Parameters
    ----------
    table : DataFrame
        Rows of ``dependency_monitor``, with or without these columns.
    threshold : float
        Benchmark, in (0, 1); above is more than it.
    """
    share, trend = table["ultimate_share"], table["trend"]
    above = (share > threshold).astype("boolean").mask(share.isna())
    falling = trend.where(trend < 0)
    years = ((share - threshold) / -falling).where(share > threshold, 0.0).where(share.notna())
    return table.assign(above=above, above_direct=table["largest_seller_share"] > threshold, years_to_benchmark=years)


def slopes(history: Floats) -> Floats:
    """Return the least-squares slope of each row over the years that have a value; NaN below three of them.

    Parameters
    ----------
    history : ndarray, shape (n, w)
        Column ``k`` is the value ``k`` years ago, NaN where there is none.

    Returns
    -------
    ndarray, shape (n,)
        Change per year.
    """
    known = ~np.isnan(history)
    count = known.sum(axis=1)
    years = np.where(known, -np.arange(history.shape[1], dtype=float), 0.0)
    values = np.where(known, history, 0.0)
    enough = count >= LEAST_POINTS
    divisor = np.where(enough, count, 1)[:, None]
    years = np.where(known, years - years.sum(axis=1, keepdims=True) / divisor, 0.0)
    slope = (years * values).sum(axis=1) / np.where(enough, (years**2).sum(axis=1), 1.0)
    return np.where(enough, slope, np.nan)


def _frame(of_year: LargestOfYear, names: Names) -> pd.DataFrame:
    countries, products = (pd.array(of, dtype="str") for of in (names.economies, names.products))
    # Sums over the products of a stage may exceed the sum they are a part of, in the last digit.
    rows = {name: np.minimum(of, 1.0) if name.endswith("_share") else of for name, of in of_year.rows.items()}
    in_supply = np.minimum(rows["imports_kusd"] / rows["supply_kusd"], 1.0)
    of_product = of_year.item < len(names.products)
    stage = np.append(names.stage_of, np.arange(len(STAGES)))[of_year.item]
    shares = np.stack([rows["ultimate_share"], rows["direct_share"], rows["all_share"]])
    supply_shares = np.stack(
        [shares[0] * in_supply, *(np.minimum(rows[name], 1.0) for name in ("none_of_supply", "all_of_supply"))]
    )
    return pd.DataFrame(
        {
            "year": np.full(len(stage), of_year.year, dtype=np.int64),
            "country": countries.take(of_year.buyer),
            "stage": pd.array(STAGES, dtype="str").take(stage),
            "product": products.take(np.where(of_product, of_year.item, -1), allow_fill=True),
            "imports_kusd": rows["imports_kusd"],
            "supply_kusd": rows["supply_kusd"],
            "supplier": countries.take(of_year.supplier, allow_fill=True),
            "direct_share": rows["direct_share"],
            "ultimate_share": rows["ultimate_share"],
            "ultimate_low": shares.min(axis=0),
            "ultimate_high": shares.max(axis=0),
            "direct_supply_share": rows["direct_share"] * in_supply,
            "ultimate_supply_share": supply_shares[0],
            "ultimate_supply_low": supply_shares.min(axis=0),
            "ultimate_supply_high": supply_shares.max(axis=0),
            "largest_seller": countries.take(of_year.seller),
            "largest_seller_share": rows["largest_seller_share"],
            "trend": slopes(of_year.history),
        }
    )
