"""Figures of products, suppliers, importers and tiers: pure functions from tables to plotly figures.

A function returns None where its tables have nothing to draw; the page then says so in a sentence. Links, clusters and
regressions have modules of their own: ``link_figure``, ``cluster_figures``, ``curve``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reeassets.report import labels
from reeassets.report.style import (
    BLUE,
    INK,
    LABEL_PX,
    MUTED,
    PAPER,
    STAGE_COLOURS,
    layout,
    legend_above,
    plain,
    spread_labels,
    year_axis,
)
from reeassets.settings import STAGES

LINE_HEIGHT = 380
CONTRAST_INDICATORS = (
    "exposure",
    "supplier_concentration",
    "systemic_trade_risk",
    "direct_risk",
    "indirect_risk",
    "multi_tier_risk",
)


def product_set(products: pd.DataFrame) -> Any | None:
    """Draw the number of products by application, coloured by stage.

    Parameters
    ----------
    products : DataFrame of (product, stage, application)
        The members of the set.
    """
    import plotly.graph_objects as go

    if products.empty:
        return None
    counts = products.groupby(["application", "stage"]).size().unstack(fill_value=0)
    totals = counts.sum(axis=1)
    # A bar chart is drawn from below: this puts the largest application on top.
    counts = counts.loc[sorted(totals.index, key=lambda name: (-totals[name], name))[::-1]]
    figure = go.Figure(layout=layout(110 + 30 * len(counts), barmode="stack", showlegend=True, legend=legend_above()))
    for stage in STAGES:
        if stage in counts:
            figure.add_bar(
                x=counts[stage].tolist(),
                y=[plain(name) for name in counts.index],
                orientation="h",
                name=f"{stage} products",
                marker={"color": STAGE_COLOURS[stage]},
                hovertemplate=f"%{{y}}: %{{x}} {stage} products<extra></extra>",
            )
    largest = int(totals.max())
    figure.update_xaxes(title_text="Number of products", tickformat="d", dtick=1 if largest <= 12 else None)
    figure.update_yaxes(title_text="Main application", showgrid=False)
    return figure


def supplier_influence(
    influence: pd.DataFrame, others: pd.Series, names: Mapping[str, str], colours: Mapping[str, str]
) -> Any | None:
    """Draw the influence of suppliers over the years, and the largest of all others.

    Parameters
    ----------
    influence : DataFrame, indexed by year, one column per supplier
        Influence in [0, 1].
    others : Series, indexed by year
        The largest influence of anybody else.
    names, colours : mapping by country code
    """
    if influence.empty:
        return None
    figure = _lines(influence, names, colours, ("Largest of all others", others), "%{y:.1%}", "{:.0%}")
    figure.update_yaxes(title_text="Share of world imports lost (%)", tickformat=".0%")
    return figure


def supplier_shares(
    shares: pd.DataFrame, others: pd.Series, names: Mapping[str, str], colours: Mapping[str, str]
) -> Any | None:
    """Draw exporters' shares of world exports over the years, and what is left for all others; as above."""
    if shares.empty:
        return None
    figure = _lines(shares, names, colours, ("All other countries", others), "%{y:.1%}", "{:.0%}")
    figure.update_yaxes(title_text="Share of world exports (%)", tickformat=".0%")
    return figure


def unit_values(series: pd.DataFrame, names: Mapping[str, str], colours: Mapping[str, str]) -> Any | None:
    """Draw what a kilogram costs in world trade over the years, one line per column.

    Parameters
    ----------
    series : DataFrame, indexed by year
        Current US$ per kg.
    names, colours : mapping by column
    """
    if series.empty or series.isna().all(axis=None):
        return None
    figure = _lines(series, names, colours, None, "%{y:.1f} US$/kg", "{:.0f} US$/kg")
    figure.update_yaxes(title_text="Unit value (current US$ per kg)")
    return figure


def importer_risk(
    risks: pd.DataFrame, world: pd.Series, names: Mapping[str, str], colours: Mapping[str, str]
) -> Any | None:
    """Draw the systemic trade risk of importers over the years, and the world's import-weighted mean.

    Parameters
    ----------
    risks : DataFrame, indexed by year, one column per importer
        Systemic trade risk in [0, 1).
    world : Series, indexed by year
        Import-weighted mean over all importers.
    names, colours : mapping by country code
    """
    if risks.empty:
        return None
    figure = _lines(risks, names, colours, ("World mean", world), "%{y:.3f}", "{:.2f}")
    figure.update_yaxes(title_text="Systemic trade risk (index, 0 to 1)")
    return figure


