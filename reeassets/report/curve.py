"""The specification curve: every estimate of one regression term, sorted, above the choices behind each.

After Simonsohn, Simmons & Nelson (2020), *Specification curve analysis*, Nature Human Behaviour 4.
"""

from typing import Any

import numpy as np
import pandas as pd

from reeassets.report import labels
from reeassets.report.style import BLUE, GRID, INK, MUTED, VERMILLION, layout, legend_above, plain

HEIGHT_OF_CURVE, HEIGHT_OF_CHOICE = 300, 17
ABOVE, BELOW, NEITHER = "significantly above 0", "significantly below 0", "not significant"
COLOURS = {ABOVE: BLUE, BELOW: VERMILLION, NEITHER: "#9aa5ad"}


def specifications_of(rca_models: pd.DataFrame, model: str, term: str, level: float) -> pd.DataFrame:
    """Return the estimated specifications of a term in the curve, from the lowest coefficient to the highest.

    Parameters
    ----------
    rca_models : DataFrame
        Table of that name.
    model, term : str
        Which rows.
    level : float
        Significance level.

    Returns
    -------
    DataFrame
        Those rows with an interval, and ``rank`` (from 1) and ``group`` (significantly above 0, below 0, or neither).
    """
    counted = rca_models["in_curve"].astype(bool)
    rows = rca_models[counted & (rca_models["model"] == model) & (rca_models["term"] == term)]
    rows = rows[rows[["coefficient", "ci_low", "ci_high", "p_value"]].notna().all(axis=1)]
    ordered = rows.sort_values(["coefficient", "outcome", *DIMENSION_ORDER], kind="stable", ignore_index=True)
    significant = ordered["p_value"] <= level
    group = np.select([significant & (ordered["coefficient"] > 0), significant], [ABOVE, BELOW], NEITHER)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1), group=group)


DIMENSION_ORDER = tuple(labels.DIMENSIONS)


def specification_curve(rca_models: pd.DataFrame, model: str, term: str, level: float) -> Any | None:
    """Draw sorted coefficients with intervals, coloured by significance, and below them the choices behind each.

    Parameters
    ----------
    rca_models : DataFrame
        Table of that name.
    model, term : str
        Which rows.
    level : float
        Significance level of the colours.
    """
    from plotly.subplots import make_subplots

    curve = specifications_of(rca_models, model, term, level)
    if curve.empty:
        return None
    choices = _choices(curve)
    below = HEIGHT_OF_CHOICE * (len(choices) + 1)
    figure = make_subplots(
        rows=2 if choices else 1,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.03,
        row_heights=[HEIGHT_OF_CURVE, below] if choices else None,
    )
    height = 110 + HEIGHT_OF_CURVE + (below if choices else 0)
    margin = {"l": 60, "r": 10, "t": 40, "b": 50}
    figure.update_layout(layout(height, showlegend=True, legend=legend_above(), margin=margin))
    _coefficients(figure, curve)
    # Numbers stand for the outcome's unit: the models of one curve share it.
    figure.update_yaxes(title_text="Coefficient, per standard deviation", zeroline=True, zerolinecolor=INK, row=1)
    figure.update_xaxes(range=[0, len(curve) + 1], showgrid=False)
    figure.update_xaxes(title_text="Specification, from the lowest coefficient to the highest", row=2 if choices else 1)
    if choices:
        _dots(figure, curve, choices)
    return figure


def _coefficients(figure: Any, curve: pd.DataFrame) -> None:
    for group, colour in COLOURS.items():
        rows = curve[curve["group"] == group]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["rank"].tolist(),
            y=rows["coefficient"].tolist(),
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (rows["ci_high"] - rows["coefficient"]).tolist(),
                "arrayminus": (rows["coefficient"] - rows["ci_low"]).tolist(),
                "thickness": 1,
                "width": 0,
            },
            mode="markers",
            marker={"size": 4.5, "color": colour},
            name=f"{group} ({len(rows)})",
            text=[_described(row) for row in rows.to_dict("records")],
            hovertemplate="%{y:.4f}<br>%{text}<extra></extra>",
            row=1,
            col=1,
        )
    headline = curve[curve["headline"].astype(bool)]
    if len(headline):
        figure.add_scatter(
            x=headline["rank"].tolist(),
            y=headline["coefficient"].tolist(),
            mode="markers",
            marker={"size": 12, "symbol": "diamond-open", "color": INK, "line": {"width": 2}},
            name="headline specification",
            hoverinfo="skip",
            row=1,
            col=1,
        )


def _described(row: dict[Any, Any]) -> str:
    lines = [f"{name}: {plain(labels.spoken(str(row[key])))}" for key, name in labels.DIMENSIONS.items()]
    interval = f"interval {row['ci_low']:.4f} to {row['ci_high']:.4f}, p = {row['p_value']:.2g}"
    return "<br>".join([interval, *lines, f"{int(row['n_obs']):,} observations"])


def _choices(curve: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return (dimension, value) for every dimension in which the specifications differ."""
    found = []
    for key in DIMENSION_ORDER:
        values = sorted(curve[key].unique())
        if len(values) > 1:
            found += [(key, value) for value in values]
    return found


def _dots(figure: Any, curve: pd.DataFrame, choices: list[tuple[str, Any]]) -> None:
    """Mark, under each specification, the value it takes in every dimension."""
    height = {choice: -index for index, choice in enumerate(choices)}
    colour = dict(zip(curve["rank"], curve["group"].map(COLOURS), strict=True))
    marks = [(rank, height[key, value]) for key, value in choices for rank in curve.loc[curve[key] == value, "rank"]]
    figure.add_scatter(
        x=[int(rank) for rank, _ in marks],
        y=[at for _, at in marks],
        mode="markers",
        marker={"symbol": "line-ns", "size": 8, "line": {"width": 1.6, "color": [colour[rank] for rank, _ in marks]}},
        hoverinfo="skip",
        showlegend=False,
        row=2,
        col=1,
    )
    for index in range(1, len(choices)):
        if choices[index][0] != choices[index - 1][0]:
            figure.add_hline(y=0.5 - index, line={"color": MUTED, "width": 0.8}, row=2, col=1)
    figure.update_yaxes(
        tickvals=list(height.values()),
        ticktext=[f"{labels.DIMENSIONS[key]}: {plain(labels.spoken(str(value)))}" for key, value in choices],
        tickfont={"size": 11},
        range=[0.6 - len(choices), 0.6],
        gridcolor=GRID,
        row=2,
        col=1,
    )
