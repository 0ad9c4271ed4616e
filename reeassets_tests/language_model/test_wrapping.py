"""What servers and models put around an answer costs no answer."""

import json

import pytest

from reeassets.language_model.asking import ask
from reeassets.language_model.options import LanguageModelError
from reeassets.language_model.wrapping import json_in
from reeassets.products.language_model import CLASSIFY, _questions

from .endpoint import body, chat, envelope, hasty, honest_vote, nomenclature, problem, sent, settings_of

ONE = _questions(nomenclature("850511"))
VOTE = json.dumps({"answers": [honest_vote("850511")]})
HALF = len(VOTE) // 2


def text_part(text):
    return {"type": "output_text", "text": text, "annotations": []}


def message(*texts, **fields):
    return {"type": "message", "role": "assistant", "content": [text_part(text) for text in texts], **fields}


WRAPPED = {
    "a fence": envelope(f"```json\n{VOTE}\n```"),
    "a fence after a sentence": envelope(f"Here it is:\n```\n{VOTE}\n```\nI hope this helps."),
    "a fence that is left open": envelope(f"```json\n{VOTE}"),
    "thoughts": envelope(f"<think>\nIs {{magnet}} [1] one?\n</think>\n\n{VOTE}"),
    "thoughts and a fence": envelope(f"<think>```x```</think>\n```json\n{VOTE}\n```"),
    "thoughts without their beginning": envelope(f"Is it one? Yes.</think>{VOTE}"),
    "a sentence": envelope(f"The votes are {VOTE} as asked."),
    "a byte-order mark": envelope(f"\ufeff{VOTE}"),
    "JSON in JSON": envelope(json.dumps(VOTE)),
    "the same message twice": envelope("", output=[message(VOTE), message(VOTE)]),
    "the same part twice": envelope("", output=[message(VOTE, VOTE)]),
    "the same vote twice": envelope(json.dumps({"answers": [honest_vote("850511")] * 2})),
    "a message before it": envelope("", output=[message("Let me see."), message(VOTE)]),
    "an empty message after it": envelope("", output=[message(VOTE), message("")]),
    "a draft in JSON before it": envelope("", output=[message('{"plan": "look"}'), message(VOTE)]),
    "two parts": envelope("", output=[message(VOTE[:HALF], VOTE[HALF:])]),
    "a part before it": envelope("", output=[message("Sure.", VOTE)]),
    "parts that are texts": envelope("", output=[{"type": "message", "content": [VOTE]}]),
    "a content that is a text": envelope("", output=[{"type": "message", "content": VOTE}]),
    "another type of part": envelope("", output=[{"content": [{"type": "text", "text": VOTE}]}]),
    "null id": envelope(VOTE, id=None),
    "a number for an id": envelope(VOTE, id=7),
    "null status": envelope(VOTE, status=None),
    "a status of its own": envelope(VOTE, status="success"),
    "null usage": envelope(VOTE, usage=None),
    "usage as a list": envelope(VOTE, usage=[1, 2]),
    "usage in words": envelope(VOTE, usage={"input_tokens": "many", "output_tokens": None}),
    "usage of another API": envelope(VOTE, usage={"prompt_tokens": 5, "completion_tokens": 6}),
    "no more than the output": {"output": [message(VOTE)]},
    "an answer of the chat API": chat(VOTE),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED.keys())
def test_an_answer_in_a_wrapping_is_an_answer(endpoint, tmp_path, wrapped):
    server = endpoint(sent(wrapped))
    answer = ask(CLASSIFY, ONE, hasty(settings_of(tmp_path, server)))["test-model", ("850511",)]
    assert answer.abstention is None
    assert answer.verdict.elements == ("Nd", "Dy")
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["", "none", "{", "```\n{\n```", 'a [1] b {"c": 1}', '{"a": 1} {"b": 2}', "[" * 9])
def test_what_holds_no_json_or_several_is_none(text):
    with pytest.raises(ValueError, match="no JSON"):
        json_in(text)


def test_a_fence_in_the_answer_itself_is_text():
    assert json_in('```json\n{"why": "as in ```x```"}\n```') == {"why": "as in ```x```"}


def usage_told(endpoint, home, usage):
    told = []
    ask(CLASSIFY, ONE, hasty(settings_of(home, endpoint(sent(envelope(VOTE, usage=usage))))), told.append)
    return told[-1].input_tokens, told[-1].output_tokens


def test_tokens_are_read_under_either_name(endpoint, tmp_path):
    chat_names = {"prompt_tokens": 5, "completion_tokens": 6.0, "total_tokens": 11}
    assert usage_told(endpoint, tmp_path, chat_names) == (5, 6)


# The chat API


def chat_settings(home, server, **fields):
    return settings_of(home, server, language_model_api="chat", **fields)


