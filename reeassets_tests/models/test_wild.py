import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models.linear import FIXED_EFFECTS
from reeassets.models.rca_growth import OUTCOME, absorb_sample
from reeassets.models.sample import CONTROLS, build_sample, candidates
from reeassets.models.wild import WildBootstrap, draw_weights
from reeassets_tests.models.made import HEADLINE_RISK, complete, effects_of, made_panel, standardised

NAMES = ["trade_exposure", "supplier_concentration", HEADLINE_RISK, *CONTROLS]


def bootstrap(panel, draws, seed=1):
    sample = build_sample(panel, "rsca_lead1", candidates(panel))
    columns = absorb_sample(sample, FIXED_EFFECTS[0], NAMES)
    return WildBootstrap(columns, OUTCOME, columns.solve(columns.design([OUTCOME])[:, 0], NAMES), draws, seed)


def slow_statistics(panel, combination, weights, by):
    """The data's statistic and that of every draw: each a regression by statsmodels with all dummies."""
    rows = complete(panel, "rsca_lead1").sort_values(["country", "product", "year"], ignore_index=True)
    slopes = np.column_stack([*(standardised(rows[name]) for name in NAMES[:3]), rows[list(CONTROLS)].to_numpy()])
    design = np.column_stack([slopes, effects_of(rows, FIXED_EFFECTS[0])])
    null = np.zeros(design.shape[1])
    null[: len(combination)] = combination
    bread = np.linalg.inv(design.T @ design)

    def statistic(outcome):
        fitted = sm.OLS(outcome, design).fit()
        score = pd.Series(design @ bread @ null * fitted.resid)
        variance = sum((score.groupby(rows[way]).sum() ** 2).sum() for way in ("country", "product"))
        return float(null @ fitted.params) / variance**0.5

    outcome = rows["rsca_lead1"].to_numpy()
    free = sm.OLS(outcome, design).fit().params
    restricted = design @ (free - bread @ null * (null @ free) / (null @ bread @ null))
    code = rows[by].factorize(sort=True)[0]
    drawn = [statistic(restricted + (outcome - restricted) * column[code]) for column in weights.T]
    return statistic(outcome), np.array(drawn)


@pytest.mark.parametrize(("countries", "products", "by"), [(9, 12, "country"), (13, 8, "product")])
def test_every_draw_is_a_regression_with_dummies(countries, products, by):
    panel = made_panel(seed=5, countries=countries, products=products, years=6, uneven=0.4)
    found = bootstrap(panel, 99)
    assert found.by == by
    combination = np.array([0.0, 1.0, -1.0, 0.0, 0.0, 0.0])
    weights = draw_weights(min(countries, products), 99, 1)
    own, drawn = slow_statistics(panel, combination, weights, by)
    tested = found.test(combination)
    assert tested.statistic == pytest.approx(own, rel=1e-8)
    direction = found._bread @ combination
    moved = (combination @ found._coefficients) / (combination @ direction)
    np.testing.assert_allclose(found._statistics(direction, moved), drawn, rtol=1e-7)
    assert tested.p_value == (1 + (np.abs(drawn) >= abs(own)).sum()) / 100


def test_weights_have_mean_zero_and_variance_one():
    few, many = draw_weights(6, 20_000, 1), draw_weights(12, 20_000, 1)
    assert len(np.unique(few)) == 6
    assert sorted(np.unique(many)) == [-1, 1]
    for weights in (few, many):
        assert abs(weights.mean()) < 0.02
        assert abs(weights.var() - 1) < 0.02


def test_an_effect_is_found_and_its_absence_is_not():
    strong = bootstrap(made_panel(seed=3, countries=20, products=15, slope=-2.0), 999).test(np.eye(6)[2])
    assert strong.statistic < 0
    assert strong.p_value <= 0.01
    none = [
        bootstrap(made_panel(seed=seed, countries=12, products=10, years=5), 199).test(np.eye(6)[2])
        for seed in range(20)
    ]
    assert sum(one.p_value <= 0.05 for one in none) <= 4


def test_the_seed_decides_about_the_draws():
    panel = made_panel(seed=5)
    one, again, other = (bootstrap(panel, 999, seed).test(np.eye(6)[2]).p_value for seed in (1, 1, 2))
    assert one == again
    assert one != other
