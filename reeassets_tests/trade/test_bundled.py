"""What tells a file's content from another's."""

import hashlib
import os
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reeassets.trade.bundled import NotText, content, read_parquet, sha256


def test_checksums_are_those_of_the_whole_file(tmp_path):
    path, data = tmp_path / "a.csv", os.urandom(17 * 1024**2)
    path.write_bytes(data)
    found = content(path)
    assert (found.sha256, found.crc32, found.size) == (hashlib.sha256(data).hexdigest(), zlib.crc32(data), len(data))


def test_another_file_of_the_same_size_and_time_is_read_anew(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"one")
    os.utime(path, ns=(0, 0))
    before = sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 0))
    rewritten = sha256(path)
    (tmp_path / "b.csv").write_bytes(b"six")
    os.utime(tmp_path / "b.csv", ns=(0, 0))
    (tmp_path / "b.csv").rename(path)
    assert [before, rewritten, sha256(path)] == [hashlib.sha256(text).hexdigest() for text in (b"one", b"two", b"six")]


def test_a_file_that_stays_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes(b"one")
    first = content(path)
    monkeypatch.setattr("pathlib.Path.open", None)
    assert content(path) is first


def test_text_that_is_not_utf_8_is_refused_with_the_file(tmp_path):
    path = tmp_path / "latin1.parquet"
    names = pa.array(["China", "C\u00f4te d'Ivoire".encode("latin-1")], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"iso3": ["CHN", "CIV"], "country": names}), path)
    with pytest.raises(NotText, match=r"latin1\.parquet: text that is not UTF-8"):
        read_parquet(path, ["iso3", "country"])
    assert read_parquet(path, ["iso3"]).num_rows == 2
    assert read_parquet(path, ["iso3", "country"], [("iso3", "=", "CHN")]).num_rows == 1
