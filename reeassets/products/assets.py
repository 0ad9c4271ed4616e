"""Assets of the stage ``products``."""

import pandas as pd

from reeassets.platform.recipe import Step, recipe
from reeassets.products import carried, sets, voting
from reeassets.trade.bundled import digests
from reeassets.trade.nomenclature import nomenclature, nomenclature_file
from reeassets.trade.sources import no_files, said_of_source

_CHOICE = ("product_set", "classifier")
_SQL = frozenset({"duckdb", "parquet"})


@recipe(
    uses=_CHOICE,
    plugins=("product_sets", "classifiers"),
    outside=lambda settings, _: digests(
        [*sets.classifier(settings).files(), nomenclature_file(sets.product_set(settings).nomenclature)]
    ),
)
def product_votes(step: Step) -> pd.DataFrame:
    """Collect the votes of the classifier on the revision that the set is written in."""
    chosen = sets.classifier(step.settings)
    step.metadata |= {"classifier": chosen.name, "description": chosen.description}
    return chosen.votes(nomenclature(sets.product_set(step.settings).nomenclature))


@recipe(inputs=("product_votes",), uses=_CHOICE, plugins=("product_sets",))
def classified_products(step: Step) -> pd.DataFrame:
    """Aggregate the votes by majority and mark the products of the set."""
    chosen = sets.product_set(step.settings)
    majority = voting.majority(nomenclature(chosen.nomenclature), step.read("product_votes"))
    classified = sets.classified_products(majority, chosen)
    members = sets.members(classified)
    step.metadata |= {
        "nomenclature_of_the_set": chosen.nomenclature,
        "products_in_set": len(members),
        **members["stage"].value_counts().to_dict(),
    }
    return classified


@recipe(
    inputs=("classified_products",),
    uses=("product_set", "source", "concordance_rule", "concordance_least_share"),
    plugins=("product_sets", "sources"),
    outside=said_of_source,
    lineage=no_files,
)
def product_concordance(step: Step) -> pd.DataFrame:
    """Carry the set to the revision that the trade data are written in."""
    products = sets.members(step.read("classified_products"))["product"].tolist()
    table = carried.product_concordance(
        products,
        sets.product_set(step.settings).nomenclature,
        step.source.nomenclature,
        rule=step.settings.concordance_rule,
        least_share=step.settings.concordance_least_share,
    )
    step.metadata |= {
        "codes": int(table["product"].notna().sum()),
        "exact": int(table["exact"].sum()),
        "not_carried": table.loc[table["reason"].notna(), "set_product"].tolist(),
    }
    return table


@recipe(inputs=("raw_trade", "economies", "product_concordance"), kinds=_SQL)
def trade_flows(step: Step) -> pd.DataFrame:
    """Cut the set's products out of a year's raw trade."""
    with step.duckdb() as connection:
        return carried.trade_flows(
            connection, step.file("raw_trade"), step.file("economies"), step.file("product_concordance")
        )


@recipe(inputs=("product_totals", "product_concordance"))
def concordance_value(step: Step) -> pd.DataFrame:
    """Say how much of a year's trade in the set rests on exact codes, on sums and on shares."""
    table = carried.concordance_value(step.read("product_concordance"), step.read("product_totals"))
    step.metadata |= {name: float(table[name].sum()) for name in ("exact_share", "summed_share", "split_share")}
    return table


RECIPES = [product_votes, classified_products, product_concordance, trade_flows, concordance_value]
