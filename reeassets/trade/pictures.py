"""Pictures of the stage ``trade``."""

import pandas as pd

from reeassets.pictures import picture

_SHOWN = 12


def largest_traders(totals: pd.DataFrame) -> bytes:
    """Draw the largest countries of a year, exports and imports side by side; table ``country_totals`` in, PNG out."""
    traded = totals.assign(trade=totals["exports_kusd"].fillna(0.0) + totals["imports_kusd"].fillna(0.0))
    largest = traded.nlargest(_SHOWN, "trade").iloc[::-1]
    with picture(f"Largest traders, {totals['year'].iloc[0]}", "billion current US$", "") as drawn:
        places = range(len(largest))
        drawn.axes.barh([at + 0.2 for at in places], largest["exports_kusd"] / 1e6, 0.4, label="exports")
        drawn.axes.barh([at - 0.2 for at in places], largest["imports_kusd"] / 1e6, 0.4, label="imports")
        drawn.axes.set_yticks(list(places), largest["country"].tolist())
        drawn.axes.legend(fontsize=8, frameon=False)
    return drawn.png
