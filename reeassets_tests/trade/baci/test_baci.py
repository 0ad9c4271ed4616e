"""What a user downloads is read exactly, and what a user does wrong with it gets a clear answer."""

import contextlib
import gzip
import random
import zipfile

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reeassets.settings import Settings
from reeassets.streams import StartOver
from reeassets.trade.baci import archive as archive_module
from reeassets.trade.baci.source import BaciSource
from reeassets.trade.bundled import bundled_file
from reeassets.trade.contract import SourceError

from .archives import COUNTRIES, GOOD, HEADER, archive, year_name, year_text


def source(path):
    return BaciSource(Settings(data=path))


def read(path, year=2020):
    """Read a year as the platform does: again from the beginning whenever the source says so."""
    reader = source(path).open_year(year)
    batches = None
    while batches is None:
        with contextlib.suppress(StartOver):
            batches = list(reader.batches())
    table = pa.Table.from_batches(batches).to_pandas() if batches else pd.DataFrame()
    return table.astype({"product": "str"}) if len(table) else table, reader.accounting


def rows(path):
    flows, _ = read(path)
    return [tuple(row) for row in flows.drop(columns="year").itertuples(index=False, name=None)]


EXPECTED = [(276, 156, "850511", 10.5, 1.25), (156, 276, "010110", 7.001, None), (490, 842, "260600", 0.002, None)]


def same(found, expected=EXPECTED):
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    assert [None if pd.isna(row[4]) else row[4] for row in found] == [row[4] for row in expected]


def test_an_archive_its_folder_and_a_single_file_are_the_same(tmp_path):
    packed = archive(tmp_path / "BACI_HS07_V202601.zip")
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(tmp_path / "folder")
    same(rows(packed))
    same(rows(tmp_path / "folder"))
    same(rows(tmp_path / "folder" / year_name()))
    found = source(packed)
    assert (found.years(), found.nomenclature, found.version) == ((2020,), "HS07", "CEPII BACI V202601")
    assert found.basis == "whole nomenclature"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("windows line ends", year_text(newline="\r\n")),
        ("byte-order mark", "\ufeff" + year_text()),
        (
            "quoted and padded",
            year_text(
                [
                    f'"2020","{r.split(",")[1]}",{r.split(",")[2]},"{r.split(",")[3]}",{r.split(",")[4]},"{r.split(",")[5]:>13}"'
                    for r in GOOD
                ]
            ),
        ),
        ("quoted header", year_text(header='"t","i","j","k","v","q"')),
        ("capital header", year_text(header="T,I,J,K,V,Q")),
        ("other order", year_text([",".join(reversed(r.split(","))) for r in GOOD], header="q,v,k,j,i,t")),
        ("one more column", year_text([r + ",note" for r in GOOD], header=HEADER + ",remark")),
        ("a quoted remark", year_text([r + ',"a, ""b"""' for r in GOOD], header=HEADER + ",remark")),
        ("a stray quote in a remark", year_text([r + ',"' for r in GOOD], header=HEADER + ",remark")),
        ("columns without a name", year_text([r + ",," for r in GOOD], header=HEADER + ",,")),
        ("leading zeros", year_text([r.replace("2020,", "2020,000") for r in GOOD])),
        ("signs and points", year_text([r.replace("7.001", "+7.001").replace("1.25", "1.25e0") for r in GOOD])),
        ("no newline at the end", year_text().rstrip("\n")),
    ],
)
def test_every_way_a_release_is_written(tmp_path, name, text):
    path = archive(tmp_path / "a.zip", {year_name(): text})
    same(rows(path))
    _, accounting = read(path)
    assert (accounting.read, accounting.rejected) == (3, 0), name


def test_the_archives_country_table_comes_first_and_the_bundled_one_behind_it(tmp_path):
    table = COUNTRIES.replace("276,Germany,DE,DEU", "276,Allemagne,DE,DEU").replace("842,USA (...1980),US,USA\n", "")
    found = source(archive(tmp_path / "a.zip", {year_name(): year_text(), "country_codes_V202601.csv": table}))
    names = found.countries().set_index("country_code")["country_name"]
    assert names[276] == "Allemagne"
    assert "USA" in names[842]
    assert names.index.is_unique


