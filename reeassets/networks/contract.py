"""The contract of a proposer of input-output links."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

from reeassets.settings import Settings


@runtime_checkable
class LinkProposer(Protocol):
    """Candidate links ``input -> output`` (the input is a direct input to making the output), and votes on each.

    Attributes
    ----------
    name : str
        Name under which it is registered.
    description : str
        Who proposes, who judges, and how.
    uses : tuple of str
        Settings that its links and votes depend on.
    """

    name: str
    description: str
    uses: tuple[str, ...]

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage."""
        ...

    def build(self, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Propose, for each product, which products of the set are direct inputs to making it.

        Parameters
        ----------
        products : DataFrame
            The rows of table ``classified_products`` that are in the set.
        settings : Settings
            The configuration.

        Returns
        -------
        DataFrame
            One row per voter and link proposed: ``voter``, ``input``, ``output``, ``strength`` in [0,1] (null if the
            voter gives none), ``rationale``.
        """
        ...

    def prune(self, candidates: pd.DataFrame, products: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """Judge each candidate again, alone, by every voter.

        Parameters
        ----------
        candidates : DataFrame
            ``input`` and ``output``, each pair once, by code.
        products, settings
            As for :meth:`build`.

        Returns
        -------
        DataFrame
            One row per voter and candidate: ``voter``, ``input``, ``output``, ``vote`` (whether the voter keeps it;
            null for an abstention), ``rationale`` (of an abstention, why).
        """
        ...
