"""The decoys of the test of links: which pairs, and p-values where nothing is shared."""

import numpy as np
import pandas as pd

from reeassets.networks.calibration import LEAST_DECOYS, SIZE_CLASSES, calibration_words, decoys, uniformity
from reeassets.networks.changes import specialisation_changes
from reeassets.networks.pictures import p_value_picture
from reeassets.networks.schema import LINK_CALIBRATION
from reeassets.networks.validation import permutation_test
from reeassets.world.small import small_world

PRODUCTS = [f"{number:06d}" for number in range(60)]
WORLD = pd.Series(np.geomspace(1, 1e6, 60), index=PRODUCTS)
STAGES = pd.Series(["upstream", "input"] * 30, index=PRODUCTS)
LINKS = pd.DataFrame({"input": PRODUCTS[:30], "output": PRODUCTS[30:]})


def test_pairs_are_no_candidates_and_match_in_stage():
    pairs = decoys(LINKS, STAGES, WORLD, seed=4)
    assert len(pairs) >= LEAST_DECOYS
    assert not pairs.duplicated().any()
    ends = {tuple(pair) for pair in LINKS.to_numpy()}
    drawn = {tuple(pair) for pair in pairs.to_numpy()}
    assert not drawn & (ends | {(target, source) for source, target in ends})
    assert (pairs["input"] != pairs["output"]).all()
    assert {tuple(pair) for pair in pairs.apply(lambda end: end.map(STAGES)).to_numpy()} == {
        ("upstream", "upstream"),
        ("input", "input"),
    }


def test_pairs_match_in_size_while_there_are_any():
    few = LINKS.iloc[[0]]
    size = np.ceil(WORLD.rank(pct=True) * SIZE_CLASSES)
    one, other = (size[few[end].iloc[0]] for end in ("input", "output"))
    pairs = decoys(few, STAGES, WORLD, seed=4)
    away = np.maximum(abs(pairs["input"].map(size) - one), abs(pairs["output"].map(size) - other))
    # Three products of a stage are in a class of size: eight pairs are as near as can be, of the first and the sixth.
    assert (away == 0).sum() == 3 * 3 - 1
    assert len(pairs) == 30 * 29 - 2 * 0 - 1 - (STAGES[few["input"].iloc[0]] == STAGES[few["output"].iloc[0]])


def test_the_seed_decides_and_the_order_of_products_does_not():
    pairs = decoys(LINKS, STAGES, WORLD, seed=4)
    pd.testing.assert_frame_equal(pairs, decoys(LINKS, STAGES.iloc[::-1], WORLD.iloc[::-1], seed=4))
    fewer = pd.DataFrame({"input": PRODUCTS[:2], "output": PRODUCTS[3:5]})
    assert not decoys(fewer, STAGES, WORLD, seed=4).equals(LINKS)


def test_without_free_pairs_or_candidates_there_are_none():
    everything = pd.DataFrame([(a, b) for a in PRODUCTS[:3] for b in PRODUCTS[:3]], columns=["input", "output"])
    assert decoys(everything, STAGES[:3], WORLD[:3], seed=1).empty
    assert decoys(LINKS[:0], STAGES, WORLD, seed=1).empty


def test_where_nothing_is_planted_p_values_are_uniform():
    world = small_world(7, countries=40, products=168, years=4, effects={"links": 0})
    changes = specialisation_changes(world.trade_flows, world.country_totals, sorted(world.stages.index))
    traded = world.trade_flows.groupby("product")["value_kusd"].sum()
    pairs = decoys(world.candidate_links, world.stages, traded, seed=3)
    table = LINK_CALIBRATION.check(pairs.join(permutation_test(changes, pairs, draws=199, seed=3)))
    found = uniformity(table["p_value"])
    assert found.distance < 0.05
    assert found.verdict == "calibrated"
    png = p_value_picture(table["p_value"])
    assert png.startswith(b"\x89PNG")
    assert png == p_value_picture(table["p_value"])


def test_what_is_said_of_the_calibration():
    uniform = pd.DataFrame({"p_value": np.arange(1, 101) / 100})
    assert "5.0% have a p-value of at most 0.05" in calibration_words(uniform)
    assert calibration_words(uniform).endswith("so the test is calibrated")
    linked = pd.DataFrame({"p_value": np.full(100, 0.01)})
    assert "100.0% have" in calibration_words(linked)
    assert calibration_words(linked).endswith("so the test is uncalibrated and validates nothing")
    assert uniformity(linked["p_value"]).verdict == "uncalibrated"
    conservative = uniformity(pd.Series(np.full(100, 0.99)))
    assert conservative.p_value < 0.01
    assert conservative.verdict == "calibrated"
    assert calibration_words(uniform[:0]).startswith("not tested")
    assert uniformity(pd.Series(dtype="float64")).verdict == "not tested"
