"""Trophic levels of graphs small enough to solve by hand."""

import numpy as np
import pandas as pd
import pytest

from reeassets.networks.tiers import product_tiers, stage_agreement, tier_stages, trophic_levels


def graph(n, *edges):
    weights = np.zeros((n, n))
    for source, target, weight in edges:
        weights[source, target] = weight
    return weights


def test_a_chain_climbs_by_one():
    levels, components = trophic_levels(graph(3, (0, 1, 1.0), (1, 2, 1.0)))
    assert levels.tolist() == [0.0, 1.0, 2.0]
    assert len(set(components)) == 1


def test_a_cycle_is_level():
    levels, _ = trophic_levels(graph(3, (0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)))
    assert levels.tolist() == [0.0, 0.0, 0.0]


def test_a_shortcut_by_hand():
    # a -> b -> c and a -> c, all of weight 1. (D - W - W') h = d_in - d_out reads
    #   2 ha -   hb -   hc = -2
    #  - ha + 2 hb -   hc =  0
    # so hb = ha + 2/3 and hc = ha + 4/3.
    levels, _ = trophic_levels(graph(3, (0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)))
    assert levels == pytest.approx([0.0, 2 / 3, 4 / 3])


def test_each_component_starts_at_zero_and_a_lone_product_is_at_zero():
    levels, components = trophic_levels(graph(5, (0, 1, 1.0), (3, 2, 0.5)))
    assert levels.tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert len(set(components)) == 3


def test_relabelling_changes_nothing():
    generator = np.random.default_rng(0)
    weights = np.triu(generator.uniform(size=(6, 6)), 1)
    order = generator.permutation(6)
    levels, _ = trophic_levels(weights)
    relabelled, _ = trophic_levels(weights[np.ix_(order, order)])
    assert relabelled == pytest.approx(levels[order])


def test_the_table_and_its_agreement_with_the_stages():
    links = pd.DataFrame(
        {
            "input": ["000001", "000002", "000001"],
            "output": ["000002", "000003", "000003"],
            "in_network": [True, True, False],
            "weight": [1.0, 1.0, 0.0],
        }
    )
    stages = pd.Series({"000003": "final", "000001": "upstream", "000002": "input", "000004": "upstream"})
    table = product_tiers(links, stages).set_index("product")
    assert table["trophic_level"].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert table["n_inputs"].tolist() == [0, 1, 1, 0]
    assert stage_agreement(table) == pytest.approx(1.0)
    assert stage_agreement(table.assign(stage="input")) is None


def test_a_product_nearest_to_another_stage_disagrees():
    tiers = pd.DataFrame(
        {
            "stage": ["upstream", "upstream", "input", "input", "final", "final"],
            "trophic_level": [0.0, 1.9, 1.0, 1.0, 2.0, 0.0],
            "n_inputs": [0, 1, 1, 1, 1, 0],
            "n_outputs": [1, 0, 1, 1, 0, 0],
        }
    )
    # Medians over linked products: upstream 0.95, input 1.0, final 2.0; the last product has no link.
    named = tier_stages(tiers)
    assert named[:5].tolist() == ["upstream", "final", "input", "input", "final"]
    assert pd.isna(named[5])


def test_as_near_to_two_stages_is_the_earlier_one():
    tiers = pd.DataFrame(
        {
            "stage": ["upstream", "final", "final"],
            "trophic_level": [0.0, 1.0, 0.5],
            "n_inputs": 1,
            "n_outputs": 1,
        }
    )
    # Medians: upstream 0, final 0.75; a level of 0.375 would be as near to both.
    tiers.loc[2, "trophic_level"] = 0.0
    # Medians: upstream 0, final 0.5: the final product at 0 is nearest to upstream.
    assert tier_stages(tiers).tolist() == ["upstream", "final", "upstream"]
    tiers.loc[2, "trophic_level"] = 1 / 3
    # Medians: upstream 0, final 2/3: as near to both.
    assert tier_stages(tiers)[2] == "upstream"
