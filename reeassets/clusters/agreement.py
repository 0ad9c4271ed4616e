"""Whether the clusters are those of the data or of the method: agreement between all registered clusterings."""

from itertools import combinations

import numpy as np
import pandas as pd

from reeassets import plugins
from reeassets.clusters.contract import Clustering
from reeassets.clusters.features import standardised_panel
from reeassets.clusters.kmeans import cluster_labels, one_thread
from reeassets.settings import Settings


def cluster_agreement(features: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Compare the clusterings of the same country-years two by two: the table ``cluster_agreement``.

    ``adjusted_rand`` is the index of Hubert & Arabie (1985): 1 for the same partition, 0 on average for one by chance.

    Parameters
    ----------
    features : DataFrame
        The table ``cluster_features``.
    settings : Settings
        The fields ``cluster_*`` and ``clustering`` are read.

    Raises
    ------
    NotEnoughData
        If there are fewer distinct country-years than clusters.
    """
    from sklearn.metrics import adjusted_rand_score

    panel = standardised_panel(features, settings)
    with one_thread():
        labels = {
            name: cluster_labels(panel, settings, clustering)
            for name, clustering in plugins.every("clusterings", Clustering).items()
        }
    rows = [
        {
            "first": first,
            "second": second,
            "adjusted_rand": float(adjusted_rand_score(labels[first], labels[second])),
            "clusters_first": len(np.unique(labels[first])),
            "clusters_second": len(np.unique(labels[second])),
            "n_country_years": len(panel.keys),
            "in_use": settings.clustering in (first, second),
        }
        for first, second in combinations(sorted(labels), 2)
    ]
    return pd.DataFrame(rows)
