"""k-means on the standardised panel: one fit, reproducible to the bit, and clusters numbered by what they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from reeassets.clusters.contract import Clustering, Labels, clustering_in_use
from reeassets.clusters.features import INFLUENCE, RISK, Floats, Panel, features_of
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData

# Points or profiles that agree to this many decimals of a standard deviation are the same up to rounding.
DECIMALS = 9


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numerical libraries on one thread: sums split over threads round differently from machine to machine."""
    import sklearn.cluster  # noqa: F401  (only libraries that are loaded already can be limited)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def derived_seed(*parts: int) -> int:
    """Return a seed in the range scikit-learn takes, different for different whole numbers ``parts``."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def distinct_points(values: Floats) -> int:
    """Return how many rows differ by more than rounding."""
    return len(np.unique(np.round(values, DECIMALS), axis=0))


def require_distinct(values: Floats, k: int) -> None:
    """Raise :class:`reeassets.tables.NotEnoughData` if fewer than ``k`` rows are distinct."""
    distinct = distinct_points(values)
    if distinct < k:
        raise NotEnoughData(f"{k} clusters need at least {k} distinct country-years; there are {distinct}")


def fit_kmeans(values: Floats, k: int, *, n_init: int, seed: int, weights: Floats | None = None) -> Any:
    """Fit k-means (Lloyd's algorithm from k-means++ starts) and return scikit-learn's fitted estimator.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Points; their order matters to the last digit, so callers sort them.
    k : int
        Number of clusters.
    n_init : int
        Starts, of which the one with the least within-cluster sum of squares is kept.
    seed : int
        Seed of the starts.
    weights : ndarray, shape (n,), optional
        How often each point counts; 1 by default.

    Raises
    ------
    ValueError
        If there are fewer distinct points than clusters.
    """
    from sklearn.cluster import KMeans

    require_distinct(values, k)
    model = KMeans(n_clusters=k, init="k-means++", n_init=n_init, random_state=derived_seed(seed), algorithm="lloyd")
    return model.fit(values, sample_weight=weights)


class KMeansClustering:
    """k-means, the default."""

    name = "kmeans"
    description = "k-means: least sum of squared distances to the centre of the own cluster"

    def labels(self, values: Floats, k: int, *, starts: int, seed: int, weights: Floats | None = None) -> Labels:
        """Return the cluster of every point; see :class:`reeassets.clusters.contract.Clustering`."""
        return np.asarray(fit_kmeans(values, k, n_init=starts, seed=seed, weights=weights).labels_, dtype=np.int64)


KMEANS = KMeansClustering()


def cluster_labels(panel: Panel, settings: Settings, clustering: Clustering | None = None) -> Labels:
    """Divide the ranked country-years into ``settings.cluster_k`` clusters, numbered from 1 by profile.

    Parameters
    ----------
    panel : Panel
        The ranked country-years.
    settings : Settings
        ``cluster_k``, ``cluster_n_init``, ``cluster_seed``, ``clustering``.
    clustering : Clustering, optional
        By default the one that the settings name.

    Returns
    -------
    ndarray of int, shape (n,)
        The cluster of every row of the panel, in 1..k; see :func:`number_clusters` for the order.

    Raises
    ------
    NotEnoughData
        If there are fewer distinct country-years than clusters.
    """
    chosen = clustering or clustering_in_use(settings)
    require_distinct(panel.matrix, settings.cluster_k)
    with one_thread():
        raw = chosen.labels(
            panel.matrix, settings.cluster_k, starts=settings.cluster_n_init, seed=settings.cluster_seed
        )
    return number_clusters(panel.means(raw)).loc[raw].to_numpy(dtype=np.int64)


def indicator_score(profile: pd.DataFrame, indicator: str) -> "pd.Series[float]":
    """Return the mean over stages of one indicator's standardised means, per cluster."""
    return profile[features_of(indicator, list(profile.columns))].mean(axis=1)


def number_clusters(profile: pd.DataFrame) -> "pd.Series[int]":
    """Give clusters numbers from 1 in ascending order of systemic trade risk minus influence.

    k-means numbers its clusters by chance. Here cluster 1 is the one of lowest risk and highest influence and cluster
    ``k`` the one of highest risk and lowest influence, by ``mean over stages of standardised systemic trade risk - mean
    over stages of standardised log influence``. Equal scores are ordered by the profile itself, feature by feature,
    ascending. The rule is this project's own.

    Parameters
    ----------
    profile : DataFrame, one row per raw label, one column per feature
        Mean standardised features.

    Returns
    -------
    Series of int
        The number of every raw label, indexed as ``profile``.
    """
    keyed = profile.round(DECIMALS)
    keyed.insert(0, "score", (indicator_score(profile, RISK) - indicator_score(profile, INFLUENCE)).round(DECIMALS))
    order = keyed.sort_values(list(keyed.columns), kind="stable").index
    return pd.Series(np.arange(1, len(order) + 1), index=order).reindex(profile.index)
