"""How many clusters the data hold: silhouette, gap statistic and stability for every k beside the chosen one."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.clusters.contract import Clustering, Labels, clustering_in_use
from reeassets.clusters.features import Floats, Panel, standardised_panel
from reeassets.clusters.kmeans import KMEANS, derived_seed, distinct_points, one_thread
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData

CANDIDATES = range(2, 11)

# Reference panels behind the gap statistic.
REFERENCES = 20

# Starts of k-means in reference panels and bootstraps, which are fitted 360 times against nine for the data themselves.
# On a uniform panel of 1,700 points ten starts leave log dispersion at most 0.002 above that of fifty, against a
# standard error of the gap of 0.006; five starts leave it 0.0025 above, one start 0.009.
REPEATED_STARTS = 10

# Streams of random numbers, so that references and bootstraps share none.
REFERENCE_STREAM, BOOTSTRAP_STREAM = 1, 2


def cluster_choice(features: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Judge the clustering in use for k = 2..10 by three criteria (docs/METHOD.md, section 7).

    * ``silhouette``: mean silhouette width (Rousseeuw 1987) of the standardised country-years, Euclidean distance.
    * ``gap``, ``gap_se``: gap statistic of Tibshirani, Walther & Hastie (2001), ``mean_b log W*_kb - log W_k`` with
      ``W`` the within-cluster sum of squares and ``W*`` that of 20 reference panels, drawn uniformly from the box
      aligned with the panel's principal components (their choice b); ``gap_se = sd_b sqrt(1 + 1/20)``.
      ``gap_preferred`` is their rule: the smallest k with ``gap(k) >= gap(k+1) - gap_se(k+1)``. The rule starts at
      k = 1, which has no row here: if a single cluster satisfies it, or no k below the largest does, then no row is
      preferred.
    * ``stability``: countries are resampled with replacement, each with all its years, the resample is clustered, every
      country-year of the original panel is given its nearest centroid, and the result is compared with
      the original labels by the adjusted Rand index (Hubert & Arabie 1985): mean and 2.5 and 97.5 percentiles over
      ``settings.cluster_bootstraps`` resamples, the same ones for every k. The panel's standardisation is kept.
      Missing if a resample has fewer distinct country-years than k.

    Parameters
    ----------
    features : DataFrame
        As made by :func:`reeassets.clusters.features.cluster_features`, in any row order.
    settings : Settings
        ``clustering`` and the fields ``cluster_*`` are read.

    Returns
    -------
    DataFrame
        ``k, silhouette, gap, gap_se, stability, stability_low, stability_high, chosen, gap_preferred``: one row per
        k from 2 to 10, as far as there are more distinct country-years than clusters.

    Raises
    ------
    ValueError
        If there are no more distinct country-years than ``settings.cluster_k``.
    """
    from sklearn.metrics import silhouette_score

    panel = standardised_panel(features, settings)
    distinct = distinct_points(panel.matrix)
    if distinct <= settings.cluster_k:
        raise NotEnoughData(
            f"k={settings.cluster_k} cannot be judged: "
            f"that needs more than {settings.cluster_k} distinct country-years, and there are {distinct}"
        )
    candidates = [k for k in CANDIDATES if k < distinct]
    clustering = clustering_in_use(settings)
    with one_thread():
        labels = {
            k: clustering.labels(panel.matrix, k, starts=settings.cluster_n_init, seed=settings.cluster_seed)
            for k in candidates
        }
        distances = euclidean_distances(panel.matrix)
        table = pd.DataFrame({"k": candidates})
        table["silhouette"] = [float(silhouette_score(distances, labels[k], metric="precomputed")) for k in candidates]
        dispersion = np.array(
            [total_dispersion(panel.matrix), *(within_dispersion(panel.matrix, labels[k]) for k in candidates)]
        )
        gap, gap_se = gap_statistic(panel.matrix, dispersion, settings.cluster_seed, clustering)
        table["gap"], table["gap_se"] = gap[1:], gap_se[1:]
        agreement = bootstrap_agreement(panel, labels, settings.cluster_bootstraps, settings.cluster_seed, clustering)
    table["stability"] = agreement.mean(axis=0)
    table["stability_low"], table["stability_high"] = np.quantile(agreement, [0.025, 0.975], axis=0)
    table["chosen"] = table["k"] == settings.cluster_k
    table["gap_preferred"] = table["k"] == preferred_k(gap, gap_se)
    return table


def euclidean_distances(values: Floats) -> Floats:
    """Return the distances between all rows, shape (n, n); exact zeros on the diagonal."""
    from scipy.spatial.distance import pdist, squareform

    return np.asarray(squareform(pdist(values)))


def total_dispersion(values: Floats) -> float:
    """Return the sum of squared distances to the common mean: the dispersion of one cluster."""
    return float(((values - values.mean(axis=0)) ** 2).sum())


