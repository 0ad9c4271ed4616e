"""Multiple testing: what is left of a model's grid once the number of its tests is taken into account."""

import numpy as np
import pandas as pd

from reeassets.models.sample import CONTROLS
from reeassets.settings import Settings


def model_multiplicity(rca_models: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Adjust the p-values of every model for the number of its tests: the table ``model_multiplicity``.

    A family is every test of a model: all specifications of its curve, each design once, all terms but controls. The
    q-value of Benjamini & Hochberg (1995) controls the share of false discoveries, the p-value of Holm (1979) the
    chance of a single one, whatever the dependence between tests; both are strict here, since the specifications are
    variants of each other.

    Parameters
    ----------
    rca_models : DataFrame
        The table of that name.
    settings : Settings
        ``model_significance``.
    """
    from statsmodels.stats.multitest import multipletests

    level = settings.model_significance
    rows = []
    tested = rca_models[rca_models["in_curve"].astype(bool) & ~rca_models["term"].isin(CONTROLS)]
    for model, family in tested.groupby("model", sort=True):
        known = family["p_value"].notna()
        adjusted = family.assign(bh=np.nan, holm=np.nan)
        if known.any():
            for name, method in (("bh", "fdr_bh"), ("holm", "holm")):
                adjusted.loc[known, name] = multipletests(family.loc[known, "p_value"], method=method)[1]
        for (interacted, term), grid in adjusted.groupby(["interacted", "term"], sort=True):
            headline = grid[grid["headline"]]
            first = headline.iloc[0] if len(headline) else {"p_value": np.nan, "bh": np.nan, "holm": np.nan}
            rows.append(
                {
                    "model": model,
                    "interacted": interacted,
                    "term": term,
                    "n_family": int(known.sum()),
                    "n_tests": int(grid["p_value"].notna().sum()),
                    "n_significant": int((grid["p_value"] <= level).sum()),
                    "n_significant_bh": int((grid["bh"] <= level).sum()),
                    "n_significant_holm": int((grid["holm"] <= level).sum()),
                    "headline_p": first["p_value"],
                    "headline_bh": first["bh"],
                    "headline_holm": first["holm"],
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


COLUMNS = (
    "model",
    "interacted",
    "term",
    "n_family",
    "n_tests",
    "n_significant",
    "n_significant_bh",
    "n_significant_holm",
    "headline_p",
    "headline_bh",
    "headline_holm",
)
