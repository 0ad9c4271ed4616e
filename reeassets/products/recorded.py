"""Classifiers whose votes are recorded in a bundled file, so that a run needs no key and no network."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.trade.bundled import bundled_file


@dataclass(frozen=True)
class RecordedVotes:
    """Votes read from a bundled file; see :class:`reeassets.products.contract.Classifier`."""

    name: str
    description: str
    file: str

    def files(self) -> list[Path]:
        """Return the file of the votes."""
        return [bundled_file(self.file)]

    def votes(self, nomenclature: pd.DataFrame) -> pd.DataFrame:
        """Read the votes.

        Raises
        ------
        ValueError
            If there is a vote on a code that the nomenclature does not have.
        """
        votes = pd.read_csv(bundled_file(self.file), dtype={"product": "str", "elements": "str"})
        unknown = sorted(set(votes["product"]) - set(nomenclature["product"]))
        if unknown:
            revision = nomenclature["revision"].iloc[0]
            raise ValueError(f"{self.file}: votes on codes that {revision} does not have: {', '.join(unknown)}")
        return votes


CRITICAL30_VOTES = RecordedVotes(
    name="critical30",
    description="Stage and application of 30 critical materials, recorded by hand by one voter, with a rationale each.",
    file="votes/critical30.csv",
)
