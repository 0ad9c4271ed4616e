"""The contracts of a classifier and of a product set."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

APPLICATIONS = (
    "magnets",
    "catalysts",
    "phosphors & lighting",
    "polishing",
    "glass & optics",
    "ceramics",
    "batteries",
    "metallurgy",
    "electronics",
    "motors & generators",
    "vehicles",
    "wind",
    "medical",
    "nuclear",
    "defence",
    "other",
)


@runtime_checkable
class Classifier(Protocol):
    """Votes on products.

    Attributes
    ----------
    name : str
        Name under which it is registered.
    description : str
        Who votes, and how.
    """

    name: str
    description: str

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage."""
        ...

    def votes(self, nomenclature: pd.DataFrame) -> pd.DataFrame:
        """Vote on the products of a nomenclature (``product``, ``description``, ``chapter``, ``heading``).

        Returns
        -------
        DataFrame
            Table ``product_votes``: one row per voter and product voted on. A product may be left out (an abstention).
        """
        ...


@runtime_checkable
class ProductSet(Protocol):
    """A rule that turns classified products into the set that is analysed.

    Attributes
    ----------
    name, version : str
        Name under which it is registered, and its version.
    nomenclature : str
        Revision of the Harmonized System its codes are written in.
    classifier, link_proposer : str
        Plugins whose votes and candidate links it is made for; settings can name others.
    description : str
        What is in it and why.
    """

    name: str
    version: str
    nomenclature: str
    classifier: str
    link_proposer: str
    description: str

    def select(self, majority: pd.DataFrame) -> list[str]:
        """Return the codes of the set, ascending.

        Parameters
        ----------
        majority : DataFrame
            One row per product of the nomenclature, as :func:`reeassets.products.voting.majority` gives it.
        """
        ...
