"""Stages permuted among products: against tables made anew, all permutations of a tiny case, what is significant."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.aggregates import WEIGHTINGS, country_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.permutation import (
    Sheet,
    median_differences,
    permutation_p_value,
    permuted_stages,
    product_tests,
    row_medians,
)

BY_NAME = {indicator.name: indicator for indicator in registered_indicators()}
CHOSEN = [BY_NAME[name] for name in ("exposure", "supplier_concentration", "influence")]
NAMES = [indicator.name for indicator in CHOSEN]


def codes(count: int) -> list[str]:
    return [f"{250000 + k}" for k in range(count)]


def products_of(seed=0, year=2010, n_products=6, n_countries=5, traded=0.7, **columns) -> pd.DataFrame:
    """Random rows of ``product_indicators``: pairs that do not trade, pairs without imports, final products."""
    rng = np.random.default_rng([seed, year])
    pairs = [(f"C{k:02d}", code) for k in range(n_countries) for code in codes(n_products)]
    pairs = [pair for pair in pairs if rng.random() < traded]
    frame = pd.DataFrame(pairs, columns=["country", "product"]).assign(year=year, exports_kusd=1.0)
    bought = rng.random(len(frame)) < 0.8
    frame["imports_kusd"] = np.where(bought, np.exp(rng.normal(0, 2, len(frame))), 0.0)
    for name in NAMES:
        frame[name] = rng.random(len(frame))
    frame["supplier_concentration"] = frame["supplier_concentration"].where(bought)
    return frame.assign(**columns)


def stages_of(n_upstream: int, n_input: int, n_final: int = 0) -> pd.Series:
    names = ["upstream"] * n_upstream + ["input"] * n_input + ["final"] * n_final
    return pd.Series(names, index=codes(len(names)))


def by_tables(frames, stages, materiality) -> dict[tuple[str, str], float]:
    """Return the median difference of each weighting and indicator from tables of country indicators."""
    table = pd.concat([country_indicators(frame, stages, materiality, CHOSEN) for frame in frames])
    found = {}
    for weighting, rows in table.groupby("weighting"):
        for name in NAMES:
            wide = rows.pivot(index=["year", "country"], columns="stage", values=name)
            difference = (wide["input"] - wide["upstream"]).dropna()
            found[weighting, name] = float(difference.groupby("country").mean().median())
    return found


@pytest.mark.parametrize(("years", "step"), [((2010,), 1), ((2010, 2011, 2012), 5)])
def test_every_assignment_is_that_of_the_tables(years, step):
    stages = stages_of(3, 3, 1)
    frames = [products_of(5, year, n_products=7) for year in years]
    materiality = pd.Series([0.02, 0.75, np.nan, 0.12, 0.35, 0.35, 0.75], index=stages.index)
    sheets = [Sheet.of(frame, stages, materiality, NAMES) for frame in frames]
    chosen = list(combinations(range(6), 3))[::step]
    upstream = np.array([[k in some for k in range(6)] for some in chosen])
    assert all(sheet.products.tolist() == codes(6) for sheet in sheets)
    found = {
        (weighting, name): values
        for weighting in WEIGHTINGS
        for name, values in median_differences(sheets, CHOSEN, weighting, [upstream] * len(sheets)).items()
    }
    for place, some in enumerate(chosen):
        other = stages.copy()
        other.iloc[:6] = ["upstream" if k in some else "input" for k in range(6)]
        for key, expected in by_tables(frames, other, materiality).items():
            assert found[key][place] == pytest.approx(expected, rel=1e-10, abs=1e-13, nan_ok=True), (key, some)


def test_the_p_value_of_a_tiny_case_by_enumeration():
    # Five products of each stage have 252 assignments; drawn often enough, the p-value is their share.
    stages, materiality = stages_of(5, 5), pd.Series(0.35, index=codes(10))
    frame = products_of(11, n_products=10, n_countries=9)
    chosen = list(combinations(range(10), 5))
    upstream = np.array([[k in some for k in range(10)] for some in chosen])
    sheet = Sheet.of(frame, stages, materiality, NAMES)
    every = median_differences([sheet], CHOSEN, "imports", [upstream])
    draws = 20_000
    tests = product_tests([sheet], CHOSEN, "imports", draws, seed=3)
    for name in NAMES:
        # The first combination is 0 to 4: the stages as they are.
        exact = np.mean(np.abs(every[name]) >= abs(every[name][0]) - 1e-13)
        assert 0.02 < exact < 0.98
        assert tests[name]["p_value"] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / draws) + 1 / draws)


def test_permutations_keep_the_numbers_and_are_equally_likely():
    own = np.array([True, False, True, False])
    drawn = permuted_stages(own, 12_000, seed=7)
    assert drawn.shape == (12_001, 4)
    assert (drawn[0] == own).all()
    assert (drawn.sum(axis=1) == 2).all()
    _, counts = np.unique(drawn[1:], axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - 2000).max() < 4 * np.sqrt(2000)
    np.testing.assert_array_equal(drawn[:100], permuted_stages(own, 99, seed=7))


def test_medians_without_what_is_missing():
    nan = np.nan
    rows = np.array([[3.0, nan, 1.0, nan], [nan, nan, nan, nan], [4.0, 1.0, nan, 2.0], [1.0, 2.0, 3.0, 10.0]])
    np.testing.assert_array_equal(row_medians(rows), [2.0, nan, 2.0, 2.5])
    np.testing.assert_array_equal(row_medians(np.empty((2, 0))), [nan, nan])


def test_p_values_by_hand():
    # Of four null statistics -0.5 and 0.7 are as far from 0 as 0.5, up to rounding; the missing one counts.
    assert permutation_p_value(np.array([0.5, -0.5 + 1e-16, 0.2, 0.7, np.nan]), scale=1.0) == 4 / 5
    assert permutation_p_value(np.array([-0.8, 0.5, 0.2, 0.7, 0.1]), scale=1.0) == 1 / 5
    # Nothing differs but for rounding.
    assert permutation_p_value(np.array([2e-17, 0.0, 1e-17, 0.0, 0.0]), scale=1.0) == 1.0
    assert np.isnan(permutation_p_value(np.array([np.nan, 0.1]), scale=1.0))


def test_p_values_are_uniform_where_stages_mean_nothing():
    from scipy.stats import kstest

    rng = np.random.default_rng(12)
    stages, materiality = stages_of(6, 9), pd.Series(0.35, index=codes(15))
    found = []
    for world in range(150):
        frame = products_of(world, n_products=15, n_countries=12)
        # Each product is as it is in all countries: what a test over countries takes for a difference of stages.
        own = pd.Series(rng.random(15), index=codes(15))
        frame["exposure"] = 0.8 * frame["product"].map(own) + 0.2 * frame["exposure"]
        sheet = Sheet.of(frame, stages, materiality, ["exposure"])
        found.append(product_tests([sheet], CHOSEN[:1], "imports", 99, seed=world)["exposure"]["p_value"])
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) <= 0.05) <= 0.09


def test_fewer_than_five_products_of_a_stage_have_no_p_value():
    materiality = pd.Series(0.35, index=codes(14))
    frame = products_of(2, n_products=14, n_countries=30, exposure=0.5)
    frame.loc[frame["product"] >= "250010", "exposure"] = 0.9
    for n_input in (4, 1):
        stages = stages_of(10, n_input)
        rows = frame[frame["product"].isin(stages.index)]
        found = product_tests([Sheet.of(rows, stages, materiality, NAMES)], CHOSEN, "imports", 99, 1)["exposure"]
        assert (found["n_upstream_products"], found["n_input_products"]) == (10, n_input)
        assert np.isnan(found["p_value"])
    found = product_tests([Sheet.of(frame, stages_of(9, 5), materiality, NAMES)], CHOSEN, "imports", 99, 1)
    assert found["exposure"]["p_value"] <= 0.05


def test_products_without_a_weight_or_a_value_do_not_count():
    stages, materiality = stages_of(5, 5), pd.Series(0.35, index=codes(10))
    frame = products_of(4, n_products=10, n_countries=20)
    frame.loc[frame["product"] == "250007", "supplier_concentration"] = np.nan
    unknown = materiality.where(materiality.index != "250001")
    sheet = Sheet.of(frame, stages, unknown, NAMES)
    numbers = {
        (weighting, name): (found["n_upstream_products"], found["n_input_products"], np.isnan(found["p_value"]))
        for weighting in WEIGHTINGS
        for name, found in product_tests([sheet], CHOSEN, weighting, 99, 1).items()
    }
    assert numbers["imports", "exposure"] == numbers["unweighted", "influence"] == (5, 5, False)
    assert numbers["imports", "supplier_concentration"] == (5, 4, True)
    assert numbers["imports_materiality", "exposure"] == (4, 5, True)
    assert numbers["imports_materiality", "influence"] == (4, 5, True)


def test_a_product_counts_once_over_the_years():
    stages, materiality = stages_of(5, 5), pd.Series(0.35, index=codes(10))
    first = products_of(4, 2010, n_products=10, n_countries=20)
    second = products_of(4, 2011, n_products=10, n_countries=20)
    halves = [first[first["product"] <= "250007"], second[second["product"] >= "250002"]]
    found = product_tests([Sheet.of(half, stages, materiality, NAMES) for half in halves], CHOSEN, "imports", 99, 1)
    assert (found["exposure"]["n_upstream_products"], found["exposure"]["n_input_products"]) == (5, 5)
    assert 0.01 <= found["exposure"]["p_value"] <= 1
