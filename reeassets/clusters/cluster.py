"""The way from country indicators to every table of this stage."""

from dataclasses import dataclass

import pandas as pd

from reeassets.clusters.agreement import cluster_agreement
from reeassets.clusters.choice import cluster_choice
from reeassets.clusters.features import cluster_features, standardised_panel
from reeassets.clusters.kmeans import cluster_labels
from reeassets.clusters.names import cluster_names
from reeassets.clusters.paths import cluster_transitions, country_paths, unclustered
from reeassets.clusters.profiles import cluster_profiles
from reeassets.clusters.schema import CLUSTER_CHOICE
from reeassets.clusters.sensitivity import cluster_sensitivity
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData


@dataclass(frozen=True)
class ClusterResult:
    """The tables of this stage, each under its own name; columns in :mod:`reeassets.clusters.schema`."""

    cluster_features: pd.DataFrame
    country_clusters: pd.DataFrame
    cluster_profiles: pd.DataFrame
    cluster_choice: pd.DataFrame
    cluster_agreement: pd.DataFrame
    cluster_sensitivity: pd.DataFrame
    cluster_transitions: pd.DataFrame


def country_clusters(features: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Fit the clusters on the pooled country-years and name them: the table ``country_clusters``.

    Parameters
    ----------
    features : DataFrame
        The table ``cluster_features``.
    settings : Settings
        The fields ``cluster_*`` are read.

    Raises
    ------
    ValueError
        As in :func:`cluster_economies`.
    """
    panel = standardised_panel(features, settings)
    labels = cluster_labels(panel, settings)
    return country_paths(features, panel, labels, cluster_names(panel.means(labels), panel.countries(labels)))


def clusters_or_reason(features: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, str]:
    """Return :func:`country_clusters`; where the data are too few nobody is ranked, and the reason stands beside it.

    Parameters
    ----------
    features, settings
        As in :func:`country_clusters`.
    """
    try:
        return country_clusters(features, settings), ""
    except NotEnoughData as reason:
        return unclustered(features, str(reason)), str(reason)


def choice_or_reason(features: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, str]:
    """Return the table ``cluster_choice``; where the data are too few it is empty, and the reason stands beside it.

    Parameters
    ----------
    features, settings
        As in :func:`reeassets.clusters.choice.cluster_choice`.
    """
    try:
        return cluster_choice(features, settings), ""
    except NotEnoughData as reason:
        return CLUSTER_CHOICE.empty(), str(reason)


def cluster_economies(country_indicators: pd.DataFrame, settings: Settings) -> ClusterResult:
    """Group economies by their dependencies (docs/METHOD.md, section 7).

    Parameters
    ----------
    country_indicators : DataFrame
        One row per (year, country, stage, weighting), all years together: labels mean the same in every year because
        one clustering is fitted to the pooled country-years.
    settings : Settings
        The fields ``cluster_*`` are read.

    Raises
    ------
    ValueError
        If the input is not one row per key with the columns needed, no country-year can be ranked, or there are not
        more distinct country-years than clusters.
    """
    features = cluster_features(country_indicators, settings)
    countries = country_clusters(features, settings)
    return ClusterResult(
        cluster_features=features,
        country_clusters=countries,
        cluster_profiles=cluster_profiles(features, countries, settings),
        cluster_choice=cluster_choice(features, settings),
        cluster_agreement=cluster_agreement(features, settings),
        cluster_sensitivity=cluster_sensitivity(country_indicators, settings),
        cluster_transitions=cluster_transitions(countries),
    )
