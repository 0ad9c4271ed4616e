"""Where tables are kept: one Parquet file per partition, written whole or not at all.

Every path of a table goes through :class:`TableStore`, so that a URL (``s3://...``) can stand where a folder does. What
a partition was made from travels inside its file, as :class:`Provenance` in the Parquet metadata: file and provenance
can never disagree.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from reeassets.processes import is_running, own_process
from reeassets.streams import StartOver, Stream, StreamCheck
from reeassets.tables import Partition, SchemaViolation, Table
from reeassets.years import format_years

_METADATA_KEY = b"reeassets"
_NOTES_KEY = b"reeassets.notes"
# What belongs to a file and stands beside it: DuckDB's log of what has been written and is not in the file yet.
_COMPANIONS = {".duckdb": (".wal",)}
_TEMPORARY = re.compile(r"^\.(?P<name>.+)\.(?P<process>\d+\.\d+)-[0-9a-f]{32}\.tmp(\.wal)?$")


class MissingPartition(FileNotFoundError):
    """A table has no file for a partition that is needed."""


@dataclass(frozen=True)
class Provenance:
    """What a partition was made from.

    Attributes
    ----------
    fingerprint : str
        Hash of code, settings, plugins, input files and the fingerprints of the tables read: equal fingerprints mean
        equal content.
    source, source_version, nomenclature, product_set_version : str
        Data and set behind it; empty for what depends on no trade data, or on no product set.
    configuration : str
        Hash of the settings that the table depends on, itself and through its inputs.
    inputs : dict of str to str
        SHA-256 of every input file, by file name, down to the raw data.
    years : str
        Years that a table without years is made from, itself and through its inputs; empty for all others.
    settings : dict
        The settings behind ``configuration`` with their values, as JSON holds them.
    method : str
        Hash of code, settings and plugins, of the table and of all it is made from, whatever the data.
    of_year : dict of str to str
        Fingerprints of the years of other tables that a year of a table is made from, by ``table year``.
    """

    fingerprint: str
    source: str
    source_version: str
    nomenclature: str
    product_set_version: str
    configuration: str
    inputs: dict[str, str] = field(default_factory=dict)
    years: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    method: str = ""
    of_year: dict[str, str] = field(default_factory=dict)


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Values hardly ever repeat: trying to number them costs a third of the time and saves nothing.
    numbered = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=numbered)


def _encoded(provenance: Provenance) -> str:
    return json.dumps(asdict(provenance), sort_keys=True)


def content_hash(frame: pd.DataFrame) -> str:
    """Return a hash of a frame's columns and rows: the same for the same content in the same order."""
    digest = hashlib.sha256(",".join(frame.columns).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def record_of(path: Path) -> Path:
    """Return the file beside a file of the platform that is no table, in which its provenance is recorded."""
    return path.with_name(path.name + ".provenance.json")


def read_record(path: Path) -> Provenance | None:
    """Return what a file of the platform that is no table was made from; None if that is not recorded."""
    record = record_of(path)
    return Provenance(**json.loads(record.read_text(encoding="utf-8"))) if record.is_file() else None


def companions(path: Path) -> list[Path]:
    """Return the files that are there and belong to a file, such as DuckDB's log."""
    beside = (path.with_name(path.name + ending) for ending in _COMPANIONS.get(path.suffix, ()))
    return [file for file in beside if file.is_file()]


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{own_process()}-{uuid.uuid4().hex}.tmp")


def _replace(temporary: Path, path: Path) -> None:
    """Move a new file over an old one, and what belongs to the old one away.

    That goes first: whoever is killed in between leaves the old file as it was when it was last closed, and never a new
    one with what belongs to another. It comes back if the new file cannot take its place.
    """
    aside = {file: _temporary(file) for file in companions(path)}
    for file, place in aside.items():
        file.replace(place)
    try:
        temporary.replace(path)
    except OSError:
        for file, place in aside.items():
            place.replace(file)
        raise
    for place in aside.values():
        place.unlink()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, and move it over ``path`` when the block ends well.

    A block that raises leaves ``path`` as it was and no temporary file. What belongs to the old file, as DuckDB's log
    does, goes with it. A folder in the place is refused before the work is done.
    """
    if path.is_dir():
        raise IsADirectoryError(
            errno.EISDIR, "there is a folder where a file is to be written; move it away", str(path)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        yield temporary
        _replace(temporary, path)
    except OSError as problem:
        if problem.filename is not None:
            raise
        # Arrow says that the disk is full, but not which.
        raise OSError(problem.errno, str(problem), str(path)) from problem
    finally:
        temporary.unlink(missing_ok=True)
        # DuckDB's log of a file that was not closed.
        temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove the temporary files that killed processes left below a folder, but for Dagster's own, and return them."""
    leftovers = []
    for place, folders, names in os.walk(folder):
        if "dagster" in folders:
            folders.remove("dagster")
        for name in names:
            match = _TEMPORARY.match(name)
            if match and not is_running(match["process"]):
                leftovers.append(Path(place, name))
                leftovers[-1].unlink(missing_ok=True)
    return leftovers


def is_local(path: UPath) -> bool:
    """Return whether a path is one of this machine's file systems."""
    return path.protocol in ("", "file", "local")


@contextlib.contextmanager
def open_parquet(path: UPath) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file, here or elsewhere."""
    # A local file is opened by Arrow itself, and read without its dataset reader: that one reads ahead in its own
    # threads, and a thread that frees bytes of Python's in a process that is ending aborts it.
    if is_local(path):
        with pq.ParquetFile(str(path)) as parquet:
            yield parquet
    else:
        with path.open("rb") as stream, pq.ParquetFile(stream) as parquet:
            yield parquet


class TableStore:
    """The tables of one home.

    Parameters
    ----------
    root : str or Path
        Folder or URL; ``<root>/<stage>/<table>/<partition>.parquet`` and ``<root>/<stage>/<table>.parquet``.
    """

    def __init__(self, root: str | Path):
        self.root = UPath(root)
        self._footers: dict[str, tuple[tuple[int, int, int], dict[bytes, bytes]]] = {}

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder of this machine."""
        return is_local(self.root)

    def path(self, table: Table, partition: Partition = None) -> UPath:
        """Return the file of a partition (a year or a scenario, as the table has it) or of a whole table.

        Raises
        ------
        ValueError
            If a partitioned table is asked for without its year or scenario, or the other way round.
        """
        given = None if partition is None else "scenario" if isinstance(partition, str) else "year"
        if given != table.dimension:
            by = f"partitioned by {table.dimension}" if table.dimension else "not partitioned"
            raise ValueError(f"table {table.name} is {by}; partition={partition}")
        folder = self.root / table.stage
        return folder / f"{table.name}.parquet" if partition is None else folder / table.name / f"{partition}.parquet"

    def file(self, table: Table, partition: Partition = None) -> str:
        """Return a partition's file as text for DuckDB.

        Raises
        ------
        MissingPartition
            If there is none.
        """
        path = self.path(table, partition)
        if not path.exists():
            when = "" if partition is None else f" for {partition}"
            raise MissingPartition(f"{path}: the table {table.name} has not been made{when}")
        return str(path)

    def years(self, table: Table) -> tuple[int, ...]:
        """Return the years of a yearly table that are there."""
        folder = self.root / table.stage / table.name
        if not folder.exists():
            return ()
        return tuple(sorted(int(path.stem) for path in folder.iterdir() if re.fullmatch(r"\d{4}\.parquet", path.name)))

    @contextlib.contextmanager
    def _replacing(self, path: UPath) -> Iterator[Path]:
        """Give a local temporary file, and put it in the place of ``path`` in one step when the block ends well."""
        if self.is_local:
            with replacing(Path(path)) as temporary:
                yield temporary
            return
        # An object store shows a finished upload or the old object, never a part.
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder) / path.name
            yield temporary
            path.parent.mkdir(parents=True, exist_ok=True)
            path.fs.put_file(str(temporary), path.path)

    def write(self, table: Table, frame: pd.DataFrame, provenance: Provenance, partition: Partition = None) -> UPath:
        """Write a checked frame as one partition, replacing the old one in one step.

        The bytes depend on the frame and its provenance alone.
        """
        content = pa.Table.from_pandas(frame, preserve_index=False)
        content = content.replace_schema_metadata({_METADATA_KEY: _encoded(provenance)})
        path = self.path(table, partition)
        with self._replacing(path) as temporary:
            pq.write_table(content, temporary, compression="zstd")
        return path

    def write_stream(
        self, table: Table, stream: Stream, provenance: Callable[[], Provenance], partition: Partition = None
    ) -> int:
        """Check and write a stream as one partition, replacing the old one in one step at the end.

        ``provenance`` is asked for when all rows are written: it may take as long to find out.

        Returns
        -------
        int
            Number of rows.

        Raises
        ------
        SchemaViolation
            If the rows break a rule of the table; the old file stays.
        """
        with self._replacing(self.path(table, partition)) as temporary:
            while True:
                try:
                    return self._write_batches(table, stream, provenance, temporary)
                except StartOver:
                    temporary.unlink(missing_ok=True)

    @staticmethod
    def _write_batches(table: Table, stream: Stream, provenance: Callable[[], Provenance], path: Path) -> int:
        check = StreamCheck(table)
        with contextlib.ExitStack() as closing:
            writer: pq.ParquetWriter | None = None
            # One batch is compressed while the next is read and checked: both work outside the interpreter's lock.
            pool = ThreadPoolExecutor(max_workers=1)
            writing: Future[None] | None = None
            for batch in stream.batches():
                check.add(batch)
                if writer is None:
                    writer = closing.enter_context(_parquet_writer(path, batch.schema))
                    # Undone in reverse: whatever happens, the last batch is written before the file is closed.
                    closing.callback(pool.shutdown)
                if writing is not None:
                    writing.result()
                writing = pool.submit(writer.write_batch, batch)
            if writing is not None:
                writing.result()
            problems = check.problems()
            if problems:
                raise SchemaViolation(table.name, problems)
            notes = stream.finish()
            if writer is None:
                empty = pa.Schema.from_pandas(table.empty(), preserve_index=False).remove_metadata()
                writer = closing.enter_context(_parquet_writer(path, empty))
            writer.add_key_value_metadata({_METADATA_KEY: _encoded(provenance()), _NOTES_KEY: json.dumps(dict(notes))})
        return check.rows

    def notes(self, table: Table, partition: Partition = None) -> dict[str, Any]:
        """Return what a streamed partition remembers of how it was read."""
        self.file(table, partition)
        found = self._footer(self.path(table, partition)).get(_NOTES_KEY, b"{}")
        notes: dict[str, Any] = json.loads(found)
        return notes

    def head(self, table: Table, rows: int, partition: Partition = None) -> pd.DataFrame:
        """Return the first rows of a partition."""
        with open_parquet(self.path(table, partition)) as parquet:
            batch = next(parquet.iter_batches(batch_size=rows), None)
            return table.empty() if batch is None else batch.to_pandas()

    def _footer(self, path: UPath) -> dict[bytes, bytes]:
        """Return the metadata of a file; what has been read of a local one is kept while the file is the same."""
        same = None
        if self.is_local:
            # A partition is never changed in place: what replaces it is another file.
            about = path.stat()
            same = (about.st_ino, about.st_mtime_ns, about.st_size)
            kept = self._footers.get(str(path))
            if kept is not None and kept[0] == same:
                return kept[1]
        try:
            with open_parquet(path) as parquet:
                found: dict[bytes, bytes] = parquet.metadata.metadata or {}
        except pa.ArrowInvalid as problem:
            raise ValueError(
                f"{path}: not a readable Parquet file; delete it, and the next run makes it again ({problem})"
            ) from problem
        if same is not None:
            self._footers[str(path)] = (same, found)
        return found

    def read(self, table: Table, partition: Partition = None, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Read one partition, or a whole unpartitioned table; all columns, or some.

        Raises
        ------
        MissingPartition
            If it has not been made.
        """
        self.file(table, partition)
        chosen = [name for name in table.columns if columns is None or name in columns]
        with open_parquet(self.path(table, partition)) as parquet:
            frame = parquet.read(columns=chosen).to_pandas()
        return frame[chosen].astype({name: table.dtype(name) for name in chosen})

    def read_years(self, table: Table, years: Iterable[int], columns: Collection[str] | None = None) -> pd.DataFrame:
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
        return pd.concat([self.read(table, year, columns) for year in wanted], ignore_index=True)

    def provenance(self, table: Table, partition: Partition = None) -> Provenance | None:
        """Return what a partition was made from, or None if it has not been made."""
        path = self.path(table, partition)
        if not path.exists():
            return None
        metadata = self._footer(path)
        if _METADATA_KEY not in metadata:
            raise ValueError(f"{path}: this Parquet file was not written by reeassets (it carries no provenance)")
        recorded: dict[str, Any] = json.loads(metadata[_METADATA_KEY])
        return Provenance(**recorded)
