"""Several calls at the same time, in threads: arrays, Parquet and DuckDB compute outside Python's lock."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")


@contextmanager
def running(call: Callable[[Given], Result], arguments: Sequence[Given], workers: int) -> Iterator[Iterator[Result]]:
    """Give the results of calls in the order of their arguments, a few of them at work at a time.

    What is not at work yet when the block ends, for instance with an error, is not begun any more.

    Parameters
    ----------
    call : callable
        Must not change what other calls read.
    arguments : sequence
        One call each.
    workers : int
        Calls at a time; with one, nothing runs before it is asked for, and no thread is started.
    """
    if min(workers, len(arguments)) <= 1:
        yield map(call, arguments)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool.map(call, arguments)
    finally:
        pool.shutdown(cancel_futures=True)
