"""The test of links on pairs that nobody proposed: the pairs, and p-values where nothing is shared."""

import numpy as np
import pandas as pd

from reeassets.networks.calibration import SIZE_CLASSES, kolmogorov_smirnov, link_calibration, random_pairs
from reeassets.networks.pictures import p_value_picture
from reeassets.networks.schema import LINK_CALIBRATION
from reeassets.networks.validation import residual_ranks
from reeassets.world.effects import PLAIN
from reeassets.world.small import small_world

PRODUCTS = [f"{number:06d}" for number in range(60)]
WORLD = pd.Series(np.geomspace(1, 1e6, 60), index=PRODUCTS)
LINKS = pd.DataFrame({"input": PRODUCTS[:30], "output": PRODUCTS[30:]})


def test_pairs_are_no_candidates_and_match_in_size():
    pairs = random_pairs(LINKS, WORLD, seed=4)
    assert len(pairs) == len(LINKS)
    assert not pairs.duplicated().any()
    ends = {tuple(pair) for pair in LINKS.to_numpy()}
    proposed = {tuple(pair) for pair in pairs.to_numpy()}
    assert not proposed & (ends | {(target, source) for source, target in ends})
    assert (pairs["input"] != pairs["output"]).all()
    size = np.ceil(WORLD.rank(pct=True) * SIZE_CLASSES)
    for end in ("input", "output"):
        assert sorted(pairs[end].map(size)) == sorted(LINKS[end].map(size))


def test_the_seed_decides_and_the_order_of_products_does_not():
    pairs = random_pairs(LINKS, WORLD, seed=4)
    pd.testing.assert_frame_equal(pairs, random_pairs(LINKS, WORLD.iloc[::-1], seed=4))
    assert not pairs.equals(random_pairs(LINKS, WORLD, seed=5))


def test_a_candidate_without_a_counterpart_has_none():
    everything = pd.DataFrame([(a, b) for a in PRODUCTS[:3] for b in PRODUCTS[:3]], columns=["input", "output"])
    assert random_pairs(everything, WORLD[:3], seed=1).empty


def test_where_nothing_is_planted_p_values_are_uniform():
    world = small_world(7, countries=40, products=168, years=4, effects=PLAIN | {"links": 0})
    ranks = residual_ranks(world.trade_flows, world.country_totals, world.product_totals, sorted(world.stages.index))
    traded = world.trade_flows.groupby("product")["value_kusd"].sum()
    table = LINK_CALIBRATION.check(link_calibration(world.candidate_links, ranks, traded, draws=199, seed=3))
    distance, p_value = kolmogorov_smirnov(table["p_value"])
    assert distance < 0.1
    assert p_value > 0.01
    png = p_value_picture(table["p_value"])
    assert png.startswith(b"\x89PNG")
    assert png == p_value_picture(table["p_value"])


def test_no_pairs_have_no_distance():
    assert kolmogorov_smirnov(pd.Series(dtype="float64")) is None