def within_dispersion(values: Floats, labels: Labels) -> float:
    """Return the sum of squared distances to the mean of the own cluster."""
    means = centroids(values, labels, np.ones(len(values)))
    return float(((values - means[np.unique(labels, return_inverse=True)[1]]) ** 2).sum())


def centroids(values: Floats, labels: Labels, weights: Floats) -> Floats:
    """Return the weighted mean of every cluster that has points, by ascending label."""
    code = np.unique(labels, return_inverse=True)[1]
    sums = np.stack([np.bincount(code, weights * column) for column in values.T], axis=1)
    return np.asarray(sums / np.bincount(code, weights)[:, None])


def nearest(values: Floats, means: Floats) -> Labels:
    """Return the position of the mean that each point is nearest to."""
    return np.asarray(((values[:, None, :] - means[None]) ** 2).sum(axis=2).argmin(axis=1), dtype=np.int64)


def gap_statistic(
    values: Floats, dispersion: Floats, seed: int, clustering: Clustering = KMEANS
) -> tuple[Floats, Floats]:
    """Compare within-cluster dispersion with that of structureless panels (Tibshirani, Walther & Hastie 2001).

    Parameters
    ----------
    values : ndarray, shape (n, d)
        The panel.
    dispersion : ndarray, shape (m,)
        Its within-cluster sums of squares for k = 1..m, all positive.
    seed : int
        Seed of the reference panels.
    clustering : Clustering
        How they are clustered.

    Returns
    -------
    gap, gap_se : ndarray, shape (m,)
        The statistic and its simulation error for k = 1..m.
    """
    rng = np.random.default_rng([seed, REFERENCE_STREAM])
    centred = values - values.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    logs = np.empty((REFERENCES, len(dispersion)))
    for draw in range(REFERENCES):
        # Distances do not change under rotation: there is no need to turn the box back.
        reference = rng.uniform(low, high, size=turned.shape)
        logs[draw, 0] = np.log(total_dispersion(reference))
        for k in range(2, len(dispersion) + 1):
            start = derived_seed(seed, REFERENCE_STREAM, draw, k)
            labels = clustering.labels(reference, k, starts=REPEATED_STARTS, seed=start)
            logs[draw, k - 1] = np.log(within_dispersion(reference, labels))
    return logs.mean(axis=0) - np.log(dispersion), logs.std(axis=0) * np.sqrt(1 + 1 / REFERENCES)


def preferred_k(gap: Floats, gap_se: Floats) -> int | None:
    """Return the smallest k with ``gap(k) >= gap(k+1) - gap_se(k+1)``; None if there is none.

    Parameters
    ----------
    gap, gap_se : ndarray, shape (m,)
        The gap statistic and its error for k = 1..m.
    """
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - gap_se[1:])
    return int(enough[0]) + 1 if len(enough) else None


def country_resamples(countries: NDArray[np.str_], draws: int, seed: int) -> NDArray[np.int64]:
    """Draw countries with replacement, and return how often each row of the panel is in each resample.

    Parameters
    ----------
    countries : ndarray of str, shape (n,)
        The country of every row; all its rows move together.
    draws : int
        Number of resamples.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of int, shape (draws, n)
    """
    unique, code = np.unique(countries, return_inverse=True)
    rng = np.random.default_rng([seed, BOOTSTRAP_STREAM])
    times = rng.multinomial(len(unique), np.full(len(unique), 1 / len(unique)), size=draws)
    return np.asarray(times[:, code], dtype=np.int64)


def bootstrap_agreement(
    panel: Panel, labels: dict[int, Labels], draws: int, seed: int, clustering: Clustering = KMEANS
) -> Floats:
    """Return the adjusted Rand index between the labels and those learnt from resampled countries.

    Parameters
    ----------
    panel : Panel
        The ranked country-years.
    labels : dict of int to ndarray of int, shape (n,)
        Per k the labels of the panel.
    draws, seed : int
        Number of resamples and their seed.
    clustering : Clustering
        How they are clustered.

    Returns
    -------
    ndarray, shape (draws, number of k)
        In [-1, 1]; missing where a resample has fewer distinct points than k.
    """
    from sklearn.metrics import adjusted_rand_score

    agreement = np.full((draws, len(labels)), np.nan)
    for draw, times in enumerate(country_resamples(panel.keys["country"].to_numpy(dtype=str), draws, seed)):
        # A row drawn twice is a row of weight two: the same optimum at less cost.
        drawn, weights = panel.matrix[times > 0], times[times > 0].astype(float)
        distinct = distinct_points(drawn)
        for place, (k, original) in enumerate(labels.items()):
            if k <= distinct:
                start = derived_seed(seed, BOOTSTRAP_STREAM, draw, k)
                learnt = clustering.labels(drawn, k, starts=REPEATED_STARTS, seed=start, weights=weights)
                given = nearest(panel.matrix, centroids(drawn, learnt, weights))
                agreement[draw, place] = adjusted_rand_score(original, given)
    return agreement
