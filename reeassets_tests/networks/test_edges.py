"""The tiered network of three countries, edge by edge."""

import networkx as nx
import pandas as pd
import pytest

from reeassets.networks import load
from reeassets.networks.candidates import candidate_links, link_votes
from reeassets.networks.edges import network_edges
from reeassets.networks.graph import multidigraph, write_graphml
from reeassets.networks.recorded import RECORDED_LINKS
from reeassets.networks.schema import CANDIDATE_LINKS, LINK_VOTES
from reeassets.products import sets
from reeassets.products.contract import CLASSIFIED_REVISION
from reeassets.products.ree168 import REE168
from reeassets.settings import Settings
from reeassets.storage import MissingPartition
from reeassets.trade.nomenclature import nomenclature
from reeassets.trade.sample import SampleSource

FLOWS = pd.DataFrame(
    [
        (2020, "AUS", "CHN", "000001", 10.0),
        (2020, "CHN", "DEU", "000002", 7.0),
        (2020, "DEU", "AUS", "000003", 1.0),
    ],
    columns=["year", "exporter", "importer", "product", "value_kusd"],
)
LINKS = pd.DataFrame(
    {
        "input": ["000001", "000002", "000001"],
        "output": ["000002", "000003", "000003"],
        "in_network": [True, True, False],
        "weight": [1.0, 0.4, 0.0],
    }
)
TIERS = pd.DataFrame(
    {
        "product": ["000001", "000002", "000003"],
        "stage": ["upstream", "input", "final"],
        "trophic_level": [0.0, 1.0, 2.0],
    }
)


def test_edges():
    edges = network_edges(FLOWS, LINKS)
    found = {tuple(row) for row in edges.drop(columns="year").itertuples(index=False, name=None)}
    assert found == {
        ("trade", "AUS", "000001", "CHN", "000001", 10.0),
        ("trade", "CHN", "000002", "DEU", "000002", 7.0),
        ("trade", "DEU", "000003", "AUS", "000003", 1.0),
        # China buys 1 and sells 2, Germany buys 2 and sells 3; Australia sells 1 but no 2.
        ("production", "CHN", "000001", "CHN", "000002", 1.0),
        ("production", "DEU", "000002", "DEU", "000003", 0.4),
    }


def test_the_graph_and_its_graphml(tmp_path):
    graph = multidigraph(network_edges(FLOWS, LINKS), TIERS)
    assert graph.number_of_nodes() == 6
    assert graph["CHN", "000001"]["CHN", "000002"]["production"]["weight"] == 1.0
    assert graph.nodes["DEU", "000003"] == {
        "country": "DEU",
        "product": "000003",
        "stage": "final",
        "trophic_level": 2.0,
    }
    write_graphml(graph, tmp_path / "network.graphml")
    again = nx.read_graphml(tmp_path / "network.graphml", force_multigraph=True)
    assert again.number_of_edges() == 5
    assert again.nodes["DEU:000003"]["trophic_level"] == 2.0


def test_a_year_is_loaded_from_a_home(finished, warehouse):
    graph = load(2023, finished[0])
    trade, production = (
        warehouse.execute(
            "select count(*), sum(weight) from network_edges where year = 2023 and kind = ?", [kind]
        ).fetchone()
        for kind in ("trade", "production")
    )
    for kind, (count, weight) in (("trade", trade), ("production", production)):
        edges = [data for *_, key, data in graph.edges(keys=True, data=True) if key == kind]
        assert len(edges) == count > 100
        assert all(set(data) == {"kind", "weight"} and data["kind"] == kind for data in edges)
        assert sum(data["weight"] for data in edges) == pytest.approx(weight)
    pairs = warehouse.execute("select country, product from product_indicators where year = 2023").fetchall()
    assert set(graph) == set(pairs)
    assert all(set(data) == {"country", "product", "stage", "trophic_level"} for _, data in graph.nodes(data=True))
    assert graph.nodes["CHN", "850511"]["stage"] == "input"
    assert graph.graph == {"year": 2023, "source": SampleSource.version}


def test_a_year_that_has_not_been_made_is_an_error(finished):
    with pytest.raises(MissingPartition, match="network_edges has not been made for 1990"):
        load(1990, finished[0])


