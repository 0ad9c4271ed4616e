"""Measuring whole processes: wall time and peak memory of a command, median of several runs."""

import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("reeassets", "dagster", "duckdb", "pyarrow", "pandas", "polars", "isal")


@dataclass(frozen=True)
class Measured:
    """Wall time in seconds and peak resident memory in MB of the processes of a command."""

    seconds: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} | {self.peak_mb:6.0f}"


def once(command: list[str]) -> Measured:
    """Run a command; its memory is that of its largest process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError(f"failed with status {status}: {' '.join(command)}")
    return Measured(seconds, usage.ru_maxrss / 1024)


def median(command: list[str], runs: int = 3, before: list[str] | None = None) -> Measured:
    """Run a command several times, each after ``before``; return medians."""
    found = []
    for _ in range(runs):
        if before:
            subprocess.run(before, check=True)
        found.append(once(command))
    return Measured(statistics.median(m.seconds for m in found), statistics.median(m.peak_mb for m in found))


def machine() -> str:
    """Describe machine and versions in a line."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES if _installed(name))
    return f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GB; Python {platform.python_version()}, {packages}"


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


def reeassets(*arguments: str) -> list[str]:
    """Return the command line of the platform."""
    return [sys.executable, "-m", "reeassets", *arguments]
