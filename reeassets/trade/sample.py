"""The bundled sample: real BACI flows of 30 critical-material products, 2002-2024.

Truncated by its origin to the six largest flows per importer and per exporter; ``data/SOURCES.md`` says what that
keeps.
"""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reeassets.settings import Settings, format_years
from reeassets.trade.bundled import bundled_file, digests
from reeassets.trade.contract import RAW_SCHEMA, Accounting, SourceError
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table

SAMPLE_FILE = "baci_critical_materials_2002_2024.parquet"


class SampleSource:
    """Source ``sample``; see :class:`reeassets.trade.contract.Source`."""

    name = "sample"
    version = "CEPII BACI V202601, 30 critical materials, truncated"
    # HS02 codes until 2016 and HS17 from 2017 in the origin; all 30 codes exist in HS17, and 252800 only there.
    nomenclature = "HS17"
    basis = "set only"
    notes = (
        "Real CEPII BACI flows (V202601) of 30 critical-material codes, truncated by their origin to the six largest "
        "flows per importer and per exporter (about 98 % of value). Totals, and so RCA, are within the 30 codes. "
        "2002-2017 lack Taiwan and Namibia; 252800 before 2012 sums two codes."
    )

    def __init__(self, settings: Settings):
        if settings.data is not None:
            raise SourceError(f"the sample brings its own data and reads no other file; {settings.data} was given")
        self._path = bundled_file(SAMPLE_FILE)

    def years(self) -> tuple[int, ...]:
        """Return the years the sample has."""
        column = pq.read_table(self._path, columns=["t"])["t"]
        return tuple(sorted(column.unique().to_pylist()))

    def identity(self, year: int | None) -> dict[str, str]:
        """Return the digest of the sample's file (all years are in one), or of the country table."""
        return digests([bundled_file(COUNTRY_TABLE) if year is None else self._path])

    def digests(self, year: int | None) -> dict[str, str]:
        """Return the same: the sample is small."""
        return self.identity(year)

    def countries(self) -> pd.DataFrame:
        """Return BACI's country table."""
        return read_country_table(bundled_file(COUNTRY_TABLE))

    def open_year(self, year: int) -> "SampleYear":
        """Open the sample's flows of a year."""
        flows = pq.read_table(self._path, filters=[("t", "=", year)])
        if flows.num_rows == 0:
            raise SourceError(f"{self._path.name} has no year {year}; it has {format_years(self.years())}")
        return SampleYear(flows, self._path.name)


class SampleYear:
    """A year of the sample; see :class:`reeassets.trade.contract.YearReader`."""

    def __init__(self, flows: pa.Table, place: str):
        self._flows = flows
        self.accounting = Accounting(place=place)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the whole year: the origin has padded and checked it already."""
        columns = [self._flows[name] for name in ("t", "i", "j", "k", "v", "q")]
        columns[3] = pc.utf8_lpad(columns[3].cast(pa.string()), 6, "0")
        year = pa.Table.from_arrays(columns, names=RAW_SCHEMA.names).cast(RAW_SCHEMA)
        self.accounting.read += year.num_rows
        yield from year.combine_chunks().to_batches()
