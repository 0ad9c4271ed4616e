"""Proposers whose candidate links and votes are recorded in a bundled file."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.trade.bundled import bundled_file


@dataclass(frozen=True)
class RecordedLinks:
    """Candidate links read from a bundled file; see :class:`reeassets.networks.contract.LinkProposer`."""

    name: str
    description: str
    file: str

    def files(self) -> list[Path]:
        """Return the file of the links."""
        return [bundled_file(self.file)]

    def votes(self, products: pd.DataFrame) -> pd.DataFrame:
        """Read the votes on links; raises ValueError if a link names a product that is not in the set."""
        votes = pd.read_csv(bundled_file(self.file), dtype={"input": "str", "output": "str"})
        unknown = sorted((set(votes["input"]) | set(votes["output"])) - set(products["product"]))
        if unknown:
            raise ValueError(f"{self.file}: links of products that are not in the set: {', '.join(unknown)}")
        return votes


CRITICAL30_LINKS = RecordedLinks(
    name="critical30",
    description="Direct inputs among 30 critical materials, recorded and judged by hand, with a rationale each.",
    file="links/critical30.csv",
)
