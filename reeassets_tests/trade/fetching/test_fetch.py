"""Fetching BACI from a server that does everything wrong, over real connections."""

import hashlib
import io
import os

import pooch
import pytest
from rich.console import Console

from reeassets.console.fetch import fetch_baci as fetch_and_print
from reeassets.trade import fetch as fetching
from reeassets.trade.download import FetchError
from reeassets.trade.fetch import fetch_baci
from reeassets_tests.misbehaving_server import Answer
from reeassets_tests.trade.fetching.given import (
    GOOD,
    GOOD_OTHER,
    HALF,
    NAME,
    OTHER,
    QUICK,
    WHOLE,
    Heard,
    assert_in_place,
    broken,
    fetched,
    files,
)


def test_a_good_server_is_asked_once_and_a_second_fetch_asks_nothing(serve, tmp_path):
    server, heard = serve(GOOD), Heard()
    result = fetched(server, tmp_path / "new" / "folder", watch=heard)
    assert result.path == tmp_path / "new" / "folder" / NAME
    assert result.digest == hashlib.sha256(WHOLE).hexdigest()
    assert result.received == len(WHOLE)
    assert heard.positions[-1] == (len(WHOLE), len(WHOLE))
    assert_in_place(tmp_path / "new" / "folder")
    again = fetched(server, tmp_path / "new" / "folder")
    assert (again.digest, again.received) == (result.digest, 0)
    assert [request.path for request in server.requests] == [f"/baci/{NAME}"]
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_a_file_that_is_not_the_one_recorded_is_an_error_and_stays(serve, tmp_path):
    server = serve(GOOD)
    fetched(server, tmp_path)
    damaged = WHOLE[:1000] + b"?" + WHOLE[1001:]
    (tmp_path / NAME).write_bytes(damaged)
    both = f"{hashlib.sha256(damaged).hexdigest()}.*{hashlib.sha256(WHOLE).hexdigest()}"
    with pytest.raises(FetchError, match=both):
        fetched(server, tmp_path)
    assert (tmp_path / NAME).read_bytes() == damaged
    assert len(server.requests) == 1


def test_a_file_put_there_by_hand_is_recorded_if_it_is_an_archive(serve, tmp_path):
    server = serve(GOOD)
    (tmp_path / NAME).write_bytes(WHOLE)
    assert fetched(server, tmp_path).received == 0
    assert_in_place(tmp_path)
    for wrong in (b"<html></html>", WHOLE[:HALF]):
        folder = tmp_path / hashlib.sha256(wrong).hexdigest()
        folder.mkdir()
        (folder / NAME).write_bytes(wrong)
        with pytest.raises(FetchError, match="not a whole zip archive"):
            fetched(server, folder)
        assert (folder / NAME).read_bytes() == wrong
        assert files(folder) == [NAME]
    assert server.requests == []


def test_an_archive_fetched_again_must_be_the_one_recorded(serve, tmp_path):
    server = serve(GOOD, GOOD, GOOD_OTHER)
    for _ in range(2):
        fetched(server, tmp_path)
        assert_in_place(tmp_path)
        (tmp_path / NAME).unlink()
    both = f"{hashlib.sha256(WHOLE).hexdigest()}.*{hashlib.sha256(OTHER).hexdigest()}.*remove .*{NAME}.sha256"
    with pytest.raises(FetchError, match=both):
        fetched(server, tmp_path)
    assert files(tmp_path) == [f"{NAME}.sha256"]


def test_a_record_that_cannot_be_read_is_named(serve, tmp_path):
    (tmp_path / f"{NAME}.sha256").write_text("not a digest\n")
    server = serve(GOOD)
    with pytest.raises(FetchError, match=r"sha256: not a line"):
        fetched(server, tmp_path)
    assert server.requests == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(serve, tmp_path):
    server = serve(broken("close", stop_after=1000, length=10**18))
    with pytest.raises(FetchError, match=r"1,000,000,000,000,000,000 bytes are still to come, [\d,]+ are free"):
        fetched(server, tmp_path)
    assert files(tmp_path) == []


def test_a_disk_that_fills_up_is_told(serve, tmp_path):
    (tmp_path / f"{NAME}.part").symlink_to("/dev/full")
    with pytest.raises(FetchError, match=r"No space left on device.*call again"):
        fetched(serve(GOOD), tmp_path)
    assert not (tmp_path / NAME).exists()


