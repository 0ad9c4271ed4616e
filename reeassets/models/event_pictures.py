"""Pictures of the event study: one per measure, for Dagster's pages."""

import pandas as pd

from reeassets.models.event_panel import OUTCOMES
from reeassets.models.event_study import NOT_TESTABLE
from reeassets.pictures import picture

_APART = 0.15


def measure_pictures(events: pd.DataFrame) -> dict[str, bytes]:
    """Draw each measure that has a tested outcome: table ``event_study`` in, PNG out by measure.

    Shown are the regressions over all products of the measure together, outcomes beside each other.
    """
    tested = events[events["verdict"] != NOT_TESTABLE]
    return {str(name): _picture(str(name), _widest(rows)) for name, rows in tested.groupby("measure", sort=True)}


def _widest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows over all products; of a measure with one product, or none together, those of the first."""
    # "all" comes behind every code.
    return rows[rows["product"] == rows["product"].max()]


def _picture(name: str, rows: pd.DataFrame) -> bytes:
    product = rows["product"].iloc[0]
    with picture(f"{name}, {product}", "years after the measure", "change, full exposure against none") as drawn:
        for place, outcome in enumerate(one for one in OUTCOMES if (rows["outcome"] == one).any()):
            shown = rows[rows["outcome"] == outcome].sort_values("relative_year")
            middle = shown["coefficient"]
            reach = [(middle - shown["ci_low"]).fillna(0.0), (shown["ci_high"] - middle).fillna(0.0)]
            label = f"{outcome}: {shown['verdict'].iloc[0]}"
            drawn.axes.errorbar(
                shown["relative_year"] + _APART * place,
                middle,
                yerr=reach,
                label=label,
                marker="o",
                markersize=3,
                lw=0.9,
            )
        drawn.axes.axhline(0, color="grey", linewidth=0.8)
        drawn.axes.axvline(-0.5, color="grey", linewidth=0.8, linestyle=":")
        drawn.axes.legend(fontsize=7, frameon=False, loc="upper left")
    return drawn.png
