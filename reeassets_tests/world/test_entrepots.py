"""True origins: by hand, what must hold, and what the indicators find of them; the planted loss of a cut."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.hazards import POLITICAL_STABILITY
from reeassets.indicators.influence import influence
from reeassets.indicators.origins import origins
from reeassets.indicators.supply import reexport_shares
from reeassets.indicators.year_network import YearNetwork
from reeassets.world.cut import losses_of_cut, lost_imports
from reeassets.world.effects import PLAIN
from reeassets.world.entrepots import LEAST_SHARE, Entrepots, origins_of_product, passed_on
from reeassets.world.measured import PASS_THROUGH
from reeassets.world.small import World, small_world
from reeassets_tests.world.measures import NO_LINKS, SETTINGS

KEY = ["year", "product", "country", "origin"]


def last_network(world: World) -> YearNetwork:
    year = world.truth["years"][-1]
    frames = [frame[frame["year"] == year] for frame in (world.trade_flows, world.country_totals, world.product_totals)]
    shares = reexport_shares(SETTINGS, sorted(frames[1]["country"]))
    return YearNetwork.build(*frames, NO_LINKS, POLITICAL_STABILITY, SETTINGS, shares)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(21, countries=60, products=20, years=2)


def entrepot(position: int, share: float) -> Entrepots:
    return Entrepots(np.array([position]), np.array([share]), np.array([[share]]))


def test_who_buys_from_an_entrepot_alone_gets_its_mixture():
    # 0 makes 80 and 1 makes 20 for the entrepot 2, which sells 90 to 3 and 10 to 4; all that it sells it has bought.
    flows = np.zeros((5, 5))
    flows[0, 2], flows[1, 2], flows[2, 3], flows[2, 4], flows[3, 0], flows[3, 1] = 80, 20, 90, 10, 5, 5
    shares = origins_of_product(flows, entrepot(2, 1.0), 0, seed=1)
    assert np.allclose(shares.sum(axis=0), 1, atol=1e-12)
    assert shares[2] == pytest.approx(np.zeros(5), abs=1e-6)
    assert shares[:, 2] == pytest.approx([0.8, 0.2, 0, 0, 0])
    # Whatever customers like, what they get of it together is what was bought.
    assert 90 * shares[0, 3] + 10 * shares[0, 4] == pytest.approx(80, rel=1e-3)
    half = origins_of_product(flows, entrepot(2, 0.5), 0, seed=1)
    assert 90 * half[2, 3] + 10 * half[2, 4] == pytest.approx(50, rel=1e-3)


def test_nobody_gets_back_what_it_has_made():
    flows = np.zeros((4, 4))
    flows[0, 2], flows[1, 2], flows[2, 0], flows[2, 3], flows[2, 1] = 50, 50, 30, 60, 10
    shares = origins_of_product(flows, entrepot(2, 1.0), 0, seed=1)
    assert shares[0, 0] < 1e-6
    assert shares[1, 0] > 1 - 1e-6


def test_goods_pass_two_entrepots():
    # 0 makes, 1 and 2 pass on, 3 uses.
    flows = np.zeros((4, 4))
    flows[0, 1], flows[1, 2], flows[2, 3], flows[3, 0] = 100, 90, 80, 1
    both = Entrepots(np.array([1, 2]), np.ones(2), np.ones((2, 1)))
    assert origins_of_product(flows, both, 0, seed=1)[:, 3] == pytest.approx([1, 0, 0, 0], abs=1e-9)


def test_what_an_entrepot_passes_on_is_its_share_of_the_smaller_side():
    flows = np.array([[0.0, 10.0, 0.0], [0.0, 0.0, 4.0], [1.0, 0.0, 0.0]])
    assert passed_on(flows, entrepot(1, 0.25), 0) == pytest.approx([1.0])


def test_shares_of_an_importer_sum_to_one(world):
    found = world.origins
    assert list(found.columns) == [*KEY, "share"]
    assert not found.duplicated(KEY).any()
    assert set(found["year"]) == {world.truth["years"][-1]}
    assert found["share"].between(LEAST_SHARE, 1).all()
    sums = found.groupby(["product", "country"])["share"].sum()
    assert len(sums) == 60 * 20
    assert sums.between(0.98, 1 + 1e-4).all()


def test_goods_are_neither_lost_nor_made_on_the_way():
    generator = np.random.default_rng(8)
    flows = generator.lognormal(0.0, 1.5, size=(30, 30)) * (1 - np.eye(30))
    hubs = np.array([3, 11, 20])
    entrepots = Entrepots(hubs, np.ones(3), generator.uniform(0.3, 1.0, size=(3, 1)))
    shares = origins_of_product(flows, entrepots, 0, seed=4)
    onward = passed_on(flows, entrepots, 0)
    own = flows.sum(axis=1)
    own[hubs] -= onward
    # All imports of an origin are what it has sold of its own, and what entrepots sold on of that.
    bought = shares @ flows.sum(axis=0)
    assert bought == pytest.approx(own + shares[:, hubs] @ onward, rel=2e-3)


def test_without_entrepots_who_sells_has_made_it():
    plain = small_world(21, countries=60, products=20, years=2, effects=PLAIN)
    table = origins(last_network(plain)).merge(plain.origins, on=KEY, how="left")
    assert plain.truth["entrepots"] == []
    assert table["share"].fillna(0.0).to_numpy() == pytest.approx(table["direct_share"].to_numpy(), abs=LEAST_SHARE)


def test_the_indicators_trace_origins_within_their_bounds(world):
    table = origins(last_network(world)).merge(world.origins, on=KEY, how="left").fillna({"share": 0.0})
    least = 0.005
    inside = (table["share"] >= table["ultimate_low"] - least) & (table["share"] <= table["ultimate_high"] + least)
    assert inside.mean() >= 0.95
    # Tracing is worth it: without it the error is more than twice as large.
    errors = {name: (table["share"] - table[name]).abs().mean() for name in ("direct_share", "ultimate_share")}
    assert errors["ultimate_share"] < 0.5 * errors["direct_share"]
    assert {row["country"] for row in world.truth["entrepots"]} == {"BEL", "HKG", "NLD"}


def test_the_planted_loss_of_a_cut_is_the_influence_of_the_hub(world):
    network, cut = last_network(world), world.truth["cut"]
    found = pd.Series(influence(network), index=pd.MultiIndex.from_frame(network.pairs()[["country", "product"]]))
    hub = next(row["country"] for row in world.truth["countries"] if row["archetype"] == "dominant hub")
    assert cut["supplier"] == hub
    assert cut["year"] == world.truth["years"][-1]
    assert found[hub, cut["product"]] == pytest.approx(cut["recorded"]["lost_imports"], rel=1e-9)
    assert cut["planted"]["lost_imports"] == pytest.approx(cut["recorded"]["lost_imports"], abs=0.02)
    assert cut["planted"] != cut["recorded"]


def test_a_cut_is_the_solution_of_the_equation_of_losses():
    generator = np.random.default_rng(3)
    flows = generator.lognormal(size=(9, 9)) * (1 - np.eye(9))
    onward = 0.3 * np.minimum(flows.sum(axis=0), flows.sum(axis=1))
    supply = flows.sum(axis=0) + flows.sum(axis=1) - onward
    shares, failing = flows / supply, np.eye(9)[4]
    exact = np.linalg.solve(np.eye(9) - PASS_THROUGH * shares.T @ np.diag(1 - failing), shares.T @ failing)
    losses = losses_of_cut(flows, onward, 4)
    assert losses == pytest.approx(exact, rel=1e-12)
    others = np.arange(9) != 4
    assert lost_imports(flows, onward, 4, losses) == pytest.approx((supply * exact)[others].sum() / flows.sum())
