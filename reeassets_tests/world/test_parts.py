import networkx as nx
import numpy as np
import pytest

from reeassets.settings import STAGES
from reeassets.trade.nomenclature import nomenclature
from reeassets.world.background import Background
from reeassets.world.goods import draw_goods, other_products, set_links, set_products
from reeassets.world.partners import balance
from reeassets.world.places import ARCHETYPES, HUB, draw_places, living_countries
from reeassets.world.rows import merged


def test_the_set_is_168_known_products_with_a_stage():
    products = set_products()
    assert products["product"].is_unique
    assert set(products["product"]) <= set(nomenclature("HS07")["product"])
    assert products["stage"].value_counts().to_dict() == {"upstream": 10, "input": 89, "final": 69}


def test_links_are_a_graph_without_cycles_that_respects_the_stages_with_as_many_decoys_of_each_kind():
    links, stage = set_links(), set_products().set_index("product")["stage"]
    assert not links.duplicated(["input", "output"]).any()
    assert nx.is_directed_acyclic_graph(nx.from_pandas_edgelist(links, "input", "output", create_using=nx.DiGraph))
    kind = links["input"].map(stage) + ">" + links["output"].map(stage)
    assert kind[links["planted"]].value_counts().to_dict() == kind[~links["planted"]].value_counts().to_dict()
    assert set(kind) == {"upstream>input", "input>input", "input>final"}


def test_elasticities_of_an_output_are_as_strong_together_whatever_the_number_of_its_inputs():
    goods = draw_goods(1, 168, 0.8)
    assert np.sum(goods.loadings > 0) == 250
    together = np.sqrt((goods.loadings**2).sum(axis=0))
    assert np.allclose(together[together > 0], 0.8)
    assert (draw_goods(1, 168, 0.0).loadings == 0).all()


@pytest.mark.parametrize(
    ("count", "stages"), [(8, (3, 3, 2)), (60, (10, 25, 25)), (130, (10, 60, 60)), (168, (10, 89, 69))]
)
def test_a_part_of_the_set_has_as_equally_many_products_of_each_stage_as_there_are(count, stages):
    goods = draw_goods(3, count, 0.8)
    assert tuple((goods.stage == name).sum() for name in STAGES) == stages


def test_there_are_230_living_countries_with_an_iso3_each():
    table = living_countries()
    assert len(table) == 230
    assert table["iso3"].is_unique
    assert {"DEU", "BEL", "SDN", "S19"} <= set(table["iso3"])


def test_one_hub_and_it_is_the_largest():
    places = draw_places(5, 60)
    assert (places.archetype == HUB).sum() == 1
    assert places.archetype[places.exports.argmax()] == HUB
    assert set(places.archetype) == set(range(len(ARCHETYPES)))
    assert places.iso3 == sorted(places.iso3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: draw_places(1, 11), "12 to 230"),
        (lambda: draw_places(1, 231), "12 to 230"),
        (lambda: draw_goods(1, 7, 0.8), "8 to 168"),
        (lambda: other_products(1, 5000), "outside the set"),
        (lambda: Background(1, draw_places(1, 12), 10, 1000), "do not fit"),
    ],
)
def test_sizes_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_balanced_flows_meet_supply_exactly_and_demand_where_it_can_be_met():
    # Two exporters (0, 1), two importers (2, 3), one product; everybody can trade with both.
    exporter, importer = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
    flow = balance(
        np.array([1.0, 2.0, 3.0, 1.0]), exporter, importer, np.array([6.0, 4, 0, 0]), np.array([0, 0, 7.0, 3])
    )
    assert np.allclose(np.bincount(exporter, flow, 4), [6, 4, 0, 0], atol=1e-12)
    assert np.allclose(np.bincount(importer, flow, 4), [0, 0, 7, 3], atol=1e-6)


def test_background_has_its_rows_and_totals_of_its_rows():
    places = draw_places(2, 30)
    background = Background(2, places, 300, 20_000)
    year = background.year(1)
    exporter = np.repeat(np.arange(30), np.diff(background.starts))
    assert abs((year.dollars > 0).sum() / 20_000 - 1) < 0.02
    assert (exporter != background.importer).all()
    key = (exporter * 30 + background.importer) * 300 + background.product
    assert (np.diff(key) > 0).all()
    assert year.exports.tolist() == [int(year.dollars[exporter == place].sum()) for place in range(30)]
    assert year.imports.tolist() == [int(year.dollars[background.importer == place].sum()) for place in range(30)]
    # Structure stays, values move: a pair's values in two years are close but not the same.
    other = background.year(2).dollars
    both = (year.dollars > 1000) & (other > 1000)
    assert np.corrcoef(np.log(year.dollars[both]), np.log(other[both]))[0, 1] > 0.95
    assert not np.array_equal(year.dollars, other)


def test_a_year_in_which_a_country_trades_nothing_is_refused(monkeypatch):
    world = Background(2, draw_places(2, 30), 300, 20_000)
    monkeypatch.setattr("reeassets.world.background.ABSENT", 1.0)
    with pytest.raises(ValueError, match="30 countries export and 30 import nothing there; take more rows"):
        world.year(0)


def test_merging_keeps_the_order():
    large = (np.array([0, 2, 3]), np.array([1, 1, 0]), np.array([0, 3, 2]), np.array([10, 11, 12]))
    small = (np.array([0, 1, 3]), np.array([1, 0, 0]), np.array([1, 0, 4]), np.array([20, 21, 22]))
    rows = merged(large, small, 2007, 5)
    assert rows.starts.tolist() == [0, 3, 6]
    assert rows.importer.tolist() == [1, 1, 1, 0, 0, 0]
    assert rows.product.tolist() == [0, 1, 3, 0, 2, 4]
    assert rows.dollars.tolist() == [10, 20, 11, 21, 12, 22]
