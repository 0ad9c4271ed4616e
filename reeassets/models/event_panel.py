"""What an event study looks at: importers' outcomes by year, and how much they bought from the restricting country."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reeassets.models.measures import EVERYBODY

# Relative years that are looked at, the one that all others are compared with, and those the share is measured over.
WINDOW = range(-5, 6)
REFERENCE = -1
EXPOSURE_YEARS = range(-3, 0)

OUTCOMES = ("log_imports", "log_unit_value", "rsca", "import_share")


@dataclass(frozen=True)
class Measure:
    """One dated measure, over all products it is about.

    Attributes
    ----------
    name : str
    country : str
        The restricting country.
    target : str
        The country it is against, or ``all``.
    year : int
        Calendar year of its first month: relative year 0.
    products : tuple of str
    """

    name: str
    country: str
    target: str
    year: int
    products: tuple[str, ...]


def measures_of(trade_measures: pd.DataFrame) -> list[Measure]:
    """Return the measures of the table ``trade_measures``, by name."""
    return [
        Measure(
            name=str(name),
            country=str(rows["restricting_country"].iloc[0]),
            target=str(rows["target"].iloc[0]),
            year=int(rows["first_month"].iloc[0][:4]),
            products=tuple(sorted(rows["product"])),
        )
        for name, rows in trade_measures.groupby("measure", sort=True)
    ]


def importer_outcomes(flows: pd.DataFrame, indicators: pd.DataFrame, supplier: str) -> pd.DataFrame:
    """Return the outcomes of every importer but the restricting country itself.

    Parameters
    ----------
    flows : DataFrame of (year, exporter, importer, product, value_kusd, quantity_t)
        Rows of ``trade_flows``.
    indicators : DataFrame of (year, country, product, rsca)
        Rows of ``product_indicators``.
    supplier : str
        The restricting country.

    Returns
    -------
    DataFrame
        ``country``, ``product``, ``year`` and the columns :data:`OUTCOMES`: ``log_imports`` (log thousand US$),
        ``log_unit_value`` (log US$ per kilogram over the flows whose quantity is known), ``rsca`` of the importer's
        own exports, and ``import_share``, the share of its imports that came from the supplier. The three of imports
        are null in a year without any, the unit value also where no quantity is known.
    """
    import numpy as np

    bought = flows[(flows["importer"] != supplier) & (flows["value_kusd"] > 0)]
    known = bought["quantity_t"] > 0
    made = bought.assign(
        from_supplier=bought["value_kusd"].where(bought["exporter"] == supplier, 0.0),
        weighed_kusd=bought["value_kusd"].where(known, 0.0),
        weighed_t=bought["quantity_t"].where(known, 0.0),
    )
    key = ["country", "product", "year"]
    amounts = ["value_kusd", "from_supplier", "weighed_kusd", "weighed_t"]
    sums = made.rename(columns={"importer": "country"}).groupby(key, as_index=False)[amounts].sum()
    # Thousand US$ per tonne are US$ per kilogram.
    unit_value = sums["weighed_kusd"] / sums["weighed_t"].where(sums["weighed_t"] > 0)
    imports = sums.assign(
        log_imports=np.log(sums["value_kusd"]),
        log_unit_value=np.log(unit_value),
        import_share=sums["from_supplier"] / sums["value_kusd"],
    ).drop(columns=amounts)
    own = indicators.loc[indicators["country"] != supplier, [*key, "rsca"]]
    both = imports.merge(own, on=key, how="outer")
    return both[[*key, *OUTCOMES]].sort_values(key, ignore_index=True)


def exposure(outcomes: pd.DataFrame, measure: Measure) -> pd.Series:
    """Return how much each importer bought from the restricting country before a measure.

    Returns
    -------
    Series, indexed by (country, product)
        Mean of ``import_share`` over those of the three years before in which it imported; 0 for all but the target
        of a measure against one country. Who imported in none of them is not in it.
    """
    relative = outcomes["year"] - measure.year
    before = outcomes[relative.isin(list(EXPOSURE_YEARS)) & outcomes["product"].isin(measure.products)]
    share = before.groupby(["country", "product"])["import_share"].mean().dropna()
    if measure.target != EVERYBODY:
        share = share.where(share.index.get_level_values("country") == measure.target, 0.0)
    return share.rename("exposure")


def event_rows(outcomes: pd.DataFrame, measure: Measure, products: Sequence[str], outcome: str) -> pd.DataFrame:
    """Return the rows of one regression, sorted by (country, product, year).

    Parameters
    ----------
    outcomes : DataFrame
        From :func:`importer_outcomes`.
    measure : Measure
    products : sequence of str
        Those of its products that are looked at.
    outcome : str
        One of :data:`OUTCOMES`.

    Returns
    -------
    DataFrame
        ``country``, ``product``, ``year``, ``relative_year``, ``exposure`` and ``outcome``, all known. A pair of a
        country and a product that is left with a single year says nothing beside its own effect, and is left out.
    """
    relative = outcomes["year"] - measure.year
    kept = outcomes[relative.isin(list(WINDOW)) & outcomes["product"].isin(list(products)) & outcomes[outcome].notna()]
    rows = kept.merge(exposure(outcomes, measure).reset_index(), on=["country", "product"])
    rows = rows.assign(relative_year=rows["year"] - measure.year, outcome=rows[outcome])
    rows = rows[rows.groupby(["country", "product"])["year"].transform("size") > 1]
    columns = ["country", "product", "year", "relative_year", "exposure", "outcome"]
    return rows[columns].sort_values(columns[:3], ignore_index=True)
