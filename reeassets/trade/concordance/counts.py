"""What the concordance is like: counts per pair of revisions, and where its own labels disagree with its pairs."""

import numpy as np
import pandas as pd

from reeassets.trade.concordance.pairs import RELATIONS, code_list, concordance, published, unreached
from reeassets.trade.nomenclature import REVISIONS


def _code_relations(pairs: pd.DataFrame) -> pd.Series:
    """Return the relation of every ``from_code``: how it stands to all its codes together."""
    merges = pairs["relation"].isin(["n:1", "n:n"]).groupby(pairs["from_code"]).any()
    splits = pairs.groupby("from_code").size() > 1
    return pd.Series(np.array(RELATIONS)[2 * merges.to_numpy() + splits.to_numpy()], index=merges.index, dtype="str")


def relation_counts(revision: str) -> pd.DataFrame:
    """Count how the codes of a revision stand to every other revision, and the codes of those to it.

    Parameters
    ----------
    revision : str
        Name out of :data:`reeassets.trade.nomenclature.REVISIONS`.

    Returns
    -------
    DataFrame
        One row per directed pair of revisions: ``from_revision``, ``to_revision``, ``codes`` of ``from_revision``, of
        which ``1:1``, ``1:n`` (split, every part pure), ``n:1`` (merged whole), ``n:n`` (split, at least one part
        merged) and ``unreached`` (these five add up to ``codes``); ``pairs``; ``changed_in_place`` (codes whose number
        is in both lists though the content is not the same: anything but 1:1 with itself).

    Raises
    ------
    ValueError
        If the name is no revision.
    """
    others = [other for other in REVISIONS if other != revision]
    rows = []
    for start, end in [(revision, other) for other in others] + [(other, revision) for other in others]:
        pairs = concordance(start, end)
        relations = _code_relations(pairs)
        same = pairs.loc[(pairs["relation"] == "1:1") & (pairs["from_code"] == pairs["to_code"]), "from_code"]
        rows.append(
            {
                "from_revision": start,
                "to_revision": end,
                "codes": len(code_list(start)),
                **{relation: int((relations == relation).sum()) for relation in RELATIONS},
                "unreached": len(unreached(start, end)),
                "pairs": len(pairs),
                "changed_in_place": len(code_list(start).intersection(code_list(end)).difference(same)),
            }
        )
    return pd.DataFrame(rows)


def label_disagreements() -> pd.DataFrame:
    """List the published pairs whose label does not say how many pairs their two codes have in that step.

    Returns
    -------
    DataFrame
        ``older``, ``newer`` (revisions), ``older_code``, ``newer_code``, ``label`` (as published, newer:older) and
        ``derived`` (the same, from the pairs), ordered by revision and code.
    """
    rows = published().copy()
    step = ["older", "newer"]
    # Newer:older, so n:1 is one older code with several newer ones.
    splits = rows.groupby([*step, "older_code"])["newer_code"].transform("nunique") > 1
    merges = rows.groupby([*step, "newer_code"])["older_code"].transform("nunique") > 1
    rows["derived"] = np.array(RELATIONS)[2 * splits.to_numpy() + merges.to_numpy()]
    differ = rows[rows["label"] != rows["derived"]].astype({"derived": "str"})
    return differ.sort_values(["older", "older_code", "newer_code"], key=_by_revision, ignore_index=True)


def _by_revision(column: pd.Series) -> pd.Series:
    return column.map(REVISIONS.index) if column.name == "older" else column
