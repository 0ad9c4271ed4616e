"""Controls as restricted cubic splines, and whether a pair exports: for samples that hold pairs without exports."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.sample import CONTROLS

Floats = NDArray[np.float64]

# Where four knots go (Harrell 2015, Regression Modeling Strategies, table 2.3).
KNOTS = (0.05, 0.35, 0.65, 0.95)
NO_EXPORTS = "no_exports"


def restricted_cubic(values: Floats, knots: Sequence[float]) -> Floats:
    """Return the nonlinear columns of a restricted cubic spline: cubic between the knots, linear beyond the outer ones.

    With the values themselves and a constant they span all such functions (Harrell 2015, section 2.4.5).

    Parameters
    ----------
    values : ndarray, shape (n,)
    knots : sequence of float, length k
        Ascending, different.

    Returns
    -------
    ndarray, shape (n, k - 2)
        None at all with fewer than three knots.
    """
    count = len(knots)
    if count < 3:
        return np.empty((len(values), 0))
    at = np.asarray(knots, dtype=float)
    cubes = np.maximum(values[:, None] - at, 0.0) ** 3
    before, last = at[-2], at[-1]
    gap = last - before
    columns = (cubes[:, :-2] - cubes[:, [-2]] * (last - at[:-2]) / gap + cubes[:, [-1]] * (before - at[:-2]) / gap) / (
        last - at[0]
    ) ** 2
    return np.asarray(columns)


def with_splines(panel: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the panel with the columns of splines of its controls and of having no exports, and their names.

    Knots are quantiles over the rows with exports, since all others share one value of the index and of exports; equal
    ones are one knot.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.

    Returns
    -------
    panel : DataFrame
    names : tuple of str
        The columns that were added.
    """
    exports = panel["log1p_exports"] > 0
    columns: dict[str, Floats] = {}
    for control in CONTROLS:
        values = panel[control].to_numpy(dtype=float)
        known = values[exports.to_numpy() & ~np.isnan(values)]
        knots = np.unique(np.quantile(known, KNOTS)).tolist() if len(known) else []
        for number, column in enumerate(restricted_cubic(values, knots).T, start=1):
            columns[f"{control} spline {number}"] = column
    columns[NO_EXPORTS] = (~exports).to_numpy(dtype=float)
    return panel.assign(**columns), tuple(columns)
