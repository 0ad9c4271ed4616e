"""Where tables are kept: one Parquet file per partition, written whole or not at all.

Every path of a table goes through :class:`TableStore`, so that a URL (``s3://...``) can stand where a folder does. What
a partition was made from travels inside its file, as :class:`Provenance` in the Parquet metadata: file and provenance
can never disagree.
"""

import contextlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from reeassets.settings import format_years
from reeassets.tables import Table

_METADATA_KEY = b"reeassets"
_TEMPORARY = re.compile(r"^\.(?P<name>.+)\.(?P<pid>\d+)-[0-9a-f]{32}\.tmp$")


class MissingPartition(FileNotFoundError):
    """A table has no file for a year that is needed."""


@dataclass(frozen=True)
class Provenance:
    """What a partition was made from.

    Attributes
    ----------
    fingerprint : str
        Hash of code, settings, plugins, input files and the fingerprints of the tables read: equal fingerprints mean
        equal content.
    source, source_version, nomenclature, product_set_version : str
        Data and set behind it.
    configuration : str
        Hash of the settings that the table depends on, itself and through its inputs.
    inputs : dict of str to str
        SHA-256 of every input file, by file name, down to the raw data.
    """

    fingerprint: str
    source: str
    source_version: str
    nomenclature: str
    product_set_version: str
    configuration: str
    inputs: dict[str, str] = field(default_factory=dict)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, and move it over ``path`` when the block ends well.

    A block that raises leaves ``path`` as it was and no temporary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove the temporary files that killed processes left below a folder, and return them."""
    leftovers = []
    for path in folder.rglob(".*.tmp"):
        match = _TEMPORARY.match(path.name)
        if match and not _alive(int(match["pid"])):
            path.unlink(missing_ok=True)
            leftovers.append(path)
    return leftovers


class TableStore:
    """The tables of one home.

    Parameters
    ----------
    root : str or Path
        Folder or URL; ``<root>/<stage>/<table>/<year>.parquet`` and ``<root>/<stage>/<table>.parquet``.
    """

    def __init__(self, root: str | Path):
        self.root = UPath(root)

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder of this machine."""
        return self.root.protocol in ("", "file", "local")

    def path(self, table: Table, year: int | None = None) -> UPath:
        """Return the file of a partition (of a yearly table) or of a whole table.

        Raises
        ------
        ValueError
            If a yearly table is asked for without a year, or the other way round.
        """
        if table.by_year != (year is not None):
            raise ValueError(f"table {table.name} is {'' if table.by_year else 'not '}partitioned by year; year={year}")
        folder = self.root / table.stage
        return folder / f"{table.name}.parquet" if year is None else folder / table.name / f"{year}.parquet"

    def file(self, table: Table, year: int | None = None) -> str:
        """Return a partition's file as text for DuckDB.

        Raises
        ------
        MissingPartition
            If there is none.
        """
        path = self.path(table, year)
        if not path.exists():
            when = "" if year is None else f" for {year}"
            raise MissingPartition(f"{path}: the table {table.name} has not been made{when}")
        return str(path)

    def years(self, table: Table) -> tuple[int, ...]:
        """Return the years of a yearly table that are there."""
        folder = self.root / table.stage / table.name
        if not folder.exists():
            return ()
        return tuple(sorted(int(path.stem) for path in folder.iterdir() if re.fullmatch(r"\d{4}\.parquet", path.name)))

    def write(self, table: Table, frame: pd.DataFrame, provenance: Provenance, year: int | None = None) -> UPath:
        """Write a checked frame as one partition, replacing the old one in one step.

        The bytes depend on the frame and its provenance alone.
        """
        content = pa.Table.from_pandas(frame, preserve_index=False)
        metadata = {_METADATA_KEY: json.dumps(asdict(provenance), sort_keys=True).encode()}
        content = content.replace_schema_metadata(metadata)
        path = self.path(table, year)
        if self.is_local:
            with replacing(Path(path)) as temporary:
                pq.write_table(content, temporary, compression="zstd")
        else:
            # An object store shows a finished upload or the old object, never a part.
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                pq.write_table(content, stream, compression="zstd")
        return path

    def read(self, table: Table, year: int | None = None) -> pd.DataFrame:
        """Read one partition, or a whole unpartitioned table.

        Raises
        ------
        MissingPartition
            If it has not been made.
        """
        self.file(table, year)
        with self.path(table, year).open("rb") as stream:
            frame = pq.read_table(stream).to_pandas()
        return frame.astype({name: table.dtype(name) for name in table.columns})

    def read_years(self, table: Table, years: Iterable[int]) -> pd.DataFrame:
        """Read several years of a yearly table as one frame, ascending.

        Raises
        ------
        MissingPartition
            Naming all the years that have not been made.
        """
        wanted = sorted(years)
        missing = sorted(set(wanted) - set(self.years(table)))
        if missing:
            raise MissingPartition(
                f"{self.root / table.stage / table.name}: the table {table.name} has not been made for "
                f"{format_years(missing)}; make these years first, or ask for fewer"
            )
        return pd.concat([self.read(table, year) for year in wanted], ignore_index=True)

    def provenance(self, table: Table, year: int | None = None) -> Provenance | None:
        """Return what a partition was made from, or None if it has not been made."""
        path = self.path(table, year)
        if not path.exists():
            return None
        with path.open("rb") as stream:
            metadata: dict[bytes, bytes] = pq.read_schema(stream).metadata or {}
        if _METADATA_KEY not in metadata:
            raise ValueError(f"{path}: this Parquet file was not written by reeassets (it carries no provenance)")
        recorded: dict[str, Any] = json.loads(metadata[_METADATA_KEY])
        return Provenance(**recorded)
