"""How wide the answers are: the claims of the reference under every choice that is this project's own."""

from typing import Any

import pandas as pd

from reeassets.models.choices import HEADLINE_CHOICE
from reeassets.models.claims import CLAIMS
from reeassets.models.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, REPRODUCED, VERDICTS
from reeassets.report import labels
from reeassets.report.style import BLUE, INK, MUTED, VERMILLION, layout, legend_above, plain, wrapped
from reeassets.report.summaries import Row, count, number
from reeassets.settings import ROBUST_CHOICES

HEIGHT_OF_ROW = 22
COLOURS = {REPRODUCED: BLUE, CONTRADICTED: VERMILLION, INCONCLUSIVE: "#9aa5ad"}
_LONGEST = 48


def ordered(robust_claims: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``robust_claims`` with the claims and the choices in the order of the documentation."""
    claims = {claim.id: place for place, claim in enumerate(CLAIMS)}
    names = {name: place for place, name in enumerate((HEADLINE_CHOICE, *ROBUST_CHOICES))}
    places = {"claim_place": robust_claims["claim_id"].map(claims), "place": robust_claims["choice"].map(names)}
    by = ["claim_place", "claim_id", "place", "value"]
    return robust_claims.assign(**places).sort_values(by, ignore_index=True)


def choice_in_words(choice: str, value: str) -> str:
    """Return what is changed, e.g. ``pass through: 0.5``."""
    return "headline" if choice == HEADLINE_CHOICE else f"{labels.spoken(choice)}: {labels.spoken(value)}"


def robust_rows(robust_claims: pd.DataFrame) -> list[Row]:
    """Return one row per value of a choice, with a cell per claim: ``None`` where a claim does not depend on it.

    Parameters
    ----------
    robust_claims : DataFrame
        Table of that name.

    Returns
    -------
    list of dict
        ``choice`` in words and ``cells``, one per claim of :func:`claims_shown`, with the place of the verdict
        among all, the estimate, the reason, and ``differs``: whether the verdict is another than the headline's.
    """
    table = ordered(robust_claims)
    claims = claims_shown(table)
    rows = []
    for _, of_choice in table.groupby(["place", "value"], sort=True):
        by_claim = {row["claim_id"]: row for row in of_choice.to_dict("records")}
        first = of_choice.iloc[0]
        cells = [_cell(by_claim[claim]) if claim in by_claim else None for claim in claims]
        rows.append({"choice": choice_in_words(first["choice"], first["value"]), "cells": cells})
    return rows


def claims_shown(table: pd.DataFrame) -> list[str]:
    """Return the claims of the table, in its order."""
    return [str(claim) for claim in table["claim_id"].unique()]


def claims_in_words(robust_claims: pd.DataFrame) -> list[str]:
    """Return the heads of the columns of :func:`robust_rows`."""
    return [_named(claim) for claim in claims_shown(ordered(robust_claims))]


def _cell(row: dict[Any, Any]) -> Row:
    # Intervals are in the figures and in the reason: eight columns of them would not fit the page.
    return {
        "place": VERDICTS.index(row["verdict"]),
        "shown": number(row["estimate"]) if pd.notna(row["estimate"]) else "",
        "reason": row["reason"],
        "differs": bool(pd.notna(row["agrees"]) and not row["agrees"]),
    }


def robust_sentences(robust_claims: pd.DataFrame) -> list[str]:
    """Say, claim by claim, under how many other values of choices the verdict stands, and under which it does not."""
    said = []
    for claim, rows in ordered(robust_claims).groupby("claim_id", sort=False):
        of_headline = rows.loc[rows["choice"] == HEADLINE_CHOICE, "verdict"]
        others = rows[rows["choice"] != HEADLINE_CHOICE]
        first = of_headline.iloc[0] if len(of_headline) else NOT_TESTABLE
        name = _named(str(claim))
        if first == NOT_TESTABLE:
            testable = others[others["verdict"] != NOT_TESTABLE]
            there = f"; testable under {len(testable)} of {count(len(others), 'other choice')}" if len(others) else ""
            said.append(f"{name}: not testable on this data{there}.")
            continue
        compared = others[others["agrees"].notna()]
        against = compared[~compared["agrees"].astype(bool)]
        stands = f"{first} under {len(compared) - len(against)} of {count(len(compared), 'other choice')}"
        but = "; ".join(
            f"{verdict} with {', '.join(_each(of_verdict))}" for verdict, of_verdict in against.groupby("verdict")
        )
        untold = len(others) - len(compared)
        rest = f"; not testable under {untold} more" if untold else ""
        said.append(f"{name}: {stands}{'; ' if but else ''}{but}{rest}.")
    return said


def _each(rows: pd.DataFrame) -> list[str]:
    return [choice_in_words(row["choice"], row["value"]) for row in rows.to_dict("records")]


def _named(claim: str) -> str:
    return next((one.text for one in CLAIMS if one.id == claim), labels.spoken(claim))


def claim_under_choices(robust_claims: pd.DataFrame, claim: str) -> Any | None:
    """Draw a claim's estimate with its interval under every choice, the headline first and as a line through all.

    Parameters
    ----------
    robust_claims : DataFrame
        Table of that name.
    claim : str
        Which claim.

    Returns
    -------
    plotly figure or None
        None if the claim has no estimate under any choice.
    """
    from plotly.graph_objects import Figure

    rows = ordered(robust_claims)
    rows = rows[(rows["claim_id"] == claim) & rows["estimate"].notna()].reset_index(drop=True)
    if rows.empty:
        return None
    height = 110 + HEIGHT_OF_ROW * len(rows)
    margin = {"l": 60, "r": 20, "t": 40, "b": 50}
    figure = Figure(layout=layout(height, showlegend=True, legend=legend_above(), margin=margin))
    headline = rows["choice"] == HEADLINE_CHOICE
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    for estimate in rows.loc[headline, "estimate"]:
        figure.add_vline(x=float(estimate), line={"color": MUTED, "width": 1, "dash": "dot"})
    for verdict, colour in COLOURS.items():
        own = rows[rows["verdict"] == verdict]
        if len(own):
            figure.add_scatter(**_trace(own, colour, verdict))
    text = [_tick(row) for row in rows.to_dict("records")]
    figure.update_yaxes(tickvals=list(rows.index), ticktext=text, range=[len(rows) - 0.4, -0.6], showgrid=False)
    figure.update_xaxes(title_text="Estimate")
    return figure


def _tick(row: dict[Any, Any]) -> str:
    said = choice_in_words(row["choice"], row["value"])
    return f"<b>{plain(said)}</b>" if row["choice"] == HEADLINE_CHOICE else wrapped(said, _LONGEST)


def _trace(rows: pd.DataFrame, colour: str, verdict: str) -> Row:
    first = rows["choice"] == HEADLINE_CHOICE
    reach = {
        "array": (rows["ci_high"] - rows["estimate"]).fillna(0.0).tolist(),
        "arrayminus": (rows["estimate"] - rows["ci_low"]).fillna(0.0).tolist(),
    }
    return {
        "x": rows["estimate"].tolist(),
        "y": rows.index.tolist(),
        "error_x": {"type": "data", "symmetric": False, "thickness": 1.4, "width": 0, "color": colour, **reach},
        "mode": "markers",
        "name": verdict,
        "marker": {
            "symbol": first.map({True: "diamond", False: "circle"}).tolist(),
            "size": first.map({True: 11, False: 7}).tolist(),
            "color": colour,
        },
        "text": [wrapped(f"{_each(rows)[at]}: {row['reason']}", 60) for at, row in enumerate(rows.to_dict("records"))],
        "hovertemplate": "%{text}<extra></extra>",
    }
