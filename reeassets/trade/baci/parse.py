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
from reeassets.trade.baci.columns import (
    COLUMNS,
    HIGHEST_PRODUCT,
    LOWEST_PRODUCT,
    PRODUCT,
    Columns,
    header_of,
    pack_keys,
    repeated,
)
from reeassets.trade.contract import (
    LEAST_VALUE_KUSD,
    MOST_QUANTITY_T,
    MOST_VALUE_KUSD,
    RAW_SCHEMA,
    Accounting,
    SourceError,
)

_BLOCK = 8 << 20
# CEPII writes an unknown quantity as nothing or as NA, padded to the width of the column in some releases.
_NO_QUANTITY = ["", "NA", *(" " * width + text for width in range(1, 25) for text in ("", "NA"))]


class _NotAsExpected(Exception):
    """The fast reader met something that the careful one has to look at."""


class _Plain(io.RawIOBase):
    """Passes bytes on, and notes whether there is an x among them: Arrow reads 0x1F as the number 31."""

    def __init__(self, stream: io.RawIOBase):
        self._stream, self.has_x = stream, False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self._stream.read(size) or b""
        self.has_x = self.has_x or b"x" in part or b"X" in part
        return part


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
        self._twice = np.zeros(0, dtype=np.int64)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the file and give its flows: fast at the first call, carefully after that.

        A file in which a key stands twice is read carefully two times: the second knows of which rows to drop.
        """
        try:
            yield from self._slow() if self._careful else self._fast()
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
            if set(header) != set(COLUMNS):
                # Only in a column that is not converted could a quoted text run over several lines unnoticed.
                raise _NotAsExpected
            plain = _Plain(rest)
            reader = self._reader(header, plain)
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                except pa.ArrowInvalid as problem:
                    raise _NotAsExpected from problem
                if plain.has_x:
                    raise _NotAsExpected
                columns = self._columns(batch)
                keys.append(pack_keys(columns))
                self.accounting.read += len(columns)
                yield _record_batch(columns)
        if keys and repeated(np.concatenate(keys)):
            raise _NotAsExpected

    def _slow(self) -> Iterator[pa.RecordBatch]:
        keys = []
        with self.open() as stream:
            read = read_carefully(stream, self.place, self.year, self.known, self.accounting, self._twice)
            for columns in read:
                keys.append(pack_keys(columns))
                yield _record_batch(columns)
        packed = np.concatenate(keys) if keys else np.zeros(0, dtype=np.int64)
        if repeated(packed):
            self._twice = np.unique(packed[1:][packed[1:] == packed[:-1]])
            raise _NotAsExpected

    def _reader(self, header: list[str], rest: io.RawIOBase) -> csv.CSVStreamingReader:
        types = dict.fromkeys(COLUMNS, pa.int32()) | dict.fromkeys(("v", "q"), pa.float64())
        types["k"] = pa.dictionary(pa.int32(), pa.string())
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
        t, i, j = (batch.column(name).to_numpy() for name in ("t", "i", "j"))
        k = _product_codes(batch.column("k"))
        v, q = batch.column("v").to_numpy(), batch.column("q").to_numpy(zero_copy_only=False)
        size = len(self.known)
        in_table = (i >= 0) & (i < size) & (j >= 0) & (j < size)
        if not (
            (t == self.year).all()
            and (k >= LOWEST_PRODUCT).all()
            and in_table.all()
            and self.known[i].all()
            and self.known[j].all()
            and (i != j).all()
            and (v >= LEAST_VALUE_KUSD).all()
            and (v <= MOST_VALUE_KUSD).all()
        ):
            raise _NotAsExpected
        missing = batch.column("q").is_null().to_numpy(zero_copy_only=False)
        if not ((q >= 0) & (q <= MOST_QUANTITY_T) | missing).all():
            raise _NotAsExpected
        return Columns(self.year, i, j, k, v, q)


def _product_codes(encoded: pa.DictionaryArray) -> NDArray[np.int32]:
    """Turn the texts of product codes into numbers."""
    texts = pc.utf8_trim_whitespace(encoded.dictionary)
    if not pc.all(pc.match_substring_regex(texts, PRODUCT), min_count=0).as_py():
        raise _NotAsExpected
    numbers: NDArray[np.int32] = texts.cast(pa.int32()).to_numpy()
    return numbers[encoded.indices.to_numpy()]


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
