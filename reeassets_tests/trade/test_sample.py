"""The sample against figures transcribed from elsewhere."""

import pandas as pd
import pyarrow as pa
import pytest

from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file
from reeassets.trade.contract import SourceError
from reeassets.trade.sample import SampleSource
from reeassets.trade.schema import PRODUCT_COVERAGE
from reeassets.trade.sources import require_years

CHINA = 156
SETTINGS = Settings()


@pytest.fixture(scope="module")
def flows():
    source = SampleSource(SETTINGS)
    batches = [batch for year in source.years() for batch in source.open_year(year).batches()]
    return pa.Table.from_batches(batches).to_pandas()


@pytest.fixture(scope="module")
def magnets(flows):
    return flows[flows["product"] == "850511"]


@pytest.fixture(scope="module")
def world_series():
    return pd.read_csv(bundled_file("baci_ree_world_series_2002_2024.csv"), dtype={"k": "str"})


@pytest.fixture(scope="module")
def series(world_series):
    return world_series[world_series["k"] == "850511"].set_index("t")


@pytest.mark.parametrize(("product", "least", "most"), [("280530", 0.973, 1.065), ("284690", 0.947, 1.026)])
def test_world_trade_in_metals_and_compounds_is_that_of_the_published_series(flows, world_series, product, least, most):
    value = flows[flows["product"] == product].groupby("year")["value_kusd"].sum()
    ratio = 1000 * value / world_series[world_series["k"] == product].set_index("t")["world_usd"]
    # The year that the source's notes mark.
    odd = ratio.pop(2012) if product == "280530" else None
    assert ratio.round(3).between(least, most).all()
    assert odd is None or odd == pytest.approx(1.156, abs=0.001)


def test_a_rare_earth_product_has_all_flows_with_taiwan_and_quantities(flows):
    rare = flows[flows["product"].isin(["280530", "284610", "284690"])]
    assert len(rare) == 47_785
    assert rare["quantity_t"].notna().mean() > 0.94
    assert 490 in set(rare.loc[rare["year"] == 2002, "importer_code"])


def test_what_is_said_of_each_product_is_so(flows):
    table = PRODUCT_COVERAGE.check(SampleSource(SETTINGS).coverage()).set_index("product")
    assert set(table.index) == set(flows["product"])
    assert set(table.index[table["flows"] == "complete"]) == {"280530", "284610", "284690"}
    taiwan = flows[flows["exporter_code"].eq(490) | flows["importer_code"].eq(490)].groupby("product")["year"].min()
    assert (taiwan >= table["taiwan_from"]).all()
    # All but a product in which Taiwan hardly trades.
    assert (taiwan == table["taiwan_from"]).sum() >= 30
    # Cut off: at most six flows a country, so that a country's six largest are all there is of small ones.
    cut = flows[flows["product"].isin(table.index[table["flows"] == "cut"]) & (flows["year"] == 2010)]
    assert len(cut) / cut.groupby("product")["importer_code"].nunique().sum() < 8
    assert "2012" in table.loc["280530", "note"]


def test_no_flow_stands_twice(flows):
    assert not flows.duplicated(["year", "exporter_code", "importer_code", "product"]).any()


def test_unit_values_of_compounds_have_the_spike_of_2011(flows):
    compounds = flows[(flows["product"] == "284690") & flows["quantity_t"].notna()].groupby("year")
    unit = compounds["value_kusd"].sum() / compounds["quantity_t"].sum()
    assert unit.idxmax() == 2011
    assert unit[2011] > 4 * unit[2009]
    assert unit[2011] > 3 * unit[2014]


def test_myanmar_has_become_a_supplier_of_compounds(flows):
    value = flows[flows["product"] == "284690"].groupby(["year", "exporter_code"])["value_kusd"].sum()
    share = value / value.groupby("year").sum()
    assert share.get((2012, 104), 0.0) < 0.01
    assert share[2023, 104] > 0.25


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
