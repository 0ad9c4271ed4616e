"""Which process did something, and whether it still runs: for what a killed process leaves behind."""

import os
from pathlib import Path

_PROC = Path("/proc")


def own_process() -> str:
    """Return what names this process, now and after its number has been given to another: ``number.start``."""
    return f"{os.getpid()}.{_start(os.getpid()) or 0}"


def is_running(process: str) -> bool:
    """Return whether a process of this machine runs, by what :func:`own_process` returned in it."""
    number, _, start = process.partition(".")
    if _PROC.is_dir():
        return _start(int(number)) == start
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start(number: int) -> str | None:
    """Return when a process started, in the system's ticks; None if there is none, or no such system."""
    try:
        said = (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of the program comes in brackets before it, and may hold anything.
    return said.rpartition(")")[2].split()[19]
