"""What the page says of the benchmark: where the EU as one buyer and the USA are above it."""

from collections.abc import Mapping

import pandas as pd

from reeassets.report.summaries import Row, count, number, percent
from reeassets.trade.economies import EU27_CODE, EU27_NAME

BUYERS = (EU27_CODE, "USA")
# Products shown of each buyer, those with the largest imports.
SHOWN = 12
ACT = 0.65


def benchmark(threshold: float) -> str:
    """Return the benchmark in words; another one than the Act's is said to be that."""
    act = f"EU Critical Raw Materials Act benchmark of {100 * ACT:.0f} %"
    return act if threshold == ACT else f"benchmark of {100 * threshold:g} % (in place of the {act})"


def dependence_rows(
    monitor: pd.DataFrame, countries: Mapping[str, str], products: Mapping[str, str], threshold: float
) -> list[Row]:
    """Return one row per buyer with imports in the last year: a sentence, and its products above the benchmark.

    Parameters
    ----------
    monitor : DataFrame
        Table ``dependency_monitor``.
    countries, products : mapping of str to str
        Names by code; products are those of the set.
    threshold : float
        The setting ``dependency_threshold``.
    """
    own = monitor[(monitor["year"] == monitor["year"].max()) & monitor["product"].isin(products)]
    names = {**countries, EU27_CODE: EU27_NAME}
    made = []
    for buyer in BUYERS:
        bought = own[own["country"] == buyer]
        if bought.empty:
            continue
        above = bought[bought["above"].fillna(value=False)].sort_values("imports_kusd", ascending=False)
        value = percent(above["imports_kusd"].sum() / bought["imports_kusd"].sum())
        said = f"{names[buyer]} in {own['year'].iloc[0]}: {len(above)} of {count(len(bought), 'product')} above the "
        rows = [
            {
                "product": f"{row['product']}: {products[row['product']]}",
                "imports": number(row["imports_kusd"] / 1e3),
                "supplier": names[row["supplier"]],
                "share": percent(row["ultimate_share"]),
                "bounds": f"{percent(row['ultimate_low'])} to {percent(row['ultimate_high'])}",
                "trend": "–" if pd.isna(row["trend"]) else f"{100 * row['trend']:+.1f}",
            }
            for row in above.head(SHOWN).to_dict("records")
        ]
        made.append({"sentence": f"{said}{benchmark(threshold)}, {value} of imports by value.", "rows": rows})
    return made
