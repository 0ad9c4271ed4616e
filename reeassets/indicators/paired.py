"""Statistics of paired differences: signed-rank test, rank-biserial effect size, bootstrap intervals over pairs."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

# Below this number of pairs that differ, no two-sided signed-rank test can fall below 5 %: 2 / 2**5 = 0.0625.
MINIMUM_DIFFERING = 6
# Differences this small against the values they are of are rounding: the pair is a tie.
RELATIVE_ZERO = 1e-12
INTERVAL = (0.025, 0.975)
STATISTICS = (
    "n_countries",
    "n_differing",
    "mean_upstream",
    "mean_input",
    "median_difference",
    "median_difference_low",
    "median_difference_high",
    "rank_biserial",
    "rank_biserial_low",
    "rank_biserial_high",
    "wilcoxon_p_value",
)


def differences(first: Floats, second: Floats) -> Floats:
    """Return ``second - first``, exactly 0 where they differ by rounding only."""
    difference = second - first
    return np.where(np.abs(difference) <= RELATIVE_ZERO * np.maximum(np.abs(first), np.abs(second)), 0.0, difference)


def rank_biserial(difference: Floats, counts: Ints | None = None) -> Floats:
    """Return the matched-pairs rank-biserial correlation ``(W+ - W-) / (W+ + W-)`` (Kerby 2014) of each resample.

    Pairs without a difference are dropped, ties in size have average ranks (Wilcoxon 1945).

    Parameters
    ----------
    difference : ndarray, shape (n,)
        Differences.
    counts : ndarray of int, shape (draws, n), optional
        How often each pair is in each resample; by default each once, in one.

    Returns
    -------
    ndarray, shape (draws,)
        In [-1, 1]; 0 where no pair of the resample differs.
    """
    if counts is None:
        counts = np.ones((1, len(difference)), dtype=np.int64)
    differing = np.flatnonzero(difference)
    order = differing[np.argsort(np.abs(difference[differing]), kind="stable")]
    sizes = np.abs(difference[order])
    first_of_size = np.flatnonzero(np.diff(sizes, prepend=-1.0))
    if not len(first_of_size):
        return np.zeros(len(counts))
    of_size = counts.T[order]
    signs = np.sign(difference[order])
    if len(first_of_size) < len(order):
        signed = np.add.reduceat(of_size * signs.astype(counts.dtype)[:, None], first_of_size, axis=0)
        of_size = np.add.reduceat(of_size, first_of_size, axis=0)
        upto = _running_sums(of_size)
        # Twice the ranks of a size, which are integers: everything smaller comes first, then the middle of its own.
        total = ((2 * upto.astype(np.int64) - of_size + 1) * signed).sum(axis=0).astype(np.float64)
    else:
        upto = _running_sums(of_size)
        # The same without ties: u pairs up to a size have ranks that sum to u (u + 1) / 2, so only the sizes after
        # which the sign changes count.
        change = signs - np.append(signs[1:], 0.0)
        counted = np.flatnonzero(change)
        ranks = upto[counted].astype(np.float64)
        total = change[counted] @ (ranks * (ranks + 1))
    n = upto[-1].astype(np.float64)
    return np.divide(total, n * (n + 1), out=np.zeros(len(counts)), where=n > 0)


def _running_sums(rows: Ints) -> Ints:
    """Return the sums of all rows up to each, row by row: ten times as fast as numpy's cumsum along the first axis."""
    sums = rows.copy()
    for number in range(1, len(sums)):
        np.add(sums[number - 1], sums[number], out=sums[number])
    return sums


def medians(difference: Floats, counts: Ints) -> Floats:
    """Return the median of each resample, shape (draws,); ``counts`` as in :func:`rank_biserial`, rows not empty."""
    order = np.argsort(difference, kind="stable")
    ordered, upto = difference[order], _running_sums(counts.T[order])
    n = upto[-1]
    return (ordered[_first_above(upto, (n - 1) // 2)] + ordered[_first_above(upto, n // 2)]) / 2


def _first_above(upto: Ints, bound: Ints) -> Ints:
    """Return the first row of each column, whose values ascend to more than the bound, that is above it."""
    low, high = np.zeros(len(bound), dtype=np.int64), np.full(len(bound), len(upto) - 1)
    columns = np.arange(len(bound))
    for _ in range(len(upto).bit_length()):
        middle = (low + high) // 2
        above = upto[middle, columns] > bound
        low, high = np.where(above, low, np.minimum(middle + 1, high)), np.where(above, middle, high)
    return high


def signed_rank_p_value(difference: Floats) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test; NaN below ``MINIMUM_DIFFERING`` pairs that differ.

    Pairs without a difference are dropped. scipy takes the exact distribution for up to 50 differences without ties,
    all sign flips for up to 13 with ties, the normal approximation with tie correction otherwise.
    """
    from scipy.stats import wilcoxon

    differing = difference[difference != 0]
    return float(wilcoxon(differing).pvalue) if len(differing) >= MINIMUM_DIFFERING else float("nan")


def false_discovery(p_values: Floats) -> Floats:
    """Return Benjamini & Hochberg's (1995) q-values, shape (n,); a missing p-value stays missing and is not counted."""
    from scipy.stats import false_discovery_control

    known = ~np.isnan(p_values)
    q_values = np.full(len(p_values), np.nan)
    if known.any():
        q_values[known] = false_discovery_control(p_values[known])
    return q_values


@dataclass(frozen=True)
class PairedComparison:
    """The comparison of two values per country, with one bootstrap for all: the same seed, so the same resamples.

    Attributes
    ----------
    draws, seed : int
        Of the bootstrap.
    """

    draws: int
    seed: int
    _counts: dict[int, Ints] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, upstream: Floats, given: Floats) -> dict[str, float]:
        """Return the ``STATISTICS`` of ``given - upstream``, both of shape (n,), one entry per country.

        Means, median and effect size are NaN without countries, the p-value and the intervals below
        ``MINIMUM_DIFFERING`` countries that differ.
        """
        difference = differences(upstream, given)
        n, n_differing = len(difference), int(np.count_nonzero(difference))
        result = dict.fromkeys(STATISTICS, float("nan")) | {"n_countries": n, "n_differing": n_differing}
        if n:
            result["mean_upstream"], result["mean_input"] = float(upstream.mean()), float(given.mean())
            result["median_difference"] = float(np.median(difference))
            result["rank_biserial"] = float(rank_biserial(difference)[0])
        if n_differing >= MINIMUM_DIFFERING:
            result["wilcoxon_p_value"] = signed_rank_p_value(difference)
            counts = self._resamples(n)
            for name, drawn in (
                ("median_difference", medians(difference, counts)),
                ("rank_biserial", rank_biserial(difference, counts)),
            ):
                low, high = np.quantile(drawn, INTERVAL)
                result[f"{name}_low"], result[f"{name}_high"] = float(low), float(high)
        return result

    def _resamples(self, n: int) -> Ints:
        """Return how often each of ``n`` countries is in each resample, shape (draws, n)."""
        if n not in self._counts:
            chosen = np.random.default_rng(self.seed).integers(0, n, (self.draws, n))
            offsets = np.arange(self.draws)[:, None] * n
            counts = np.bincount((chosen + offsets).ravel(), minlength=self.draws * n).reshape(self.draws, n)
            # Sums of up to n must fit.
            small = np.int16 if n <= np.iinfo(np.int16).max else np.int64
            self._counts[n] = np.asfortranarray(counts, dtype=small)
        return self._counts[n]
