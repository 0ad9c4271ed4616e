"""From independent votes to one classification per product: majority by field."""

import pandas as pd

from reeassets.settings import STAGES


def _winner(votes: pd.DataFrame, field: str, order: list[object]) -> pd.DataFrame:
    """Count a field's values per product and keep the most frequent.

    Ties go to the value with the higher mean confidence, then to the earlier one in ``order``, so that the result does
    not depend on the order of voters.
    """
    cast = votes.dropna(subset=[field])
    tally = cast.groupby(["product", field], as_index=False).agg(
        n=("voter", "size"), mean_confidence=("confidence", "mean")
    )
    tally["rank"] = tally[field].map({value: place for place, value in enumerate(order)})
    tally = tally.sort_values(
        ["product", "n", "mean_confidence", "rank"], ascending=[True, False, False, True], kind="stable"
    )
    return tally.drop_duplicates("product").set_index("product")[[field, "n"]]


def majority(nomenclature: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Aggregate votes by majority, field by field.

    Parameters
    ----------
    nomenclature : DataFrame
        Table ``nomenclature``.
    votes : DataFrame
        Table ``product_votes``.

    Returns
    -------
    DataFrame
        Per product of the nomenclature: ``is_ree``, ``stage``, ``application``, ``elements`` and ``rationale`` (null
        where nobody voted), ``n_votes``, and ``confidence``: the share of voters on the product who voted for the
        winning ``is_ree``, 0 where nobody voted. The rationale is that of the first voter, by name, who voted for the
        winning ``is_ree`` and ``stage``. A tie on ``is_ree`` is not rare-earth.
    """
    table = nomenclature[["product", "description"]].set_index("product")
    table["n_votes"] = votes.groupby("product").size().reindex(table.index, fill_value=0)
    orders: dict[str, list[object]] = {
        "is_ree": [False, True],
        "stage": list(STAGES),
        "application": sorted(votes["application"].dropna().unique()),
        "elements": sorted(votes["elements"].dropna().unique()),
    }
    for field, order in orders.items():
        won = _winner(votes, field, order).reindex(table.index)
        table[field] = won[field].astype("boolean" if field == "is_ree" else "str")
        if field == "is_ree":
            table["confidence"] = (won["n"] / table["n_votes"].where(table["n_votes"] > 0)).fillna(0.0)
    agreeing = votes.merge(table[["is_ree", "stage"]].reset_index(), on="product", suffixes=("", "_won"))
    agreeing = agreeing[
        (agreeing["is_ree"] == agreeing["is_ree_won"])
        & ((agreeing["stage"] == agreeing["stage_won"]) | agreeing["stage_won"].isna())
    ]
    reasons = agreeing.sort_values(["product", "voter"], kind="stable").drop_duplicates("product")
    table["rationale"] = reasons.set_index("product")["rationale"].reindex(table.index)
    return table.reset_index()
