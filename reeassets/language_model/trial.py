"""Whether a model gives valid answers at all: one that gives none is stopped, and none of what it said is kept."""

import threading
from dataclasses import dataclass, field
from typing import Any, Generic

from reeassets.language_model.cache import Answer
from reeassets.language_model.options import LanguageModelError
from reeassets.language_model.task import Question, VerdictT

# Requests without a valid answer that end asking: of a model that has given none yet, and in a row of one that has.
FIRST = 3
LATER = 50


class NoValidAnswer(LanguageModelError):
    """A model was answered for, again and again, and never with what was asked for."""


@dataclass(frozen=True)
class Said(Generic[VerdictT]):
    """An answer to one question, and how it was had."""

    question: Question
    answer: Answer[VerdictT]
    had: dict[str, Any]


@dataclass
class _Row(Generic[VerdictT]):
    """Requests of a model without a valid answer, since the last one that had one."""

    proven: bool = False
    stopped: bool = False
    failed: int = 0
    held: list[Said[VerdictT]] = field(default_factory=list)


def _declined(answer: Answer[Any]) -> bool:
    """Return whether an endpoint kept its promise by saying that it does not answer this question."""
    return (answer.abstention or "").startswith(("refused", "incomplete: content_filter"))


class Trial(Generic[VerdictT]):
    """Holds abstentions back until the model has shown that it can give a valid answer; used by several threads.

    Parameters
    ----------
    proven : set of str
        Models that have given one before.
    """

    def __init__(self, proven: set[str]):
        self._proven = proven
        self._rows: dict[str, _Row[VerdictT]] = {}
        self._lock = threading.Lock()

    def heard(self, model: str, said: list[Said[VerdictT]], text: str | None) -> list[Said[VerdictT]]:
        """Take the answers of one request; return those that are to be kept now, with those that were held back.

        Parameters
        ----------
        model : str
            Who was asked.
        said : list of Said
            An answer to each question of the request.
        text : str or None
            What the model said, for the error; None if it was no text.

        Raises
        ------
        NoValidAnswer
            If this was one request too many without a valid answer.
        """
        with self._lock:
            row = self._rows.setdefault(model, _Row(proven=model in self._proven))
            if any(one.answer.verdict is not None for one in said):
                kept, row.held, row.failed, row.proven = row.held + said, [], 0, True
                return kept
            if row.proven and all(_declined(one.answer) for one in said):
                return said
            if row.stopped:  # it was on its way already
                return []
            row.held += said
            row.failed += 1
            if row.failed >= (LATER if row.proven else FIRST):
                row.held, row.stopped = [], True
                raise NoValidAnswer(_message(model, row, said[0], text))
            return []

    def left(self, *, ended: bool) -> list[tuple[str, Said[VerdictT]]]:
        """Return the abstentions that are still held back and can be kept, with their models.

        Parameters
        ----------
        ended : bool
            Whether everything was asked: too few requests to speak against a model. Otherwise only those of models
            that have given valid answers are returned.
        """
        with self._lock:
            given = [(model, one) for model, row in self._rows.items() if ended or row.proven for one in row.held]
            for model, _ in given:
                self._rows[model].held = []
            return given


def _message(model: str, row: _Row[Any], last: Said[Any], text: str | None) -> str:
    which = f"the {'last' if row.proven else 'first'} {row.failed} requests"
    said = "" if text is None else f"; it begins: {text}"
    return (
        f"{model}: {which} were answered, and none with a valid answer; the last one, on {last.question}: "
        f"{last.answer.abstention}{said}. None of them is kept. Does the endpoint keep to a JSON schema? Try another "
        "language_model_api, another model, a smaller language_model_batch or a higher language_model_max_output_tokens"
    )
