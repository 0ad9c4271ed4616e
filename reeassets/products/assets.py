"""Assets of the stage ``products``."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from reeassets.platform.recipe import Step, recipe
from reeassets.products import agreement, carried, evidence, keywords, other_goods, ree168, sets, voting
from reeassets.products.contract import CLASSIFIED_REVISION
from reeassets.settings import Settings
from reeassets.tables import Partition
from reeassets.trade.bundled import digests
from reeassets.trade.nomenclature import nomenclature, nomenclature_file
from reeassets.trade.sources import no_files, said_of_source

_SQL = frozenset({"duckdb", "parquet"})


def _classified_codes(*_: Any) -> dict[str, str]:
    return digests([nomenclature_file(CLASSIFIED_REVISION)])


def _votes_files(settings: Settings, _: Partition) -> dict[str, str]:
    files = [path for chosen in sets.classifiers(settings) for path in chosen.files()]
    return digests([*files, nomenclature_file(CLASSIFIED_REVISION)])


def _votes_identity(settings: Settings, partition: Partition) -> dict[str, str]:
    asked = {
        f"settings of {one.name}": settings.fingerprint(*one.uses) for one in sets.classifiers(settings) if one.uses
    }
    return _votes_files(settings, partition) | asked


def _set_files(settings: Settings, _: Partition) -> dict[str, str]:
    chosen = sets.product_set(settings)
    return digests([*chosen.files(), nomenclature_file(chosen.nomenclature)])


@recipe(
    uses=("classifiers", "check_abstentions"), plugins=("classifiers",), outside=_votes_identity, lineage=_votes_files
)
def product_votes(step: Step) -> pd.DataFrame:
    """Collect the votes of all voters on every code of the classified revision."""
    codes = nomenclature(CLASSIFIED_REVISION)
    chosen = sets.classifiers(step.settings)
    votes = pd.concat([one.votes(codes, step.settings) for one in chosen], ignore_index=True)
    step.metadata |= {
        "classifiers": {one.name: one.description for one in chosen},
        "voters": sorted(votes["voter"].unique()),
        "codes": len(codes),
        "abstentions": int(votes["abstention"].notna().sum()),
    }
    return votes


@recipe(inputs=("product_votes",), outside=_classified_codes)
def reference_set(step: Step) -> pd.DataFrame:
    """Choose the 168 products of the reference set by its rule."""
    reference = ree168.reference_set(step.read("product_votes"))
    step.metadata |= {
        "rule": ree168.REE168.description,
        "products": len(reference),
        "support": reference["support"].value_counts().to_dict(),
        "stage": reference["stage"].value_counts().to_dict(),
        "application": reference["application"].value_counts().to_dict(),
    }
    return reference


@recipe(inputs=("reference_set",))
def reference_summary(step: Step) -> pd.DataFrame:
    """Count the reference set by stage, application and support."""
    return ree168.reference_summary(step.read("reference_set"))


@recipe(inputs=("product_votes", "reference_set"))
def vote_agreement(step: Step) -> pd.DataFrame:
    """Compute Fleiss' kappa by field."""
    table = agreement.vote_agreement(step.read("product_votes"), step.read("reference_set")["product"].tolist())
    known = table.dropna(subset=["fleiss_kappa"])
    step.metadata["fleiss_kappa"] = {
        f"{row.field}, {row.scope}": round(row.fleiss_kappa, 4) for row in known.itertuples(index=False)
    }
    return table


@recipe(inputs=("product_votes",))
def vote_disagreements(step: Step) -> pd.DataFrame:
    """List what voters disagree on."""
    table = voting.disagreements(step.read("product_votes"))
    step.metadata["products_by_field"] = table["field"].value_counts().to_dict()
    return table


@recipe(inputs=("product_votes",), outside=_classified_codes)
def keyword_baseline(step: Step) -> pd.DataFrame:
    """Compute the keyword baseline and compare it with the majority."""
    codes = nomenclature(CLASSIFIED_REVISION)
    table = keywords.keyword_baseline(codes)
    step.metadata |= keywords.compared(table, voting.majority(codes, step.read("product_votes")))
    return table


