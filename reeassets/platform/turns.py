"""Turns: one process at a time makes a partition of a table, or a file such as the warehouse.

A process holds its turn from looking at the inputs until what it made is in place. So of two runs at once, whichever
makes a result last has seen everything that either of them made before it.

Results over years are made of one another: profiles of the clusters that were found in the features. One run at a time
makes them, from its first to its end; else it could read features that another has just made anew from more years.
"""

import contextlib
from collections.abc import Callable, Iterator

import dagster as dg

from reeassets.platform.abandoned import clean_up, name_process
from reeassets.platform.graph import Graph
from reeassets.platform.instance import records_open
from reeassets.settings import Settings
from reeassets.tables import Partition

RESULTS = "results over years"


@contextlib.contextmanager
def turn(settings: Settings, name: str, partition: Partition, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the turn to make a partition for as long as the block lasts.

    The system takes the turn from a process that ends, however it ends; the lock's empty file stays.

    Parameters
    ----------
    settings : Settings
        The home; its folder ``locks`` keeps one file per partition.
    name : str
        What is made.
    partition : int, str or None
        Year, scenario, or None.
    waiting : callable
        Told, in words, if another process has the turn.
    """
    from filelock import FileLock, Timeout

    what = name if partition is None else f"{name} {partition}"
    path = settings.home / "locks" / f"{what.replace(' ', '-')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    # A run's turn may be given back by another thread than took it.
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting(f"another run is making {what}; waiting for it to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class RunTurns:
    """The turns that a run keeps to its end, however it ends.

    Parameters
    ----------
    settings : Settings
        The home.
    held : contextlib.ExitStack
        Closed at the end of the run.
    """

    def __init__(self, settings: Settings, held: contextlib.ExitStack):
        self._settings, self._held = settings, held
        self._names: set[str] = set()

    def keep(self, name: str, waiting: Callable[[str], None]) -> None:
        """Take a turn, unless the run has it already; parameters as of :func:`turn`."""
        if name not in self._names:
            self._held.enter_context(turn(self._settings, name, None, waiting))
            self._names.add(name)


def run_turns(graph: Graph) -> dg.ResourceDefinition:
    """Return the resource that begins and ends with a run.

    It gives :class:`RunTurns`, puts the process among the run's tags, and removes what killed processes left.
    """

    @dg.resource(description="Turns of runs at the same time, and what killed ones left.")
    def turns(context: dg.InitResourceContext) -> Iterator[RunTurns]:
        clean_up(graph)
        with contextlib.ExitStack() as held:
            if context.instance is not None and context.run is not None:
                name_process(context.instance, context.run.run_id)
                held.enter_context(records_open(context.instance, context.run.run_id))
            yield RunTurns(graph.settings, held)

    return turns
