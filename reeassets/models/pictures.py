"""Pictures of the stage ``models``."""

import pandas as pd

from reeassets.pictures import picture

TERMS = ("exposure", "supplier_concentration", "risk")


def specification_curve(models: pd.DataFrame) -> bytes:
    """Draw the estimates of the main terms in the curve in order of size; table ``rca_models`` in, PNG out."""
    with picture("Specification curve", "specification, by size", "coefficient per standard deviation") as drawn:
        for term in TERMS:
            rows = models[(models["term"] == term) & (models["model"] == "rca_growth") & models["in_curve"]]
            values = rows["coefficient"].dropna().sort_values(ignore_index=True)
            drawn.axes.plot(values.index, values, marker=".", markersize=3, linewidth=0, label=term)
        drawn.axes.axhline(0, color="grey", linewidth=0.8)
        drawn.axes.legend(fontsize=8, frameon=False)
    return drawn.png
