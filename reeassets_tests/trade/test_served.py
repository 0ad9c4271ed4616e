"""A home that outlives its data: years that an earlier archive left on disk are not served."""

import json
from dataclasses import asdict, replace

import pytest
from typer.testing import CliRunner

from reeassets.cli import app
from reeassets.console.pair import chosen_year
from reeassets.networks import load
from reeassets.networks.schema import NETWORK_EDGES, PRODUCT_TIERS
from reeassets.platform.graph import Graph
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, Provenance, TableStore, record_of
from reeassets.trade.contract import SourceError
from reeassets.trade.schema import RAW_TRADE
from reeassets.trade.served import present_years

from .baci.archives import archive, year_name, year_text

OLD = Provenance("f", "baci", "CEPII BACI V202501", "HS07", "1", "c")
NEW = replace(OLD, source_version="CEPII BACI V202601")


def edges(year, product="850511"):
    flow = {"source_country": "CHN", "source_product": product, "target_country": "DEU", "target_product": product}
    return NETWORK_EDGES.empty().reindex([0]).assign(year=year, **flow, kind="trade", weight=1.0)


@pytest.fixture
def home(tmp_path):
    """A home with 2010 of a former archive, 2020 and 2021, of which the archive of now has these two."""
    rows = {year_name(year): year_text([f"{year},156,276,850511,1.0,NA"]) for year in (2020, 2021)}
    data = archive(tmp_path / "BACI_HS07_V202601.zip", rows)
    settings = Settings(home=tmp_path / "home", source="baci", data=data)
    settings.remember()
    store = TableStore(settings.tables_root)
    for year in (2010, 2020, 2021):
        store.write(RAW_TRADE, RAW_TRADE.empty(), NEW if year > 2010 else OLD, year)
        store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(year)), NEW if year > 2010 else OLD, year)
    numbers = {name: 0 for name in PRODUCT_TIERS.columns if PRODUCT_TIERS.dtype(name) != "str"}
    tier = PRODUCT_TIERS.empty().reindex([0]).assign(**numbers).assign(product="850511", stage="input")
    store.write(PRODUCT_TIERS, PRODUCT_TIERS.conform(tier), NEW)
    return settings.home


def test_a_year_of_a_former_archive_is_refused_with_the_years_there_are(home, tmp_path):
    assert load(2020, home).graph == {"year": 2020, "source": "CEPII BACI V202601"}
    with pytest.raises(MissingPartition, match=r"network_edges of 2010 is of earlier data.* there are: 2020-2021"):
        load(2010, home)
    with pytest.raises(MissingPartition, match=r"network_edges has not been made for 2015; the years there are: 2020"):
        load(2015, home)
    out = tmp_path / "n.graphml"
    result = CliRunner().invoke(app, ["graphml", "2010", str(out), "--home", str(home)])
    assert isinstance(result.exception, MissingPartition)
    assert not out.exists()


def test_a_year_whose_raw_trade_is_of_another_release_is_refused(home):
    store = TableStore(Settings(home=home).tables_root)
    store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(2021)), OLD, 2021)
    with pytest.raises(MissingPartition, match=r"is of baci, CEPII BACI V202501, HS07, and raw trade of .* are: 2020"):
        load(2021, home)
    # By default the last year that is served, whatever lies on disk.
    settings = Settings(home=home)
    assert chosen_year(settings, store, [NETWORK_EDGES], None) == 2020
    assert chosen_year(settings, store, [RAW_TRADE], None) == 2021
    assert chosen_year(settings, store, [RAW_TRADE, NETWORK_EDGES], None) == 2020
    with pytest.raises(MissingPartition, match="2010 is of earlier data"):
        chosen_year(settings, store, [RAW_TRADE], 2010)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"product_set": "ree168"}, "product_set ree168, and critical33 is set"),
        ({"economies": "eu27"}, "economies eu27, and countries is set"),
        ({"source": "sample"}, "source sample, and baci is set"),
    ],
)
def test_a_year_of_another_set_source_or_grouping_is_refused_until_it_is_made_again(home, made, told):
    store, settings = TableStore(Settings(home=home).tables_root), Settings(home=home)
    store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(2021)), replace(NEW, settings=made), 2021)
    with pytest.raises(MissingPartition, match=f"of 2021 is of {told}; `reeassets run` renews it; .* are: 2020$"):
        load(2021, home)
    assert chosen_year(settings, store, [NETWORK_EDGES], None) == 2020
    store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(2020)), replace(NEW, settings=made), 2020)
    with pytest.raises(MissingPartition, match=f"of 2021 is of {told}; `reeassets run` renews it"):
        chosen_year(settings, store, [NETWORK_EDGES], None)
    # What else is set changes nothing about what the table is of.
    store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(2021)), replace(NEW, settings={"link_seed": 1}), 2021)
    assert load(2021, home).number_of_edges() == 1


def test_edges_of_another_product_set_are_no_traceback(home):
    store = TableStore(Settings(home=home).tables_root)
    store.write(NETWORK_EDGES, NETWORK_EDGES.conform(edges(2021, "280530")), NEW, 2021)
    with pytest.raises(ValueError, match="of another product set than product_tiers, which lacks 280530"):
        load(2021, home)


def test_a_home_without_its_archive_has_the_years_of_its_last_finished_run(home):
    settings = Settings(home=home)
    settings.data.unlink()
    with pytest.raises(SourceError, match=r"cannot be told without its data: .*V202601.zip"):
        load(2020, home)
    record = record_of(settings.warehouse_file)
    record.parent.mkdir()
    record.write_text(json.dumps(asdict(replace(NEW, years="2020"))))
    assert load(2020, home).number_of_edges() == 1
    with pytest.raises(MissingPartition, match=r"2021 is of earlier data.* there are: 2020$"):
        load(2021, home)


def test_named_years_are_served_as_far_as_the_data_have_them(home):
    assert present_years(Settings(home=home, years="2010,2021")) == (2021,)
    assert present_years(Settings(home=home)) == (2020, 2021)


def test_only_what_depends_on_trade_or_on_a_set_names_it(home, tmp_path):
    def named(name, partition=None):
        made = Graph(Settings(home=home)).provenance(name, partition)
        return made.source_version, made.nomenclature, made.product_set_version

    assert named("product_votes") == ("", "", "")
    assert named("countries") == ("CEPII BACI V202601", "HS07", "")
    assert named("raw_trade", 2021) == ("CEPII BACI V202601", "HS07", "")
