"""Runs at the same time, as processes of their own, on one home with Dagster's default databases."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import dagster as dg
import duckdb
import pytest
from filelock import FileLock, Timeout

from reeassets.platform.graph import Graph
from reeassets.platform.instance import dagster_home
from reeassets.platform.runner import run
from reeassets.platform.turns import turn
from reeassets.settings import Settings
from reeassets.years import format_years, parse_years
from reeassets_tests.conftest import FEWER_DRAWS, RUN_YEARS
from reeassets_tests.processes import clean_environment

YEARS = (2020, 2021, 2022, 2023)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    return tmp_path / "home"


def start(home, job, first=None, last=None, **environment):
    """Start a job in a process of its own, as the daemon does."""
    span = {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
    command = ["job", "execute", "-m", "reeassets.definitions", "-j", job]
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", *command, *(["--tags", json.dumps(span)] if first else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment()
        | {
            "REEASSETS_HOME": str(home),
            "DAGSTER_HOME": str(home / "dagster"),
            "REEASSETS_YEARS": format_years(YEARS),
            "REEASSETS_ALLOW_MISSING_YEARS": "true",
        }
        | (environment or FEWER_DRAWS),
    )


def end(*processes):
    for process in processes:
        output, _ = process.communicate(timeout=580)
        assert process.returncode == 0, output[-3000:]
        assert "database is locked" not in output


def test_databases_are_made_once_by_processes_that_start_together(home):
    program = "from pathlib import Path; from reeassets.platform.instance import dagster_home; dagster_home(Path({!r}))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program.format(str(home))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean_environment(),
        )
        for _ in range(4)
    ]
    end(*processes)
    assert (home / "dagster" / "history" / "runs.db").exists()


def assert_whole(home, years=YEARS):
    """Assert that every year is made and recorded, that results know all of them, and that no run has failed."""
    graph = Graph(Settings(home=home, years=years))
    with dg.DagsterInstance.get() as instance:
        for name, table in graph.tables.items():
            if table.by_year:
                made = instance.get_materialized_partitions(dg.AssetKey([table.stage, name]))
                assert made == {str(year) for year in years}, name
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
    # Whichever made a result last has seen the years of the other.
    for name in ("io_links", "cluster_features", "panel"):
        assert graph.store.provenance(graph.tables[name]).years == format_years(years), name
    with duckdb.connect(str(graph.settings.warehouse_file), read_only=True) as connection:
        counted = connection.execute("select count(distinct year) from trade_flows").fetchone()
    assert counted == (len(years),)
    assert list(home.rglob("*.tmp")) == []


def test_two_writers_of_the_warehouse(finished, home):
    shutil.copytree(finished[0], home)
    dagster_home(home)
    end(*(start(home, "shocks", REEASSETS_YEARS=RUN_YEARS) for _ in range(2)))
    assert_whole(home, parse_years(RUN_YEARS))


@pytest.mark.slow
def test_two_backfills_then_two_writers_of_the_warehouse(home):
    dagster_home(home)
    end(start(home, "full_refresh", 2020, 2021), start(home, "full_refresh", 2022, 2023))
    end(start(home, "shocks"), start(home, "shocks"))
    assert_whole(home)


@pytest.mark.slow
def test_two_backfills_then_a_third_beside_two_writers_of_the_warehouse(home):
    dagster_home(home)
    end(start(home, "full_refresh", 2020, 2021), start(home, "full_refresh", 2022, 2023))
    # A backfill beside the run that a sensor starts; both end with the same results.
    end(start(home, "backfill", 2021, 2022), start(home, "shocks"), start(home, "shocks"))
    assert_whole(home)


HOLD = """
import sys, time
from reeassets.platform.runner import run
from reeassets.platform.turns import RESULTS, turn
from reeassets.settings import Settings
with turn(Settings(home=sys.argv[1]), "warehouse", None, print):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_the_turn_of_a_killed_process_is_free_at_once(home):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    assert holder.stdout.readline() == "mine\n"
    told = []

    def waiting(text):
        told.append(text)
        holder.kill()
        holder.wait()

    with turn(Settings(home=home), "warehouse", None, waiting):
        pass
    assert told == ["another run is making warehouse; waiting for it to end"]


def test_other_partitions_are_not_waited_for(home):
    settings = Settings(home=home)
    told = []
    with turn(settings, "raw_trade", 2020, told.append), turn(settings, "raw_trade", 2021, told.append):
        pass
    assert told == []


HOLD_RESULTS = """
import sys, time
from pathlib import Path
from reeassets.platform.turns import RESULTS, turn
from reeassets.settings import Settings
home = Path(sys.argv[1])
last, result = home / "tables" / "trade" / "base" / "2022.parquet", home / "tables" / "trade" / "total.parquet"
with turn(Settings(home=home), RESULTS, None, print):
    print("mine", flush=True)
    while not last.exists():
        time.sleep(0.1)
    time.sleep(3)
    print("made" if result.exists() else "waited for", flush=True)
"""


def test_one_run_at_a_time_makes_results_over_years(make_graph, calls, silent):
    graph = make_graph()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_RESULTS, str(graph.settings.home)],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    assert holder.stdout.readline() == "mine\n"
    assert run(graph, silent).failures == []
    # The years do not wait; the first result does, and all that is made of it.
    assert holder.communicate(timeout=60)[0] == "waited for\n"
    assert calls[-1] == ("summary", None)


def test_a_run_keeps_the_turn_to_its_end_and_no_longer(make_graph, silent):
    graph = make_graph()
    lock = graph.settings.home / "locks" / "results-over-years.lock"
    free = []

    def ask(step, path):
        try:
            with FileLock(lock, timeout=0):
                free.append(True)
        except Timeout:
            free.append(False)
        raise ValueError("the last step fails")

    graph.recipes["summary"] = replace(graph.recipes["summary"], compute=ask)
    assert "the last step fails" in run(graph, silent).failures[0]
    assert free == [False]
    # A second run in the same process takes it anew.
    run(graph, silent)
    assert free == [False, False]
    with FileLock(lock, timeout=0):
        pass
