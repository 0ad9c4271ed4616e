"""What tells a file's content from another's."""

import hashlib
import os
import zlib

from reeassets.trade.bundled import content, sha256


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
