"""Small pictures for Dagster's pages: a PNG each, made with matplotlib."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _DPI = "#334155", 110


class Picture:
    """A picture in the making: draw on ``axes``, then read ``png``."""

    def __init__(self, axes: "Axes"):
        self.axes = axes
        self.png = b""


@contextmanager
def picture(title: str, x: str, y: str, *, width: float = 5.0, height: float = 3.2) -> Iterator[Picture]:
    """Draw one picture: yields it with titled axes, and fills ``png`` when the block ends.

    Parameters
    ----------
    title, x, y : str
        Title and labels of the axes, with units.
    width, height : float
        In inches at 110 dots each.
    """
    # The figure is never shown and no global state is touched: runs in several threads may draw at once.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10, color=_INK, loc="left")
    axes.set_xlabel(x, fontsize=9, color=_INK)
    axes.set_ylabel(y, fontsize=9, color=_INK)
    axes.tick_params(labelsize=8, colors=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    drawn = Picture(axes)
    yield drawn
    out = io.BytesIO()
    # Without the version in the file the same picture has the same bytes.
    canvas.print_png(out, metadata={"Software": None})
    drawn.png = out.getvalue()
