"""What requests cost, and the ceiling: no request is sent that could pass it, whatever became of the earlier ones.

``spending.jsonl`` has two lines a request: before it is sent, the most it can cost; after its answer, what it did cost.
A request without a second line (the process was killed, the answer never came or did not tell its tokens) counts with
the first: whether it was charged, nobody here can know.
"""

import fcntl
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reeassets.language_model.options import LanguageModelError, Options


class CeilingReached(LanguageModelError):
    """The next request could cost more than is left."""


@dataclass(frozen=True)
class Usage:
    """Tokens sent and received."""

    input_tokens: int
    output_tokens: int


@dataclass
class Bill:
    """What one request used; None while, or if, that is not known."""

    usage: Usage | None = None


class Ledger:
    """What was spent in a folder, of which only one process may ask at a time.

    Attributes
    ----------
    spent : float
        US$, in this run and earlier ones; requests whose cost is not known count with the most they can have cost.
    tokens : Usage
        Of this run, as far as answers told.
    """

    def __init__(self, options: Options, stop: threading.Event):
        self._options, self._stop = options, stop
        self._path = options.folder / "spending.jsonl"
        self._changed = threading.Condition()
        self._pending: dict[str, float] = {}
        self.spent, self.tokens, self.began_with = 0.0, Usage(0, 0), 0.0

    @contextmanager
    def opened(self) -> Iterator["Ledger"]:
        """Hold the ledger.

        Raises
        ------
        LanguageModelError
            If another process holds it, or a line of it cannot be read.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+", encoding="utf-8") as self._file:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LanguageModelError(
                    f"{self._path}: another process is asking language models for this home; wait for it to end"
                ) from None
            self.spent = self.began_with = _total(self._file, self._path)
            yield self

    @contextmanager
    def request(self, model: str, most_input: int, most_output: int) -> Iterator[Bill]:
        """Give the bill of a request, for the block that sends it to fill in.

        Waits for the requests that are on their way if only they stand between this one and the ceiling.

        Raises
        ------
        CeilingReached
            If the request could pass the ceiling; the block is not entered.
        """
        price = self._options.prices.get(model)
        most = 0.0 if price is None else price.cost(most_input, most_output)
        name, bill = uuid.uuid4().hex, Bill()
        with self._changed:
            self._make_room(most)
            self._pending[name] = most
            if price is not None:
                self._write({"request": name, "most_usd": most})
        try:
            yield bill
        finally:
            with self._changed:
                del self._pending[name]
                usage = bill.usage
                if usage is not None:
                    self.tokens = Usage(
                        self.tokens.input_tokens + usage.input_tokens, self.tokens.output_tokens + usage.output_tokens
                    )
                if price is not None and usage is not None:
                    most = price.cost(usage.input_tokens, usage.output_tokens)
                    self._write({"request": name, "usd": most})
                self.spent += most
                self._changed.notify_all()

    def _make_room(self, most: float) -> None:
        """Wait until a request fits below the ceiling; raise CeilingReached if it never will."""
        ceiling = self._options.cost_ceiling
        while ceiling is not None and self.spent + sum(self._pending.values()) + most > ceiling:
            if not self._pending or self._stop.is_set():
                raise CeilingReached(
                    f"the next request could cost up to US$ {most:.4f}, and US$ {self.spent:.4f} of the "
                    f"US$ {ceiling:g} of language_model_cost_ceiling are spent"
                )
            self._changed.wait()

    def _write(self, line: dict[str, object]) -> None:
        # One call and one flush a line: another thread's cannot come between, and a killed process leaves whole lines.
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def _total(file: IO[str], path: Path) -> float:
    """Return what the requests of a ledger cost, those without an end at their most."""
    file.seek(0)
    costs: dict[str, float] = {}
    for number, line in enumerate(file, start=1):
        try:
            entry = json.loads(line)
            costs[str(entry["request"])] = float(entry["usd"] if "usd" in entry else entry["most_usd"])
        except (ValueError, KeyError, TypeError) as error:
            raise LanguageModelError(
                f"{path}, line {number}: not what was written, so what has been spent is not known; mend or delete it"
            ) from error
    return sum(costs.values())
