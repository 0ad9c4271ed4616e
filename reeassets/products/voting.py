"""From independent votes to one classification per product: majority by field, support, and what voters disagree on."""

import pandas as pd

from reeassets.products.contract import ELEMENTS, MATERIALITY
from reeassets.settings import STAGES

FIELDS = ("is_ree", "stage", "application", "elements", "materiality")
SUPPORTS = ("full", "majority", "minority", "none")


def cast(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes without the abstentions; who gives no materiality, as a list may, has none."""
    cast_votes = votes.dropna(subset=["is_ree"])
    if "materiality" in votes:
        return cast_votes
    return cast_votes.assign(materiality=pd.Series(pd.NA, index=cast_votes.index, dtype="str"))


def _winner(votes: pd.DataFrame, field: str, order: list[object]) -> pd.DataFrame:
    """Count a field's values per product and keep the most frequent.

    Ties go to the value with the higher mean confidence, then to the earlier one in ``order``, so that the result does
    not depend on the order of voters.
    """
    given = votes.dropna(subset=[field])
    tally = given.groupby(["product", field], as_index=False).agg(
        n=("voter", "size"), mean_confidence=("confidence", "mean")
    )
    tally["rank"] = tally[field].map({value: place for place, value in enumerate(order)})
    tally = tally.sort_values(
        ["product", "n", "mean_confidence", "rank"], ascending=[True, False, False, True], kind="stable"
    )
    return tally.drop_duplicates("product").set_index("product")[[field, "n"]]


def _support(votes: pd.DataFrame, products: pd.Index) -> pd.DataFrame:
    """Count who voted, who voted ``is_ree``, and how sure they were on average that it is."""
    yes = votes["is_ree"].astype("bool")
    counted = votes.assign(yes=yes, sure=votes["confidence"].where(yes, 1.0 - votes["confidence"]))
    table = (
        counted.groupby("product")
        .agg(n_votes=("voter", "size"), ree_votes=("yes", "sum"), ree_confidence=("sure", "mean"))
        .reindex(products)
    )
    table[["n_votes", "ree_votes"]] = table[["n_votes", "ree_votes"]].fillna(0).astype("int64")
    table["support"] = pd.Series("none", index=products, dtype="str")
    table.loc[table["ree_votes"] > 0, "support"] = "minority"
    table.loc[table["ree_votes"] * 2 > table["n_votes"], "support"] = "majority"
    table.loc[(table["ree_votes"] == table["n_votes"]) & (table["n_votes"] > 0), "support"] = "full"
    return table


def _elements(votes: pd.DataFrame) -> pd.Series:
    """Return the elements that more than half of the voters on a product name, in the order of the periodic table."""
    named = votes.assign(element=votes["elements"].str.split()).explode("element").dropna(subset=["element"])
    counts = named.groupby(["product", "element"]).size().rename("n").reset_index()
    # Where nobody names any, there is nothing to map, and its type is not that of numbers.
    voters = counts["product"].map(votes.groupby("product").size()).astype("int64")
    kept = counts[counts["n"] * 2 > voters]
    order = {element: place for place, element in enumerate(ELEMENTS)}
    kept = kept.assign(place=kept["element"].map(order)).sort_values(["product", "place"])
    return kept.groupby("product")["element"].agg(" ".join).astype("str")


def majority(nomenclature: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Aggregate votes by majority, field by field.

    Parameters
    ----------
    nomenclature : DataFrame
        Table ``nomenclature``.
    votes : DataFrame
        Table ``product_votes``; who abstained is not counted.

    Returns
    -------
    DataFrame
        Per product of the nomenclature: ``is_ree``, ``stage``, ``application``, ``elements`` (those that more than half
        of the voters name) and ``rationale``, null where nobody voted; ``n_votes``; ``ree_votes`` (for ``is_ree``);
        ``support`` (``full`` if all votes are for ``is_ree``, ``majority`` if more than half are, ``minority`` if any
        is, ``none``); ``materiality`` (mean over the voters who gave it, each band as :data:`MATERIALITY` counts it,
        null where none did); ``ree_confidence`` (mean over voters of how sure they are that it is: their confidence, or
        one minus it if they voted no); and ``confidence``: the share of voters on the product who voted for the winning
        ``is_ree``, 0 where nobody voted. The rationale is that of the first voter, by name, who voted for the winning
        ``is_ree`` and ``stage``. A tie on ``is_ree`` goes to the more confident side, and then is not rare-earth.
    """
    votes = cast(votes)
    table = nomenclature[["product", "description"]].set_index("product")
    table = table.join(_support(votes, table.index))
    orders: dict[str, list[object]] = {
        "is_ree": [False, True],
        "stage": list(STAGES),
        "application": sorted(votes["application"].dropna().unique()),
    }
    for field, order in orders.items():
        won = _winner(votes, field, order).reindex(table.index)
        table[field] = won[field].astype("boolean" if field == "is_ree" else "str")
        if field == "is_ree":
            table["confidence"] = (won["n"] / table["n_votes"].where(table["n_votes"] > 0)).fillna(0.0)
    table["elements"] = _elements(votes).reindex(table.index)
    counted = votes["materiality"].map(MATERIALITY).astype("float64")
    table["materiality"] = counted.groupby(votes["product"]).mean().reindex(table.index)
    agreeing = votes.merge(table[["is_ree", "stage"]].reset_index(), on="product", suffixes=("", "_won"))
    agreeing = agreeing[
        (agreeing["is_ree"] == agreeing["is_ree_won"])
        & ((agreeing["stage"] == agreeing["stage_won"]) | agreeing["stage_won"].isna())
    ]
    reasons = agreeing.sort_values(["product", "voter"], kind="stable").drop_duplicates("product")
    table["rationale"] = reasons.set_index("product")["rationale"].reindex(table.index)
    return table.reset_index()


def disagreements(votes: pd.DataFrame) -> pd.DataFrame:
    """List what voters disagree on, field by field.

    Parameters
    ----------
    votes : DataFrame
        Table ``product_votes``.

    Returns
    -------
    DataFrame
        Table ``vote_disagreements``: one row per product and field with more than one answer; ``largest_share`` is the
        share of the voters who gave the most frequent one.
    """
    found = []
    for field in FIELDS:
        given = cast(votes)[["product", "voter", field]]
        if field == "elements":
            # No element is an answer, too, where the product is judged in full.
            given = given.assign(elements=given["elements"].fillna("none"))
            given = given[cast(votes)["round"].eq("full")]
        given = given.dropna(subset=[field])
        disputed = given.groupby("product")[field].nunique()
        rows = given[given["product"].isin(disputed.index[disputed > 1])].sort_values(["product", "voter"])
        answer = rows[field].map({True: "yes", False: "no"}) if field == "is_ree" else rows[field]
        rows = rows.assign(answer=rows["voter"] + ": " + answer.astype("str"))
        counts = rows.groupby(["product", field]).size().groupby("product").agg(["max", "sum"])
        answers = rows.groupby("product")["answer"].agg("; ".join)
        found.append(
            pd.DataFrame(
                {
                    "product": answers.index,
                    "field": field,
                    "answers": answers.to_numpy(),
                    "largest_share": (counts["max"] / counts["sum"]).reindex(answers.index).to_numpy(dtype="float64"),
                }
            )
        )
    table = pd.concat(found, ignore_index=True)
    return table.astype({"product": "str", "field": "str", "answers": "str"}).sort_values(
        ["product", "field"], ignore_index=True
    )
