"""What the source ``comtrade`` needs to know: the products asked for, their nomenclature, and how to ask."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from reeassets import plugins
from reeassets.settings import Settings
from reeassets.trade.contract import SourceError

# Comtrade's name of each revision, and the first year that is reported in it: Comtrade converts reports to older
# revisions, never to newer ones.
CLASSIFICATIONS = {"HS92": "H0", "HS96": "H1", "HS02": "H2", "HS07": "H3", "HS12": "H4", "HS17": "H5", "HS22": "H6"}
FIRST_YEARS = {"HS92": 1988, "HS96": 1996, "HS02": 2002, "HS07": 2007, "HS12": 2012, "HS17": 2017, "HS22": 2022}


@runtime_checkable
class WrittenIn(Protocol):
    """What a request has to know of a product set."""

    nomenclature: str


@dataclass(frozen=True)
class ComtradeOptions:
    """How UN Comtrade is asked.

    Attributes
    ----------
    cache : Path
        Folder that keeps every answer.
    products : tuple of str
        Six-digit codes to ask for.
    nomenclature : str
        Revision of the Harmonized System they are written in, e.g. ``HS17``.
    years : tuple of int
        Years to offer; those before the revision are left out.
    cif_margin : float
        Cost of freight and insurance as a share of the value at the exporter's border; a report that includes them
        (CIF) and has no value without them (FOB) is divided by one plus this. 0.08 is this project's choice, of the
        order of magnitude found in the literature; it is one number for all pairs and products, where BACI (Gaulier &
        Zignago 2010) estimates one for each.
    record_limit : int
        Records that one answer may have; 100,000 with a free subscription.
    reporters_per_request, products_per_request : int
        Size of a request. An address may have 4,096 characters, and these stay far below.
    attempts : int
        How often one request is sent at most.
    backoff_s, max_wait_s : float
        Seconds before the second attempt, doubled before each further one; and the longest wait between two attempts,
        also if the server asks for a longer one.
    proxy : str, optional
        Address of an HTTP proxy.
    base_url : str
        Where the service is.
    """

    cache: Path
    products: tuple[str, ...]
    nomenclature: str
    years: tuple[int, ...]
    cif_margin: float = 0.08
    record_limit: int = 100_000
    reporters_per_request: int = 120
    products_per_request: int = 60
    attempts: int = 5
    backoff_s: float = 2.0
    max_wait_s: float = 300.0
    proxy: str | None = None
    base_url: str = "https://comtradeapi.un.org"

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        if self.nomenclature not in CLASSIFICATIONS:
            raise SourceError(
                f"UN Comtrade has no revision {self.nomenclature!r}; it has {', '.join(sorted(CLASSIFICATIONS))}"
            )
        if not self.products:
            raise SourceError("no product to ask UN Comtrade for")
        if self.cif_margin < 0:
            raise SourceError(f"the CIF margin is {self.cif_margin}; it cannot be negative")
        least = min(self.record_limit, self.reporters_per_request, self.products_per_request, self.attempts)
        if least < 1:
            raise SourceError("the record limit, the size of a request and the number of attempts must be at least 1")

    @property
    def classification(self) -> str:
        """Comtrade's name of the nomenclature, e.g. ``H5``."""
        return CLASSIFICATIONS[self.nomenclature]

    @property
    def offered_years(self) -> tuple[int, ...]:
        """Years of the settings that Comtrade can have in the nomenclature."""
        return tuple(sorted(year for year in self.years if year >= FIRST_YEARS[self.nomenclature]))

    @classmethod
    def from_settings(cls, settings: Settings) -> "ComtradeOptions":
        """Read the options of a home; the nomenclature is the product set's.

        Raises
        ------
        SourceError
            If ``data`` is not a list of products.
        PluginError
            If there is no such product set.
        """
        if settings.data is None:
            raise SourceError(
                "the source comtrade asks for the products of a list: set `data` to a text file with one six-digit "
                "code a line, the codes of the product set"
            )
        return cls(
            cache=settings.home / "cache" / "comtrade",
            products=read_products(settings.data),
            nomenclature=plugins.get("product_sets", settings.product_set, WrittenIn).nomenclature,
            years=settings.years,
            cif_margin=settings.comtrade_cif_margin,
            record_limit=settings.comtrade_record_limit,
            proxy=settings.comtrade_proxy,
        )


def read_products(path: Path) -> tuple[str, ...]:
    """Read a list of products: the first field of each line, without empty lines, ``#`` and the heading ``product``.

    Returns
    -------
    tuple of str
        The codes, ascending, each once.

    Raises
    ------
    SourceError
        If the file cannot be read, or a line begins with something else than six digits.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: the list of products cannot be read: {error}") from error
    codes = set()
    for number, line in enumerate(lines, start=1):
        code = re.split(r"[,;\t ]", line.strip(), maxsplit=1)[0].strip('"')
        if not code or code.startswith("#") or code == "product":
            continue
        if not re.fullmatch(r"[0-9]{6}", code):
            raise SourceError(f"{path}, line {number}: {code!r} is not a six-digit code")
        codes.add(code)
    return tuple(sorted(codes))
