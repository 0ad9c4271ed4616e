"""Multi-tier risk by hand, with cycles, without links, and against one dense solve over countries and products."""

import numpy as np
import pytest

from reeassets.indicators.hazards import UNIFORM
from reeassets.indicators.multi_tier import multi_tier_risk
from reeassets.indicators.systemic import systemic_trade_risk
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import (
    Dense,
    FixedHazard,
    P,
    Q,
    T,
    by_pair,
    flow_frame,
    link_frame,
    network,
    random_flows,
    totals_of,
)


def close(network, expected):
    found = by_pair(network, multi_tier_risk(network))
    assert set(found) == set(expected)
    for pair, value in expected.items():
        assert found[pair] == pytest.approx(value, abs=1e-13), pair


SURE = FixedHazard({"AAA": 1.0, "BBB": 0.0, "CCC": 0.0})


def test_by_hand():
    # AAA fails; it sells P to BBB, which makes Q of it, sells 30 to CCC and buys 15 from AAA: d[B,Q] = 30/45.
    #   L[B,P] = 1                           all of it bought from AAA
    #   L[B,Q] = 15/45 + 0.5 * 30/45 * L[B,P] = 2/3
    #   L[C,Q] = 0.5 * L[B,Q] = 1/3
    flows = [("AAA", "BBB", P, 10.0), ("BBB", "CCC", Q, 30.0), ("AAA", "BBB", Q, 15.0)]
    tiers = network(flows, [(P, Q, 1.0)], SURE, pass_through=0.5)
    close(tiers, {("AAA", P): 0, ("AAA", Q): 0, ("BBB", P): 1, ("BBB", Q): 2 / 3, ("CCC", Q): 1 / 3})
    assert by_pair(tiers, systemic_trade_risk(tiers))["CCC", Q] == pytest.approx(1 / 6, abs=1e-13)


def test_two_inputs_by_weight():
    # BBB buys P (all lost) and makes T itself (nothing lost); Q is made of both: L[B,Q] = 0.5 (0.6 * 1 + 0.4 * 0).
    flows = [("AAA", "BBB", P, 10.0), ("BBB", "AAA", T, 10.0), ("BBB", "CCC", Q, 30.0)]
    tiers = network(flows, [(P, Q, 0.6), (T, Q, 0.4)], SURE, pass_through=0.5)
    found = by_pair(tiers, multi_tier_risk(tiers))
    assert found["BBB", Q] == pytest.approx(0.3, abs=1e-13)
    assert found["CCC", Q] == pytest.approx(0.15, abs=1e-13)


def test_links_in_a_cycle():
    # BBB buys 10 of P and sells 40, none of it re-exported: d = 4/5; it sells 20 of Q: d = 1. P is made of Q, Q of P.
    #   x = L[B,P] = 1/5 + 0.5 * 4/5 * y,  y = L[B,Q] = 0.5 * x:  x = 1/4, y = 1/8
    flows = [("AAA", "BBB", P, 10.0), ("BBB", "CCC", P, 40.0), ("BBB", "CCC", Q, 20.0)]
    tiers = network(flows, [(P, Q, 1.0), (Q, P, 1.0)], SURE, pass_through=0.5)
    close(
        tiers,
        {
            ("AAA", P): 0,
            ("BBB", P): 1 / 4,
            ("BBB", Q): 1 / 8,
            # CCC only buys: it makes neither, so no link reaches it.
            ("CCC", P): 1 / 8,
            ("CCC", Q): 1 / 16,
        },
    )


def test_a_pair_without_supply_counts_as_nothing():
    # BBB makes Q but does not trade P; T is traded by nobody.
    flows = [("AAA", "CCC", P, 10.0), ("BBB", "CCC", Q, 30.0)]
    tiers = network(flows, [(P, Q, 0.5), (T, Q, 0.5), (Q, T, 1.0)])
    np.testing.assert_array_equal(multi_tier_risk(tiers), systemic_trade_risk(tiers))


@pytest.mark.parametrize("links", [[], [(P, Q, 1.0)]])
def test_without_links_it_is_exactly_the_systemic_risk(links):
    # The link given joins products that nobody trades.
    tiers = network(random_flows(3), links)
    np.testing.assert_array_equal(multi_tier_risk(tiers), systemic_trade_risk(tiers))