def test_the_real_fragment_is_read_exactly(tmp_path):
    fragment = gzip.decompress(bundled_file("baci_native_HS92_Y2021_two_exporters.csv.gz").read_bytes())
    path = tmp_path / year_name(2021, "HS92")
    path.write_bytes(fragment)
    flows, accounting = read(path, 2021)
    frame = pd.read_csv(path, dtype="str")
    assert (len(flows), accounting.read, accounting.rejected) == (71192, 71192, 0)
    expected = frame["v"].astype(float).groupby(frame["i"].astype(int)).sum()
    assert flows.groupby("exporter_code")["value_kusd"].sum().to_dict() == pytest.approx(expected.to_dict(), rel=1e-14)
    assert flows["product"].nunique() == frame["k"].str.zfill(6).nunique() == 4422
    assert flows["product"].str.len().eq(6).all()
    quantities = pd.to_numeric(frame["q"].str.strip(), errors="coerce")
    assert flows["quantity_t"].sum() == pytest.approx(quantities.sum(), rel=1e-12)
    assert flows["quantity_t"].isna().sum() == quantities.isna().sum()


BAD_ROWS = {
    "2020,276,156,850519,many,1": "value is not a number",
    "2020,276,156,850519,,1": "value is missing",
    "2020,276,156,850519,NA,1": "value is missing",
    "2020,276,156,850519,-1.5,1": "value is negative",
    "2020,276,156,850519,0,1": "value is zero",
    "2020,276,156,850519,NaN,1": "value is not finite",
    "2020,276,156,850519,inf,1": "value is not finite",
    "2020,276,156,850519,1e999,1": "value is not finite",
    "2020,276,156,850519,1e12,1": "value is 10^12 or more",
    "2020,276,156,850519,1e-7,1": "value is below 0.000001",
    "2020,276,156,850519,1,1e12": "quantity is 10^12 or more",
    "2020,276,156,85o519,1,1": "product code is not up to six digits",
    "2020,276,156,8505190,1,1": "product code is not up to six digits",
    "2020,276,156,0850519,1,1": "product code is not up to six digits",
    "2020,276,156,0x1A2B,1,1": "product code is not up to six digits",
    "2020,0x9C,276,850519,1,1": "exporter is not a whole number",
    '2020,276,156,850519,"1,1': "value is not a number",
    '2020,276,156,85"0519,1,1': "product code is not up to six digits",
    "2020,276,156,8505,1,1": "product code is a heading or a chapter",
    "2020,276,156,0101,1,1": "product code is a heading or a chapter",
    "2020,276,156,85,1,1": "product code is a heading or a chapter",
    "2020,276,156,0,1,1": "product code is not up to six digits",
    "2020,999,156,850519,1,1": "exporter is not in the country table",
    "2020,276,77777777,850519,1,1": "importer is not in the country table",
    "2020,DEU,156,850519,1,1": "exporter is not a whole number",
    "2020,276,276,850519,1,1": "exporter and importer are the same",
    "2019,276,156,850519,1,1": "year is not the file's",
    ",276,156,850519,1,1": "year is not a whole number",
    "2020,276,156,850511,99,1": "exporter, importer and product stand twice",
    "2020,276,156,850519,1,-4": "quantity is negative or not finite",
    "2020,276,156,850519,1,about 3": "quantity is not a number",
    "2020,276,156,850519,1": "5 columns instead of 6",
    "2020,276,156,850519,1,1,1,1": "8 columns instead of 6",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items())
@pytest.mark.parametrize("place", [1, 3])
def test_a_bad_row_is_rejected_with_its_reason_and_line(tmp_path, row, reason, place):
    text = [*GOOD[:place], row, *GOOD[place:]]
    path = archive(tmp_path / "a.zip", {year_name(): year_text(text)})
    flows, accounting = read(path)
    assert (accounting.read, accounting.kept, accounting.rejected) == (4, 3, 1)
    assert list(accounting.rejections) == [reason]
    ((line, shown),) = accounting.rejections[reason].examples
    assert line == place + 2
    assert shown.split(",")[0] == row.split(",")[0]
    same([tuple(flow) for flow in flows.drop(columns="year").itertuples(index=False, name=None)])


def test_lines_are_right_behind_rows_that_could_not_be_split(tmp_path):
    text = [GOOD[0], "broken", GOOD[1], "", "2020,276,156,850519,-1,1", "also,broken", GOOD[2], "2020,1,2,3,-1,1"]
    _, accounting = read(archive(tmp_path / "a.zip", {year_name(): year_text(text)}))
    lines = {line for rejection in accounting.rejections.values() for line, _ in rejection.examples}
    assert lines == {3, 6, 7, 9}
    assert accounting.read == 7
    assert accounting.kept == 3


