"""One question to UN Comtrade: which reporters, flow, year and products; and what the reports in an answer hold."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import pyarrow as pa

# Imports are asked for first, so that an interrupted year has the reports that take precedence.
FLOWS = ("M", "X")

# The columns of a report that are read, by the names of Comtrade; it sends about 45.
REPORT_SCHEMA = pa.schema(
    [
        pa.field("refYear", pa.int32()),
        pa.field("reporterCode", pa.int32()),
        pa.field("partnerCode", pa.int32()),
        pa.field("partner2Code", pa.int32()),
        pa.field("flowCode", pa.string()),
        pa.field("classificationCode", pa.string()),
        pa.field("classificationSearchCode", pa.string()),
        pa.field("cmdCode", pa.string()),
        pa.field("customsCode", pa.string()),
        pa.field("motCode", pa.int32()),
        pa.field("primaryValue", pa.float64()),
        pa.field("netWgt", pa.float64()),
        pa.field("fobvalue", pa.float64()),
        pa.field("cifvalue", pa.float64()),
    ]
)
# Where a service leaves these out, it says of no value whether freight and insurance are in it.
VALUATIONS = ("fobvalue", "cifvalue")


@dataclass(frozen=True)
class Request:
    """What one answer is about.

    Attributes
    ----------
    classification : str
        Comtrade's name of the nomenclature, e.g. ``H5``.
    year : int
        Calendar year.
    flow : str
        ``M`` for imports, ``X`` for exports.
    reporters : tuple of int
        Countries whose reports are asked for, by Comtrade's numeric code; all their partners are.
    products : tuple of str
        Six-digit codes.
    """

    classification: str
    year: int
    flow: str
    reporters: tuple[int, ...]
    products: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"UN Comtrade {self.classification} {self.year}, flow {self.flow}, {len(self.reporters)} reporter(s) from "
            f"{self.reporters[0]}, {len(self.products)} product(s) from {self.products[0]}"
        )

    @property
    def text(self) -> str:
        """The request as JSON, always the same for the same request."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of :attr:`text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def halves(self) -> tuple["Request", ...]:
        """Return two smaller requests that together ask the same, or nothing if it cannot be made smaller."""
        for name in ("products", "reporters"):
            values = getattr(self, name)
            if len(values) > 1:
                middle = len(values) // 2
                return replace(self, **{name: values[:middle]}), replace(self, **{name: values[middle:]})
        return ()


def requests_of_year(
    classification: str,
    year: int,
    reporters: tuple[int, ...],
    products: tuple[str, ...],
    reporters_per_request: int,
    products_per_request: int,
) -> Iterator[Request]:
    """Give the requests that together ask for a year, always in the same order."""
    for flow in FLOWS:
        for first in range(0, len(reporters), reporters_per_request):
            some = tuple(reporters[first : first + reporters_per_request])
            for start in range(0, len(products), products_per_request):
                yield Request(classification, year, flow, some, tuple(products[start : start + products_per_request]))
