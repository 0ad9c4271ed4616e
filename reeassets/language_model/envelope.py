"""Reading the answer of an endpoint: what the model said, or that it is no answer of a model at all."""

import json
from dataclasses import dataclass
from typing import Any

from reeassets.language_model.costs import Usage
from reeassets.language_model.options import Secret
from reeassets.language_model.wrapping import one_answer

# Error codes that are about what was asked: the endpoint's refusal, not its failure.
REFUSALS = frozenset(
    {"invalid_prompt", "content_filter", "content_policy_violation", "bio_policy", "context_length_exceeded"}
)
# What servers call the end of an answer for want of tokens.
_TOKENS = frozenset({"max_output_tokens", "max_tokens", "length"})
# Statuses of the Responses API under which there is nothing to read.
_UNDONE = frozenset({"failed", "cancelled", "queued", "in_progress"})


class NoAnswer(ValueError):
    """What came is no answer of a model; ``usage`` is what it cost, if it tells."""

    def __init__(self, message: str, usage: Usage | None = None):
        super().__init__(message)
        self.usage = usage


@dataclass(frozen=True)
class Reply:
    """What a model said.

    Attributes
    ----------
    text : str or None
        Its answer.
    unusable : str or None
        Why there is none: it refused, or was cut off.
    cut_off : bool
        Whether it needed more tokens than it had.
    identity : str
        The endpoint's name of the answer.
    usage : Usage or None
        Its tokens, if the endpoint told them.
    """

    text: str | None
    unusable: str | None
    cut_off: bool
    identity: str
    usage: Usage | None


def words(text: str | None, key: Secret) -> str:
    """Return the beginning of what an endpoint says on one line, without the key."""
    # Hidden before it is cut: half a key is no longer recognised.
    return " ".join(key.hide(text or "").split())[:300] or "(no text)"


def read(body: str, key: Secret, max_output_tokens: int) -> Reply:
    """Read an answer of status 200, of the Responses API or of the chat API, whichever was asked.

    What is not needed is not asked of it: a name, a status or a count of tokens that are missing, null or of another
    shape cost no answer.

    Raises
    ------
    NoAnswer
        If it is of neither, or says that the endpoint failed.
    """
    try:
        said = key.hide(json.loads(body.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        raise _none(body, key, "it is not JSON") from None
    if not isinstance(said, dict):
        raise _none(body, key, "it is not an object")
    usage = _usage(said.get("usage"), body, key)
    name = said.get("id")
    identity = name[:200] if isinstance(name, str) else ""
    if isinstance(said.get("choices"), list) and said["choices"]:
        text, unusable, cut_off = _chat(said["choices"], key)
    elif isinstance(said.get("output"), list):
        text, unusable, cut_off = _response(said, key, body, usage)
    else:
        raise _none(body, key, "it has neither the list `output` nor `choices`", usage)
    if cut_off:
        unusable = f"{unusable} (language_model_max_output_tokens is {max_output_tokens})"
    return Reply(text, unusable, cut_off, identity, usage)


def _none(body: str, key: Secret, why: str, usage: Usage | None = None) -> NoAnswer:
    said = f"status 200 with what is no answer of the Responses API or the chat API: {why}; it begins: "
    return NoAnswer(said + words(body, key), usage)


def _usage(said: Any, body: str, key: Secret) -> Usage | None:
    """Return the tokens under either API's names; None if they are not told."""
    if not isinstance(said, dict):
        return None
    counts = []
    for names in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
        count = next((said[name] for name in names if said.get(name) is not None), None)
        if isinstance(count, bool) or not isinstance(count, int | float):
            return None
        if not 0 <= count < float("inf"):
            # What it cost would be a number of the endpoint's own making.
            raise _none(body, key, "it counts tokens below zero or without end")
        counts.append(int(count))
    return Usage(*counts)


_Read = tuple[str | None, str | None, bool]


def _response(said: dict[str, Any], key: Secret, body: str, usage: Usage | None) -> _Read:
    """Return text, why there is none, and whether it was cut off, of an answer of the Responses API."""
    status, problem = said.get("status"), said.get("error")
    if status is not None and not isinstance(status, str):
        raise _none(body, key, "its status is not a text")
    code, message = _problem(problem)
    if status == "failed" and code in REFUSALS:
        return None, f"refused: {code}: {words(message, key)}", False
    if status in _UNDONE or (problem and not said["output"]):
        told = f": {code}: {words(message, key)}" if problem else ""
        raise NoAnswer(f"the endpoint says that the answer is {status or 'an error'}{told}", usage)
    if status == "incomplete":
        details = said.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return None, f"incomplete: {reason or 'without a reason'}", reason in _TOKENS
    messages = [item for item in said["output"] if isinstance(item, dict) and _is_message(item)]
    # Some models think aloud in messages before the last, which say so by their phase.
    final = [item for item in messages if item.get("phase") in (None, "final_answer")] or messages
    return (*_said([item.get("content") for item in final], key), False)


def _is_message(item: dict[str, Any]) -> bool:
    return item.get("type") in (None, "message") and item.get("role") in (None, "assistant")


def _chat(choices: list[Any], key: Secret) -> _Read:
    """Return the same of an answer of the chat API."""
    known = [choice for choice in choices if isinstance(choice, dict)]
    ended = {choice.get("finish_reason") for choice in known if isinstance(choice.get("finish_reason"), str)}
    if _TOKENS & ended:
        return None, "incomplete: max_output_tokens", True
    if "content_filter" in ended:
        return None, "incomplete: content_filter", False
    messages = [choice["message"] for choice in known if isinstance(choice.get("message"), dict)]
    refusals = [one["refusal"] for one in messages if isinstance(one.get("refusal"), str) and one["refusal"].strip()]
    if refusals:
        return None, f"refused: {words(refusals[0], key)}", False
    return (*_said([message.get("content") for message in messages], key), False)


def _problem(said: Any) -> tuple[str | None, str | None]:
    """Return the code and the words of an error object."""
    if not isinstance(said, dict):
        return None, said if isinstance(said, str) else None
    code, message = said.get("code"), said.get("message")
    return (code if isinstance(code, str) else None), (message if isinstance(message, str) else None)


def _said(contents: list[Any], key: Secret) -> tuple[str | None, str | None]:
    """Return the one text of the contents of messages, or why there is not one."""
    messages = [content if isinstance(content, list) else [content] for content in contents]
    refusals = [part.get("refusal") for parts in messages for part in parts if _kind(part) == "refusal"]
    if refusals:
        return None, f"refused: {words(refusals[0] if isinstance(refusals[0], str) else None, key)}"
    return one_answer([[text for part in parts if (text := _text(part)) is not None] for parts in messages])


def _kind(part: Any) -> Any:
    return part.get("type") if isinstance(part, dict) else None


def _text(part: Any) -> str | None:
    """Return the text of a part, which some servers send as it is; None if it has none."""
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and _kind(part) in (None, "output_text", "text"):
        text = part.get("text")
        return text if isinstance(text, str) else None
    return None
