"""The contract of a source of raw trade."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd


class SourceError(ValueError):
    """A source cannot give what it was asked for; the message names file, place and cause."""


@runtime_checkable
class Source(Protocol):
    """Bilateral trade by year and product.

    Attributes
    ----------
    name : str
        Name under which it is registered.
    version : str
        Release of the data, e.g. ``V202601``.
    nomenclature : str
        Revision of the Harmonized System that its codes are written in, e.g. ``HS07``.
    basis : str
        ``whole nomenclature`` if totals over the source are totals of all trade, else ``set only``.
    notes : str
        What a reader of any result must know about the data, in one or two sentences.
    """

    name: str
    version: str
    nomenclature: str
    basis: str
    notes: str

    def years(self) -> tuple[int, ...]:
        """Return the years the source has, ascending."""
        ...

    def files(self) -> list[Path]:
        """Return the files that are read, for the lineage down to their SHA-256."""
        ...

    def countries(self) -> pd.DataFrame:
        """Return the source's country table: ``country_code``, ``country_name``, ``iso2``, ``iso3``."""
        ...

    def raw_trade(self, year: int) -> pd.DataFrame:
        """Return all flows of a year.

        Returns
        -------
        DataFrame
            ``year``, ``exporter_code``, ``importer_code``, ``product``, ``value_kusd``, ``quantity_t``.

        Raises
        ------
        SourceError
            If the source does not have the year or its file cannot be read.
        """
        ...


@runtime_checkable
class SourceFactory(Protocol):
    """What an entry point of the group ``reeassets.sources`` is: called with the path given as ``--data``."""

    def __call__(self, data: Path | None) -> Source:
        """Open the source; raises :class:`SourceError` if ``data`` is not what it reads."""
        ...
