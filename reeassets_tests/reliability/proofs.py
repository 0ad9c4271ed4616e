"""Proofs that nothing is lost: each does something rude to real processes, and compares with what a calm run gives.

``python -m reeassets_tests.reliability`` runs them at full size, the tests beside this file at a small one. A proof
raises :class:`AssertionError` if it fails, and returns what it counted.
"""

import hashlib
import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from .. import processes
from ..conftest import FEWER_DRAWS, REPOSITORY
from ..processes import clean_environment

_LONGEST = 600


class Bench:
    """Starts processes on homes below a folder, with a log of each.

    Parameters
    ----------
    folder : Path
        Where homes and logs are kept.
    years : str
        Years that every run covers.
    seed : int
        Of the moments of killing.
    """

    def __init__(self, folder, years, seed):
        self.folder, self.years, self.moments = Path(folder), years, random.Random(seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._started = 0

    def environment(self, **more):
        return clean_environment() | FEWER_DRAWS | {"REEASSETS_YEARS": self.years} | more

    def start(self, home, *arguments, module="reeassets", days_back=0, **environment):
        """Start a process, forked from one that has imported everything: so 60 kills take minutes."""
        self._started += 1
        log = self.folder / f"{self._started}.log"
        environment = self.environment(REEASSETS_HOME=str(home), **environment)
        process = processes.start(module, arguments, environment, log, log, days_back)
        process.log = log
        return process

    def run(self, home, *arguments, module="reeassets", days_back=0, **environment):
        """Run to the end, which must be a good one; return seconds and output."""
        began = time.perf_counter()
        process = self.start(home, *arguments, module=module, days_back=days_back, **environment)
        process.join(_LONGEST)
        text = process.log.read_text()
        assert process.exitcode == 0, f"{module} {arguments} ended with {process.exitcode}: {text[-3000:]}"
        return time.perf_counter() - began, text


def contents(home):
    """Return a hash of the bytes of every Parquet file, and one of the rows of every table of the warehouse."""
    found = {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in home.rglob("*.parquet")
    }
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        for name in names:
            rows = connection.execute(f"select * from {name} order by all").fetchall()
            found[f"warehouse {name}"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def assert_same(home, expected):
    """Assert that a home holds what a calm run gives, and no temporary file."""
    found = contents(home)
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    different = [name for name in expected if found[name] != expected[name]]
    assert not different, different
    assert _temporary(home) == []


def calm(bench, **environment):
    """Run once without any disturbance; return the home's contents and the seconds it took."""
    home = bench.folder / "calm"
    shutil.rmtree(home, ignore_errors=True)
    # The first process also waits for the imports of all.
    bench.run(home, "--version")
    seconds, _ = bench.run(home, "run", **environment)
    return contents(home), seconds


def kills(bench, expected, seconds, times):
    """Kill runs at random moments, then run plainly and compare; half of them on a new home, half on a full one.

    Every third is killed the moment a temporary file is seen: most are there for milliseconds.
    """
    home = bench.folder / "killed"
    counted = {"kills": 0, "of these while a file was written": 0, "not counted, ended before the kill": 0}
    while counted["kills"] < times:
        on_full_home, aimed = counted["kills"] % 2 == 1, counted["kills"] % 3 == 2
        if not on_full_home:
            shutil.rmtree(home, ignore_errors=True)
        began = time.perf_counter()
        process = bench.start(home, "run", *(["--force"] if on_full_home else []))
        process.join(bench.moments.uniform(0.02, 0.98) * seconds)
        while aimed and process.exitcode is None and not _temporary(home):
            pass
        ended = time.perf_counter() - began
        process.kill()
        process.join()
        killed = process.exitcode == -signal.SIGKILL
        counted["kills" if killed else "not counted, ended before the kill"] += 1
        counted["of these while a file was written"] += killed and bool(_temporary(home))
        if not killed:
            # The machine is quieter than when the calm run was timed.
            seconds = min(seconds, ended)
        bench.run(home, "run")
        assert_same(home, expected)
    return counted


def _temporary(home):
    return list(home.rglob(".*.tmp*"))


def concurrency(bench, expected, years, processes):
    """Materialise all years by several processes at once, each its share; then nothing is missing, failed or locked."""
    home = bench.folder / "together"
    shutil.rmtree(home, ignore_errors=True)
    bounds = [len(years) * share // processes for share in range(processes + 1)]
    shares = [years[first:last] for first, last in itertools.pairwise(bounds)]
    # The first to come makes Dagster's databases, as the services and the command line do.
    bench.run(home, "run", "--years", str(years[0]))
    shutil.rmtree(home / "tables")
    began = time.perf_counter()
    running = [
        bench.start(
            home,
            *("job", "execute", "-m", "reeassets.definitions", "-j", "full_refresh", "--tags", _range(share)),
            module="dagster",
            DAGSTER_HOME=str(home / "dagster"),
            REEASSETS_ALLOW_MISSING_YEARS="true",
        )
        for share in shares
    ]
    for process in running:
        process.join(_LONGEST)
        text = process.log.read_text()
        assert process.exitcode == 0, text[-3000:]
        assert "database is locked" not in text
        assert "IO Error" not in text
    seconds = time.perf_counter() - began
    for name in ("trade/raw_trade", "products/trade_flows", "indicators/product_indicators"):
        made = {path.stem for path in (home / "tables" / name).glob("*.parquet")}
        assert made == {str(year) for year in years}, (name, made)
    bench.run(home, "run")
    assert_same(home, expected)
    return {"processes": len(shares), "years": len(years), "seconds": round(seconds)}


def _range(years):
    tags = {"dagster/asset_partition_range_start": str(years[0]), "dagster/asset_partition_range_end": str(years[-1])}
    return json.dumps(tags)


def terminated_backfill(bench, expected, seconds, times):
    """Send SIGTERM to a backfill at a random moment, then run plainly and compare."""
    home = bench.folder / "terminated"
    first, *_, last = bench.years.split("-")
    counted = {"terminated": 0, "ended before": 0}
    for _ in range(times):
        shutil.rmtree(home, ignore_errors=True)
        bench.run(home, "run", "--years", last)
        process = bench.start(
            home,
            *("job", "execute", "-m", "reeassets.definitions", "-j", "full_refresh", "--tags", _range((first, last))),
            module="dagster",
            DAGSTER_HOME=str(home / "dagster"),
        )
        process.join(bench.moments.uniform(0.1, 0.9) * seconds)
        counted["ended before" if process.exitcode is not None else "terminated"] += 1
        process.terminate()
        process.join(_LONGEST)
        bench.run(home, "run", "--years", bench.years)
        assert_same(home, expected)
    return counted


def _in_a_mount(bench, folder, script):
    """Run a shell script in a mount namespace of its own, where ``folder`` is a small file system."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-eu", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=bench.environment(REEASSETS_HOME=str(folder / "home"), RUN=f"{sys.executable} -m reeassets run"),
        timeout=_LONGEST,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def full_disk(bench, expected):
    """Fill the disk of tables and records in the middle of a run, make room, run again and compare."""
    folder, out = bench.folder / "disk", bench.folder / "after_full_disk"
    shutil.rmtree(out, ignore_errors=True)
    script = f"""
    mount -t tmpfs -o size=3m tmpfs {folder}
    ! $RUN || {{ echo "the disk was not full"; exit 1; }}
    echo; echo "left: $(find {folder} -path '*/tables/*.tmp')"
    mount -o remount,size=1g {folder}
    $RUN
    cp -r {folder}/home {out}
    """
    told = _in_a_mount(bench, folder, script)
    assert "No space left on device" in told or "the disk is full" in told, told[-3000:]
    assert "left: \n" in told, told[-3000:]
    assert_same(out, expected)
    return {"told": "No space left on device" if "No space left" in told else "the disk is full"}


def read_only(bench, expected):
    """Take the permission to write in an existing home, run, give it back, run again and compare."""
    folder, out = bench.folder / "read_only", bench.folder / "after_read_only"
    shutil.rmtree(out, ignore_errors=True)
    script = f"""
    mount -t tmpfs -o size=1g tmpfs {folder}
    $RUN
    mount -o remount,ro {folder}
    ! $RUN --force || {{ echo "it could write"; exit 1; }}
    mount -o remount,rw {folder}
    $RUN --force
    cp -r {folder}/home {out}
    """
    told = _in_a_mount(bench, folder, script)
    assert f"{folder}/home: cannot be written: read-only file system" in told, told[-3000:]
    assert_same(out, expected)
    return {"told": "HOME: cannot be written: read-only file system, or no permission"}


def clock_back(bench, expected):
    """Let the clock go back two days and change a setting: what follows is made; set both right, and compare."""
    home = bench.folder / "clock"
    shutil.rmtree(home, ignore_errors=True)
    bench.run(home, "run")
    current = "nothing was out of date"
    assert current in bench.run(home, "run", days_back=2)[1]
    assert current not in bench.run(home, "run", days_back=2, REEASSETS_PASS_THROUGH="0.5")[1]
    changed = contents(home)
    assert changed != expected
    # What was recorded two days ago is older than what it took the place of.
    assert current in bench.run(home, "run", REEASSETS_PASS_THROUGH="0.5")[1]
    assert contents(home) == changed
    bench.run(home, "run", REEASSETS_PASS_THROUGH="0.85")
    assert_same(home, expected)
    return {"days back": 2}
