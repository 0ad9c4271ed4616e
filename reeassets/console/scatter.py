"""A scatter of countries in plain text."""

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _NAMED = 64, 18, 12


def text_scatter(
    horizontal: NDArray[np.float64], vertical: NDArray[np.float64], names: list[str], *, x: str, y: str
) -> str:
    """Draw points as text; those farthest from the middle are named.

    Parameters
    ----------
    horizontal, vertical : ndarray, shape (n,)
        Coordinates; the axes cross at 0.
    names : list of str
        Name of each point, three letters.
    x, y : str
        Labels of the axes.

    Returns
    -------
    str
        Lines of text.
    """
    grid = [[" "] * (_WIDTH + 3) for _ in range(_HEIGHT)]
    for row in grid:
        row[_WIDTH // 2] = "|"
    grid[_HEIGHT // 2] = ["-"] * (_WIDTH + 3)
    reach_x, reach_y = (max(float(np.abs(values).max(initial=0.0)), 1e-12) for values in (horizontal, vertical))
    columns = np.round((horizontal / reach_x + 1) / 2 * (_WIDTH - 1)).astype(int)
    rows = np.round((1 - vertical / reach_y) / 2 * (_HEIGHT - 1)).astype(int)
    for column, row in zip(columns, rows, strict=True):
        grid[row][column] = "·"
    farthest = np.argsort(-np.hypot(horizontal / reach_x, vertical / reach_y), kind="stable")[:_NAMED]
    for place in farthest[::-1]:
        grid[rows[place]][columns[place] : columns[place] + 3] = list(names[place][:3])
    return "\n".join([f"  {y}, upwards", *("  " + "".join(row).rstrip() for row in grid), f"  {x}"])
