"""A run killed at any moment and started again gives what a run gives that was never killed."""

import random
import signal
import subprocess
import sys
import time

import pytest

from .conftest import clean_environment, reeassets

YEARS = "2020-2023"
SEED = 20260101


def contents(home):
    """Every table's bytes, and every row of the warehouse."""
    import duckdb

    files = {path.relative_to(home): path.read_bytes() for path in sorted(home.rglob("*.parquet"))}
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        rows = {name: connection.execute(f"select * from {name} order by all").fetchall() for name in names}
    return files, repr(rows)


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory):
    home = tmp_path_factory.mktemp("unkilled") / "home"
    began = time.perf_counter()
    reeassets("run", "--years", YEARS, home=home)
    return contents(home), time.perf_counter() - began


def test_killed_runs_end_where_an_unkilled_one_does(unkilled, tmp_path):
    expected, seconds = unkilled
    moments = random.Random(SEED)
    home = tmp_path / "home"
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "reeassets", "run", "--years", YEARS, "--home", str(home)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )
        time.sleep(moments.uniform(0.2, 0.8) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    reeassets("run", "--years", YEARS, home=home)
    assert contents(home) == expected
    assert list(home.rglob("*.tmp")) == []


def test_a_forced_run_writes_the_same_bytes(unkilled, tmp_path):
    expected, _ = unkilled
    home = tmp_path / "home"
    reeassets("run", "--years", YEARS, home=home)
    reeassets("run", "--force", home=home)
    assert contents(home) == expected
