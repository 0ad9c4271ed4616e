import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_info, threadpool_limits

from reeassets.clusters.features import cluster_features, standardised_panel
from reeassets.clusters.kmeans import (
    cluster_labels,
    derived_seed,
    distinct_points,
    fit_kmeans,
    number_clusters,
    one_thread,
)
from reeassets_tests.clusters.planted import ARCHETYPES, make_settings, planted, shuffled, stage_row


def labels_by_country_year(indicators, settings):
    panel = standardised_panel(cluster_features(indicators, settings), settings)
    return pd.Series(cluster_labels(panel, settings), index=pd.MultiIndex.from_frame(panel.keys))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_archetypes_are_recovered(seed):
    labels = labels_by_country_year(planted(noise=0.03, seed=seed), make_settings(cluster_seed=seed))
    archetype = [country[0] for _, country in labels.index]
    assert adjusted_rand_score(archetype, labels) >= 0.9


def test_clusters_are_numbered_from_low_risk_and_high_influence():
    # ARCHETYPES is written in ascending risk and descending influence.
    labels = labels_by_country_year(planted(), make_settings())
    expected = {archetype: number for number, archetype in enumerate(ARCHETYPES, start=1)}
    assert labels.tolist() == [expected[country[0]] for _, country in labels.index]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labels_do_not_depend_on_row_order(seed):
    frame = planted(noise=0.2)
    settings = make_settings()
    pd.testing.assert_series_equal(
        labels_by_country_year(shuffled(frame, seed), settings), labels_by_country_year(frame, settings)
    )


def test_labels_do_not_depend_on_the_number_of_threads():
    frame = planted(per_archetype=30, years=10, noise=0.2)
    settings = make_settings(cluster_countries=150)
    with threadpool_limits(limits=1):
        single = labels_by_country_year(frame, settings)
    with threadpool_limits(limits=2):
        pd.testing.assert_series_equal(labels_by_country_year(frame, settings), single)


def test_fits_run_on_one_thread_and_give_the_others_back():
    with threadpool_limits(limits=2):
        before = [library["num_threads"] for library in threadpool_info()]
        with one_thread():
            assert {library["num_threads"] for library in threadpool_info()} == {1}
        assert [library["num_threads"] for library in threadpool_info()] == before
    assert 2 in before


@pytest.mark.parametrize("archetype", list(ARCHETYPES))
def test_numbers_stay_when_a_country_is_added(archetype):
    frame = planted()
    e, c, r, i = ARCHETYPES[archetype]
    values = {"exposure": e, "supplier_concentration": c, "systemic_trade_risk": r, "influence": i}
    added = [stage_row(year, "ZZZ", stage, **values) for year in (2010, 2011, 2012) for stage in ("upstream", "input")]
    before = labels_by_country_year(frame, make_settings())
    after = labels_by_country_year(pd.concat([frame, pd.DataFrame(added)]), make_settings())
    pd.testing.assert_series_equal(after.drop("ZZZ", level="country"), before)
    assert set(after.xs("ZZZ", level="country")) == {list(ARCHETYPES).index(archetype) + 1}


def test_numbering_by_hand():
    # Risk less influence, each the mean of two stages:
    #   label 0: (1 + 0)/2 - (0 + 1)/2 = 0; label 1: (-1 - 1)/2 - (2 + 4)/2 = -4; label 2: (2 + 1)/2 - (-1 + 0)/2 = 2
    profile = pd.DataFrame(
        {
            "upstream_systemic_trade_risk": [1.0, -1.0, 2.0],
            "upstream_log10_influence": [0.0, 2.0, -1.0],
            "input_systemic_trade_risk": [0.0, -1.0, 1.0],
            "input_log10_influence": [1.0, 4.0, 0.0],
        }
    )
    assert number_clusters(profile).tolist() == [2, 1, 3]
    assert number_clusters(profile.loc[[2, 0, 1]]).to_dict() == {0: 2, 1: 1, 2: 3}


def test_equal_scores_are_numbered_by_the_profile_itself():
    # Both scores are 0.3 up to rounding (0.1 + 0.2 is not 0.3 in binary); the exposures decide.
    profile = pd.DataFrame(
        {
            "upstream_exposure": [0.7, -0.7],
            "upstream_systemic_trade_risk": [0.3, 0.1 + 0.2],
            "upstream_log10_influence": [0.0, 0.0],
        }
    )
    assert number_clusters(profile).tolist() == [2, 1]


def test_too_few_distinct_country_years_are_an_error():
    frame = planted(noise=0.0)
    frame = frame[frame["country"].str[0] != "E"]
    with pytest.raises(ValueError, match="5 clusters need at least 5 distinct country-years; there are 4"):
        labels_by_country_year(frame, make_settings())


def test_exactly_as_many_distinct_country_years_as_clusters_is_enough():
    labels = labels_by_country_year(planted(noise=0.0), make_settings())
    assert labels.value_counts().to_dict() == dict.fromkeys([1, 2, 3, 4, 5], 18)


def test_points_equal_up_to_rounding_are_not_distinct():
    assert distinct_points(np.array([[0.1 + 0.2, 1.0], [0.3, 1.0], [0.3, 1.0 + 1e-6]])) == 2


def test_a_weight_is_a_repetition():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 0.1, (10, 2)), rng.normal(5, 0.1, (10, 2))])
    times = rng.integers(1, 4, 20)
    weighted = fit_kmeans(points, 2, n_init=5, seed=0, weights=times.astype(float))
    repeated = fit_kmeans(np.repeat(points, times, axis=0), 2, n_init=5, seed=0)
    centres = [np.sort(model.cluster_centers_, axis=0) for model in (weighted, repeated)]
    np.testing.assert_allclose(centres[0], centres[1], rtol=1e-12)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-12)


def test_seeds_of_any_size_are_taken_and_differ():
    seeds = {derived_seed(*parts) for parts in [(1,), (2,), (1, 1), (1, 2), (2**80,), (2**80, 1)]}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**32 for seed in seeds)
