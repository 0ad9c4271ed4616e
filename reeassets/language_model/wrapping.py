"""Taking what a model answers out of what endpoints and models put around it: thoughts, a fence, a sentence."""

import json
import re
from collections.abc import Iterator
from typing import Any

# Models that reason in their answer close their thoughts with a tag; some templates swallow the one that opens them.
_THOUGHTS = re.compile(r".*?</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE)
# From the first fence to the last, which an answer that was stopped there lacks.
_FENCE = re.compile(r"[^`]*```[\w-]*(.*?)(?:```[^`]*)?", re.DOTALL)
_BLANK = "\ufeff\u200b \t\r\n"


def json_in(text: str) -> Any:
    """Return the one JSON value that a text holds: alone, behind thoughts, in one fence, or after a sentence.

    Raises
    ------
    ValueError
        If there is none, or an object with others beside it.
    RecursionError
        If it is too deep.
    """
    for piece in _pieces(text.strip(_BLANK)):
        try:
            value = json.loads(piece)
        except ValueError:
            continue
        # Some servers send the text of an answer as JSON once more.
        return json_in(value) if isinstance(value, str) and value.lstrip().startswith("{") else value
    raise ValueError("there is no JSON in the text")


def _pieces(text: str) -> Iterator[str]:
    """Give what may be the JSON, the whole first."""
    yield text
    thoughts = _THOUGHTS.match(text)
    rest = text[thoughts.end() :].strip(_BLANK) if thoughts else text
    if thoughts:
        yield rest
    fence = _FENCE.fullmatch(rest)
    if fence:
        yield fence[1].strip(_BLANK)
    yield from _object_in(rest)


def _object_in(text: str) -> Iterator[str]:
    """Give the object that stands between sentences, if it is the only one."""
    start = text.find("{")
    if start == -1 or "[" in text[:start]:
        return
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return
    if not re.search(r"[\[{]", text[end:]):
        yield text[start:end]


def one_answer(messages: list[list[str]]) -> tuple[str | None, str | None]:
    """Return the one answer among the messages of a model, or why there is none.

    Parameters
    ----------
    messages : list of list of str
        The parts of each message, which belong together: the parts of a message are joined, equal ones count once, and
        of several the one that is JSON is the answer.

    Returns
    -------
    str or None, str or None
        The text, and why there is none.
    """
    texts = [text for parts in messages for text in _texts(parts)]
    if not texts:
        return None, "malformed: 0 texts instead of one"
    said = list(dict.fromkeys(text for text in texts if text.strip(_BLANK)))
    if not said:
        return None, "malformed: the text is empty"
    objects = {json.dumps(value, sort_keys=True): text for text in said if (value := _object(text)) is not None}
    # A model may think aloud in JSON, too.
    meant = {one: text for one, text in objects.items() if "answers" in json.loads(one)} or objects
    if len(meant) > 1:
        return None, f"malformed: {len(meant)} texts instead of one, each another answer"
    return (next(iter(meant.values())) if meant else "\n".join(said)), None


def _texts(parts: list[str]) -> list[str]:
    """Return the text of a message: its parts joined, or each of them if only they are JSON."""
    whole = "".join(parts)
    if len(parts) > 1 and _object(whole) is None:
        return [part for part in parts if _object(part) is not None] or [whole]
    return [whole] if parts else []


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json_in(text)
        return value if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None
