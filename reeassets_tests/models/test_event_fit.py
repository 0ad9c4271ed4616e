import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models.event_fit import EventFit
from reeassets.models.wild import ENOUGH_FOR_RADEMACHER, draw_weights
from reeassets_tests.models.made_events import event_table

DRAWS = 99


def design_of(rows, years):
    """Slopes first, then all dummies of country-products and product-years but the redundant ones."""
    slopes = [rows["exposure"] * (rows["relative_year"] == year) for year in years]
    pair = pd.get_dummies(rows["country"] + rows["product"], dtype=float)
    when = [
        pd.get_dummies(rows["year"].where(rows["product"] == product), dtype=float).iloc[:, 1:]
        for product in sorted(set(rows["product"]))
    ]
    return np.column_stack([np.column_stack(slopes), pair.to_numpy(), *(one.to_numpy() for one in when)])


def slow(rows, fit, contrasts, seed, value=0.0):
    """Largest |t| of the data and of each draw, every one a regression with all dummies."""
    design = design_of(rows, fit.years)
    outcome, country = rows["outcome"].to_numpy(), rows["country"].factorize(sort=True)[0]
    bread = np.linalg.inv(design.T @ design)
    null = np.zeros((design.shape[1], contrasts.shape[1]))
    null[: len(contrasts)] = contrasts
    free = sm.OLS(outcome, design).fit().params
    gap = null.T @ free - value
    restricted = design @ (free - bread @ null @ np.linalg.solve(null.T @ bread @ null, gap))

    def largest(of):
        slopes = bread @ (design.T @ of)
        score = pd.DataFrame(design @ bread @ null * (of - design @ slopes)[:, None]).groupby(country).sum()
        return np.abs((null.T @ slopes - value) / np.sqrt((score**2).sum().to_numpy())).max()

    clusters = country.max() + 1
    weights = draw_weights(clusters, DRAWS, seed, clusters >= ENOUGH_FOR_RADEMACHER)
    return largest(outcome), np.array([largest(restricted + (outcome - restricted) * w[country]) for w in weights.T])


@pytest.mark.parametrize(("products", "missing"), [(1, 0.0), (1, 0.25), (3, 0.3)])
def test_coefficients_are_those_with_explicit_dummies(products, missing):
    rows = event_table(seed=1, products=products, missing=missing, effect=1.0)
    fit = EventFit(rows, DRAWS, 1)
    assert fit.years == (-5, -4, -3, -2, 0, 1, 2, 3, 4, 5)
    found = sm.OLS(rows["outcome"].to_numpy(), design_of(rows, fit.years)).fit().params[: len(fit.years)]
    np.testing.assert_allclose(fit.coefficients, found, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("countries", [9, 16])
def test_every_draw_is_a_regression_with_dummies(countries):
    rows = event_table(seed=2, countries=countries, products=2, missing=0.2, years=range(2007, 2013))
    fit = EventFit(rows, DRAWS, 5)
    assert fit.years == (-3, -2, 0, 1, 2)
    for place, year in enumerate(fit.years):
        for value in (0.0, 0.7):
            own, drawn = slow(rows, fit, np.eye(5)[:, [place]], 5, value)
            assert fit.p_value(year, value) == pytest.approx((1 + (drawn >= own).sum()) / (1 + DRAWS))
    own, drawn = slow(rows, fit, np.eye(5)[:, 2:], 5)
    pairs = [(0, -1), (1, -1), (2, -1)]
    assert fit.joint_p_value(pairs) == pytest.approx((1 + (drawn >= own).sum()) / (1 + DRAWS))
    contrasts = np.zeros((5, 2))
    contrasts[[2, 0], 0], contrasts[3, 1] = (1, -1), 1
    own, drawn = slow(rows, fit, contrasts, 5)
    assert fit.joint_p_value([(0, -3), (1, -1)]) == pytest.approx((1 + (drawn >= own).sum()) / (1 + DRAWS))


def test_an_interval_holds_what_the_test_does_not_reject():
    fit = EventFit(event_table(seed=3, effect=1.0, countries=20), 199, 1)
    for place, year in enumerate(fit.years):
        low, high = fit.interval(year, 0.05)
        assert low < fit.coefficients[place] < high
        width = high - low
        assert fit.p_value(year, low + 1e-6 * width) > 0.05
        assert fit.p_value(year, low - 1e-6 * width) <= 0.05
        assert fit.p_value(year, high - 1e-6 * width) > 0.05
        assert fit.p_value(year, high + 1e-6 * width) <= 0.05


def test_effective_clusters_count_who_identifies():
    # Half of 20 importers bought everything, half nothing: all say as much.
    rows = event_table(seed=4, countries=20)
    even = rows.assign(exposure=(rows["country"] < "C10").astype(float))
    assert EventFit(even, DRAWS, 1).effective_clusters == pytest.approx(20)
    # One against 19: that one holds 19/20 of the variance, each other 1/380 of it.
    alone = rows.assign(exposure=(rows["country"] == "C00").astype(float))
    expected = 1 / ((19 / 20) ** 2 + 19 * (1 / 380) ** 2)
    assert EventFit(alone, DRAWS, 1).effective_clusters == pytest.approx(expected)


def test_no_variation_is_said():
    rows = event_table(seed=5)
    with pytest.raises(ValueError, match="do not vary"):
        EventFit(rows.assign(exposure=0.4), DRAWS, 1)
    with pytest.raises(ValueError, match="stand twice"):
        EventFit(pd.concat([rows, rows]).sort_values("country"), DRAWS, 1)
    with pytest.raises(ValueError, match="sorted by country"):
        EventFit(rows.iloc[::-1], DRAWS, 1)


def test_the_size_of_both_joint_tests_is_near_the_level():
    before, after, single = [], [], []
    for seed in range(200):
        fit = EventFit(event_table(seed=seed, countries=25, years=range(2006, 2013), missing=0.1), 99, seed)
        before.append(fit.joint_p_value([(year, -1) for year in fit.years if year < 0]))
        after.append(fit.joint_p_value([(year, -1) for year in fit.years if year >= 0]))
        single.append(fit.p_value(1))
    # Of 200 draws at 5 %, 3 to 19 are within 1 in 500 on either side.
    for found in (before, after, single):
        assert 3 <= (np.array(found) <= 0.05).sum() <= 19
        assert 0.4 < np.mean(found) < 0.6
