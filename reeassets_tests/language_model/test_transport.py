"""What an endpoint can do wrong before a model has said anything: never an answer, never a loss."""

import subprocess
import sys
import time
import traceback

import pytest

from reeassets.language_model.asking import ask
from reeassets.language_model.options import LanguageModelError
from reeassets.products.language_model import CLASSIFY, _questions

from ..misbehaving_server import Answer
from .endpoint import (
    KEY,
    body,
    codes,
    envelope,
    hasty,
    honest,
    honest_vote,
    nomenclature,
    problem,
    questions,
    sent,
    settings_of,
    votes,
)

ONE = _questions(nomenclature("850511"))
TWO = _questions(nomenclature("850511", "280530"))
HTML = Answer(body=b"<html><body>Gateway</body></html>", headers={"Content-Type": "text/html"})
WHOLE = sent(envelope('{"answers": []}'))


def everything_below(folder):
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file())


PASSING = {
    "429 without Retry-After": problem(429, "rate_limit_exceeded"),
    "500": problem(500),
    "503 with a page": Answer(body=b"<html>down</html>", status=503, headers={"Content-Type": "text/html"}),
    "529": problem(529),
    "408": problem(408),
    "truncated body": sent(envelope("x" * 1000), stop_after=500),
    "truncated body without a length": sent(envelope("x" * 1000), stop_after=500, length=-1),
    "dropped connection": sent(envelope("x" * 1000), stop_after=500, ending="reset"),
    "dropped before a byte": sent(envelope("x"), stop_after=0, ending="reset"),
    "HTML with status 200": HTML,
    "HTML that says it is JSON": Answer(body=HTML.body, headers={"Content-Type": "application/json"}),
    "empty body": Answer(body=b""),
    "a list": sent([1, 2]),
    "no output": sent({"id": "r", "status": "completed"}),
    "output that is no list": sent(envelope("") | {"output": "none"}),
    "an impossible status": sent(envelope("") | {"status": 7}),
    "tokens below zero": sent(envelope("") | {"usage": {"input_tokens": -5, "output_tokens": 1}}),
    "failed": sent(envelope("", status="failed", error={"code": "server_error", "message": "oops"}, output=[])),
    "in progress": sent(envelope("", status="in_progress", output=[])),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_passes_is_asked_again(endpoint, tmp_path, fault):
    server = endpoint(fault, fault, honest)
    answers = ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    assert answers["test-model", ("850511",)].verdict.is_ree
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_does_not_pass_raises_and_keeps_nothing_of_it(endpoint, tmp_path, fault):
    server = endpoint(fault)
    with pytest.raises(LanguageModelError, match=r"attempt 3, the last.*0 of 1 codes done"):
        ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    assert len(server.requests) == 3
    assert not list(tmp_path.rglob("*.json"))
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_silent_endpoint_ends_with_the_timeout(endpoint, tmp_path):
    silent = sent(envelope("x" * 100), stop_after=0, ending="stall")
    server = endpoint(silent, honest)
    options = hasty(settings_of(tmp_path, server, language_model_timeout=0.3))
    began = time.monotonic()
    assert ask(CLASSIFY, ONE, options)["test-model", ("850511",)].verdict is not None
    assert 0.3 <= time.monotonic() - began < 5
    assert len(server.requests) == 2


def test_an_endpoint_that_drips_ends_with_the_timeout(endpoint, tmp_path):
    # A byte each 0.05 s never is a silence of 0.5 s, and the whole would take a minute.
    server = endpoint(sent(envelope("x" * 500), stop_after=10, ending="drip"))
    options = hasty(settings_of(tmp_path, server, language_model_timeout=0.5), attempts=1)
    began = time.monotonic()
    with pytest.raises(LanguageModelError, match=r"no answer within 0\.5 s"):
        ask(CLASSIFY, ONE, options)
    assert time.monotonic() - began < 5


def test_an_endless_answer_is_not_read_to_its_end(endpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("reeassets.language_model.client._LONGEST_BODY", 10_000)
    server = endpoint(sent(envelope("x" * 100_000)), honest)
    assert ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))["test-model", ("850511",)].verdict is not None
    assert len(server.requests) == 2


