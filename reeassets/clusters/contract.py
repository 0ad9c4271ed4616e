"""What a clustering plugin is: the contract of the entry-point group ``reeassets.clusterings``."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reeassets import plugins
from reeassets.settings import Settings

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@runtime_checkable
class Clustering(Protocol):
    """A way to divide country-years into a given number of clusters.

    Attributes
    ----------
    name : str
        Its name, as the setting ``clustering`` gives it.
    description : str
        What it does, in one sentence.
    """

    name: str
    description: str

    def labels(self, values: Floats, k: int, *, starts: int, seed: int, weights: Floats | None = None) -> Labels:
        """Return the cluster of every point, as whole numbers whose values have no meaning.

        The same arguments give the same labels. Clusters are numbered by their profile afterwards
        (:func:`reeassets.clusters.kmeans.number_clusters`), so that the numbers here may be chance.

        Parameters
        ----------
        values : ndarray, shape (n, d)
            Standardised features, sorted by year and country; at least ``k`` of the rows are distinct.
        k : int
            Number of clusters; a clustering that leaves some empty returns fewer.
        starts : int
            How often a method that depends on where it starts is started; others ignore it.
        seed : int
            Seed of everything random.
        weights : ndarray, shape (n,), optional
            How often each point counts, a whole number; once by default.
        """


def clustering_in_use(settings: Settings) -> Clustering:
    """Return the clustering that the setting ``clustering`` names."""
    return plugins.get("clusterings", settings.clustering, Clustering)
