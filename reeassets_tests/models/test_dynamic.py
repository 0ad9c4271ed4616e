from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models.cells import Cells
from reeassets.models.dynamic import DynamicColumns, without_effects
from reeassets_tests.models.made import dummies
from reeassets_tests.models.made_dynamic import World, world

REGRESSORS = ["open:a", "open:b", "strict:a", "strict:b", "rsca"]


@cache
def small(delta=1) -> World:
    return world(3, 0.6, countries=9, products=8, years=8, kept=0.8, delta=delta)


def columns_of(one: World, delta=1) -> DynamicColumns:
    return without_effects(one.columns, one.cells, delta)


def on_dummies(cells: Cells, values: np.ndarray) -> np.ndarray:
    """Return the residuals of every column on explicit dummies, by statsmodels."""
    country, product, year = (pd.Series(codes) for codes in (cells.country, cells.product, cells.year))
    design = dummies(country * 1000 + product, country * 10000 + year, product * 10000 + year)
    return np.column_stack([sm.OLS(column, design).fit().resid for column in values.T])


def demeaned(one: World) -> tuple[np.ndarray, np.ndarray]:
    values = on_dummies(one.cells, np.column_stack([one.columns[name] for name in ["y", *REGRESSORS]]))
    return values[:, 0], values[:, 1:]


def rows_of_pairs(cells: Cells) -> list[np.ndarray]:
    return np.split(np.arange(len(cells)), cells.clusters.pair_starts[1:])


def test_uncorrected_slopes_equal_regression_on_dummies():
    one = small()
    fit = columns_of(one).fit("y", REGRESSORS)
    y, x = demeaned(one)
    np.testing.assert_allclose(fit.uncorrected, sm.OLS(y, x).fit().params, rtol=1e-8)
    assert fit.terms == tuple(REGRESSORS)
    assert fit.n_obs == len(one.cells)


def slow_own(one: World, delta: int, persistence: float | None) -> tuple[np.ndarray, float]:
    """Compute the correction of docs/METHOD.md word for word, from rows."""
    y, x = demeaned(one)
    cells = one.cells
    at = {key: row for row, key in enumerate(zip(cells.country, cells.product, cells.year, strict=True))}
    lengths = [len(rows) for rows in rows_of_pairs(cells)]
    uncorrected = sm.OLS(y, x).fit().params
    b = uncorrected
    for _ in range(40):
        fade = min(max(b[-1], 0.0), 0.995) if persistence is None else persistence
        bias = np.zeros(len(b))
        for j in range(1, delta + 1):
            couples = [(at[c, p, t + j], row) for (c, p, t), row in at.items() if (c, p, t + j) in at]
            mean = np.mean([x[then] * (y[now] - x[now] @ b) for then, now in couples], axis=0)
            lags = [j] if j < delta else range(delta, max(lengths))
            weight = sum((n - i) / n * fade ** (i - j) for n in lengths for i in lags if i < n)
            bias += weight * mean
        b = b + 0.5 * (uncorrected + np.linalg.solve(x.T @ x, bias) - b)
    return b, fade


@pytest.mark.parametrize(("delta", "persistence"), [(1, None), (2, 0.55)])
def test_own_is_the_correction_of_the_method(delta, persistence):
    one = small(delta)
    fit = columns_of(one, delta).fit("y", REGRESSORS, "own", persistence)
    expected, fade = slow_own(one, delta, persistence)
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-7)
    assert fit.persistence == pytest.approx(fade, rel=1e-7)
    assert fit.last_step < 1e-6


