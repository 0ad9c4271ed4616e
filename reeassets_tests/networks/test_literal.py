"""The test of links, word for word, on generated worlds: it finds what is planted; its old form finds everything."""

import numpy as np
import pandas as pd
import pytest

from reeassets.world.small import World, small_world
from reeassets_tests.networks import literal

SIZE = {"countries": 100, "products": 84, "years": 9}


def outcome(world: World, residuals) -> tuple[pd.DataFrame, np.ndarray]:
    """Return what the test finds of the candidates, with what was planted, and the decoys' p-values."""
    sides = residuals(world.trade_flows, world.country_totals, world.product_totals, sorted(world.stages.index))
    candidates = world.candidate_links[["input", "output"]]
    traded = world.trade_flows.groupby("product")["value_kusd"].sum()
    decoys = literal.permutation_p_values(*sides, literal.decoys(candidates, world.stages, traded, seed=1), 199, 2)
    found = literal.evidence(literal.permutation_p_values(*sides, candidates, 199, 3), decoys["p_value"].to_numpy())
    truth = pd.DataFrame(world.truth["links"])
    return found.merge(truth, on=["input", "output"], validate="one_to_one"), decoys["p_value"].to_numpy()


@pytest.fixture(scope="module")
def unlinked() -> World:
    return small_world(31, **SIZE, effects={"links": 0})


def test_levels_call_most_pairs_linked_where_nothing_is(unlinked):
    found, decoys = outcome(unlinked, literal.level_residuals)
    assert not found["planted"].any()
    assert (decoys <= 0.05).mean() > 0.2
    assert (found["p_value"] <= 0.05).mean() > 0.2


def test_changes_call_hardly_any_pair_linked_where_nothing_is(unlinked):
    found, decoys = outcome(unlinked, literal.change_residuals)
    # 200 or so p-values that are not independent: 5 % give or take three standard errors.
    assert (decoys <= 0.05).mean() <= 0.10
    assert found["within_rates"].mean() <= 0.01


@pytest.mark.parametrize("seed", [32, 34])
def test_changes_find_what_is_planted(seed):
    # Uniformity is left out: with links in the world the p-values of decoys are a little too large, and a test of
    # uniformity that looks at both sides may say so.
    found, _ = outcome(small_world(seed, **SIZE), literal.change_residuals)
    planted, accepted = found["planted"], found["within_rates"]
    assert planted.sum() > 40
    assert accepted[planted].mean() >= 0.9
    assert (~planted[accepted]).mean() <= 0.12


def test_levels_are_no_wonder_without_a_common_factor():
    world = small_world(
        33, countries=60, products=40, years=3, effects={"links": 0, "common": 0, "zeros": 0, "hubs": 0}
    )
    _, decoys = outcome(world, literal.level_residuals)
    assert (decoys <= 0.05).mean() <= 0.2


def test_ranks_are_from_zero_to_one_and_free_of_size():
    values = pd.DataFrame({"a": [3.0, 1.0, 1.0, 9.0, 4.0], "b": [5.0, 4.0, 3.0, 2.0, 1.0]})
    ranked = literal.ranks(values)
    assert ranked["a"].tolist() == [0.5, 0.125, 0.125, 1.0, 0.75]
    size = ranked["b"]
    left = literal.freed_of_size(ranked, size)
    assert left["b"].abs().max() < 1e-12
    assert abs(left["a"].sum()) < 1e-12
    assert abs(left["a"] @ size) < 1e-12


def test_changes_are_of_what_is_left_without_the_mean_over_products(unlinked):
    frames = (unlinked.trade_flows, unlinked.country_totals, unlinked.product_totals)
    products = sorted(unlinked.stages.index)
    imports, exports = literal.change_residuals(*frames, products)
    for side in (imports, exports):
        assert side.shape == (100 * 8, 84)
        assert np.abs(side.mean(axis=1)).max() < 1e-12
    level = literal.level_residuals(*frames, products)[0]
    relative = level.sub(level.mean(axis=1), axis=0)
    country, product = imports.index[5][1], products[7]
    expected = relative.loc[(2009, country), product] - relative.loc[(2008, country), product]
    assert imports.loc[(2009, country), product] == pytest.approx(expected)


def test_a_pair_that_moves_together_has_the_smallest_p_value():
    generator = np.random.default_rng(1)
    rows = pd.MultiIndex.from_product(
        [[2008, 2009], [f"{place:03d}" for place in range(40)]], names=["year", "country"]
    )
    imports = pd.DataFrame(generator.normal(size=(80, 2)), index=rows, columns=["p", "q"])
    exports = pd.DataFrame({"q": imports["p"] + 0.1 * generator.normal(size=80), "r": generator.normal(size=80)})
    pairs = pd.DataFrame({"input": ["p", "p"], "output": ["q", "r"]})
    found = literal.permutation_p_values(imports, exports, pairs, draws=199, seed=1)
    assert found["p_value"][0] == 1 / 200
    assert found["p_value"][1] > 0.02
    assert found["correlation"][0] == pytest.approx(np.corrcoef(imports["p"], exports["q"])[0, 1])


def test_target_decoy_rates_by_hand():
    # At 0.01 one of two candidates and no decoy; at 0.2 both, and one of four decoys: 1/4 over 1.
    assert literal.target_decoy([0.2, 0.01], [0.1, 0.3, 0.5, 0.9]).tolist() == [0.25, 0.0]
    # A stricter threshold that is no better than a laxer one takes the laxer one's rate.
    assert literal.target_decoy([0.05, 0.2], [0.01, 0.9]).tolist() == [0.5, 0.5]
