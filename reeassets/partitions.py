"""Years and scenarios, as Dagster partitions."""

from collections.abc import Iterable

import dagster as dg


def year_partitions(years: tuple[int, ...]) -> dg.StaticPartitionsDefinition:
    """Return one partition a year.

    Static rather than time-windowed: a year of trade is a name of a file, published years later, and not a window of a
    clock.
    """
    return dg.StaticPartitionsDefinition([str(year) for year in years])


def scenario_partitions(names: Iterable[str]) -> dg.StaticPartitionsDefinition:
    """Return one partition a what-if scenario; which there are is known when the definitions are loaded."""
    return dg.StaticPartitionsDefinition(list(names))