@pytest.mark.parametrize("delta", [1, 2])
def test_system_solves_its_equations(delta):
    """Expectations of all sums are computed pair by pair from matrices of who answers to whom."""
    one = small(delta)
    columns = columns_of(one, delta)
    fit = columns.fit("y", REGRESSORS, "system")
    y, x = demeaned(one)
    residual, size = y - x @ fit.coefficients, x.shape[1]
    bias, seen = np.zeros((size, delta * size)), np.zeros((delta * size, delta * size))
    found, direct = np.zeros(delta * size), x.T @ residual
    transition = slow_system(one, x)
    for rows in rows_of_pairs(one.cells):
        year = one.cells.year[rows]
        apart = year[:, None] - year[None, :]
        demean = np.eye(len(rows)) - 1 / len(rows)
        for i in range(1, apart.max() + 1):
            covariance = demean @ (apart == i) @ demean
            column = min(i, delta) - 1
            power = np.linalg.matrix_power(transition, max(i - delta, 0))
            inside = slice(column * size, (column + 1) * size)
            bias[:, inside] += np.trace(covariance) * power
            for j in range(1, delta + 1):
                seen[(j - 1) * size : j * size, inside] += covariance[apart == j].sum() * power
        for j in range(1, delta + 1):
            for then, now in zip(*np.nonzero(apart == j), strict=True):
                found[(j - 1) * size : j * size] += x[rows[then]] * residual[rows[now]]
    # What the normal equations miss is what their expectation says, given what is seen.
    np.testing.assert_allclose(direct, bias @ np.linalg.solve(seen, found), atol=1e-5 * np.abs(direct).max())
    assert fit.persistence == pytest.approx(np.abs(np.linalg.eigvals(transition)).max(), rel=1e-6)


def slow_system(one: World, x: np.ndarray) -> np.ndarray:
    """Estimate how regressors follow one another by plain iteration over pairs."""
    at = {key: row for row, key in enumerate(zip(one.cells.country, one.cells.product, one.cells.year, strict=True))}
    steps: dict[tuple, list] = {}
    for (c, p, t), row in at.items():
        if (c, p, t + 1) in at:
            steps.setdefault((c, p), []).append((t, row, at[c, p, t + 1]))
    now, then, parts = [], [], []
    for pair in steps.values():
        start, end = (x[[step[place] for step in pair]] for place in (1, 2))
        now.append(start - start.mean(axis=0))
        then.append(end - end.mean(axis=0))
        parts.append(np.array([step[0] for step in pair]))
    x0, x1 = np.vstack(now), np.vstack(then)
    bias, seen = np.zeros(20), np.zeros(20)
    for year in parts:
        demean = np.eye(len(year)) - 1 / len(year)
        apart = year[:, None] - year[None, :]
        for i in range(1, int(apart.max()) + 2):
            bias[i - 1] += np.trace(demean @ (apart == i) @ demean)
            seen[i - 1] += np.trace(demean @ (apart + 1 == i) @ demean)
    transition = np.linalg.solve(x0.T @ x0, x0.T @ x1).T
    for _ in range(100):
        powers = [np.linalg.matrix_power(transition, i) for i in range(20)]
        gain = -np.tensordot(bias, powers, 1) @ np.linalg.inv(np.tensordot(seen, powers, 1))
        moved = np.linalg.solve(x0.T @ x0 + gain @ x1.T @ x0, x0.T @ x1 + gain @ x1.T @ x1).T
        transition = 0.5 * (transition + moved)
    return transition


@pytest.mark.parametrize("persistence", [0.5, 0.8, 0.98])
def test_bias_is_found_and_taken_out(persistence):
    draws = [world(seed, persistence) for seed in range(4)]
    fits = [columns_of(one).fit("y", REGRESSORS, "system") for one in draws]
    truth = np.array([draws[0].truth[name] for name in REGRESSORS])
    before = np.mean([fit.uncorrected for fit in fits], axis=0) - truth
    after = np.mean([fit.coefficients for fit in fits], axis=0) - truth
    assert before[-1] < -0.06
    assert abs(after[-1]) < 0.25 * abs(before[-1])
    # The slope of what answers to the outcome and does nothing: bent by least squares, straight after the correction.
    assert abs(after[1]) < 0.02


def test_regressors_with_a_memory_of_their_own_need_the_system():
    draws = [world(seed, 0.8) for seed in range(2)]
    own = np.mean([columns_of(one).fit("y", REGRESSORS, "own").coefficients for one in draws], axis=0)
    system = np.mean([columns_of(one).fit("y", REGRESSORS, "system").coefficients for one in draws], axis=0)
    assert own[1] > 0.05  # the truth is 0
    assert abs(system[1]) < 0.02
    # Without a memory both are right.
    draws = [world(seed, 0.8, memory=0.0) for seed in range(2)]
    for correction in ("own", "system"):
        found = np.mean([columns_of(one).fit("y", REGRESSORS, correction).coefficients for one in draws], axis=0)
        np.testing.assert_allclose(found[[1, 3, 4]], [0.0, 0.0, 0.8], atol=0.03)


