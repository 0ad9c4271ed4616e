"""Candidate links: votes counted, and candidates that break the stage order refused by rule."""

import pandas as pd

from reeassets.settings import STAGES


def candidate_links(votes: pd.DataFrame, stages: pd.Series) -> pd.DataFrame:
    """Count the votes on each candidate and apply the rules that no vote can overrule.

    Parameters
    ----------
    votes : DataFrame
        As :meth:`reeassets.networks.contract.LinkProposer.votes` returns them.
    stages : Series
        Stage by product.

    Returns
    -------
    DataFrame
        Table ``candidate_links``. ``carried`` is true if more than half of the voters keep the candidate and no rule
        refuses it; ``refused`` names the rule: a product is no input to itself, and nothing is an input to a product
        of an earlier stage.
    """
    grouped = votes.sort_values(["input", "output", "voter"], kind="stable").groupby(
        ["input", "output"], as_index=False
    )
    links = grouped.agg(
        strength=("strength", "mean"),
        ai_votes=("vote", "sum"),
        ai_voters=("voter", "nunique"),
        rationale=("rationale", "first"),
    )
    place = {stage: order for order, stage in enumerate(STAGES)}
    backwards = links["input"].map(stages).map(place) > links["output"].map(stages).map(place)
    links["refused"] = pd.Series(pd.NA, index=links.index, dtype="str")
    links.loc[backwards, "refused"] = "the input is of a later stage than the output"
    links.loc[links["input"] == links["output"], "refused"] = "a product is no input to itself"
    links["carried"] = (links["ai_votes"] * 2 > links["ai_voters"]) & links["refused"].isna()
    return links
