"""Memory between two tables."""

import ctypes


def give_back() -> None:
    """Return free memory to the system.

    Arrow and the C library keep what is freed, the library for each thread apart: a run over full-size tables would
    come to hold the sum of what its parts needed, one after the other. Where the library cannot be asked, nothing is
    done.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
