"""Assets of the stage ``clusters``."""

import pandas as pd

from reeassets.clusters import agreement, cluster, features, paths, pictures, profiles, schema, sensitivity
from reeassets.platform.recipe import Step, recipe
from reeassets.tables import NotEnoughData

_FEATURES = ("cluster_countries", "cluster_include_final", "cluster_influence_floor", "weighting", "years")
_FIT = ("clustering", "cluster_k", "cluster_n_init", "cluster_seed", "cluster_include_final")
_SKLEARN = frozenset({"scikitlearn", "parquet"})


@recipe(inputs=("country_indicators",), uses=_FEATURES)
def cluster_features(step: Step) -> pd.DataFrame:
    """Describe each country-year by its features, and say who is ranked."""
    table = features.cluster_features(step.read("country_indicators"), step.settings)
    step.metadata |= {"country_years": len(table), "ranked": int(table["ranked"].sum())}
    return table


@recipe(inputs=("cluster_features",), uses=_FIT, plugins=("clusterings",), kinds=_SKLEARN)
def country_clusters(step: Step) -> pd.DataFrame:
    """Fit the clusters on the pooled country-years and name them."""
    clusters, reason = cluster.clusters_or_reason(step.read("cluster_features"), step.settings)
    if reason:
        step.metadata["not_clustered"] = reason
        return clusters
    step.pictures["picture"] = pictures.sizes_over_years(clusters)
    return clusters


@recipe(inputs=("cluster_features", "country_clusters"), uses=(*_FIT, "cluster_bootstraps"), kinds=_SKLEARN)
def cluster_profiles(step: Step) -> pd.DataFrame:
    """Profile each cluster in the features' own units."""
    clusters = step.read("country_clusters")
    if clusters["cluster"].isna().all():
        return schema.cluster_profiles_table(step.settings).empty()
    return profiles.cluster_profiles(step.read("cluster_features"), clusters, step.settings)


@recipe(inputs=("cluster_features",), uses=(*_FIT, "cluster_bootstraps"), plugins=("clusterings",), kinds=_SKLEARN)
def cluster_choice(step: Step) -> pd.DataFrame:
    """Compare numbers of clusters: silhouette, gap statistic and stability."""
    table, reason = cluster.choice_or_reason(step.read("cluster_features"), step.settings)
    if reason:
        step.metadata["not_compared"] = reason
        return table
    step.pictures["picture"] = pictures.choice_of_k(table)
    return table


@recipe(inputs=("cluster_features",), uses=_FIT, plugins=("clusterings",), kinds=_SKLEARN)
def cluster_agreement(step: Step) -> pd.DataFrame:
    """Compare the partitions of all registered clusterings."""
    try:
        return agreement.cluster_agreement(step.read("cluster_features"), step.settings)
    except NotEnoughData as reason:
        step.metadata["not_compared"] = str(reason)
        return schema.CLUSTER_AGREEMENT.empty()


@recipe(inputs=("country_indicators",), uses=(*_FEATURES, *_FIT), plugins=("clusterings",), kinds=_SKLEARN)
def cluster_sensitivity(step: Step) -> pd.DataFrame:
    """Cluster again with other floors under influence, and one cluster less and more."""
    try:
        return sensitivity.cluster_sensitivity(step.read("country_indicators"), step.settings)
    except NotEnoughData as reason:
        step.metadata["not_compared"] = str(reason)
        return schema.CLUSTER_SENSITIVITY.empty()


@recipe(inputs=("country_clusters",))
def cluster_transitions(step: Step) -> pd.DataFrame:
    """Count how countries move between clusters from one year to the next."""
    return paths.cluster_transitions(step.read("country_clusters"))


RECIPES = [
    cluster_features,
    country_clusters,
    cluster_profiles,
    cluster_choice,
    cluster_agreement,
    cluster_sensitivity,
    cluster_transitions,
]
