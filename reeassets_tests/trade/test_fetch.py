"""Fetching BACI from a server that does everything wrong, over real connections."""

import hashlib
import io
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pooch
import pytest
from rich.console import Console

from reeassets.console.fetch import fetch_baci as fetch_and_print
from reeassets.trade import download
from reeassets.trade import fetch as fetching
from reeassets.trade.contract import SourceError
from reeassets.trade.download import FetchError, Patience, Watch
from reeassets.trade.fetch import fetch_baci

from .misbehaving_server import Answer, MisbehavingServer

NAME = "BACI_HS07_V202601.zip"
QUICK = Patience(
    connect_timeout=2, read_timeout=0.3, attempts=3, first_wait=0.01, longest_wait=0.03, jitter=0.01, progress=200_000
)


def archive(seed):
    """A zip archive of 1 MB that does not compress, and ends just after a multiple of 64 KiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr("BACI_HS07_Y2007_V202601.csv", random.Random(seed).randbytes(15 * 64 * 1024))
    return buffer.getvalue()


WHOLE, OTHER = archive(1), archive(2)
HALF = 500_000
GOOD = Answer(WHOLE, etag='"one"')
GOOD_OTHER = Answer(OTHER, etag='"two"')


def broken(ending, answer=GOOD, **changes):
    return Answer(**{**answer.__dict__, "stop_after": HALF, "ending": ending, **changes})


class Heard(Watch):
    def __init__(self):
        self.words, self.positions = [], []

    def advanced(self, position, total):
        self.positions.append((position, total))

    def told(self, what):
        self.words.append(what)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def serve():
    """Start servers that are stopped when the test ends."""
    servers = []

    def start(*answers):
        servers.append(MisbehavingServer(*answers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def fetched(server, folder, patience=QUICK, **options):
    return fetch_baci("HS07", "V202601", folder, base_url=server.url, patience=patience, **options)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_in_place(folder, content=WHOLE):
    assert (folder / NAME).read_bytes() == content
    assert (folder / f"{NAME}.sha256").read_text() == f"{hashlib.sha256(content).hexdigest()}  {NAME}\n"
    assert files(folder) == [NAME, f"{NAME}.sha256"]


def asked(server):
    """Range and If-Range of every request."""
    return [(request.headers.get("Range"), request.headers.get("If-Range")) for request in server.requests]


def range_start(server, request):
    return int(re.fullmatch(r"bytes=(\d+)-", asked(server)[request][0])[1])


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


@pytest.mark.parametrize("ending", ["reset", "close", "stall"])
def test_a_download_that_drops_truncates_or_stalls_goes_on_where_it_stopped(serve, tmp_path, ending):
    server, heard = serve(broken(ending), GOOD), Heard()
    fetched(server, tmp_path, watch=heard)
    assert_in_place(tmp_path)
    start = range_start(server, 1)
    assert HALF - 64 * 1024 <= start <= HALF
    assert asked(server) == [(None, None), (f"bytes={start}-", '"one"')]
    assert server.requests[1].sent == len(WHOLE) - start
    assert pauses(server)[0] < 2
    reason = {"stall": "fell silent", "reset": "broke", "close": "broke"}[ending]
    assert reason in heard.words[0]
    assert heard.words[1] == f"going on at byte {start:,}"


def test_a_date_of_last_change_stands_in_for_a_weak_etag(serve, tmp_path):
    when = "Wed, 21 Jan 2026 10:00:00 GMT"
    server = serve(
        broken("close", etag='W/"weak"', last_modified=when), Answer(WHOLE, etag='W/"weak"', last_modified=when)
    )
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert asked(server)[1][1] == when
    assert server.requests[1].sent < len(WHOLE)


def test_without_anything_to_know_the_file_by_it_starts_again(serve, tmp_path):
    server = serve(broken("close", etag=None), Answer(WHOLE))
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert asked(server) == [(None, None), (None, None)]


def test_a_server_that_ignores_ranges_sends_all_of_it_again(serve, tmp_path):
    server, heard = serve(broken("close", ranges=False), Answer(WHOLE, etag='"one"', ranges=False)), Heard()
    fetched(server, tmp_path, watch=heard)
    assert_in_place(tmp_path)
    assert range_start(server, 1) > 0
    assert server.requests[1].sent == len(WHOLE)
    assert "sends the whole file" in heard.words[1]


def test_a_server_that_ignores_ranges_and_always_breaks_is_given_up(serve, tmp_path):
    server = serve(broken("close", ranges=False))
    with pytest.raises(FetchError, match="gave up after 3 attempts"):
        fetched(server, tmp_path)
    # The first attempt got further than ever, the next three did not.
    assert len(server.requests) == 4
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changes_between_attempts_is_not_mixed(serve, tmp_path, heeds_if_range):
    changed = Answer(OTHER, etag='"two"', heeds_if_range=heeds_if_range)
    server = serve(broken("close"), changed)
    fetched(server, tmp_path)
    assert_in_place(tmp_path, OTHER)
    # One that sends the rest of another file is found out by its ETag, and asked for all of it.
    assert len(server.requests) == (2 if heeds_if_range else 3)
    assert range_start(server, 1) > 0
    assert server.requests[-1].sent == len(OTHER)


def test_a_rest_that_begins_elsewhere_is_refused(serve, tmp_path):
    elsewhere = Answer(WHOLE[:100], status=206, etag='"one"', headers={"Content-Range": f"bytes 0-99/{len(WHOLE)}"})
    server, heard = serve(broken("close"), elsewhere, GOOD), Heard()
    fetched(server, tmp_path, watch=heard)
    assert_in_place(tmp_path)
    assert "a part of another file" in heard.words[1]
    assert asked(server)[2] == (None, None)


def test_a_rest_that_is_cut_short_and_says_so_nowhere_is_gone_on_with(serve, tmp_path):
    stop, again = 7 * 64 * 1024, 600_000
    whole_rest = {"Content-Range": f"bytes {stop}-{len(WHOLE) - 1}/{len(WHOLE)}"}
    short = Answer(WHOLE[stop:again], status=206, etag='"one"', headers=whole_rest)
    server, heard = serve(broken("close", stop_after=stop), short, GOOD), Heard()
    fetched(server, tmp_path, watch=heard)
    assert_in_place(tmp_path)
    assert [range_start(server, request) for request in (1, 2)] == [stop, again]
    assert f"ended the file at byte {again:,} of {len(WHOLE):,}" in heard.words[2]


def test_a_range_that_the_server_no_longer_has_starts_again(serve, tmp_path):
    server = serve(broken("close"), Answer(status=416), GOOD)
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert asked(server)[2] == (None, None)


def test_attempts_that_bring_something_do_not_count(serve, tmp_path):
    pieces = [broken("close", stop_after=200_000 + 64 * 1024) for _ in range(3)]
    server = serve(*pieces, GOOD)
    fetched(server, tmp_path, Patience(**{**QUICK.__dict__, "attempts": 2}))
    assert_in_place(tmp_path)
    starts = [range_start(server, request) for request in (1, 2, 3)]
    assert starts == sorted(starts)
    assert starts[0] >= 200_000
    assert server.requests[3].sent == len(WHOLE) - starts[2]


def test_what_has_arrived_outlives_the_process(serve, tmp_path):
    server = serve(broken("stall"), GOOD)
    code = (
        "import sys, pathlib; from reeassets.trade.fetch import fetch_baci; "
        "fetch_baci('HS07', 'V202601', pathlib.Path(sys.argv[1]), base_url=sys.argv[2])"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path, server.url])
    part = tmp_path / f"{NAME}.part"
    deadline = time.monotonic() + 15
    while not (part.exists() and part.stat().st_size >= 400_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(FetchError, match="another process"):
        fetched(server, tmp_path)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / NAME).exists()
    for litter in tmp_path.glob("tmp*"):
        assert litter.stat().st_size == 0
        litter.unlink()
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert range_start(server, 1) >= 400_000
    assert len(server.requests) == 2


def test_a_part_that_another_process_has_just_finished_is_left_alone(serve, tmp_path, monkeypatch):
    server, finished = serve(GOOD), tmp_path / "finished"
    (tmp_path / f"{NAME}.part").write_bytes(WHOLE)
    monkeypatch.setattr(download.fcntl, "flock", lambda *_: (tmp_path / f"{NAME}.part").rename(finished))
    with pytest.raises(FetchError, match="another process"):
        fetched(server, tmp_path)
    assert finished.read_bytes() == WHOLE
    assert server.requests == []


def test_a_part_that_was_whole_already_is_put_in_place_without_asking(serve, tmp_path):
    server = serve(broken("close", stop_after=len(WHOLE) - 10))
    with pytest.raises(FetchError, match=r"kept in .*\.part: call again"):
        fetched(server, tmp_path, Patience(**{**QUICK.__dict__, "attempts": 1, "progress": 10**9}))
    (tmp_path / f"{NAME}.part").write_bytes(WHOLE)
    before = len(server.requests)
    assert fetched(server, tmp_path).received == 0
    assert len(server.requests) == before
    assert_in_place(tmp_path)


def test_a_part_from_another_address_is_not_gone_on_with(serve, tmp_path):
    first = serve(broken("close"), Answer(status=403))
    with pytest.raises(FetchError, match="403"):
        fetched(first, tmp_path)
    second = serve(Answer(OTHER, etag='"one"'))
    fetched(second, tmp_path)
    assert_in_place(tmp_path, OTHER)
    assert asked(second) == [(None, None)]


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_named_and_not_asked_for_again(serve, tmp_path, status):
    server = serve(Answer(b"<html>no</html>", status=status))
    with pytest.raises(SourceError, match=rf"{NAME}: no such archive \(HTTP {status}\).*bdd_modele_item"):
        fetched(server, tmp_path)
    assert len(server.requests) == 1
    assert files(tmp_path) == []


def test_another_refusal_is_not_asked_for_again(serve, tmp_path):
    server = serve(Answer(status=403))
    with pytest.raises(FetchError, match=r"status 403.*by hand.*--data"):
        fetched(server, tmp_path)
    assert len(server.requests) == 1


def test_a_server_in_trouble_is_asked_again(serve, tmp_path):
    server = serve(Answer(status=500), Answer(status=503), GOOD)
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert len(server.requests) == 3


def pauses(server):
    return [later.at - earlier.at for earlier, later in pairwise(server.requests)]


def test_the_pauses_grow(serve, tmp_path):
    server = serve(Answer(status=500))
    patience = Patience(attempts=5, first_wait=0.05, longest_wait=0.2, jitter=0)
    with pytest.raises(FetchError, match=r"gave up after 5 attempts without progress; the last: .* status 500"):
        fetched(server, tmp_path, patience)
    for pause, least in zip(pauses(server), (0.05, 0.1, 0.2, 0.2), strict=True):
        assert least <= pause < least + 0.1


def test_the_pauses_have_jitter(serve, tmp_path):
    server = serve(Answer(status=500))
    random.seed(1)  # draws of 0.13 and 0.85
    with pytest.raises(FetchError, match="gave up after 3 attempts"):
        fetched(server, tmp_path, Patience(attempts=3, first_wait=0, jitter=0.4))
    short, long = pauses(server)
    assert 0.05 <= short < 0.2
    assert 0.33 <= long < 0.5


def _soon():
    return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)}


def _soon_by_a_clock_that_is_wrong():
    return {"Date": "Wed, 21 Jan 2015 10:00:00 GMT", "Retry-After": "Wed, 21 Jan 2015 10:00:01 GMT"}


@pytest.mark.parametrize(
    ("status", "wish"),
    [(429, lambda: {"Retry-After": "1"}), (503, _soon), (429, _soon_by_a_clock_that_is_wrong)],
    ids=["seconds", "date", "date of a wrong clock"],
)
def test_a_server_that_asks_to_wait_is_not_asked_earlier(serve, tmp_path, status, wish):
    server = serve(Answer(status=status, headers=wish()), GOOD)
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert 0.9 <= pauses(server)[0] < 2.5


def test_a_wait_that_is_too_long_is_told_instead(serve, tmp_path):
    server = serve(Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(FetchError, match=r"come back in 3,600 s"):
        fetched(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("wish", ["soon", "-5", "Wed, 21 Jan 2015 10:00:00 GMT", "Wed, 21 Jan 2999 10:00:00"])
def test_a_wish_that_is_none_gives_the_usual_pause(serve, tmp_path, wish):
    server = serve(Answer(status=429, headers={"Retry-After": wish}), GOOD)
    fetched(server, tmp_path)
    assert pauses(server)[0] < 0.5


def test_a_page_that_comes_as_an_archive_is_refused(serve, tmp_path):
    server = serve(Answer(b"<!DOCTYPE html><html>Please log in</html>"))
    with pytest.raises(FetchError, match="a web page that is not a zip archive"):
        fetched(server, tmp_path)
    assert len(server.requests) == 1
    assert files(tmp_path) == []


def test_a_page_does_not_cost_what_has_arrived(serve, tmp_path):
    server = serve(broken("close"), Answer(b"<html>down for maintenance</html>"), GOOD)
    with pytest.raises(FetchError, match="a web page"):
        fetched(server, tmp_path)
    fetched(server, tmp_path)
    assert_in_place(tmp_path)
    assert range_start(server, 2) >= HALF - 64 * 1024


def test_an_archive_cut_short_at_its_origin_is_refused(serve, tmp_path):
    server = serve(Answer(WHOLE[:HALF], etag='"one"'))
    with pytest.raises(FetchError, match="not a whole zip archive"):
        fetched(server, tmp_path)
    assert files(tmp_path) == []


def test_a_cut_that_no_length_tells_of_is_found_by_the_archives_end(serve, tmp_path):
    server = serve(broken("close", length=-1))
    with pytest.raises(FetchError, match="not a whole zip archive"):
        fetched(server, tmp_path)
    assert files(tmp_path) == []
    server = serve(Answer(WHOLE, length=-1))
    fetched(server, tmp_path)
    assert_in_place(tmp_path)


def test_an_empty_answer_is_no_archive(serve, tmp_path):
    server = serve(Answer(b""))
    with pytest.raises(FetchError, match="at byte 0 of 0"):
        fetched(server, tmp_path)
    assert files(tmp_path) == []


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


def test_no_name_service_is_no_network(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"www\.cepii\.fr cannot be reached: no network, or no DNS.*--data") as raised:
        fetch_baci("HS07", "V202601", tmp_path, patience=Patience(first_wait=30))
    assert time.monotonic() - began < 5
    assert "\n" not in str(raised.value)


def test_a_name_service_that_fails_halfway_is_waited_for(serve, tmp_path, monkeypatch):
    server, heard = serve(broken("close"), GOOD), Heard()
    known, calls = socket.getaddrinfo, []

    def once_unknown(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return known(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once_unknown)
    fetched(server, tmp_path, watch=heard)
    assert_in_place(tmp_path)
    assert len(calls) == 3


def test_nobody_listening_is_tried_again_and_told(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        heard = Heard()
        with pytest.raises(FetchError, match=r"gave up after 3 attempts.*connection to 127\.0\.0\.1 failed"):
            fetch_baci("HS07", "V202601", tmp_path, base_url=url, patience=QUICK, watch=heard)
    assert len(heard.words) == 2


def test_a_certificate_that_cannot_be_verified_is_final(serve, tmp_path, monkeypatch):
    def refuse(*_, **__):
        problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
        problem.verify_message = "self-signed certificate"
        raise problem

    contexts = []

    def wrap(context, *_, **__):
        contexts.append(context)
        refuse()

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    server = serve(GOOD)
    with pytest.raises(FetchError, match=r"certificate cannot be verified .self-signed certificate"):
        fetch_baci("HS07", "V202601", tmp_path, base_url=server.url.replace("http:", "https:"), patience=QUICK)
    assert len(contexts) == 1
    assert contexts[0].verify_mode == ssl.CERT_REQUIRED


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
        ("HS08", "V202601", r"'HS08' is no revision.*HS92, HS96, HS02, HS07"),
        ("hs07", "V202601", r"'hs07' is no revision"),
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
