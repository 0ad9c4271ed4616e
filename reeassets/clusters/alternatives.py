"""Alternatives to k-means: Ward's hierarchical clustering and a mixture of normal distributions."""

import warnings

import numpy as np

from reeassets.clusters.contract import Floats, Labels
from reeassets.clusters.kmeans import derived_seed

# Added to the variances of the mixture, in squared standard deviations of a feature: without it a component may shrink
# to a point.
REGULARISATION = 1e-3
MAX_STEPS = 500


class Ward:
    """Ward (1963): clusters merge, two at a time, where the sum of squares within them grows least.

    Nothing in it is random; equal merges are made in the order of the points.
    """

    name = "ward"
    description = "Hierarchical clustering by Ward's criterion: deterministic, without starts"

    def labels(self, values: Floats, k: int, *, starts: int, seed: int, weights: Floats | None = None) -> Labels:  # noqa: ARG002
        """Return the cluster of every point; see :class:`reeassets.clusters.contract.Clustering`."""
        from sklearn.cluster import AgglomerativeClustering

        repeated, first = _repeated(values, weights)
        fitted = AgglomerativeClustering(n_clusters=k, linkage="ward").fit(repeated)
        return np.asarray(fitted.labels_[first], dtype=np.int64)


class GaussianMixture:
    """A mixture of ``k`` normal distributions with covariances of their own; a point goes to the most probable one.

    Unlike k-means it allows clusters of different size, shape and direction. Expectation-maximisation starts from
    k-means; of a tenth of ``starts`` the most likely end counts, since one costs as much as many of k-means.
    """

    name = "gaussian_mixture"
    description = "Mixture of normal distributions with full covariances, by expectation-maximisation"

    def labels(self, values: Floats, k: int, *, starts: int, seed: int, weights: Floats | None = None) -> Labels:
        """Return the cluster of every point; see :class:`reeassets.clusters.contract.Clustering`."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture as Mixture

        repeated, first = _repeated(values, weights)
        model = Mixture(
            n_components=k,
            covariance_type="full",
            reg_covar=REGULARISATION,
            n_init=max(starts // 10, 1),
            max_iter=MAX_STEPS,
            random_state=derived_seed(seed),
        )
        with warnings.catch_warnings():
            # A mixture whose last digits still move after 500 steps has its labels all the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return np.asarray(model.fit(repeated).predict(repeated)[first], dtype=np.int64)


def _repeated(values: Floats, weights: Floats | None) -> tuple[Floats, Labels]:
    """Repeat points as often as they count, and return where each of them comes first."""
    times = np.ones(len(values), dtype=np.int64) if weights is None else weights.astype(np.int64)
    return np.repeat(values, times, axis=0), np.cumsum(times) - times


WARD = Ward()
GAUSSIAN_MIXTURE = GaussianMixture()
