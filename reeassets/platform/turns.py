"""Turns: one process at a time makes a partition of a table, or a file such as the warehouse.

A process holds its turn from looking at the inputs until what it made is in place. So of two runs at once, whichever
makes a result last has seen everything that either of them made before it.

Results over years are made of one another: profiles of the clusters that were found in the features. One run at a time
makes them, from its first to its end; else it could read features that another has just made anew from more years.
"""

import contextlib
from collections.abc import Callable, Iterator

import dagster as dg
from pydantic import PrivateAttr

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


class Turns(dg.ConfigurableResource):
    """The turn that a run keeps to its end, however it ends."""

    _held: contextlib.ExitStack = PrivateAttr(default_factory=contextlib.ExitStack)
    _names: set[str] = PrivateAttr(default_factory=set)

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Turns"]:  # noqa: ARG002
        """Give back, after the last step of the run, what was taken in it."""
        # Runs of one process share the resource they are given, and must not share turns.
        of_run = Turns()
        with of_run._held:
            yield of_run

    def keep(self, settings: Settings, name: str, waiting: Callable[[str], None]) -> None:
        """Take a turn, unless the run has it already; parameters as of :func:`turn`."""
        if name not in self._names:
            self._held.enter_context(turn(settings, name, None, waiting))
            self._names.add(name)
