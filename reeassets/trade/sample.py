"""The bundled sample: real BACI flows of three rare-earth products and of 30 critical materials, 2002-2024.

Two files of two origins, read as one source. What each holds, product by product, is in data/SOURCES.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file, digests, read_parquet
from reeassets.trade.contract import RAW_SCHEMA, Accounting, SourceError
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table
from reeassets.years import format_years


@dataclass(frozen=True)
class SampleFile:
    """One bundled file of flows.

    Attributes
    ----------
    name : str
        The file inside the bundled data.
    columns : tuple of str
        Its columns in the order of :data:`reeassets.trade.contract.RAW_SCHEMA`.
    revision, flows, taiwan_from
        Of all its products, as in the table ``product_coverage``.
    notes : dict of str to str
        What else to know of single products.
    """

    name: str
    columns: tuple[str, ...]
    revision: str
    flows: str
    taiwan_from: int
    notes: dict[str, str]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return bundled_file(self.name)

    def years(self) -> list[int]:
        """Return the years it has flows of, in any order."""
        return read_parquet(self.path, [self.columns[0]])[0].unique().to_pylist()

    def coverage(self) -> pd.DataFrame:
        """Return what it holds, product by product: rows of the table ``product_coverage``."""
        codes = pc.utf8_lpad(read_parquet(self.path, [self.columns[3]])[0].cast(pa.string()), 6, "0")
        products = sorted(codes.unique().to_pylist())
        table = pd.DataFrame({"product": products, "revision": self.revision, "flows": self.flows})
        return table.assign(taiwan_from=self.taiwan_from, note=[self.notes.get(product) for product in products])

    def flows_of(self, year: int) -> pa.Table:
        """Return the flows of a year in the columns of raw trade."""
        table = read_parquet(self.path, list(self.columns), [(self.columns[0], "=", year)])
        columns = [table[name] for name in self.columns]
        columns[3] = pc.utf8_lpad(columns[3].cast(pa.string()), 6, "0")
        return pa.Table.from_arrays(columns, names=RAW_SCHEMA.names).cast(RAW_SCHEMA)


RARE_EARTHS = SampleFile(
    name="baci_hs92_rare_earths_2002_2024.parquet",
    columns=("year", "exporter", "importer", "product", "value_kusd", "quantity_t"),
    revision="HS92",
    flows="complete",
    taiwan_from=2002,
    notes={
        "280530": "2012 is 16 % above the published world series, and China's share is 0.60 in place of 0.70: treat "
        "that year with care. US imports in 2022 and 2023 are half and a third of what the US reports.",
    },
)
CRITICAL_MATERIALS = SampleFile(
    name="baci_critical_materials_2002_2024.parquet",
    columns=("t", "i", "j", "k", "v", "q"),
    revision="HS02 until 2016, HS17 from 2017",
    flows="cut",
    taiwan_from=2018,
    notes={
        "252800": "Before 2012 it sums two codes.",
        "811292": "A basket: gallium, germanium, hafnium, indium, niobium, rhenium, vanadium.",
        "850511": "The six largest flows per importer and per exporter hold 93 % of world value.",
    },
)
FILES = (RARE_EARTHS, CRITICAL_MATERIALS)


class SampleSource:
    """Source ``sample``; see :class:`reeassets.trade.contract.Source`."""

    name = "sample"
    version = "CEPII BACI, 3 rare-earth products (HS92, all flows) and 30 critical materials (V202601, truncated)"
    # The three have the same number and meaning in HS92 and HS17. Of the 30, codes are HS02 until 2016 and HS17 from
    # 2017 in the origin; all exist in HS17, and 252800 only there.
    nomenclature = "HS17"
    basis = "set only"
    notes = (
        "Real CEPII BACI flows. Rare-earth metals and compounds (280530, 284610, 284690): HS 1992, all flows, Taiwan "
        "and Namibia included; 280530 in 2012 is 16 % above the published series, China's share 0.60 in place of 0.70: "
        "treat it with care. Permanent magnets (850511) and 29 other critical materials: V202601, HS 2002 until 2016 "
        "and HS 2017 from 2017, truncated by their origin to the six largest flows per importer and per exporter "
        "(about 98 % of value, 93 % of magnets); 2002-2017 lack Taiwan and Namibia, and 252800 before 2012 sums two "
        "codes."
    )

    def __init__(self, settings: Settings):
        if settings.data is not None:
            raise SourceError(f"the sample brings its own data and reads no other file; {settings.data} was given")

    @cached_property
    def _years(self) -> tuple[int, ...]:
        # A year counts only if every file has it: else a product would seem to vanish.
        return tuple(sorted(set.intersection(*(set(file.years()) for file in FILES))))

    def years(self) -> tuple[int, ...]:
        """Return the years the sample has."""
        return self._years

    def identity(self, year: int | None) -> dict[str, str]:
        """Return the digests of the sample's files (all years are in each), or of the country table."""
        return digests([bundled_file(COUNTRY_TABLE)] if year is None else [file.path for file in FILES])

    def digests(self, year: int | None) -> dict[str, str]:
        """Return the same: the sample is small."""
        return self.identity(year)

    def countries(self) -> pd.DataFrame:
        """Return BACI's country table."""
        return read_country_table(bundled_file(COUNTRY_TABLE))

    def coverage(self) -> pd.DataFrame:
        """Return what each file says of its products."""
        return pd.concat([file.coverage() for file in FILES], ignore_index=True).sort_values("product")

    def open_year(self, year: int) -> "SampleYear":
        """Open the sample's flows of a year."""
        if year not in self.years():
            raise SourceError(f"the sample has no year {year}; it has {format_years(self.years())}")
        return SampleYear(year)


class SampleYear:
    """A year of the sample; see :class:`reeassets.trade.contract.YearReader`."""

    def __init__(self, year: int):
        self._year = year
        self.accounting = Accounting(place=" and ".join(file.name for file in FILES))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the flows of the year, file by file: their origins have checked them already."""
        for file in FILES:
            flows = file.flows_of(self._year)
            self.accounting.read += flows.num_rows
            yield from flows.combine_chunks().to_batches()
