"""The columns of a year while it is being read, and the rules that both readers share."""

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reeassets.trade.contract import SourceError

COLUMNS = ("t", "i", "j", "k", "v", "q")
# Leading zeros are often lost, so that five digits are a product of chapters 01 to 09; what has fewer is a heading or a
# chapter, the sum of products that may stand beside it.
LOWEST_PRODUCT, HIGHEST_PRODUCT = 10_000, 999_999
HIGHEST_COUNTRY = 2**20 - 1
# Read as text: as numbers, 0850511 and 0x1A would be codes, too.
PRODUCT = r"^[0-9]{1,6}$"
_LONGEST_HEADER = 4096
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x1f\x8b": "gzip", b"PK\x03\x04": "a zip archive"}


@dataclass
class Columns:
    """Flows of a year as arrays of equal length.

    Attributes
    ----------
    year : int
        The year.
    exporter, importer, product : ndarray of int32
        Codes.
    value : ndarray
        Thousand current US$.
    quantity : ndarray
        Tons; NaN where there is none.
    """

    year: int
    exporter: NDArray[np.int32]
    importer: NDArray[np.int32]
    product: NDArray[np.int32]
    value: NDArray[np.float64]
    quantity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    def _arrays(self) -> list[NDArray]:
        return [self.exporter, self.importer, self.product, self.value, self.quantity]

    def where(self, keep: NDArray[np.bool_]) -> "Columns":
        """Return the rows that ``keep`` marks."""
        return Columns(self.year, *(array[keep] for array in self._arrays()))


def pack_keys(columns: Columns) -> NDArray[np.int64]:
    """Pack exporter, importer and product of each row into one integer; countries are at most `HIGHEST_COUNTRY`."""
    packed: NDArray[np.int64] = columns.exporter.astype(np.int64)
    packed <<= 20
    packed |= columns.importer
    packed *= HIGHEST_PRODUCT + 1
    packed += columns.product
    return packed


def repeated(packed: NDArray[np.int64]) -> bool:
    """Return whether a key stands twice; sorts ``packed`` in place."""
    packed.sort()
    return bool((packed[1:] == packed[:-1]).any())


def header_of(stream: io.RawIOBase | io.BufferedReader, place: str) -> tuple[list[str], io.RawIOBase]:
    """Read the header of a year's file.

    Parameters
    ----------
    stream : binary file
        At its beginning.
    place : str
        The file, for messages.

    Returns
    -------
    names : list of str
        Column names, as they stand.
    rest : binary file
        What follows the header.

    Raises
    ------
    SourceError
        If the file is empty, is not text in UTF-8, or a column is missing.
    """
    begin = stream.read(_LONGEST_HEADER) or b""
    if not begin:
        raise SourceError(f"{place}: the file is empty")
    for mark, kind in _MARKS.items():
        if begin.startswith(mark):
            raise SourceError(f"{place}, line 1: this is {kind}, not plain text in UTF-8")
    line, newline, after = begin.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    try:
        if b"\r" in line.rstrip(b"\r"):
            raise SourceError(f"{place}, line 1: the lines do not end with a line feed; a BACI file's do")
        names = next(csv.reader([line.decode("utf-8").rstrip("\r")]), [])
    except (UnicodeDecodeError, csv.Error) as problem:
        raise SourceError(f"{place}, line 1: the header is not text in UTF-8 ({problem})") from problem
    names = [name.strip().lower() for name in names]
    missing = [name for name in COLUMNS if name not in names]
    if missing or any(names.count(name) > 1 for name in COLUMNS):
        told = ", ".join(name[:40] for name in names[:12]) or "nothing"
        wanted = ", ".join(COLUMNS)
        raise SourceError(f"{place}, line 1: the header has {told}; a BACI file has the columns {wanted}, once each")
    return names, _Rest(after if newline else b"", stream)


class _Rest(io.RawIOBase):
    """What was read ahead, and then the rest of the stream."""

    def __init__(self, ahead: bytes, stream: io.RawIOBase | io.BufferedReader):
        self._ahead, self._stream = ahead, stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._ahead:
            part = self._ahead if size < 0 else self._ahead[:size]
            self._ahead = self._ahead[len(part) :]
            return part if size >= 0 else part + (self._stream.read() or b"")
        return self._stream.read(size) or b""
