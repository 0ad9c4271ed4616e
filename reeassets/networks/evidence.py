"""What the trade data say about one link: the test in both directions, and the countries behind it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.networks.changes import specialisation_changes
from reeassets.networks.validation import permutation_test
from reeassets.pictures import picture


@dataclass(frozen=True)
class LinkEvidence:
    """The test of one link, and its scatter.

    Attributes
    ----------
    source, target : str
        Input and output.
    correlation : float
        In [-1,1], NaN if a side does not change.
    p_value, p_reverse : float
        One-sided, in (0,1], of the link and of the reverse direction.
    countries : list of str
        Countries of the test.
    years : list of int
        Years of the test.
    imports, exports : ndarray, shape (n_countries,)
        Mean yearly change of the adjusted rank of importing the input and of exporting the output, unit norm over
        countries and years before the mean.
    """

    source: str
    target: str
    correlation: float
    p_value: float
    p_reverse: float
    countries: list[str]
    years: list[int]
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
        Tables ``trade_flows`` and ``country_totals`` of the base years.
    products : list of str
        The set.
    source, target : str
        Input and output, both in the set.
    draws, seed : int
        Of the permutation test.

    Raises
    ------
    NotEnoughData
        As :func:`reeassets.networks.changes.specialisation_changes`.
    """
    changes = specialisation_changes(flows, country_totals, products)
    both = pd.DataFrame({"input": [source, target], "output": [target, source]})
    tested = permutation_test(changes, both, draws, seed)
    imports, exports = changes.imports[products.index(source)], changes.exports[products.index(target)]
    return LinkEvidence(
        source,
        target,
        float(tested["correlation"].iloc[0]),
        float(tested["p_value"].iloc[0]),
        float(tested["p_value"].iloc[1]),
        changes.countries,
        changes.years,
        imports.mean(axis=1),
        exports.mean(axis=1),
    )


def scatter_picture(evidence: LinkEvidence) -> bytes:
    """Draw countries by how far they moved in importing the input and in exporting the output; return a PNG."""
    with picture(
        f"{evidence.source} into {evidence.target}: r = {evidence.correlation:.3f}, p = {evidence.p_value:.3f}",
        f"change in importing {evidence.source}, a year",
        f"change in exporting {evidence.target}, a year",
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
