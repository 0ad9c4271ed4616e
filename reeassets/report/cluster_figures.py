"""Figures of the clusters: what they are like, and which country is in which of them when."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reeassets.clusters.features import FEATURE_INDICATORS
from reeassets.report import labels
from reeassets.report.style import DIVERGING, cluster_colours, layout, plain, wrapped, year_axis
from reeassets.settings import STAGES

# Standardised means beyond this many standard deviations are drawn in the last colour.
COLOUR_LIMIT = 2.5


def cluster_profiles(profiles: pd.DataFrame) -> Any | None:
    """Draw the standardised mean of each feature in each cluster as a heat map.

    Parameters
    ----------
    profiles : DataFrame
        Table ``cluster_profiles``.
    """
    import plotly.graph_objects as go

    if profiles.empty:
        return None
    present = set(profiles["feature"])
    features = [(stage, name) for stage in STAGES for name in FEATURE_INDICATORS if f"{stage}_{name}" in present]
    wide = profiles.pivot(index="cluster", columns="feature", values="standardised_mean").sort_index()
    means = profiles.pivot(index="cluster", columns="feature", values="mean").sort_index()
    order = [f"{stage}_{name}" for stage, name in features]
    of_cluster = profiles.drop_duplicates("cluster").set_index("cluster").loc[wide.index]
    figure = go.Figure(layout=layout(150 + 58 * len(wide), margin={"l": 60, "r": 10, "t": 32, "b": 70}))
    figure.add_heatmap(
        x=[
            [f"{stage} products" for stage, _ in features],
            [wrapped(labels.indicator(name), 13) for _, name in features],
        ],
        y=[f"<b>{number}</b>  {wrapped(str(name), 22)}" for number, name in of_cluster["cluster_name"].items()],
        z=wide[order].to_numpy().tolist(),
        zmin=-COLOUR_LIMIT,
        zmax=COLOUR_LIMIT,
        colorscale=DIVERGING,
        xgap=2,
        ygap=2,
        text=[[_signed(value) for value in row] for row in wide[order].to_numpy()],
        texttemplate="%{text}",
        customdata=means[order].to_numpy().tolist(),
        hovertemplate="%{y}<br>%{x}<br>%{z:+.2f} standard deviations, mean %{customdata:.3g}<extra></extra>",
        # The numbers are in the cells.
        showscale=False,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False, showdividers=False, tickangle=0, tickfont={"size": 11})
    return figure


def _signed(value: float) -> str:
    rounded = round(float(value), 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def cluster_paths(clusters: pd.DataFrame, countries: Sequence[str], names: Mapping[str, str]) -> Any | None:
    """Draw the cluster of each of some countries in each year; years in which one is not ranked stay blank.

    Parameters
    ----------
    clusters : DataFrame
        Table ``country_clusters``.
    countries : sequence of str
        Whom to draw, from the top.
    names : mapping of str to str
        By country code.
    """
    import plotly.graph_objects as go

    ranked = clusters[clusters["cluster"].notna()]
    chosen = ranked[ranked["country"].isin(countries)]
    if chosen.empty:
        return None
    colours = cluster_colours(int(number) for number in ranked["cluster"].unique())
    numbers = list(colours)
    wide = chosen.pivot(index="country", columns="year", values="cluster").astype("float64")
    wide = wide.reindex(index=list(countries), columns=sorted(clusters["year"].unique()))
    steps = len(numbers)
    place = {number: index for index, number in enumerate(numbers)}
    scale = [[edge / steps, colours[number]] for number in numbers for edge in (place[number], place[number] + 1)]
    figure = go.Figure(layout=layout(110 + 21 * len(wide), margin={"l": 60, "r": 10, "t": 32, "b": 50}))
    figure.add_heatmap(
        x=wide.columns.tolist(),
        y=[plain(names.get(code, code)) for code in wide.index],
        z=[[None if pd.isna(value) else place[int(value)] for value in row] for row in wide.to_numpy()],
        text=[["" if pd.isna(value) else str(int(value)) for value in row] for row in wide.to_numpy()],
        texttemplate="%{text}",
        textfont={"size": 11},
        zmin=-0.5,
        zmax=steps - 0.5,
        colorscale=scale,
        showscale=False,
        xgap=1.5,
        ygap=1.5,
        hoverongaps=False,
        hovertemplate="%{y}, %{x}: cluster %{text}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    years = year_axis(int(year) for year in wide.columns)
    figure.update_xaxes(**{**years, "range": [wide.columns[0] - 0.5, wide.columns[-1] + 0.5]}, showgrid=False)
    return figure
