import numpy as np
import pandas as pd
import pytest

from reeassets.models.diagnostics import before_treatment
from reeassets.models.panel import build_panel
from reeassets.world.effects import PLAIN
from reeassets.world.small import small_world
from reeassets_tests.world import proof
from reeassets_tests.world.measures import SETTINGS, measured

SIZE = {"countries": 30, "products": 40, "years": 6}
FEW = range(1, 7)


@pytest.fixture(scope="module")
def rows():
    return proof.over_worlds(FEW, **SIZE)


def test_planted_coefficients_are_covered_by_the_intervals(rows):
    summary = proof.by_term(rows)
    assert len(rows) == 54
    # 54 intervals of 95 %: fewer than 46 have a chance of one in ten thousand.
    assert (summary["covered"] * summary["worlds"]).sum() >= 46
    risk = rows[rows["term"] == "risk:input"]
    assert (risk["p_value"] < 0.05).all()
    assert risk["coefficient"].mean() == pytest.approx(risk["planted"].mean(), rel=0.15)


def test_effects_that_are_not_there_are_rarely_found():
    rows = proof.over_worlds(FEW, proof.NOTHING, **SIZE)
    assert (rows["planted"] == 0).all()
    assert (rows["p_value"] < 0.05).sum() <= 8


def test_strong_effects_have_their_sign():
    summary = proof.planted_terms(proof.by_term(proof.over_worlds(FEW, proof.STRONG)))
    assert len(summary) == 6
    assert (summary["right_sign"] == 1).all()


def test_archetypes_are_found_as_clusters():
    assert proof.archetype_index(2, countries=70, products=60, years=3) >= proof.ADJUSTED_RAND


def test_the_criteria_can_be_missed(rows):
    shifted = proof.by_term(rows.assign(planted=rows["planted"] + 0.05))
    found = proof.by_term(rows.assign(p_value=0.01))
    wrong = proof.by_term(rows.assign(planted=-rows["planted"]))
    judged = proof.criteria(shifted, found, wrong, [0.95, 0.5])
    assert [one.holds for one in judged] == [False] * 4
    good = pd.DataFrame({"covered": [0.88, 1.0], "significant": [0.0, 0.12], "right_sign": [1.0, 1.0]})
    assert all(one.holds for one in proof.criteria(good, good, good, [0.9]))


@pytest.mark.slow
def test_the_proof_holds_in_full():
    effect, nothing = (proof.by_term(proof.over_worlds(proof.SEEDS, given)) for given in (None, proof.NOTHING))
    strong = proof.planted_terms(proof.by_term(proof.over_worlds(proof.SEEDS, proof.STRONG)))
    index = [proof.archetype_index(seed, **proof.ARCHETYPE_SIZE) for seed in proof.ARCHETYPE_SEEDS]
    missed = [one for one in proof.criteria(effect, nothing, strong, index) if not one.holds]
    assert not missed


def test_a_true_effect_has_a_placebo_of_the_opposite_sign():
    world = small_world(4, effects=PLAIN, **SIZE)
    panel, _ = build_panel(
        *measured(*proof.tables(world)), world.country_totals, world.product_totals, world.stages, SETTINGS
    )
    rows, placebo = (
        proof.RCA_GROWTH.fit(given, proof.NO_LINKS, [proof.HEADLINE], SETTINGS).set_index(["interacted", "term"])
        for given in (panel, before_treatment(panel, 1))
    )
    assert rows.loc[(True, "risk:input"), "ci_high"] < 0
    assert placebo.loc[(True, "risk:input"), "ci_low"] > 0


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
