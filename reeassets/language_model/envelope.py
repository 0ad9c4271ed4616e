"""Reading the answer of an endpoint: what the model said, or that it is no answer of the Responses API at all."""

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reeassets.language_model.costs import Usage
from reeassets.language_model.options import Secret

# Error codes that are about what was asked: the endpoint's refusal, not its failure.
REFUSALS = frozenset(
    {"invalid_prompt", "content_filter", "content_policy_violation", "bio_policy", "context_length_exceeded"}
)


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


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Part(_Strict):
    type: str
    text: str | None = None
    refusal: str | None = None


class _Output(_Strict):
    type: str
    content: list[_Part] | None = None
    phase: str | None = None


class _Reason(_Strict):
    reason: str | None = None


class _Problem(_Strict):
    code: str | None = None
    message: str | None = None


class _Tokens(_Strict):
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)


class _Envelope(_Strict):
    """The parts of an answer of the Responses API that are read; what has them in other types is none."""

    id: str = ""
    status: Literal["completed", "incomplete", "failed", "cancelled", "queued", "in_progress"] = "completed"
    output: list[_Output]
    incomplete_details: _Reason | None = None
    error: _Problem | None = None
    usage: _Tokens | None = None


def words(text: str | None, key: Secret) -> str:
    """Return the beginning of what an endpoint says on one line, without the key."""
    # Hidden before it is cut: half a key is no longer recognised.
    return " ".join(key.hide(text or "").split())[:300] or "(no text)"


def read(body: str, key: Secret, max_output_tokens: int) -> Reply:
    """Read an answer of status 200.

    Raises
    ------
    NoAnswer
        If it is not one of the Responses API, or says that the endpoint failed.
    """
    try:
        envelope = _Envelope.model_validate(key.hide(json.loads(body)))
    except (ValueError, RecursionError) as error:
        # The errors' own words would repeat the answer.
        place = f" ({_place(error)})" if isinstance(error, ValidationError) else ""
        said = f"status 200 with what is no answer of the Responses API{place}; it begins: {words(body, key)}"
        raise NoAnswer(said) from None
    usage = None if envelope.usage is None else Usage(envelope.usage.input_tokens, envelope.usage.output_tokens)
    problem = envelope.error or _Problem()
    refused = envelope.status == "failed" and problem.code in REFUSALS
    if envelope.status not in ("completed", "incomplete") and not refused:
        said = f": {problem.code}: {words(problem.message, key)}" if envelope.error else ""
        raise NoAnswer(f"the endpoint says that the answer is {envelope.status}{said}", usage)
    text, unusable, cut_off = None, None, False
    if refused:
        unusable = f"refused: {problem.code}: {words(problem.message, key)}"
    elif envelope.status == "incomplete":
        reason = envelope.incomplete_details.reason if envelope.incomplete_details else None
        cut_off = reason == "max_output_tokens"
        limit = f" (language_model_max_output_tokens is {max_output_tokens})" if cut_off else ""
        unusable = f"incomplete: {reason or 'without a reason'}{limit}"
    else:
        text, unusable = _said(envelope, key)
    return Reply(text, unusable, cut_off, envelope.id[:200], usage)


def _said(envelope: _Envelope, key: Secret) -> tuple[str | None, str | None]:
    """Return the one text of a complete answer, or why there is not one."""
    # Some models think aloud in messages before the last, which say so by their phase.
    final = [one for one in envelope.output if one.type == "message" and one.phase in (None, "final_answer")]
    parts = [part for message in final for part in message.content or []]
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    texts = [part.text for part in parts if part.type == "output_text" and part.text is not None]
    if refusals:
        return None, f"refused: {words(refusals[0], key)}"
    if len(texts) != 1:
        return None, f"malformed: {len(texts)} texts instead of one"
    return texts[0], None


def _place(error: ValidationError) -> str:
    """Return where and how the first rule is broken, without the value that breaks it."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"
