"""A download that is interrupted goes on where it stopped, and never mixes two files."""

import signal
import subprocess
import sys
import time

import pytest

from reeassets.trade import download
from reeassets.trade.download import FetchError, Patience
from reeassets_tests.misbehaving_server import Answer
from reeassets_tests.trade.fetching.given import (
    GOOD,
    HALF,
    NAME,
    OTHER,
    QUICK,
    WHOLE,
    Heard,
    asked,
    assert_in_place,
    broken,
    fetched,
    pauses,
    range_start,
)


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
