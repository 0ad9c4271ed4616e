import json

import numpy as np
import pandas as pd
import pytest

from reeassets.models.panel import build_panel
from reeassets.world.effects import PLAIN
from reeassets.world.small import small_world
from reeassets_tests.world import proof
from reeassets_tests.world.measures import SETTINGS, measured

SEEDS = range(1, 13)
CELL = {"rho": 0.8}


@pytest.fixture(scope="module")
def nothing():
    return proof.over_worlds(SEEDS, CELL | proof.NOTHING)


@pytest.fixture(scope="module")
def strong():
    return proof.over_worlds(SEEDS, CELL | proof.STRONG)


def test_effects_that_are_not_there_are_rarely_found(nothing):
    assert (nothing["planted"] == 0).sum() >= 72
    found = nothing[nothing["planted"] == 0]
    # All terms of 12 worlds pooled. Terms of one world are not independent; if they were, more than 12 % of 72 tests at
    # 5 % would come with a chance of 1 %, and 4 or more of the 12 of one term with 0.2 %.
    assert (found["p_value"] < 0.05).mean() <= 0.12
    assert found.groupby("term")["p_value"].agg(lambda values: (values < 0.05).sum()).max() <= 3


def test_planted_coefficients_are_covered_by_the_intervals(strong):
    summary = proof.by_term(strong)
    # 12 intervals of 95 %: fewer than 9 have a chance of 0.2 %; of all of them, fewer than 88 % one of 1 % or less.
    assert (summary["covered"] >= 9 / 12).all()
    assert summary["covered"].mean() >= 0.88


def test_strong_effects_have_their_sign(strong):
    planted = proof.planted_terms(proof.by_term(strong))
    assert len(planted) == 6
    assert planted["right_sign"].mean() >= 0.9


def test_worlds_that_are_done_are_kept_and_half_a_line_is_not(tmp_path):
    cell = proof.Cell(0.5, 0.0, 5, "effect")
    rows = [dict.fromkeys(proof.KEPT, 0.0) | {"term": "risk:input", "seed": seed} for seed in (1, 2)]
    path = tmp_path / f"{cell.name}.jsonl"
    path.write_text("".join(json.dumps([row]) + "\n" for row in rows) + '[{"term": "ri')
    assert proof.over_cell(cell, [1, 2], tmp_path)["seed"].tolist() == [1, 2]
    assert path.read_text().count("\n") == 2
    assert "ri\n" not in path.read_text()
    path.write_text('[{"term": "ri')
    assert proof.read_worlds(path) == {}


def test_the_cells_of_the_proof():
    assert len(proof.CELLS) == len({cell.name for cell in proof.CELLS}) == 3 * 2 * 2 * 3


def test_archetypes_are_found_as_clusters():
    assert proof.archetype_index(2, countries=70, products=60, years=3) >= proof.ADJUSTED_RAND


def test_the_criteria_can_be_missed(strong):
    shifted = proof.by_term(strong.assign(planted=strong["planted"] + 0.05))
    found = proof.by_term(strong.assign(p_value=0.01))
    wrong = proof.by_term(strong.assign(planted=-strong["planted"]))
    judged = proof.criteria({"a": shifted}, {"a": found}, {"a": wrong}, [0.95, 0.5])
    assert [one.holds for one in judged] == [False] * 4
    good = pd.DataFrame({"covered": [0.88, 1.0], "significant": [0.0, 0.12], "right_sign": [1.0, 0.9]})
    assert all(one.holds for one in proof.criteria({"a": good}, {"a": good}, {"a": good}, [0.9]))


def test_no_future_is_in_the_regressors():
    # From flows to the panel: every value after the third year is another, and what comes before does not move.
    world = small_world(3, countries=14, products=10, years=5, effects=PLAIN)
    frames = proof.tables(world)
    last = world.truth["years"][2]
    rng = np.random.default_rng(1)
    poisoned = [frame.copy() for frame in frames]
    for frame in poisoned:
        for name in frame.select_dtypes("float64"):
            later = (frame["year"] > last) & frame[name].notna()
            frame.loc[later, name] *= rng.uniform(0.5, 2.0, int(later.sum()))
    panels = [
        build_panel(*measured(*given), given[1], given[2], world.stages, SETTINGS)[0] for given in (frames, poisoned)
    ]
    honest, changed = (panel[panel["year"] <= last].reset_index(drop=True) for panel in panels)
    leads = ["rca_lead1", "rsca_lead1"]
    pd.testing.assert_frame_equal(changed.drop(columns=leads), honest.drop(columns=leads), check_exact=True)
    at_end = honest["year"] == last
    assert not np.allclose(changed.loc[at_end, "rsca_lead1"], honest.loc[at_end, "rsca_lead1"])
    # Outcomes of years up to the last honest one are honest too.
    pd.testing.assert_frame_equal(changed.loc[~at_end, leads], honest.loc[~at_end, leads], check_exact=True)
