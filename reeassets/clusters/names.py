"""Names of clusters, read off their profiles by a fixed rule."""

import numpy as np
import pandas as pd

from reeassets.clusters.features import CONCENTRATION, EXPOSURE, INFLUENCE, RISK, features_of
from reeassets.clusters.kmeans import DECIMALS

# The terciles of a normal distribution lie at -0.43 and +0.43 standard deviations: were country-years normally spread,
# each level would hold a third of them.
LEVEL_CUT = 0.43

# A cluster of fewer countries is no group of economies.
LEAST_COUNTRIES = 3
OUTLIER = "outlier: "

WORDS = {EXPOSURE: "exposure", CONCENTRATION: "concentration", RISK: "risk", INFLUENCE: "influence"}


def level(score: float) -> str:
    """Return ``low`` at or below -0.43 standard deviations, ``high`` at or above +0.43, ``medium`` between."""
    rounded = round(score, DECIMALS)
    if rounded <= -LEVEL_CUT:
        return "low"
    return "high" if rounded >= LEVEL_CUT else "medium"


def is_outlier(n_countries: "pd.Series[int]") -> "pd.Series[bool]":
    """Say of which clusters too few countries are ever in to make a group."""
    return n_countries < LEAST_COUNTRIES


def level_of_stages(profile: pd.DataFrame, indicator: str) -> "pd.Series[str]":
    """Say at what level clusters are: ``low`` where stages agree, ``low/high``, stage by stage, where they differ."""
    stages = {name.split("_", 1)[0]: profile[name].map(level) for name in features_of(indicator, list(profile.columns))}
    by_stage = pd.DataFrame(stages, index=profile.index)
    alike = by_stage.eq(by_stage.iloc[:, 0], axis=0).all(axis=1)
    told = by_stage.apply("/".join, axis=1)
    return told.where(~alike, by_stage.iloc[:, 0]).astype("str")


def cluster_names(profile: pd.DataFrame, n_countries: "pd.Series[int]") -> "pd.Series[str]":
    """Name every cluster, e.g. ``low risk, high influence``.

    The rule (this project's own):

    1. *risk* is the standardised systemic trade risk, *influence* the standardised logarithm of influence, each
       ``low``, ``medium`` or ``high`` by :func:`level` in **each** stage, that is against the average ranked
       country-year of the panel and not against the other clusters. Stages that differ have a word each, in the order
       upstream/input: ``low/high risk``.
    2. A cluster that fewer than three countries are ever in is an outlier and says so: ``outlier: low risk, ...``.
    3. Clusters that get the same name are told apart by the feature that separates them best: the one with the widest
       gap between neighbouring standardised means within the group (ties: the first in column order). The clusters
       below the gap get e.g. ``, lower input concentration``, those above ``, higher input concentration``: the
       comparison is with their namesakes. A side with several clusters is split again, by another feature.
    4. Clusters equal in every feature left get ``, cluster <number>``.

    Parameters
    ----------
    profile : DataFrame, indexed by cluster number, one column per feature ``<stage>_<indicator>``
        Mean standardised features.
    n_countries : Series of int, indexed by cluster number
        How many countries are in the cluster in at least one year.

    Returns
    -------
    Series of str
        A different name for every cluster, indexed as ``profile``.
    """
    risk, influence = (level_of_stages(profile, indicator) for indicator in (RISK, INFLUENCE))
    outlier = is_outlier(n_countries.reindex(profile.index)).map({True: OUTLIER, False: ""})
    plain = (outlier + risk + " risk, " + influence + " influence").astype("str")
    suffixes: dict[int, str] = {}
    for _, group in profile.round(DECIMALS).groupby(plain):
        suffixes.update(_suffixes(group.sort_index()))
    return plain + pd.Series(suffixes, dtype="str").reindex(profile.index)


def _suffixes(group: pd.DataFrame) -> dict[int, str]:
    """Return what tells namesakes apart, by cluster number; nothing for a cluster alone."""
    if len(group) == 1:
        return {int(group.index[0]): ""}
    widest = {name: float(np.diff(np.sort(group[name])).max()) for name in group.columns}
    best = max(widest, key=lambda name: round(widest[name], DECIMALS), default=None)
    if best is None or round(widest[best], DECIMALS) == 0:
        return {int(number): f", cluster {number}" for number in group.index}
    ordered = np.sort(group[best])
    below_gap = ordered[np.argmax(np.round(np.diff(ordered), DECIMALS))]
    stage, indicator = best.split("_", 1)
    suffixes = {}
    for word, side in (("lower", group[group[best] <= below_gap]), ("higher", group[group[best] > below_gap])):
        deeper = _suffixes(side.drop(columns=best))
        suffixes.update({number: f", {word} {stage} {WORDS[indicator]}{more}" for number, more in deeper.items()})
    return suffixes
