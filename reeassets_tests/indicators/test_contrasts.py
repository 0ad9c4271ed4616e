"""Tier contrasts: statistics by hand and against plain loops, the pairs that take part, intervals, q-values."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.aggregates import WEIGHTINGS, country_indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.indicators.contrasts import tier_contrasts, tier_contrasts_pooled
from reeassets.indicators.paired import (
    PairedComparison,
    differences,
    false_discovery,
    medians,
    rank_biserial,
    signed_rank_p_value,
)
from reeassets.indicators.permutation import Sheet
from reeassets.indicators.schema import tier_contrasts_pooled_table, tier_contrasts_table
from reeassets.settings import Settings

SETTINGS = Settings(home="unused", contrast_draws=400, contrast_permutations=99)
EXPOSURE = next(indicator for indicator in registered_indicators() if indicator.name == "exposure")
OTHER = replace(EXPOSURE, name="other")
PRODUCTS = [f"{250000 + k}" for k in range(13)]
STAGES = pd.Series(["upstream"] * 6 + ["input"] * 7, index=PRODUCTS)
MATERIALITY = pd.Series(0.35, index=PRODUCTS)


def frame_of(values: dict[tuple[int, str], tuple[float | None, float | None]], name="exposure") -> pd.DataFrame:
    rows = []
    for (year, country), (upstream, given) in values.items():
        for stage, value in (("upstream", upstream), ("input", given), ("final", 99.0)):
            rows.append((year, country, stage, "imports", 1, 1.0, 1.0, np.nan if value is None else value))
    columns = ["year", "country", "stage", "weighting", "n_products", "imports_kusd", "exports_kusd", name]
    return pd.DataFrame(rows, columns=columns)


def sheet_of(products: pd.DataFrame, stages: pd.Series = STAGES, names=("exposure",)) -> Sheet:
    return Sheet.of(products, stages, MATERIALITY, names)


def one_product_each(frame: pd.DataFrame) -> list[Sheet]:
    """Return sheets of one product of each stage, with the values of the frame."""
    product = {"upstream": PRODUCTS[0], "input": PRODUCTS[6]}
    known = frame[frame["stage"].isin(list(product)) & frame["exposure"].notna()]
    known = known.assign(product=known["stage"].map(product))
    return [sheet_of(rows) for _, rows in known.groupby("year")]


def yearly(frame: pd.DataFrame) -> pd.DataFrame:
    table = tier_contrasts(frame, one_product_each(frame), [EXPOSURE], SETTINGS)
    table = tier_contrasts_table(SETTINGS).check(table)
    return table[table["weighting"] == "imports"].reset_index(drop=True)


def pooled(frame: pd.DataFrame) -> pd.DataFrame:
    table = tier_contrasts_pooled(frame, one_product_each(frame), [EXPOSURE], SETTINGS)
    table = tier_contrasts_pooled_table(SETTINGS).check(table)
    return table[table["weighting"] == "imports"].reset_index(drop=True)


def test_rank_biserial_by_hand():
    # |d| = 1, 2, 2, 4 have ranks 1, 2.5, 2.5, 4; the zero is dropped: W+ = 1 + 2.5 + 4, W- = 2.5.
    assert rank_biserial(np.array([1.0, -2.0, 2.0, 4.0, 0.0])) == pytest.approx([5 / 10])
    assert rank_biserial(np.array([3.0, 1.0])) == [1.0]
    assert rank_biserial(np.array([-3.0, -1.0])) == [-1.0]
    assert rank_biserial(np.zeros(4)) == [0.0]
    assert rank_biserial(np.empty(0)) == [0.0]


def test_resampled_statistics_are_those_of_the_resample():
    rng = np.random.default_rng(5)
    difference = rng.integers(-4, 5, 11).astype(float)
    chosen = rng.integers(0, 11, (60, 11))
    counts = np.array([np.bincount(row, minlength=11) for row in chosen])
    np.testing.assert_allclose(rank_biserial(difference, counts), [rank_biserial(difference[row])[0] for row in chosen])
    np.testing.assert_array_equal(medians(difference, counts), np.median(difference[chosen], axis=1))
    even = rng.normal(size=10)
    np.testing.assert_array_equal(medians(even, np.ones((1, 10), dtype=int)), [np.median(even)])


def test_rounding_is_no_difference():
    np.testing.assert_array_equal(
        differences(np.array([0.3, 0.3, 0.0]), np.array([0.1 + 0.2, 0.31, 0.0])) != 0, [0, 1, 0]
    )


def test_p_value_by_enumeration():
    # All 2^7 sign flips of the ranks, with a tie; the zero does not count.
    difference = np.array([0.5, 1.0, -1.0, 2.0, 3.0, 4.0, 5.0, 0.0])
    ranks = np.array([1, 2.5, 2.5, 4, 5, 6, 7])
    observed = abs(ranks @ np.sign(difference[:7]))
    flips = [abs(ranks @ np.array(signs)) for signs in product((-1, 1), repeat=7)]
    assert signed_rank_p_value(difference) == pytest.approx(np.mean(np.array(flips) >= observed))
    assert signed_rank_p_value(np.arange(1.0, 7.0)) == pytest.approx(2 / 2**6)
    assert np.isnan(signed_rank_p_value(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0])))


def test_false_discovery_by_hand():
    # Sorted 0.01, 0.02, 0.04 of three: times 3/1, 3/2, 3/3, then the running minimum from above.
    np.testing.assert_allclose(false_discovery(np.array([0.04, np.nan, 0.01, 0.02])), [0.04, np.nan, 0.03, 0.03])
    assert np.isnan(false_discovery(np.array([np.nan]))).all()


def test_one_year_by_hand():
    pairs = {(2010, f"C0{k}"): (0.1, 0.1 + shift) for k, shift in enumerate([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])}
    pairs |= {(2010, "TIE"): (0.4, 0.4), (2010, "UPS"): (0.9, None), (2010, "INP"): (None, 0.9)}
    result = yearly(frame_of(pairs)).iloc[0]
    assert (result["n_countries"], result["n_differing"]) == (7, 6)
    assert result["mean_upstream"] == pytest.approx((6 * 0.1 + 0.4) / 7)
    assert result["mean_input"] == pytest.approx((6 * 0.1 + 2.1 + 0.4) / 7)
    assert result["median_difference"] == pytest.approx(0.3)
    assert result["rank_biserial"] == pytest.approx(1.0)
    assert result["wilcoxon_p_value"] == pytest.approx(2 / 2**6)
    # One product in each stage says nothing about stages, however many countries trade it.
    assert (result["n_upstream_products"], result["n_input_products"]) == (1, 1)
    assert result[["p_value", "q_value"]].isna().all()
    assert 0 <= result["median_difference_low"] <= 0.3 <= result["median_difference_high"] <= 0.6
    assert result["rank_biserial_low"] == result["rank_biserial_high"] == pytest.approx(1.0)


def test_the_sign_is_that_of_input_against_upstream():
    pairs = {(2010, f"C0{k}"): (0.5 + 0.01 * k, 0.2) for k in range(8)}
    result = yearly(frame_of(pairs)).iloc[0]
    assert result["rank_biserial"] == pytest.approx(-1.0)
    assert result["median_difference"] < 0


def test_too_few_countries_have_no_test_but_their_means():
    pairs = {(2010, f"C0{k}"): (0.1, 0.2 + 0.01 * k) for k in range(5)} | {(2010, "TIE"): (0.3, 0.3)}
    result = yearly(frame_of(pairs)).iloc[0]
    assert result["n_differing"] == 5
    assert result[["wilcoxon_p_value", "q_value", "rank_biserial_low", "median_difference_high"]].isna().all()
    assert result["rank_biserial"] == pytest.approx(1.0)
    alone = {(2010, "AAA"): (0.1, None)}
    lonely = yearly(frame_of(alone)).iloc[0]
    assert lonely["n_countries"] == 0
    assert lonely[["mean_upstream", "rank_biserial", "median_difference"]].isna().all()


def random_products(seed=3, year=2010, n=25, shift=0.05) -> pd.DataFrame:
    """Six upstream and seven input products in every country; input products are higher by about the shift."""
    rng = np.random.default_rng([seed, year])
    pairs = [(f"C{k:02d}", code) for k in range(n) for code in PRODUCTS]
    frame = pd.DataFrame(pairs, columns=["country", "product"]).assign(year=year, exports_kusd=1.0)
    frame["imports_kusd"] = np.exp(rng.normal(0, 1, len(frame)))
    higher = frame["product"].map(STAGES) == "input"
    return frame.assign(exposure=0.3 + shift * higher + rng.normal(0, 0.1, len(frame)))


def made(years=range(2007, 2013), indicators=(EXPOSURE,), **options):
    """Return country indicators and sheets of random products."""
    products = [random_products(year=year, **options) for year in years]
    products = [frame.assign(other=frame["exposure"] * 2 + 1) for frame in products]
    names = [indicator.name for indicator in indicators]
    countries = [country_indicators(frame, STAGES, MATERIALITY, indicators) for frame in products]
    return pd.concat(countries, ignore_index=True), [sheet_of(frame, names=names) for frame in products]


def test_q_values_are_over_the_years_of_an_indicator_and_weighting():
    result = tier_contrasts(*made(indicators=[EXPOSURE, OTHER]), [EXPOSURE, OTHER], SETTINGS)
    assert len(result) == 6 * 2 * 3
    for _, rows in result.groupby(["indicator", "weighting"]):
        np.testing.assert_allclose(rows["q_value"], false_discovery(rows["p_value"].to_numpy()))
    one, two = (result[result["indicator"] == name].reset_index(drop=True) for name in ("exposure", "other"))
    # A rescaled copy has the same tests, whatever else is tested beside it.
    np.testing.assert_allclose(one["q_value"], two["q_value"])
    np.testing.assert_allclose(one["wilcoxon_p_value"], two["wilcoxon_p_value"])
    np.testing.assert_allclose(one["median_difference_low"] * 2, two["median_difference_low"])


def test_every_weighting_has_a_test_of_its_own():
    result = tier_contrasts(*made(), [EXPOSURE], SETTINGS)
    by_weighting = {name: rows.reset_index(drop=True) for name, rows in result.groupby("weighting")}
    assert sorted(by_weighting) == sorted(WEIGHTINGS)
    # One materiality for all products is no other weight.
    pd.testing.assert_frame_equal(
        by_weighting["imports"].drop(columns="weighting"),
        by_weighting["imports_materiality"].drop(columns="weighting"),
    )
    assert (by_weighting["imports"]["p_value"] != by_weighting["unweighted"]["p_value"]).any()


def test_order_of_rows_does_not_matter_and_the_seed_does():
    panel, sheets = made()
    straight = tier_contrasts(panel, sheets, [EXPOSURE], SETTINGS)
    shuffled = tier_contrasts(panel.sample(frac=1, random_state=1), sheets[::-1], [EXPOSURE], SETTINGS)
    pd.testing.assert_frame_equal(straight, shuffled, check_exact=True)
    seed = Settings(home="unused", contrast_draws=400, contrast_permutations=99, contrast_seed=1)
    other = tier_contrasts(panel, sheets, [EXPOSURE], seed)
    assert (straight["rank_biserial"] == other["rank_biserial"]).all()
    assert (straight["rank_biserial_low"] != other["rank_biserial_low"]).any()
    assert (straight["p_value"] != other["p_value"]).any()


def test_one_odd_product_is_not_significant():
    # One of seven input products is different in all 60 countries: a certainty to a test of countries.
    products = random_products(n=60, shift=0.0).assign(imports_kusd=1.0)
    products.loc[products["product"] == PRODUCTS[8], "exposure"] += 3.0
    panel = country_indicators(products, STAGES, MATERIALITY, [EXPOSURE])
    for found in (
        tier_contrasts(panel, [sheet_of(products)], [EXPOSURE], SETTINGS),
        tier_contrasts_pooled(panel, [sheet_of(products)], [EXPOSURE], SETTINGS),
    ):
        assert (found["median_difference_low"] > 0.2).all()
        assert (found["wilcoxon_p_value"] < 1e-10).all()
        assert (found["p_value"] > 0.3).all()
        assert (found["q_value"] > 0.3).all()


def test_a_difference_of_all_products_is_significant():
    found = tier_contrasts(*made(years=[2010], shift=0.5), [EXPOSURE], SETTINGS)
    assert (found["p_value"] <= 0.02).all()
    assert (found["median_difference"] > 0.4).all()


def test_too_few_products_are_never_significant():
    few = STAGES[:9]  # Six upstream, three input products.
    products = random_products(n=60, shift=0.5)
    products = products[products["product"].isin(few.index)]
    panel = country_indicators(products, few, MATERIALITY, [EXPOSURE])
    for found in (
        tier_contrasts(panel, [sheet_of(products, few)], [EXPOSURE], SETTINGS),
        tier_contrasts_pooled(panel, [sheet_of(products, few)], [EXPOSURE], SETTINGS),
    ):
        assert (found["n_input_products"] == 3).all()
        assert found[["p_value", "q_value"]].isna().all(axis=None)
        assert (found["wilcoxon_p_value"] < 1e-8).all()


def test_the_interval_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(8)
    compare = PairedComparison(draws=300, seed=4)
    covered = 0
    for _ in range(200):
        upstream = rng.random(40)
        result = compare(upstream, upstream + rng.normal(0.1, 0.3, 40))
        covered += result["median_difference_low"] <= 0.1 <= result["median_difference_high"]
    assert 0.90 <= covered / 200 <= 0.99


def test_pooled_by_hand():
    # AAA: years with both are 2010 and 2011, upstream 0.2 and 0.4, input 0.5 and 0.7; 2012 lacks input and is left out.
    pairs = {
        (2010, "AAA"): (0.2, 0.5),
        (2011, "AAA"): (0.4, 0.7),
        (2012, "AAA"): (0.9, None),
        (2010, "BBB"): (0.1, 0.0),
    }
    result = pooled(frame_of(pairs)).iloc[0]
    assert (result["n_years"], result["n_countries"], result["n_differing"]) == (2, 2, 2)
    assert result["mean_upstream"] == pytest.approx((0.3 + 0.1) / 2)
    assert result["mean_input"] == pytest.approx((0.6 + 0.0) / 2)
    assert result["median_difference"] == pytest.approx((0.3 - 0.1) / 2)
    # |d| = 0.3 and 0.1 have ranks 2 and 1.
    assert result["rank_biserial"] == pytest.approx(1 / 3)
    assert np.isnan(result["wilcoxon_p_value"])


def test_pooled_over_indicators():
    panel, sheets = made(indicators=[EXPOSURE, OTHER])
    result = tier_contrasts_pooled(panel, sheets, [EXPOSURE, OTHER], SETTINGS)
    for _, rows in result.groupby("weighting"):
        np.testing.assert_allclose(rows["q_value"], false_discovery(rows["p_value"].to_numpy()))
    assert (result["rank_biserial_low"] <= result["rank_biserial"]).all()
    assert (result["rank_biserial"] <= result["rank_biserial_high"]).all()


def test_without_any_row():
    empty = frame_of({}).astype(
        {"year": "int64", "country": "str", "stage": "str", "weighting": "str", "exposure": "float64"}
    )
    assert len(tier_contrasts_table(SETTINGS).check(tier_contrasts(empty, [], [EXPOSURE], SETTINGS))) == 0
    table = tier_contrasts_pooled_table(SETTINGS).check(tier_contrasts_pooled(empty, [], [EXPOSURE], SETTINGS))
    assert table["n_countries"].tolist() == [0, 0, 0]
    assert table["n_upstream_products"].tolist() == [0, 0, 0]
