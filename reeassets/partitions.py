"""Years and scenarios, as Dagster partitions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg


class _InOrder(set[str]):
    """Keys that are given in the order of their dimension."""

    def __init__(self, keys: Iterable[str], order: Sequence[str]):
        super().__init__(keys)
        self._order = order

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._order if key in self)

    def __or__(self, other: Any) -> Any:
        return _InOrder({*super().__iter__(), *other}, self._order)


class OrderedPartitions(dg.StaticPartitionsDefinition):
    """Static partitions whose materialisations are recorded in their own order.

    Dagster records the partitions of one run in the order of a set, which changes from process to process, and shows
    the one recorded last as the latest materialisation. Here that is the last partition of the run.
    """

    def empty_subset(self) -> Any:
        """Return the subset that Dagster adds the partitions of a run to."""
        # A tuple with one member, a set. Its own constructor would put a plain set in the place of an empty one.
        kind: Any = type(super().empty_subset())
        return tuple.__new__(kind, (_InOrder((), self.get_partition_keys()),))

    def __repr__(self) -> str:
        # Dagster compares and hashes by the text: the same keys in another package are the same partitions.
        return repr(dg.StaticPartitionsDefinition(self.get_partition_keys()))


def year_partitions(years: tuple[int, ...]) -> dg.StaticPartitionsDefinition:
    """Return one partition a year.

    Static rather than time-windowed: a year of trade is a name of a file, published years later, and not a window of a
    clock.
    """
    return OrderedPartitions([str(year) for year in years])


def scenario_partitions(names: Iterable[str]) -> dg.StaticPartitionsDefinition:
    """Return one partition a what-if scenario; which there are is known when the definitions are loaded."""
    return OrderedPartitions(list(names))
