"""Product set ``ree168``: the reference set of 168 codes, chosen from the votes by a fixed rule."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.products.contract import CLASSIFIED_REVISION
from reeassets.products.voting import SUPPORTS, majority
from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import nomenclature

SIZE = 168
# Final goods that differ little share a heading; without a bound a few headings would fill the set.
FINAL_PER_HEADING = 3


def ranked(classified: pd.DataFrame) -> pd.DataFrame:
    """Rank the products that anybody holds to be rare-earth (docs/METHOD.md, section 2).

    First every upstream and input code with all votes; then the final codes with all votes, by mean materiality, then
    mean confidence that it is (``ree_confidence``), then code, at most three of a heading. Only these can be in the
    set; behind them stand the other final codes with all votes, those with a majority, and those with a minority.

    Parameters
    ----------
    classified : DataFrame
        From :func:`reeassets.products.voting.majority`.

    Returns
    -------
    DataFrame
        The rows with at least one vote for ``is_ree``, best first, with ``rank`` from 1 and ``eligible``.
    """
    able = classified[classified["ree_votes"] > 0]
    final = able["stage"] == "final"
    order = able.assign(
        place=able["support"].map({support: place for place, support in enumerate(SUPPORTS)}),
        final=final,
        # Means of the same votes in another order differ in the last bits, and must not decide.
        material=-able["materiality"].where(final).round(9),
        sure=-able["ree_confidence"].round(9),
    ).sort_values(["place", "final", "material", "sure", "product"], kind="stable")
    alike = order.groupby(["place", "final", order["product"].str[:4]]).cumcount()
    beyond = order["final"] & (alike >= FINAL_PER_HEADING)
    order["eligible"] = (order["support"] == SUPPORTS[0]) & ~beyond
    order = order.assign(beyond=beyond).sort_values(["place", "beyond"], kind="stable", ignore_index=True)
    return order.drop(columns=["place", "final", "material", "sure", "beyond"]).assign(rank=order.index + 1)


def chosen(ranking: pd.DataFrame, size: int = SIZE) -> pd.DataFrame:
    """Return the rows of a ranking that are in the set: the first ``size`` of those that can be."""
    return ranking[ranking["eligible"]].head(size)


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

    def other_goods(self) -> Path:
        """Return the recorded list."""
        return bundled_file("products/other_goods.csv")

    def classify(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Classify every code by the votes and mark the first of the ranking."""
        classified = majority(nomenclature(self.nomenclature), votes)
        products = chosen(ranked(classified), self.size)["product"]
        return classified.assign(in_set=classified["product"].isin(products))


REE168 = VotedProducts(
    name="ree168",
    version="2",
    nomenclature=CLASSIFIED_REVISION,
    link_proposer="recorded",
    description=(
        "168 rare-earth related codes of HS 2007: every upstream and input code that all voters vote for, then final "
        "codes with all votes by mean materiality, mean confidence and code, at most three of a heading."
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
    table = chosen(ranked(majority(nomenclature(REE168.nomenclature), votes)))
    return table.drop(columns=["is_ree", "confidence", "eligible"])


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
