"""Which partitions are out of date, and in which runs they are made."""

from collections.abc import Callable
from dataclasses import dataclass

from reeassets.platform.graph import Graph

Reported = Callable[[str, int | None], str | None]


@dataclass(frozen=True)
class Batch:
    """One Dagster run.

    Attributes
    ----------
    names : tuple of str
        What it makes, in order.
    years : tuple of int
        Neighbouring years it makes of the yearly ones; empty if none of them is yearly.
    """

    names: tuple[str, ...]
    years: tuple[int, ...]


def out_of_date(graph: Graph, reported: Reported, *, force: bool = False) -> dict[str, tuple[int | None, ...]]:
    """List the partitions that have to be made.

    Parameters
    ----------
    graph : Graph
        The graph under the current settings.
    reported : callable
        Fingerprint of the last materialisation that Dagster knows of a partition, or None. A file whose run was killed
        before it could report is made again, so that lineage and files agree.
    force : bool
        List everything.

    Returns
    -------
    dict
        Years (or ``(None,)``) by name, in the order of the graph; names without any are left out.
    """
    stale: dict[str, tuple[int | None, ...]] = {}
    for name in graph.recipes:
        years = tuple(year for year in graph.partitions(name) if force or not _current(graph, reported, name, year))
        if years:
            stale[name] = years
    return stale


def _current(graph: Graph, reported: Reported, name: str, year: int | None) -> bool:
    expected = graph.expected(name, year)
    recorded = graph.recorded(name, year)
    return recorded is not None and recorded.fingerprint == expected and reported(name, year) == expected


def _runs(years: tuple[int, ...], of: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Split years into runs of neighbours in ``of``."""
    groups: list[list[int]] = []
    for year in years:
        if groups and of.index(year) == of.index(groups[-1][-1]) + 1:
            groups[-1].append(year)
        else:
            groups.append([year])
    return [tuple(group) for group in groups]


def batches(graph: Graph, stale: dict[str, tuple[int | None, ...]]) -> list[Batch]:
    """Put what is out of date into as few runs as can keep the order.

    A run has one range of years for all its yearly tables. Tables that need another range, or years that are not
    neighbours, start a new one.
    """
    found: list[Batch] = []
    names: list[str] = []
    span: tuple[int, ...] = ()

    def close() -> None:
        nonlocal names, span
        if names:
            found.append(Batch(tuple(names), span))
        names, span = [], ()

    for name, partitions in stale.items():
        years = tuple(year for year in partitions if year is not None)
        ranges = _runs(years, graph.settings.years)
        if len(ranges) > 1:
            close()
            found += [Batch((name,), group) for group in ranges]
            continue
        if years and span and span != years:
            close()
        names.append(name)
        span = span or years
    close()
    return found
