"""Does trade bear the candidate links out? (docs/METHOD.md, section 3).

A link ``p -> q`` is borne out if countries that move up in importing ``p`` move up in exporting ``q`` in the same
years, more than a permutation of countries would give. Which links make up the network is up to the votes, unless the
setting ``link_set`` says otherwise.
"""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.networks.calibration import uniformity
from reeassets.networks.changes import SpecialisationChanges

Floats = NDArray[np.float64]
# Two sums of the same numbers in another order differ by rounding; such a draw counts as equal to the observed value.
_TIE = 1e-12
# A link whose p-value alone is at most this is `supported`.
SUPPORTED = 0.05
ENDS = ["input", "output"]

LinkSet = Literal["carried", "validated"]


def permutation_test(changes: SpecialisationChanges, links: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Test links against permutations of countries as whole blocks of years.

    Parameters
    ----------
    changes : SpecialisationChanges
        Of the base years.
    links : DataFrame
        Columns ``input`` and ``output``.
    draws, seed : int
        Number of permutations (the same for every link) and their seed.

    Returns
    -------
    DataFrame
        ``correlation`` in [-1,1] (null where a side does not change) and the one-sided ``p_value`` in (0,1] (1 where
        null), aligned with ``links``.
    """
    place = pd.Index(changes.products)
    source, target = (place.get_indexer(links[end]) for end in ENDS)
    n = len(changes.countries)
    # permuted(axis=1) shuffles each row on its own: row k is draw k.
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    tested = (changes.imports != 0).any(axis=(1, 2))[source] & (changes.exports != 0).any(axis=(1, 2))[target]
    correlations, p_values = np.full(len(links), np.nan), np.ones(len(links))
    exports = changes.exports.reshape(len(changes.products), -1)
    for product in np.unique(source[tested]):
        rows = np.flatnonzero(tested & (source == product))
        imported, exported = changes.imports[product], exports[target[rows]].T
        observed = imported.ravel() @ exported
        # All permutations of the importing side at once, against all outputs of the input.
        null = imported[orders].reshape(draws, -1) @ exported
        correlations[rows] = np.clip(observed, -1.0, 1.0)
        p_values[rows] = (1 + np.count_nonzero(null >= observed - _TIE, axis=0)) / (1 + draws)
    return pd.DataFrame({"correlation": correlations, "p_value": p_values}, index=links.index)


def untested(links: pd.DataFrame) -> pd.DataFrame:
    """Return what :func:`permutation_test` gives for links that no data speak for or against."""
    return pd.DataFrame({"correlation": np.nan, "p_value": 1.0}, index=links.index)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Return q-values of Benjamini & Hochberg (1995), in the order given; shape (n,) in and out."""
    from scipy.stats import false_discovery_control

    p_values = np.asarray(p_values, dtype=float)
    return false_discovery_control(p_values, method="bh") if p_values.size else p_values


def target_decoy(p_values: Floats, decoys: Floats) -> Floats:
    """Return target-decoy q-values (Elias & Gygi 2007, with the +1 of Barber & Candes 2015).

    A threshold ``t`` accepts the candidates with a p-value of at most ``t``; as many false ones are expected among them
    as decoys pass it, counted one more, and scaled by how many candidates there are to a decoy.

    Parameters
    ----------
    p_values : ndarray, shape (n,)
        Of the candidates.
    decoys : ndarray, shape (m,)
        Of pairs that nobody proposed.

    Returns
    -------
    ndarray, shape (n,)
        Smallest rate of false discoveries at which a candidate is accepted, in (0,1]; 1 without decoys.
    """
    p_values, decoys = np.asarray(p_values, dtype=float), np.sort(np.asarray(decoys, dtype=float))
    if not p_values.size or not decoys.size:
        return np.ones(len(p_values))
    thresholds = np.unique(p_values)
    accepted = np.searchsorted(np.sort(p_values), thresholds, side="right")
    false = (1 + np.searchsorted(decoys, thresholds, side="right")) * len(p_values) / len(decoys)
    # A looser threshold may have the smaller rate, and accepts the candidate too.
    rates = np.minimum.accumulate((false / accepted)[::-1])[::-1]
    return np.minimum(rates, 1.0)[np.searchsorted(thresholds, p_values)]


def link_weights(links: pd.DataFrame, members: pd.Series) -> pd.Series:
    """Weight the links of the network: mean strength times vote share, summing to 1 over the inputs of an output.

    Parameters
    ----------
    links : DataFrame
        ``output, strength, ai_votes, ai_voters``.
    members : Series of bool
        Which links are in the network.

    Returns
    -------
    Series of float
        0 outside the network. A link without a strength has the mean one of its output's other links, 1 if none has
        any.
    """
    inside = links[members]
    known = inside["strength"].fillna(inside.groupby("output")["strength"].transform("mean")).fillna(1.0)
    strength = known * inside["ai_votes"] / inside["ai_voters"].where(inside["ai_voters"] > 0, 1)
    total = strength.groupby(inside["output"]).transform("sum")
    # Votes carry a link that every proposer gives the strength 0: the inputs of such an output count alike.
    equal = 1.0 / inside.groupby("output")["output"].transform("size")
    return (strength / total.where(total > 0)).fillna(equal).reindex(links.index, fill_value=0.0)


def validate_links(
    candidates: pd.DataFrame,
    changes: SpecialisationChanges | None,
    calibration: pd.DataFrame,
    *,
    draws: int,
    seed: int,
    fdr: float,
    link_set: LinkSet,
) -> pd.DataFrame:
    """Weight the links that the votes carry, and say what trade has to say about each candidate.

    Parameters
    ----------
    candidates : DataFrame
        Table ``candidate_links``.
    changes : SpecialisationChanges or None
        Of the base years; None if there are too few countries or years, and then trade says nothing.
    calibration : DataFrame
        Table ``link_calibration``: the decoys.
    draws, seed : int
        Of the permutation test.
    fdr : float
        Both false discovery rates of a validated link are at most this.
    link_set : {"carried", "validated"}
        Which links make up the network.

    Returns
    -------
    DataFrame
        Table ``io_links``.
    """
    links = candidates.sort_values(ENDS, kind="stable", ignore_index=True)
    both = pd.concat([links[ENDS], links[ENDS].set_axis(ENDS[::-1], axis=1)], ignore_index=True)
    tested = untested(both) if changes is None else permutation_test(changes, both, draws, seed)
    links[["correlation", "p_value"]] = tested.iloc[: len(links)]
    links["p_reverse"] = tested["p_value"].iloc[len(links) :].to_numpy()
    links["q_bh"] = benjamini_hochberg(links["p_value"].to_numpy())
    links["q_decoy"] = target_decoy(links["p_value"].to_numpy(), calibration["p_value"].to_numpy())
    links["evidence"] = link_evidence(links, fdr, calibrated=uniformity(calibration["p_value"]).calibrated)
    return with_network(links, link_set)


def with_network(links: pd.DataFrame, link_set: LinkSet) -> pd.DataFrame:
    """Return tested links with the network that a link set makes of them: ``in_network`` and ``weight``.

    Parameters
    ----------
    links : DataFrame
        ``output, strength, ai_votes, ai_voters, carried, evidence``; all of ``io_links``, or the links among some of
        its products, whose weights then sum to 1 over the inputs that are left.
    link_set : {"carried", "validated"}
    """
    inside = links["carried"] & ((link_set == "carried") | (links["evidence"] == "validated"))
    return links.assign(in_network=inside, weight=link_weights(links, inside))


def link_evidence(links: pd.DataFrame, fdr: float, *, calibrated: bool) -> pd.Series:
    """Say how well each carried link stands: ``validated``, ``supported`` or ``carried``; null for the others.

    A link is supported or validated by changes that go together, never by such that go against each other. Nothing is
    validated by a test whose decoys show that it is not calibrated.
    """
    positive = links["correlation"] > 0
    validated = positive & (links["q_bh"] <= fdr) & (links["q_decoy"] <= fdr) & calibrated
    supported = positive & (links["p_value"] <= SUPPORTED)
    named = np.select([validated, supported], ["validated", "supported"], default="carried")
    return pd.Series(named, index=links.index, dtype="str").where(links["carried"])
