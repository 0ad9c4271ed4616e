"""From the bytes of a year's file to flows, every row accounted for.

Two readers of one meaning. The *fast* one lets Arrow convert whole blocks to numbers and gives up at the first thing
that is not as it should be. Then the *careful* one reads the file again as text, and says what is wrong with which
line.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from reeassets.streams import StartOver
from reeassets.trade.baci.careful import read_carefully
from reeassets.trade.baci.columns import COLUMNS, HIGHEST_PRODUCT, Columns, header_of, pack_keys, repeated
from reeassets.trade.contract import RAW_SCHEMA, Accounting, SourceError

_BLOCK = 8 << 20
# CEPII writes an unknown quantity as nothing or as NA, padded to the width of the column in some releases.
_NO_QUANTITY = ["", "NA", *(" " * width + text for width in range(1, 25) for text in ("", "NA"))]


class _NotAsExpected(Exception):
    """The fast reader met something that the careful one has to look at."""


@dataclass
class YearParser:
    """One year's file; see :class:`reeassets.trade.contract.YearReader`.

    Attributes
    ----------
    place : str
        The file, for messages.
    year : int
        The year its name says.
    open : callable
        Opens it for reading bytes, from the beginning.
    known : ndarray of bool
        Whether a country code is in the country table, by code.
    """

    place: str
    year: int
    open: Callable[[], io.RawIOBase | io.BufferedReader]
    known: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.accounting = Accounting(place=self.place)
        self._careful = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the file and give its flows: fast at the first call, carefully after that."""
        if self._careful:
            with self.open() as stream:
                yield _record_batch(read_carefully(stream, self.place, self.year, self.known, self.accounting))
        else:
            try:
                yield from self._fast()
            except _NotAsExpected as problem:
                self._careful = True
                self.accounting = Accounting(place=self.place)
                raise StartOver from problem
        if not self.accounting.read:
            raise SourceError(f"{self.place}: the file has a header and no rows")

    def _fast(self) -> Iterator[pa.RecordBatch]:
        keys = []
        with self.open() as stream:
            header, rest = header_of(stream, self.place)
            reader = self._reader(header, rest)
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                except pa.ArrowInvalid as problem:
                    raise _NotAsExpected from problem
                columns = self._columns(batch)
                keys.append(pack_keys(columns))
                self.accounting.read += len(columns)
                yield _record_batch(columns)
        if keys and repeated(np.concatenate(keys)):
            raise _NotAsExpected

    def _reader(self, header: list[str], rest: io.RawIOBase) -> csv.CSVStreamingReader:
        types = {name: pa.float64() if name in ("v", "q") else pa.int32() for name in COLUMNS}
        try:
            return csv.open_csv(
                pa.PythonFile(rest, mode="r"),
                read_options=csv.ReadOptions(block_size=_BLOCK, column_names=header),
                convert_options=csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(COLUMNS),
                    null_values=_NO_QUANTITY,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as problem:
            # The first block is converted on opening; a file without rows is one of the reasons.
            raise _NotAsExpected from problem

    def _columns(self, batch: pa.RecordBatch) -> Columns:
        """Check a block and turn it into arrays."""
        for name in COLUMNS[:-1]:
            if batch.column(name).null_count:
                raise _NotAsExpected
        t, i, j, k = (batch.column(name).to_numpy() for name in ("t", "i", "j", "k"))
        v, q = batch.column("v").to_numpy(), batch.column("q").to_numpy(zero_copy_only=False)
        size = len(self.known)
        in_table = (i >= 0) & (i < size) & (j >= 0) & (j < size)
        if not (
            (t == self.year).all()
            and (k > 0).all()
            and (k <= HIGHEST_PRODUCT).all()
            and in_table.all()
            and self.known[i].all()
            and self.known[j].all()
            and (i != j).all()
            and (v > 0).all()
            and np.isfinite(v).all()
        ):
            raise _NotAsExpected
        missing = batch.column("q").is_null().to_numpy(zero_copy_only=False)
        if not (np.isfinite(q) & (q >= 0) | missing).all():
            raise _NotAsExpected
        return Columns(self.year, i, j, k, v, q)


def _record_batch(columns: Columns) -> pa.RecordBatch:
    """Give columns as a batch of raw trade; products as a dictionary of the codes that occur."""
    counts = np.bincount(columns.product, minlength=HIGHEST_PRODUCT + 1)
    present = np.flatnonzero(counts)
    # The counts have served; the same memory now says where in the dictionary a code stands.
    counts[present] = np.arange(len(present))
    names = pc.utf8_lpad(pa.array(present).cast(pa.string()), 6, "0")
    arrays = [
        pa.array(np.full(len(columns), columns.year, dtype=np.int32)),
        pa.array(columns.exporter),
        pa.array(columns.importer),
        pa.DictionaryArray.from_arrays(pa.array(counts[columns.product].astype(np.int32)), names),
        pa.array(columns.value),
        pa.array(columns.quantity, mask=np.isnan(columns.quantity)),
    ]
    return pa.record_batch(arrays, names=RAW_SCHEMA.names)
