"""Every indicator against numbers worked out by hand, closed forms, and dense solves."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.advantage import rca, rsca
from reeassets.indicators.concentration import supplier_concentration
from reeassets.indicators.exposure import EXPOSURE, import_intensity, import_reliance, trade_exposure
from reeassets.indicators.influence import influence, influence_share
from reeassets.indicators.systemic import direct_risk, indirect_risk, systemic_trade_risk
from reeassets_tests.indicators.builders import FixedHazard, P, Q, by_pair, network, random_flows

# AAA sells 60 to BBB and 40 to CCC, BBB sells 20 to AAA.
#   imports  M = 20, 60, 40   exports X = 100, 20, 0   supply S = 100, 60, 40   domestic D = 80, 0, 0
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
    return network(THREE, totals=TOTALS, alpha=0.5)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13)


def test_structure(three):
    assert three.countries == ["AAA", "BBB", "CCC"]
    assert three.year == 2010
    close(three.imports, [20, 60, 40])
    close(three.exports, [100, 20, 0])
    close(three.supply, [100, 60, 40])
    close(three.domestic_share, [0.8, 0, 0])
    close(three.supply_shares.toarray(), [[0, 1, 1], [0.2, 0, 0], [0, 0, 0]])
    close(three.inflow_shares.toarray(), three.supply_shares.toarray().T)
    assert (three.world_exports, three.world_imports) == (1000.0, 1500.0)


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


def test_risk_by_hand(three):
    # R_A = 0.2 (1 + R_B/2), R_B = R_C = 1 + R_A/2: R_A = 6/19, R_B = R_C = 22/19; reported times 1/2.
    close(direct_risk(three), [0.2, 1, 1])
    close(systemic_trade_risk(three), [3 / 19, 11 / 19, 11 / 19])
    close(indirect_risk(three), [3 / 19 - 0.1, 11 / 19 - 0.5, 11 / 19 - 0.5])


def test_risk_under_a_hazard_by_hand():
    # h = 0.5, 0.2, 0.9: R_A = 0.2 (0.2 + R_B/2), R_B = R_C = 0.5 + R_A/2: R_A = 9/95, R_B = R_C = 52/95.
    hazardous = network(THREE, hazard=FixedHazard({"AAA": 0.5, "BBB": 0.2, "CCC": 0.9}), alpha=0.5)
    close(direct_risk(hazardous), [0.04, 0.5, 0.5])
    close(systemic_trade_risk(hazardous), [4.5 / 95, 26 / 95, 26 / 95])
    close(indirect_risk(hazardous), [4.5 / 95 - 0.02, 26 / 95 - 0.25, 26 / 95 - 0.25])


def test_influence_by_hand(three):
    # s = 1/6, 1/2, 1/3; z_A = 1/6 + (z_B + z_C)/2, z_B = 1/2 + z_A/10, z_C = 1/3: z = 35/57, 32/57, 19/57.
    # A z = (z_B + z_C, 0.2 z_A, 0) = 51/57, 7/57, 0; reported times 1/2.
    close(influence(three), [51 / 114, 7 / 114, 0])
    close(influence_share(three), [51 / 58, 7 / 58, 0])


def test_advantage_by_hand(three):
    # (100/400) / (120/1000), (20/100) / 0.12; CCC exports nothing at all.
    close(rca(three), [25 / 12, 5 / 3, 0])
    close(rsca(three), [13 / 37, 1 / 4, -1])


def test_concentration_by_hand():
    # CCC buys 30 from AAA and 10 from BBB: 0.75^2 + 0.25^2; BBB buys from AAA alone; AAA buys nothing.
    bought = network([("AAA", "CCC", P, 30.0), ("BBB", "CCC", P, 10.0), ("AAA", "BBB", P, 5.0)])
    np.testing.assert_array_equal(supplier_concentration(bought), [np.nan, 1.0, 0.625])


def test_star():
    # One hub supplies all: nothing reaches the hub, the spokes bear its failure and nothing behind it.
    star = network([("HUB", f"S0{k}", P, 10.0 * k) for k in range(1, 6)])
    close(systemic_trade_risk(star), [0] + [0.15] * 5)
    close(indirect_risk(star), np.zeros(6))
    close(influence(star), [0.15] + [0] * 5)
    close(influence_share(star), [1] + [0] * 5)
    close(trade_exposure(star), [0] + [1] * 5)


def test_ring():
    # Everybody only passes on: no domestic supply anywhere, the risk is 1 and alpha of it is behind the first step.
    ring = network([(f"R0{k}", f"R0{(k + 1) % 5}", P, 7.0) for k in range(5)])
    close(direct_risk(ring), np.ones(5))
    close(systemic_trade_risk(ring), np.ones(5))
    close(indirect_risk(ring), np.full(5, 0.85))
    close(influence(ring), np.full(5, 1 / 5))
    close(trade_exposure(ring), np.full(5, 0.5))


def test_chain():
    # Country k passes on what it gets: R_k = 1 + alpha R_(k-1), so (1 - alpha) R_k = 1 - alpha^(k-1).
    chain = network([(f"K0{k}", f"K0{k + 1}", P, 3.0) for k in range(1, 7)])
    close(systemic_trade_risk(chain), [1 - 0.85**k for k in range(7)])
    close(direct_risk(chain), [0] + [1] * 6)
    # Of the demand s = 1/6 at each buyer, supplier k carries (1 - alpha) sum of alpha^distance.
    close(influence(chain), [sum(0.15 * 0.85**step for step in range(6 - k)) / 6 for k in range(6)] + [0])


def test_autarky_in_a_product():
    # AAA makes all of its P itself and sells some; Q it only buys.
    both = network([("AAA", "BBB", P, 5.0), ("BBB", "AAA", Q, 5.0)])
    assert by_pair(both, systemic_trade_risk(both)) == {
        ("AAA", P): 0.0,
        ("AAA", Q): pytest.approx(0.15),
        ("BBB", P): pytest.approx(0.15),
        ("BBB", Q): 0.0,
    }


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.85, 0.99])
def test_agrees_with_a_dense_inverse_per_product(alpha):
    flows = random_flows(7)
    hazard = {country: number / 20 for number, country in enumerate(sorted({flow[0] for flow in flows}))}
    sparse = network(flows, hazard=FixedHazard(hazard), alpha=alpha)
    risk, indirect = by_pair(sparse, systemic_trade_risk(sparse)), by_pair(sparse, indirect_risk(sparse))
    weight = by_pair(sparse, influence(sparse))
    for product in sparse.products:
        names = [country for country, traded in risk if traded == product]
        at = {name: position for position, name in enumerate(names)}
        v = np.zeros((len(names), len(names)))
        for exporter, importer, traded, value in flows:
            if traded == product:
                v[at[exporter], at[importer]] += value
        A = v / np.maximum(v.sum(axis=0), v.sum(axis=1))
        L = np.linalg.inv(np.eye(len(names)) - alpha * A.T) @ A.T
        h = np.array([hazard[name] for name in names])
        s = v.sum(axis=0) / v.sum()
        expected = {
            "risk": (1 - alpha) * L @ h,
            "indirect": (1 - alpha) * L @ h - (1 - alpha) * A.T @ h,
            "influence": (1 - alpha) * s @ L,
        }
        for found, key in ((risk, "risk"), (indirect, "indirect"), (weight, "influence")):
            np.testing.assert_allclose([found[name, product] for name in names], expected[key], rtol=0, atol=1e-11)


def test_the_solves_report_themselves(three):
    assert 1 < three.systemic.iterations < 60
    assert three.systemic.error_bound <= 1e-13
    assert three.propagation.error_bound <= 1e-13
