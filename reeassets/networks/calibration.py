"""Is the test of links calibrated? The same test on decoys: pairs that nobody proposed, of like stages and sizes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIZE_CLASSES = 10
# So many decoys at least, where there are as many pairs: of twenty, no rate of false discoveries can be read off.
LEAST_DECOYS = 1000
# One-sided Kolmogorov-Smirnov p-value below which small p-values of decoys are too many.
UNIFORM = 0.01


@dataclass(frozen=True)
class Uniformity:
    """How far p-values of decoys are from uniform.

    Attributes
    ----------
    n : int
        Number of decoys.
    distance, p_value : float
        Of the Kolmogorov-Smirnov test against the uniform distribution; NaN without decoys.
    p_excess : float
        Of its one-sided form, against too many small p-values; NaN without decoys.
    share_below : float
        Share of p-values of at most 0.05; NaN without decoys.
    """

    n: int
    distance: float
    p_value: float
    p_excess: float
    share_below: float

    @property
    def calibrated(self) -> bool:
        """Whether there are decoys, and small p-values are not too many among them.

        Too many large ones make the test conservative, never false: links that are there take part in the mean over
        products that is taken out, and leave pairs that are not linked a little below zero.
        """
        return self.p_excess >= UNIFORM

    @property
    def verdict(self) -> str:
        """``calibrated``, ``uncalibrated``, or ``not tested`` without decoys."""
        return "not tested" if not self.n else "calibrated" if self.calibrated else "uncalibrated"


def uniformity(p_values: pd.Series) -> Uniformity:
    """Compare p-values of decoys, in (0,1], with the uniform distribution."""
    from scipy.stats import kstest

    if p_values.empty:
        return Uniformity(0, np.nan, np.nan, np.nan, np.nan)
    result = kstest(p_values, "uniform")
    excess = kstest(p_values, "uniform", alternative="greater")
    return Uniformity(
        n=len(p_values),
        distance=float(result.statistic),
        p_value=float(result.pvalue),
        p_excess=float(excess.pvalue),
        share_below=float((p_values <= 0.05).mean()),
    )


def calibration_words(table: pd.DataFrame) -> str:
    """Say in one sentence whether the test can be believed, from table ``link_calibration``."""
    found = uniformity(table["p_value"])
    if not found.n:
        return "not tested: no pairs that nobody proposed, or too few countries or years"
    believed = "so the test is calibrated" if found.calibrated else "so the test is uncalibrated and validates nothing"
    return (
        f"of {found.n} pairs that nobody proposed, {found.share_below:.1%} have a p-value of at most 0.05 "
        f"(Kolmogorov-Smirnov distance from uniform {found.distance:.3f}, p of too many small ones "
        f"{found.p_excess:.3f}), {believed}"
    )


def decoys(links: pd.DataFrame, stages: pd.Series, world_trade: pd.Series, *, seed: int) -> pd.DataFrame:
    """Draw pairs of products that nobody proposed, alike to the candidates.

    For each candidate in turn, a free pair of the same two stages whose ends are of the same classes of size, or of
    the nearest ones that are left.

    Parameters
    ----------
    links : DataFrame
        Columns ``input`` and ``output``: the candidates, whatever became of them.
    stages, world_trade : Series
        Stage, and world trade over all years, by product of the set.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        ``input`` and ``output``, each pair once: as many as there are candidates or :data:`LEAST_DECOYS`, whichever is
        more, as far as there are pairs. A pair is no candidate in either direction and no product with itself.
    """
    products = sorted(stages.index)
    size = np.ceil(world_trade.reindex(products, fill_value=0.0).rank(method="first", pct=True) * SIZE_CLASSES)
    index = pd.Index(products)
    source, target = (index.get_indexer(links[end]) for end in ("input", "output"))
    free = _free(len(products), source, target)
    of_stage = pd.factorize(stages.reindex(products))[0]
    generator = np.random.default_rng(seed)
    rounds = int(np.ceil(max(len(links), LEAST_DECOYS) / len(links))) if len(links) else 0
    drawn = []
    pools = {
        (one, two): np.argwhere(free & (of_stage[:, None] == one) & (of_stage[None, :] == two))
        for one, two in {(of_stage[a], of_stage[b]) for a, b in zip(source, target, strict=True)}
    }
    left = {ends: np.ones(len(pool), dtype=bool) for ends, pool in pools.items()}
    classes = size.to_numpy()
    for _ in range(rounds):
        for a, b in zip(source, target, strict=True):
            ends = (of_stage[a], of_stage[b])
            chosen = _nearest(pools[ends], left[ends], classes, (classes[a], classes[b]), generator)
            if chosen is not None:
                left[ends][chosen] = False
                drawn.append(pools[ends][chosen])
    pairs = np.array(drawn, dtype=np.int64).reshape(-1, 2)
    table = pd.DataFrame({"input": index.take(pairs[:, 0]), "output": index.take(pairs[:, 1])}, dtype="str")
    return table.sort_values(["input", "output"], ignore_index=True)


def _free(n: int, source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the ordered pairs that are no candidate in either direction, shape (n, n)."""
    free = ~np.eye(n, dtype=bool)
    free[source, target] = free[target, source] = False
    return free


def _nearest(
    pool: NDArray[np.int64],
    left: NDArray[np.bool_],
    classes: NDArray[np.float64],
    wanted: tuple[float, float],
    generator: np.random.Generator,
) -> int | None:
    """Draw one of the pairs that are left and nearest in the classes of both ends; None if none is left."""
    if not left.any():
        return None
    away = np.maximum(np.abs(classes[pool[:, 0]] - wanted[0]), np.abs(classes[pool[:, 1]] - wanted[1]))
    away[~left] = np.inf
    return int(generator.choice(np.flatnonzero(away == away.min())))
