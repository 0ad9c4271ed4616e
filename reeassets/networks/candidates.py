"""Candidate links: votes counted, and candidates that break physics or the stage order refused by rule."""

import pandas as pd

from reeassets.settings import STAGES

# Ores and other minerals as they are mined: chapter 26 without slag, ash and residues, and mineral substances n.e.c.
_MINED = (*(f"26{heading:02d}" for heading in range(1, 18)), "2530")


def link_votes(built: pd.DataFrame, pruned: pd.DataFrame) -> pd.DataFrame:
    """Put what was proposed and how it was judged into one table.

    Parameters
    ----------
    built, pruned : DataFrame
        As :class:`reeassets.networks.contract.LinkProposer` returns them.

    Returns
    -------
    DataFrame
        Table ``link_votes``.
    """
    parts = [
        built.assign(phase="build", vote=True),
        pruned.assign(phase="prune", strength=float("nan")),
    ]
    table = pd.concat([part.astype({"vote": "boolean"}) for part in parts], ignore_index=True)
    return table[["input", "output", "phase", "voter", "vote", "strength", "rationale"]].sort_values(
        ["input", "output", "phase", "voter"], ignore_index=True
    )


def refusals(links: pd.DataFrame, stages: pd.Series) -> pd.Series:
    """Name the rule that each link breaks, null where none.

    Parameters
    ----------
    links : DataFrame
        Columns ``input`` and ``output``.
    stages : Series
        Stage by product.

    Returns
    -------
    Series of str
        No vote overrules these: a product is no input to itself, nothing is an input to a product of an earlier stage,
        and nothing is an input to an ore, which is mined.
    """
    place = {stage: order for order, stage in enumerate(STAGES)}
    refused = pd.Series(pd.NA, index=links.index, dtype="str")
    backwards = links["input"].map(stages).map(place) > links["output"].map(stages).map(place)
    refused[backwards] = "the input is of a later stage than the output"
    refused[links["output"].str[:4].isin(_MINED)] = "the output is an ore, which is mined and not made"
    refused[links["input"] == links["output"]] = "a product is no input to itself"
    return refused


def candidate_links(votes: pd.DataFrame, stages: pd.Series) -> pd.DataFrame:
    """Count the votes on each candidate and apply the rules that no vote can overrule.

    Parameters
    ----------
    votes : DataFrame
        Table ``link_votes``.
    stages : Series
        Stage by product.

    Returns
    -------
    DataFrame
        Table ``candidate_links``. ``carried`` is true if more than half of the voters who judged the candidate alone
        keep it and no rule refuses it; see :func:`refusals`.
    """
    ends = ["input", "output"]
    built, judged = votes[votes["phase"] == "build"], votes[votes["phase"] == "prune"].dropna(subset=["vote"])
    links = built.groupby(ends, as_index=False).agg(strength=("strength", "mean"), ai_proposed=("voter", "nunique"))
    keeps = judged.assign(keep=judged["vote"].astype("bool"))
    counts = keeps.groupby(ends, as_index=False).agg(ai_votes=("keep", "sum"), ai_voters=("voter", "nunique"))
    links = links.merge(counts, on=ends, how="left")
    links[["ai_votes", "ai_voters"]] = links[["ai_votes", "ai_voters"]].fillna(0).astype("int64")
    links["refused"] = refusals(links, stages)
    kept = links["ai_votes"] * 2 > links["ai_voters"]
    links["carried"] = kept & links["refused"].isna()
    links["rationale"] = _reasons(keeps, built, links.assign(keep=kept))
    return links


def _reasons(judged: pd.DataFrame, built: pd.DataFrame, links: pd.DataFrame) -> pd.Series:
    """Return the reason of the first voter who judged as the majority did; of who proposed it if nobody judged it."""
    ends = ["input", "output"]
    agreeing = judged.merge(links[[*ends, "keep"]], on=[*ends, "keep"])
    known = pd.concat([agreeing.sort_values("voter", kind="stable"), built.sort_values("voter", kind="stable")])
    first = known.drop_duplicates(ends).set_index(ends)["rationale"]
    return pd.Series(first.reindex(pd.MultiIndex.from_frame(links[ends])).to_numpy(), index=links.index, dtype="str")
