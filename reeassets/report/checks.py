"""Rows of the report's table of checks: every diagnostic of a headline coefficient side by side."""

from typing import Any

import pandas as pd

from reeassets.models.diagnostics import BOOTSTRAP, COUNTRIES, INFLATION, LEFT_OUT, PLACEBO
from reeassets.report import labels
from reeassets.report.summaries import HEADLINE_MODEL, Row, decimals_of, fixed, interval, number, probability


def check_rows(diagnostics: pd.DataFrame, multiplicity: pd.DataFrame) -> list[Row]:
    """Return one row per headline coefficient of the model that tests the reference's claims.

    Parameters
    ----------
    diagnostics, multiplicity : DataFrame
        The tables ``model_diagnostics`` and ``model_multiplicity``.
    """
    rows = []
    own = diagnostics[diagnostics["model"] == HEADLINE_MODEL]
    adjusted = multiplicity[multiplicity["model"] == HEADLINE_MODEL].set_index(["interacted", "term"])
    for (interacted, term), checks in own.groupby(["interacted", "term"], sort=True):
        by_check = {(row["diagnostic"], row["detail"]): row for row in checks.to_dict("records")}
        placebo = by_check.get((PLACEBO, ""), {})
        bootstrap: dict[Any, Any] = next((row for key, row in by_check.items() if key[0] == BOOTSTRAP), {})
        without = [by_check.get((LEFT_OUT, country), {}).get("coefficient") for country in COUNTRIES]
        known = (interacted, term) in adjusted.index
        rows.append(
            {
                "term": labels.term(str(term)),
                "coefficient": number(bootstrap.get("coefficient")),
                "without": [fixed(value, decimals_of(without)) for value in without],
                "placebo": interval(*(placebo.get(name) for name in ("coefficient", "ci_low", "ci_high"))),
                "inflation": fixed(by_check.get((INFLATION, ""), {}).get("value"), 1),
                "bootstrap": probability(bootstrap.get("p_value")),
                "bh": probability(adjusted.loc[(interacted, term), "headline_bh"] if known else None),
                "holm": probability(adjusted.loc[(interacted, term), "headline_holm"] if known else None),
            }
        )
    return rows
