import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import sparse

from reeassets.models.within import within_transform


def dummy_matrix(*codes):
    return np.column_stack([(code[:, None] == np.unique(code)[None]).astype(float) for code in codes])


def residual(values, design):
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def unbalanced(seed, n=160, levels=(9, 7, 5)):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, level, n) for level in levels], rng.normal(size=(n, 3)) * [1, 1e3, 1e-3] + [0, 5e4, 0]


def test_one_effect_by_hand():
    demeaned, absorbed = within_transform(np.array([[1.0], [3.0], [10.0]]), [np.array([0, 0, 1])])
    np.testing.assert_allclose(demeaned[:, 0], [-1, 1, 0], atol=1e-15)
    assert absorbed == 2


def test_balanced_two_effects_by_hand():
    # Row means 2 and 6, column means 3 and 5, grand mean 4: residual = value - row - column + grand.
    values = np.array([[1.0], [3.0], [5.0], [7.0]]) + np.array([[0.5], [-0.5], [-0.5], [0.5]])
    demeaned, absorbed = within_transform(values, [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])])
    np.testing.assert_allclose(demeaned[:, 0], [0.5, -0.5, -0.5, 0.5], atol=1e-14)
    assert absorbed == 3


@pytest.mark.parametrize("seed", range(4))
def test_three_effects_equal_least_squares_on_dummies(seed):
    codes, values = unbalanced(seed)
    design = dummy_matrix(*codes)
    demeaned, absorbed = within_transform(values, codes)
    np.testing.assert_allclose(demeaned / [1, 1e3, 1e-3], residual(values, design) / [1, 1e3, 1e-3], atol=1e-9)
    assert absorbed == np.linalg.matrix_rank(design)
    np.testing.assert_allclose(design.T @ demeaned / [1, 1e3, 1e-3], 0, atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_blocks_equal_interacted_dummies(seed):
    (country, product, year), values = unbalanced(seed)
    design = dummy_matrix(country + 100 * year, product + 100 * year)
    demeaned, absorbed = within_transform(values, [country, product], blocks=year)
    np.testing.assert_allclose(demeaned / [1, 1e3, 1e-3], residual(values, design) / [1, 1e3, 1e-3], atol=1e-9)
    assert absorbed == np.linalg.matrix_rank(design)


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_two_effects_absorb_levels_less_connected_components(pairs):
    first, second = (np.array(codes) for codes in zip(*pairs, strict=True))
    graph = sparse.coo_array((np.ones(len(pairs)), (first, second + 6)), shape=(12, 12))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    used = np.unique(np.concatenate([first, second + 6]))
    components = len(np.unique(label[used]))
    values = np.random.default_rng(0).normal(size=(len(pairs), 2))
    demeaned, absorbed = within_transform(values, [first, second])
    assert absorbed == len(used) - components
    np.testing.assert_allclose(demeaned, residual(values, dummy_matrix(first, second)), atol=1e-10)
    np.testing.assert_allclose(within_transform(demeaned, [first, second])[0], demeaned, atol=1e-12)


@pytest.mark.parametrize("links", [40, 120])
def test_a_chain_of_weak_connections_is_still_one_component(links):
    # Level i of the first effect meets only levels i and i + 1 of the second: one component, barely connected.
    first = np.repeat(np.arange(links), 2)
    second = first + np.tile([0, 1], links)
    values = np.random.default_rng(2).normal(size=(2 * links, 1))
    demeaned, absorbed = within_transform(values, [first, second])
    assert absorbed == links + (links + 1) - 1
    np.testing.assert_allclose(demeaned, residual(values, dummy_matrix(first, second)), atol=1e-9)


def test_a_nested_effect_adds_nothing():
    country = np.repeat([0, 1, 2, 3], 3)
    continent = country // 2
    values = np.random.default_rng(1).normal(size=(12, 1))
    once, rank = within_transform(values, [country])
    twice, same_rank = within_transform(values, [country, continent])
    np.testing.assert_allclose(twice, once, atol=1e-14)
    assert rank == same_rank == 4