def test_links_that_are_not_in_the_network_do_not_count():
    flows = random_flows(4)
    links = link_frame([("250000", "250001", 1.0), ("250001", "250002", 1.0)])
    links["in_network"] = [True, False]
    frame = flow_frame(flows)
    partly = YearNetwork.build(frame, *totals_of(frame), links, UNIFORM, Settings(home="unused"))
    only = network(flows, [("250000", "250001", 1.0)])
    np.testing.assert_array_equal(multi_tier_risk(partly), multi_tier_risk(only))
    assert (multi_tier_risk(only) != systemic_trade_risk(only)).any()


@pytest.mark.parametrize("b", [0.0, 0.85, 0.99])
def test_agrees_with_one_dense_solve(b):
    flows = random_flows(11)
    products = sorted({flow[2] for flow in flows})
    # A cycle of three, and a product with two inputs.
    links = [
        (products[0], products[1], 0.7),
        (products[3], products[1], 0.3),
        (products[1], products[2], 1.0),
        (products[2], products[0], 1.0),
    ]
    countries = sorted({flow[0] for flow in flows} | {flow[1] for flow in flows})
    hazard = {country: (number % 7) / 6 for number, country in enumerate(countries)}
    rho = {country: (number % 3) / 2 for number, country in enumerate(countries)}
    sparse = network(flows, links, hazard=FixedHazard(hazard), reexports=rho, pass_through=b)
    at = {(c, p): k for k, (c, p) in enumerate((c, p) for c in countries for p in products)}
    v = np.zeros((len(at), len(at)))
    for exporter, importer, product, value in flows:
        v[at[exporter, product], at[importer, product]] += value
    M, X = v.sum(axis=0), v.sum(axis=1)
    D = X - np.array([rho[c] for c, _ in at]) * np.minimum(M, X)
    S = M + D
    A = np.divide(v, S, out=np.zeros_like(v), where=S > 0)
    d = np.divide(D, S, out=np.zeros_like(S), where=S > 0)
    W = np.zeros_like(v)
    for source, target, weight in links:
        for country in countries:
            W[at[country, target], at[country, source]] = weight
    h = np.array([hazard[c] for c, _ in at])
    expected = np.linalg.solve(np.eye(len(at)) - b * (A.T * (1 - h) + d[:, None] * W), A.T @ h)
    for pair, value in by_pair(sparse, multi_tier_risk(sparse)).items():
        assert value == pytest.approx(expected[at[pair]], abs=1e-11)


@pytest.mark.parametrize("b", [0.5, 0.85])
def test_without_cycles_it_agrees_with_a_direct_solve_product_by_product(b):
    # The block-triangular oracle: each product is one dense solve, after the products it is made of.
    flows = random_flows(12)
    order = ["250002", "250000", "250003", "250001"]
    links = [(order[0], order[1], 1.0), (order[0], order[2], 0.4), (order[1], order[2], 0.6), (order[2], order[3], 0.9)]
    tiers = network(flows, links, pass_through=b)
    found = by_pair(tiers, multi_tier_risk(tiers))
    solved = {}
    for product in order:
        dense = Dense.of(flows, product)
        behind = [sum(w * solved.get((name, p), 0.0) for p, q, w in links if q == product) for name in dense.names]
        risk = dense.losses(np.full(len(dense.names), 0.1), b, b * dense.D / dense.S * np.array(behind))
        solved |= {(name, product): float(value) for name, value in zip(dense.names, risk, strict=True)}
    assert set(solved) == set(found)
    assert max(abs(solved[pair] - value) for pair, value in found.items()) < 1e-11


def test_under_another_hazard_the_matrices_are_shared():
    tiers = network(random_flows(5), [("250000", "250001", 1.0)])
    half = tiers.with_hazard(FixedHazard(dict.fromkeys(tiers.countries, 0.5)))
    assert half.production is tiers.production
    assert (multi_tier_risk(half) >= multi_tier_risk(tiers)).all()
    assert tiers.with_hazard(FixedHazard(dict.fromkeys(tiers.countries, 0.1), name="uniform")) is tiers
