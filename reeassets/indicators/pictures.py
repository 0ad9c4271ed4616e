"""Pictures of the stage ``indicators``."""

import pandas as pd

from reeassets.pictures import picture

SHOWN = ("exposure", "supplier_concentration", "systemic_trade_risk")


def contrasts_over_years(contrasts: pd.DataFrame) -> bytes:
    """Draw the effect of being an input product over the years; table ``tier_contrasts`` in, PNG out."""
    with picture("Input against upstream products", "year", "rank-biserial, positive: higher in inputs") as drawn:
        for name in SHOWN:
            rows = contrasts[contrasts["indicator"] == name]
            low, high = rows["rank_biserial_low"].astype(float), rows["rank_biserial_high"].astype(float)
            drawn.axes.plot(rows["year"], rows["rank_biserial"].astype(float), label=name)
            drawn.axes.fill_between(rows["year"], low, high, alpha=0.15)
        drawn.axes.axhline(0, color="grey", linewidth=0.8)
        drawn.axes.legend(fontsize=8, frameon=False)
    return drawn.png
