"""What a run would make, and why."""

from rich.console import Console
from rich.table import Table as RichTable

from reeassets.console.run import stages_until
from reeassets.platform.graph import Graph
from reeassets.platform.plan import Change
from reeassets.platform.runner import planned
from reeassets.settings import Settings
from reeassets.years import format_years


def show_plan(settings: Settings, console: Console, *, force: bool, until: str | None = None) -> int:
    """Print what :func:`reeassets.console.run.run_and_report` would make under these settings, and make nothing.

    Parameters
    ----------
    settings : Settings
        The configuration; nothing of it is remembered.
    console : Console
        Where to print.
    force, until
        As for a run.

    Returns
    -------
    int
        0.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    graph = Graph(settings)
    changes = planned(graph, force=force, only=None if until is None else stages_until(graph, until))
    if not changes:
        console.print("nothing is out of date")
        return 0
    table = RichTable(box=None, pad_edge=False)
    for heading in ("stage", "table", "years", "why"):
        table.add_column(heading, overflow="fold")
    for change in changes:
        table.add_row(graph.output(change.name).stage, change.name, _partitions(change), change.reason)
    console.print(table)
    count = sum(len(change.partitions) for change in changes)
    names = {change.name for change in changes}
    console.print(
        f"`reeassets run` would make {count:,} partition{'' if count == 1 else 's'} of {len(names)} tables and files",
        highlight=False,
    )
    return 0


def _partitions(change: Change) -> str:
    years = [key for key in change.partitions if isinstance(key, int)]
    scenarios = [key for key in change.partitions if isinstance(key, str)]
    return format_years(years) if years else f"{len(scenarios)} scenarios" if scenarios else ""
