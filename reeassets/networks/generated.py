"""The candidate links of generated worlds: those that were planted, and decoys that drive nothing."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.trade.bundled import bundled_file

_FILE = "world/links.csv"


@dataclass(frozen=True)
class GeneratedLinks:
    """Planted links and decoys, every one of them carried; see :class:`reeassets.networks.contract.LinkProposer`."""

    name: str = "world168"
    description: str = (
        "GENERATED: links that `reeassets world` plants, and as many decoys; the test on trade tells them apart."
    )

    def files(self) -> list[Path]:
        """Return the file of the links."""
        return [bundled_file(_FILE)]

    def votes(self, products: pd.DataFrame) -> pd.DataFrame:
        """Propose every link whose ends are in the set; which ones are planted is not told."""
        links = pd.read_csv(bundled_file(_FILE), dtype={"input": "str", "output": "str"})
        inside = links["input"].isin(products["product"]) & links["output"].isin(products["product"])
        return links.loc[inside, ["input", "output"]].assign(
            voter="GENERATED", strength=float("nan"), vote=True, rationale="GENERATED: planted, or a decoy"
        )


WORLD168_LINKS = GeneratedLinks()
