from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models.dynamic import without_effects
from reeassets.models.jackknife import ClusterJackknife, inverses
from reeassets.models.moments import moments_by_cluster
from reeassets_tests.models.made import dummies
from reeassets_tests.models.made_dynamic import world

REGRESSORS = ["open:a", "open:b", "strict:a", "strict:b", "rsca"]


def made(moves, pair=0.0, shares=((1.0, 1.0), (1.0, 1.0))) -> ClusterJackknife:
    """Make the jackknife of a single coefficient."""
    return ClusterJackknife(
        moves=tuple(np.array(one, dtype=float)[:, None] for one in moves),
        lost=(np.zeros(1, dtype=bool), np.zeros(1, dtype=bool)),
        pair=np.full((1, 1), float(pair)),
        by_cluster=tuple(np.array(one, dtype=float)[:, None, None] for one in shares),
    )


@pytest.mark.parametrize(
    ("moves", "pair", "variance", "decided_by"),
    [
        # (G - 1)/G sum of squares: 1/2 * 8 = 4 and 2/3 * 4 = 8/3; 1/2 * 2 = 1 and 2/3 * 9 = 6.
        (([2, -2], [1, 1, 2**0.5]), 1.0, 17 / 3, "two-way"),
        (([2, -2], [1, 1, 2**0.5]), 6.5, 4.0, "country"),
        (([1, 1], [3, 0, 0]), 5.0, 6.0, "product"),
    ],
)
def test_largest_variance_by_hand(moves, pair, variance, decided_by):
    found = made(moves, pair, ((1, 1), (1, 1, 1))).of(np.eye(1))
    np.testing.assert_allclose(found.variance, [variance])
    assert found.decided_by == [decided_by]
    np.testing.assert_allclose(found.effective, [[2.0], [3.0]])
    np.testing.assert_allclose(found.degrees_of_freedom, [1.0])


def test_a_term_that_rests_on_one_product_has_no_error():
    found = made(([1, 1, 1], [1, 1, 1]), 0.0, ((1, 1, 1), (8, 1, 1))).of(np.eye(1))
    assert found.rests_on == ["product"]
    assert np.isnan(found.variance[0])
    np.testing.assert_allclose(found.largest_share[:, 0], [1 / 3, 0.8])
    assert made(([1, 1, 1], [1, 1, 1]), 0.0, ((1, 1, 1), (6, 2, 2))).of(np.eye(1)).rests_on == [""]


def test_a_stage_of_a_single_product_rests_on_it():
    one = world(1, 0.5, countries=12, products=10, years=8)
    single = np.where(one.cells.product == 0, one.columns["open:a"], 0.0)
    rest = one.columns["open:a"] + one.columns["open:b"] - single
    columns = {"y": one.columns["y"], "single": single, "rest": rest, "rsca": one.columns["rsca"]}
    fit = without_effects(columns, one.cells, 1).fit("y", ["single", "rest", "rsca"])
    found = fit.errors.of(np.eye(3))
    assert found.rests_on == ["product", "", ""]
    assert found.largest_share[1, 0] > 0.75
    # A contrast with it rests on it as well.
    assert fit.errors.of(np.array([[1.0, -1.0, 0.0]])).rests_on == ["product"]


@pytest.mark.parametrize("correction", ["own", "system"])
def test_a_sample_without_a_cluster_is_estimated_from_its_rows(correction):
    """Leaving rows out of the sums equals estimating on the other rows' columns, effects as they were."""
    one = world(3, 0.6, countries=9, products=8, years=8, kept=0.8)
    columns = without_effects(one.columns, one.cells, 1)
    fit = columns.fit("y", REGRESSORS, correction)
    kept = one.cells.country != 4
    cells, within = one.cells.take(kept), columns.within[kept]
    moments = moments_by_cluster(within, cells, 1)
    alone = replace(columns, within=within, cells=cells, by_cluster=moments).fit("y", REGRESSORS, correction)
    np.testing.assert_allclose(
        fit.errors.moves[0][4], alone.coefficients - fit.coefficients, atol=2e-4 * np.abs(fit.coefficients).max()
    )


def test_near_the_jackknife_that_estimates_all_effects_again():
    """Effects of the other dimension are not estimated again, but what that holds back is scaled up."""
    one = world(5, 0.6, countries=12, products=10, years=7, kept=0.9)
    values = np.column_stack([one.columns[name] for name in ["y", *REGRESSORS]])

    def slopes(rows):
        cells = one.cells.take(rows)
        country, product, year = (pd.Series(values) for values in (cells.country, cells.product, cells.year))
        design = dummies(country * 1000 + product, country * 10000 + year, product * 10000 + year)
        left = values[rows] - design @ np.linalg.lstsq(design, values[rows])[0]
        return sm.OLS(left[:, 0], left[:, 1:]).fit().params

    whole = slopes(np.ones(len(values), dtype=bool))
    columns = without_effects(one.columns, one.cells, 1)
    within = columns.within[:, : values.shape[1]]  # without the columns of zeros
    for codes in (one.cells.country, one.cells.product):
        groups = range(codes.max() + 1)
        again = np.stack([slopes(codes != group) - whole for group in groups])
        held = [within[codes != group] for group in groups]
        held = np.stack([sm.OLS(rest[:, 0], rest[:, 1:]).fit().params - whole for rest in held])
        scaled = len(groups) / (len(groups) - 1) * np.sqrt((held**2).sum(axis=0) / (again**2).sum(axis=0))
        assert 0.93 < scaled.min() < scaled.max() < 1.05


def test_inverse_of_what_is_not_identified():
    cross = np.stack([np.diag([4.0, 1.0]), np.diag([4.0, 0.0])])
    inverse, lost = inverses(cross)
    np.testing.assert_allclose(inverse, [np.diag([0.25, 1.0]), np.diag([0.25, 0.0])])
    assert lost.tolist() == [[False, False], [False, True]]
