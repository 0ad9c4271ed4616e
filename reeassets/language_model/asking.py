"""Asking every model every question that is not answered yet, several at a time, and losing no answer."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

from reeassets.language_model.cache import Answer, Cache
from reeassets.language_model.client import Client
from reeassets.language_model.costs import Ledger
from reeassets.language_model.envelope import Reply, words
from reeassets.language_model.options import LanguageModelError, Options, api_key
from reeassets.language_model.reading import Unusable, answers
from reeassets.language_model.task import Question, Task, VerdictT
from reeassets.language_model.trial import NoValidAnswer, Said, Trial

LOGGER = logging.getLogger("reeassets.language_model")
Answers = dict[tuple[str, tuple[str, ...]], Answer[VerdictT]]


@dataclass(frozen=True)
class Progress:
    """How far asking has come.

    Attributes
    ----------
    noun : str
        What is counted.
    total, done, cached, abstentions : int
        Questions times models; those answered, those of them that were answered before, and those without a verdict.
    input_tokens, output_tokens : int
        Of this run, as far as the endpoint told them.
    cost, spent : float or None
        US$ of this run, and of all in this home; None if prices are not known.
    """

    noun: str
    total: int
    done: int
    cached: int
    abstentions: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    spent: float | None

    def __str__(self) -> str:
        tokens = f"{self.input_tokens:,} + {self.output_tokens:,} tokens"
        cost = "cost not known (no prices set)" if self.cost is None else f"US$ {self.cost:.4f}"
        before = "" if self.spent is None or self.spent == self.cost else f" (US$ {self.spent:.4f} in this home)"
        return (
            f"{self.done:,} of {self.total:,} {self.noun} done, {self.cached:,} from the cache, {self.abstentions:,} "
            f"abstentions; {tokens}, {cost}{before}"
        )


def log(progress: Progress) -> None:
    """Write progress to the log ``reeassets.language_model``."""
    LOGGER.info("language models: %s", progress)


def ask(
    task: Task[VerdictT],
    questions: list[Question],
    options: Options,
    told: Callable[[Progress], None] = log,
) -> Answers[VerdictT]:
    """Return every model's answer to every question, asking those that are not in the cache.

    Parameters
    ----------
    task : Task
        What is asked.
    questions : list of Question
        Each key once.
    options : Options
        Whom, and how.
    told : callable
        Is told the progress every few seconds and at the end.

    Returns
    -------
    dict
        Answer by model and key, in the order of models and questions.

    Raises
    ------
    NoValidAnswer
        If a model gives no valid answer at all; nothing of it is kept.
    LanguageModelError
        If a question could not be asked: the endpoint fails, the ceiling is reached, there is no key, a file is
        damaged. Every answer that was had is kept.
    """
    return _Asking(task, questions, options, told).run()


class _Asking(Generic[VerdictT]):
    """One call of :func:`ask`."""

    def __init__(
        self, task: Task[VerdictT], questions: list[Question], options: Options, told: Callable[[Progress], None]
    ):
        self._task, self._options, self._told = task, options, told
        self._questions = {(model, question.key): question for model in options.models for question in questions}
        self._instructions = task.prompt(options.prompt)
        self._cache = Cache(task, options)
        self._stop = threading.Event()
        self._ledger = Ledger(options, self._stop)
        self._lock = threading.Lock()
        self._found: Answers[VerdictT] = {}
        self._cached = 0
        self._trial: Trial[VerdictT] = Trial(set())
        self._later: list[tuple[str, list[Question]]] = []

    def run(self) -> Answers[VerdictT]:
        self._look_up()
        if len(self._found) < len(self._questions):
            with self._ledger.opened():
                # Another process may have answered some before this one held the ledger.
                self._look_up()
                self._ask_the_rest()
        self._told(self._progress())
        return {one: self._found[one] for one in self._questions}

    def _look_up(self) -> None:
        for (model, key), question in self._questions.items():
            if (model, key) not in self._found:
                known = self._cache.find(model, question)
                if known is not None:
                    self._found[model, key] = known
                    self._cached += 1

    def _batches(self) -> list[tuple[str, list[Question]]]:
        size = 1 if self._task.alone else self._options.batch
        batches = []
        for model in self._options.models:
            left = [
                question
                for (asked, key), question in self._questions.items()
                if asked == model and (model, key) not in self._found
            ]
            batches += [(model, left[at : at + size]) for at in range(0, len(left), size)]
        return batches

    def _ask_the_rest(self) -> None:
        batches = self._batches()
        if not batches:
            return
        self._trial = Trial({model for (model, _), answer in self._found.items() if answer.verdict is not None})
        client = Client(self._options, api_key(), self._ledger, self._stop)
        client.open()
        try:
            with self._threads() as pool:
                while batches:
                    self._watch([pool.submit(self._ask_batch, client, *batch) for batch in batches])
                    batches, self._later = self._later, []
        finally:
            client.close()
        self._keep(self._trial.left(ended=True))

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        """Give a pool that, whatever ends the block, starts nothing more and ends when what is on its way is kept."""
        pool = ThreadPoolExecutor(self._options.concurrency, thread_name_prefix="language-model")
        try:
            yield pool
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)

    def _watch(self, batches: list[Future[None]]) -> None:
        """Tell progress until all batches are done; raise the first error once what was on its way is in."""
        pending = set(batches)
        while pending:
            done, pending = wait(pending, timeout=self._options.progress_s, return_when=FIRST_EXCEPTION)
            failed = [error for batch in batches if batch in done and (error := batch.exception()) is not None]
            if failed:
                self._stop.set()
                for batch in pending:
                    batch.cancel()
                wait(pending)
                self._keep(self._trial.left(ended=False))
                self._told(self._progress())
                raise self._stopped(failed[0])
            if pending:
                self._told(self._progress())

    def _stopped(self, error: BaseException) -> BaseException:
        """Return the error that ends asking, with what is kept."""
        if not isinstance(error, LanguageModelError):
            return error
        return type(error)(f"{error}. Kept in {self._cache.folder}: {self._progress()}; run again to ask what is left")

    def _ask_batch(self, client: Client, model: str, batch: list[Question]) -> None:
        if self._stop.is_set():
            return
        shown = json.dumps({"questions": [question.data for question in batch]}, ensure_ascii=False)
        reply = client.ask(self._task, model, self._instructions, shown)
        try:
            found, aside = answers(self._task, batch, reply, client.key)
        except Unusable as why:
            if len(batch) > 1:
                self._ask_in_parts(client, model, batch)
                return
            found, aside = {batch[0].key: Answer(None, str(why))}, []
        for what in aside:
            LOGGER.warning("language models: %s, %s: left aside: %s", model, self._task.name, what)
        had = self._had(reply, len(batch))
        said = [Said(question, found[question.key], had) for question in batch]
        sent = None if reply.text is None else words(reply.text, client.key)
        try:
            kept = self._trial.heard(model, said, sent)
        except NoValidAnswer as problem:
            self._stop.set()
            raise NoValidAnswer(f"{self._options.shown_url}, {problem}") from None
        self._keep([(model, one) for one in kept])

    def _ask_in_parts(self, client: Client, model: str, batch: list[Question]) -> None:
        """Ask a batch that got no usable answer in halves: one question may have spoilt the answer to all.

        Its first question goes alone before the others. If that is no better, it is the model and not the batch, and
        the others wait until the model has been heard on everything else.
        """
        self._ask_batch(client, model, batch[:1])
        middle = len(batch) // 2
        halves = [half for half in (batch[1:middle], batch[middle:]) if half]
        with self._lock:
            answer = self._found.get((model, batch[0].key))
            if answer is None:
                self._later += [(model, half) for half in halves]
                return
        for half in halves:
            self._ask_batch(client, model, half)

    def _keep(self, said: list[tuple[str, Said[VerdictT]]]) -> None:
        for model, one in said:
            self._cache.keep(model, one.question, one.answer, one.had)
            with self._lock:
                self._found[model, one.question.key] = one.answer

    def _had(self, reply: Reply, size: int) -> dict[str, Any]:
        """Return how an answer was had, for its file."""
        usage = reply.usage
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "endpoint": self._options.shown_url,
            "answer": reply.identity,
            "questions_in_the_request": size,
            "tokens_of_the_request": None if usage is None else [usage.input_tokens, usage.output_tokens],
            "cut_off_at_tokens": self._options.max_output_tokens if reply.cut_off else None,
        }

    def _progress(self) -> Progress:
        with self._lock:
            done = list(self._found.values())
        priced, tokens, spent = bool(self._options.prices), self._ledger.tokens, self._ledger.spent
        return Progress(
            noun=self._task.noun,
            total=len(self._questions),
            done=len(done),
            cached=self._cached,
            abstentions=sum(answer.verdict is None for answer in done),
            input_tokens=tokens.input_tokens,
            output_tokens=tokens.output_tokens,
            cost=spent - self._ledger.began_with if priced else None,
            spent=spent if priced else None,
        )
