"""Names of clusters, read off their profiles by a fixed rule."""

import numpy as np
import pandas as pd

from reeassets.clusters.features import CONCENTRATION, EXPOSURE, INFLUENCE, RISK
from reeassets.clusters.kmeans import DECIMALS, indicator_score

# The terciles of a normal distribution lie at -0.43 and +0.43 standard deviations: were country-years normally spread,
# each level would hold a third of them.
LEVEL_CUT = 0.43

WORDS = {EXPOSURE: "exposure", CONCENTRATION: "concentration", RISK: "risk", INFLUENCE: "influence"}


def level(score: float) -> str:
    """Return ``low`` at or below -0.43 standard deviations, ``high`` at or above +0.43, ``medium`` between."""
    rounded = round(score, DECIMALS)
    if rounded <= -LEVEL_CUT:
        return "low"
    return "high" if rounded >= LEVEL_CUT else "medium"


def cluster_names(profile: pd.DataFrame) -> "pd.Series[str]":
    """Name every cluster, e.g. ``low risk, high influence``.

    The rule (this project's own):

    1. *risk* is the mean over stages of the standardised systemic trade risk, *influence* that of the standardised
       log1p influence. Each is ``low``, ``medium`` or ``high`` by :func:`level`, that is against the average ranked
       country-year of the panel and not against the other clusters.
    2. Clusters that get the same name are told apart by the feature that separates them best: the one with the widest
       gap between neighbouring standardised means within the group (ties: the first in column order). The clusters
       below the gap get e.g. ``, lower input concentration``, those above ``, higher input concentration``: the
       comparison is with their namesakes. A side with several clusters is split again, by another feature.
    3. Clusters equal in every feature left get ``, cluster <number>``.

    Parameters
    ----------
    profile : DataFrame, indexed by cluster number, one column per feature ``<stage>_<indicator>``
        Mean standardised features.

    Returns
    -------
    Series of str
        A different name for every cluster, indexed as ``profile``.
    """
    risk, influence = indicator_score(profile, RISK), indicator_score(profile, INFLUENCE)
    plain = pd.Series(
        [f"{level(r)} risk, {level(i)} influence" for r, i in zip(risk, influence, strict=True)],
        index=profile.index,
        dtype="str",
    )
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
