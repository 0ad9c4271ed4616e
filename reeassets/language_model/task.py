"""What models can be asked: a question, the prompt it is asked with, and what an answer must look like."""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from reeassets.language_model.options import LanguageModelError

_PROMPTS = Path(__file__).parent / "prompts"
VerdictT = TypeVar("VerdictT", bound=BaseModel)


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    key : tuple of str
        The codes it is about, by which its answer is recognised.
    data : dict
        What the model is shown, as JSON; it holds the codes under the names of :attr:`Task.key`.
    """

    key: tuple[str, ...]
    data: dict[str, Any]

    def __str__(self) -> str:
        return " -> ".join(self.key)


def _whole(_question: Question, verdict: VerdictT) -> tuple[VerdictT, list[str]]:
    return verdict, []


@dataclass(frozen=True)
class Task(Generic[VerdictT]):
    """A kind of question.

    Attributes
    ----------
    name : str
        Names the folder of its prompts and that of its answers.
    noun : str
        What is counted, in messages, e.g. ``codes``.
    key : tuple of str
        Fields of an answer that say which question it answers.
    form : type
        The whole answer as the endpoint is told to write it: ``answers``, a list of objects with the fields of the key
        and of the verdict. Endpoints know few rules of JSON schemas, so that lengths and ranges are not in it.
    verdict : type
        One answer without its key, with every rule; what breaks one is no verdict.
    alone : bool
        Whether each question must be asked without others beside it.
    limit : callable
        Takes what a verdict may not say about its question out of it, and says what it took.
    """

    name: str
    noun: str
    key: tuple[str, ...]
    form: type[BaseModel]
    verdict: type[VerdictT]
    alone: bool = False
    limit: Callable[[Question, VerdictT], tuple[VerdictT, list[str]]] = _whole

    def files(self) -> list[Path]:
        """Return the prompts, every version."""
        return sorted((_PROMPTS / self.name).glob("*.txt"))

    def prompt(self, version: str) -> str:
        """Return a version of the prompt.

        Raises
        ------
        LanguageModelError
            If there is none.
        """
        texts = {path.stem: path for path in self.files()}
        if version not in texts:
            raise LanguageModelError(
                f"language_model_prompt: there is no version {version!r} of the prompt {self.name}; there is "
                f"{', '.join(texts)}"
            )
        return texts[version].read_text(encoding="utf-8")

    def prompt_version(self, version: str) -> str:
        """Return the name of a version with a digest of its text and of the form: neither changes unnoticed."""
        asked = self.prompt(version) + json.dumps(self.form.model_json_schema(), sort_keys=True)
        return f"{version}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"

    @functools.cached_property
    def form_text(self) -> str:
        """The form as it is sent, for its length."""
        return json.dumps(self.form.model_json_schema())
