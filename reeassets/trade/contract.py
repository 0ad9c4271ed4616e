"""The contract of a source of raw trade."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import pandas as pd
import pyarrow as pa

from reeassets.settings import Settings

# One batch of raw trade; the table `raw_trade` holds the same columns.
RAW_SCHEMA = pa.schema(
    [
        pa.field("year", pa.int32(), nullable=False),
        pa.field("exporter_code", pa.int32(), nullable=False),
        pa.field("importer_code", pa.int32(), nullable=False),
        pa.field("product", pa.string(), nullable=False),
        pa.field("value_kusd", pa.float64(), nullable=False),
        pa.field("quantity_t", pa.float64()),
    ]
)
EXAMPLES = 20
# Flows are summed as decimals with six places and eighteen digits, see `totals`.
LEAST_VALUE_KUSD = 1e-6
MOST_VALUE_KUSD = MOST_QUANTITY_T = 1e12 - 1


GENERATED = "GENERATED"


def is_generated(version: str) -> bool:
    """Return whether a version says that the data are generated."""
    return version.startswith(GENERATED)


class SourceError(ValueError):
    """A source cannot give what it was asked for; the message names file, place and cause."""


@dataclass
class Rejection:
    """Rows that were not kept, for one reason.

    Attributes
    ----------
    count : int
        How many.
    examples : list of (int or None, str)
        Up to 20 of them: line of the file, counted from 1 with the header, and the row as text.
    """

    count: int = 0
    examples: list[tuple[int | None, str]] = field(default_factory=list)


def _place(example: tuple[int | None, str]) -> str:
    """Return an example as text; what was no line of a file has no number."""
    line, text = example
    return text if line is None else f"line {line}: {text}"


@dataclass
class Accounting:
    """What became of every row that was read: ``read = kept + rejected``.

    Attributes
    ----------
    read : int
        Rows of the file, without the header.
    rejections : dict of str to Rejection
        By reason.
    place : str
        The file, or the member of the archive, that was read.
    """

    read: int = 0
    rejections: dict[str, Rejection] = field(default_factory=dict)
    place: str = ""

    @property
    def rejected(self) -> int:
        """Number of rows that were not kept."""
        return sum(rejection.count for rejection in self.rejections.values())

    @property
    def kept(self) -> int:
        """Number of rows that were kept."""
        return self.read - self.rejected

    def reject(self, reason: str, count: int, examples: list[tuple[int | None, str]]) -> None:
        """Count rows that are not kept, and keep up to 20 of them as examples."""
        rejection = self.rejections.setdefault(reason, Rejection())
        rejection.count += count
        rejection.examples += examples[: EXAMPLES - len(rejection.examples)]

    def require_share(self, limit: float) -> None:
        """Refuse a year of which too much was rejected.

        Raises
        ------
        SourceError
            If the share of rejected rows is above ``limit``, with every reason and an example.
        """
        if self.rejected <= limit * self.read:
            return
        raise SourceError(
            f"{self.place}: {self.rejected:,} of {self.read:,} rows were rejected, {self.rejected / self.read:.2%}; "
            f"the setting max_rejected_share allows {limit:.2%}. {self._reasons()}"
        )

    def require_kept(self, rows: int, limit: float) -> None:
        """Refuse a year of which nothing is left, or too little, whatever the reasons.

        Raises
        ------
        SourceError
            If there are no rows, or the share of those that were not kept is above ``limit``.
        """
        if rows and self.rejected <= limit * self.read:
            return
        raise SourceError(
            f"{self.place}: {rows:,} of {self.read:,} rows are left, and {self.rejected:,} set aside; the setting "
            f"max_set_aside_share allows {limit:.0%}. {self._reasons() or 'There were none to begin with'}"
        )

    def _reasons(self) -> str:
        """Return every reason with its count and an example."""
        return "; ".join(
            f"{reason}: {rejection.count:,}, e.g. {_place(rejection.examples[0])}"
            if rejection.examples
            else f"{reason}: {rejection.count:,}"
            for reason, rejection in sorted(self.rejections.items())
        )

    def summary(self) -> dict[str, object]:
        """Return what a materialisation says of the reading: counts, and examples by reason."""
        examples = {
            f"{reason} ({rejection.count:,})": [f"line {line}: {text}" for line, text in rejection.examples]
            for reason, rejection in sorted(self.rejections.items())
        }
        counts = {"rows_read": self.read, "rows_kept": self.kept, "rows_rejected": self.rejected}
        return {"read_from": self.place, **counts, "rejected_examples": examples}

    def examples(self, year: int) -> pd.DataFrame:
        """Return table ``rejected_rows`` of a year."""
        rows = [
            (year, reason, rejection.count, place, line, text)
            for reason, rejection in sorted(self.rejections.items())
            for place, (line, text) in enumerate(rejection.examples, start=1)
        ]
        return pd.DataFrame(rows, columns=["year", "reason", "count", "example", "line", "text"])

    def to_json(self) -> dict[str, object]:
        """Return the accounting as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, recorded: dict[str, Any]) -> "Accounting":
        """Read back what :meth:`to_json` gave."""
        rejections = {
            reason: Rejection(entry["count"], [(line, text) for line, text in entry["examples"]])
            for reason, entry in recorded["rejections"].items()
        }
        return cls(read=recorded["read"], rejections=rejections, place=recorded["place"])


