"""What the economies of a cluster have in common: means of the features with their uncertainty."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.clusters.features import KEY, Floats, standardised_panel
from reeassets.settings import Settings

DRAWS = 2000
LEVEL = 0.95


def cluster_profiles(features: pd.DataFrame, country_clusters: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Describe every cluster by the means of its features, with bootstrap intervals over countries.

    The years of one country are no independent observations, so whole countries are drawn: the countries with at least
    one year in the cluster are resampled with replacement, each with all its years in that cluster, and the mean over
    country-years is taken again (2,000 draws, 2.5 and 97.5 percentiles). The labels stay as they are: the interval
    says how well the mean of the cluster is known, not how well the cluster is; ``cluster_choice`` says that.

    Parameters
    ----------
    features : DataFrame
        As made by :func:`reeassets.clusters.features.cluster_features`.
    country_clusters : DataFrame
        ``year, country, cluster, cluster_name``; rows without a cluster are left out.
    settings : Settings
        ``cluster_include_final`` and ``cluster_seed`` are read.

    Returns
    -------
    DataFrame
        ``cluster, cluster_name, feature, mean, ci_low, ci_high, standardised_mean, n_country_years, n_countries``; mean
        and interval in the feature's own unit. A cluster of one country has no interval over countries: both ends are
        missing there.

    Raises
    ------
    ValueError
        If ranked country-years and clustered ones are not the same.
    """
    panel = standardised_panel(features, settings)
    clustered = country_clusters.dropna(subset="cluster")
    rows = panel.keys.merge(clustered, on=KEY, how="outer", validate="one_to_one", indicator=True)
    if (rows["_merge"] != "both").any():
        raise ValueError("features and country_clusters disagree on which country-years are ranked")
    names = list(panel.names)
    rows = rows.sort_values(KEY, ignore_index=True)
    raw = panel.keys.merge(features, on=KEY, how="left", validate="one_to_one")[names].to_numpy(dtype=float)

    parts = []
    for number in sorted(rows["cluster"].astype(int).unique()):
        members = rows[rows["cluster"] == number]
        inside = members.index.to_numpy()
        countries, code = np.unique(members["country"].to_numpy(dtype=str), return_inverse=True)
        low, high = block_interval(raw[inside], code, len(countries), [settings.cluster_seed, int(number)])
        part = pd.DataFrame({"cluster": number, "cluster_name": members["cluster_name"].iloc[0], "feature": names})
        part["mean"], part["ci_low"], part["ci_high"] = raw[inside].mean(axis=0), low, high
        part["standardised_mean"] = panel.matrix[inside].mean(axis=0)
        part["n_country_years"], part["n_countries"] = len(inside), len(countries)
        parts.append(part)
    return pd.concat(parts).sort_values(["cluster", "feature"], ignore_index=True)


def block_interval(
    values: Floats, block: NDArray[np.intp], n_blocks: int, seed: Sequence[int]
) -> tuple[Floats, Floats]:
    """Return the 95 % percentile interval of column means when whole blocks of rows are resampled.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Observations.
    block : ndarray of int, shape (n,)
        The block of every row, in 0..n_blocks-1.
    n_blocks : int
        Number of blocks.
    seed : sequence of int
        Seed of the draws.

    Returns
    -------
    low, high : ndarray, shape (d,)
        Both missing if there is one block only: it tells nothing about its spread.
    """
    if n_blocks < 2:
        return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    sums = np.zeros((n_blocks, values.shape[1]))
    np.add.at(sums, block, values)
    sizes = np.bincount(block, minlength=n_blocks).astype(float)
    times = np.random.default_rng(seed).multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=DRAWS).astype(float)
    means = np.einsum("db,bf->df", times, sums) / (times * sizes).sum(axis=1)[:, None]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
