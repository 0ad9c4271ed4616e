"""Archives with surprises in them, and archives that are damaged anywhere."""

import random
import subprocess
import sys
import warnings
import zipfile

import pytest

from reeassets.trade.baci.archive import open_files
from reeassets.trade.contract import SourceError
from reeassets_tests.conftest import REPOSITORY

from .archives import COUNTRIES, archive, year_name, year_text
from .test_baci import read, rows, same, source


def test_what_macs_and_people_add_to_an_archive_is_passed_over(tmp_path):
    folder = "BACI_HS07_V202601/"
    members = {
        folder + year_name().lower().replace(".csv", ".CSV"): year_text(),
        folder + "Country_Codes_V202601.csv": COUNTRIES,
        folder + "Readme.txt": "BACI, version 202601",
        folder + "product_codes_HS07_V202601.csv": "code,description\n",
        folder + ".DS_Store": b"\x00\x00\x00\x01Bud1",
        "__MACOSX/" + folder + "._" + year_name(): b"\x00\x05\x16\x07",
        "__MACOSX/" + folder + "._country_codes_V202601.csv": b"\x00\x05\x16\x07",
        "notes/": "",
    }
    path = archive(tmp_path / "release.zip", members)
    same(rows(path))
    found = source(path)
    assert (found.nomenclature, found.version) == ("HS07", "CEPII BACI V202601")
    with zipfile.ZipFile(path) as packed:
        packed.extractall(tmp_path / "unpacked")
    same(rows(tmp_path / "unpacked"))


@pytest.mark.parametrize("change", ["cut", "grown", "rewritten", "touched"])
def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path, change):
    path = tmp_path / year_name()
    path.write_text(year_text(["2020,276,156,850511,10.5,1.25"] * 1_000_000))
    size = path.stat().st_size
    with open_files(path).open(path.name) as stream:
        stream.read(100)
        if change == "touched":
            path.touch()
        else:
            with path.open("r+") as file:
                file.truncate({"cut": size // 2, "grown": size + 1, "rewritten": size - 8}[change])
                file.seek(size - 8)
                file.write({"cut": "", "grown": "", "rewritten": "1234567\n"}[change])
        if change == "touched":
            assert len(read_all(stream)) == size - 100
        else:
            with pytest.raises(SourceError, match="was written to while it was read"):
                read_all(stream)


def read_all(stream):
    return b"".join(iter(lambda: stream.read(1 << 20), b""))


def test_a_member_that_is_there_twice_is_refused(tmp_path):
    path = archive(tmp_path / "a.zip")
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as packed:
        warnings.simplefilter("ignore", UserWarning)
        packed.writestr(year_name(), year_text(["2020,276,156,850511,1,1"]))
    with pytest.raises(SourceError, match=r"a\.zip: the member 'BACI_HS07_Y2020_V202601\.csv' is there twice"):
        source(path)


def test_two_country_tables_are_refused(tmp_path):
    members = {year_name(): year_text(), "country_codes_V202601.csv": COUNTRIES, "a/country_codes_V202601.csv": ""}
    with pytest.raises(SourceError, match="the country table is there 2 times"):
        source(archive(tmp_path / "a.zip", members))


def test_a_folder_of_downloads_says_which_archive_to_give(tmp_path):
    archive(tmp_path / "BACI_HS07_V202601.zip")
    with pytest.raises(SourceError, match=r"but there is the archive BACI_HS07_V202601\.zip; give that file"):
        source(tmp_path)


BOMB = """
import resource, struct, sys, zipfile
from reeassets.settings import Settings
from reeassets.trade.baci.source import BaciSource
path, name = sys.argv[1:]
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(name, "w") as member:
    member.write(b"t,i,j,k,v,q\\n")
    for _ in range(900):
        member.write(b"2020,276,156,850511,1,1,\\n" * 40_000)
body = bytearray(open(path, "rb").read())
entry = body.rindex(b"PK\\x01\\x02")
packed_size, = struct.unpack("<I", body[entry + 20 : entry + 24])
body[entry + 24 : entry + 28] = struct.pack("<I", 150 * packed_size)
open(path, "wb").write(body)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with BaciSource(Settings(data=path))._files.open(name) as stream:
    try:
        while stream.read(1 << 20):
            pass
    except ValueError as problem:
        print(problem)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_bomb_that_lies_about_its_size_takes_no_memory(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", BOMB, tmp_path / "a.zip", year_name()],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    problem, grown = told.stdout.splitlines()
    assert "larger than the" in problem
    assert int(grown) < 150


@pytest.mark.parametrize("seed", range(4))
def test_wherever_an_archive_is_damaged_the_error_is_clean(tmp_path, seed):
    good = archive(tmp_path / "good.zip").read_bytes()
    path = tmp_path / "damaged.zip"
    luck = random.Random(seed)
    refused = []
    for _ in range(250):
        body = bytearray(good)
        for _ in range(luck.choice([1, 2, 5])):
            at = luck.randrange(len(body))
            if luck.random() < 0.7:
                body[at] = luck.randrange(256)
            else:
                del body[at : at + luck.randrange(1, 20)]
        path.write_bytes(bytes(body))
        try:
            read(path)
        except SourceError as problem:
            refused.append(str(problem))
    assert len(refused) > 100
    assert all("damaged.zip" in told for told in refused)