class YearReader(Protocol):
    """One year of a source, read once.

    Attributes
    ----------
    accounting : Accounting
        Complete when the batches are exhausted.
    """

    accounting: Accounting

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the year in batches of :data:`RAW_SCHEMA`, each key (exporter, importer, product) once.

        ``product`` may be dictionary-encoded.

        Raises
        ------
        SourceError
            If the file cannot be read; the message names file, line and cause.
        StartOver
            If what was given is to be forgotten and ``batches`` called again.
        """
        ...


@runtime_checkable
class Source(Protocol):
    """Bilateral trade by year and product.

    Attributes
    ----------
    name : str
        Name under which it is registered.
    version : str
        Release of the data, e.g. ``V202601``; begins with ``GENERATED`` if the data are.
    nomenclature : str
        Revision of the Harmonized System that its codes are written in, e.g. ``HS07``.
    basis : str
        ``whole nomenclature`` if totals over the source are totals of all trade, else ``set only``; for the latter,
        totals over all goods come from another table (setting ``totals``).
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

    def identity(self, year: int | None) -> dict[str, str]:
        """Return what identifies the input of a year, or of everything that has no year (None).

        Asked at every run to see what is out of date, so it must not read gigabytes; a zip archive's checksums will do.

        Returns
        -------
        dict of str to str
            By file, or by member of an archive. Equal identities mean equal input.
        """
        ...

    def digests(self, year: int | None) -> dict[str, str]:
        """Return the SHA-256 of the files that a year, or everything that has no year, is read from, by name."""
        ...

    def countries(self) -> pd.DataFrame:
        """Return the source's country table: ``country_code``, ``country_name``, ``iso2``, ``iso3``."""
        ...

    def coverage(self) -> pd.DataFrame:
        """Say product by product what the source does not hold as its ``nomenclature`` would have it.

        Returns
        -------
        DataFrame
            Table ``product_coverage``; no rows if every product is in ``nomenclature`` with all its flows.
        """
        ...

    def open_year(self, year: int) -> YearReader:
        """Open the flows of a year.

        Raises
        ------
        SourceError
            If the source does not have the year.
        """
        ...


@runtime_checkable
class SourceFactory(Protocol):
    """What an entry point of the group ``reeassets.sources`` is: called with the settings of the home."""

    def __call__(self, settings: Settings) -> Source:
        """Open the source; raises :class:`SourceError` if ``settings.data`` is not what it reads."""
        ...