def test_a_folder_that_cannot_be_written_is_told(serve, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError, match=r"file/inside: cannot be read or written"):
        fetched(serve(GOOD), tmp_path / "file" / "inside")


def test_a_folder_without_permission_is_told(serve, tmp_path):
    server = serve(GOOD)
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:  # who may write anywhere, and so becomes nobody for a moment
        os.seteuid(65534)
    try:
        with pytest.raises(FetchError, match="Permission denied"):
            fetched(server, tmp_path)
    finally:
        os.seteuid(user)
    assert server.requests == []


@pytest.mark.parametrize(
    ("nomenclature", "version", "told"),
    [
        ("HS08", "V202601", r"'HS08' is not a revision.*HS92, HS96, HS02, HS07"),
        ("hs07", "V202601", r"'hs07' is not a revision"),
        ("HS07", "202601", r"'202601' is no version of BACI"),
        ("HS07", "V202601B", "is no version"),
        ("HS07", "V202601/../../x", "is no version"),
        ("HS07", "V202601\n", "is no version"),
    ],
)
def test_what_is_no_release_is_never_asked_for(serve, tmp_path, nomenclature, version, told):
    server = serve(GOOD)
    with pytest.raises(FetchError, match=told):
        fetch_baci(nomenclature, version, tmp_path, base_url=server.url, patience=QUICK)
    assert server.requests == []


def test_a_revised_version_is_a_version(serve, tmp_path):
    server = serve(GOOD)
    path = fetch_baci("HS17", "V202401b", tmp_path, base_url=server.url, patience=QUICK).path
    assert path.name == "BACI_HS17_V202401b.zip"
    assert server.requests[0].path == "/baci/BACI_HS17_V202401b.zip"


@pytest.mark.parametrize("url", ["ftp://example.org/", "/tmp/baci", "https://example.org/?token=hidden", "https://"])
def test_a_base_that_is_no_address_is_refused_without_repeating_it(tmp_path, url):
    with pytest.raises(FetchError, match="http or https address") as raised:
        fetch_baci("HS07", "V202601", tmp_path, base_url=url)
    assert "hidden" not in str(raised.value)


def test_a_password_in_the_address_is_sent_and_never_shown(serve, tmp_path, capfd):
    server, heard = serve(broken("close"), Answer(status=404)), Heard()
    url = server.url.replace("http://", "http://name:hidden@")
    with pytest.raises(FetchError) as raised:
        fetch_baci("HS07", "V202601", tmp_path, base_url=url, patience=QUICK, watch=heard)
    assert server.requests[0].headers["Authorization"].startswith("Basic ")
    shown = [str(raised.value), *heard.words, (tmp_path / f"{NAME}.part.json").read_text(), *capfd.readouterr()]
    assert not any("hidden" in text for text in shown)


@pytest.fixture
def quick_console(monkeypatch):
    monkeypatch.setattr(fetching, "Patience", lambda: QUICK)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.usefixtures("quick_console")
def test_the_console_says_where_it_is_and_how_to_go_on(serve, tmp_path, monkeypatch, terminal):
    server, out, pooch_says = serve(broken("close"), GOOD), io.StringIO(), io.StringIO()
    monkeypatch.setattr(pooch.get_logger().handlers[0], "stream", pooch_says)
    console = Console(file=out, force_terminal=terminal, width=60)
    folder = tmp_path / "a [bold] folder"
    assert fetch_and_print("HS07", "V202601", folder, server.url, console) == 0
    printed = out.getvalue()
    assert terminal or "\n\n" not in printed
    assert ("\x1b[" in printed) == terminal
    assert "next attempt in" in printed
    assert f"archive  {folder / NAME}  (1.0 MB downloaded)" in printed
    assert f"sha256   {hashlib.sha256(WHOLE).hexdigest()}" in printed
    assert f"reeassets run --source baci --data '{folder / NAME}'\n" in printed
    if not terminal:
        assert "1.0 MB of 1.0 MB (100%)\n" in printed
    out.truncate(0)
    assert fetch_and_print("HS07", "V202601", folder, server.url, console) == 0
    assert "verifying its SHA-256" in out.getvalue()
    assert "(nothing to download)" in out.getvalue()
    assert pooch_says.getvalue() == ""
