"""What a server, or the network in its place, may say, and what the user is told."""

import random
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reeassets.trade.contract import SourceError
from reeassets.trade.download import FetchError, Patience
from reeassets.trade.fetch import fetch_baci
from reeassets_tests.misbehaving_server import Answer
from reeassets_tests.trade.fetching.given import (
    GOOD,
    HALF,
    NAME,
    QUICK,
    WHOLE,
    Heard,
    assert_in_place,
    broken,
    fetched,
    files,
    pauses,
    range_start,
)


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
