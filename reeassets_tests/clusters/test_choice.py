import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from reeassets.clusters import choice
from reeassets.clusters.choice import (
    bootstrap_agreement,
    cluster_choice,
    country_resamples,
    euclidean_distances,
    gap_statistic,
    preferred_k,
    total_dispersion,
)
from reeassets.clusters.features import Panel, cluster_features, standardised_panel
from reeassets.clusters.kmeans import fit_kmeans
from reeassets_tests.clusters.planted import make_settings, planted, shuffled, stage_row


@pytest.fixture
def few_references(monkeypatch):
    monkeypatch.setattr(choice, "REFERENCES", 3)
    monkeypatch.setattr(choice, "REPEATED_STARTS", 2)


@pytest.fixture(scope="module")
def separated():
    settings = make_settings()
    return cluster_choice(cluster_features(planted(), settings), settings)


def test_planted_clusters_are_preferred_by_every_criterion(separated):
    assert separated["k"].tolist() == list(range(2, 11))
    assert separated.loc[separated["gap_preferred"], "k"].tolist() == [5]
    assert separated.loc[separated["chosen"], "k"].tolist() == [5]
    best = separated.set_index("k")
    assert best["silhouette"].idxmax() == 5
    assert best.loc[5, "silhouette"] > 0.9
    assert best.loc[5, ["stability", "stability_low", "stability_high"]].tolist() == [1.0, 1.0, 1.0]


def test_clusters_nobody_planted_are_less_stable_and_intervals_hold_the_mean(separated):
    assert separated.loc[separated["k"] > 5, "stability"].max() < 0.95
    assert (separated["stability_low"] <= separated["stability"]).all()
    assert (separated["stability"] <= separated["stability_high"]).all()


def test_a_cloud_without_clusters_prefers_none():
    rng = np.random.default_rng(5)
    names = ["exposure", "supplier_concentration", "systemic_trade_risk", "influence"]
    rows = [
        stage_row(2010, f"K{number:02d}", stage, **dict(zip(names, rng.uniform(0.1, 0.9, 4), strict=True)))
        for number in range(60)
        for stage in ("upstream", "input")
    ]
    settings = make_settings(cluster_bootstraps=2, cluster_n_init=2)
    assert not cluster_choice(cluster_features(pd.DataFrame(rows), settings), settings)["gap_preferred"].any()


def test_choice_does_not_depend_on_row_order(few_references):
    settings = make_settings(cluster_bootstraps=2, cluster_n_init=2)
    features = cluster_features(planted(noise=0.2, years=2), settings)
    pd.testing.assert_frame_equal(cluster_choice(shuffled(features), settings), cluster_choice(features, settings))


def test_k_stops_before_every_point_is_a_cluster(few_references):
    settings = make_settings(cluster_k=2, cluster_bootstraps=2)
    table = cluster_choice(cluster_features(planted(per_archetype=1, years=1), settings), settings)
    assert table["k"].tolist() == [2, 3, 4]


def test_a_k_that_cannot_be_judged_is_an_error():
    settings = make_settings()
    with pytest.raises(
        ValueError, match=r"k=5 cannot be judged: .* more than 5 distinct country-years, and there are 5"
    ):
        cluster_choice(cluster_features(planted(per_archetype=1, years=1), settings), settings)


def test_silhouette_equals_the_definition(few_references):
    settings = make_settings(cluster_bootstraps=2)
    features = cluster_features(planted(per_archetype=2, years=2, noise=0.2), settings)
    matrix = standardised_panel(features, settings).matrix
    labels = fit_kmeans(matrix, 5, n_init=settings.cluster_n_init, seed=settings.cluster_seed).labels_
    widths = []
    for i, own in enumerate(labels):
        distance = [float(np.sqrt(((matrix[i] - other) ** 2).sum())) for other in matrix]
        mates = [d for j, d in enumerate(distance) if labels[j] == own and j != i]
        others = min(np.mean([d for j, d in enumerate(distance) if labels[j] == c]) for c in set(labels) - {own})
        widths.append((others - np.mean(mates)) / max(others, np.mean(mates)) if mates else 0.0)
    table = cluster_choice(features, settings).set_index("k")
    assert table.loc[5, "silhouette"] == pytest.approx(np.mean(widths))


def test_dispersion_and_distances_by_hand():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, -4.0]])
    assert euclidean_distances(points).tolist() == [[0, 5, 5], [5, 0, 8], [5, 8, 0]]
    # Mean (2, 0): 4 + (1 + 16) + (1 + 16); Tibshirani's sum of pairwise squares over 2n: 2 (25 + 25 + 64) / 6.
    assert total_dispersion(points) == pytest.approx(38.0)
    assert total_dispersion(points) == pytest.approx(2 * (25 + 25 + 64) / 6)


