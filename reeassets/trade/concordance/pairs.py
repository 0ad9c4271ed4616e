"""The pairs of codes of any two revisions, composed from the bundled UN concordance of neighbouring ones."""

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array, diags_array, eye_array

from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import REVISIONS, nomenclature, require_revision

CONCORDANCE_FILE = "nomenclature/hs_concordance.csv.gz"
RELATIONS = ("1:1", "1:n", "n:1", "n:n")
_YEARS = dict(zip(REVISIONS, (1992, 1996, 2002, 2007, 2012, 2017, 2022), strict=True))


@cache
def published() -> pd.DataFrame:
    """Read the rows between neighbouring revisions; those of the SITC era in the same file are left out.

    Returns
    -------
    DataFrame
        ``older``, ``newer`` (revisions), ``older_code``, ``newer_code``, ``label`` (as published, newer:older). Kept
        between calls: copy before changing it.
    """
    rows = pd.read_csv(bundled_file(CONCORDANCE_FILE), dtype="str", keep_default_na=False)
    steps = {f"{_YEARS[newer]} to {_YEARS[older]}": (older, newer) for older, newer in pairwise(REVISIONS)}
    rows = rows[rows["adjustment"].isin(list(steps))]
    return pd.DataFrame(
        {
            "older": rows["adjustment"].map({text: older for text, (older, _) in steps.items()}),
            "newer": rows["adjustment"].map({text: newer for text, (_, newer) in steps.items()}),
            "older_code": rows["code.before"].str.zfill(6),
            "newer_code": rows["code.after"].str.zfill(6),
            "label": rows["Relationship"],
        }
    ).reset_index(drop=True)


@cache
def code_list(revision: str) -> pd.Index:
    """Return the codes of a revision, ascending: the rows and columns of the matrices here."""
    return pd.Index(sorted(nomenclature(revision)["product"]), dtype="str")


def _positions(revision: str, codes: pd.Series) -> np.ndarray:
    positions = code_list(revision).get_indexer(codes)
    if (positions < 0).any():
        unknown = sorted(set(codes[positions < 0]))
        raise ValueError(f"the concordance has codes that the list of {revision} lacks: {', '.join(unknown)}")
    return positions


@cache
def _step(near: str, far: str) -> csr_array:
    """Return the pairs of two neighbouring revisions as a 0/1 matrix, codes of ``far`` x codes of ``near``."""
    older, newer = sorted((near, far), key=REVISIONS.index)
    rows = published()
    rows = rows[(rows["older"] == older) & (rows["newer"] == newer)].drop_duplicates(["older_code", "newer_code"])
    at = {older: _positions(older, rows["older_code"]), newer: _positions(newer, rows["newer_code"])}
    shape = (len(code_list(far)), len(code_list(near)))
    return csr_array(coo_array((np.ones(len(rows)), (at[far], at[near])), shape=shape))


def _chain(from_revision: str, to_revision: str) -> list[str]:
    """Return the revisions from one to the other, both included."""
    for revision in (from_revision, to_revision):
        require_revision(revision)
    start, end = REVISIONS.index(from_revision), REVISIONS.index(to_revision)
    between = REVISIONS[min(start, end) : max(start, end) + 1]
    return list(between if start <= end else reversed(between))


def _own_number(step: csr_array, near: str, far: str) -> csr_array:
    """Leave a code of ``far`` that is paired with its own number of ``near`` only that pair."""
    at = code_list(near).get_indexer(code_list(far))
    rows = np.flatnonzero(at >= 0)
    same = step.multiply(csr_array((np.ones(len(rows)), (rows, at[rows])), shape=step.shape))
    others = diags_array((same.sum(axis=1) == 0).astype(float))
    return csr_array(others @ step + same)


