"""Is the test of links calibrated? The same test on pairs nobody proposed, of products with the same sizes of trade."""

import numpy as np
import pandas as pd

from reeassets.networks.validation import ResidualRanks, permutation_test

SIZE_CLASSES = 10


def random_pairs(links: pd.DataFrame, world_trade: pd.Series, *, seed: int) -> pd.DataFrame:
    """Draw, for each candidate, a pair of products whose ends are of the same classes of size.

    Parameters
    ----------
    links : DataFrame
        Columns ``input`` and ``output``: the candidates, whatever became of them.
    world_trade : Series
        World trade over all years, by product of the set.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        ``input`` and ``output``, each pair once. A pair is no candidate in either direction and no product with
        itself; a candidate for which fifty draws find none has no counterpart.
    """
    generator = np.random.default_rng(seed)
    ordered = world_trade.sort_index().rank(method="first", pct=True)
    size_class = np.ceil(ordered * SIZE_CLASSES).astype("int64")
    of_class = {number: group.index.to_numpy() for number, group in size_class.groupby(size_class)}
    taken = set(zip(links["input"], links["output"], strict=True))
    taken |= {(target, source) for source, target in taken}
    found = []
    for source, target in zip(links["input"], links["output"], strict=True):
        for _ in range(50):
            pair = tuple(str(generator.choice(of_class[size_class[end]])) for end in (source, target))
            if pair[0] != pair[1] and pair not in taken:
                taken.add((pair[0], pair[1]))
                found.append(pair)
                break
    return pd.DataFrame(found, columns=["input", "output"], dtype="str").sort_values(
        ["input", "output"], ignore_index=True
    )


def link_calibration(
    links: pd.DataFrame, ranks: ResidualRanks, world_trade: pd.Series, *, draws: int, seed: int
) -> pd.DataFrame:
    """Test random pairs as candidates are tested.

    Parameters
    ----------
    links, world_trade
        As for :func:`random_pairs`.
    ranks : ResidualRanks
        From :func:`reeassets.networks.validation.residual_ranks`.
    draws, seed : int
        Of the permutation test; the pairs are drawn with the same seed.

    Returns
    -------
    DataFrame
        Table ``link_calibration``.
    """
    pairs = random_pairs(links, world_trade, seed=seed)
    return pairs.join(permutation_test(ranks, pairs, draws, seed))


def kolmogorov_smirnov(p_values: pd.Series) -> tuple[float, float] | None:
    """Return distance and p-value of the Kolmogorov-Smirnov test against the uniform, or None without any values."""
    from scipy.stats import kstest

    if p_values.empty:
        return None
    result = kstest(p_values, "uniform")
    return float(result.statistic), float(result.pvalue)
