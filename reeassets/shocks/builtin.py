"""The built-in scenarios: who cuts is looked up in the year's trade, so they mean the same on any data."""

from dataclasses import dataclass

import pandas as pd

from reeassets.settings import STAGES

LARGEST = 5


@dataclass(frozen=True)
class BuiltIn:
    """A rule that becomes a scenario on the data of a year.

    Attributes
    ----------
    name, title : str
        As in :class:`reeassets.shocks.scenario.Scenario`.
    stage : str
        Stage of the products that are cut.
    cut : float
        Share of these exports that stops, in [0, 1].
    rank : int
        Which supplier: 1 is the one that exports most of these products by value in the year.
    application : str or None
        Only products of this main application.
    """

    name: str
    title: str
    stage: str
    cut: float
    rank: int = 1
    application: str | None = None

    @property
    def year(self) -> None:
        """The year: that of the settings."""
        return

    @property
    def substitution(self) -> None:
        """Growth of the other suppliers: that of the settings."""
        return

    @property
    def duration(self) -> float:
        """Years they have had to grow."""
        return 1.0

    @property
    def place(self) -> str:
        """Where it is defined."""
        return "built-in"

    def products(self, members: pd.DataFrame) -> list[str]:
        """Return the products that are cut, of a product set."""
        chosen = members["stage"] == self.stage
        if self.application is not None:
            chosen &= members["application"] == self.application
        return sorted(members.loc[chosen, "product"])

    def supplier(self, flows: pd.DataFrame, products: list[str]) -> str | None:
        """Return who cuts, or None if fewer suppliers export these products."""
        ranked = largest_suppliers(flows, products)
        return ranked[self.rank - 1] if len(ranked) >= self.rank else None


def largest_suppliers(flows: pd.DataFrame, products: list[str]) -> list[str]:
    """Return the exporters of some products in a year, the largest by value first; equal ones by code."""
    exports = flows[flows["product"].isin(products)].groupby("exporter")["value_kusd"].sum()
    ranked = exports.rename_axis("country").reset_index(name="value")
    return ranked.sort_values(["value", "country"], ascending=[False, True])["country"].tolist()


BUILT_IN = (
    BuiltIn(
        "magnets_stopped",
        "The largest supplier of magnets stops exporting them",
        stage="input",
        cut=1.0,
        application="magnets",
    ),
    BuiltIn(
        "upstream_halved",
        "The largest supplier of upstream products halves their exports",
        stage="upstream",
        cut=0.5,
    ),
    *(
        BuiltIn(
            f"largest_{stage}_{rank}",
            f"Supplier number {rank} of {stage} products stops exporting all of them",
            stage=stage,
            cut=1.0,
            rank=rank,
        )
        for stage in STAGES
        for rank in range(1, LARGEST + 1)
    ),
)
