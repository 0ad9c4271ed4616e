"""Product sets and classifiers: which ones the settings name, and who is in a set."""

import pandas as pd

from reeassets import plugins
from reeassets.products.contract import Classifier, ProductSet
from reeassets.settings import Settings


def product_set(settings: Settings) -> ProductSet:
    """Return the configured product set; raises PluginError if there is none of that name."""
    return plugins.get("product_sets", settings.product_set, ProductSet)


def classifiers(settings: Settings) -> list[Classifier]:
    """Return the configured classifiers, whose voters vote together; raises PluginError if one is not there."""
    return [plugins.get("classifiers", name, Classifier) for name in settings.classifiers]


def classified_products(votes: pd.DataFrame, chosen: ProductSet) -> pd.DataFrame:
    """Classify the products of a set's revision and mark those of the set.

    Parameters
    ----------
    votes : DataFrame
        Table ``product_votes``.
    chosen : ProductSet
        The set.

    Returns
    -------
    DataFrame
        Table ``classified_products``.

    Raises
    ------
    ValueError
        If the set selects a product that nobody gave a stage: it could not be placed in any tier.
    """
    classified = chosen.classify(votes)
    unstaged = classified.loc[classified["in_set"] & classified["stage"].isna(), "product"]
    if len(unstaged):
        raise ValueError(f"product set {chosen.name!r}: no stage was voted for {', '.join(unstaged)}")
    return classified


def members(classified: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the set's products, by code."""
    return classified[classified["in_set"]].sort_values("product", ignore_index=True)


def stages(classified: pd.DataFrame) -> pd.Series:
    """Return the stage of the set's products, indexed by code."""
    return members(classified).set_index("product")["stage"]


def materiality(classified: pd.DataFrame) -> pd.Series:
    """Return the materiality of the set's products, indexed by code; null where nobody was asked."""
    return members(classified).set_index("product")["materiality"]
