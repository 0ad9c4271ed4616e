"""The product the report looks at closely: which one, who supplies it, and who imports it.

Pure functions from tables to frames; nothing here draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

# Permanent magnets of metal: the rare-earth good that most downstream industries depend on.
SHOWCASE = "850511"
STAGE = "input"
LINES = 6


@dataclass(frozen=True)
class Showcase:
    """The chosen product.

    Attributes
    ----------
    product : str
        Its code.
    reason : str
        Why it stands in for :data:`SHOWCASE`; empty if it is that product.
    """

    product: str
    reason: str


def choose(products: pd.DataFrame, indicators: pd.DataFrame) -> Showcase | None:
    """Choose :data:`SHOWCASE` if it is in the set, else the input product with the most imports in all years.

    Parameters
    ----------
    products : DataFrame of (product, stage)
        The members of the set.
    indicators : DataFrame of (product, imports_kusd)
        Table ``product_indicators``.

    Returns
    -------
    Showcase or None
        None if the set has no input product that is traded.
    """
    if (products["product"] == SHOWCASE).any():
        return Showcase(SHOWCASE, "")
    of_stage = products.loc[products["stage"] == STAGE, "product"]
    traded = indicators[indicators["product"].isin(of_stage)]
    if traded.empty:
        return None
    # groupby sorts by code, and idxmax takes the first of equals.
    largest = str(traded.groupby("product")["imports_kusd"].sum().idxmax())
    return Showcase(largest, f"{SHOWCASE} is not in the product set; {largest} is its most traded {STAGE} product.")


def supplier_influence(indicators: pd.DataFrame, product: str, count: int = LINES) -> tuple[pd.DataFrame, pd.Series]:
    """Return the influence of a product's top suppliers by year, and the largest of any other.

    Suppliers are ranked by their mean over the years, absent years counting as 0. Years in which nobody has influence
    are left out.

    Parameters
    ----------
    indicators : DataFrame of (year, country, product, influence)
        Table ``product_indicators``.
    product : str
        Which product.
    count : int
        How many suppliers.

    Returns
    -------
    influence : DataFrame, indexed by year, one column per supplier, the largest first
    others : Series, indexed by year
    """
    wide = _by_year(indicators, product, "influence").fillna(0.0)
    wide = wide[wide.sum(axis=1) > 0]
    top = _largest(wide.mean(), count)
    return wide[top], wide.drop(columns=top).max(axis=1).fillna(0.0)


def importer_risks(indicators: pd.DataFrame, product: str, count: int = LINES) -> tuple[pd.DataFrame, pd.Series]:
    """Return the systemic trade risk of a product's largest importers by year, and the world's import-weighted mean.

    Importers are ranked by their imports over all years.

    Parameters
    ----------
    indicators : DataFrame of (year, country, product, imports_kusd, systemic_trade_risk)
        Table ``product_indicators``.
    product : str
        Which product.
    count : int
        How many importers.

    Returns
    -------
    risks : DataFrame, indexed by year, one column per importer, the largest first
    world : Series, indexed by year
    """
    rows = indicators[(indicators["product"] == product) & (indicators["imports_kusd"] > 0)]
    top = _largest(rows.groupby("country")["imports_kusd"].sum(), count)
    risks = _by_year(rows, product, "systemic_trade_risk")[top]
    weighted = (rows["imports_kusd"] * rows["systemic_trade_risk"]).groupby(rows["year"]).sum()
    return risks, weighted / rows.groupby("year")["imports_kusd"].sum()


def sentence(influence: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return who has the largest influence in the last year, and what it was in the first; empty without years.

    Parameters
    ----------
    influence : DataFrame
        From :func:`supplier_influence`.
    names : mapping of str to str
        Names by country code.
    """
    if influence.empty:
        return ""
    first, last = influence.index[0], influence.index[-1]
    leader = str(influence.loc[last].idxmax())
    began = f" ({influence.loc[first, leader]:.0%} in {first})" if first != last else ""
    return (
        f"If {names.get(leader, leader)} alone delivered nothing, {influence.loc[last, leader]:.0%} of world imports "
        f"would be lost in {last}{began}."
    )


def _by_year(indicators: pd.DataFrame, product: str, column: str) -> pd.DataFrame:
    rows = indicators[indicators["product"] == product]
    return rows.pivot(index="year", columns="country", values=column).sort_index()


def _largest(values: pd.Series, count: int) -> list[str]:
    """Return the labels of the largest values above 0, equal ones by name."""
    ordered = values[values > 0].sort_index().sort_values(ascending=False, kind="stable")
    return [str(name) for name in ordered.index[:count]]
