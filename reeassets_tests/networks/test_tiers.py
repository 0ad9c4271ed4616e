"""Trophic levels of graphs small enough to solve by hand."""

import numpy as np
import pandas as pd
import pytest

from reeassets.networks.tiers import product_tiers, stage_agreement, trophic_levels


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
            "accepted": [True, True, False],
            "weight": [1.0, 1.0, 0.0],
        }
    )
    stages = pd.Series({"000003": "final", "000001": "upstream", "000002": "input", "000004": "upstream"})
    table = product_tiers(links, stages).set_index("product")
    assert table["trophic_level"].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert table["n_inputs"].tolist() == [0, 1, 1, 0]
    assert stage_agreement(table) == pytest.approx(1.0)
    assert stage_agreement(table.assign(stage="input")) is None