@recipe(inputs=("product_votes",), outside=lambda *_: digests(evidence.files()) | _classified_codes())
def code_list_evidence(step: Step) -> pd.DataFrame:
    """Compare published code lists with the reference set, code by code."""
    classified = voting.majority(nomenclature(CLASSIFIED_REVISION), step.read("product_votes"))
    table = evidence.code_list_evidence(classified, ree168.ranked(classified))
    listed = table[table["rare_earth_list"]]
    left_out = listed[~listed["in_reference_set"]].drop_duplicates("product")
    step.metadata |= {
        "rare_earth_codes_listed": int(listed["product"].nunique()),
        "left_out": dict(zip(left_out["product"], left_out["reason"], strict=True)),
    }
    return table


@recipe(inputs=("product_votes",), uses=("product_set",), plugins=("product_sets",), outside=_set_files)
def classified_products(step: Step) -> pd.DataFrame:
    """Classify the codes of the analysed set's revision and mark the products of the set."""
    chosen = sets.product_set(step.settings)
    classified = sets.classified_products(step.read("product_votes"), chosen)
    members = sets.members(classified)
    step.metadata |= {
        "product_set": f"{chosen.name}, version {chosen.version}",
        "nomenclature_of_the_set": chosen.nomenclature,
        "products_in_set": len(members),
        **members["stage"].value_counts().to_dict(),
    }
    return classified


@recipe(
    inputs=("classified_products",),
    uses=("product_set", "source", "concordance_rule", "concordance_least_share", "check_not_carried"),
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


def _other_goods_file(settings: Settings) -> Path | None:
    return sets.product_set(settings).other_goods() if settings.other_goods == "recorded" else None


def _other_goods_digests(settings: Settings, _: Partition) -> dict[str, str]:
    path = _other_goods_file(settings)
    return digests([path]) if path else {}


_SET_INPUTS = ("raw_trade", "economies", "product_concordance")
_SET_USES = ("product_set", "other_goods")
_set_recipe = partial(
    recipe,
    inputs=_SET_INPUTS,
    uses=_SET_USES,
    plugins=("product_sets",),
    outside=_other_goods_digests,
    kinds=_SQL,
)


def _of_set(step: Step, cut: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    assert step.year is not None
    path = _other_goods_file(step.settings)
    others = other_goods.of_year(other_goods.read_other_goods(path) if path else None, step.year)
    files = (step.file(name) for name in _SET_INPUTS)
    with step.duckdb() as connection:
        return cut(connection, *files, others)


@_set_recipe()
def excluded_flows(step: Step) -> pd.DataFrame:
    """List what is left out of a year's flows because it is another good."""
    table = _of_set(step, carried.excluded_flows)
    value = table.groupby(["product", "exporter", "good"])["value_kusd"].sum()
    step.metadata |= {
        "left_out": {", ".join(key): float(of) for key, of in value.items()}
        or ("nothing" if step.settings.other_goods == "recorded" else "nothing: the setting other_goods is none"),
        "value_kusd": float(value.sum()),
    }
    return table


# What is left out is made first: a check weighs both against raw trade.
@_set_recipe(inputs=(*_SET_INPUTS, "excluded_flows"), uses=(*_SET_USES, "check_left_out"))
def trade_flows(step: Step) -> pd.DataFrame:
    """Cut the set's products out of a year's raw trade, without what is known to be another good."""
    return _of_set(step, carried.trade_flows)


@recipe(inputs=("trade_flows",))
def unit_values(step: Step) -> pd.DataFrame:
    """Sum a year's world trade by product, and say what a kilogram costs."""
    table = carried.unit_values(step.read("trade_flows", ["year", "product", "value_kusd", "quantity_t"]))
    value = table[["value_kusd", "value_with_quantity_kusd"]].sum()
    step.metadata["share_of_value_with_quantity"] = (
        float(value["value_with_quantity_kusd"] / value["value_kusd"]) if value["value_kusd"] else 0.0
    )
    return table


@recipe(inputs=("product_totals", "product_concordance"))
def concordance_value(step: Step) -> pd.DataFrame:
    """Say how much of a year's trade in the set rests on exact codes, on sums and on shares of codes."""
    table = carried.concordance_value(step.read("product_concordance"), step.read("product_totals"))
    step.metadata |= {name: float(table[name].sum()) for name in ("exact_share", "summed_share", "split_share")}
    return table


RECIPES = [
    product_votes,
    reference_set,
    reference_summary,
    vote_agreement,
    vote_disagreements,
    keyword_baseline,
    code_list_evidence,
    classified_products,
    product_concordance,
    excluded_flows,
    trade_flows,
    unit_values,
    concordance_value,
]
