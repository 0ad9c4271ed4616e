"""Which partitions are out of date, and in which runs they are made."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from reeassets.platform.graph import Graph
from reeassets.platform.outdated import changes
from reeassets.tables import Partition

Key = TypeVar("Key", bound=Partition)
Reported = Callable[[str, Partition], str | None]


@dataclass(frozen=True)
class Batch:
    """One Dagster run.

    Attributes
    ----------
    names : tuple of str
        What it makes, in order.
    partitions : tuple of int or tuple of str
        Neighbouring years or scenarios it makes of the partitioned ones; empty if none of them is partitioned.
    """

    names: tuple[str, ...]
    partitions: tuple[Partition, ...]


def out_of_date(graph: Graph, reported: Reported, *, force: bool = False) -> dict[str, tuple[Partition, ...]]:
    """List the partitions that have to be made.

    Parameters
    ----------
    graph : Graph
        The graph under the current settings.
    reported : callable
        Fingerprint of the last materialisation that Dagster knows of a partition, or None if there is none or a check
        that blocks has not passed on it. A file whose run was killed before it could report is made again, so that
        lineage and files agree.
    force : bool
        List everything.

    Returns
    -------
    dict
        Years or scenarios (or ``(None,)``) by name, in the order of the graph; names without any are left out.
    """
    stale: dict[str, tuple[Partition, ...]] = {}
    for name in graph.recipes:
        keys = tuple(key for key in graph.partitions(name) if force or not _current(graph, reported, name, key))
        if keys:
            stale[name] = keys
    return stale


def _current(graph: Graph, reported: Reported, name: str, partition: Partition) -> bool:
    expected = graph.expected(name, partition)
    recorded = graph.recorded(name, partition)
    return recorded is not None and recorded.fingerprint == expected and reported(name, partition) == expected


@dataclass(frozen=True)
class Change:
    """Partitions of one table or file that have to be made, for one reason.

    Attributes
    ----------
    name : str
        The table or file.
    partitions : tuple
        Years or scenarios, or ``(None,)``.
    reason : str
        In words.
    """

    name: str
    partitions: tuple[Partition, ...]
    reason: str


def why(graph: Graph, reported: Reported, *, force: bool, only: Collection[str] | None = None) -> list[Change]:
    """List what has to be made and why, in the order in which it is made.

    Parameters
    ----------
    graph, reported, force
        As in :func:`out_of_date`.
    only : collection of str, optional
        Look at these alone.
    """
    stale = out_of_date(graph, reported, force=force)
    found = []
    for name, keys in stale.items():
        if only is not None and name not in only:
            continue
        of_reason: dict[str, list[Partition]] = {}
        for key in keys:
            of_reason.setdefault(_reason(graph, reported, name, key, stale), []).append(key)
        found += [Change(name, tuple(partitions), reason) for reason, partitions in of_reason.items()]
    return found


def _reason(
    graph: Graph, reported: Reported, name: str, partition: Partition, stale: dict[str, tuple[Partition, ...]]
) -> str:
    recorded = graph.recorded(name, partition)
    if recorded is None:
        return "missing"
    if recorded.method != graph.expected_method(name):
        return changes(graph, name, recorded)
    if recorded.fingerprint != graph.expected(name, partition):
        parents = sorted({parent for parent, at in graph.parents(name, partition) if at in stale.get(parent, ())})
        return f"made anew before it: {', '.join(parents)}" if parents else "another input file, or other years"
    if reported(name, partition) != recorded.fingerprint:
        return "no passed check of it on record"
    return "asked for"


def neighbours(keys: tuple[Key, ...], of: tuple[Key, ...]) -> list[tuple[Key, ...]]:
    """Split keys into runs of neighbours in ``of``."""
    groups: list[list[Key]] = []
    for key in keys:
        if groups and of.index(key) == of.index(groups[-1][-1]) + 1:
            groups[-1].append(key)
        else:
            groups.append([key])
    return [tuple(group) for group in groups]


def batches(graph: Graph, stale: dict[str, tuple[Partition, ...]]) -> list[Batch]:
    """Put what is out of date into as few runs as can keep the order.

    A run has one range of years, or of scenarios, for all its partitioned tables. Tables that need another range, or
    partitions that are not neighbours, start a new one.
    """
    found: list[Batch] = []
    names: list[str] = []
    span: tuple[Partition, ...] = ()

    def close() -> None:
        nonlocal names, span
        if names:
            found.append(Batch(tuple(names), span))
        names, span = [], ()

    for name, partitions in stale.items():
        keys = tuple(key for key in partitions if key is not None)
        ranges = neighbours(keys, graph.partitions(name))
        if len(ranges) > 1:
            close()
            found += [Batch((name,), group) for group in ranges]
            continue
        if keys and span and span != keys:
            close()
        names.append(name)
        span = span or keys
    close()
    return found
