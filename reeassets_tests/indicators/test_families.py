"""Every indicator against numbers worked out by hand, closed forms, and dense solves."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.advantage import rca, rsca
from reeassets.indicators.concentration import supplier_concentration
from reeassets.indicators.exposure import EXPOSURE, import_intensity, import_reliance, trade_exposure
from reeassets.indicators.hazards import MARKET_POWER
from reeassets.indicators.influence import influence
from reeassets.indicators.losses import losses
from reeassets.indicators.systemic import direct_risk, indirect_risk, systemic_trade_risk
from reeassets_tests.indicators.builders import Dense, FixedHazard, P, Q, all_reexport, by_pair, network, random_flows

# AAA sells 60 to BBB and 40 to CCC, BBB sells 20 to AAA. If all that is both bought and sold is re-exported:
#   imports  M = 20, 60, 40   exports X = 100, 20, 0   domestic D = 80, 0, 0   supply S = 100, 60, 40
#   shares   A[B,A] = 20/100 = 0.2, A[A,B] = 60/60 = 1, A[A,C] = 40/40 = 1
THREE = [("AAA", "BBB", P, 60.0), ("AAA", "CCC", P, 40.0), ("BBB", "AAA", P, 20.0)]
TOTALS = (
    pd.DataFrame(
        {
            "year": 2010,
            "country": ["DDD", "CCC", "BBB", "AAA"],
            "exports_kusd": [500.0, 0.0, 100.0, 400.0],
            "imports_kusd": [920.0, 80.0, 300.0, 200.0],
            "basis": "whole nomenclature",
        }
    ),
    pd.DataFrame({"year": 2010, "product": [Q, P], "value_kusd": [880.0, 120.0], "basis": "whole nomenclature"}),
)


@pytest.fixture
def three():
    return network(THREE, totals=TOTALS, reexports=all_reexport(THREE), pass_through=0.5)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13)


def test_structure(three):
    assert three.countries == ["AAA", "BBB", "CCC"]
    assert three.year == 2010
    close(three.imports, [20, 60, 40])
    close(three.exports, [100, 20, 0])
    close(three.supply, [100, 60, 40])
    close(three.domestic_share, [0.8, 0, 0])
    close(three.inflow_shares.toarray(), [[0, 0.2, 0], [1, 0, 0], [1, 0, 0]])
    assert (three.world_exports, three.world_imports) == (1000.0, 1500.0)


def test_supply_by_hand():
    # Nothing is re-exported: all exports are made at home.
    close(network(THREE).domestic, [100, 20, 0])
    close(network(THREE).supply, [120, 80, 40])
    # Half of BBB's 20 are; AAA mines more than it exports, CCC mines what it keeps.
    some = network(THREE, reexports={"BBB": 0.5}, production={("AAA", P): 130.0, ("CCC", P): 4.0, ("CCC", Q): 9.0})
    close(some.domestic, [130, 10, 4])
    close(some.supply, [150, 70, 44])
    close(some.domestic_share, [130 / 150, 10 / 70, 4 / 44])


def test_other_assumptions_on_supply_leave_the_flows_alone():
    base = network(THREE)
    close(base.with_supply(np.ones(3), np.zeros(3)).supply, [100, 60, 40])
    close(base.with_supply(np.zeros(3), np.array([0.0, 50.0, 0.0])).domestic, [100, 50, 0])
    assert base.with_supply(np.ones(3), np.zeros(3)).value is base.value


def test_exposure_by_hand(three):
    close(trade_exposure(three), [20 / 120, 60 / 80, 1])
    close(import_reliance(three), [20 / 100, 1, 1])
    # (20/200) / (120/1500), (60/300) / 0.08, (40/80) / 0.08
    close(import_intensity(three), [1.25, 2.5, 6.25])


@pytest.mark.parametrize(
    ("definition", "function"),
    [("exposure", trade_exposure), ("import_reliance", import_reliance), ("import_intensity", import_intensity)],
)
def test_exposure_follows_the_settings(definition, function):
    configured = network(THREE, totals=TOTALS, exposure=definition)
    close(EXPOSURE.compute(configured), function(configured))
    close(EXPOSURE.evaluate(configured), function(configured))


def test_risk_by_hand():
    # h = 0.5, 0.2, 0.9, b = 0.5: L_A = 0.2 (0.2 + 0.4 L_B), L_B = L_C = 0.5 + 0.25 L_A: L_A = 4/49, L_B = L_C = 51/98.
    hazard = FixedHazard({"AAA": 0.5, "BBB": 0.2, "CCC": 0.9})
    hazardous = network(THREE, hazard=hazard, reexports=all_reexport(THREE), pass_through=0.5)
    close(direct_risk(hazardous), [0.04, 0.5, 0.5])
    close(systemic_trade_risk(hazardous), [4 / 49, 51 / 98, 51 / 98])
    close(indirect_risk(hazardous), [4 / 49 - 0.04, 51 / 98 - 0.5, 51 / 98 - 0.5])


def test_who_buys_more_from_the_riskier_supplier_is_at_more_risk():
    # The first version of the method had it the other way round: it counted re-exports, not suppliers.
    flows = [("BIG", "ALL", P, 100.0), ("BIG", "FEW", P, 10.0), ("SAF", "FEW", P, 90.0)]
    found = network(flows, hazard=FixedHazard({"BIG": 0.9, "SAF": 0.1, "ALL": 0.0, "FEW": 0.0}))
    risk = by_pair(found, systemic_trade_risk(found))
    assert risk["ALL", P] == pytest.approx(0.9)
    assert risk["FEW", P] == pytest.approx(0.18)


def test_market_power_is_the_share_in_what_the_world_makes():
    found = network(THREE, hazard=MARKET_POWER)
    close(found.hazard, [100 / 120, 20 / 120, 0])
    close(direct_risk(found), [20 / 120 * 20 / 120, 60 / 80 * 100 / 120, 100 / 120])


def test_influence_by_hand(three):
    # Without AAA: BBB and CCC lose all they buy, 100 of 120. Without BBB: AAA loses 20, and passes half of that share
    # on to CCC: 0.5 * 0.2 * 40. CCC supplies nobody.
    close(influence(three), [100 / 120, 24 / 120, 0])


def test_advantage_by_hand(three):
    # (100/400) / (120/1000), (20/100) / 0.12; CCC exports nothing at all, of anything.
    np.testing.assert_allclose(rca(three), [25 / 12, 5 / 3, np.nan], rtol=1e-12)
    np.testing.assert_allclose(rsca(three), [13 / 37, 1 / 4, np.nan], rtol=1e-12)


def test_concentration_by_hand():
    # CCC buys 30 from AAA and 10 from BBB: 0.75^2 + 0.25^2; BBB buys from AAA alone; AAA buys nothing.
    bought = network([("AAA", "CCC", P, 30.0), ("BBB", "CCC", P, 10.0), ("AAA", "BBB", P, 5.0)])
    np.testing.assert_array_equal(supplier_concentration(bought), [np.nan, 1.0, 0.625])


def test_star():
    # One hub supplies all: nothing reaches the hub, the spokes bear its failure and nothing behind it.
    star = network([("HUB", f"S0{k}", P, 10.0 * k) for k in range(1, 6)])
    close(systemic_trade_risk(star), [0] + [0.1] * 5)
    close(indirect_risk(star), np.zeros(6))
    close(influence(star), [1] + [0] * 5)
    close(trade_exposure(star), [0] + [1] * 5)


def test_ring():
    # Everybody only passes on: no domestic supply anywhere, L = h + (1 - h) b L.
    flows = [(f"R0{k}", f"R0{(k + 1) % 5}", P, 7.0) for k in range(5)]
    ring = network(flows, reexports=all_reexport(flows))
    close(direct_risk(ring), np.full(5, 0.1))
    close(systemic_trade_risk(ring), np.full(5, 0.1 / (1 - 0.9 * 0.85)))
    # The failure of one reaches the other four, a share b less at each step.
    close(influence(ring), np.full(5, sum(0.85**step for step in range(4)) / 5))
    close(trade_exposure(ring), np.full(5, 0.5))


def test_chain():
    # Country k passes on what it gets: L_k = h + (1 - h) b L_(k-1), after a maker without loss.
    flows = [(f"K0{k}", f"K0{k + 1}", P, 3.0) for k in range(1, 7)]
    chain = network(flows, reexports=all_reexport(flows))
    expected = [0.0, 0.1]
    for _ in range(5):
        expected.append(0.1 + 0.9 * 0.85 * expected[-1])
    close(systemic_trade_risk(chain), expected)
    close(direct_risk(chain), [0] + [0.1] * 6)
    close(influence(chain), [sum(0.85**step for step in range(6 - k)) / 6 for k in range(6)] + [0])


def test_autarky_in_a_product():
    # AAA makes all of its P itself and sells some; Q it only buys.
    both = network([("AAA", "BBB", P, 5.0), ("BBB", "AAA", Q, 5.0)])
    assert by_pair(both, systemic_trade_risk(both)) == {
        ("AAA", P): 0.0,
        ("AAA", Q): pytest.approx(0.1),
        ("BBB", P): pytest.approx(0.1),
        ("BBB", Q): 0.0,
    }


@pytest.mark.parametrize("b", [0.0, 0.5, 0.85, 0.99])
@pytest.mark.parametrize("reexported", [0.0, 0.6, 1.0])
def test_agrees_with_dense_solves_per_product(b, reexported):
    flows = random_flows(7)
    names = sorted({name for flow in flows for name in flow[:2]})
    hazard = {country: number / 20 for number, country in enumerate(names)}
    rho = dict.fromkeys(names[::2], reexported)
    mined = {(names[1], flows[0][2]): 1e3, (names[3], flows[0][2]): 1e-3}
    sparse = network(flows, hazard=FixedHazard(hazard), reexports=rho, production=mined, pass_through=b)
    found = {
        name: by_pair(sparse, of(sparse))
        for name, of in (("risk", systemic_trade_risk), ("direct", direct_risk), ("influence", influence))
    }
    for product in sparse.products:
        dense = Dense.of(flows, product, rho, mined)
        h = np.array([hazard[name] for name in dense.names])
        expected = {"risk": dense.losses(h, b), "direct": dense.A.T @ h, "influence": dense.influence(b)}
        for key, values in expected.items():
            own = [found[key][name, product] for name in dense.names]
            np.testing.assert_allclose(own, values, rtol=0, atol=1e-11)


def test_influence_is_what_the_shock_of_a_full_cut_costs_all_others():
    flows = random_flows(8)
    found = network(flows, reexports=dict.fromkeys(["CA1", "CA4"], 0.7))
    own = influence(found)
    world = np.bincount(found.product, found.imports, len(found.products))
    for pair in np.flatnonzero(found.exports > 0)[::5]:
        cut = np.zeros(found.n_pairs)
        cut[pair] = 1.0
        lost = losses(found, cut).total * found.supply
        of_product = found.product == found.product[pair]
        assert own[pair] == pytest.approx((lost[of_product].sum() - lost[pair]) / world[found.product[pair]], abs=1e-12)
    assert (own[found.exports == 0] == 0).all()


def test_risk_with_one_certain_failure_is_that_shock(three):
    certain = network(THREE, hazard=FixedHazard({"AAA": 1.0, "BBB": 0.0, "CCC": 0.0}), pass_through=0.5)
    cut = np.array([1.0, 0.0, 0.0])
    np.testing.assert_array_equal(systemic_trade_risk(certain), losses(certain, cut).total)


def test_the_solves_report_themselves(three):
    assert 1 < three.at_risk.iterations < 60
    assert three.at_risk.error_bound <= 1e-13


@pytest.mark.parametrize("failing", [np.array([0.5, 0.5]), np.array([0.0, 0.0, 1.1]), np.array([0.0, -0.1, 0.0])])
def test_failing_shares_are_shares(three, failing):
    with pytest.raises(ValueError, match="failing shares are 3 shares in"):
        losses(three, failing)