def test_a_line_without_anything_on_it_is_no_row(tmp_path):
    flows, accounting = read(archive(tmp_path / "a.zip", {year_name(): year_text([GOOD[0], "", *GOOD[1:], "", ""])}))
    assert (len(flows), accounting.read, accounting.rejected) == (3, 3, 0)


def test_at_most_twenty_examples_a_reason(tmp_path):
    text = [*GOOD, *(f"2020,276,156,{code},-1,1" for code in range(100000, 100050))]
    _, accounting = read(archive(tmp_path / "a.zip", {year_name(): year_text(text)}))
    rejection = accounting.rejections["value is negative"]
    assert (rejection.count, len(rejection.examples)) == (50, 20)


def test_too_many_rejected_rows_refuse_the_year(tmp_path):
    _, accounting = read(archive(tmp_path / "a.zip", {year_name(): year_text([*GOOD, "2020,276,156,850519,-1,1"])}))
    accounting.require_share(0.25)
    with pytest.raises(SourceError, match=r"1 of 4 rows were rejected, 25\.00%.*value is negative: 1, e\.g\. line 5"):
        accounting.require_share(0.1)


def wrecked(tmp_path, name):
    """Return a path that nobody should be able to read a year from."""
    path = tmp_path / "a.zip"
    good = archive(tmp_path / "good.zip").read_bytes()
    body = {
        "text": b"hello",
        "empty": b"",
        "html": b"<!DOCTYPE html><html>404</html>",
        "gzip": gzip.compress(b"x"),
        "truncated": good[: len(good) // 2],
    }
    if name in body:
        path.write_bytes(body[name])
        return path
    members = {
        "outside": {"../" + year_name(): year_text()},
        "absolute": {"/etc/" + year_name(): year_text()},
        "windows": {"C:\\" + year_name(): year_text()},
        "no year": {"notes.csv": "a,b"},
        "two versions": {year_name(): year_text(), year_name(2021, version="202501"): year_text()},
        "two nomenclatures": {year_name(): year_text(), year_name(2021, "HS12"): year_text()},
        "year twice": {year_name(): year_text(), "old/" + year_name(): year_text()},
        "other countries": {year_name(): year_text(), "country_codes_V202501.csv": COUNTRIES},
        "unknown revision": {year_name(nomenclature="HS99"): year_text()},
        "packed year": {year_name() + ".gz": gzip.compress(b"x")},
        "bomb": {year_name(): b"0" * 20_000_000},
    }
    return archive(path, members[name])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("text", "neither a zip archive"),
        ("empty", "the file is empty"),
        ("html", "HTML page"),
        ("gzip", "gzip file; unpack it"),
        ("truncated", "damaged or cut off"),
        ("outside", "points outside"),
        ("absolute", "points outside"),
        ("windows", "points outside"),
        ("no year", "no file is named like"),
        ("two versions", r"more than one release.*V202501.*V202601"),
        ("two nomenclatures", r"more than one release.*HS07.*HS12"),
        ("year twice", "the year 2020 is there 2 times"),
        ("other countries", "country table is of V202501, the flows are of V202601"),
        ("unknown revision", "'HS99' is not a revision"),
        ("packed year", "packed once more"),
        ("bomb", "zip bomb"),
    ],
)
def test_what_is_no_release_is_refused_before_anything_is_read(tmp_path, name, told):
    with pytest.raises(SourceError, match=told):
        source(wrecked(tmp_path, name))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "the file is empty"),
        (HEADER.encode() + b"\n", "a header and no rows"),
        (HEADER.encode(), "a header and no rows"),
        (b"t,i,j,k,value,q\n1,2,3,4,5,6\n", r"line 1: the header has t, i, j, k, value, q.*columns t, i, j, k, v, q"),
        (b"t,i,j,k,v,v,q\n", "once each"),
        (year_text().encode("utf-16"), "UTF-16"),
        (gzip.compress(year_text().encode(), mtime=0), "gzip"),
        (b"\x80\x81\n", "not text in UTF-8"),
    ],
)
def test_what_is_no_year_is_refused_with_file_and_line(tmp_path, text, told):
    path = archive(tmp_path / "a.zip", {year_name(): text})
    with pytest.raises(SourceError, match=told) as caught:
        read(path)
    assert "a.zip, BACI_HS07_Y2020_V202601.csv" in str(caught.value)


def test_bytes_that_are_no_text_reject_their_row(tmp_path):
    text = year_text().encode() + b"2020,276,\xff\xfe,850519,1,1\n"
    _, accounting = read(archive(tmp_path / "a.zip", {year_name(): text}))
    assert accounting.rejections["importer is not a whole number"].count == 1


