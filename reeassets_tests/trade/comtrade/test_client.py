"""What can go wrong between here and UN Comtrade: it raises, it is retried within bounds, and the key stays out."""

import datetime
import importlib.util
import logging
import socket
import traceback
from email.utils import format_datetime
from urllib.parse import quote

import comtradeapicall
import pytest
import urllib3

from reeassets.trade.comtrade.client import KEY_VARIABLE, Client
from reeassets.trade.comtrade.request import REPORT_SCHEMA, Request
from reeassets.trade.contract import SourceError
from reeassets_tests.trade.comtrade.service import KEY, envelope, report

REQUEST = Request("H5", 2020, "M", (842,), ("850511",))
RECORDS = [report(842, "M", 156, "850511", 1080.0, 40.0)]


@pytest.fixture
def ask(service, options, sleeps):
    service.records = RECORDS

    def call(**different):
        return Client(options(**different), sleeps.append).ask(REQUEST)

    return call


def chain(error):
    """The error, and what it was raised from or during."""
    found = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def test_an_answer_has_the_columns_that_are_read(ask):
    table = ask()
    assert table.schema.equals(REPORT_SCHEMA)
    assert table.to_pylist() == [
        {
            "refYear": 2020,
            "reporterCode": 842,
            "partnerCode": 156,
            "partner2Code": 0,
            "flowCode": "M",
            "classificationCode": "H5",
            "classificationSearchCode": "HS",
            "cmdCode": "850511",
            "customsCode": "C00",
            "motCode": 0,
            "primaryValue": 1080.0,
            "netWgt": 40.0,
            "fobvalue": None,
            "cifvalue": 1080.0,
        }
    ]


def test_a_service_without_valuations_is_read(ask, service):
    service.records = [{name: value for name, value in RECORDS[0].items() if name not in ("fobvalue", "cifvalue")}]
    (row,) = ask().to_pylist()
    assert (row["primaryValue"], row["fobvalue"], row["cifvalue"]) == (1080.0, None, None)


def test_no_report_is_an_answer(ask, service):
    service.records = []
    table = ask()
    assert table.num_rows == 0
    assert table.schema.equals(REPORT_SCHEMA)


def test_retry_after_in_seconds_is_waited(ask, service, sleeps):
    service.faults = [(429, {"Retry-After": "7"}, '{"statusCode": 429, "message": "Rate limit is exceeded."}')]
    assert ask().num_rows == 1
    assert sleeps == [7.0]
    assert len(service.asked) == 2


def test_retry_after_as_a_date_is_waited(ask, service, sleeps):
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    service.faults = [(503, {"Retry-After": format_datetime(at, usegmt=True)}, "busy")]
    assert ask().num_rows == 1
    assert 50 <= sleeps[0] <= 60


def test_a_quota_that_is_used_up_is_not_waited_for(ask, service, sleeps):
    body = '{"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 02:30:00."}'
    service.faults = [(403, {"Retry-After": "9000"}, body)]
    with pytest.raises(
        SourceError, match=r"status 403: .*Out of call volume quota.*asks to wait 9,000 s.*at most 300 s"
    ):
        ask()
    assert sleeps == []
    assert len(service.asked) == 1


def test_a_quota_that_is_soon_replenished_is_waited_for(ask, service, sleeps):
    service.faults = [(403, {"Retry-After": "20"}, "Out of call volume quota")]
    assert ask().num_rows == 1
    assert sleeps == [20.0]


QUOTA = "Out of call volume quota. Quota will be replenished in {}."


@pytest.mark.parametrize(("status", "when"), [(403, "02:30:00"), (429, "02:30:00"), (401, "1.00:00:00")])
def test_a_quota_without_retry_after_is_no_wrong_key(ask, service, sleeps, status, when):
    service.faults = [(status, {}, QUOTA.format(when))]
    with pytest.raises(SourceError, match=r"call volume quota.*run again later") as told:
        ask()
    assert "key" not in str(told.value)
    assert sleeps == []
    assert len(service.asked) == 1


