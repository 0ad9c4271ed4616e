"""The years, as Dagster partitions."""

import dagster as dg


def year_partitions(years: tuple[int, ...]) -> dg.StaticPartitionsDefinition:
    """Return one partition a year.

    Static rather than time-windowed: a year of trade is a name of a file, published years later, and not a window of a
    clock.
    """
    return dg.StaticPartitionsDefinition([str(year) for year in years])
