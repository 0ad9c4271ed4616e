"""The test of links on generated worlds, against its literal form and against what was planted."""

import numpy as np
import pandas as pd
import pytest

from reeassets.networks.calibration import decoys, uniformity
from reeassets.networks.changes import specialisation_changes
from reeassets.networks.validation import permutation_test, validate_links
from reeassets.world.small import World, small_world
from reeassets_tests.networks import literal

SIZE = {"countries": 100, "products": 84, "years": 9}


def validated(world: World) -> tuple[pd.DataFrame, pd.Series]:
    """Return table ``io_links`` with what was planted, and the decoys' p-values."""
    changes = specialisation_changes(world.trade_flows, world.country_totals, sorted(world.stages.index))
    traded = world.trade_flows.groupby("product")["value_kusd"].sum()
    pairs = decoys(world.candidate_links, world.stages, traded, seed=1)
    pairs = pairs.join(permutation_test(changes, pairs, 499, 1))
    links = validate_links(world.candidate_links, changes, pairs, draws=499, seed=1, fdr=0.1, link_set="validated")
    truth = pd.DataFrame(world.truth["links"])
    return links.merge(truth, on=["input", "output"], validate="one_to_one"), pairs["p_value"]


@pytest.fixture(scope="module")
def linked() -> World:
    return small_world(42, **SIZE)


def test_correlations_are_those_of_the_literal_form(linked):
    products = sorted(linked.stages.index)
    changes = specialisation_changes(linked.trade_flows, linked.country_totals, products)
    pairs = linked.candidate_links[["input", "output"]].head(20).reset_index(drop=True)
    tested = permutation_test(changes, pairs, draws=19, seed=1)
    sides = literal.change_residuals(linked.trade_flows, linked.country_totals, linked.product_totals, products)
    expected = literal.permutation_p_values(*sides, pairs, draws=19, seed=1)
    np.testing.assert_allclose(tested["correlation"], expected["correlation"], atol=1e-12)


def test_what_is_planted_is_found_and_made_the_network(linked):
    links, p_values = validated(linked)
    assert links["planted"].sum() > 40
    assert (links["in_network"] & links["planted"]).sum() >= 0.9 * links["planted"].sum()
    assert (links["in_network"] & ~links["planted"]).sum() <= 0.12 * links["in_network"].sum()
    assert links.loc[links["planted"], "p_reverse"].median() > 0.1
    assert uniformity(p_values).verdict == "calibrated"


@pytest.mark.parametrize("seed", [43, 44])
def test_a_common_factor_without_links_validates_nothing(seed):
    links, p_values = validated(small_world(seed, **SIZE, effects={"links": 0}))
    assert (links["evidence"] == "validated").mean() <= 0.01
    assert (p_values <= 0.05).mean() <= 0.08
    assert uniformity(p_values).distance < 0.05
