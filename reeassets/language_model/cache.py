"""Answers of language models on disk: nothing is asked twice, whatever ends a run.

``<task>/<SHA-256 of the question>.json`` holds one question (model, temperature, prompt version, what was shown), the
verdict or why there is none, how it was had, and a digest. Every file is moved into place whole.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from pydantic import ValidationError

from reeassets.language_model.options import LanguageModelError, Options
from reeassets.language_model.task import Question, Task, VerdictT
from reeassets.storage import replacing


@dataclass(frozen=True)
class Answer(Generic[VerdictT]):
    """What a model said to one question: a verdict, or why it gave none."""

    verdict: VerdictT | None
    abstention: str | None = None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(value: Any) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()


class Cache(Generic[VerdictT]):
    """The answers to the questions of a task."""

    def __init__(self, task: Task[VerdictT], options: Options):
        self._task, self._options = task, options
        self._prompt = task.prompt_version(options.prompt)
        self.folder = options.folder / task.name

    def _asked(self, model: str, question: Question) -> dict[str, Any]:
        return {
            "model": model,
            "temperature": self._options.temperature,
            "prompt": f"{self._task.name} {self._prompt}",
            "shown": question.data,
        }

    def find(self, model: str, question: Question) -> Answer[VerdictT] | None:
        """Return the answer to a question, or None if it must be asked.

        An answer that was cut off is asked for again once it may be longer.

        Raises
        ------
        LanguageModelError
            If the file is not what was written.
        """
        asked = self._asked(model, question)
        path = self.folder / f"{_digest(asked)}.json"
        if not path.exists():
            return None
        try:
            kept = json.loads(path.read_bytes())
            said, limit = kept["answer"], kept["had"]["cut_off_at_tokens"]
            if kept["asked"] != asked or kept["digest"] != _digest([asked, said]):
                raise _damaged(path)
            if limit is not None and limit < self._options.max_output_tokens:
                return None
            if said["verdict"] is None:
                return Answer(None, str(said["abstention"]))
            return Answer(self._task.verdict.model_validate_json(json.dumps(said["verdict"]), strict=True))
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise _damaged(path) from error

    def keep(self, model: str, question: Question, answer: Answer[VerdictT], had: dict[str, Any]) -> None:
        """Keep an answer, and how it was had."""
        asked = self._asked(model, question)
        verdict = None if answer.verdict is None else answer.verdict.model_dump(mode="json")
        said = {"verdict": verdict, "abstention": answer.abstention}
        kept = {"asked": asked, "answer": said, "had": had, "digest": _digest([asked, said])}
        with replacing(self.folder / f"{_digest(asked)}.json") as temporary:
            temporary.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _damaged(path: Path) -> LanguageModelError:
    return LanguageModelError(f"{path}: the file is not what was written; delete it, and its question is asked again")
