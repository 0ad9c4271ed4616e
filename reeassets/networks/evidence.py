"""What the trade data say about one link: the statistic, and the countries behind it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.networks.validation import permutation_test, residual_ranks
from reeassets.pictures import picture
from reeassets.products.carried import set_totals


@dataclass(frozen=True)
class LinkEvidence:
    """The test of one link, and its scatter.

    Attributes
    ----------
    source, target : str
        Input and output.
    partial_corr : float
        In [-1,1], NaN if a side does not vary.
    p_value : float
        One-sided, in (0,1].
    countries : list of str
        Countries of the test.
    n_years : int
        Years of the test.
    imports, exports : ndarray, shape (n_countries,)
        Mean over the years of the size-adjusted ranks of importing the input and of exporting the output, unit norm
        over countries and years before the mean.
    """

    source: str
    target: str
    partial_corr: float
    p_value: float
    countries: list[str]
    n_years: int
    imports: NDArray[np.float64]
    exports: NDArray[np.float64]


def link_evidence(
    flows: pd.DataFrame,
    country_totals: pd.DataFrame,
    products: list[str],
    source: str,
    target: str,
    *,
    draws: int,
    seed: int,
) -> LinkEvidence:
    """Test one link as all candidates are tested.

    Parameters
    ----------
    flows, country_totals : DataFrame
        Tables ``trade_flows`` and ``country_totals`` of all years.
    products : list of str
        The set.
    source, target : str
        Input and output, both in the set.
    draws, seed : int
        Of the permutation test.

    Raises
    ------
    NotEnoughData
        If fewer than four countries trade in every year.
    """
    ranks = residual_ranks(flows, country_totals, set_totals(flows), products)
    link = pd.DataFrame({"input": [source], "output": [target]})
    tested = permutation_test(ranks, link, draws, seed).iloc[0]
    imports, exports = ranks.imports[products.index(source)], ranks.exports[products.index(target)]
    return LinkEvidence(
        source,
        target,
        float(tested["partial_corr"]),
        float(tested["p_value"]),
        ranks.countries,
        ranks.n_years,
        imports.mean(axis=1),
        exports.mean(axis=1),
    )


def scatter_picture(evidence: LinkEvidence) -> bytes:
    """Draw countries by how far they import the input and export the output; return a PNG."""
    with picture(
        f"{evidence.source} into {evidence.target}: r = {evidence.partial_corr:.3f}, p = {evidence.p_value:.3f}",
        f"importing {evidence.source}, size taken out",
        f"exporting {evidence.target}, size taken out",
        width=6.5,
        height=5.0,
    ) as drawn:
        drawn.axes.axhline(0, color="#cbd5e1", linewidth=0.8)
        drawn.axes.axvline(0, color="#cbd5e1", linewidth=0.8)
        drawn.axes.scatter(evidence.imports, evidence.exports, s=14, color="#3b82c4", alpha=0.8)
        far = np.argsort(-np.hypot(evidence.imports, evidence.exports), kind="stable")[:15]
        for place in far:
            drawn.axes.annotate(
                evidence.countries[place], (evidence.imports[place], evidence.exports[place]), fontsize=7
            )
    return drawn.png