@pytest.mark.parametrize("damage", ["checksum", "cut", "bytes"])
def test_a_damaged_member_is_found_while_reading(tmp_path, damage):
    random.seed(1)
    many = [f"2020,276,156,{code},{random.random():.3f}1,1" for code in range(300_000, 320_000)]
    path = archive(tmp_path / "a.zip", {year_name(): year_text(many)})
    body = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as opened:
        member = opened.infolist()[0]
    middle = member.header_offset + 60 + member.compress_size // 2
    if damage == "checksum":
        directory = body.rindex(b"PK\x01\x02")
        body[directory + 16] ^= 0xFF
    elif damage == "cut":
        # The directory declares more compressed bytes than the file has.
        directory = body.rindex(b"PK\x01\x02")
        body[directory + 20 : directory + 24] = (member.compress_size + 10**6).to_bytes(4, "little")
    else:
        body[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(bytes(body))
    with pytest.raises(
        SourceError, match=r"checksum is wrong|ends in the middle|end before|damaged|instead of the|larger than"
    ):
        read(path)


def test_a_member_cannot_grow_beyond_what_it_declares(tmp_path):
    path = archive(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as opened:
        member = opened.infolist()[0]
    member.file_size = 10
    with (
        archive_module.MemberStream(path, member) as stream,
        pytest.raises(SourceError, match="larger than the 10 bytes"),
    ):
        stream.read()


def test_a_year_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match=r"no file for 2021; it has 2020"):
        source(archive(tmp_path / "a.zip")).open_year(2021)


@pytest.mark.parametrize("given_path", [None, "nowhere.zip"])
def test_no_data(tmp_path, given_path):
    with pytest.raises(SourceError, match=r"holds no trade data yet|no such file"):
        source(tmp_path / given_path if given_path else None)


def test_generated_data_say_so(tmp_path):
    commented = source(archive(tmp_path / "a.zip", comment=b"GENERATED by reeassets world, seed 1"))
    assert commented.version == "GENERATED by reeassets world, seed 1"
    assert commented.notes.startswith("GENERATED data, not real trade")
    told = archive(tmp_path / "b.zip", {year_name(): year_text(), "Readme.txt": "GENERATED: seed 2\nmore"})
    assert source(told).version == "GENERATED seed 2"


def test_a_years_identity_follows_its_content_and_nothing_else(tmp_path):
    one = source(archive(tmp_path / "a.zip"))
    same_year = {year_name(): year_text(), year_name(2021): year_text(), "country_codes_V202601.csv": COUNTRIES}
    more = source(archive(tmp_path / "b.zip", same_year))
    other = source(archive(tmp_path / "c.zip", {year_name(): year_text(GOOD[:2])}))
    assert one.identity(2020) == more.identity(2020) != other.identity(2020)
    assert one.digests(2020).keys() == {"a.zip", "bundled country_codes_V202601.csv"}
    assert len(one.digests(2020)["a.zip"]) == 64


FIELD = st.sampled_from(
    ["2020", "276", "156", "850511", "10110", "1.5", "-1", "0", "", "NA", "x", '"', '"1', "1e5", " 7 ", "\x00", "é"]
)
ROW = st.lists(FIELD, min_size=4, max_size=7).map(",".join) | st.sampled_from(GOOD) | st.text(max_size=20)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(ROW, max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
def test_whatever_rows_come_they_are_conserved_or_the_error_is_clean(tmp_path_factory, lines, newline):
    path = tmp_path_factory.mktemp("any") / year_name()
    path.write_bytes(year_text(lines, newline=newline).encode("utf-8", errors="replace"))
    flows, accounting, problem = None, None, ""
    try:
        flows, accounting = read(path)
    except SourceError as caught:
        problem = str(caught)
    if flows is None:
        assert year_name() in problem
        return
    assert accounting.kept == len(flows)
    assert accounting.read == accounting.kept + accounting.rejected
    if len(flows):
        assert (flows["value_kusd"] > 0).all()
        assert flows["product"].str.fullmatch(r"\d{6}").all()
        assert not flows.duplicated(["exporter_code", "importer_code", "product"]).any()


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=300))
def test_whatever_bytes_come_the_error_is_clean(tmp_path_factory, body):
    path = tmp_path_factory.mktemp("any") / year_name()
    path.write_bytes(body)
    with pytest.raises(SourceError, match="BACI_HS07"):
        read(path)
