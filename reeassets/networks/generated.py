"""The candidate links of generated worlds: those that were planted, and decoys that drive nothing."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file

_FILE = "world/links.csv"
_VOTER, _RATIONALE = "GENERATED", "GENERATED: planted, or a decoy"


@dataclass(frozen=True)
class GeneratedLinks:
    """Planted links and decoys, every one of them kept; see :class:`reeassets.networks.contract.LinkProposer`."""

    name: str = "world168"
    description: str = (
        "GENERATED: links that `reeassets world` plants, and as many decoys; the test on trade tells them apart."
    )
    uses: tuple[str, ...] = ()

    def files(self) -> list[Path]:
        """Return the file of the links."""
        return [bundled_file(_FILE)]

    def build(self, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:  # noqa: ARG002  (as the contract calls it)
        """Propose every link whose ends are in the set; which ones are planted is not told."""
        links = pd.read_csv(bundled_file(_FILE), dtype={"input": "str", "output": "str"})
        inside = links["input"].isin(products["product"]) & links["output"].isin(products["product"])
        return links.loc[inside, ["input", "output"]].assign(voter=_VOTER, strength=float("nan"), rationale=_RATIONALE)

    def prune(self, candidates: pd.DataFrame, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:  # noqa: ARG002
        """Keep every candidate."""
        return candidates[["input", "output"]].assign(voter=_VOTER, vote=True, rationale=_RATIONALE)


WORLD168_LINKS = GeneratedLinks()
