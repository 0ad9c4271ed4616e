import numpy as np
import pandas as pd
import pytest

from reeassets.clusters.features import cluster_features
from reeassets.clusters.profiles import DRAWS, block_interval, cluster_profiles
from reeassets_tests.clusters.planted import make_settings, planted, shuffled, stage_row


def hand_made():
    """Cluster 1: AAA in both years and BBB in 2010; cluster 2: CCC in both years; BBB is not ranked in 2011."""
    exposure = {(2010, "AAA"): 0.1, (2011, "AAA"): 0.2, (2010, "BBB"): 0.6, (2010, "CCC"): 0.8, (2011, "CCC"): 1.0}
    rows = [
        stage_row(year, country, stage, exposure=value)
        for (year, country), value in exposure.items()
        for stage in ("upstream", "input")
    ]
    rows.append(stage_row(2011, "BBB", "upstream"))
    features = cluster_features(pd.DataFrame(rows), make_settings())
    clusters = features[["year", "country"]].assign(
        cluster=features["country"].map({"AAA": 1, "BBB": 1, "CCC": 2}).astype("Int64").where(features["ranked"]),
        cluster_name=features["country"].map({"AAA": "one", "BBB": "one", "CCC": "two"}),
    )
    return features, clusters


def test_means_and_counts_by_hand():
    features, clusters = hand_made()
    table = cluster_profiles(features, clusters, make_settings())
    assert len(table) == 2 * 8
    rows = table[table["feature"] == "input_exposure"].set_index("cluster")
    assert rows["cluster_name"].tolist() == ["one", "two"]
    np.testing.assert_allclose(rows["mean"], [(0.1 + 0.2 + 0.6) / 3, (0.8 + 1.0) / 2])
    # Panel: 0.1, 0.2, 0.6, 0.8, 1.0 with mean 0.54 and variance (0.1936 + 0.1156 + 0.0036 + 0.0676 + 0.2116) / 5.
    scale = np.sqrt(0.592 / 5)
    np.testing.assert_allclose(rows["standardised_mean"], [(0.3 - 0.54) / scale, (0.9 - 0.54) / scale])
    assert rows["n_country_years"].tolist() == [3, 2]
    assert rows["n_countries"].tolist() == [2, 1]


def test_two_countries_give_the_interval_of_their_three_resamples():
    # AAA twice (chance 1/4): 0.15; BBB twice (1/4): 0.6; one of each (1/2): 0.3. The interval's ends are the extremes.
    features, clusters = hand_made()
    table = cluster_profiles(features, clusters, make_settings()).set_index(["cluster", "feature"])
    np.testing.assert_allclose(table.loc[(1, "input_exposure"), ["ci_low", "ci_high"]].astype(float), [0.15, 0.6])


def test_one_country_has_no_interval():
    features, clusters = hand_made()
    table = cluster_profiles(features, clusters, make_settings())
    assert table.loc[table["cluster"] == 2, ["ci_low", "ci_high"]].isna().all(axis=None)
    assert table.loc[table["cluster"] == 1, ["ci_low", "ci_high"]].notna().all(axis=None)


def test_profiles_do_not_depend_on_row_order():
    features, clusters = hand_made()
    pd.testing.assert_frame_equal(
        cluster_profiles(shuffled(features), shuffled(clusters, seed=5), make_settings()),
        cluster_profiles(features, clusters, make_settings()),
    )


def test_disagreeing_frames_are_an_error():
    features, clusters = hand_made()
    with pytest.raises(ValueError, match="disagree on which country-years are ranked"):
        cluster_profiles(features, clusters.iloc[1:], make_settings())
    with pytest.raises(ValueError, match="disagree on which country-years are ranked"):
        cluster_profiles(features, clusters.fillna({"cluster": 1}), make_settings())


def test_block_interval_equals_plain_resampling():
    rng = np.random.default_rng(3)
    block = np.repeat(np.arange(5), [1, 4, 2, 3, 2])
    values = rng.normal(size=(12, 2)) + block[:, None]
    times = np.random.default_rng([9, 1]).multinomial(5, np.full(5, 0.2), size=DRAWS)
    means = []
    for draw in times:
        rows = [row for number, count in enumerate(draw) for _ in range(count) for row in values[block == number]]
        means.append(np.mean(rows, axis=0))
    low, high = block_interval(values, block, 5, [9, 1])
    np.testing.assert_allclose(low, np.percentile(means, 2.5, axis=0))
    np.testing.assert_allclose(high, np.percentile(means, 97.5, axis=0))


def test_years_of_a_country_are_not_independent():
    # Thirty years of two countries know no more about the mean than two countries do.
    values, block = np.repeat([[0.0], [1.0]], 30, axis=0), np.repeat([0, 1], 30)
    low, high = block_interval(values, block, 2, [0, 1])
    assert (low[0], high[0]) == (0.0, 1.0)


def test_intervals_of_equal_countries_have_no_width():
    settings = make_settings()
    features = cluster_features(planted(noise=0.0), settings)
    clusters = features[["year", "country"]].assign(
        cluster=(features["country"].str[0].map(dict(zip("ABCDE", range(1, 6), strict=True)))).astype("Int64"),
        cluster_name=features["country"].str[0],
    )
    table = cluster_profiles(features, clusters, settings)
    np.testing.assert_allclose(table["ci_low"], table["mean"], atol=1e-12)
    np.testing.assert_allclose(table["ci_high"], table["mean"], atol=1e-12)
