"""What may be replaced by a file that a person names."""

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reeassets.cli import app
from reeassets.networks.graph import is_graphml
from reeassets.outputs import OutputFileError, output_file
from reeassets.storage import replacing
from reeassets.world.archive import Plan, write_world

PLAN = Plan((2020, 2021), countries=12, products=60, rows_per_year=4000, seed=3)


def test_a_file_of_another_kind_is_not_replaced(tmp_path):
    warehouse = tmp_path / "reeassets.duckdb"
    warehouse.write_bytes(b"\0" * 8 + b"DUCK")
    with pytest.raises(OutputFileError, match=r"reeassets\.duckdb: there is a file that is not GraphML"):
        output_file(warehouse, "GraphML", is_graphml)
    assert warehouse.read_bytes() == b"\0" * 8 + b"DUCK"


@pytest.mark.parametrize("content", [None, b"", b"<?xml version='1.0' encoding='utf-8'?>\n<graphml xmlns='x'>"])
def test_nothing_an_empty_file_and_one_of_the_kind_are(tmp_path, content):
    path = tmp_path / "network.graphml"
    if content is not None:
        path.write_bytes(content)
    assert output_file(path, "GraphML", is_graphml) == path.resolve()


def test_a_folder_and_a_device_are_no_place(tmp_path):
    with pytest.raises(OutputFileError, match="it is a folder"):
        output_file(tmp_path, "GraphML", is_graphml)
    with pytest.raises(OutputFileError, match="/dev/null: it is no file that can be replaced"):
        output_file(Path("/dev/null"), "GraphML", is_graphml)


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "link.graphml").symlink_to(tmp_path / "real.graphml")
    assert output_file(tmp_path / "link.graphml", "GraphML", is_graphml) == (tmp_path / "real.graphml").resolve()


def test_graphml_does_not_replace_an_archive(tmp_path):
    archive = tmp_path / "BACI_HS07_V202601.zip"
    archive.write_bytes(b"PK precious")
    result = CliRunner().invoke(app, ["graphml", "2023", str(archive), "--home", str(tmp_path / "home")])
    assert isinstance(result.exception, OutputFileError)
    assert archive.read_bytes() == b"PK precious"


def test_a_world_replaces_a_world_and_no_other_archive(tmp_path):
    path = tmp_path / "world.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BACI_HS07_Y2020_V202601.csv", "t,i,j,k,v,q\n")
    before = path.read_bytes()
    with pytest.raises(OutputFileError, match="not a generated archive"):
        write_world(PLAN, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["world.zip"]


def test_a_folder_in_the_place_of_a_file_is_refused_before_the_work(tmp_path):
    (tmp_path / "reeassets.duckdb").mkdir()
    with (
        pytest.raises(IsADirectoryError, match="a folder where a file is to be written; move it away"),
        replacing(tmp_path / "reeassets.duckdb"),
    ):
        pytest.fail("the work was done")
