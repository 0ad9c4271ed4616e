import numpy as np
import pytest

from reeassets.models.cells import Cells
from reeassets.models.moments import lag_counts, moments_by_cluster, step_counts


def answers(responding, erring, years_apart):
    """1 where a row answers to the error of another, that many years earlier."""
    return (responding[:, None] - erring[None, :] == years_apart).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_expectations_equal_those_of_demeaned_matrices(seed):
    span = 9
    present = (np.random.default_rng(seed).uniform(size=span) < 0.7).astype(float)
    year = np.flatnonzero(present)
    demean = np.eye(len(year)) - 1 / len(year)
    mean, seen = lag_counts(present[None], 3)
    for i in range(1, span):
        covariance = demean @ answers(year, year, i) @ demean
        assert -mean[0, i - 1] == pytest.approx(np.trace(covariance), abs=1e-12)
        for j in (1, 2, 3):
            later = year[:, None] - year[None, :] == j
            assert seen[0, j - 1, i - 1] == pytest.approx(covariance[later].sum(), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_expectations_of_steps(seed):
    present = (np.random.default_rng(seed).uniform(size=9) < 0.8).astype(float)
    steps = np.append(present[:-1] * present[1:], 0.0)
    year = np.flatnonzero(steps)
    demean = np.eye(len(year)) - 1 / len(year)
    mean, seen = step_counts(steps[None])
    for i in range(1, 9):
        assert -mean[0, i - 1] == pytest.approx(np.trace(demean @ answers(year, year, i) @ demean), abs=1e-12)
        assert seen[0, i - 1] == pytest.approx(np.trace(demean @ answers(year + 1, year, i) @ demean), abs=1e-12)


def test_a_balanced_pair_has_the_weights_of_the_method():
    mean, _ = lag_counts(np.ones((1, 6)), 1)
    np.testing.assert_allclose(mean[0], [5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])


def test_sums_by_country_and_product():
    rng = np.random.default_rng(3)
    country, product, year = np.nonzero(rng.uniform(size=(4, 3, 6)) < 0.8)
    cells = Cells.of(country, product, year)
    values = rng.normal(size=(len(cells), 2))
    at = {key: row for row, key in enumerate(zip(country, product, year, strict=True))}
    for moments, codes in zip(moments_by_cluster(values, cells, 2), (country, product), strict=True):
        for cluster in range(codes.max() + 1):
            rows = [key for key in at if codes[at[key]] == cluster]
            for j in (1, 2):
                couples = [(at[c, p, t + j], at[c, p, t]) for c, p, t in rows if (c, p, t + j) in at]
                expected = sum(np.outer(values[then], values[now]) for then, now in couples)
                np.testing.assert_allclose(moments.lagged[cluster, j - 1], expected, atol=1e-12)
                assert moments.rows[cluster, j - 1] == len(couples)
            before = after = across = np.zeros((2, 2))
            for pair in {(c, p) for c, p, _ in rows}:
                couples = [
                    (at[*pair, t + 1], at[*pair, t]) for t in range(6) if {(*pair, t), (*pair, t + 1)} <= set(at)
                ]
                then, now = (values[[couple[end] for couple in couples]] for end in (0, 1))
                if couples:
                    then, now = then - then.mean(axis=0), now - now.mean(axis=0)
                    before, after, across = before + now.T @ now, after + then.T @ then, across + then.T @ now
            np.testing.assert_allclose(moments.before[cluster], before, atol=1e-12)
            np.testing.assert_allclose(moments.across[cluster], across, atol=1e-12)
            np.testing.assert_allclose(moments.after[cluster], after, atol=1e-12)
    assert moments.lengths.sum() == 12
    np.testing.assert_allclose(moments.cross.sum(axis=0), values.T @ values)


def test_rows_that_are_never_so_far_apart_are_an_error():
    cells = Cells.of(np.array([0, 0]), np.array([0, 0]), np.array([2007, 2009]))
    with pytest.raises(ValueError, match="no country and product has rows 1 years apart"):
        moments_by_cluster(np.ones((2, 1)), cells, 2)
