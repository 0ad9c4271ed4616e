"""The warehouse beside other programs: their logs, their locks, and files that are none."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import duckdb
import pytest
from typer.testing import CliRunner

from reeassets.cli import app
from reeassets.platform.reading import WarehouseHeld, WarehouseUnreadable, damage, holder, open_read_only
from reeassets.platform.runner import run
from reeassets.storage import replacing

WRITER = """
import duckdb, os, signal, sys, time
held = duckdb.connect(sys.argv[1])
held.execute("create table mine as select 1 as a")
print("ready", flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(60)
"""


def make(path, number):
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table made as select ? as number", [number])


def write(path, how):
    """Start a program that writes into the file, and is killed or holds it open."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), how], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"ready\n"
    if how == "killed":
        writer.wait()
    return writer


def number(path):
    with open_read_only(path) as connection:
        return connection.execute("select number from made").fetchone()[0]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "reeassets.duckdb"
    make(path, 1)
    return path


@pytest.fixture
def log(path):
    """The log that a killed program left."""
    write(path, "killed")
    log = path.with_name("reeassets.duckdb.wal")
    assert log.stat().st_size
    return log


def test_the_log_of_a_killed_program_goes_with_the_file_it_belongs_to(path, log):
    # It belongs to the file that is there, and what it wrote is read.
    assert open_read_only(path).execute("select a from mine").fetchall() == [(1,)]
    assert damage(path) is None
    with replacing(path) as temporary:
        make(temporary, 2)
    assert list(path.parent.iterdir()) == [path]
    assert number(path) == 2


def test_a_log_of_another_file_is_told_of_and_read_past(path, log):
    kept = log.read_bytes()
    path.unlink()
    log.unlink()
    make(path, 2)
    log.write_bytes(kept)
    assert "reeassets.duckdb.wal beside it belongs to another file" in damage(path)
    assert number(path) == 2
    assert sorted(path.parent.iterdir()) == [path, log]


@pytest.mark.parametrize("killed_before", [1, 2])
def test_a_kill_while_a_file_is_replaced_leaves_one_that_can_be_read(path, log, killed_before, monkeypatch):
    child = os.fork()
    if child == 0:
        moves, replace = [], type(path).replace

        def move(source, target):
            moves.append(source)
            if len(moves) == killed_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(source, target)

        monkeypatch.setattr(type(path), "replace", move)
        with replacing(path) as temporary:
            temporary.write_bytes(b"")
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert number(path) == 1
    assert damage(path) is None
    assert log.exists() == (killed_before == 1)


def test_a_file_that_cannot_be_replaced_keeps_its_log(path, log):
    kept = log.read_bytes()

    def replace_with_nothing():
        with replacing(path) as temporary:
            assert not temporary.exists()

    with pytest.raises(FileNotFoundError):
        replace_with_nothing()
    assert log.read_bytes() == kept
    assert sorted(path.parent.iterdir()) == [path, log]


def test_who_holds_the_file_open_is_named_and_it_is_replaced_all_the_same(path):
    writer = write(path, "held")
    try:
        with pytest.raises(WarehouseHeld, match=rf"reeassets.duckdb: process {writer.pid} \(.*python.*\) has it open"):
            open_read_only(path)
        assert f"process {writer.pid}" in holder(path)
        assert damage(path) is None
        with replacing(path) as temporary:
            make(temporary, 2)
        assert holder(path) is None
        assert number(path) == 2
    finally:
        writer.kill()
        writer.wait()
    assert number(path) == 2


@pytest.mark.parametrize("content", [b"", b"no database", None], ids=["empty", "text", "cut off"])
def test_a_file_that_is_no_warehouse_is_one_error(path, content):
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(WarehouseUnreadable, match="cannot be read as a warehouse, `reeassets run` makes it again"):
        open_read_only(path)
    assert "cannot be read as a warehouse" in damage(path)
    assert holder(path) is None


def test_a_folder_in_its_place_is_not_said_to_be_made_again(tmp_path):
    with pytest.raises(WarehouseUnreadable, match=r"it is a folder, .*; move it away$"):
        open_read_only(tmp_path)
    assert "move it away" in damage(tmp_path)


def test_doctor_opens_the_warehouse(tmp_path, path):
    warehouse = tmp_path / "home" / "warehouse" / "reeassets.duckdb"
    warehouse.parent.mkdir(parents=True)
    path.rename(warehouse)
    asked = ["doctor", "--home", str(tmp_path / "home")]
    assert CliRunner().invoke(app, asked).exit_code == 0
    warehouse.write_bytes(b"no database")
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 1
    assert "cannot be read as a warehouse" in result.output


def test_doctor_names_what_stands_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "locks").write_text("")
    (tmp_path / "warehouse" / "reeassets.duckdb.provenance.json").mkdir(parents=True)
    result = CliRunner().invoke(app, ["doctor", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "locks: it is a file where the home keeps a folder" in result.output
    assert "provenance.json: it is a folder where a file is kept" in result.output


def test_a_damaged_file_is_made_again_and_a_good_one_is_not(make_graph, silent, calls):
    graph = make_graph()
    run(graph, silent)
    calls.clear()
    assert not run(graph, silent).made
    recipe = graph.recipes["summary"]
    graph.recipes["summary"] = replace(recipe, output=replace(recipe.output, damage=lambda path: f"{path} is damaged"))
    assert set(run(graph, silent).made) == {"summary"}
    assert calls == [("summary", None)]
