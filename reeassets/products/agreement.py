"""How far voters agree: Fleiss' kappa, field by field."""

import numpy as np
import pandas as pd

from reeassets.products.contract import ELEMENTS, MATERIALITY
from reeassets.products.voting import FIELDS, cast


def quadratic_weights(n_categories: int) -> np.ndarray:
    """Return how far two answers of an ordered scale agree: 1 for the same, falling with the square of the distance."""
    place = np.arange(n_categories)
    return 1.0 - ((place[:, None] - place) / max(n_categories - 1, 1)) ** 2


def fleiss_kappa(counts: pd.DataFrame, weights: np.ndarray | None = None) -> tuple[float, float, float | None]:
    """Compute Fleiss' kappa (Fleiss 1971, Psychological Bulletin 76:378), weighted as Gwet (2014, Handbook, 3.5) does.

    Parameters
    ----------
    counts : DataFrame, shape (n_items, n_categories)
        How many voters put an item into a category; every row has the same sum, at least 2.
    weights : array, shape (n_categories, n_categories), optional
        How far two answers agree, in [0, 1]; by default only equal ones do.

    Returns
    -------
    observed, expected : float
        Share of pairs of voters who agree, and the share that the categories' frequencies alone would give.
    kappa : float or None
        ``(observed - expected) / (1 - expected)``; None if all votes are of one category.
    """
    given = counts.to_numpy(dtype=float)
    agreed = np.eye(given.shape[1]) if weights is None else weights
    n = given.sum(axis=1)
    observed = float((((given * (given @ agreed)).sum(axis=1) - n) / (n * (n - 1))).mean())
    share = given.sum(axis=0) / n.sum()
    expected = float(share @ agreed @ share)
    return observed, expected, None if expected >= 1.0 else (observed - expected) / (1.0 - expected)


def vote_agreement(votes: pd.DataFrame, chosen: list[str]) -> pd.DataFrame:
    """Compute agreement over all products, over those judged in full by every voter, and over a product set.

    Parameters
    ----------
    votes : DataFrame
        Table ``product_votes``.
    chosen : list of str
        The codes of the reference set.

    Returns
    -------
    DataFrame
        Table ``vote_agreement``. Only products on which every voter gave the field are compared, so that each has the
        same number of votes. Elements are compared one by one: an item is a product and an element, named or not.
    """
    n_voters = votes["voter"].nunique()
    table = cast(votes)
    of_full = table["round"].eq("full").groupby(table["product"]).sum()
    scopes = {
        "all": table,
        "judged in full": table[table["product"].isin(of_full.index[of_full == n_voters])],
        "reference set": table[table["product"].isin(chosen)],
    }
    rows = []
    for scope, within in scopes.items():
        for field in FIELDS:
            counts = _element_counts(within) if field == "elements" else _counts(within, field)
            counts = counts[counts.sum(axis=1) == n_voters]
            weights = None
            if field == "materiality":
                counts = counts.reindex(columns=list(MATERIALITY), fill_value=0)
                weights = quadratic_weights(len(MATERIALITY))
            if n_voters < 2 or counts.empty:
                observed, expected, kappa = None, None, None
            else:
                observed, expected, kappa = fleiss_kappa(counts, weights)
            n_products = counts.index.get_level_values("product").nunique()
            rows.append((field, scope, n_voters, n_products, observed, expected, kappa))
    names = ["field", "scope", "n_voters", "n_products", "observed_agreement", "expected_agreement", "fleiss_kappa"]
    floats = dict.fromkeys(names[4:], "float64")
    return pd.DataFrame(rows, columns=names).astype({"field": "str", "scope": "str", **floats})


def _counts(votes: pd.DataFrame, field: str) -> pd.DataFrame:
    """Count the answers to a field: products by answers."""
    return votes.dropna(subset=[field]).groupby(["product", field]).size().unstack(fill_value=0)


def _element_counts(votes: pd.DataFrame) -> pd.DataFrame:
    """Count, of those who judged a product in full, who named each element: (product, element) by named or not."""
    judged = votes[votes["round"] == "full"]
    named = judged.set_index("product")["elements"].fillna("").str.split()
    yes = pd.DataFrame({element: named.map(lambda of, one=element: one in of) for element in ELEMENTS})
    counted = yes.groupby(level="product").sum().rename_axis(columns="element").stack().astype("int64")  # noqa: PD013  (a key of two levels is wanted)
    voters = counted.index.get_level_values("product").map(judged.groupby("product").size())
    return pd.DataFrame({"named": counted, "not named": voters.to_numpy() - counted})
