"""Figure of the what-if scenarios: which countries lose which share of their supply in each of them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reeassets.report.style import BLUE, PAPER, layout, plain, wrapped
from reeassets.shocks.impacts import aggregate

# The countries with the largest losses in US$ over all scenarios together.
COUNTRIES = 12


def scenario_losses(scenarios: pd.DataFrame, impacts: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of each country in the products that a scenario cuts.

    Parameters
    ----------
    scenarios, impacts : DataFrame
        Tables ``shock_scenarios`` and ``shock_impacts``.

    Returns
    -------
    DataFrame
        Columns of :func:`reeassets.shocks.impacts.aggregate` by ``scenario`` and ``country``.
    """
    cut = scenarios.assign(product=scenarios["products"].str.split(","))[["scenario", "product"]].explode("product")
    return aggregate(impacts.merge(cut, on=["scenario", "product"]), ["scenario", "country"])


def shock_losses(scenarios: pd.DataFrame, impacts: pd.DataFrame, names: Mapping[str, str]) -> Any | None:
    """Draw the share of supply that the most affected countries lose in each scenario as a heat map.

    Parameters
    ----------
    scenarios, impacts : DataFrame
        Tables ``shock_scenarios`` and ``shock_impacts``.
    names : mapping of str to str
        Names of countries by code.
    """
    import plotly.graph_objects as go

    found = scenario_losses(scenarios, impacts)
    total = found.groupby("country")["loss_kusd"].sum()
    worst = [str(country) for country in sorted(total.index, key=lambda code: (-total[code], code))[:COUNTRIES]]
    solved = scenarios[scenarios["scenario"].isin(found["scenario"])].sort_values(["built_in", "scenario"])
    if solved.empty or not total.max() > 0:
        return None
    wide = {
        column: found.pivot(index="scenario", columns="country", values=column).reindex(
            index=solved["scenario"], columns=worst
        )
        for column in ("loss", "loss_kusd")
    }
    figure = go.Figure(layout=layout(120 + 52 * len(solved), margin={"l": 60, "r": 10, "t": 32, "b": 70}))
    figure.add_heatmap(
        x=[wrapped(names.get(code, code), 12) for code in worst],
        y=_labels(solved, names),
        z=[[None if pd.isna(value) else value for value in row] for row in wide["loss"].to_numpy()],
        zmin=0,
        zmax=1,
        colorscale=[[0.0, PAPER], [1.0, BLUE]],
        xgap=2,
        ygap=2,
        text=[["" if pd.isna(value) else f"{value:.0%}" for value in row] for row in wide["loss"].to_numpy()],
        texttemplate="%{text}",
        customdata=(wide["loss_kusd"] / 1e3).to_numpy().tolist(),
        hoverongaps=False,
        hovertemplate="%{x}<br>%{y}<br>%{text} of supply, %{customdata:,.1f} million US$<extra></extra>",
        # The numbers are in the cells.
        showscale=False,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False, tickangle=0, tickfont={"size": 11})
    return figure


def _labels(scenarios: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return what each scenario is called, with its name where two would be called the same."""
    labels = [_label(row, names) for row in scenarios.to_dict("records")]
    # Plotly makes one row of equal labels, and puts its numbers into the rows of others.
    return [
        f"{label}, {plain(scenario)}" if labels.count(label) > 1 else label
        for label, scenario in zip(labels, scenarios["scenario"], strict=True)
    ]


def _label(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    suppliers = ", ".join(names.get(code, code) for code in row["suppliers"].split(","))
    return f"{wrapped(row['title'], 44)}<br><b>{plain(suppliers)}</b>, {row['year']}"
