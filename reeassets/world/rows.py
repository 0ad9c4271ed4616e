"""A year of a world as the text of CEPII's file: ``t,i,j,k,v,q``, three decimals, quantities sometimes blank."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

HEADER = b"t,i,j,k,v,q\n"
# Rows of a piece of text: large enough to be fast, small enough to keep memory flat.
_PIECE = 400_000
_BLANK = 0.05
_WEIGHT_SHOCK = np.float32(0.3)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class YearRows:
    """The flows of a year, sorted by (exporter, importer, product).

    Attributes
    ----------
    year : int
    starts : integer ndarray, shape (C + 1,)
        Where each exporter's rows begin.
    importer, product : integer ndarray, shape (n,)
        Positions among the world's countries and products.
    dollars : integer ndarray, shape (n,)
        Values; a row of 0 is not written.
    """

    year: int
    starts: Ints
    importer: NDArray[np.integer]
    product: NDArray[np.integer]
    dollars: Ints


@dataclass(frozen=True)
class Labels:
    """What positions are called in the file.

    Attributes
    ----------
    countries : ndarray of int16, shape (C,)
        BACI's numeric codes.
    products : Array of str, shape (K,)
        Six-digit codes.
    unit_value : ndarray of float32, shape (K,)
        Thousand US$ per tonne.
    """

    countries: NDArray[np.int16]
    products: pa.Array
    unit_value: NDArray[np.float32]


def merged(
    first: tuple[Ints, NDArray[np.integer], NDArray[np.integer], Ints],
    second: tuple[Ints, NDArray[np.integer], NDArray[np.integer], Ints],
    year: int,
    n_products: int,
) -> YearRows:
    """Merge two groups of rows into one sorted year.

    Parameters
    ----------
    first, second : tuple of (starts, importer, product, dollars)
        As in :class:`YearRows`, each sorted, with no row in common; ``first`` is the large one.
    year, n_products : int
        Year, and number of products of the world.
    """
    starts, places = first[0] + second[0], []
    for exporter in range(len(starts) - 1):
        mine, theirs = slice(*first[0][exporter : exporter + 2]), slice(*second[0][exporter : exporter + 2])
        key = first[1][mine].astype(np.int32) * n_products + first[2][mine]
        other = second[1][theirs].astype(np.int32) * n_products + second[2][theirs]
        places.append(first[0][exporter] + np.searchsorted(key, other))
    place = np.concatenate(places)
    importer, product, dollars = (
        np.insert(large, place, small) for large, small in zip(first[1:], second[1:], strict=True)
    )
    return YearRows(year, starts, importer, product, dollars)


def pieces(rows: YearRows) -> Iterator[tuple[int, int]]:
    """Cut a year into pieces of rows, by first and last position; always in the same way."""
    for start in range(0, len(rows.dollars), _PIECE):
        yield start, min(start + _PIECE, len(rows.dollars))


def text(rows: YearRows, start: int, stop: int, labels: Labels, seed: int) -> tuple[bytes, int]:
    """Write a piece of a year.

    Returns
    -------
    bytes
        Lines without a header.
    int
        Number of lines.
    """
    piece = slice(start, stop)
    present = rows.dollars[piece] > 0
    exporter = (np.searchsorted(rows.starts, np.arange(start, stop), side="right") - 1)[present]
    importer, product = rows.importer[piece][present], rows.product[piece][present].astype(np.int32)
    dollars = rows.dollars[piece][present]
    generator = np.random.default_rng([seed, 8, rows.year, start])
    weight = np.exp(_WEIGHT_SHOCK * generator.standard_normal(len(dollars), dtype=np.float32))
    # US$ over thousand US$ per tonne are kilograms, the third decimal of a tonne.
    kilograms = np.maximum(np.rint(dollars / labels.unit_value[product] * weight), 1).astype(np.int64)
    blank = generator.random(len(dollars), dtype=np.float32) < _BLANK
    columns = {
        "t": pa.array(np.full(len(dollars), rows.year, dtype=np.int16)),
        "i": pa.array(labels.countries[exporter]),
        "j": pa.array(labels.countries[importer]),
        "k": labels.products.take(pa.array(product)),
        "v": _thousandths(dollars),
        "q": _thousandths(kilograms, ~blank),
    }
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(pa.table(columns), sink, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    return sink.getvalue().to_pybytes(), len(dollars)


def _thousandths(values: Ints, known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Make decimals with three places of whole thousandths, without computing: only the type is another."""
    words = np.zeros((len(values), 2), dtype="<i8")
    words[:, 0] = values
    mask = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(18, 3), len(values), [mask, pa.py_buffer(words)])
