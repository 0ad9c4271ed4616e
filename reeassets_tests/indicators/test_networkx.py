"""The recursive indicators against networkx on random networks: another library, one graph per product or of all."""

import networkx as nx
import numpy as np
import pytest

from reeassets.indicators.concentration import supplier_concentration
from reeassets.indicators.influence import influence
from reeassets.indicators.multi_tier import multi_tier_risk
from reeassets.indicators.systemic import direct_risk, systemic_trade_risk
from reeassets_tests.indicators.builders import FixedHazard, by_pair, network, random_flows

EXACT = 1e-10
LINKS = [("250000", "250001", 0.6), ("250002", "250001", 0.3), ("250001", "250003", 1.0), ("250003", "250000", 0.5)]
CASES = pytest.mark.parametrize(("seed", "b"), [(1, 0.85), (2, 0.85), (3, 0.5), (4, 0.95)])


def graph_of(flows, hazard, product=None):
    """Return trade as a graph of (country, product) nodes whose edges carry what a loss of supply passes on.

    Nothing is re-exported, so supply is imports plus exports.
    """
    graph = nx.DiGraph()
    for exporter, importer, traded, value in flows:
        if product in (None, traded):
            graph.add_edge((exporter, traded), (importer, traded), value=value)
    bought, sold = dict(graph.in_degree(weight="value")), dict(graph.out_degree(weight="value"))
    supply = {node: bought[node] + sold[node] for node in graph}
    for source, importer, edge in graph.edges(data=True):
        edge["supplied"] = edge["value"] / supply[importer]
        edge["share"] = edge["supplied"] * (1 - hazard[source[0]])
    nx.set_node_attributes(graph, {node: sold[node] / supply[node] for node in graph}, "domestic")
    return graph


def own_risk(graph, hazard):
    return {
        node: sum(edge["supplied"] * hazard[source[0]] for source, _, edge in graph.in_edges(node, data=True))
        for node in graph
    }


def katz(graph, beta, b):
    """Solve ``x = beta + b A' x`` with networkx, where an edge i -> j carries A[i,j]."""
    return nx.katz_centrality_numpy(graph, alpha=b, beta=beta, normalized=False, weight="share")


def drawn(seed):
    flows = random_flows(seed, n_countries=14)
    rng = np.random.default_rng(seed)
    countries = sorted({flow[0] for flow in flows} | {flow[1] for flow in flows})
    return flows, dict(zip(countries, rng.random(len(countries)).tolist(), strict=True))


@CASES
def test_risk_and_influence_per_product(seed, b):
    flows, hazard = drawn(seed)
    net = network(flows, hazard=FixedHazard(hazard), pass_through=b)
    risk, direct, weight, concentration = (
        by_pair(net, of(net)) for of in (systemic_trade_risk, direct_risk, influence, supplier_concentration)
    )
    for product in net.products:
        graph = graph_of(flows, hazard, product)
        own = own_risk(graph, hazard)
        found = katz(graph, own, b)
        world = graph.size(weight="value")
        for node in graph:
            assert direct[node] == pytest.approx(own[node], abs=EXACT)
            assert risk[node] == pytest.approx(found[node], abs=EXACT)
            bought = graph.in_degree(node, weight="value")
            if bought:
                squares = sum((edge["value"] / bought) ** 2 for _, _, edge in graph.in_edges(node, data=True))
                assert concentration[node] == pytest.approx(squares, abs=EXACT)
        for node in list(graph)[:6]:
            alone = {name: float(name == node[0]) for name, _ in graph}
            without = graph_of(flows, alone, product)
            lost = katz(without, own_risk(without, alone), b)
            supply = {of: graph.degree(of, weight="value") for of in graph}
            others = sum(supply[of] * lost[of] for of in graph if of != node)
            assert weight[node] == pytest.approx(others / world, abs=EXACT)


@CASES
def test_multi_tier_risk_on_the_whole_graph(seed, b):
    flows, hazard = drawn(seed)
    net = network(flows, LINKS, FixedHazard(hazard), pass_through=b)
    graph = graph_of(flows, hazard)
    own = own_risk(graph, hazard)
    for source, target, weight in LINKS:
        for country in net.countries:
            if (country, source) in graph and (country, target) in graph:
                graph.add_edge(
                    (country, source), (country, target), share=weight * graph.nodes[country, target]["domestic"]
                )
    expected = katz(graph, own, b)
    found = by_pair(net, multi_tier_risk(net))
    assert set(found) == set(expected)
    assert max(abs(found[node] - expected[node]) for node in found) < EXACT
