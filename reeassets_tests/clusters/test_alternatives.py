import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from reeassets import plugins
from reeassets.clusters import choice
from reeassets.clusters.agreement import cluster_agreement
from reeassets.clusters.choice import centroids, cluster_choice, nearest, within_dispersion
from reeassets.clusters.cluster import country_clusters
from reeassets.clusters.contract import Clustering
from reeassets.clusters.features import cluster_features
from reeassets.clusters.schema import CLUSTER_AGREEMENT, CLUSTER_CHOICE, COUNTRY_CLUSTERS
from reeassets.plugins import PluginError
from reeassets.tables import NotEnoughData
from reeassets_tests.clusters.planted import ARCHETYPES, make_settings, planted, shuffled

NAMES = ("gaussian_mixture", "kmeans", "ward")
CLUSTERINGS = plugins.every("clusterings", Clustering)


def clustered(indicators, **fields):
    settings = make_settings(**fields)
    return country_clusters(cluster_features(indicators, settings), settings).set_index(["year", "country"])


def blobs(seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(centre, 0.2, size=(20, 2)) for centre in ((0, 0), (5, 0), (0, 5))])


def test_the_registered_clusterings():
    assert tuple(sorted(CLUSTERINGS)) == NAMES
    assert all(clustering.name == name for name, clustering in CLUSTERINGS.items())


@pytest.mark.parametrize("name", NAMES)
def test_clear_groups_are_found_again_and_again(name):
    values, truth = blobs(), np.repeat([0, 1, 2], 20)
    labels, again = (CLUSTERINGS[name].labels(values, 3, starts=10, seed=7) for _ in range(2))
    assert labels.dtype == np.int64
    assert adjusted_rand_score(truth, labels) == 1.0
    assert (labels == again).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_is_a_number_of_copies(name):
    values, times = blobs(), np.arange(60) % 3 + 1.0
    weighted = CLUSTERINGS[name].labels(values, 3, starts=10, seed=7, weights=times)
    repeated = CLUSTERINGS[name].labels(np.repeat(values, times.astype(int), axis=0), 3, starts=10, seed=7)
    assert weighted.shape == (60,)
    assert adjusted_rand_score(np.repeat(weighted, times.astype(int)), repeated) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_planted_archetypes_are_found_and_numbered_by_profile(name):
    table = clustered(planted(noise=0.02), clustering=name)
    COUNTRY_CLUSTERS.check(table.reset_index())
    of_archetype = {
        key: set(table.loc[table.index.get_level_values("country").str[0] == key, "cluster"]) for key in ARCHETYPES
    }
    assert list(of_archetype.values()) == [{1}, {2}, {3}, {4}, {5}]
    assert table.loc[(2010, "A00"), "cluster_name"] == "low risk, high influence"


@pytest.mark.parametrize("name", NAMES)
def test_labels_and_names_stay_when_rows_are_reordered(name):
    frame = planted(noise=0.05)
    pd.testing.assert_frame_equal(clustered(shuffled(frame), clustering=name), clustered(frame, clustering=name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("added", sorted(ARCHETYPES))
def test_labels_stay_when_a_country_is_added(name, added):
    frame = planted(noise=0.03)
    twin = frame[frame["country"] == f"{added}03"].assign(country="AAA")
    before, after = clustered(frame, clustering=name), clustered(pd.concat([twin, frame]), clustering=name)
    # Names compare with the average country-year, which the new one moves: a cluster at a cut may be called otherwise.
    assert after.loc[before.index, "cluster"].tolist() == before["cluster"].tolist()
    assert set(after.xs("AAA", level="country")["cluster"]) == set(before.xs(f"{added}03", level="country")["cluster"])


@pytest.mark.parametrize("name", NAMES)
def test_labels_and_names_stay_when_a_year_is_appended(name):
    # Another year of the same economies, all of them a little more exposed.
    frame, later = planted(noise=0.03, years=3), planted(noise=0.03, years=1, seed=9)
    later = later.assign(year=2013, exposure=(later["exposure"] + 0.03).clip(0, 1))
    before, after = clustered(frame, clustering=name), clustered(pd.concat([frame, later]), clustering=name)
    pd.testing.assert_frame_equal(after.loc[before.index], before)
    assert after.loc[2013, "cluster"].tolist() == before.loc[2012, "cluster"].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_ties_and_a_constant_feature_do_no_harm(name):
    # Two archetypes with the same risk and influence, told apart by concentration only; exposure says nothing.
    frame = planted(noise=0.0)
    archetype = frame["country"].str[0]
    frame["exposure"] = 0.5
    for column in ("systemic_trade_risk", "influence"):
        frame.loc[archetype == "D", column] = frame.loc[archetype == "C", column].iloc[0]
    table = clustered(frame, clustering=name)
    assert table["cluster"].nunique() == 5
    assert table["cluster_name"].nunique() == 5
    pd.testing.assert_frame_equal(clustered(shuffled(frame), clustering=name), table)


@pytest.mark.parametrize("name", NAMES)
def test_the_choice_of_k_is_that_of_the_clustering_in_use(monkeypatch, name):
    monkeypatch.setattr(choice, "REFERENCES", 2)
    settings = make_settings(clustering=name, cluster_bootstraps=2, cluster_n_init=2)
    table = cluster_choice(cluster_features(planted(noise=0.05), settings), settings)
    CLUSTER_CHOICE.check(table)
    assert table.loc[table["silhouette"].idxmax(), "k"] == 5
    assert table.loc[table["k"] == 5, "stability"].item() > 0.95


def test_agreement_of_clear_clusters_is_one_and_of_none_is_small():
    settings = make_settings(cluster_n_init=3)
    clear = cluster_agreement(cluster_features(planted(noise=0.02), settings), settings)
    CLUSTER_AGREEMENT.check(clear)
    assert clear[["first", "second"]].to_numpy().tolist() == [
        ["gaussian_mixture", "kmeans"],
        ["gaussian_mixture", "ward"],
        ["kmeans", "ward"],
    ]
    assert (clear["adjusted_rand"] == 1.0).all()
    assert clear["in_use"].tolist() == [True, False, True]
    frame = planted(noise=0.02)
    rng = np.random.default_rng(1)
    for column in ("exposure", "supplier_concentration", "systemic_trade_risk", "influence"):
        frame[column] = rng.uniform(0.1, 0.9, len(frame))
    unclear = cluster_agreement(cluster_features(frame, settings), settings)
    assert (unclear["adjusted_rand"] < 0.8).all()


def test_agreement_needs_as_many_country_years_as_clusters():
    settings = make_settings()
    few = cluster_features(planted(per_archetype=1, years=1).query("country != 'E00'"), settings)
    with pytest.raises(NotEnoughData, match="there are 4"):
        cluster_agreement(few, settings)


def test_an_unknown_clustering_is_named():
    with pytest.raises(PluginError, match=r"no plugin 'dbscan' in group reeassets\.clusterings; registered: gaussian"):
        clustered(planted(), clustering="dbscan")


def test_centroids_dispersion_and_nearest_by_hand():
    values = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 4.0]])
    labels = np.array([7, 7, 3])
    np.testing.assert_allclose(centroids(values, labels, np.array([1.0, 3.0, 1.0])), [[10, 4], [1.5, 0]])
    assert within_dispersion(values, labels) == 2.0
    assert nearest(np.array([[9.0, 9.0], [1.0, 1.0]]), centroids(values, labels, np.ones(3))).tolist() == [0, 1]
