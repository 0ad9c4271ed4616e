"""A year of raw trade small enough to add up by hand."""

import pandas as pd

from reeassets.trade.economies import economies

# 276 and 280 are both Germany; 999 is in no country table.
COUNTRIES = pd.DataFrame(
    {"country_code": [276, 280, 156], "iso3": ["DEU", "DEU", "CHN"], "country_name": ["Germany", "GDR", "China"]}
)
RAW = pd.DataFrame(
    [
        (2000, 276, 156, "850511", 10.001, 1.0),
        (2000, 280, 156, "850511", 0.1, None),
        (2000, 156, 276, "850511", 7.0, None),
        (2000, 276, 280, "850511", 3.0, None),
        (2000, 999, 156, "850511", 5.0, None),
        (2000, 156, 276, "252810", 2.5, 4.0),
        (2000, 156, 276, "252890", 1.25, None),
        (2000, 156, 276, "010110", 99.0, None),
    ],
    columns=["year", "exporter_code", "importer_code", "product", "value_kusd", "quantity_t"],
)


def write_raw(folder):
    """Write raw trade and the economies as Parquet and return their paths."""
    paths = folder / "raw.parquet", folder / "economies.parquet"
    for frame, path in zip((RAW, economies(COUNTRIES, [])), paths, strict=True):
        frame.to_parquet(path)
    return tuple(map(str, paths))
