"""The layered diagram of the links into one product: its inputs, and the inputs of those.

Drawn from shapes rather than as plotly's own flow diagram, whose ribbons cross where they need not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reeassets.report import labels
from reeassets.report.style import BLUE, INK, STAGE_COLOURS, layout, plain, wrapped

# Ribbons narrower than this share are not drawn: they would be hairlines.
SMALLEST = 0.01
LAYERS = 2
NODE_WIDTH = 0.012
# Where the layers stand, from the product leftwards, by the number of layers of inputs.
PLACES = {1: (0.78, 0.0), 2: (0.8, 0.4, 0.0)}
GAP = 0.035
RIBBON = "rgba(91, 103, 112, 0.22)"


@dataclass(frozen=True)
class Ribbon:
    """A link on its way to the product.

    Attributes
    ----------
    layer : int
        Layer of the input: 1 for the product's own inputs, 2 for theirs.
    source, target : str
        Product codes of input and output.
    share : float
        Product of the weights from here to the end.
    """

    layer: int
    source: str
    target: str
    share: float


def ribbons_into(links: pd.DataFrame, product: str) -> list[Ribbon]:
    """Return the links into a product and into its inputs.

    Parameters
    ----------
    links : DataFrame of (input, output, in_network, weight)
        Table ``io_links``. The weights of one output's inputs sum to 1.
    product : str
        The product at the end.

    Returns
    -------
    list of Ribbon
        By layer and output; the widest first, equal ones by code. Shares below :data:`SMALLEST` are left out.
    """
    inside = links[links["in_network"] & (links["weight"] > 0)]
    ordered = inside.sort_values(["weight", "input"], ascending=[False, True], kind="stable")
    found: list[Ribbon] = []
    ends = [(product, 1.0)]
    for layer in range(1, LAYERS + 1):
        new = [
            Ribbon(layer, str(source), end, share * float(weight))
            for end, share in ends
            for source, weight in ordered.loc[ordered["output"] == end, ["input", "weight"]].itertuples(index=False)
            if share * float(weight) >= SMALLEST
        ]
        found += new
        ends = [(ribbon.source, ribbon.share) for ribbon in new]
    return found


def links_into(links: pd.DataFrame, product: str, names: Mapping[str, str]) -> Any | None:
    """Draw the links into a product, as ribbons as wide as their share; None if there are none.

    Parameters
    ----------
    links, product
        As in :func:`ribbons_into`.
    names : mapping of str to str
        Descriptions by product code.
    """
    import plotly.graph_objects as go

    ribbons = ribbons_into(links, product)
    if not ribbons:
        return None
    nodes = _nodes(ribbons, product)
    boxes = _boxes(nodes)
    x = PLACES[max(layer for layer, _ in nodes)]
    deepest = max(sum(1 for layer, _ in nodes if layer == depth) for depth in range(len(x)))
    figure = go.Figure(layout=layout(max(280, 46 * deepest + 50), margin={"l": 8, "r": 8, "t": 32, "b": 8}))
    leaving = {node: top for node, (top, _) in boxes.items()}
    arriving = dict(leaving)
    scale = (boxes[0, product][0] - boxes[0, product][1]) / nodes[0, product]
    for ribbon in ribbons:
        source, target = (ribbon.layer, ribbon.source), (ribbon.layer - 1, ribbon.target)
        width = ribbon.share * scale
        ends = (x[ribbon.layer] + NODE_WIDTH, leaving[source]), (x[ribbon.layer - 1], arriving[target])
        figure.add_shape(type="path", path=_path(*ends, width), fillcolor=RIBBON, line={"width": 0}, layer="below")
        leaving[source] -= width
        arriving[target] -= width
    for (layer, code), (top, bottom) in boxes.items():
        colour = BLUE if layer else STAGE_COLOURS["input"]
        corners = {"x0": x[layer], "x1": x[layer] + NODE_WIDTH, "y0": bottom, "y1": top}
        figure.add_shape(type="rect", **corners, fillcolor=colour, line={"width": 0})
        name = labels.short_description(names.get(code, ""), 24 if layer else labels.SHORT)
        text = (
            f"{plain(f'{code} {name}'.strip())} <b>{nodes[layer, code]:.0%}</b>"
            if layer
            else wrapped(f"{code} {name}", 20)
        )
        figure.add_annotation(
            x=x[layer] + NODE_WIDTH + 0.005, y=(top + bottom) / 2, text=text, xanchor="left", align="left",
            showarrow=False, font={"size": 12, "color": INK},
        )  # fmt: skip
    _hover(figure, boxes, x, names)
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden)
    return figure


Node = tuple[int, str]


def _nodes(ribbons: list[Ribbon], product: str) -> dict[Node, float]:
    """Return the share that leaves each (layer, product), in the order of drawing; that of the product is 1."""
    nodes = {(0, product): sum(ribbon.share for ribbon in ribbons if ribbon.layer == 1)}
    for ribbon in ribbons:
        node = (ribbon.layer, ribbon.source)
        nodes[node] = nodes.get(node, 0.0) + ribbon.share
    return nodes


def _boxes(nodes: Mapping[Node, float]) -> dict[Node, tuple[float, float]]:
    """Return top and bottom of each node: every layer stacked from above and centred, all to one scale."""
    by_layer: dict[int, list[Node]] = {}
    for node in nodes:
        by_layer.setdefault(node[0], []).append(node)
    scale = min((1 - GAP * (len(layer) - 1)) / sum(nodes[node] for node in layer) for layer in by_layer.values())
    boxes = {}
    for layer in by_layer.values():
        used = sum(nodes[node] for node in layer) * scale + GAP * (len(layer) - 1)
        top = (1 + used) / 2
        for node in layer:
            boxes[node] = (top, top - nodes[node] * scale)
            top = boxes[node][1] - GAP
    return boxes


def _path(start: tuple[float, float], end: tuple[float, float], width: float) -> str:
    """Return the outline of a ribbon whose upper edge runs from start to end."""
    (x0, y0), (x1, y1) = start, end
    middle = (x0 + x1) / 2
    numbers = (
        x0,
        y0,
        middle,
        y0,
        middle,
        y1,
        x1,
        y1,
        x1,
        y1 - width,
        middle,
        y1 - width,
        middle,
        y0 - width,
        x0,
        y0 - width,
    )
    return "M {},{} C {},{} {},{} {},{} L {},{} C {},{} {},{} {},{} Z".format(*(f"{value:.5f}" for value in numbers))


def _hover(
    figure: Any, boxes: Mapping[Node, tuple[float, float]], x: tuple[float, ...], names: Mapping[str, str]
) -> None:
    """Show the whole description of a product where the pointer is on its node."""
    figure.add_scatter(
        x=[x[layer] + NODE_WIDTH / 2 for layer, _ in boxes],
        y=[(top + bottom) / 2 for top, bottom in boxes.values()],
        mode="markers",
        marker={"size": 22, "opacity": 0},
        text=[wrapped(f"{code} {names.get(code, '')}", 60) for _, code in boxes],
        hovertemplate="%{text}<extra></extra>",
    )
