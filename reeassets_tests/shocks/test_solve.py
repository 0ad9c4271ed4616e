"""Shocks by hand, against one dense solve, and the properties that hold on every network."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.indicators.influence import INFLUENCE
from reeassets.indicators.losses import losses
from reeassets.indicators.multi_tier import MULTI_TIER_RISK
from reeassets.indicators.systemic import DIRECT_RISK, SYSTEMIC_TRADE_RISK
from reeassets.shocks.substitution import net_cuts
from reeassets_tests.indicators.builders import FixedHazard, P, Q, all_reexport, by_pair, network, random_flows
from reeassets_tests.indicators.test_properties import (
    COUNTRIES,
    PRODUCTS,
    flows_of,
    hazards_of,
    links_of,
    shares_of,
    weights,
)

# AAA sells 60 of P to BBB and 10 to CCC; BBB sells 30 of P on to CCC.
# BBB makes Q of P, sells 20 of it to CCC and buys 5 from AAA.
FLOWS = [
    ("AAA", "BBB", P, 60.0),
    ("AAA", "CCC", P, 10.0),
    ("BBB", "CCC", P, 30.0),
    ("BBB", "CCC", Q, 20.0),
    ("AAA", "BBB", Q, 5.0),
]
PAIRS = [("AAA", P), ("AAA", Q), ("BBB", P), ("BBB", Q), ("CCC", P), ("CCC", Q)]


def cut_of(net, cuts):
    """Return the cuts of each pair; those not named cut nothing."""
    pairs = zip(net.country, net.product, strict=True)
    return np.array([cuts.get((net.countries[c], net.products[p]), 0.0) for c, p in pairs])


def shocked(net, cuts, capacity=0.0):
    """Return the losses when some pairs cut, and the others of a product grow by the capacity."""
    return losses(net, net_cuts(net, cut_of(net, cuts), capacity))


def check(net, found, **expected):
    for way, values in expected.items():
        shares = by_pair(net, getattr(found, way))
        assert set(shares) == set(PAIRS)
        for pair in PAIRS:
            assert shares[pair] == pytest.approx(values.get(pair, 0.0), abs=1e-13), (way, pair)


def test_by_hand():
    # Nobody re-exports: what is exported was made at home.
    #   P   S: AAA 70, BBB 60 + 30 = 90, CCC 40           Q   S: AAA 5, BBB 5 + 20 = 25, CCC 20; d[BBB,Q] = 20/25
    # AAA halves its exports of P; half of a loss is passed on.
    #   direct   BBB 60/90 * 0.5 = 1/3                    CCC 10/40 * 0.5 = 1/8
    #   trade    CCC 30/40 * 0.5 * l[BBB] = 1/8
    #   links    L[BBB,Q] = 0.5 * 20/25 * l[BBB,P] = 2/15, and of it CCC, who buys all its Q there: 0.5 * 2/15
    net = network(FLOWS, [(P, Q, 1.0)], pass_through=0.5)
    found = shocked(net, {("AAA", P): 0.5})
    check(
        net,
        found,
        direct={("BBB", P): 1 / 3, ("CCC", P): 1 / 8},
        trade={("CCC", P): 1 / 8},
        links={("BBB", Q): 2 / 15, ("CCC", Q): 1 / 15},
        total={("BBB", P): 1 / 3, ("CCC", P): 1 / 4, ("BBB", Q): 2 / 15, ("CCC", Q): 1 / 15},
    )
    dollars = by_pair(net, found.total * net.supply)
    assert [dollars[pair] for pair in PAIRS] == pytest.approx([0, 0, 30.0, 25 * 2 / 15, 10.0, 20 / 15])


def test_by_hand_where_everybody_re_exports():
    # Of what it both buys and sells nobody makes anything.         S: P 70, 60, 40; Q 5, 20, 20; d[BBB,Q] = 15/20
    #   direct   BBB 60/60 * 0.5 = 0.5                    CCC 10/40 * 0.5 = 0.125
    #   trade    CCC 30/40 * 0.5 * l[BBB] = 0.75 * 0.5 * 0.5 = 0.1875
    #   links    L[BBB,Q] = 0.5 * 15/20 * l[BBB,P] = 0.1875, and of it CCC, who buys all its Q there: 0.5 * 0.1875
    net = network(FLOWS, [(P, Q, 1.0)], reexports=all_reexport(FLOWS), pass_through=0.5)
    found = shocked(net, {("AAA", P): 0.5})
    check(
        net,
        found,
        direct={("BBB", P): 0.5, ("CCC", P): 0.125},
        trade={("CCC", P): 0.1875},
        links={("BBB", Q): 0.1875, ("CCC", Q): 0.09375},
        total={("BBB", P): 0.5, ("CCC", P): 0.3125, ("BBB", Q): 0.1875, ("CCC", Q): 0.09375},
    )
    dollars = by_pair(net, found.total * net.supply)
    assert [dollars[pair] for pair in PAIRS] == pytest.approx([0, 0, 30.0, 3.75, 12.5, 1.875])


def test_by_hand_with_half_re_exported_and_recorded_production():
    # BBB re-exports half of the 30 of P that it both buys and sells: D = 15, S = 75. Of Q it is known to make 45, more
    # than the 20 - 2.5 that trade shows: S = 50, d = 0.9.
    #   direct   BBB 60/75 * 0.5 = 0.4                    CCC 0.125
    #   trade    CCC 0.75 * 0.5 * 0.4 = 0.15
    #   links    L[BBB,Q] = 0.5 * 0.9 * 0.4 = 0.18, CCC 0.09
    net = network(FLOWS, [(P, Q, 1.0)], reexports={"BBB": 0.5}, production={("BBB", Q): 45.0}, pass_through=0.5)
    check(
        net,
        shocked(net, {("AAA", P): 0.5}),
        direct={("BBB", P): 0.4, ("CCC", P): 0.125},
        trade={("CCC", P): 0.15},
        links={("BBB", Q): 0.18, ("CCC", Q): 0.09},
    )


def test_by_hand_with_a_second_supplier_that_cuts_what_it_lacks_anyway():
    # BBB stops all of its P too: of its 30 to CCC nothing is left to fall with its own loss.
    #   direct   BBB 1/3, CCC 10/40 * 0.5 + 30/40 * 1 = 0.875; trade 0
    net = network(FLOWS, [(P, Q, 1.0)], pass_through=0.5)
    check(
        net,
        shocked(net, {("AAA", P): 0.5, ("BBB", P): 1.0}),
        direct={("BBB", P): 1 / 3, ("CCC", P): 0.875},
        trade={},
        links={("BBB", Q): 2 / 15, ("CCC", Q): 1 / 15},
    )


def test_by_hand_with_substitution():
    # BBB, the only other supplier of P, grows by a quarter of its 30: 7.5 of the 35 that are cut; 27.5/35 is lost.
    #   direct   BBB 1/3 * 11/14, CCC 1/8 * 11/14; trade CCC 0.75 * 0.5 * l[BBB]
    net = network(FLOWS, pass_through=0.5)
    left = 11 / 14
    check(
        net,
        shocked(net, {("AAA", P): 0.5}, capacity=0.25),
        direct={("BBB", P): left / 3, ("CCC", P): left / 8},
        trade={("CCC", P): left / 8},
        links={},
    )


def test_enough_capacity_replaces_everything():
    net = network(FLOWS, pass_through=0.5)
    assert shocked(net, {("AAA", P): 0.5}, capacity=35 / 30 - 1e-9).total.max() > 0
    assert shocked(net, {("AAA", P): 0.5}, capacity=35 / 30 + 1e-9).total.max() == 0


def test_what_nobody_else_sells_is_not_replaced():
    net = network([("AAA", "BBB", P, 10.0), ("AAA", "CCC", P, 10.0)])
    cuts = cut_of(net, {("AAA", P): 0.5})
    np.testing.assert_array_equal(net_cuts(net, cuts, 100.0), cuts)


@pytest.mark.parametrize("pass_through", [0.0, 0.85, 0.99])
@pytest.mark.parametrize("capacity", [0.0, 0.01])
@pytest.mark.parametrize("reexported", [(0.0,), (1.0,), (0.0, 0.3, 1.0)])
def test_agrees_with_one_dense_solve(pass_through, capacity, reexported):
    flows = random_flows(11)
    countries, products = sorted({f[0] for f in flows} | {f[1] for f in flows}), sorted({f[2] for f in flows})
    p = products
    links = [(p[0], p[1], 0.7), (p[3], p[1], 0.3), (p[1], p[2], 1.0), (p[2], p[0], 1.0)]
    reexports = {country: reexported[k % len(reexported)] for k, country in enumerate(countries)}
    produced = {(countries[4], p[1]): 1e4, (countries[5], p[2]): 1e-4, (countries[6], p[0]): 50.0}
    net = network(flows, links, reexports=reexports, production=produced, pass_through=pass_through)
    given = {(countries[0], p[0]): 1.0, (countries[3], p[0]): 0.4, (countries[1], p[1]): 0.25, (countries[2], p[3]): 1}
    found = shocked(net, given, capacity)
    partly = net_cuts(net, cut_of(net, given), capacity)[cut_of(net, given) == 1.0]
    assert ((partly > 0) & ((partly < 1) == (capacity > 0))).all()

    at = {pair: k for k, pair in enumerate((c, q) for c in countries for q in products)}
    v = np.zeros((len(at), len(at)))
    for exporter, importer, product, value in flows:
        v[at[exporter, product], at[importer, product]] += value
    M, X = v.sum(axis=0), v.sum(axis=1)
    rho = np.array([reexports[country] for country, _ in at])
    made = np.array([produced.get(pair, 0.0) for pair in at])
    D = np.maximum(X - rho * np.minimum(X, M), made)
    assert (D[made > 0] == made[made > 0]).any()
    S = M + D
    A = np.divide(v, S, out=np.zeros_like(v), where=S > 0)
    d = np.divide(D, S, out=np.zeros_like(S), where=S > 0)
    W = np.zeros_like(v)
    for source, target, weight in links:
        for country in countries:
            W[at[country, target], at[country, source]] = weight
    n = np.zeros(len(at))
    for product in products:
        here = [at[country, product] for country in countries]
        cut = np.array([given.get((country, product), 0.0) for country in countries])
        missing, spare = cut @ X[here], capacity * X[here][cut == 0].sum()
        n[here] = cut * (1 - min(1.0, spare / missing)) if missing else 0.0
    identity, onward = np.eye(len(at)), A.T * (1 - n)
    trade = np.linalg.solve(identity - pass_through * onward, A.T @ n)
    total = np.linalg.solve(identity - pass_through * (onward + d[:, None] * W), A.T @ n)
    for way, expected in (("direct", A.T @ n), ("trade", trade - A.T @ n), ("links", total - trade), ("total", total)):
        for pair, value in by_pair(net, getattr(found, way)).items():
            assert value == pytest.approx(expected[at[pair]], abs=1e-11), (way, pair)
    assert found.links.max() > 0 or pass_through == 0


@pytest.mark.parametrize("wrong", [np.zeros(3), np.full(6, 1.1), np.full(6, -0.1), np.full(6, np.nan)])
def test_cuts_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="6 shares in"):
        losses(network(FLOWS), wrong)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="less than 1"):
        network(FLOWS, pass_through=1.0)
    net = network(FLOWS)
    # The solver refuses it too, should it ever come through.
    broken = replace(net, settings=net.settings.model_copy(update={"pass_through": 1.0}))
    with pytest.raises(ValueError, match="contraction factor"):
        losses(broken, np.zeros(6))
    with pytest.raises(ValueError, match="at least 0, not -1"):
        net_cuts(net, np.zeros(6), -1)


shares = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))
pairs = st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(PRODUCTS))
cuts_of = st.dictionaries(pairs, shares, max_size=6)
capacities = st.sampled_from([0.0, 1e-6, 0.1, 1.0, 100.0])
passed = st.sampled_from([0.0, 0.5, 0.85, 0.99])
produced_of = st.dictionaries(pairs, st.sampled_from([1e-3, 10.0, 1e7]), max_size=3)
few = settings(max_examples=60, deadline=None)


@few
@given(flows_of, weights, passed, capacities, shares_of)
def test_no_shock_no_loss(flows, raw_links, pass_through, capacity, rho):
    net = network(flows, links_of(raw_links), reexports=rho, pass_through=pass_through)
    found = shocked(net, {}, capacity)
    for way in (found.direct, found.trade, found.links, found.total):
        np.testing.assert_array_equal(way, np.zeros(net.n_pairs))


@few
@given(flows_of, weights, cuts_of, passed, capacities, shares_of, produced_of)
def test_a_loss_is_a_share_of_the_supply_and_the_sum_of_its_ways(
    flows, raw_links, cuts, pass_through, capacity, rho, produced
):
    net = network(flows, links_of(raw_links), reexports=rho, production=produced, pass_through=pass_through)
    found = shocked(net, cuts, capacity)
    for way in (found.direct, found.trade, found.links, found.total):
        assert (way >= 0).all()
        assert (way <= 1).all()
    assert (found.total * net.supply <= net.supply).all()
    np.testing.assert_allclose(found.direct + found.trade + found.links, found.total, rtol=0, atol=1e-14)


@few
@given(flows_of, weights, cuts_of, cuts_of, passed, capacities, shares_of, produced_of)
def test_a_larger_cut_never_gives_a_smaller_loss(flows, raw_links, one, two, pass_through, capacity, rho, produced):
    net = network(flows, links_of(raw_links), reexports=rho, production=produced, pass_through=pass_through)
    less, more = (
        shocked(net, {pair: of(one.get(pair, 0.0), two.get(pair, 0.0)) for pair in {*one, *two}}, capacity)
        for of in (min, max)
    )
    assert (more.direct >= less.direct - 1e-12).all()
    assert (more.direct + more.trade >= less.direct + less.trade - 1e-12).all()
    assert (more.total >= less.total - 1e-12).all()


@few
@given(flows_of, weights, cuts_of, passed, passed, capacities, capacities, shares_of)
def test_substitution_never_adds_to_a_loss_and_passing_on_never_takes_from_it(
    flows, raw_links, cuts, one, two, low, high, rho
):
    less, more = (network(flows, links_of(raw_links), reexports=rho, pass_through=of(one, two)) for of in (min, max))
    least, most = shocked(less, cuts, max(low, high)), shocked(more, cuts, min(low, high))
    assert (most.total >= least.total - 1e-12).all()


@few
@given(flows_of, cuts_of, capacities)
def test_no_more_is_replaced_than_the_others_can_grow(flows, cuts, capacity):
    net = network(flows)
    given_cuts = cut_of(net, cuts)
    replaced = (given_cuts - net_cuts(net, given_cuts, capacity)) * net.exports
    others = np.where(given_cuts > 0, 0.0, net.exports)
    for product in range(len(net.products)):
        here = net.product == product
        assert replaced[here].sum() <= capacity * others[here].sum() * (1 + 1e-12) + 1e-9


@few
@given(
    flows_of,
    weights,
    cuts_of,
    passed,
    capacities,
    shares_of,
    st.permutations(COUNTRIES),
    st.randoms(use_true_random=False),
)
def test_names_and_order_do_not_matter(flows, raw_links, cuts, pass_through, capacity, rho, renamed, random):
    names = dict(zip(COUNTRIES, renamed, strict=True))
    links = links_of(raw_links)
    net = network(flows, links, reexports=rho, pass_through=pass_through)
    expected = shocked(net, cuts, capacity)
    other = [(names[exporter], names[importer], product, value) for exporter, importer, product, value in flows]
    random.shuffle(other)
    moved_rho = {names[country]: share for country, share in rho.items()}
    moved = network(other, links, reexports=moved_rho, pass_through=pass_through)
    found = shocked(moved, {(names[country], product): cut for (country, product), cut in cuts.items()}, capacity)
    for way in ("direct", "trade", "links", "total"):
        before, after = by_pair(net, getattr(expected, way)), by_pair(moved, getattr(found, way))
        assert len(before) == len(after)
        for (country, product), value in before.items():
            assert after[names[country], product] == pytest.approx(value, abs=1e-12)


@few
@given(flows_of, weights, cuts_of, shares_of, st.floats(1e-6, 1e6))
def test_the_unit_of_value_does_not_matter(flows, raw_links, cuts, rho, factor):
    links = links_of(raw_links)
    scaled = [(*flow[:3], flow[3] * factor) for flow in flows]
    expected, found = (shocked(network(each, links, reexports=rho), cuts, 0.1) for each in (flows, scaled))
    np.testing.assert_allclose(found.total, expected.total, rtol=0, atol=1e-12)


@few
@given(flows_of, st.sampled_from(COUNTRIES), passed, shares_of)
def test_the_first_order_is_the_direct_risk_on_the_supplier_that_cuts(flows, supplier, pass_through, rho):
    one_product = list({(a, b): (a, b, P, value) for a, b, _, value in flows}.values())
    hazard = FixedHazard({country: float(country == supplier) for country in COUNTRIES})
    net = network(one_product, hazard=hazard, reexports=rho, pass_through=pass_through)
    found = shocked(net, {(supplier, P): 1.0})
    np.testing.assert_array_equal(found.direct, DIRECT_RISK.evaluate(net))
    assert found.links.max(initial=0.0) == 0


@few
@given(flows_of, weights, hazards_of, passed, shares_of, produced_of)
def test_losses_are_the_risks_with_the_cuts_for_hazards(flows, raw_links, hazards, pass_through, rho, produced):
    net = network(
        flows,
        links_of(raw_links),
        FixedHazard(hazards),
        reexports=rho,
        production=produced,
        pass_through=pass_through,
    )
    found = shocked(net, {(country, product): h for country, h in hazards.items() for product in PRODUCTS})
    np.testing.assert_array_equal(found.direct, DIRECT_RISK.evaluate(net))
    np.testing.assert_allclose(found.direct + found.trade, SYSTEMIC_TRADE_RISK.evaluate(net), rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.total, MULTI_TIER_RISK.evaluate(net), rtol=0, atol=1e-14)


@few
@given(flows_of, passed, shares_of, produced_of)
def test_influence_is_what_all_others_lose_when_the_supplier_stops(flows, pass_through, rho, produced):
    net = network(flows, reexports=rho, production=produced, pass_through=pass_through)
    influence = by_pair(net, INFLUENCE.evaluate(net))
    for pair, (country, product) in enumerate(influence):
        found = shocked(net, {(country, product): 1.0})
        others = (net.product == net.product[pair]) & (net.country != net.country[pair])
        lost = (found.total * net.supply)[others].sum() / net.imports[net.product == net.product[pair]].sum()
        assert influence[country, product] == pytest.approx(lost, abs=1e-12)
        assert (found.total[net.product != net.product[pair]] == 0).all()
