"""Product sets that are a list with its own classification: the sample's, and that of generated worlds."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reeassets.products.voting import majority
from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import nomenclature


@dataclass(frozen=True)
class ListedProducts:
    """All products of a bundled list of votes; see :class:`reeassets.products.contract.ProductSet`.

    Attributes
    ----------
    file : str
        CSV inside the bundled data with the fields of a vote, at least ``product``, ``stage`` and ``application``.
    given : tuple of (str, object)
        Fields of a vote that the file leaves out because they are the same for all its products.
    """

    name: str
    version: str
    nomenclature: str
    link_proposer: str
    description: str
    file: str
    given: tuple[tuple[str, object], ...] = ()

    def files(self) -> list[Path]:
        """Return the file of the list."""
        return [bundled_file(self.file)]

    def other_goods(self) -> None:
        """Return nothing: no flow of these products is known to be another good."""

    def classify(self, votes: pd.DataFrame) -> pd.DataFrame:
        """Classify the listed products as the list says.

        Raises
        ------
        ValueError
            If the revision lacks one of its codes.
        """
        listed = pd.read_csv(bundled_file(self.file), dtype={"product": "str", "elements": "str"})
        codes = nomenclature(self.nomenclature)
        unknown = sorted(set(listed["product"]) - set(codes["product"]))
        if unknown:
            raise ValueError(f"{self.file}: codes that {self.nomenclature} does not have: {', '.join(unknown)}")
        votes = listed.assign(**dict(self.given)).astype({"elements": "str", "is_ree": "boolean"})
        classified = majority(codes, votes)
        return classified.assign(in_set=classified["product"].isin(listed["product"]))


CRITICAL33 = ListedProducts(
    name="critical33",
    version="2",
    nomenclature="HS17",
    link_proposer="critical33",
    description=(
        "The 33 codes of the bundled sample, classified by hand: rare-earth metals and compounds (280530, 284610, "
        "284690), metal permanent magnets (850511), and 29 other critical materials: ores, metals, oxides and salts."
    ),
    file="products/critical33.csv",
)
WORLD168 = ListedProducts(
    name="world168",
    version="GENERATED 3",
    nomenclature="HS07",
    link_proposer="world168",
    description=(
        "GENERATED: the 168 products that `reeassets world` plants its effects on, for tests and benchmarks; not a "
        "classification of real products."
    ),
    file="world/products.csv",
    given=(
        ("voter", "GENERATED"),
        ("is_ree", True),
        ("materiality", ">50"),
        ("elements", None),
        ("confidence", 1.0),
        ("rationale", "GENERATED: in the set that generated worlds are made with"),
    ),
)