def test_a_quota_that_does_not_say_until_when_is_no_wrong_key(ask, service):
    service.faults = [(403, {}, '{"message": "Quota exceeded"}')]
    with pytest.raises(SourceError, match=r"Quota exceeded.*no calls left.*run again later") as told:
        ask()
    assert "is the key" not in str(told.value)


def test_a_quota_that_says_that_it_is_soon_replenished_is_waited_for(ask, service, sleeps):
    service.faults = [(403, {}, QUOTA.format("00:00:20"))]
    assert ask().num_rows == 1
    assert sleeps == [20.0]


def test_an_unreadable_retry_after_leaves_the_backoff(ask, service, sleeps):
    service.faults = [(429, {"Retry-After": "soon"}, "slow down")]
    assert ask().num_rows == 1
    assert sleeps == [2.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 429])
def test_a_passing_error_is_met_with_longer_and_longer_waits(ask, service, sleeps, status):
    service.faults = [(status, {}, "passing")] * 3
    assert ask().num_rows == 1
    assert sleeps == [2.0, 4.0, 8.0]


def test_the_attempts_end(ask, service, sleeps):
    service.faults = [(500, {}, '{"statusCode": 500, "message": "Internal server error"}')] * 10
    with pytest.raises(
        SourceError, match=r"H5 2020, flow M.*status 500.*Internal server error.*attempt 5, the last"
    ) as told:
        ask()
    assert len(service.asked) == 5
    assert sleeps == [2.0, 4.0, 8.0, 16.0]
    assert "status 500" in str(told.value.__cause__)


def test_no_wait_is_longer_than_the_longest(ask, service, sleeps):
    service.faults = [(500, {}, "no")] * 4
    ask(backoff_s=5.0, max_wait_s=12.0)
    assert sleeps == [5.0, 10.0, 12.0, 12.0]


def test_a_broken_connection_is_tried_again(ask, service, sleeps):
    service.faults = [None, None]
    assert ask().num_rows == 1
    assert sleeps == [2.0, 4.0]


