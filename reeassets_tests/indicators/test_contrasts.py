"""Tier contrasts: statistics by hand and against plain loops, the pairs that take part, intervals, q-values."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.contrasts import tier_contrasts, tier_contrasts_pooled
from reeassets.indicators.paired import (
    PairedComparison,
    differences,
    false_discovery,
    medians,
    rank_biserial,
    signed_rank_p_value,
)
from reeassets.indicators.schema import tier_contrasts_pooled_table, tier_contrasts_table
from reeassets.settings import Settings

SETTINGS = Settings(home="unused", contrast_draws=400)


def frame_of(values: dict[tuple[int, str], tuple[float | None, float | None]], name="exposure") -> pd.DataFrame:
    rows = []
    for (year, country), (upstream, given) in values.items():
        for stage, value in (("upstream", upstream), ("input", given), ("final", 99.0)):
            rows.append((year, country, stage, 1, 1.0, 1.0, np.nan if value is None else value))
    columns = ["year", "country", "stage", "n_products", "imports_kusd", "exports_kusd", name]
    return pd.DataFrame(rows, columns=columns)


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
    result = tier_contrasts_table(SETTINGS).check(tier_contrasts(frame_of(pairs), SETTINGS)).iloc[0]
    assert (result["n_countries"], result["n_differing"]) == (7, 6)
    assert result["mean_upstream"] == pytest.approx((6 * 0.1 + 0.4) / 7)
    assert result["mean_input"] == pytest.approx((6 * 0.1 + 2.1 + 0.4) / 7)
    assert result["median_difference"] == pytest.approx(0.3)
    assert result["rank_biserial"] == pytest.approx(1.0)
    assert result["p_value"] == result["q_value"] == pytest.approx(2 / 2**6)
    assert 0 <= result["median_difference_low"] <= 0.3 <= result["median_difference_high"] <= 0.6
    assert result["rank_biserial_low"] == result["rank_biserial_high"] == pytest.approx(1.0)


def test_the_sign_is_that_of_input_against_upstream():
    pairs = {(2010, f"C0{k}"): (0.5 + 0.01 * k, 0.2) for k in range(8)}
    result = tier_contrasts(frame_of(pairs), SETTINGS).iloc[0]
    assert result["rank_biserial"] == pytest.approx(-1.0)
    assert result["median_difference"] < 0


def test_too_few_countries_have_no_test_but_their_means():
    pairs = {(2010, f"C0{k}"): (0.1, 0.2 + 0.01 * k) for k in range(5)} | {(2010, "TIE"): (0.3, 0.3)}
    result = tier_contrasts_table(SETTINGS).check(tier_contrasts(frame_of(pairs), SETTINGS)).iloc[0]
    assert result["n_differing"] == 5
    assert result[["p_value", "q_value", "rank_biserial_low", "median_difference_high"]].isna().all()
    assert result["rank_biserial"] == pytest.approx(1.0)
    alone = {(2010, "AAA"): (0.1, None)}
    lonely = tier_contrasts_table(SETTINGS).check(tier_contrasts(frame_of(alone), SETTINGS)).iloc[0]
    assert lonely["n_countries"] == 0
    assert lonely[["mean_upstream", "rank_biserial", "median_difference"]].isna().all()


def random_panel(seed=3, years=range(2007, 2013), n=25, shift=0.05) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = [f"C{k:02d}" for k in range(n)]
    pairs = {}
    for year in years:
        for name, upstream in zip(names, rng.random(n).tolist(), strict=True):
            pairs[year, name] = (upstream, upstream + rng.normal(shift, 0.1))
    return frame_of(pairs)


def test_q_values_are_over_the_years_of_an_indicator():
    panel = random_panel().assign(other=lambda frame: frame["exposure"] * 2 + 1)
    result = tier_contrasts(panel, SETTINGS)
    for _, rows in result.groupby("indicator"):
        np.testing.assert_allclose(rows["q_value"], false_discovery(rows["p_value"].to_numpy()))
    one, two = (result[result["indicator"] == name].reset_index(drop=True) for name in ("exposure", "other"))
    # A rescaled copy has the same ranks, hence the same test, whatever else is tested beside it.
    np.testing.assert_allclose(one["q_value"], two["q_value"])
    np.testing.assert_allclose(one["median_difference_low"] * 2, two["median_difference_low"])


def test_order_of_rows_does_not_matter_and_the_seed_does():
    panel = random_panel()
    straight = tier_contrasts(panel, SETTINGS)
    pd.testing.assert_frame_equal(
        straight, tier_contrasts(panel.sample(frac=1, random_state=1), SETTINGS), check_exact=True
    )
    other = tier_contrasts(panel, Settings(home="unused", contrast_draws=400, contrast_seed=1))
    assert (straight["rank_biserial"] == other["rank_biserial"]).all()
    assert (straight["rank_biserial_low"] != other["rank_biserial_low"]).any()


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
    result = tier_contrasts_pooled_table(SETTINGS).check(tier_contrasts_pooled(frame_of(pairs), SETTINGS)).iloc[0]
    assert (result["n_years"], result["n_countries"], result["n_differing"]) == (2, 2, 2)
    assert result["mean_upstream"] == pytest.approx((0.3 + 0.1) / 2)
    assert result["mean_input"] == pytest.approx((0.6 + 0.0) / 2)
    assert result["median_difference"] == pytest.approx((0.3 - 0.1) / 2)
    # |d| = 0.3 and 0.1 have ranks 2 and 1.
    assert result["rank_biserial"] == pytest.approx(1 / 3)
    assert np.isnan(result["p_value"])


def test_pooled_over_indicators():
    panel = random_panel().assign(rca=lambda frame: frame["exposure"].to_numpy()[::-1])
    result = tier_contrasts_pooled(panel, SETTINGS)
    np.testing.assert_allclose(result["q_value"], false_discovery(result["p_value"].to_numpy()))
    assert (result["rank_biserial_low"] <= result["rank_biserial"]).all()
    assert (result["rank_biserial"] <= result["rank_biserial_high"]).all()


def test_without_any_row():
    empty = frame_of({}).astype({"year": "int64", "country": "str", "stage": "str", "exposure": "float64"})
    assert len(tier_contrasts_table(SETTINGS).check(tier_contrasts(empty, SETTINGS))) == 0
    pooled = tier_contrasts_pooled_table(SETTINGS).check(tier_contrasts_pooled(empty, SETTINGS))
    assert pooled["n_countries"].tolist() == [0]
