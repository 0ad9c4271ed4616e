"""Every registered indicator over the years: one panel each, drawn from what the indicator says of itself."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reeassets.indicators.contract import Indicator
from reeassets.report import labels
from reeassets.report.style import INK, STAGE_COLOURS, layout, legend_above, plain, wrapped, year_axis
from reeassets.settings import STAGES

COLUMNS = 3
QUARTILES = (0.25, 0.5, 0.75)


def indicator_panels(country_indicators: pd.DataFrame, indicators: Sequence[Indicator]) -> Any | None:
    """Draw the median over countries of each indicator by stage and year, with its middle half.

    Parameters
    ----------
    country_indicators : DataFrame
        The table of that name.
    indicators : sequence of Indicator
        Which, in the order of the panels; a registered indicator of another package has its panel like any other.
    """
    from plotly.subplots import make_subplots

    if country_indicators.empty or not indicators:
        return None
    rows = -(-len(indicators) // COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        subplot_titles=[plain(labels.indicator(indicator.name)) for indicator in indicators],
        horizontal_spacing=0.08,
        vertical_spacing=0.3 / rows,
    )
    figure.update_layout(
        layout(90 + 210 * rows, margin={"l": 60, "r": 10, "t": 70, "b": 50}, showlegend=True, legend=legend_above())
    )
    figure.update_annotations(font={"size": 14, "color": INK})
    figure.update_layout(legend_y=1 + 40 / (210 * rows))
    for index, indicator in enumerate(indicators):
        _panel(figure, country_indicators, indicator, index // COLUMNS + 1, index % COLUMNS + 1, first=index == 0)
        unit = "" if indicator.unit == "1" else indicator.unit
        figure.update_yaxes(title_text=plain(unit.capitalize()), row=index // COLUMNS + 1, col=index % COLUMNS + 1)
    years = year_axis(country_indicators["year"])
    figure.update_xaxes(**{**years, "dtick": 5, "tick0": 2000, "title": None}, showgrid=False)
    figure.update_xaxes(title_text="Year", row=rows)
    return figure


def _panel(
    figure: Any, country_indicators: pd.DataFrame, indicator: Indicator, row: int, column: int, *, first: bool
) -> None:
    """Draw a band from the lower to the upper quartile and a line at the median, for each stage."""
    quartiles = (
        country_indicators.groupby(["stage", "year"])[indicator.name].quantile(list(QUARTILES)).unstack().dropna()
    )
    for stage in STAGES:
        if stage not in quartiles.index.get_level_values("stage"):
            continue
        of_stage, colour = quartiles.loc[stage], STAGE_COLOURS[stage]
        years = of_stage.index.tolist()
        low, middle, high = (of_stage[share].tolist() for share in QUARTILES)
        figure.add_scatter(
            x=[*years, *years[::-1]],
            y=[*high, *low[::-1]],
            fill="toself",
            fillcolor=colour,
            opacity=0.15,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=stage,
            row=row,
            col=column,
        )
        figure.add_scatter(
            x=years,
            y=middle,
            mode="lines+markers",
            name=f"{stage} products",
            legendgroup=stage,
            showlegend=first,
            line={"color": colour, "width": 2},
            marker={"size": 4},
            customdata=list(zip(low, high, strict=True)),
            hovertemplate=f"{stage}, %{{x}}: median %{{y:.3~g}}, middle half %{{customdata[0]:.3~g}} to "
            f"%{{customdata[1]:.3~g}} ({plain(indicator.unit)})<br>{wrapped(indicator.direction, 50)}<extra></extra>",
            row=row,
            col=column,
        )
