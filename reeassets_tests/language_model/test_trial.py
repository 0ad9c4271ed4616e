"""A model that gives no valid answer is stopped after a few requests, and nothing of it is kept."""

import pytest

from reeassets.language_model.asking import ask
from reeassets.language_model.options import LanguageModelError
from reeassets.language_model.trial import FIRST, LATER, NoValidAnswer
from reeassets.products.language_model import CLASSIFY, _questions

from .endpoint import KEY, altered, body, envelope, hasty, honest, nomenclature, questions, refusal, sent, settings_of

CODES = tuple(f"{number:06d}" for number in range(200))
MANY = _questions(nomenclature(*CODES))
ONE_AT_A_TIME = {"language_model_concurrency": 1}


def kept(home):
    return list((home / "language_model").rglob("*.json"))


BROKEN = {
    "words": (sent(envelope("I cannot\nwrite JSON")), "not JSON.*it begins: I cannot write JSON"),
    "another form": (sent(envelope('{"votes": []}')), r'nothing else.*begins: \{"votes": \[\]\}'),
    "empty text": (sent(envelope("")), r"the text is empty"),
    "no text": (sent(envelope("", output=[])), "0 texts"),
    "refusals": (sent(refusal("Never.")), "refused: Never."),
    "cut off": (
        sent(envelope("", status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
        "language_model_max_output_tokens is 8000",
    ),
    "votes that break a rule": (altered(lambda vote: vote | {"confidence": "high"}), "malformed: confidence"),
    "votes without a code": (altered(lambda vote: {"is_ree": True}), "missing: the answer has nothing on 000020"),
}


@pytest.mark.parametrize(("fault", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_model_without_a_valid_answer_is_stopped_and_starts_afresh(endpoint, tmp_path, fault, message):
    server = endpoint(fault)
    settings = settings_of(tmp_path, server, **ONE_AT_A_TIME)
    with pytest.raises(NoValidAnswer, match=f"(?s)test-model: the first 3 requests.*{message}.*0 of 200 codes done"):
        ask(CLASSIFY, MANY, hasty(settings))
    # A batch that gets no answer, and one of its questions alone.
    assert len(server.requests) <= 6
    assert not kept(tmp_path)
    server.answers[:] = [honest]
    found = ask(CLASSIFY, MANY, hasty(settings))
    assert all(answer.verdict is not None for answer in found.values())


def test_several_at_once_do_not_ask_much_more(endpoint, tmp_path):
    server = endpoint(sent(envelope("no")))
    settings = settings_of(tmp_path, server)
    with pytest.raises(NoValidAnswer):
        ask(CLASSIFY, MANY, hasty(settings))
    # A batch is asked whole and by one of its codes; so many are under way when the last of the first ones has failed.
    assert len(server.requests) <= 2 * (FIRST - 1 + settings.language_model_concurrency)
    assert not kept(tmp_path)


def test_the_key_is_not_in_what_is_shown(endpoint, tmp_path):
    with pytest.raises(NoValidAnswer) as raised:
        ask(CLASSIFY, MANY, hasty(settings_of(tmp_path, endpoint(sent(envelope(f"key {KEY}"))))))
    assert KEY not in str(raised.value)
    assert "key ***" in str(raised.value)


def test_batches_that_are_too_large_for_a_model_are_asked_in_parts(endpoint, tmp_path):
    cut = sent(envelope("", status="incomplete", incomplete_details={"reason": "max_output_tokens"}))

    def answer(request):
        return cut if len(questions(request)) > 3 else honest(request)

    server = endpoint(answer)
    found = ask(CLASSIFY, MANY[:60], hasty(settings_of(tmp_path, server)))
    assert all(one.verdict is not None for one in found.values())


def test_bad_beginnings_are_abstentions_once_a_valid_answer_came(endpoint, tmp_path):
    settings = settings_of(tmp_path, endpoint(sent(envelope("no"))), language_model_batch=1, **ONE_AT_A_TIME)
    server = endpoint(sent(envelope("no")), sent(envelope("no")), honest)
    settings = settings.model_copy(update={"language_model_base_url": f"{server.root}v1"})
    found = ask(CLASSIFY, MANY[:5], hasty(settings))
    assert [answer.verdict is None for answer in found.values()] == [True, True, False, False, False]
    assert len(kept(tmp_path)) == 5
    assert len(server.requests) == 5


def test_one_bad_question_in_the_first_of_every_batch_stops_nothing(endpoint, tmp_path):
    def answer(request):
        bad = any(question["code"].endswith("0") for question in questions(request))
        return sent(envelope("no")) if bad else honest(request)

    server = endpoint(answer, answer)
    settings = settings_of(tmp_path, server, language_model_batch=10, **ONE_AT_A_TIME)
    found = ask(CLASSIFY, MANY[:20], hasty(settings))
    assert [key for (_, (key,)), one in found.items() if one.verdict is None] == ["000000", "000010"]


def test_a_model_that_turns_bad_is_stopped_and_keeps_what_was_good(endpoint, tmp_path):
    server = endpoint(honest, honest, sent(envelope("no")))
    settings = settings_of(tmp_path, server, language_model_batch=1, **ONE_AT_A_TIME)
    with pytest.raises(NoValidAnswer, match=f"the last {LATER} requests.*2 of 200 codes done"):
        ask(CLASSIFY, MANY, hasty(settings))
    assert len(server.requests) == 2 + LATER
    assert len(kept(tmp_path)) == 2
    # What was good speaks for the model in the next run, too.
    server.answers[:] = [sent(envelope("no"))] * 4 + [honest]
    found = ask(CLASSIFY, MANY[:10], hasty(settings))
    assert sum(answer.verdict is None for answer in found.values()) == 4


def test_refusals_of_a_model_that_answers_are_its_answers(endpoint, tmp_path):
    server = endpoint(honest, sent(refusal("Not this.")))
    settings = settings_of(tmp_path, server, language_model_batch=1, **ONE_AT_A_TIME)
    found = ask(CLASSIFY, MANY[: LATER + 10], hasty(settings))
    assert sum(answer.verdict is None for answer in found.values()) == LATER + 9


def test_one_model_does_not_speak_for_another(endpoint, tmp_path):
    def answer(request):
        return honest(request) if body(request)["model"] == "good" else sent(envelope("no"))

    settings = settings_of(tmp_path, endpoint(answer), language_models="good,bad", **ONE_AT_A_TIME)
    with pytest.raises(NoValidAnswer, match=r"bad: the first 3 requests"):
        ask(CLASSIFY, MANY, hasty(settings))
    assert len(kept(tmp_path)) == 200


def test_what_a_failure_ends_is_kept_if_the_model_has_spoken(endpoint, tmp_path):
    server = endpoint(honest, sent(envelope("no")), sent(envelope("x"), status=401))
    settings = settings_of(tmp_path, server, language_model_batch=1, **ONE_AT_A_TIME)
    with pytest.raises(LanguageModelError, match=r"401.*2 of 200 codes done"):
        ask(CLASSIFY, MANY, hasty(settings))
    assert len(kept(tmp_path)) == 2