def test_the_request_is_one_of_the_chat_api(endpoint, tmp_path):
    server = endpoint(sent(chat(VOTE)))
    settings = chat_settings(tmp_path, server, language_model_temperature=0.5, language_model_max_output_tokens=777)
    told = []
    answer = ask(CLASSIFY, ONE, hasty(settings), told.append)["test-model", ("850511",)]
    assert answer.verdict.is_ree
    assert (told[-1].input_tokens, told[-1].output_tokens) == (1000, 200)
    (request,) = server.requests
    asked = body(request)
    assert request.path == "/v1/chat/completions"
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("test-model", 0.5, 777)
    system, user = asked["messages"]
    assert system == {"role": "system", "content": CLASSIFY.prompt("1")}
    assert json.loads(user["content"])["questions"][0]["code"] == "850511"
    form = asked["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    assert form["json_schema"]["schema"]["$defs"]["CodedVote"]["required"] == list(honest_vote("850511"))


CHAT_FAULTS = {
    "refused": (chat(None, refusal="No."), "refused: No."),
    "cut off": (chat('{"ans', finish_reason="length"), "incomplete: max_output_tokens (language_model_max_output_"),
    "filtered": (chat("", finish_reason="content_filter"), "incomplete: content_filter"),
    "empty": (chat(""), "malformed: the text is empty"),
    "null": (chat(None), "malformed: 0 texts"),
}


@pytest.mark.parametrize(("said", "reason"), CHAT_FAULTS.values(), ids=CHAT_FAULTS.keys())
def test_what_the_chat_api_says_instead_of_an_answer(endpoint, tmp_path, said, reason):
    answer = ask(CLASSIFY, ONE, hasty(chat_settings(tmp_path, endpoint(sent(said)))))["test-model", ("850511",)]
    assert answer.verdict is None
    assert answer.abstention.startswith(reason)


def test_an_error_with_status_200_is_no_answer(endpoint, tmp_path):
    server = endpoint(sent({"error": {"code": 502, "message": "Provider returned error"}}), sent(chat(VOTE)))
    assert ask(CLASSIFY, ONE, hasty(chat_settings(tmp_path, server)))["test-model", ("850511",)].verdict.is_ree
    assert len(server.requests) == 2


def test_the_limit_of_tokens_has_the_name_that_the_server_asks_for(endpoint, tmp_path):
    words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server = endpoint(problem(400, "unsupported_parameter", words), sent(chat(VOTE)))
    assert ask(CLASSIFY, ONE, hasty(chat_settings(tmp_path, server)))["test-model", ("850511",)].verdict.is_ree
    names = [{"max_tokens", "max_completion_tokens"} & set(body(request)) for request in server.requests]
    assert names == [{"max_tokens"}, {"max_completion_tokens"}]


# The address


NOT_FOUND = {
    "an error object": (problem(404, None, "no route /responses"), "no route /responses"),
    "a detail": (sent({"detail": "Not Found"}, status=404), "Not Found"),
    "a text": (sent("404 page not found", status=404), "404 page not found"),
    "another method": (sent({"detail": "Method Not Allowed"}, status=405), "Method Not Allowed"),
    "not implemented": (sent({"error": "unknown endpoint"}, status=501), "unknown endpoint"),
}


@pytest.mark.parametrize(("fault", "words"), NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_an_address_with_nothing_there_says_what_may_be_missing(endpoint, tmp_path, fault, words):
    server = endpoint(fault)
    settings = settings_of(tmp_path, server, language_model_base_url=server.root)
    with pytest.raises(LanguageModelError, match=rf"{words}.*is /v1 missing.*language_model_api = chat"):
        ask(CLASSIFY, ONE, hasty(settings))
    assert len(server.requests) == 1


def test_an_address_with_v1_is_not_asked_about_it(endpoint, tmp_path):
    with pytest.raises(LanguageModelError, match=r"/chat/completions.*language_model_api = responses") as raised:
        ask(CLASSIFY, ONE, hasty(chat_settings(tmp_path, endpoint(problem(404)))))
    assert "/v1 missing" not in str(raised.value)


def test_an_address_keeps_its_query(endpoint, tmp_path):
    server = endpoint(sent(envelope(VOTE)))
    settings = settings_of(tmp_path, server, language_model_base_url=f"{server.root}openai/v1?api-version=2024-10-21")
    assert ask(CLASSIFY, ONE, hasty(settings))["test-model", ("850511",)].verdict.is_ree
    assert server.requests[0].path == "/openai/v1/responses?api-version=2024-10-21"


@pytest.mark.parametrize("name", ["key", "api-key", "access_token", "sig"])
def test_an_address_holds_no_key(endpoint, tmp_path, name):
    with pytest.raises(LanguageModelError, match="addresses are shown and kept") as raised:
        hasty(settings_of(tmp_path, endpoint(problem(500)), language_model_base_url=f"http://h/v1?{name}=hush"))
    assert "hush" not in str(raised.value)