@cache
def _shares(from_revision: str, to_revision: str, same_number: bool) -> csr_array:
    """Return the split, codes of ``to`` x codes of ``from``: each row sums to 1, or is empty.

    At every step of the chain a code is split equally over its codes on the side of ``from``, or, with
    ``same_number``, given to the one of its own number where that is among them. A code from which nothing leads back
    takes no part; its share would be lost.
    """
    shares = csr_array(eye_array(len(code_list(from_revision))))
    for near, far in pairwise(_chain(from_revision, to_revision)):
        leads_back = diags_array((shares.sum(axis=1) > 0).astype(float))
        step = csr_array(_step(near, far) @ leads_back)
        if same_number:
            step = _own_number(step, near, far)
        count = step.sum(axis=1)
        weight = np.divide(1.0, count, out=np.zeros_like(count), where=count > 0)
        shares = csr_array(diags_array(weight) @ step @ shares)
        shares.eliminate_zeros()
    return shares


def shared_pairs(from_revision: str, to_revision: str, same_number: bool = False) -> pd.DataFrame:
    """Return what :func:`concordance` does, and ``share`` in [0, 1]: how much of ``to_code`` is ``from_code``."""
    found = coo_array(_shares(from_revision, to_revision, same_number=False))
    splits = np.bincount(found.col, minlength=found.shape[1])[found.col] > 1
    merges = np.bincount(found.row, minlength=found.shape[0])[found.row] > 1
    share = _shares(from_revision, to_revision, same_number=True)[found.row, found.col] if same_number else found.data
    takers = np.bincount(found.row, weights=share > 0, minlength=found.shape[0])[found.row]
    pairs = pd.DataFrame(
        {
            "from_code": code_list(from_revision)[found.col],
            "to_code": code_list(to_revision)[found.row],
            "relation": pd.Series(np.array(RELATIONS)[2 * merges + splits], dtype="str"),
            # All of a code that only one takes; the sum over several paths may round.
            "share": np.where((share > 0) & (takers == 1), 1.0, share),
        }
    )
    return pairs.sort_values(["from_code", "to_code"], ignore_index=True)


def concordance(from_revision: str, to_revision: str) -> pd.DataFrame:
    """Pair the codes of two revisions, forward or backward, over as many steps as lie between them.

    Parameters
    ----------
    from_revision, to_revision : str
        Names out of :data:`reeassets.trade.nomenclature.REVISIONS`. Equal names pair every code with itself.

    Returns
    -------
    DataFrame
        ``from_code``, ``to_code``, one row per pair that a chain of published pairs joins, by both codes; ``relation``
        reads from:to and follows from the number of pairs of the two codes: ``1:1``; ``1:n`` one of several codes
        that hold nothing but ``from_code``; ``n:1`` the only code of ``from_code`` also holds others; ``n:n`` both.

    Raises
    ------
    ValueError
        If a name is no revision.
    """
    return shared_pairs(from_revision, to_revision)[["from_code", "to_code", "relation"]]


def unreached(from_revision: str, to_revision: str) -> pd.DataFrame:
    """List the codes of a revision that no chain of pairs leads from to the other revision.

    Returns
    -------
    DataFrame
        ``product`` (code of ``from_revision``, ascending) and ``reason`` (the step at which the concordance ends).
    """
    chain = _chain(from_revision, to_revision)
    codes = code_list(from_revision)
    reasons = pd.Series(pd.NA, index=codes, dtype="str")
    # Row i holds the codes of the current revision that code i has come to.
    reached = csr_array(eye_array(len(codes)))
    for near, far in pairwise(chain):
        following = csr_array(reached @ _step(near, far).T)
        ends = (reached.sum(axis=1) > 0) & (following.sum(axis=1) == 0)
        for row in np.flatnonzero(ends):
            last = ", ".join(code_list(near)[np.sort(reached[[row]].indices)])
            reasons.iloc[row] = f"the concordance has no code of {far} for {last} of {near}"
        reached = following
    listed = reasons.dropna()
    return pd.DataFrame({"product": listed.index, "reason": listed.to_numpy()})