def test_references_fill_the_principal_box(monkeypatch):
    # Points on a diagonal line: their principal box is a segment of length 2 sqrt(2), on which the expected dispersion
    # is n times 8/12, and a quarter of that for two halves. In the square along the axes two halves keep n times 5/12.
    monkeypatch.setattr(choice, "REFERENCES", 30)
    monkeypatch.setattr(choice, "REPEATED_STARTS", 2)
    along = np.linspace(-1, 1, 400)
    gap, error = gap_statistic(np.column_stack([along, along]), np.array([1.0, 1.0]), seed=0)
    assert gap == pytest.approx([np.log(400 * 8 / 12), np.log(400 * 2 / 12)], abs=0.03)
    assert (error > 0).all()
    assert (error < 0.15).all()


def test_the_gap_falls_by_what_log_dispersion_rises(few_references):
    points = np.random.default_rng(0).normal(size=(40, 2))
    gap, error = gap_statistic(points, np.array([100.0, 40.0]), seed=0)
    wider, same_error = gap_statistic(points, np.array([200.0, 40.0]), seed=0)
    assert wider - gap == pytest.approx([-np.log(2), 0.0])
    assert same_error.tolist() == error.tolist()


def test_the_rule_of_the_gap_by_hand():
    # 0.1 >= 0.5 - 0.1? No. 0.5 >= 0.55 - 0.1? Yes: two clusters.
    assert preferred_k(np.array([0.1, 0.5, 0.55, 0.2]), np.full(4, 0.1)) == 2
    assert preferred_k(np.array([0.1, 0.5, 0.55, 0.2]), np.full(4, 0.01)) == 3
    assert preferred_k(np.array([0.5, 0.5]), np.full(2, 0.01)) == 1
    assert preferred_k(np.array([0.1, 0.5, 0.9]), np.full(3, 0.01)) is None


def test_resampled_countries_move_with_all_their_years():
    countries = np.array(["AAA", "BBB", "CCC", "AAA", "BBB", "AAA"])
    times = country_resamples(countries, draws=50, seed=1)
    assert times.shape == (50, 6)
    assert (times[:, [0]] == times[:, [3, 5]]).all()
    assert (times[:, 1] == times[:, 4]).all()
    assert (times[:, :3].sum(axis=1) == 3).all()
    assert len(np.unique(times, axis=0)) > 5


def test_a_resample_with_too_few_points_gives_no_agreement():
    # Three countries, three points: a resample holds all three in 2 of 9 cases only.
    panel = Panel(
        pd.DataFrame({"year": 2010, "country": ["AAA", "BBB", "CCC"]}), np.array([[0.0], [1.0], [9.0]]), ("x",)
    )
    times = country_resamples(np.array(["AAA", "BBB", "CCC"]), draws=20, seed=4)
    agreement = bootstrap_agreement(panel, {3: np.array([0, 1, 2])}, draws=20, seed=4)
    assert (np.isnan(agreement[:, 0]) == ((times > 0).sum(axis=1) < 3)).all()
    assert 0 < np.isnan(agreement).sum() < 20
    assert (agreement[~np.isnan(agreement)] == 1.0).all()


def test_agreement_equals_an_exhaustive_weighted_search(monkeypatch):
    # On a line two clusters are a cut: try all of them, resample by resample, with repeated points repeated.
    monkeypatch.setattr(choice, "REPEATED_STARTS", 40)
    rng = np.random.default_rng(2)
    points = np.sort(np.concatenate([rng.normal(0, 0.1, 4), rng.normal(1, 0.1, 4), rng.normal(2.05, 0.1, 4)]))
    countries = [f"K{number:02d}" for number in range(12)]
    panel = Panel(pd.DataFrame({"year": 2010, "country": countries}), points[:, None], ("x",))
    original = (points > 0.5).astype(np.int64)

    def learnt(sample):
        cuts = [(sample[:cut], sample[cut:]) for cut in range(1, len(sample)) if sample[cut] > sample[cut - 1]]
        low, high = min(cuts, key=lambda parts: sum(((part - part.mean()) ** 2).sum() for part in parts))
        return points > (low.mean() + high.mean()) / 2

    resamples = country_resamples(np.array(countries), draws=12, seed=8)
    expected = [adjusted_rand_score(original, learnt(np.repeat(points, times))) for times in resamples]
    agreement = bootstrap_agreement(panel, {2: original}, draws=12, seed=8)[:, 0]
    assert agreement.tolist() == pytest.approx(expected)
    unweighted = [adjusted_rand_score(original, learnt(points[times > 0])) for times in resamples]
    assert unweighted != expected
