import os
from pathlib import Path

import pandas as pd
import pytest

from reeassets.processes import is_running, own_process
from reeassets.storage import MissingPartition, Provenance, TableStore, remove_leftovers, replacing
from reeassets.tables import Table, column, year_column

TABLE = Table(
    stage="trade",
    name="example",
    description="An example.",
    columns={
        "year": year_column(),
        "n": column("Int64", "Count", nullable=True),
        "flag": column("boolean", "Flag", nullable=True),
        "name": column("str", "Name", nullable=True),
    },
    key=("year",),
    by_year=True,
)
PROVENANCE = Provenance("f" * 64, "sample", "V1", "HS17", "1", "c", {"file.csv": "a" * 64})


def frame(year):
    return TABLE.check(pd.DataFrame({"year": [year], "n": [None], "flag": [True], "name": [None]}))


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return TableStore(tmp_path / "tables" if request.param == "folder" else f"memory://{tmp_path.name}")


def test_what_is_written_is_read_with_its_dtypes_and_provenance(store):
    store.write(TABLE, frame(2020), PROVENANCE, 2020)
    pd.testing.assert_frame_equal(store.read(TABLE, 2020), frame(2020))
    assert store.provenance(TABLE, 2020) == PROVENANCE
    assert store.years(TABLE) == (2020,)


def test_the_same_frame_gives_the_same_bytes(tmp_path):
    store = TableStore(tmp_path)
    first = store.write(TABLE, frame(2020), PROVENANCE, 2020).read_bytes()
    assert store.write(TABLE, frame(2020), PROVENANCE, 2020).read_bytes() == first


def test_missing_years_are_named(store):
    store.write(TABLE, frame(2020), PROVENANCE, 2020)
    with pytest.raises(MissingPartition, match="2018-2019,2021"):
        store.read_years(TABLE, [2018, 2019, 2020, 2021])
    with pytest.raises(MissingPartition, match="2018"):
        store.read(TABLE, 2018)
    assert store.provenance(TABLE, 2018) is None


def test_a_yearly_table_needs_its_year(store):
    with pytest.raises(ValueError, match="partitioned by year"):
        store.path(TABLE)


def test_a_file_of_somebody_else_is_not_taken_for_a_table(tmp_path):
    store = TableStore(tmp_path)
    path = store.path(TABLE, 2020)
    path.parent.mkdir(parents=True)
    frame(2020).to_parquet(path)
    with pytest.raises(ValueError, match="not written by reeassets"):
        store.provenance(TABLE, 2020)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("new, but half")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    unique = "0" * 32
    dead = tmp_path / f".2020.parquet.{child}.17-{unique}.tmp"
    log = tmp_path / "warehouse" / f".reeassets.duckdb.{child}.17-{unique}.tmp.wal"
    # Its number has been given to this process, which did not begin then: so it is in a container that starts anew.
    earlier = tmp_path / f".2021.parquet.{os.getpid()}.17-{unique}.tmp"
    alive = tmp_path / f".2022.parquet.{own_process()}-{unique}.tmp"
    dagsters = tmp_path / "dagster" / dead.name
    foreign = tmp_path / ".notes.tmp"
    for path in (dead, log, earlier, alive, dagsters, foreign):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert set(remove_leftovers(tmp_path)) == {dead, log, earlier}
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {alive, dagsters, foreign}


def test_a_process_is_known_by_number_and_start():
    mine = own_process()
    assert is_running(mine)
    number, _, start = mine.partition(".")
    assert not is_running(f"{number}.{int(start) - 1}")
    assert is_running(f"1.{Path('/proc/1/stat').read_text().rpartition(')')[2].split()[19]}")


def test_duckdbs_log_of_a_file_that_was_not_finished_goes_with_it(tmp_path):
    def write_half():
        with replacing(tmp_path / "a.duckdb") as temporary:
            temporary.write_text("")
            temporary.with_name(f"{temporary.name}.wal").write_text("")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named(tmp_path):
    store = TableStore(tmp_path)
    path = store.write(TABLE, frame(2020), PROVENANCE, 2020)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=rf"{path}: not a readable Parquet file; delete it"):
        store.provenance(TABLE, 2020)
