import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models import absorb
from reeassets.models.absorb import Absorber, NotConvergedError
from reeassets.models.cells import Cells, without_singletons
from reeassets_tests.models.made import dummies


def unbalanced(seed, countries=7, products=6, years=5, kept=0.7) -> Cells:
    present = np.random.default_rng(seed).uniform(size=(countries, products, years)) < kept
    country, product, year = np.nonzero(present)
    cells = Cells.of(country, product, year + 2007)
    inside, _ = without_singletons(cells)
    return cells.take(inside)


def keys(cells: Cells) -> list[pd.Series]:
    country, product, year = (pd.Series(values) for values in (cells.country, cells.product, cells.year))
    return [country * 1000 + product, country * 10000 + year, product * 10000 + year]


def design(cells: Cells) -> np.ndarray:
    return dummies(*keys(cells))


def columns(cells: Cells, seed=0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(len(cells), 4)) * [1, 1e3, 1e-3, 1] + [0, 5e4, 0, 0]
    # The last one is a country-year's alone: nothing of it is left.
    values[:, 3] = np.sin(cells.country * 3.0 + cells.year)
    return values


@pytest.mark.parametrize("seed", range(4))
def test_equals_least_squares_on_dummies(seed):
    cells = unbalanced(seed)
    values = columns(cells)
    expected = np.column_stack([sm.OLS(column, design(cells)).fit().resid for column in values.T])
    found = Absorber(cells).within(values)
    scale = np.array([1, 1e3, 1e-3, 1])
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-8)
    np.testing.assert_allclose(found[:, 3], 0.0, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_weighted_equals_weighted_least_squares(seed):
    cells = unbalanced(seed)
    values = columns(cells)
    weights = np.random.default_rng(9).uniform(0.1, 10.0, len(cells))
    expected = np.column_stack([sm.WLS(column, design(cells), weights).fit().resid for column in values.T])
    scale = np.array([1, 1e3, 1e-3, 1])
    np.testing.assert_allclose(Absorber(cells, weights).within(values) / scale, expected / scale, atol=1e-8)


def test_a_column_of_pairs_alone_is_nothing_but_rounding():
    cells = unbalanced(1)
    found = Absorber(cells).within(1e6 + np.cos(cells.pair.astype(float))[:, None])
    np.testing.assert_allclose(found, 0.0, atol=1e-8)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kept", [0.5, 0.8, 1.0])
def test_rank_is_that_of_the_dummies(seed, kept, monkeypatch):
    cells = unbalanced(seed, kept=kept)
    rank = np.linalg.matrix_rank(np.column_stack([pd.get_dummies(key).to_numpy(float) for key in keys(cells)]))
    absorber = Absorber(cells)
    assert absorber.absorbed() == rank
    monkeypatch.setattr(absorb, "EXACT_RANK", 0)
    # What connections alone tell: never less than is absorbed, and all of it in a panel this dense.
    assert absorber.absorbed() >= rank
    if kept == 1.0:
        assert absorber.absorbed() == rank


def test_rank_of_two_parts_that_never_meet(monkeypatch):
    # Countries 0-2 trade products 0-2, countries 3-5 products 3-5: two panels.
    country, product, year = np.nonzero(np.kron(np.eye(2), np.ones((3, 3)))[:, :, None] * np.ones(4))
    cells = Cells.of(country, product, year)
    rank = np.linalg.matrix_rank(np.column_stack([pd.get_dummies(key).to_numpy(float) for key in keys(cells)]))
    monkeypatch.setattr(absorb, "EXACT_RANK", 0)
    assert Absorber(cells).absorbed() == rank


def test_too_few_steps_are_an_error(monkeypatch):
    cells = unbalanced(2, countries=12, products=10)
    monkeypatch.setattr(absorb, "MOST_STEPS", 2)
    with pytest.raises(NotConvergedError, match=r"not solved in 2 steps: column \d has a residual"):
        Absorber(cells).within(columns(cells))


def test_missing_values_are_an_error():
    cells = unbalanced(2)
    values = columns(cells)
    values[3, 1] = np.nan
    with pytest.raises(ValueError, match="column 1 of the columns to absorb"):
        Absorber(cells).within(values)


def test_singletons_are_dropped_until_none_is_left():
    # Beside a 2x2x2 block, country 2 is alone in years 1 and 2; without them both its pairs have a single row.
    country, product, year = np.nonzero(np.ones((2, 2, 2)))
    rows = [*zip(country, product, year, strict=True), (2, 0, 0), (2, 0, 1), (2, 1, 0), (2, 1, 2)]
    country, product, year = (np.array(values) for values in zip(*sorted(rows), strict=True))
    cells = Cells.of(country, product, year)
    kept, counts = without_singletons(cells)
    assert counts == {"rounds": 2, "dropped_pair": 2, "dropped_country_year": 2, "dropped_product_year": 0}
    left = cells.take(kept)
    assert len(left) == 8
    assert (left.country.max(), left.year.max()) == (1, 1)


@pytest.mark.parametrize("kept", [0.3, 0.5])
def test_no_singleton_is_left(kept):
    cells = unbalanced(5, countries=15, products=12, kept=kept)
    assert len(cells) > 100
    for codes in (cells.pair, *cells.levels):
        assert np.bincount(codes)[codes].min() >= 2


def test_cells_have_an_order_and_no_repetition():
    with pytest.raises(ValueError, match="each cell once"):
        Cells.of(np.array([0, 0]), np.array([0, 0]), np.array([2007, 2007]))
    with pytest.raises(ValueError, match="sorted"):
        Cells.of(np.array([1, 0]), np.array([0, 0]), np.array([2007, 2007]))


def test_rows_some_years_later():
    cells = Cells.of(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), np.array([2007, 2008, 2010, 2009]))
    assert cells.later(1).tolist() == [1, -1, -1, -1]
    assert cells.later(2).tolist() == [-1, 2, -1, -1]
    assert cells.later(3).tolist() == [2, -1, -1, -1]
