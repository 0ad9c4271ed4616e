"""One dated measure: how outcomes of exposed importers moved in the years around it, one panel per outcome."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reeassets.models.event_panel import OUTCOMES
from reeassets.models.event_study import ALL_PRODUCTS, NOT_TESTABLE, PRE_TREND
from reeassets.report.style import GRID, INK, MUTED, SERIES, layout, legend_above, plain

# The measure and the products that are shown, where they can be tested.
MEASURE = "export_quotas_2010"
PRODUCTS = ("284690", "280530")
COLUMNS = 2
TITLES = {
    "log_imports": "Imports (log)",
    "log_unit_value": "Unit value (log US$ per kg)",
    "rsca": "Symmetric RCA",
    "import_share": "Share from the restricting country",
}
_APART = 0.14


def shown_events(events: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``event_study`` that are drawn.

    Those of :data:`MEASURE` and :data:`PRODUCTS`; of a measure without these products, its products together. Where
    that measure has nothing tested, the first by name that has. Outcomes without a test are left out.
    """
    tested = events[events["verdict"] != NOT_TESTABLE]
    if tested.empty:
        return tested
    names = sorted(tested["measure"].unique())
    rows = tested[tested["measure"] == (MEASURE if MEASURE in names else names[0])]
    preferred = rows[rows["product"].isin(PRODUCTS)]
    # "all" comes behind every code.
    return preferred if len(preferred) else rows[rows["product"] == rows["product"].max()]


def event_panels(rows: pd.DataFrame) -> Any | None:
    """Draw coefficients and their intervals by year relative to the measure.

    Parameters
    ----------
    rows : DataFrame
        From :func:`shown_events`.
    """
    from plotly.subplots import make_subplots

    if rows.empty:
        return None
    outcomes = [outcome for outcome in OUTCOMES if (rows["outcome"] == outcome).any()]
    products = _products(rows)
    count = -(-len(outcomes) // COLUMNS)
    figure = make_subplots(
        rows=count,
        cols=COLUMNS,
        subplot_titles=[_title(rows[rows["outcome"] == outcome], products) for outcome in outcomes],
        horizontal_spacing=0.1,
        vertical_spacing=0.34 / count,
    )
    height = 120 + 260 * count
    figure.update_layout(
        layout(height, margin={"l": 60, "r": 10, "t": 100, "b": 50}, showlegend=True, legend=legend_above())
    )
    figure.update_layout(legend_y=1 + 62 / (height - 150))
    figure.update_annotations(font={"size": 13, "color": INK})
    for place, outcome in enumerate(outcomes):
        at = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        for order, product in enumerate(products):
            of_product = rows[(rows["outcome"] == outcome) & (rows["product"] == product)]
            figure.add_scatter(**_trace(of_product, product, order, first=place == 0), **at)
        figure.add_hline(y=0, line={"color": MUTED, "width": 1}, **at)
        figure.add_vline(x=-0.5, line={"color": MUTED, "width": 1, "dash": "dot"}, **at)
    figure.update_xaxes(dtick=1, gridcolor=GRID, title_text="Years after the measure")
    figure.update_yaxes(title_text="Change", col=1)
    return figure


def verdicts(rows: pd.DataFrame) -> str:
    """Return the caution of the figure: which outcomes went another way before the measure; empty if none did."""
    ahead = rows[rows["verdict"] == PRE_TREND].drop_duplicates(["product", "outcome"])
    said = [f"{row['outcome']} of {row['product']}" for row in ahead.to_dict("records")]
    return f"went another way before the measure, so that no effect can be told: {', '.join(said)}" if said else ""


def _products(rows: pd.DataFrame) -> list[str]:
    there = set(rows["product"])
    return [product for product in (*PRODUCTS, *sorted(there - set(PRODUCTS))) if product in there]


def _title(rows: pd.DataFrame, products: Sequence[str]) -> str:
    """Return the outcome, and what was found for each product below it."""
    found = rows.drop_duplicates("product").set_index("product")["verdict"]
    said = [f"{plain(_name(product))}: {found[product]}" for product in products if product in found.index]
    return f"<b>{TITLES[rows['outcome'].iloc[0]]}</b><br>{'; '.join(said)}"


def _name(product: str) -> str:
    return "all products" if product == ALL_PRODUCTS else product


def _trace(rows: pd.DataFrame, product: str, order: int, *, first: bool) -> dict[str, Any]:
    ordered = rows.sort_values("relative_year")
    middle = ordered["coefficient"]
    ends = [[None if pd.isna(value) else float(value) for value in ordered[end]] for end in ("ci_low", "ci_high")]
    reach = {
        "array": (ordered["ci_high"] - middle).fillna(0.0).tolist(),
        "arrayminus": (middle - ordered["ci_low"]).fillna(0.0).tolist(),
    }
    colour = SERIES[order % len(SERIES)]
    return {
        "x": (ordered["relative_year"] + _APART * order).tolist(),
        "y": middle.tolist(),
        "error_y": {"type": "data", "symmetric": False, "thickness": 1.2, "width": 0, "color": colour, **reach},
        "mode": "lines+markers",
        "name": plain(_name(product)),
        "legendgroup": product,
        "showlegend": first,
        "line": {"color": colour, "width": 1.5},
        "marker": {"size": 6},
        "customdata": list(zip(ordered["relative_year"].tolist(), *ends, strict=True)),
        "hovertemplate": f"{plain(_name(product))}, year %{{customdata[0]}}: %{{y:.2f}} "
        "(%{customdata[1]:.2f} to %{customdata[2]:.2f})<extra></extra>",
    }
