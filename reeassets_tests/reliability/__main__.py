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
from reeassets.years import parse_years

from ..conftest import REPOSITORY
from . import proofs
from .live import live

PROOFS = ("kill", "together", "terminated", "full disk", "read-only", "clock", "live")
RESULTS = REPOSITORY / "docs" / "RELIABILITY.md"
_TEXT = """\
# Reliability

Written by `make reliability`, which first runs the same proofs, all but `live`, at a small size
([reeassets_tests/reliability](../reeassets_tests/reliability)); the kills are in every `make test`. Each does something
rude to real processes on the bundled sample, then runs `reeassets run` plainly and compares with a run that was left
alone: **every byte of every Parquet file and every row of every table of the warehouse are the same, and no temporary
file is left.** `live` compares nothing; it lets Dagster's daemon do what schedules, sensors and automation are for. A
proof that fails writes no line here.

| proof | counted | s | when and with what |
|---|---|---|---|
{rows}

Machine: {machine}

- **kill**: `SIGKILL` after a random share of the time that the run takes, every third time the moment a temporary file
  is seen after that; half of the runs on an empty home, half over a finished one (`--force`). The years {years}.
- **together**: every process makes its share of the years and all results over years, at once, in one home with
  SQLite; none may fail, no log may speak of a locked database, no year may be missing. The years {many}.
- **terminated**: `SIGTERM` to a Dagster run over a range of years, at a random moment.
- **full disk**: home and Dagster's records on a file system of 3 MB that fills up on the way; then there is room.
- **read-only**: a finished home whose file system can no longer be written; then it can.
- **clock**: two days back: what is current stays current, a changed setting is still seen.
- **live**: Dagster's own daemon on an empty home. An archive (GENERATED) put into the inbox starts its years, and the
  scenarios follow; touched and renamed it starts nothing. With `follow_inputs` on, one year of raw trade made by hand
  makes what is downstream of that year and no other. A run whose process is killed is closed, started again by the
  daemon, and ends well. A broken year fails: the report names the cause, the webhook is
  told, the table stays. On 1 January, to which the daemon's clock is set, both schedules start their jobs.
"""


def _machine():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} CPUs, load {load:.0f}, Python {platform.python_version()}"


def _earlier():
    """Return the rows of proofs that were run before, by name: a part may be run again by itself."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| proof ")]
    return {line.split("|")[1].strip(): line for line in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PROOFS, nargs="+", default=PROOFS, help="these proofs; default: all")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--terminations", type=int, default=3)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--years", default="2022-2023", help="years of the runs that are disturbed")
    parser.add_argument("--many", default="2007-2023", help="years that processes share")
    parser.add_argument("--seed", type=int, default=20260101)
    given = parser.parse_args()
    rows = _earlier()
    with tempfile.TemporaryDirectory() as folder:
        few = proofs.Bench(Path(folder) / "few", given.years, given.seed)
        expected, seconds = proofs.calm(few)

        def together():
            many = proofs.Bench(Path(folder) / "many", given.many, given.seed)
            return proofs.concurrency(many, proofs.calm(many)[0], parse_years(given.many), given.processes)

        run = {
            "kill": lambda: proofs.kills(few, expected, seconds, given.kills),
            "together": together,
            "terminated": lambda: proofs.terminated_backfill(few, expected, seconds, given.terminations),
            "full disk": lambda: proofs.full_disk(few, expected),
            "read-only": lambda: proofs.read_only(few, expected),
            "clock": lambda: proofs.clock_back(few, expected),
            "live": lambda: live(proofs.Bench(Path(folder) / "live", "2021-2023", given.seed)),
        }
        for name in given.only:
            rows.pop(name, None)
            began = time.perf_counter()
            counted = ", ".join(f"{key}: {value}" for key, value in run[name]().items())
            took = time.perf_counter() - began
            made_by = f"reeassets {__version__}, dagster {version('dagster')}, seed {given.seed}"
            when = f"{datetime.now(UTC):%Y-%m-%d}, {made_by}"
            rows[name] = f"| {name} | {counted} | {took:.0f} | {when} |"
            print(rows[name], flush=True)
            shown = "\n".join(rows[proof] for proof in PROOFS if proof in rows)
            text = _TEXT.format(rows=shown, machine=_machine(), years=given.years, many=given.many)
            RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
