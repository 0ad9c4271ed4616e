"""The source ``comtrade``; see :class:`reeassets.trade.contract.Source`."""

import hashlib
import json
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file, digests
from reeassets.trade.comtrade.cache import Cache, Entry
from reeassets.trade.comtrade.client import Client
from reeassets.trade.comtrade.mirror import ComtradeAccounting, reconcile
from reeassets.trade.comtrade.options import ComtradeOptions
from reeassets.trade.comtrade.request import Request, requests_of_year
from reeassets.trade.contract import SourceError
from reeassets.trade.nomenclature import COUNTRY_TABLE, nomenclature, read_country_table
from reeassets.trade.schema import PRODUCT_COVERAGE
from reeassets.years import format_years


class ComtradeSource:
    """UN Comtrade's reports of the products of a list, reconciled; see :class:`reeassets.trade.contract.Source`.

    Countries are those of BACI's table, whose codes are Comtrade's own; another code is rejected and counted.

    Parameters
    ----------
    options : ComtradeOptions
        What to ask, and how.
    client : Client, optional
        Who asks; by default one that is made from the options.

    Raises
    ------
    SourceError
        If the nomenclature does not have all of the products.
    """

    name = "comtrade"
    basis = "set only"

    def __init__(self, options: ComtradeOptions, client: Client | None = None):
        unknown = sorted(set(options.products) - set(nomenclature(options.nomenclature)["product"]))
        if unknown:
            raise SourceError(f"{options.nomenclature} has no product {', '.join(unknown)}")
        self._options = options
        self._cache = Cache(options.cache)
        self._client = client or Client(options)
        self.version = f"downloaded from {self._cache.begun[:10]}"
        self.nomenclature = options.nomenclature
        self.notes = (
            f"UN Comtrade, {len(options.products)} products in {options.nomenclature}, reports of importers, those "
            f"with freight and insurance (CIF) divided by {1 + options.cif_margin:g}, else of exporters; not BACI's "
            "reconciliation."
        )

    def years(self) -> tuple[int, ...]:
        """Return the configured years that Comtrade can have; whether anybody reported shows when one is read."""
        return self._options.offered_years

    def identity(self, year: int | None) -> dict[str, str]:
        """Return the digest of what is asked and of the download it belongs to, or of the country table.

        Known before anything is downloaded. Answers stay as they are until the folder of the cache is removed, and then
        the download is another one, so that equal identities mean equal input.
        """
        table = bundled_file(COUNTRY_TABLE)
        if year is None:
            return digests([table])
        options = self._options
        asked = [options.classification, year, sorted(options.products), options.cif_margin, self._cache.begun]
        text = json.dumps([*asked, digests([table])], sort_keys=True)
        return {f"UN Comtrade {options.classification} {year}": hashlib.sha256(text.encode()).hexdigest()}

    def digests(self, year: int | None) -> dict[str, str]:
        """Return the digests of the answers of a year, after asking for what is not in the cache, or as `identity`.

        Raises
        ------
        SourceError
            As :meth:`ComtradeYear.batches`.
        """
        if year is None:
            return self.identity(None)
        return {f"comtrade/answers/{answer}.parquet": answer for answer in self.open_year(year).answers()}

    def countries(self) -> pd.DataFrame:
        """Return BACI's country table."""
        return read_country_table(bundled_file(COUNTRY_TABLE))

    def coverage(self) -> pd.DataFrame:
        """Return nothing: every flow is there, in the source's nomenclature."""
        return PRODUCT_COVERAGE.empty()

    def open_year(self, year: int) -> "ComtradeYear":
        """Open a year; what of it is not in the cache is downloaded when its batches are read."""
        if year not in self.years():
            raise SourceError(
                f"UN Comtrade is not asked for {year} in {self.nomenclature}; it is for {format_years(self.years())}"
            )
        countries = tuple(sorted(self.countries()["country_code"].tolist()))
        return ComtradeYear(self._options, self._client, self._cache, year, countries)


def open_comtrade(settings: Settings) -> ComtradeSource:
    """Open the source of a home; see :class:`reeassets.trade.contract.SourceFactory`."""
    return ComtradeSource(ComtradeOptions.from_settings(settings))


class ComtradeYear:
    """A year of the source; see :class:`reeassets.trade.contract.YearReader`."""

    def __init__(self, options: ComtradeOptions, client: Client, cache: Cache, year: int, countries: tuple[int, ...]):
        self._options = options
        self._client = client
        self._cache = cache
        self._year = year
        self._countries = countries
        self.accounting = ComtradeAccounting(place=f"UN Comtrade {options.classification} {year}")

    def answers(self) -> list[str]:
        """Return the digests of the answers that make up the year, after asking for what is not in the cache."""
        options = self._options
        requests = requests_of_year(
            options.classification,
            self._year,
            self._countries,
            options.products,
            options.reporters_per_request,
            options.products_per_request,
        )
        return [answer for request in requests for answer in self._answers_to(request)]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the whole year, after asking for what is not in the cache.

        Raises
        ------
        SourceError
            If UN Comtrade cannot be asked, if nobody reported, or if a file of the cache is damaged.
        """
        options = self._options
        answers = self.answers()
        reports = pa.concat_tables([self._cache.read(answer) for answer in answers])
        if reports.num_rows == 0:
            raise SourceError(f"{self.accounting.place}: no country reported anything of the products asked for")
        self.accounting.place += f", {len(answers)} answers"
        flows = reconcile(
            reports.to_pandas(),
            year=self._year,
            classification=options.classification,
            products=options.products,
            countries=self._countries,
            cif_margin=options.cif_margin,
            accounting=self.accounting,
        )
        yield from flows.combine_chunks().to_batches()

    def _answers_to(self, request: Request) -> Iterator[str]:
        """Give the digests of the answers to a request, asking what is not known, in parts where one does not do."""
        known = self._cache.find(request) or self._ask(request)
        if known.answer is not None:
            yield known.answer
            return
        parts = request.halves()
        if not parts:
            raise SourceError(
                f"{request}: {self._options.record_limit:,} records or more, the limit of one answer, and it cannot be "
                "asked in smaller parts; nothing of it is used"
            )
        for part in parts:
            yield from self._answers_to(part)

    def _ask(self, request: Request) -> Entry:
        """Ask a request unless somebody does: a year's table and the digests of its answers are wanted at once."""
        with self._cache.asking(request):
            return self._cache.find(request) or self._cache.keep(request, self._client.ask(request))