def test_sums_of_columns_and_collinear_regressors():
    one = small()
    both = {"open": ("open:a", "open:b")}
    columns = without_effects(one.columns | {"twice": 2 * one.columns["rsca"]}, one.cells, 1, both)
    fit = columns.fit("y", ["open", "rsca", "twice"])
    assert fit.terms == ("open", "rsca")
    assert fit.dropped == {"twice": "collinear with fixed effects or other regressors"}
    plain = without_effects(
        {"y": one.columns["y"], "open": one.columns["open:a"] + one.columns["open:b"], "rsca": one.columns["rsca"]},
        one.cells,
        1,
    ).fit("y", ["open", "rsca"])
    np.testing.assert_allclose(fit.coefficients, plain.coefficients, rtol=1e-7)


def test_what_cannot_be_estimated_is_an_error():
    columns = columns_of(small())
    with pytest.raises(ValueError, match="lagged outcome rsca is not estimated"):
        columns.fit("y", ["open:a"], "own")
    with pytest.raises(ValueError, match="a lead of 2 years"):
        columns_of(small(2), 2).fit("y", REGRESSORS, "own")
    one = small()
    constant = without_effects({"y": one.columns["y"], "rsca": np.ones(len(one.cells))}, one.cells, 1)
    with pytest.raises(ValueError, match="no regressor varies"):
        constant.fit("y", ["rsca"])


def test_uncorrected_is_what_the_correction_starts_from():
    columns = columns_of(small())
    none, own = (columns.fit("y", REGRESSORS, correction) for correction in ("none", "own"))
    np.testing.assert_array_equal(none.coefficients, own.uncorrected)
    assert not none.gains.any()
    assert columns.persistence("y", REGRESSORS) == pytest.approx(own.coefficients[REGRESSORS.index("rsca")])


def test_several_regressions_at_once_are_what_each_is_alone():
    columns = columns_of(small())
    sets = [REGRESSORS, ["open:a", "rsca"], ["strict:b"]]
    found = columns.fit_all("y", [(one, None) for one in sets])
    assert "has to be given" in str(found[2])
    for one, together in zip(sets[:2], found[:2], strict=True):
        alone = columns.fit("y", one)
        weights = np.eye(len(one))
        np.testing.assert_allclose(together.coefficients, alone.coefficients, rtol=1e-12)
        np.testing.assert_allclose(together.errors.of(weights).variance, alone.errors.of(weights).variance, rtol=1e-9)


def test_what_the_instruments_leave_is_nothing():
    for delta, correction, persistence in ((1, "own", None), (2, "own", 0.5), (2, "system", None)):
        columns = columns_of(small(delta), delta)
        fit = columns.fit("y", REGRESSORS, correction, persistence)
        x = columns.within @ columns.design(fit.terms)
        left = columns.within @ columns.design(["y"])[:, 0] - x @ fit.coefficients
        z = columns.instruments(x, fit.gains)
        np.testing.assert_allclose(z.T @ left, 0, atol=1e-6 * np.abs(x.T @ x).max())


def test_effects_between_pairs_are_those_of_dummies():
    one = small()
    columns = without_effects(one.columns, one.cells, 1, between_pairs=True)
    cells = one.cells
    design = dummies(*(pd.Series(codes) for codes in (cells.country, cells.product, cells.year)))
    x = np.column_stack([one.columns[name] for name in REGRESSORS])
    slow = sm.OLS(one.columns["y"], np.column_stack([x, design])).fit()
    fit = columns.fit("y", REGRESSORS, "none")
    np.testing.assert_allclose(fit.coefficients, slow.params[: len(REGRESSORS)], rtol=1e-7)
    assert fit.n_absorbed == design.shape[1]


def test_the_own_system_needs_its_sums():
    one = small()
    with pytest.raises(ValueError, match="no sums over steps"):
        without_effects(one.columns, one.cells, 1, steps=False).fit("y", REGRESSORS, "system")
