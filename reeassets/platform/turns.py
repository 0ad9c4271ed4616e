"""Turns: one process at a time makes a partition of a table, or a file such as the warehouse.

A process holds its turn from looking at the inputs until what it made is in place. So of two runs at once, whichever
makes a result last has seen everything that either of them made before it.
"""

import contextlib
from collections.abc import Callable, Iterator

from reeassets.settings import Settings
from reeassets.tables import Partition


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
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting(f"another run is making {what}; waiting for it to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
