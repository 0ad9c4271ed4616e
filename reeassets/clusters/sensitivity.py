"""How far the clusters rest on two choices that are ours: the floor under influence, and their number."""

import numpy as np
import pandas as pd

from reeassets.clusters.choice import CANDIDATES, REPEATED_STARTS
from reeassets.clusters.contract import Labels
from reeassets.clusters.features import INFLUENCE, RISK, Panel, cluster_features, standardised_panel
from reeassets.clusters.kmeans import cluster_labels, distinct_points
from reeassets.clusters.names import is_outlier, level_of_stages
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData

FLOORS = (1e-3, 1e-4, 1e-5)


def cluster_sensitivity(country_indicators: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Cluster again with other floors and one cluster less and more: the table ``cluster_sensitivity``.

    Parameters
    ----------
    country_indicators : DataFrame
        As :func:`reeassets.clusters.features.cluster_features` reads it.
    settings : Settings
        ``clustering`` and the fields ``cluster_*`` are read. Every fit but the one in use has ten starts.

    Raises
    ------
    NotEnoughData
        If there are fewer distinct country-years than clusters.
    """
    in_use = (settings.cluster_influence_floor, settings.cluster_k)
    labels = cluster_labels(_panel(country_indicators, settings, in_use[0]), settings)
    rows = []
    for floor in sorted({*FLOORS, in_use[0]}):
        panel = _panel(country_indicators, settings, floor)
        distinct = distinct_points(panel.matrix)
        for k in (in_use[1] - 1, in_use[1], in_use[1] + 1):
            if k not in CANDIDATES or k >= distinct:
                continue
            own = labels if (floor, k) == in_use else _labels(panel, settings, k)
            rows.append({"influence_floor": floor, "k": k} | _summary(panel, own, labels))
    table = pd.DataFrame(rows)
    if table.empty:
        raise NotEnoughData(f"no more distinct country-years than {in_use[1] - 1} clusters")
    return table.assign(in_use=(table["influence_floor"] == in_use[0]) & (table["k"] == in_use[1]))


def _panel(country_indicators: pd.DataFrame, settings: Settings, floor: float) -> Panel:
    changed = settings.model_copy(update={"cluster_influence_floor": floor})
    return standardised_panel(cluster_features(country_indicators, changed), changed)


def _labels(panel: Panel, settings: Settings, k: int) -> Labels:
    changed = {"cluster_k": k, "cluster_n_init": min(settings.cluster_n_init, REPEATED_STARTS)}
    return cluster_labels(panel, settings.model_copy(update=changed))


def _summary(panel: Panel, labels: Labels, in_use: Labels) -> dict[str, float | int]:
    """Describe a partition, and compare it with the one in use."""
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    profile, countries = panel.means(labels), panel.countries(labels)
    outlier = is_outlier(countries)
    core = (level_of_stages(profile, RISK) == "low") & (level_of_stages(profile, INFLUENCE) == "high") & ~outlier
    inside = np.isin(labels, core.index[core])
    return {
        "silhouette": float(silhouette_score(panel.matrix, labels)),
        "adjusted_rand": float(adjusted_rand_score(in_use, labels)),
        "smallest_cluster": int(countries.min()),
        "outlier_clusters": int(outlier.sum()),
        "core_countries": int(panel.keys.loc[inside, "country"].nunique()),
    }
