"""What is kept, what it cost, and what is never asked twice."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from reeassets.console.language_model import lines_shown
from reeassets.language_model.asking import ask
from reeassets.language_model.costs import CeilingReached
from reeassets.language_model.options import LanguageModelError, Price
from reeassets.products.language_model import CLASSIFY, _questions
from reeassets.settings import Settings

from ..conftest import REPOSITORY
from ..processes import clean_environment
from .endpoint import (
    INPUT_TOKENS,
    KEY,
    OUTPUT_TOKENS,
    body,
    codes,
    envelope,
    hasty,
    honest,
    honest_vote,
    nomenclature,
    problem,
    sent,
    settings_of,
    votes,
)
from .killed import asked_of, options_of

CODES = tuple(f"{number:06d}" for number in range(12))
PRICED = {"language_model_input_price": (1.0,), "language_model_output_price": (2.0,)}
COST = (INPUT_TOKENS * 1.0 + OUTPUT_TOKENS * 2.0) / 1e6


def asked(*wanted, **descriptions):
    return _questions(nomenclature(*(wanted or CODES), **descriptions))


def test_a_second_run_asks_nothing_and_wants_no_key(endpoint, tmp_path, monkeypatch):
    server = endpoint(honest)
    settings = settings_of(tmp_path, server)
    first = ask(CLASSIFY, asked(), hasty(settings))
    assert len(server.requests) == 2  # batches of ten
    monkeypatch.delenv("REEASSETS_LANGUAGE_MODEL_KEY")
    told = []
    assert ask(CLASSIFY, asked(), hasty(settings), told.append) == first
    assert len(server.requests) == 2
    assert (told[-1].done, told[-1].cached, told[-1].total) == (12, 12, 12)


def test_how_it_was_asked_does_not_matter_to_the_cache(endpoint, tmp_path):
    server, other = endpoint(honest), endpoint(honest)
    ask(CLASSIFY, asked(), hasty(settings_of(tmp_path, server)))
    changed = settings_of(
        tmp_path, other, language_model_batch=3, language_model_concurrency=1, language_model_timeout=5.0, **PRICED
    )
    ask(CLASSIFY, asked(), hasty(changed))
    assert not other.requests


@pytest.mark.parametrize(
    "change",
    [{"language_models": ("another",)}, {"language_model_temperature": 0.7}],
    ids=["model", "temperature"],
)
def test_another_model_or_temperature_is_asked_anew(endpoint, tmp_path, change):
    server = endpoint(honest)
    ask(CLASSIFY, asked(), hasty(settings_of(tmp_path, server)))
    ask(CLASSIFY, asked(), hasty(settings_of(tmp_path, server, **change)))
    assert len(server.requests) == 4


def test_another_description_or_prompt_is_asked_anew(endpoint, tmp_path, monkeypatch):
    server = endpoint(honest)
    settings = settings_of(tmp_path, server)
    ask(CLASSIFY, asked(), hasty(settings))
    ask(CLASSIFY, asked(d000003="Something else"), hasty(settings))
    assert codes(server.requests[2:]) == ["000003"]
    text = CLASSIFY.prompt("1")
    monkeypatch.setattr(type(CLASSIFY), "prompt", lambda *_: text + "Be brief.\n")
    ask(CLASSIFY, asked(), hasty(settings))
    assert len(server.requests) == 5
    assert body(server.requests[-1])["instructions"].endswith("Be brief.\n")


def test_an_unknown_prompt_names_those_there_are(endpoint, tmp_path):
    with pytest.raises(LanguageModelError, match=r"no version 'x' of the prompt classify; there is 1"):
        ask(CLASSIFY, asked(), hasty(settings_of(tmp_path, endpoint(honest), language_model_prompt="x")))


def test_an_answer_is_one_file_that_says_all(endpoint, tmp_path):
    ask(CLASSIFY, asked("850511"), hasty(settings_of(tmp_path, endpoint(honest))))
    (path,) = (tmp_path / "language_model" / "classify").iterdir()
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["asked"]["model"] == "test-model"
    assert kept["asked"]["prompt"] == f"classify {CLASSIFY.prompt_version('1')}"
    assert kept["asked"]["shown"]["description"] == "Goods of 850511"
    assert kept["answer"]["verdict"] == {k: v for k, v in honest_vote("850511").items() if k != "code"} | {
        "elements": ["Nd", "Dy"]
    }
    assert kept["had"]["tokens_of_the_request"] == [INPUT_TOKENS, OUTPUT_TOKENS]


def as_json(change):
    def damage(text):
        kept = json.loads(text)
        change(kept)
        return json.dumps(kept)

    return damage


DAMAGES = {
    "cut": lambda text: text[: len(text) // 2],
    "emptied": lambda _: "",
    "a turned vote": as_json(lambda kept: kept["answer"]["verdict"].update(is_ree=False)),
    "another code": as_json(lambda kept: kept["asked"]["shown"].update(code="010121")),
    "no object": lambda _: "[]",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_not_what_was_written_is_an_error_that_names_it(endpoint, tmp_path, damage):
    server = endpoint(honest)
    settings = settings_of(tmp_path, server)
    ask(CLASSIFY, asked("850511"), hasty(settings))
    (path,) = (tmp_path / "language_model" / "classify").iterdir()
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(LanguageModelError, match=rf"{path.name}: the file is not what was written; delete it"):
        ask(CLASSIFY, asked("850511"), hasty(settings))
    path.unlink()
    assert ask(CLASSIFY, asked("850511"), hasty(settings))["test-model", ("850511",)].verdict.is_ree
    assert len(server.requests) == 2


def test_several_models_are_asked_each_alone(endpoint, tmp_path):
    def answer(request):
        return honest(request) if body(request)["model"] == "one" else problem(400, "content_filter")

    server = endpoint(answer)
    found = ask(CLASSIFY, asked("850511"), hasty(settings_of(tmp_path, server, language_models="one, other")))
    assert [(key, answer.verdict is not None) for key, answer in found.items()] == [
        (("one", ("850511",)), True),
        (("other", ("850511",)), False),
    ]


def test_requests_go_out_at_the_same_time_but_no_more_than_allowed(endpoint, tmp_path):
    lock, now, most = threading.Lock(), [0], [0]

    def slow(request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.1)
        with lock:
            now[0] -= 1
        return honest(request)

    server = endpoint(slow)
    settings = settings_of(tmp_path, server, language_model_batch=1, language_model_concurrency=3)
    ask(CLASSIFY, asked(), hasty(settings))
    assert most[0] == 3
    assert sorted(codes(server.requests)) == list(CODES)


# What costs


def spending(home):
    lines = (home / "language_model" / "spending.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_cost_is_that_of_the_tokens(endpoint, tmp_path):
    told = []
    settings = settings_of(tmp_path, endpoint(honest), language_model_batch=1, **PRICED)
    ask(CLASSIFY, asked(), hasty(settings), told.append)
    assert told[-1].cost == pytest.approx(12 * COST)
    assert (told[-1].input_tokens, told[-1].output_tokens) == (12 * INPUT_TOKENS, 12 * OUTPUT_TOKENS)
    ask(CLASSIFY, asked("850511"), hasty(settings), told.append)
    assert (told[-1].cost, told[-1].spent) == (pytest.approx(COST), pytest.approx(13 * COST))


def test_prices_are_by_model(endpoint, tmp_path):
    settings = settings_of(
        tmp_path,
        endpoint(honest),
        language_models="one,other",
        language_model_input_price="1,3",
        language_model_output_price="2",
    )
    assert hasty(settings).prices == {"one": Price(1.0, 2.0), "other": Price(3.0, 2.0)}
    with pytest.raises(LanguageModelError, match="language_model_input_price has 3 prices for 2 models"):
        hasty(settings_of(tmp_path, endpoint(honest), language_models="one,other", language_model_input_price="1,2,3"))


def test_without_prices_the_tokens_are_told_and_no_cost(endpoint, tmp_path):
    told = []
    ask(CLASSIFY, asked("850511"), hasty(settings_of(tmp_path, endpoint(honest))), told.append)
    assert told[-1].cost is None
    assert "1,000 + 200 tokens, cost not known (no prices set)" in str(told[-1])


def test_a_ceiling_without_a_price_asks_nothing(endpoint, tmp_path):
    server = endpoint(honest)
    for given in ({}, {"language_model_input_price": (1.0,)}):
        with pytest.raises(LanguageModelError, match=r"language_model_(cost_ceiling|output_price)"):
            ask(CLASSIFY, asked(), hasty(settings_of(tmp_path, server, language_model_cost_ceiling=1.0, **given)))
    assert not server.requests


def most_of_one(home, server):
    """The most that one request on one code can cost, as the ledger writes it."""
    ask(CLASSIFY, asked("850511"), hasty(settings_of(home, server, **PRICED)))
    return spending(home)[0]["most_usd"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_no_request_that_could_pass_the_ceiling_is_sent(endpoint, tmp_path, concurrency):
    server = endpoint(honest)
    most = most_of_one(tmp_path / "before", server)
    assert most >= COST
    ceiling = 5 * COST + most + COST / 2
    settings = settings_of(
        tmp_path / "home",
        server,
        language_model_batch=1,
        language_model_concurrency=concurrency,
        language_model_cost_ceiling=ceiling,
        **PRICED,
    )
    before = len(server.requests)
    with pytest.raises(
        CeilingReached, match=r"language_model_cost_ceiling are spent.*6 of 12 codes done.*US\$ 0\.0084"
    ):
        ask(CLASSIFY, asked(), hasty(settings))
    assert len(server.requests) - before == 6
    # Nothing is asked with what is left, and a higher ceiling asks only the rest.
    with pytest.raises(CeilingReached, match="6 of 12 codes done, 6 from the cache"):
        ask(CLASSIFY, asked(), hasty(settings))
    assert len(server.requests) - before == 6
    more = settings.model_copy(update={"language_model_cost_ceiling": 1.0})
    assert len(ask(CLASSIFY, asked(), hasty(more))) == 12
    assert sorted(codes(server.requests[before:])) == list(CODES)


def test_a_request_that_may_have_been_charged_counts_with_the_most(endpoint, tmp_path):
    lost = sent(envelope("x" * 1000), stop_after=500, ending="reset")
    silent = votes(honest_vote("850511"), usage=None)
    server = endpoint(problem(429), lost, silent)
    told = []
    ask(CLASSIFY, asked("850511"), hasty(settings_of(tmp_path, server, **PRICED)), told.append)
    most = spending(tmp_path)[0]["most_usd"]
    assert told[-1].cost == pytest.approx(2 * most)  # the 429 cost nothing; nobody knows of the others
    assert [line["usd"] for line in spending(tmp_path) if "usd" in line] == [0.0]


def test_retries_stop_at_the_ceiling(endpoint, tmp_path):
    server = endpoint(honest)
    most = most_of_one(tmp_path / "before", server)
    server.answers[:] = [sent(envelope("x" * 1000), stop_after=500)]
    settings = settings_of(tmp_path / "home", server, language_model_cost_ceiling=2.5 * most, **PRICED)
    before = len(server.requests)
    with pytest.raises(CeilingReached):
        ask(CLASSIFY, asked("850511"), hasty(settings, attempts=10))
    assert len(server.requests) - before == 2


def test_a_ledger_that_cannot_be_read_asks_nothing(endpoint, tmp_path):
    server = endpoint(honest)
    settings = settings_of(tmp_path, server, **PRICED)
    ask(CLASSIFY, asked("850511"), hasty(settings))
    with (tmp_path / "language_model" / "spending.jsonl").open("a") as ledger:
        ledger.write('{"request": ')
    with pytest.raises(LanguageModelError, match=r"spending\.jsonl, line 3: not what was written"):
        ask(CLASSIFY, asked("280530"), hasty(settings))
    assert len(server.requests) == 1


def test_two_processes_do_not_ask_the_same(endpoint, tmp_path):
    met = threading.Event()

    def slow(request):
        met.wait(20)
        return honest(request)

    server = endpoint(slow)
    options = hasty(settings_of(tmp_path, server))
    first = threading.Thread(target=ask, args=(CLASSIFY, asked("850511"), options))
    first.start()
    while not server.requests:
        time.sleep(0.01)
    with pytest.raises(LanguageModelError, match="another process is asking"):
        ask(CLASSIFY, asked("850511"), options)
    met.set()
    first.join()
    assert len(server.requests) == 1


# Killed


def test_a_killed_process_loses_nothing_that_was_answered(endpoint, tmp_path):
    def slow(request):
        time.sleep(0.05)
        return honest(request)

    server, count = endpoint(slow), 40
    url = f"{server.root}v1"
    process = subprocess.Popen(
        [sys.executable, "-m", "reeassets_tests.language_model.killed", str(tmp_path), url, str(count)],
        cwd=REPOSITORY,
        env=clean_environment() | {"OPENAI_API_KEY": KEY},
    )
    while len(server.requests) < 15:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    folder = tmp_path / "language_model"
    kept = len(list((folder / "classify").glob("*.json")))
    assert 10 <= kept < count
    begun = [line for line in spending(tmp_path) if "most_usd" in line]
    open_ends = len(begun) - sum("usd" in line for line in spending(tmp_path))
    assert 1 <= open_ends <= 2
    before = len(server.requests)
    told = []
    found = ask(CLASSIFY, asked_of(count), options_of(tmp_path, url), told.append)
    assert all(answer.verdict is not None for answer in found.values())
    assert told[-1].cached == kept
    # Only what was on its way when the process died is asked a second time.
    times = Counter(codes(server.requests))
    assert len(server.requests) - before == count - kept
    assert sum(number - 1 for number in times.values()) <= 2
    # And it counts with the most it can have cost.
    most = begun[0]["most_usd"]
    assert told[-1].spent == pytest.approx(len(times) * COST + open_ends * most, abs=2 * COST)


# What is shown


def test_progress_is_told_every_few_seconds_and_at_the_end(endpoint, tmp_path):
    def slow(request):
        time.sleep(0.1)
        return honest(request)

    told = []
    settings = settings_of(tmp_path, endpoint(slow), language_model_batch=1, language_model_concurrency=2, **PRICED)
    ask(CLASSIFY, asked(), hasty(settings, progress_s=0.05), told.append)
    done = [progress.done for progress in told]
    assert len(done) > 4
    assert done == sorted(done)
    assert done[-1] == 12
    assert str(told[-1]) == ("12 of 12 codes done, 0 from the cache, 0 abstentions; 12,000 + 2,400 tokens, US$ 0.0168")


def test_the_console_shows_plain_lines(endpoint, tmp_path):
    from rich.console import Console

    console = Console(record=True, width=80)
    with lines_shown(console):
        ask(CLASSIFY, asked("850511"), hasty(settings_of(tmp_path, endpoint(honest))))
    logging.getLogger("reeassets.language_model").warning("after")
    # A slow machine says in between how far it is.
    *_, last = console.export_text().splitlines()
    assert last == (
        "language models: 1 of 1 codes done, 0 from the cache, 0 abstentions; 1,000 + 200 tokens, cost not known (no "
        "prices set)"
    )


# Settings


def test_a_home_remembers_models_and_prices_but_never_the_key(tmp_path):
    settings = Settings(
        home=tmp_path,
        language_models="one,other",
        language_model_input_price="0.5,0",
        language_model_output_price=2,
        language_model_cost_ceiling=5,
    )
    settings.remember()
    assert Settings(home=tmp_path) == settings
    assert settings.language_model_output_price == (2.0,)
    assert KEY not in settings.settings_file.read_text() + repr(settings)


def test_no_model_is_asked_that_was_not_named(tmp_path):
    with pytest.raises(LanguageModelError, match="set language_models"):
        hasty(Settings(home=tmp_path))


@pytest.mark.parametrize(
    "wrong",
    [
        {"language_models": "one,,two"},
        {"language_models": "one,one"},
        {"language_model_input_price": "-1"},
        {"language_model_output_price": "nan"},
        {"language_model_input_price": "dear"},
        {"language_model_cost_ceiling": float("inf")},
        {"language_model_batch": 0},
        {"language_model_temperature": 3},
    ],
)
def test_wrong_settings_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="validation error"):
        Settings(home=tmp_path, **wrong)
