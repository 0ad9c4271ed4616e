"""Product set ``ree168``: the reference set of 168 codes, chosen from the votes by a fixed rule."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.products.contract import CLASSIFIED_REVISION
from reeassets.products.voting import SUPPORTS, majority
from reeassets.trade.nomenclature import nomenclature

SIZE = 168


def ranked(classified: pd.DataFrame) -> pd.DataFrame:
    """Rank the products that anybody holds to be rare-earth.

    All votes come first, then a majority, then a minority; within these the higher mean confidence that it is
    (``ree_confidence``), and then the lower code.

    Parameters
    ----------
    classified : DataFrame
        From :func:`reeassets.products.voting.majority`.

    Returns
    -------
    DataFrame
        The rows with at least one vote for ``is_ree``, best first, with ``rank`` from 1.
    """
    able = classified[classified["ree_votes"] > 0]
    order = able.assign(
        place=able["support"].map({support: place for place, support in enumerate(SUPPORTS)}),
        # Means of the same votes in another order differ in the last bits, and must not decide.
        sure=-able["ree_confidence"].round(9),
    ).sort_values(["place", "sure", "product"], kind="stable", ignore_index=True)
    return order.drop(columns=["place", "sure"]).assign(rank=order.index + 1)


@dataclass(frozen=True)
class VotedProducts:
    """The first ``size`` products of the ranking; see :class:`reeassets.products.contract.ProductSet`."""

    name: str
    version: str
    nomenclature: str
    link_proposer: str
    description: str
    size: int

    def files(self) -> list[Path]:
        """Return nothing: the votes are all it is made from."""
        return []

    def classify(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Classify every code by the votes and mark the first of the ranking."""
        classified = majority(nomenclature(self.nomenclature), votes)
        chosen = ranked(classified)["product"].head(self.size)
        return classified.assign(in_set=classified["product"].isin(chosen))


REE168 = VotedProducts(
    name="ree168",
    version="1",
    nomenclature=CLASSIFIED_REVISION,
    link_proposer="recorded",
    description=(
        "The 168 rare-earth related codes of HS 2007 with the most votes: all voters first, then a majority, then a "
        "minority; within these by mean confidence, ties by code."
    ),
    size=SIZE,
)


def reference_set(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the reference set in the order of its rule, whichever set is analysed.

    Parameters
    ----------
    votes : DataFrame
        Table ``product_votes``.

    Returns
    -------
    DataFrame
        Table ``reference_set``.
    """
    chosen = ranked(majority(nomenclature(REE168.nomenclature), votes)).head(REE168.size)
    return chosen.drop(columns=["is_ree", "confidence"])


def reference_summary(reference: pd.DataFrame) -> pd.DataFrame:
    """Count the reference set by stage and by application, and how many of each had which support.

    Parameters
    ----------
    reference : DataFrame
        Table ``reference_set``.

    Returns
    -------
    DataFrame
        Table ``reference_summary``.
    """
    parts = []
    for grouping, values in (
        ("all", pd.Series("all", index=reference.index)),
        ("stage", reference["stage"]),
        ("application", reference["application"]),
    ):
        counts = pd.crosstab(values.rename("value"), reference["support"]).reindex(
            columns=[*SUPPORTS[:3]], fill_value=0
        )
        parts.append(counts.assign(products=counts.sum(axis=1), grouping=grouping).reset_index())
    table = pd.concat(parts, ignore_index=True)
    return table[["grouping", "value", "products", *SUPPORTS[:3]]].astype({"grouping": "str", "value": "str"})
