"""What tables are partitioned by: the keys of each dimension, and how a partition finds what it is made from."""

from reeassets.settings import Settings
from reeassets.shocks import catalogue
from reeassets.tables import Dimension, Partition


def partition_keys(dimension: Dimension | None, settings: Settings) -> tuple[Partition, ...]:
    """Return the partitions of a dimension under given settings, in order; ``(None,)`` for what is not partitioned."""
    if dimension == "year":
        return settings.years
    if dimension == "scenario":
        return tuple(catalogue.definitions(settings))
    return (None,)


def year_of(partition: Partition, settings: Settings) -> int | None:
    """Return the year a partition is about: its own, its scenario's, or None for what is not partitioned."""
    return catalogue.year_of(partition, settings) if isinstance(partition, str) else partition


def parent_keys(
    parent: Dimension | None, child: Dimension | None, partition: Partition, settings: Settings
) -> tuple[Partition, ...]:
    """Return the partitions of a parent that one partition of its child is made from.

    The same one if both have the same dimension; the scenario's year, of a yearly parent of a table by scenario; all
    of them otherwise.
    """
    if parent is not None and parent == child:
        return (partition,)
    if parent == "year" and child == "scenario":
        return (year_of(partition, settings),)
    return partition_keys(parent, settings)