@pytest.mark.parametrize(("header", "least"), [("1", 1.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", 0.0)])
def test_retry_after_is_waited_for(endpoint, tmp_path, header, least):
    server = endpoint(problem(429, **{"Retry-After": header}), honest)
    ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    first, second = server.requests
    assert least <= second.at - first.at < least + 2


def test_pauses_grow_without_retry_after(endpoint, tmp_path):
    server = endpoint(problem(503), problem(503), problem(503), honest)
    options = hasty(settings_of(tmp_path, server), attempts=4, backoff_s=0.1, longest_backoff_s=10)
    ask(CLASSIFY, ONE, options)
    pauses = [later.at - earlier.at for earlier, later in zip(server.requests, server.requests[1:], strict=False)]
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2
    assert pauses[2] >= 0.4


FINAL = {
    "a wait of an hour": (problem(429, **{"Retry-After": "3600"}), "asks to wait 3,600 s"),
    "no money left": (problem(429, "insufficient_quota", "You exceeded your quota"), "You exceeded your quota"),
    "a wrong key": (problem(401, "invalid_api_key"), "is the key in REEASSETS_LANGUAGE_MODEL_KEY or OPENAI_API_KEY"),
    "no such model": (problem(404, "model_not_found", "no model test-model"), "no model test-model"),
    "a wrong parameter": (problem(400, "unsupported_parameter", "temperature"), "HTTP status 400: .*temperature"),
    "a redirect": (Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}), "HTTP status 302"),
}


@pytest.mark.parametrize(("fault", "message"), FINAL.values(), ids=FINAL.keys())
def test_what_will_not_pass_is_asked_once(endpoint, tmp_path, fault, message):
    server = endpoint(fault)
    with pytest.raises(LanguageModelError, match=message):
        ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    assert len(server.requests) == 1


def test_nobody_there(tmp_path, endpoint):
    server = endpoint(honest)
    options = hasty(settings_of(tmp_path, server), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(LanguageModelError, match=r"http://127\.0\.0\.1:9/v1, test-model: no answer: ConnectError"):
        ask(CLASSIFY, ONE, options)


def test_what_was_answered_before_a_failure_is_kept(endpoint, tmp_path):
    server = endpoint(honest, problem(500))
    settings = settings_of(tmp_path, server, language_model_batch=1, language_model_concurrency=1)
    with pytest.raises(LanguageModelError, match=r"1 of 2 codes done, 0 from the cache.*run again"):
        ask(CLASSIFY, TWO, hasty(settings))
    server.answers[:] = [honest]
    before = len(server.requests)
    answers = ask(CLASSIFY, TWO, hasty(settings))
    assert list(answers) == [("test-model", ("280530",)), ("test-model", ("850511",))]
    assert codes(server.requests[before:]) == ["850511"]


def test_a_failure_ends_the_waiting_of_the_others(endpoint, tmp_path):
    def answer(request):
        wait = questions(request)[0]["code"] == "280530"
        return problem(503, **{"Retry-After": "60"}) if wait else problem(401)

    server = endpoint(answer)
    began = time.monotonic()
    with pytest.raises(LanguageModelError, match="401"):
        ask(CLASSIFY, TWO, hasty(settings_of(tmp_path, server, language_model_batch=1), backoff_s=0.3))
    assert time.monotonic() - began < 10


def test_the_request_is_one_of_the_responses_api(endpoint, tmp_path):
    server = endpoint(honest)
    settings = settings_of(tmp_path, server, language_model_temperature=0.5, language_model_max_output_tokens=777)
    ask(CLASSIFY, ONE, hasty(settings))
    (request,) = server.requests
    asked = body(request)
    assert request.path == "/v1/responses"
    assert {name.lower(): value for name, value in request.headers.items()}["authorization"] == f"Bearer {KEY}"
    assert (asked["model"], asked["temperature"], asked["max_output_tokens"]) == ("test-model", 0.5, 777)
    assert asked["instructions"] == CLASSIFY.prompt("1")
    form = asked["text"]["format"]
    assert (form["type"], form["strict"]) == ("json_schema", True)
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["$defs"]["CodedVote"]["required"] == list(honest_vote("850511"))


def test_temperature_is_left_out_if_it_is_not_set(endpoint, tmp_path):
    server = endpoint(honest)
    ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    assert "temperature" not in body(server.requests[0])


def echo(request):
    """An endpoint that writes the key wherever it can."""
    del request
    return votes(honest_vote("850511") | {"rationale": f"The key is {KEY}"}, id=KEY)


def test_the_key_is_nowhere(endpoint, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    turned_away = problem(401, "invalid_api_key", f"Incorrect API key provided: {KEY}. {'x' * 400}")
    page = Answer(body=f"<html>{'x' * 290}{KEY}</html>".encode(), headers={"Content-Type": "text/html"})
    refused = sent(envelope("", status="failed", error={"code": "invalid_prompt", "message": KEY}, output=[]))
    shown = []
    for number, fault in enumerate((turned_away, page, refused, echo)):
        server = endpoint(fault)
        settings = settings_of(tmp_path / str(number), server)
        settings.remember()
        try:
            shown.append(repr(ask(CLASSIFY, ONE, hasty(settings))))
        except LanguageModelError as error:
            shown.append("".join(traceback.format_exception(error)) + repr(error.__context__) + repr(error.__cause__))
        shown += [repr(settings), repr(hasty(settings)), settings.model_dump_json()]
    assert "***" in "".join(shown)
    printed = capfd.readouterr()
    assert KEY not in "".join(shown) + caplog.text + printed.out + printed.err
    assert "sk-test" not in everything_below(tmp_path)
    assert "The key is ***" in everything_below(tmp_path)


def test_a_key_with_impossible_characters_is_not_shown(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("REEASSETS_LANGUAGE_MODEL_KEY", "sk-secret\u00e9")
    with pytest.raises(LanguageModelError, match="characters that a key cannot have") as raised:
        ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, endpoint(honest))))
    assert "secret" not in str(raised.value)


def test_without_a_key_nothing_is_asked(endpoint, tmp_path, monkeypatch):
    monkeypatch.delenv("REEASSETS_LANGUAGE_MODEL_KEY")
    server = endpoint(honest)
    with pytest.raises(LanguageModelError, match="set REEASSETS_LANGUAGE_MODEL_KEY or OPENAI_API_KEY"):
        ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))
    assert len(server.requests) == 1


def test_a_word_for_a_key_leaves_the_answers_alone(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("REEASSETS_LANGUAGE_MODEL_KEY", "look")
    answers = ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, endpoint(honest))))
    assert answers["test-model", ("850511",)].verdict.rationale == "An honest look at 850511."


@pytest.mark.parametrize("wrong", ["ftp://x", "http://", "x", "http://h:99999/", "http://h/?key=1"])
def test_what_is_no_address_is_refused(tmp_path, endpoint, wrong):
    with pytest.raises(LanguageModelError, match="language_model_base_url"):
        hasty(settings_of(tmp_path, endpoint(honest), language_model_base_url=wrong))


def test_the_client_is_loaded_only_to_ask():
    script = (
        "import sys, reeassets.products.language_model, reeassets.networks.language_model; "
        "print([name for name in ('openai', 'httpx2') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
