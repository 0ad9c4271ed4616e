"""The sample against figures transcribed from elsewhere."""

import pandas as pd
import pyarrow as pa
import pytest

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file
from reeassets.trade.contract import SourceError
from reeassets.trade.sample import SampleSource
from reeassets.trade.sources import require_years

CHINA = 156
SETTINGS = Settings()


@pytest.fixture(scope="module")
def magnets():
    source = SampleSource(SETTINGS)
    flows = pa.Table.from_batches([batch for year in source.years() for batch in source.open_year(year).batches()])
    flows = flows.to_pandas()
    return flows[flows["product"] == "850511"]


@pytest.fixture(scope="module")
def series():
    table = pd.read_csv(bundled_file("baci_ree_world_series_2002_2024.csv"), dtype={"k": "str"})
    return table[table["k"] == "850511"].set_index("t")


def test_world_trade_in_magnets_is_at_most_eight_percent_below_the_full_data_and_never_above(magnets, series):
    ratio = 1000 * magnets.groupby("year")["value_kusd"].sum() / series["world_usd"]
    from_2007 = ratio.loc[2007:]
    assert len(from_2007) == 18
    assert from_2007.between(0.92, 1.0).all()


def test_chinas_share_is_within_five_points(magnets, series):
    world = magnets.groupby("year")["value_kusd"].sum()
    china = magnets[magnets["exporter_code"] == CHINA].groupby("year")["value_kusd"].sum()
    assert ((china / world) - series["china_export_share"]).abs().max() <= 0.05


def test_a_year_it_does_not_have_is_named():
    source = SampleSource(SETTINGS)
    with pytest.raises(SourceError, match=r"1999.*2002-2024"):
        source.open_year(1999)
    with pytest.raises(SourceError, match=r"2000-2001.*2002-2024"):
        require_years(source, (2000, 2001, 2002))


def test_it_reads_no_other_file(tmp_path):
    with pytest.raises(SourceError, match="brings its own"):
        SampleSource(Settings(home=tmp_path, data=tmp_path))


def test_every_row_is_accounted_for():
    reader = SampleSource(SETTINGS).open_year(2023)
    rows = sum(batch.num_rows for batch in reader.batches())
    assert (reader.accounting.read, reader.accounting.kept, reader.accounting.rejected) == (rows, rows, 0)
