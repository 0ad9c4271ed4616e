"""The contract of a proposer of input-output links."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd


@runtime_checkable
class LinkProposer(Protocol):
    """Candidate links ``input -> output`` (the input is a direct input to making the output).

    Attributes
    ----------
    name : str
        Name under which it is registered.
    description : str
        Who proposes, who judges, and how.
    """

    name: str
    description: str

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage."""
        ...

    def votes(self, products: pd.DataFrame) -> pd.DataFrame:
        """Propose links among products and judge each candidate alone.

        Parameters
        ----------
        products : DataFrame
            The rows of table ``classified_products`` that are in the set.

        Returns
        -------
        DataFrame
            One row per voter and candidate: ``voter``, ``input``, ``output``, ``strength`` in [0,1] (null if the voter
            gives none), ``vote`` (whether the voter keeps the candidate), ``rationale``.
        """
        ...
