"""Assets of the stage ``products``."""

import pandas as pd

from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets, voting
from reeassets.trade.bundled import digests
from reeassets.trade.totals import bilateral_flows

_CHOICE = ("product_set", "classifier")


@recipe(
    inputs=("nomenclature",),
    uses=_CHOICE,
    plugins=("product_sets", "classifiers"),
    outside=lambda settings, _: digests(sets.classifier(settings).files()),
)
def product_votes(step: Step) -> pd.DataFrame:
    """Collect the votes of the classifier."""
    chosen = sets.classifier(step.settings)
    step.metadata |= {"classifier": chosen.name, "description": chosen.description}
    return chosen.votes(step.read("nomenclature"))


@recipe(inputs=("nomenclature", "product_votes"), uses=(*_CHOICE, "source", "data"), plugins=("product_sets",))
def classified_products(step: Step) -> pd.DataFrame:
    """Aggregate the votes by majority and mark the products of the set."""
    chosen = sets.product_set(step.settings)
    sets.require_nomenclature(chosen, step.source.nomenclature)
    classified = sets.classified_products(
        voting.majority(step.read("nomenclature"), step.read("product_votes")), chosen
    )
    members = sets.members(classified)
    step.metadata |= {"products_in_set": len(members), **members["stage"].value_counts().to_dict()}
    return classified


@recipe(inputs=("raw_trade", "countries", "classified_products"), kinds=frozenset({"duckdb", "parquet"}))
def trade_flows(step: Step) -> pd.DataFrame:
    """Cut the set's products out of a year's raw trade."""
    products = sets.members(step.read("classified_products"))["product"].tolist()
    with step.duckdb() as connection:
        return bilateral_flows(connection, step.file("raw_trade"), step.file("countries"), products)


RECIPES = [product_votes, classified_products, trade_flows]
