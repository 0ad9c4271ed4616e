"""The careful reader of a year's file: everything as text first, and a reason for every row that is not kept."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from reeassets.trade.baci.columns import COLUMNS, LOWEST_PRODUCT, PRODUCT, Columns, header_of, pack_keys
from reeassets.trade.contract import (
    EXAMPLES,
    LEAST_VALUE_KUSD,
    MOST_QUANTITY_T,
    MOST_VALUE_KUSD,
    Accounting,
    SourceError,
)

Mask = NDArray[np.bool_]
_BLOCK = 4 << 20
_WHOLE = r"^0*[0-9]{1,9}$"
_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_NO_NUMBER = ("nan", "inf", "+inf", "-inf", "infinity", "-infinity", "+infinity")
_NO_QUANTITY = ("", "na", "nan")
_FIELD = rb'(?:"(?:[^"\n]|"")*"|[^",\n]*)'
_STRAY_QUOTE = re.compile(rb"^(?!" + _FIELD + rb"(?:," + _FIELD + rb")*\r?$).*$", re.MULTILINE)


class _LineByLine(io.RawIOBase):
    """Passes a file on with every row ending at its line's end: a stray quote would swallow the lines behind it."""

    def __init__(self, stream: io.RawIOBase):
        self._stream, self._ready, self._begun = stream, b"", b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._ready) < size:
            more = self._stream.read(_BLOCK) or b""
            lines, newline, begun = (self._begun + more).rpartition(b"\n")
            # A line longer than a block is left to the parser, which refuses it.
            if not more or len(begun) > _BLOCK:
                lines, newline, begun = lines + newline + begun, b"", b""
            self._begun = begun
            if b'"' in lines:
                lines = _STRAY_QUOTE.sub(lambda line: line[0].replace(b'"', b"'"), lines)
            self._ready += lines + newline
            if not more:
                break
        whole = self._ready
        end = len(whole) if size < 0 else size
        self._ready = whole[end:]
        return whole[:end]


@dataclass
class _Lines:
    """Which line of the file a row stands on, when rows in between could not be split into columns."""

    broken: list[int] = field(default_factory=list)

    def of(self, row: int) -> int:
        """Return the line of a row; rows are counted from 0 over those that could be split."""
        line = row + 2
        for place in self.broken:
            if place > line:
                break
            line += 1
        return line


def read_carefully(
    stream: io.RawIOBase | io.BufferedReader,
    place: str,
    year: int,
    known: Mask,
    accounting: Accounting,
    twice: NDArray[np.int64],
) -> Iterator[Columns]:
    """Read a year's file block by block, and account for every row.

    Parameters
    ----------
    stream : binary file
        At its beginning.
    place : str
        The file, for messages.
    year : int
        The year its name says.
    known : ndarray of bool
        Whether a country code is in the country table, by code.
    accounting : Accounting
        Takes the counts, reasons and examples.
    twice : ndarray of int64
        Packed keys, ascending, that stand in more than one row: only the first of these rows is kept. Which they are
        shows when the file has been read, so the caller reads it again then.

    Returns
    -------
    iterator of Columns
        The rows that are kept, in the order of the file.

    Raises
    ------
    SourceError
        If the file cannot be read as text with a header.
    """
    header, rest = header_of(stream, place)
    lines = _Lines()

    def broken(row: csv.InvalidRow) -> str:
        line = row.number + 1 if row.number is not None else None
        if line is not None:
            lines.broken.append(line)
        if not row.text.strip():
            return "skip"
        accounting.read += 1
        told = f"{row.actual_columns} columns instead of {row.expected_columns}"
        accounting.reject(told, 1, [(line, row.text[:200])])
        return "skip"

    offset, seen = 0, np.zeros(len(twice), dtype=bool)
    try:
        for batch in _text_reader(rest, header, broken):
            judged = _judge(batch, year, known)
            keep = ~judged.blank
            accounting.read += int(keep.sum())
            for reason, bad in judged.reasons:
                _reject(accounting, reason, batch, bad & keep, lines, offset)
                keep &= ~bad
            again = _again(judged.columns, keep, twice, seen)
            _reject(accounting, "exporter, importer and product stand twice", batch, again, lines, offset)
            offset += batch.num_rows
            yield judged.columns.where(keep & ~again)
    except pa.ArrowInvalid as problem:
        if "straddling" in str(problem):
            raise SourceError(f"{place}: a line is longer than {_BLOCK:,} bytes; this is not a BACI file") from problem
        if "Empty CSV" not in str(problem):
            raise SourceError(f"{place}: cannot be read as CSV: {problem}") from problem


def _again(columns: Columns, keep: Mask, twice: NDArray[np.int64], seen: Mask) -> Mask:
    """Mark the rows whose key an earlier row has, and note in ``seen`` which of the keys have come."""
    again = np.zeros(len(columns), dtype=bool)
    if len(twice):
        rows = np.flatnonzero(keep)
        keys = pack_keys(columns.where(keep))
        at = np.minimum(np.searchsorted(twice, keys), len(twice) - 1)
        for row, place in zip(rows[twice[at] == keys], at[twice[at] == keys], strict=True):
            again[row] = seen[place]
            seen[place] = True
    return again


