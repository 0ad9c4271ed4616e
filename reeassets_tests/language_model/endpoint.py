"""A local endpoint that speaks the Responses API: what a real one sends, and pieces to make a lying one of."""

import dataclasses
import json

import pandas as pd

from reeassets.language_model.options import Options
from reeassets.settings import Settings

from ..misbehaving_server import Answer

KEY = "sk-test-0123secret4567"
INPUT_TOKENS, OUTPUT_TOKENS = 1000, 200


def envelope(text, **fields):
    """A complete answer as the real endpoint sends it, with the model's text in it."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "test-model",
        # Models that reason put that before their answer.
        "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, message],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    } | fields


def chat(text, finish_reason="stop", **fields):
    """A complete answer of the chat API; fields are the message's."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "test-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "logprobs": None,
                "message": {"role": "assistant", "content": text, "refusal": None, **fields},
            }
        ],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def sent(content, **answer):
    """An answer of status 200 with an envelope, or other content, as its JSON body."""
    return Answer(body=json.dumps(content).encode(), headers={"Content-Type": "application/json"}, **answer)


def problem(status, code=None, message="something is wrong", **headers):
    """An answer of another status with an error object."""
    error = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return Answer(
        body=json.dumps(error).encode(), status=status, headers={"Content-Type": "application/json", **headers}
    )


def refusal(words="I cannot help with that."):
    """An envelope in which the model refuses."""
    content = [{"type": "refusal", "refusal": words}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    return envelope("", output=[message])


def body(request):
    """The body of a request."""
    return json.loads(request.body)


def questions(request):
    """The questions of a request: the user's message must be nothing but the JSON with them."""
    (message,) = body(request)["input"]
    assert message["role"] == "user"
    shown = json.loads(message["content"])
    assert set(shown) == {"questions"}
    return shown["questions"]


def codes(requests):
    """The codes that were asked, in order of the requests."""
    return [question["code"] for request in requests for question in questions(request)]


def honest_vote(code):
    """The vote of an honest model: only 850511 is a rare-earth product."""
    magnet = code == "850511"
    return {
        "code": code,
        "is_ree": magnet,
        "stage": "input",
        "application": "magnets" if magnet else "other",
        "elements": ["Dy", "Nd"] if magnet else [],
        "confidence": 0.9,
        "rationale": f"An honest look at {code}.",
        "materiality": ">50" if magnet else "<5",
    }


def votes(*items, **fields):
    """An answer with these items in its list."""
    return sent(envelope(json.dumps({"answers": list(items)}), **fields))


def honest(request):
    """The honest model's answer to whatever codes it is asked."""
    return votes(*(honest_vote(question["code"]) for question in questions(request)))


def altered(change):
    """The honest model, whose every vote is changed by a function before it is sent."""

    def answer(request):
        return votes(*(change(honest_vote(question["code"])) for question in questions(request)))

    return answer


def nomenclature(*codes_asked, **descriptions):
    """A nomenclature in the shape that classifiers get."""
    return pd.DataFrame(
        [
            {
                "product": code,
                "description": descriptions.get(f"d{code}", f"Goods of {code}"),
                "heading": code[:4],
                "heading_text": f"Heading {code[:4]}",
                "chapter": code[:2],
                "chapter_text": None,
                "revision": "HS07",
            }
            for code in codes_asked
        ]
    )


def settings_of(home, server, **fields):
    """The settings of a home whose endpoint is a local server."""
    given = {"language_models": ("test-model",), "language_model_base_url": f"{server.root}v1"} | fields
    return Settings(home=home, **given)


def hasty(settings, **fields):
    """Options with pauses that a test can wait for."""
    given = {"attempts": 3, "backoff_s": 0.01, "longest_backoff_s": 0.05, "progress_s": 0.05} | fields
    return dataclasses.replace(Options.from_settings(settings), **given)
