"""The bundled sample: real BACI flows of 30 critical-material products, 2002-2024.

Truncated by its origin to the six largest flows per importer and per exporter; ``data/SOURCES.md`` says what that
keeps.
"""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from reeassets.settings import format_years
from reeassets.trade.bundled import bundled_file
from reeassets.trade.contract import SourceError
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

    def __init__(self, data: Path | None):
        if data is not None:
            raise SourceError(f"the sample brings its own data and reads no other file; {data} was given")
        self._path = bundled_file(SAMPLE_FILE)

    def years(self) -> tuple[int, ...]:
        """Return the years the sample has."""
        column = pq.read_table(self._path, columns=["t"])["t"]
        return tuple(sorted(column.unique().to_pylist()))

    def files(self) -> list[Path]:
        """Return the sample's files."""
        return [self._path, bundled_file(COUNTRY_TABLE)]

    def countries(self) -> pd.DataFrame:
        """Return BACI's country table."""
        return read_country_table(bundled_file(COUNTRY_TABLE))

    def raw_trade(self, year: int) -> pd.DataFrame:
        """Return the sample's flows of a year."""
        flows = pd.read_parquet(self._path, filters=[("t", "=", year)])
        if flows.empty:
            raise SourceError(f"{self._path.name} has no year {year}; it has {format_years(self.years())}")
        return pd.DataFrame(
            {
                "year": flows["t"],
                "exporter_code": flows["i"],
                "importer_code": flows["j"],
                "product": flows["k"].astype("str").str.zfill(6),
                "value_kusd": flows["v"],
                "quantity_t": flows["q"],
            }
        )
