"""Reading an answer: each verdict goes to the question whose codes it names, or to none."""

import json
from collections import Counter
from typing import Any

from pydantic import ValidationError

from reeassets.language_model.cache import Answer
from reeassets.language_model.envelope import Reply
from reeassets.language_model.options import Secret
from reeassets.language_model.task import Question, Task, VerdictT
from reeassets.language_model.wrapping import json_in

_Key = tuple[str, ...]


class Unusable(ValueError):
    """An answer as a whole says nothing about any question; the message says why."""


def answers(
    task: Task[VerdictT], batch: list[Question], reply: Reply, key: Secret
) -> tuple[dict[_Key, Answer[VerdictT]], list[str]]:
    """Read the answer to a batch of questions.

    Returns
    -------
    dict, list of str
        An answer to each question, by key: a verdict only if exactly one is there for its codes and keeps every rule.
        And what was said that was not asked, or may not be said, and so is left aside.

    Raises
    ------
    Unusable
        If the model refused or was cut off, or its answer is not ``{"answers": [{...}, ...]}``.
    """
    if reply.unusable is not None:
        raise Unusable(reply.unusable)
    asked = {question.key: question for question in batch}
    said: dict[_Key, list[dict[str, Any]]] = {one: [] for one in asked}
    strays: Counter[_Key] = Counter()
    for item in _items(reply.text or "", key):
        named = tuple(item.pop(field, None) for field in task.key)
        if not all(isinstance(code, str) for code in named):
            strays[("an answer without its code",)] += 1
        elif named in said:
            said[named].append(item)
        else:
            strays[tuple(code[:20] for code in named)] += 1
    left = [f"{' -> '.join(stray)} ({count} times), not asked" for stray, count in sorted(strays.items())]
    found: dict[_Key, Answer[VerdictT]] = {}
    for one, items in said.items():
        found[one], aside = _verdict(task, asked[one], items, sorted(strays))
        left += [f"{asked[one]}: {what}" for what in aside]
    return found, left


def _items(text: str, key: Secret) -> list[dict[str, Any]]:
    try:
        answer = key.hide(json_in(text))
    except (ValueError, RecursionError):
        raise Unusable("malformed: the answer is not JSON") from None
    if not isinstance(answer, dict) or set(answer) != {"answers"} or not isinstance(answer["answers"], list):
        raise Unusable("malformed: the answer is not an object with the list `answers` and nothing else")
    if not all(isinstance(item, dict) for item in answer["answers"]):
        raise Unusable("malformed: something in the list `answers` is not an object")
    return answer["answers"]


def _verdict(
    task: Task[VerdictT], question: Question, items: list[dict[str, Any]], strays: list[_Key]
) -> tuple[Answer[VerdictT], list[str]]:
    """Return the answer to one question from what names its codes, and what is left aside of it."""
    if not items:
        others = f"; it answers {', '.join(' -> '.join(one) for one in strays[:3])}, not asked" if strays else ""
        return Answer(None, f"missing: the answer has nothing on {question}{others}"), []
    items = [one for place, one in enumerate(items) if one not in items[:place]]  # what is said twice is said
    if len(items) > 1:
        return Answer(None, f"duplicate: the answer has {len(items)} verdicts on {question}"), []
    try:
        # From JSON, where a list may be a tuple, but strictly: the text "true" is not true.
        verdict = task.verdict.model_validate_json(json.dumps(items[0]), strict=True)
    except ValidationError as error:
        broken = error.errors(include_input=False, include_url=False, include_context=False)
        rules = "; ".join(f"{'.'.join(map(str, one['loc']))[:60]}: {one['msg']}" for one in broken[:3])
        return Answer(None, f"malformed: {rules}"), []
    verdict, aside = task.limit(question, verdict)
    return Answer(verdict), aside