@pytest.fixture
def votes():
    built = pd.DataFrame(
        [
            ("x", "000001", "000002", 0.8, "x proposes"),
            ("y", "000001", "000002", 0.4, "y proposes"),
            ("x", "000003", "000001", 0.9, "backwards"),
            ("x", "000002", "000002", 0.9, "itself"),
            ("x", "000002", "000003", 0.9, "half"),
            ("x", "000001", "260111", 0.9, "ore"),
            ("y", "000003", "000004", 0.5, "nobody judged it"),
        ],
        columns=["voter", "input", "output", "strength", "rationale"],
    )
    judged = pd.DataFrame(
        [
            ("x", "000001", "000002", True, "x: yes"),
            ("y", "000001", "000002", True, "y: yes"),
            ("a", "000001", "000002", False, "a: no"),
            ("x", "000003", "000001", True, "backwards"),
            ("x", "000002", "000002", True, "itself"),
            ("x", "000002", "000003", True, "for"),
            ("y", "000002", "000003", False, "against"),
            ("x", "000001", "260111", True, "ore"),
            ("x", "000003", "000004", None, "the model refused"),
        ],
        columns=["voter", "input", "output", "vote", "rationale"],
    )
    return LINK_VOTES.check(link_votes(built, judged))


def test_candidates_are_carried_by_more_than_half_and_refused_by_rule(votes):
    stages = TIERS.set_index("product")["stage"]
    stages = pd.concat([stages, pd.Series({"260111": "upstream", "000004": "final"})])
    table = CANDIDATE_LINKS.check(candidate_links(votes, stages)).set_index(["input", "output"])
    row = table.loc[("000001", "000002")]
    assert row[["ai_proposed", "ai_votes", "ai_voters", "carried"]].tolist() == [2, 2, 3, True]
    assert row["strength"] == pytest.approx(0.6)
    assert row["rationale"] == "x: yes"
    assert "later stage" in table.loc[("000003", "000001"), "refused"]
    assert "itself" in table.loc[("000002", "000002"), "refused"]
    assert "mined" in table.loc[("000001", "260111"), "refused"]
    assert table.loc[("000002", "000003"), "rationale"] == "against"
    unjudged = table.loc[("000003", "000004")]
    assert unjudged[["ai_votes", "ai_voters"]].tolist() == [0, 0]
    assert unjudged["rationale"] == "nobody judged it"
    assert not table["carried"].drop(("000001", "000002")).any()


def test_the_recorded_links_are_judged_by_every_voter_and_make_sense():
    (recorded,) = sets.classifiers(Settings())
    votes = recorded.votes(nomenclature(CLASSIFIED_REVISION), Settings())
    classified = sets.classified_products(votes, REE168)
    members = sets.members(classified)
    built = RECORDED_LINKS.build(members, Settings())
    pairs = built[["input", "output"]].drop_duplicates()
    table = LINK_VOTES.check(link_votes(built, RECORDED_LINKS.prune(pairs, members, Settings())))
    links = CANDIDATE_LINKS.check(candidate_links(table, sets.stages(classified))).set_index(["input", "output"])
    assert (links["ai_voters"] == 3).all()
    assert 400 < links["carried"].sum() < len(links)
    for link in (("284690", "280530"), ("280530", "850511"), ("850511", "850131"), ("850511", "901813")):
        assert links.loc[link, "carried"]
    # What skips a step that is on the list, or goes backwards, is not carried.
    assert not links["carried"].reindex([("284690", "850511"), ("850131", "850511")]).any()
    # No two voters wrote the same reason for the same judgement.
    shared = table[table["phase"] == "prune"].groupby(["input", "output"])["rationale"].nunique()
    assert (shared == 3).mean() > 0.99


def test_the_warehouse_shows_the_network_as_two_edge_tables(warehouse):
    trade = warehouse.execute("select * from trade_edges where year = 2023").df()
    flows = warehouse.execute("select exporter, importer, product, value_kusd from trade_flows where year = 2023").df()
    key = ["exporter", "importer", "product"]
    pd.testing.assert_frame_equal(
        trade.drop(columns="year").sort_values(key, ignore_index=True), flows.sort_values(key, ignore_index=True)
    )
    production = warehouse.execute("select * from production_edges where year = 2023").df()
    assert list(production.columns) == ["year", "country", "input", "output", "weight"]
    assert len(production) > 100
    assert production["weight"].between(0, 1).all()
