import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models import poisson as module
from reeassets.models.absorb import NotConvergedError
from reeassets.models.cells import Cells
from reeassets.models.poisson import poisson
from reeassets_tests.models.made import dummies

TRUTH = [0.3, -0.2]


def made(seed, countries=8, products=7, years=6, zeros=True) -> tuple[Cells, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    country, product, year = np.nonzero(rng.uniform(size=(countries, products, years)) < 0.9)
    cells = Cells.of(country, product, year)
    pair = rng.normal(size=cells.pair.max() + 1)[cells.pair]
    effects = pair + sum(0.4 * rng.normal(size=codes.max() + 1)[codes] for codes in cells.levels)
    x = rng.normal(size=(len(cells), 2)) + 0.5 * effects[:, None]
    mean = np.exp(1.5 + effects + x @ TRUTH)
    y = rng.poisson(mean).astype(float) if zeros else mean * rng.gamma(2.0, 0.5, len(cells))
    return cells, {"exports": 1000 * y, "one": x[:, 0], "two": 40 * x[:, 1]}


def test_equals_statsmodels_with_dummies():
    cells, columns = made(1)
    columns["exports"][(cells.country == 2) & (cells.product == 3)] = 0.0
    found = poisson(columns, cells, "exports", ["one", "two"])
    assert found.counts == {"separated": int(((cells.country == 2) & (cells.product == 3)).sum()), "singletons": 0}
    kept = ~((cells.country == 2) & (cells.product == 3))
    country, product, year = (pd.Series(codes[kept]) for codes in (cells.country, cells.product, cells.year))
    effects = dummies(country * 1000 + product, country * 10000 + year, product * 10000 + year)
    x = np.column_stack([columns["one"][kept], columns["two"][kept], effects])
    slow = sm.GLM(columns["exports"][kept] / 1000, x, family=sm.families.Poisson()).fit(maxiter=200, tol=1e-13)
    np.testing.assert_allclose(found.coefficients, slow.params[:2], rtol=1e-6)
    assert found.n_obs == kept.sum()


def test_a_collinear_regressor_is_dropped():
    cells, columns = made(2)
    columns["again"] = 2 * columns["one"] + np.cos(cells.pair)
    found = poisson(columns, cells, "exports", ["one", "two", "again"])
    assert found.terms == ("one", "two")
    assert list(found.dropped) == ["again"]


def test_slopes_and_errors_over_draws():
    draws = [made(seed, countries=20, products=18) for seed in range(20)]
    found = [poisson(columns, cells, "exports", ["one", "two"]) for cells, columns in draws]
    slopes = np.array([one.coefficients for one in found]) * [1, 40]
    errors = np.array([np.sqrt(one.errors.of(np.eye(2)).variance) for one in found]) * [1, 40]
    np.testing.assert_allclose(slopes.mean(axis=0), TRUTH, atol=0.03)
    ratio = errors.mean(axis=0) / slopes.std(axis=0)
    assert 0.7 < ratio.min() < ratio.max() < 1.6


def test_negative_exports_are_an_error():
    cells, columns = made(3)
    columns["exports"][4] = -1.0
    with pytest.raises(ValueError, match="exports is negative in 1 rows"):
        poisson(columns, cells, "exports", ["one"])


def test_nothing_exported_is_an_error():
    cells, columns = made(3)
    with pytest.raises(ValueError, match="too few rows are left"):
        poisson(columns | {"exports": np.zeros(len(cells))}, cells, "exports", ["one"])


def test_too_few_steps_are_an_error(monkeypatch):
    cells, columns = made(3)
    monkeypatch.setattr(module, "MOST_STEPS", 2)
    with pytest.raises(NotConvergedError, match="not settled in 2 steps"):
        poisson(columns, cells, "exports", ["one"])
