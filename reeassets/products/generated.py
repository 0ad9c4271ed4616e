"""Product set ``world168``: the set that generated worlds are made with. It is no classification of anything."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.products.critical30 import VotedProducts
from reeassets.trade.bundled import bundled_file

_FILE = "world/products.csv"


@dataclass(frozen=True)
class GeneratedVotes:
    """The stages that a generated world was planted with; see :class:`reeassets.products.contract.Classifier`."""

    name: str = "world168"
    description: str = "GENERATED: the stages that `reeassets world` plants; not a classification of real products."

    def files(self) -> list[Path]:
        """Return the file of the planted set."""
        return [bundled_file(_FILE)]

    def votes(self, nomenclature: pd.DataFrame) -> pd.DataFrame:
        """Read the planted set; raises ValueError if the nomenclature lacks one of its codes."""
        planted = pd.read_csv(bundled_file(_FILE), dtype="str")
        unknown = sorted(set(planted["product"]) - set(nomenclature["product"]))
        if unknown:
            raise ValueError(f"{_FILE}: codes that the nomenclature does not have: {', '.join(unknown)}")
        return planted.assign(
            voter="GENERATED",
            is_ree=False,
            elements=pd.Series(pd.NA, index=planted.index, dtype="str"),
            confidence=1.0,
            rationale="GENERATED: in the set that generated worlds are made with",
        )


WORLD168_VOTES = GeneratedVotes()
WORLD168 = VotedProducts(
    name="world168",
    version="GENERATED 1",
    nomenclature="HS07",
    classifier="world168",
    link_proposer="world168",
    description="GENERATED: the 168 products that `reeassets world` plants its effects on, for tests and benchmarks.",
)
