"""How figures look: colours, the layout they share, and where labels at the ends of lines go.

Colours are those of Okabe & Ito (2008) and of cividis, which readers with any common colour blindness can tell apart.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

INK, MUTED, GRID, PAPER = "#1f2933", "#5b6770", "#e3e7ea", "#ffffff"
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
STAGE_COLOURS = {"upstream": BLUE, "input": ORANGE, "final": GREEN}
DIVERGING = [[0.0, "#2166ac"], [0.5, "#f7f7f7"], [1.0, "#b35806"]]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LABEL_PX = 15


def layout(height: int, **changes: Any) -> dict[str, Any]:
    """Return the layout every figure starts from; ``changes`` are added to it.

    Parameters
    ----------
    height : int
        Height of the figure in pixels; the width is the reader's.
    """
    axis = {
        "gridcolor": GRID,
        "linecolor": MUTED,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13}},
    }
    template = {
        "layout": {
            "font": {"family": FONT, "size": 13, "color": INK},
            "paper_bgcolor": PAPER,
            "plot_bgcolor": PAPER,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": PAPER, "bordercolor": MUTED, "font": {"color": INK}, "align": "left"},
        }
    }
    return {
        "template": template,
        "height": height,
        "margin": {"l": 60, "r": 20, "t": 32, "b": 50},
        # Dragging would zoom, and on a touch screen keep the page from scrolling.
        "dragmode": False,
        "showlegend": False,
        **changes,
    }


def legend_above() -> dict[str, Any]:
    """Return a legend in one row above the plot."""
    return {
        "orientation": "h",
        "traceorder": "normal",
        "itemsizing": "constant",
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "font": {"size": 13},
    }


def year_axis(years: Iterable[int]) -> dict[str, Any]:
    """Return an axis of calendar years that shows whole years only."""
    shown = sorted(set(years))
    span = shown[-1] - shown[0]
    return {
        "title": {"text": "Year"},
        "dtick": 1 if span <= 8 else 2 if span <= 20 else 5,
        "tick0": shown[0],
        "tickformat": "d",
        "range": [shown[0] - 0.4, shown[-1] + 0.4],
    }


def spread_labels(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart until neighbours are at least ``gap`` away from each other, and no further than needed.

    Parameters
    ----------
    values : sequence of float, length n
        Where the labels would be, in any order.
    gap : float
        Least distance, in the same unit.
    low, high : float
        Ends of the axis: plotly leaves out a label beyond them.

    Returns
    -------
    list of float, length n
        Where to put them, in the order given: the positions nearest to ``values`` in least squares.

    Raises
    ------
    ValueError
        If there is no room for so many labels.
    """
    from scipy.optimize import isotonic_regression

    room = high - low - gap * (len(values) - 1)
    if room < 0:
        raise ValueError(f"{len(values)} labels {gap:g} apart do not fit between {low:g} and {high:g}")
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(order))
    nearest = isotonic_regression(np.asarray(values, dtype=float)[order] - steps).x
    placed = np.empty(len(order))
    # Once the gaps are taken out, both ends bound every label alike, so that clipping keeps the solution optimal.
    placed[order] = np.clip(nearest, low, low + room) + steps
    return [float(place) for place in placed]


def colours_of(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """Give a member the same colour in every group, and two members of one group different ones.

    Parameters
    ----------
    groups : sequence of sequences of str
        What is drawn together; no group larger than :data:`SERIES`.

    Raises
    ------
    ValueError
        If a group has more members than there are colours.
    """
    colours: dict[str, str] = {}
    for group in groups:
        taken = {colours[member] for member in group if member in colours}
        free = [colour for colour in SERIES if colour not in taken]
        new = [member for member in group if member not in colours]
        if len(new) > len(free):
            raise ValueError(f"{len(group)} series are more than the {len(SERIES)} colours that can be told apart")
        colours.update(zip(new, free, strict=False))
    return colours


def cluster_colours(numbers: Iterable[int]) -> dict[int, str]:
    """Return a colour for each cluster number, dark to light: clusters are numbered from low risk to high."""
    from plotly.colors import sample_colorscale

    ordered = sorted(set(numbers))
    places = [index / max(len(ordered) - 1, 1) for index in range(len(ordered))]
    return dict(zip(ordered, sample_colorscale("Cividis", places), strict=True))


def text_on(colour: str) -> str:
    """Return ink or paper, whichever reads better on an ``rgb(r, g, b)`` colour (relative luminance)."""
    red, green, blue = (float(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return INK if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.2 else PAPER


def plain(text: object) -> str:
    """Return text that plotly shows as it is: its labels understand a little HTML."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(text: str, width: int = 34) -> str:
    """Return plain text broken into lines of at most ``width`` characters where it has spaces."""
    import textwrap

    return "<br>".join(plain(line) for line in textwrap.wrap(text, width))