def test_nobody_there(ask, service, sleeps):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(SourceError, match="no answer: NewConnectionError") as told:
        ask(base_url=url, attempts=3)
    assert sleeps == [2.0, 4.0]
    assert any(isinstance(error, urllib3.exceptions.NewConnectionError) for error in chain(told.value))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"elapsedTime": "0.1 secs", "count": 1, "data": [{"refY', r"not JSON \(JSONDecodeError\); it begins: \{"),
        (
            "<!DOCTYPE html>\n<html><body>Maintenance</body></html>",
            "not JSON .*<!DOCTYPE html> <html><body>Maintenance",
        ),
        ("", r"not JSON .*\(no text\)"),
        ("[]", "no list `data`"),
        ('{"count": 0}', "no list `data`"),
        (envelope([], error="The period is invalid"), "is an error: The period is invalid"),
        (envelope([{"refYear": 2020}]), "records have no reporterCode"),
        (envelope([report(842, "M", 156, "850511", "many")]), "not what they should be"),
        (envelope([report(842, "M", "China", "850511", 1.0)]), "not what they should be"),
    ],
)
def test_an_answer_that_is_none_is_refused_at_once(ask, service, sleeps, body, told):
    service.faults = [(200, {}, body)]
    with pytest.raises(SourceError, match=told):
        ask()
    assert sleeps == []


def test_a_redirect_is_not_followed(ask, service):
    service.faults = [(302, {"Location": f"{service.url}/elsewhere"}, "")]
    with pytest.raises(SourceError, match="status 302"):
        ask()
    assert len(service.asked) == 1


def test_as_many_records_as_the_limit_are_no_answer(ask, service):
    service.records = RECORDS * 2
    assert ask(record_limit=2) is None
    assert ask(record_limit=3).num_rows == 2


def test_without_a_key_nothing_is_sent(ask, service, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(SourceError, match=KEY_VARIABLE):
        ask()
    assert service.asked == []


@pytest.mark.parametrize("key", ["abc\ndefsecret", "schlüsselsecret", "two secret"])
def test_a_key_that_cannot_be_one_is_refused_without_being_told(ask, service, monkeypatch, key):
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(SourceError, match="characters that a key cannot have") as told:
        ask()
    assert all("secret" not in f"{error}{error!r}" for error in chain(told.value))
    assert service.asked == []


@pytest.mark.parametrize(
    "fault",
    [
        (401, {}, f'{{"statusCode": 401, "message": "Access denied, invalid key {KEY}"}}'),
        (403, {}, f"forbidden for subscription-key={quote(KEY, safe='')}"),
        (500, {}, f"failed at ?subscription-key={KEY}"),
        (200, {}, f"<html>{KEY}</html>"),
        (200, {}, f'{{"key": "{KEY}"}}'),
        (200, {}, envelope([], error=f"key {KEY} is unknown")),
        None,
    ],
)
def test_the_key_is_never_told(service, source, fault, capfd, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    service.records = RECORDS
    # One good answer, so that there is something in the cache.
    service.faults = [envelope, *[fault] * 5]
    opened = source()
    reader = opened.open_year(2020)
    with pytest.raises(SourceError) as told:
        list(reader.batches())
    out, err = capfd.readouterr()
    assert out == ""
    texts = [out, err, caplog.text, repr(reader), repr(opened), repr(vars(opened)), str(reader.accounting)]
    texts += [repr(vars(opened._client)), repr(vars(opened._client._gateway)), repr(opened._options)]
    texts += [f"{error}{error!r}{error.args}" for error in chain(told.value)]
    texts += ["".join(traceback.format_exception(told.value))]
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix != ".lock"]) == 3
    texts += [f"{path} {path.read_bytes()!r}" for path in files]
    texts += [asked["raw"] for asked in service.asked]
    assert len(service.asked) >= 2
    for text in texts:
        assert KEY not in text
        assert quote(KEY, safe="") not in text


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_refused_at_once_and_named(ask, service, sleeps, status):
    service.faults = [(status, {}, '{"message": "Access denied due to invalid subscription key."}')]
    with pytest.raises(SourceError, match=f"status {status}: .*Access denied.*{KEY_VARIABLE}"):
        ask()
    assert sleeps == []
    assert len(service.asked) == 1


def test_a_proxy_is_used(ask, service):
    assert ask(base_url="http://comtrade.invalid", proxy=service.url).num_rows == 1
    assert service.asked[0]["raw"].startswith("http://comtrade.invalid/data/v1/get/C/A/H5?")


def test_what_is_no_proxy_is_refused(ask, sleeps):
    with pytest.raises(SourceError, match="the proxy for UN Comtrade is not one"):
        ask(proxy="gopher://127.0.0.1")
    assert sleeps == []


def test_the_installed_package_stays_as_it_is(ask):
    before = dict(vars(comtradeapicall.PreviewGet))
    ask()
    assert vars(comtradeapicall.PreviewGet) == before
    assert comtradeapicall.PreviewGet.urllib3 is urllib3


def test_a_package_that_works_in_another_way_is_refused(ask, tmp_path, monkeypatch):
    other = tmp_path / "other.py"
    other.write_text("def getFinalData(*_, **__): ...\n")
    spec = importlib.util.spec_from_file_location("other", other)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(SourceError, match=r"comtradeapicall \d.* in another way than 1\.3\.2"):
        ask()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SourceError, match="is not installed"):
        ask()


def test_a_package_that_asks_elsewhere_gets_no_key(ask, service, tmp_path, monkeypatch):
    other = tmp_path / "other.py"
    other.write_text(
        "import urllib3\n"
        "def getFinalData(*_, **__):\n"
        "    return urllib3.PoolManager().request('GET', 'https://example.invalid/x?a=b', fields={}, timeout=1)\n"
    )
    spec = importlib.util.spec_from_file_location("other", other)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(SourceError, match=r"asks https://example\.invalid/x, which is not"):
        ask()
    assert service.asked == []