def _text_reader(
    rest: io.RawIOBase, header: list[str], broken: Callable[[csv.InvalidRow], str]
) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.PythonFile(_LineByLine(rest), mode="r"),
        # Lines are only numbered when one thread reads them.
        read_options=csv.ReadOptions(block_size=_BLOCK, column_names=header, use_threads=False),
        parse_options=csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=broken),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.binary()),
            include_columns=list(COLUMNS),
            strings_can_be_null=False,
        ),
    )


@dataclass
class _Judged:
    columns: Columns
    blank: Mask
    reasons: list[tuple[str, Mask]]


def _text(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column as trimmed text; bytes that are no text become a text that no rule accepts."""
    raw = batch.column(name)
    try:
        return pc.utf8_trim_whitespace(raw.cast(pa.string()))
    except pa.ArrowInvalid:
        return pa.array([value.decode("utf-8", errors="replace").strip() for value in raw.to_pylist()], pa.string())


def _matches(values: pa.Array, pattern: str) -> Mask:
    found: Mask = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
    return found


def _numbers(values: pa.Array, fits: Mask, dtype: pa.DataType, otherwise: float) -> NDArray:
    """Convert the values that fit; the others get a number that stands for none."""
    safe = pc.if_else(pa.array(fits), values, pa.scalar(str(otherwise)))
    return safe.cast(dtype).to_numpy(zero_copy_only=False)


def _judge(batch: pa.RecordBatch, year: int, known: Mask) -> _Judged:
    """Convert a batch of text, and mark for every reason the rows it rejects, the first reason first.

    A line without anything on it is no row; nor is one of blanks, which cannot be split and never comes here.
    """
    texts = {name: _text(batch, name) for name in COLUMNS}
    whole = {name: _matches(texts[name], _WHOLE) for name in ("t", "i", "j")}
    t, i, j = (_numbers(texts[name], whole[name], pa.int32(), 0) for name in ("t", "i", "j"))
    product_fits = _matches(texts["k"], PRODUCT)
    k = _numbers(texts["k"], product_fits, pa.int32(), 0)
    lower = pc.utf8_lower(texts["v"])
    value_fits = _matches(texts["v"], _DECIMAL)
    v = _numbers(texts["v"], value_fits, pa.float64(), 1)
    not_finite = pc.is_in(lower, pa.array(_NO_NUMBER)).to_numpy(zero_copy_only=False) | ~np.isfinite(v)
    q, quantity_fits = _quantity(texts["q"])
    reasons = [
        ("year is not a whole number", ~whole["t"]),
        ("year is not the file's", t != year),
        ("exporter is not a whole number", ~whole["i"]),
        ("importer is not a whole number", ~whole["j"]),
        ("exporter is not in the country table", ~_known(i, known)),
        ("importer is not in the country table", ~_known(j, known)),
        ("exporter and importer are the same", i == j),
        ("product code is not up to six digits", ~product_fits | (k <= 0)),
        ("product code is a heading or a chapter", k < LOWEST_PRODUCT),
        ("value is missing", pc.is_in(lower, pa.array(["", "na"])).to_numpy(zero_copy_only=False)),
        ("value is not finite", not_finite),
        ("value is not a number", ~value_fits),
        ("value is zero", v == 0),
        ("value is negative", v < 0),
        ("value is below 0.000001", v < LEAST_VALUE_KUSD),
        ("value is 10^12 or more", v > MOST_VALUE_KUSD),
        ("quantity is not a number", ~quantity_fits),
        ("quantity is negative or not finite", (q < 0) | np.isinf(q)),
        ("quantity is 10^12 or more", q > MOST_QUANTITY_T),
    ]
    blank = np.logical_and.reduce([pc.equal(texts[name], "").to_numpy(zero_copy_only=False) for name in COLUMNS])
    return _Judged(Columns(year, i, j, k, v, q), blank, reasons)


def _quantity(texts: pa.Array) -> tuple[NDArray[np.float64], Mask]:
    """Return quantities, NaN where there is none, and whether each can be read."""
    absent = pc.is_in(pc.utf8_lower(texts), pa.array(_NO_QUANTITY)).to_numpy(zero_copy_only=False)
    decimal = _matches(texts, _DECIMAL)
    quantity = _numbers(texts, decimal, pa.float64(), 0)
    return np.where(absent, np.nan, quantity), absent | decimal


def _known(codes: NDArray[np.int32], known: Mask) -> Mask:
    inside = (codes >= 0) & (codes < len(known))
    found: Mask = inside & known[np.where(inside, codes, 0)]
    return found


def _reject(accounting: Accounting, reason: str, batch: pa.RecordBatch, bad: Mask, lines: _Lines, offset: int) -> None:
    count = int(bad.sum())
    if not count:
        return
    examples: list[tuple[int | None, str]] = []
    for row in np.flatnonzero(bad)[:EXAMPLES]:
        texts = (batch.column(name)[int(row)].as_py().decode("utf-8", errors="replace") for name in COLUMNS)
        examples.append((lines.of(offset + int(row)), ",".join(text[:40] for text in texts)))
    accounting.reject(reason, count, examples)