def _lines(
    series: pd.DataFrame,
    names: Mapping[str, str],
    colours: Mapping[str, str],
    reference: tuple[str, pd.Series] | None,
    hover: str,
    shown: str,
) -> Any:
    """Draw one line per column, and a dashed grey one for reference if any, each named at its end, not in a legend."""
    import plotly.graph_objects as go

    lines = [(names.get(str(code), str(code)), series[code], colours[str(code)], "solid") for code in series]
    if reference is not None:
        lines.append((reference[0], reference[1], MUTED, "dash"))
    top = float(max(values.max() for _, values, _, _ in lines)) * 1.08
    figure = go.Figure(layout=layout(LINE_HEIGHT, margin={"l": 60, "r": 190, "t": 32, "b": 50}, hovermode="x unified"))
    for name, values, colour, dash in lines:
        figure.add_scatter(
            x=values.index.tolist(),
            y=values.tolist(),
            name=plain(name),
            mode="lines+markers",
            line={"color": colour, "width": 2.2, "dash": dash},
            marker={"size": 4.5},
            hovertemplate=hover,
        )
    ends = [(name, values.dropna(), colour) for name, values, colour, _ in lines if values.notna().any()]
    gap = top * LABEL_PX / (LINE_HEIGHT - 82)
    heights = spread_labels([values.iloc[-1] for _, values, _ in ends], gap, low=0, high=top)
    for (name, values, colour), height in zip(ends, heights, strict=True):
        figure.add_annotation(
            x=1.01,
            xref="paper",
            y=height,
            text=f'<span style="color:{colour}">■</span> {plain(name)} {shown.format(values.iloc[-1])}',
            showarrow=False,
            xanchor="left",
            font={"size": 12, "color": INK},
        )
    figure.update_xaxes(**year_axis(series.index), showgrid=False)
    figure.update_yaxes(range=[0, top], rangemode="tozero")
    return figure


def tier_contrasts(contrasts: pd.DataFrame, level: float, own_scale: Sequence[str] = ()) -> Any | None:
    """Draw, per indicator, the median over countries of input less upstream over the years, with its interval.

    Parameters
    ----------
    contrasts : DataFrame
        Table ``tier_contrasts``.
    level : float
        Years whose q-value is at most this have a filled marker.
    own_scale : sequence of str
        Indicators that are not in [0, 1] and get an axis of their own; all others share one.
    """
    from plotly.subplots import make_subplots

    drawn = contrasts[contrasts["median_difference"].notna()]
    present = [name for name in CONTRAST_INDICATORS if (drawn["indicator"] == name).any()]
    if not present:
        return None
    columns = min(3, len(present))
    rows = -(-len(present) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[labels.indicator(name) for name in present],
        horizontal_spacing=0.07,
        vertical_spacing=0.16,
    )
    figure.update_layout(layout(90 + 250 * rows, margin={"l": 60, "r": 10, "t": 36, "b": 50}))
    figure.update_annotations(font={"size": 14, "color": INK})
    shared = [index for index, name in enumerate(present) if name not in own_scale]
    # Plotly names the vertical axes y, y2, y3, ...; one that matched itself would be an endless loop.
    common = ("y" if shared[0] == 0 else f"y{shared[0] + 1}") if shared else None
    for index, name in enumerate(present):
        row, column = index // columns + 1, index % columns + 1
        _contrast_panel(figure, drawn[drawn["indicator"] == name].sort_values("year"), level, row, column)
        figure.update_yaxes(matches=common if index in shared[1:] else None, tickformat=".2~f", row=row, col=column)
        if column == 1:
            figure.update_yaxes(title_text="Input less upstream", row=row, col=column)
    years = year_axis(drawn["year"])
    figure.update_xaxes(**{**years, "dtick": 5, "tick0": 2000, "title": None}, showgrid=False)
    figure.update_xaxes(title_text="Year", row=rows)
    figure.add_hline(y=0, line={"color": INK, "width": 1}, row="all", col="all")
    return figure


def _contrast_panel(figure: Any, rows: pd.DataFrame, level: float, row: int, column: int) -> None:
    significant = (rows["q_value"] <= level).tolist()
    tested = ["no q: too few products" if pd.isna(q_value) else f"q = {q_value:.2g}" for q_value in rows["q_value"]]
    figure.add_scatter(
        x=rows["year"].tolist(),
        y=rows["median_difference"].tolist(),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (rows["median_difference_high"] - rows["median_difference"]).tolist(),
            "arrayminus": (rows["median_difference"] - rows["median_difference_low"]).tolist(),
            "thickness": 1.4,
            "width": 0,
            "color": BLUE,
        },
        mode="markers",
        marker={
            "size": 7,
            "color": [BLUE if is_so else PAPER for is_so in significant],
            "line": {"color": BLUE, "width": 1.4},
        },
        customdata=list(
            zip(*(rows[name].tolist() for name in ("mean_upstream", "mean_input", "n_countries")), tested, strict=True)
        ),
        hovertemplate=(
            "%{x}: median difference %{y:.3f}<br>mean upstream %{customdata[0]:.3f}, input %{customdata[1]:.3f}"
            "<br>%{customdata[2]} countries, %{customdata[3]}<extra></extra>"
        ),
        row=row,
        col=column,
    )
