"""Source ``baci``: a release of CEPII BACI, or a generated world in the same format."""

import hashlib
from functools import cached_property

import numpy as np
import pandas as pd

from reeassets.settings import Settings
from reeassets.trade.baci.archive import base_name, open_files
from reeassets.trade.baci.countries import read_countries
from reeassets.trade.baci.inbox import open_inbox, reads_inbox
from reeassets.trade.baci.parse import YearParser
from reeassets.trade.baci.release import recognise
from reeassets.trade.bundled import bundled_file, digests
from reeassets.trade.contract import GENERATED, SourceError
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table
from reeassets.trade.schema import PRODUCT_COVERAGE
from reeassets.years import format_years

_README_BYTES = 4096
_COUNTRIES_BYTES = 1 << 20


def _bundled_digests() -> dict[str, str]:
    # An archive's own table has the same name in the release that the bundled one is of.
    return {f"bundled {name}": digest for name, digest in digests([bundled_file(COUNTRY_TABLE)]).items()}


class BaciSource:
    """See :class:`reeassets.trade.contract.Source`."""

    name = "baci"
    basis = "whole nomenclature"

    def __init__(self, settings: Settings):
        if reads_inbox(settings):
            self._files = open_inbox(settings.inbox_folder, settings.inbox_rest).files
        else:
            assert settings.data is not None
            self._files = open_files(settings.data)
        self._release = recognise(str(self._files.place), self._files.names)
        self.nomenclature = self._release.nomenclature
        generated = self._generated()
        self.version = f"{GENERATED} {generated}" if generated else f"CEPII BACI {self._release.version}"
        self.notes = (
            f"{GENERATED} data, not real trade: {generated}"
            if generated
            else f"CEPII BACI (Gaulier & Zignago 2010), {self.nomenclature}, version {self._release.version}, "
            "Etalab Open Licence 2.0. Totals are over the whole nomenclature."
        )

    def _generated(self) -> str | None:
        """Return what a generated archive says of itself, in its comment or the first line of its readme."""
        told = [self._files.comment.splitlines()[0]] if self._files.comment.strip() else []
        if self._release.readme:
            with self._files.open(self._release.readme) as stream:
                begin = (stream.read(_README_BYTES) or b"").decode("utf-8", errors="replace").strip()
            told += begin.splitlines()[:1]
        for line in told:
            if line.startswith(GENERATED):
                return line.removeprefix(GENERATED).strip(" :-.")
        return None

    def years(self) -> tuple[int, ...]:
        """Return the years that have a file."""
        return tuple(self._release.years)

    def identity(self, year: int | None) -> dict[str, str]:
        """Return what tells a year's file and the country codes it is read with, or the country tables, from others."""
        if year is not None:
            name = self._file(year)
            codes = ",".join(map(str, sorted(self._countries["country_code"])))
            known = hashlib.sha256(codes.encode()).hexdigest()
            return {base_name(name): self._files.identity(name), "country codes": f"sha256 {known}"}
        table = self._release.countries
        own = {base_name(table): self._files.identity(table)} if table else {}
        return own | _bundled_digests()

    def digests(self, year: int | None) -> dict[str, str]:
        """Return the SHA-256 of the files or the archive that a year, or the country table, is read from."""
        table = self._release.countries
        own = self._files.digest(table) if table else {}
        flows = self._files.digest(self._file(year)) if year is not None else {}
        return flows | own | _bundled_digests()

    def _file(self, year: int) -> str:
        if year not in self._release.years:
            raise SourceError(f"{self._files.place}: no file for {year}; it has {format_years(self.years())}")
        return self._release.years[year]

    @cached_property
    def _countries(self) -> pd.DataFrame:
        bundled = read_country_table(bundled_file(COUNTRY_TABLE))
        if self._release.countries is None:
            return bundled
        with self._files.open(self._release.countries) as stream:
            content = stream.read(_COUNTRIES_BYTES) or b""
            if stream.read(1):
                raise SourceError(f"{self._place(self._release.countries)}: too large for a country table")
        return read_countries(content, self._place(self._release.countries), bundled)

    def _place(self, name: str) -> str:
        return name if self._files.place.is_dir() else f"{self._files.place.name}, {name}"

    def countries(self) -> pd.DataFrame:
        """Return the archive's country table, with the bundled one behind it for codes it lacks."""
        return self._countries

    def coverage(self) -> pd.DataFrame:
        """Return nothing: every flow is there, in the source's nomenclature."""
        return PRODUCT_COVERAGE.empty()

    def open_year(self, year: int) -> YearParser:
        """Open a year's file."""
        name = self._file(year)
        codes = self._countries["country_code"].to_numpy()
        known = np.zeros(int(codes.max()) + 1, dtype=bool)
        known[codes] = True
        return YearParser(self._place(name), year, lambda: self._files.open(name), known)
