"""Product set ``critical30``: the 30 codes of the bundled sample."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class VotedProducts:
    """The set of all products that somebody voted on; see :class:`reeassets.products.contract.ProductSet`."""

    name: str
    version: str
    nomenclature: str
    classifier: str
    link_proposer: str
    description: str

    def select(self, majority: pd.DataFrame) -> list[str]:
        """Return every code with at least one vote."""
        return sorted(majority.loc[majority["n_votes"] > 0, "product"])


CRITICAL30 = VotedProducts(
    name="critical30",
    version="1",
    nomenclature="HS17",
    classifier="critical30",
    link_proposer="critical30",
    description=(
        "30 critical-material codes of the bundled sample. Only 850511 (metal permanent magnets) is a rare-earth "
        "product; the others are ores, metals, oxides and salts."
    ),
)
