"""Origins by hand: through an entrepot, through a miner that blends, and a ring in which nobody makes anything."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.bounds import IMPORTERS, indicator_bounds
from reeassets.indicators.compute import product_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.origins import origin_summary, origins, origins_by_product, passed_on
from reeassets.indicators.schema import INDICATOR_BOUNDS
from reeassets_tests.indicators.builders import P, network, random_flows

# MAK sells 80 to HUB and 20 to USE; HUB sells 60 to USE and 20 to FAR; OTH sells 20 to HUB.
FLOWS = [
    ("MAK", "HUB", P, 80.0),
    ("MAK", "USE", P, 20.0),
    ("OTH", "HUB", P, 20.0),
    ("HUB", "USE", P, 60.0),
    ("HUB", "FAR", P, 20.0),
]


def shares(net, column="ultimate_share"):
    return origins(net).set_index(["country", "origin"])[column].to_dict()


def test_without_reexports_who_sells_has_made_it():
    found = shares(network(FLOWS))
    assert found["USE", "HUB"] == pytest.approx(0.75)
    assert found["USE", "MAK"] == pytest.approx(0.25)
    headline, direct = shares(network(FLOWS)), shares(network(FLOWS), "direct_share")
    assert headline == pytest.approx(direct, abs=1e-15)


def test_an_entrepot_is_seen_through():
    net = network(FLOWS, reexports={"HUB": 1.0})
    found = shares(net)
    # HUB bought 100 and sold 80: all that it sells it has bought, four fifths of it from MAK.
    assert found["USE", "MAK"] == pytest.approx(0.25 + 0.75 * 0.8)
    assert found["USE", "OTH"] == pytest.approx(0.75 * 0.2)
    assert found["FAR", "MAK"] == pytest.approx(0.8)
    direct = shares(net, "direct_share")
    assert direct["USE", "HUB"] == pytest.approx(0.75)
    summary = origin_summary(net).set_axis(net.pairs()["country"])
    assert summary.loc["USE", "largest_origin"] == "MAK"
    assert summary.loc["USE", "largest_origin_share"] == pytest.approx(0.85)
    assert summary.loc["USE", "origin_concentration"] == pytest.approx(0.85**2 + 0.15**2)
    assert summary.loc["MAK"].isna().all()


def test_half_an_entrepot():
    # Half of min(100, 80) is re-exported: half of HUB's 80 is its own.
    found = shares(network(FLOWS, reexports={"HUB": 0.5}))
    assert found["USE", "HUB"] == pytest.approx(0.75 * 0.5)
    assert found["USE", "MAK"] == pytest.approx(0.25 + 0.75 * 0.5 * 0.8)


def test_who_mines_blends_what_it_buys_with_its_own():
    # HUB mines 300 beside the 100 it buys: a quarter of what it sells is bought, whatever its re-exports are.
    found = shares(network(FLOWS, reexports={"HUB": 1.0}, production={("HUB", P): 300.0}))
    assert found["USE", "HUB"] == pytest.approx(0.75 * 0.75)
    assert found["USE", "MAK"] == pytest.approx(0.25 + 0.75 * 0.25 * 0.8)


@pytest.mark.parametrize("seed", range(4))
def test_against_the_whole_inverse(seed):
    # Some pass on nothing, some a part, some mine: E = (I - diag(e) B')^-1 diag(1 - e), solved for all exporters.
    rho = {f"CA{k}": (0.0, 0.3, 0.9)[k % 3] for k in range(10)}
    mines = {("CA1", "250000"): 400.0, ("CA3", "250001"): 5.0}
    net = network(random_flows(seed, n_countries=12, n_products=3), reexports=rho, production=mines)
    bought = passed_on(net, net.reexported)
    for product, found in enumerate(origins_by_product(net, net.reexported)):
        k, trades = len(net.countries), net.product == product
        flows = np.zeros((k, k))
        inside = net.product[net.exporter] == product
        flows[net.country[net.exporter[inside]], net.country[net.importer[inside]]] = net.value[inside]
        imports, share = flows.sum(axis=0), np.zeros(k)
        share[net.country[trades]] = bought[trades]
        onward = np.divide(flows, imports, out=np.zeros((k, k)), where=imports > 0).T
        whole = onward @ np.linalg.inv(np.eye(k) - share[:, None] * onward) @ np.diag(1 - share)
        rows, columns = net.country[found.importers], net.country[found.exporters]
        np.testing.assert_allclose(found.ultimate, whole[np.ix_(rows, columns)], rtol=0, atol=1e-13)
        assert (share > 0).any()


def test_origins_do_not_depend_on_what_is_passed_on_of_losses():
    one, other = (network(FLOWS, reexports={"HUB": 0.5}, pass_through=b) for b in (0.0, 0.9))
    pd.testing.assert_frame_equal(origins(one), origins(other), check_exact=True)


def test_who_exports_more_than_it_mines_passes_on_no_more_than_it_bought():
    # MAK mines 1 and buys 4, but exports 100: 100 is made there, and 4 of 104 is bought.
    found = shares(network([*FLOWS, ("OTH", "MAK", P, 4.0)], production={("MAK", P): 1.0}))
    assert found["FAR", "HUB"] == pytest.approx(1.0)
    assert found["USE", "MAK"] == pytest.approx(0.25 * 100 / 104)
    assert found["USE", "OTH"] == pytest.approx(0.25 * 4 / 104)


def test_bounds_are_those_of_none_and_all():
    net = network(FLOWS, reexports={"HUB": 0.5})
    low, high = shares(net, "ultimate_low"), shares(net, "ultimate_high")
    assert (low["USE", "MAK"], high["USE", "MAK"]) == pytest.approx((0.25, 0.85))
    assert (low["USE", "HUB"], high["USE", "HUB"]) == pytest.approx((0.0, 0.75))


def bounds_of(net) -> pd.DataFrame:
    bounds = indicator_bounds(net, product_indicators(net, registered_indicators()))
    return INDICATOR_BOUNDS.check(bounds).set_index("country")


def test_bounds_of_the_largest_origin_by_hand():
    # USE buys half from HUB, which bought all that it sells: from MAK, of whom USE buys the other half.
    flows = [("MAK", "HUB", P, 60.0), ("HUB", "USE", P, 50.0), ("MAK", "USE", P, 50.0)]
    net = network(flows, reexports={"HUB": 0.5})
    assert origin_summary(net).set_axis(net.pairs()["country"]).loc["USE", "largest_origin_share"] == 0.75
    found = bounds_of(net)
    assert found.loc["USE", ["largest_origin_share_low", "largest_origin_share_high"]].tolist() == [0.5, 1.0]
    assert found.loc["USE", ["origin_concentration_low", "origin_concentration_high"]].tolist() == [0.5, 1.0]
    assert found.loc["MAK", ["largest_origin_share_low", "origin_concentration_high"]].isna().all()
    # HUB also mines 60 and is recorded to: of its exports half is bought, unless the record is left out.
    mining = bounds_of(network(flows, production={("HUB", P): 60.0}))
    assert mining.loc["USE", "largest_origin_share_low"] == pytest.approx(0.5)
    assert mining.loc["USE", "largest_origin_share_high"] == pytest.approx(0.75)


def test_bounds_of_origins_are_over_the_assumptions_that_know_one():
    # With all re-exported a ring has no maker; without it each made what it sells.
    found = bounds_of(network([("RAA", "RBB", P, 5.0), ("RBB", "RAA", P, 5.0)]))
    assert (found[[f"{name}_{end}" for name in IMPORTERS for end in ("low", "high")]] == 1.0).all(axis=None)
    closed = bounds_of(network([("RAA", "RBB", P, 5.0), ("RBB", "RAA", P, 5.0)], reexports={"RAA": 1.0, "RBB": 1.0}))
    assert (closed["largest_origin_share_low"] == 1.0).all()


def test_the_origin_of_a_ring_without_a_maker_is_not_known():
    ring = [("RAA", "RBB", P, 5.0), ("RBB", "RAA", P, 5.0), ("MAK", "USE", P, 5.0), ("RAA", "USE", P, 0.0625)]
    net = network(ring, reexports={"RAA": 1.0, "RBB": 1.0})
    # RAA makes the sixteenth that it sells beyond what it buys; without that nobody does.
    closed = network(ring[:3], reexports={"RAA": 1.0, "RBB": 1.0})
    summary = origin_summary(closed).set_axis(closed.pairs()["country"])
    assert summary.loc[["RAA", "RBB"]].isna().all(axis=None)
    assert summary.loc["USE", "largest_origin_share"] == pytest.approx(1.0)
    known = origin_summary(net).set_axis(net.pairs()["country"])
    assert known.loc["RBB", "largest_origin"] == "RAA"
    assert known.loc["RBB", "largest_origin_share"] == pytest.approx(1.0)


def test_an_empty_year_has_no_origins():
    summary = origin_summary(network([]))
    assert origins(network([])).empty
    assert summary.empty
    assert np.issubdtype(summary["largest_origin_share"].dtype, np.floating)


def test_bounds_want_the_pairs_of_their_own_network():
    net, other = network(FLOWS), network(FLOWS[:-1])
    with pytest.raises(ValueError, match="does not hold the pairs"):
        indicator_bounds(net, product_indicators(other, registered_indicators()))
