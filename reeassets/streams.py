"""A table too large for a frame: the same rules as :class:`reeassets.tables.Table`, checked batch by batch.

The rules of a streamed table are bounds, legal values and patterns, so a column obeys them exactly if its smallest, its
largest and its distinct text values do. The key is checked on codes packed into one integer a row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reeassets.tables import Problem, SchemaViolation, Table


class StartOver(Exception):
    """Raised by batches that have to be read once more from the beginning; what they gave is to be forgotten."""


@dataclass
class Stream:
    """What a recipe returns instead of a frame.

    Attributes
    ----------
    batches : callable
        Returns the rows as an iterator of RecordBatch; columns as the table's, in its order. Called again after
        :class:`StartOver`.
    finish : callable
        Called after the last batch, before the file takes the old one's place: returns what the file remembers, or
        raises to keep the old file.
    """

    batches: Callable[[], Iterator[pa.RecordBatch]]
    finish: Callable[[], Mapping[str, Any]]


def _narrow(codes: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return whole numbers in two bytes each where they fit: eleven million rows of a key are kept until the end."""
    small = np.iinfo(np.int16)
    fits = len(codes) == 0 or (codes.min() >= small.min and codes.max() <= small.max)
    return codes.astype(np.int16 if fits else np.int32, copy=True)


class StreamCheck:
    """Checks the rules of a table on batches.

    Parameters
    ----------
    table : Table
        Whose rules.
    """

    def __init__(self, table: Table):
        self._table = table
        self._rows = 0
        self._nulls = dict.fromkeys(table.columns, 0)
        self._ends: dict[str, tuple[float, float]] = {}
        self._codes: dict[str, dict[Any, int]] = {name: {} for name in table.columns if table.dtype(name) == "str"}
        self._keys: dict[str, list[NDArray[np.integer]]] = {name: [] for name in table.key}

    @property
    def rows(self) -> int:
        """Number of rows seen."""
        return self._rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Take note of a batch.

        Raises
        ------
        SchemaViolation
            If its columns are not the table's.
        """
        if batch.schema.names != list(self._table.columns):
            told = f"columns {', '.join(batch.schema.names)} instead of {', '.join(self._table.columns)}"
            raise SchemaViolation(self._table.name, [Problem("", told, 1)])
        self._rows += batch.num_rows
        for name in self._table.columns:
            values = batch.column(name)
            self._nulls[name] += values.null_count
            codes = self._encode(name, values) if name in self._codes else self._bound(name, values)
            if name in self._keys and codes is not None:
                self._keys[name].append(codes)

    def _encode(self, name: str, values: pa.Array) -> NDArray[np.integer] | None:
        """Give numbers to the distinct texts of a column over all batches."""
        encoded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
        known = self._codes[name]
        places = [known.setdefault(text, len(known)) for text in encoded.dictionary.to_pylist()]
        if name not in self._keys or values.null_count:
            return None
        return _narrow(np.asarray(places, dtype=np.int32)[encoded.indices.to_numpy(zero_copy_only=False)])

    def _bound(self, name: str, values: pa.Array) -> NDArray[np.integer] | None:
        """Move the ends of a column."""
        if len(values) > values.null_count:
            found = pc.min_max(values).as_py()
            low, high = self._ends.get(name, (found["min"], found["max"]))
            self._ends[name] = (min(low, found["min"]), max(high, found["max"]))
            if pa.types.is_floating(values.type) and pc.any(pc.is_nan(values)).as_py():
                # A NaN inside Arrow data is a value, not a missing one; min and max pass it over.
                self._nulls[name] += int(pc.sum(pc.is_nan(values)).as_py())
        if name not in self._keys or values.null_count:
            return None
        return _narrow(values.to_numpy(zero_copy_only=False))

    def problems(self) -> list[Problem]:
        """Return every broken rule."""
        found = [
            Problem(name, "not_nullable", count)
            for name, count in self._nulls.items()
            if count and not self._table.columns[name].nullable
        ]
        for name, of in self._table.columns.items():
            values = self._codes[name] if name in self._codes else self._ends.get(name, ())
            frame = pd.DataFrame({name: pd.Series([value for value in values if value is not None])})
            alone = Table(self._table.stage, self._table.name, "", {name: of}, (name,))
            try:
                alone.check(frame.drop_duplicates().astype({name: self._table.dtype(name)}))
            except SchemaViolation as violation:
                found += violation.problems
        repeated = self._repeated_keys()
        if repeated:
            found.append(Problem("key", f"({', '.join(self._table.key)}) is unique", repeated))
        return found

    def _repeated_keys(self) -> int:
        """Count the rows whose key another row has."""
        packed = np.zeros(self._rows, dtype=np.int64)
        span = 1
        for name, parts in self._keys.items():
            codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
            self._keys[name] = []
            if len(codes) != self._rows or not self._rows:
                return 0  # a missing value in a key is reported already
            low, high = int(codes.min()), int(codes.max())
            width = high - low + 1
            if span * width >= 2**62:
                raise OverflowError(f"table {self._table.name}: its key does not fit into 62 bits")
            packed *= width
            packed += codes
            packed -= low
            span *= width
        packed.sort()
        return int(np.count_nonzero(packed[1:] == packed[:-1]))
