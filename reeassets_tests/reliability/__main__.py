"""All proofs at full size, and ``docs/RELIABILITY.md`` from what they counted: ``make reliability``."""

import argparse
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from reeassets import __version__
from reeassets.settings import parse_years

from ..conftest import REPOSITORY
from . import proofs

RESULTS = REPOSITORY / "docs" / "RELIABILITY.md"
_TEXT = """\
# Reliability

Written by `make reliability`; the same proofs run at a small size with every `make test`
([reeassets_tests/reliability](../reeassets_tests/reliability)). Each does something rude to real processes on the
bundled sample, then runs `reeassets run` plainly and compares with a run that was left alone: **every byte of every
Parquet file and every row of every table of the warehouse are the same, and no temporary file is left.** A proof that
fails writes no line here.

{date}, reeassets {version}, dagster {dagster}, seed {seed}; {machine}

| proof | counted | s |
|---|---|---|
{rows}

- **kill**: `SIGKILL` after a random share of the time that the run takes; half of the runs on an empty home, half over
  a finished one (`--force`). The years {years}.
- **together**: every process makes its share of the years and all results over years, at once, in one home with
  SQLite; none may fail, no log may speak of a locked database, no year may be missing. The years {many}.
- **terminated**: `SIGTERM` to a Dagster run over a range of years, at a random moment.
- **full disk**: home and Dagster's records on a file system of 3 MB that fills up on the way; then there is room.
- **read-only**: a finished home whose file system can no longer be written; then it can.
- **clock**: two days back: what is current stays current, a changed setting is still seen.
"""


def _machine():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} CPUs, load {load:.0f} at the start, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--terminations", type=int, default=3)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--years", default="2022-2023", help="years of the runs that are killed")
    parser.add_argument("--many", default="2007-2023", help="years that processes share")
    parser.add_argument("--seed", type=int, default=20260101)
    given = parser.parse_args()
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": _machine(), "seed": given.seed}
    rows = []

    def prove(name, proof, *arguments):
        began = time.perf_counter()
        counted = proof(*arguments)
        told = ", ".join(f"{key} {value}" for key, value in counted.items())
        rows.append(f"| {name} | {told} | {time.perf_counter() - began:.0f} |")
        print(rows[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder:
        few = proofs.Bench(Path(folder) / "few", given.years, given.seed)
        expected, seconds = proofs.calm(few)
        prove("full disk", proofs.full_disk, few, expected)
        prove("read-only", proofs.read_only, few, expected)
        prove("clock", proofs.clock_back, few, expected)
        prove("terminated", proofs.terminated_backfill, few, expected, seconds, given.terminations)
        prove("kill", proofs.kills, few, expected, seconds, given.kills)
        many = proofs.Bench(Path(folder) / "many", given.many, given.seed)
        all_years, _ = proofs.calm(many)
        prove("together", proofs.concurrency, many, all_years, parse_years(given.many), given.processes)
    versions = {"version": __version__, "dagster": version("dagster")}
    RESULTS.write_text(_TEXT.format(rows="\n".join(rows), years=given.years, many=given.many, **versions, **about))


if __name__ == "__main__":
    main()
