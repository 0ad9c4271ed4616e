"""Pictures of the validation of links."""

import numpy as np
import pandas as pd

from reeassets.pictures import picture

_BARS = 20


def p_value_picture(p_values: pd.Series) -> bytes:
    """Draw the p-values of pairs that nobody proposed, beside the line they would follow if no product shared anything.

    Parameters
    ----------
    p_values : Series
        In (0,1].

    Returns
    -------
    bytes
        PNG.
    """
    with picture("p-values of pairs nobody proposed", "p-value", "number of pairs") as drawn:
        drawn.axes.hist(p_values, bins=np.linspace(0, 1, _BARS + 1).tolist(), color="#3b82c4", edgecolor="white")
        drawn.axes.axhline(len(p_values) / _BARS, color="#b91c1c", linewidth=1, linestyle="--", label="uniform")
        drawn.axes.legend(frameon=False, fontsize=8)
    return drawn.png
