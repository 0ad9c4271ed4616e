import numpy as np
import pytest

from reeassets.models.dynamic import without_effects
from reeassets.models.exporters import OUTCOME, exporter_sample
from reeassets.models.sample import CONTROLS
from reeassets.models.wild import WildBootstrap, draw_weights
from reeassets_tests.models.made import HEADLINE_EFFECTS, HEADLINE_RISK, after_effects, complete, exporting, made_panel

REGRESSORS = ["trade_exposure", "supplier_concentration", HEADLINE_RISK]
NAMES = [*REGRESSORS, *CONTROLS]


def prepared(panel):
    sample = exporter_sample(complete(panel, "rsca_lead1"), 1, REGRESSORS)
    columns = without_effects(sample.columns, sample.cells, 1, sample.sums)
    return columns, columns.fit(OUTCOME, NAMES)


def bootstrap(panel, draws, seed=1):
    columns, fit = prepared(panel)
    return WildBootstrap(columns, OUTCOME, fit, draws, seed)


@pytest.mark.parametrize("way", ["country", "product"])
def test_every_draw_is_a_regression_with_dummies(way):
    panel = made_panel(seed=5, countries=9, products=8, years=6, uneven=0.4)
    columns, fit = prepared(panel)
    rows = exporting(complete(panel, "rsca_lead1"), 1)
    x = columns.within @ columns.design(NAMES)
    y = columns.within @ columns.design([OUTCOME])[:, 0]
    z = after_effects(rows, columns.instruments(x, fit.gains), HEADLINE_EFFECTS)
    combination = np.array([0.0, 1.0, -1.0, 0.0, 0.0, 0.0])
    score = z @ np.linalg.solve((z.T @ x).T, combination)

    def statistic(estimate, residual):
        sums = [
            (np.bincount(codes, score * residual) ** 2).sum()
            for codes in (columns.cells.country, columns.cells.product)
        ]
        return estimate / sum(sums) ** 0.5

    bread = np.linalg.inv(x.T @ x)
    estimate = combination @ fit.coefficients
    slopes = fit.coefficients - bread @ combination * estimate / (combination @ bread @ combination)
    assert combination @ slopes == pytest.approx(0, abs=1e-12)
    codes = columns.cells.country if way == "country" else columns.cells.product
    weights = draw_weights(codes.max() + 1, 40, 1, rademacher=False)
    errors = weights[codes] * (y - x @ slopes)[:, None]
    # The outcomes of the draws, all effects absorbed anew by statsmodels.
    made = after_effects(rows, (x @ slopes)[:, None] + errors, HEADLINE_EFFECTS)
    expected = []
    for error, outcome in zip(errors.T, made.T, strict=True):
        drawn = np.linalg.solve(z.T @ x, z.T @ outcome)
        expected.append(statistic(combination @ drawn, error - x @ (drawn - slopes)))
    found = WildBootstrap(columns, OUTCOME, fit, 40, 1)
    own, statistics = found.statistics(combination, ("country", "product").index(way), weights)
    assert own == pytest.approx(statistic(estimate, y - x @ fit.coefficients), rel=1e-6)
    np.testing.assert_allclose(statistics, expected, rtol=1e-5, atol=1e-8)


def test_weights_follow_the_fewer_effective_clusters():
    panel = made_panel(seed=6, countries=20, products=13, years=6)
    found = bootstrap(panel, 99)
    assert found.test(np.eye(6)[0]).description.startswith("13 clusters by product, 12.")
    assert found.test(np.eye(6)[0]).description.endswith("effective, Rademacher")
    # All but a few products hardly vary: the product clusters are as many, and tell as much as few.
    dull = panel["product"].isin(sorted(panel["product"].unique())[4:])
    panel["trade_exposure"] = panel["trade_exposure"].where(~dull, 0.5 + 0.02 * panel["trade_exposure"])
    said = bootstrap(panel, 99).test(np.eye(6)[0]).description
    assert said.startswith("13 clusters by product, ")
    assert said.endswith("effective, Webb")


def test_weights_have_mean_zero_and_variance_one():
    few, many = (draw_weights(8, 20_000, 1, rademacher) for rademacher in (False, True))
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


def test_without_errors_there_is_no_bootstrap():
    from dataclasses import replace

    columns, fit = prepared(made_panel(seed=5))
    with pytest.raises(ValueError, match="no bootstrap"):
        WildBootstrap(columns, OUTCOME, replace(fit, errors=None), 99, 1)
