"""The permutation test, its false discovery rates, and what becomes of a candidate."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from statsmodels.stats.multitest import multipletests

from reeassets.networks.changes import specialisation_changes
from reeassets.networks.schema import LINK_CALIBRATION
from reeassets.networks.validation import (
    benjamini_hochberg,
    link_weights,
    permutation_test,
    target_decoy,
    validate_links,
)
from reeassets_tests.networks.made import PRODUCTS, panel

LINK = pd.DataFrame({"input": ["000001"], "output": ["000003"]})
UNIFORM = pd.DataFrame({"p_value": np.arange(1, 1001) / 1000})


def changes(**options):
    return specialisation_changes(*panel(**options), PRODUCTS)


def candidates(rows):
    """Rows of (input, output, strength, votes of three)."""
    frame = pd.DataFrame(rows, columns=["input", "output", "strength", "ai_votes"])
    return frame.assign(ai_voters=3, carried=frame["ai_votes"] >= 2, refused=None)


def validate(links, found, calibration=UNIFORM, link_set="carried"):
    return validate_links(links, found, calibration, draws=199, seed=1, fdr=0.10, link_set=link_set)


def test_the_null_moves_whole_countries_and_the_p_value_counts_them():
    moves = changes(link=0.7)
    tested = permutation_test(moves, LINK, draws=199, seed=7)
    generator = np.random.default_rng(7)
    orders = generator.permuted(np.tile(np.arange(12), (199, 1)), axis=1)
    a, b = moves.imports[0], moves.exports[2]
    null = [float((a[order] * b).sum()) for order in orders]
    expected = (1 + sum(value >= (a * b).sum() for value in null)) / 200
    assert tested["p_value"].iloc[0] == pytest.approx(expected)


def test_a_planted_link_is_found_and_its_reverse_is_not():
    flows, totals = panel(seed=3, n_countries=40, link=1.5, n_products=12)
    moves = specialisation_changes(flows, totals, [f"{number:06d}" for number in range(1, 13)])
    both = pd.DataFrame({"input": ["000001", "000003"], "output": ["000003", "000001"]})
    tested = permutation_test(moves, both, draws=499, seed=1)
    assert tested["p_value"].iloc[0] == pytest.approx(1 / 500)
    assert tested["correlation"].iloc[0] > 0.3
    assert tested["p_value"].iloc[1] > 0.05


def test_without_links_p_values_are_uniform():
    p_values = [permutation_test(changes(seed=seed), LINK, 99, 1)["p_value"].iloc[0] for seed in range(60)]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_a_link_has_the_same_p_value_whatever_is_tested_beside_it():
    moves = changes(link=0.3)
    pairs = pd.DataFrame([(a, b) for a in PRODUCTS for b in PRODUCTS if a != b], columns=["input", "output"])
    together = permutation_test(moves, pairs, draws=99, seed=1)
    for row in range(len(pairs)):
        alone = permutation_test(moves, pairs.iloc[[row]], draws=99, seed=1)
        assert alone["p_value"].iloc[0] == together["p_value"].iloc[row]


def test_a_product_that_nobody_trades_has_no_correlation():
    flows, totals = panel()
    moves = specialisation_changes(flows, totals, [*PRODUCTS, "000004"])
    moves.imports[3] = 0.0
    tested = permutation_test(moves, pd.DataFrame({"input": ["000004"], "output": ["000001"]}), draws=19, seed=1)
    assert tested["correlation"].isna().all()
    assert tested["p_value"].tolist() == [1.0]


def test_benjamini_hochberg_agrees_with_statsmodels():
    p_values = np.random.default_rng(0).uniform(size=50) ** 2
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_the_target_decoy_rate_is_the_smallest_at_which_a_candidate_is_accepted():
    p_values, decoys = np.array([0.01, 0.02, 0.02, 0.5, 0.9]), np.array([0.005, 0.3, 0.6, 0.8] + [1.0] * 6)
    # Half as many candidates as decoys: (1 + passing decoys) / 2 over accepted candidates, the smallest from there on.
    at = {0.01: (1 + 1) / 2 / 1, 0.02: (1 + 1) / 2 / 3, 0.5: (1 + 2) / 2 / 4, 0.9: (1 + 4) / 2 / 5}
    expected = [min(rate for other, rate in at.items() if other >= p) for p in p_values]
    assert target_decoy(p_values, decoys) == pytest.approx(expected)
    assert target_decoy(p_values, np.array([])).tolist() == [1.0] * 5
    assert target_decoy(np.array([]), decoys).tolist() == []


def test_few_decoys_cannot_validate():
    """One decoy more than pass is counted: of ten decoys none can show a rate below a tenth for one candidate."""
    assert target_decoy(np.array([0.001]), np.ones(10))[0] == pytest.approx(0.1)
    assert target_decoy(np.array([0.001]), np.ones(5))[0] == pytest.approx(0.2)


def test_the_network_is_what_the_votes_carry_whatever_trade_says():
    links = candidates([("000001", "000003", 0.9, 3), ("000002", "000003", 0.6, 2), ("000001", "000002", 0.8, 1)])
    made = validate(links, changes(seed=3, n_countries=40, link=1.5)).set_index(["input", "output"])
    assert made["in_network"].to_dict() == {
        ("000001", "000002"): False,
        ("000001", "000003"): True,
        ("000002", "000003"): True,
    }
    assert made["evidence"].fillna("none").tolist() == ["none", "validated", "carried"]
    # Strength times vote share: 0.9 and 0.4.
    assert made["weight"].tolist() == pytest.approx([0.0, 0.9 / 1.3, 0.4 / 1.3])
    without = validate(links, None)
    assert without.set_index(["input", "output"])["weight"].tolist() == made["weight"].tolist()
    assert without["evidence"].dropna().tolist() == ["carried", "carried"]


def test_the_validated_set_is_the_part_that_passes_both_rates():
    links = candidates([("000001", "000003", 0.9, 3), ("000002", "000003", 0.6, 2)])
    made = validate(links, changes(seed=3, n_countries=40, link=1.5), link_set="validated")
    assert made["in_network"].tolist() == [True, False]
    assert made["weight"].tolist() == [1.0, 0.0]


def test_a_test_that_is_not_calibrated_validates_nothing():
    links = candidates([("000001", "000003", 0.9, 3)])
    moves = changes(seed=3, n_countries=40, link=1.5)
    assert validate(links, moves)["evidence"].tolist() == ["validated"]
    skewed = UNIFORM.assign(p_value=lambda table: table["p_value"] ** 1.5)
    assert (skewed["p_value"] <= 0.005).sum() > 0
    assert validate(links, moves, skewed)["evidence"].tolist() == ["supported"]
    assert validate(links, moves, LINK_CALIBRATION.empty())["evidence"].tolist() == ["supported"]


def test_the_reverse_direction_stands_beside():
    links = candidates([("000001", "000003", 0.9, 3)])
    moves = changes(link=0.5)
    reverse = pd.DataFrame({"input": ["000003"], "output": ["000001"]})
    expected = permutation_test(moves, reverse, draws=199, seed=1)["p_value"].iloc[0]
    assert validate(links, moves)["p_reverse"].tolist() == [expected]


def test_weights_without_strengths():
    links = candidates(
        [
            ("000001", "000003", np.nan, 3),
            ("000002", "000003", 0.4, 3),
            ("000004", "000003", 0.2, 3),
            ("000001", "000005", np.nan, 2),
            ("000002", "000005", np.nan, 3),
            ("000001", "000006", 0.0, 3),
            ("000002", "000006", 0.0, 2),
        ]
    )
    weights = link_weights(links, links["carried"])
    assert weights.tolist() == pytest.approx([0.3 / 0.9, 0.4 / 0.9, 0.2 / 0.9, 2 / 5, 3 / 5, 1 / 2, 1 / 2])
