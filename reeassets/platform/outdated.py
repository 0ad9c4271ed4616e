"""Which inputs of a result over years were made under other settings, code or data than today's, and what differs."""

from collections import defaultdict
from typing import Any

from reeassets.platform.graph import Graph
from reeassets.settings_values import setting_text
from reeassets.storage import Provenance
from reeassets.tables import Partition
from reeassets.years import format_years

OTHER_CODE, OTHER_DATA = "by other code or plugins", "from other data"


class OutdatedPartition(ValueError):
    """A result over years would mix partitions of today's settings, code and data with those of others."""


def outdated_inputs(graph: Graph, name: str, years: tuple[int, ...]) -> str:
    """Say which inputs of a result are out of date, and why.

    Parameters
    ----------
    graph : Graph
        The graph under today's settings.
    name : str
        The result.
    years : tuple of int
        The years it is made from.

    Returns
    -------
    str
        Tables, their years, and the settings with old and new value; empty if nothing is out of date, and for what is
        made for one year or scenario, or rests on no years. That inputs over years did not have all years is not looked
        at: whether years may be missing is asked elsewhere.
    """
    if graph.output(name).dimension is not None or not graph.years_behind(name):
        return ""
    found: dict[str, dict[str, list[Partition]]] = defaultdict(lambda: defaultdict(list))
    for parent, at in graph.parents(name, None):
        # Scenarios of earlier data are left out of results by themselves.
        if graph.tables[parent].by_scenario or (graph.tables[parent].by_year and at not in years):
            continue
        why = _difference(graph, parent, at)
        if why:
            found[why][parent].append(at)
    return "; ".join(f"{_tables(of)} ({why})" for why, of in found.items())


def _difference(graph: Graph, name: str, partition: Partition) -> str:
    """Say why a partition is out of date, but for years that its inputs over years did not have; empty if it is not."""
    recorded = graph.recorded(name, partition)
    if recorded is None:
        return ""
    if recorded.method != graph.expected_method(name):
        return changes(graph, name, recorded)
    return OTHER_DATA if _of_other_data(graph, name, partition, recorded) else ""


def _of_other_data(graph: Graph, name: str, partition: Partition, recorded: Provenance) -> bool:
    """Say whether what a year was made from has been made anew since, or is itself of other data than today's."""
    if not isinstance(partition, int):
        return False
    of_year = [(parent, at) for parent, at in graph.parents(name, partition) if isinstance(at, int)]
    if not of_year:
        return recorded.fingerprint != graph.expected(name, partition)
    for parent, at in of_year:
        now = graph.recorded(parent, at)
        if now is not None and (
            recorded.of_year.get(f"{parent} {at}") != now.fingerprint or _of_other_data(graph, parent, at, now)
        ):
            return True
    return False


def refusal(name: str, outdated: str) -> OutdatedPartition:
    """Return the error of a result whose inputs are out of date as said."""
    return OutdatedPartition(
        f"{name} is made from all years, and some of its inputs were made differently than they would be now: "
        f"{outdated}. Make them anew (`reeassets run`, or job `backfill` over these years), or take them as they are: "
        "setting allow_outdated, or resources.years.config.allow_outdated of the run"
    )


def changes(graph: Graph, name: str, recorded: Provenance) -> str:
    """Say which settings a partition was made under that are different now: ``pass_through 0.85 -> 0.8``."""
    return changed_settings(recorded.settings, graph.settings.values(*graph.all_uses(name))) or OTHER_CODE


def changed_settings(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say which settings differ, with both values; empty if none. One that came or went is a change of the code."""
    differing = [name for name in sorted(now) if name in before and before[name] != now[name]]
    return ", ".join(f"{name} {setting_text(before[name])} -> {setting_text(now[name])}" for name in differing)


def _tables(partitions: dict[str, list[Partition]]) -> str:
    """Name tables with their years, those of the same years together."""
    of_years: dict[str, list[str]] = defaultdict(list)
    for name, keys in partitions.items():
        of_years[format_years(key for key in keys if isinstance(key, int))].append(name)
    return "; ".join(f"{', '.join(names)}{f' for {years}' if years else ''}" for years, names in of_years.items())
