"""Sending one request to an endpoint, with patience for what passes; and telling an answer from what is none.

The package ``openai`` builds and sends the request. Its answer is read here: its own reader believes whatever shape an
endpoint sends, and throws an answer away, with the tokens it cost, for one wrong field. Attempts are counted here too,
since each may be charged.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import urllib3
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
    wait_random,
)

from reeassets.language_model.costs import Bill, Ledger, Usage
from reeassets.language_model.envelope import REFUSALS, NoAnswer, Reply, read, words
from reeassets.language_model.options import KEY_VARIABLES, LanguageModelError, Options, Secret
from reeassets.language_model.task import Task

if TYPE_CHECKING:
    import httpx2
    import openai

_TRANSIENT = frozenset({408, 409, 425, 429})
# There is nothing at the address, or nothing that is asked in this way.
_UNKNOWN = frozenset({404, 405, 501})
# No tokenizer makes more tokens than there are bytes; these are for what the endpoint puts around them.
_FRAME_TOKENS = 256
_LONGEST_BODY = 16 * 1024**2


class _Transient(LanguageModelError):
    """An error that another attempt may not meet; ``retry_after_s`` is what the endpoint asked to wait."""

    def __init__(self, message: str, retry_after_s: float | None = None):
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Client:
    """Asks an endpoint; used by several threads.

    Parameters
    ----------
    options : Options
        How.
    key : Secret
        With which key.
    ledger : Ledger
        Where the cost of each attempt goes.
    stop : Event
        Ends waiting for another attempt.
    """

    def __init__(self, options: Options, key: Secret, ledger: Ledger, stop: threading.Event):
        self.key = key
        self._options, self._ledger, self._stop = options, ledger, stop
        # Whether the chat API's limit of tokens goes by the name max_completion_tokens.
        self._newer_name = False

    @cached_property
    def _openai(self) -> "openai.OpenAI":
        import openai

        limited = openai.DefaultHttpx2Client(
            # A key follows nobody elsewhere.
            follow_redirects=False,
            event_hooks={"response": [self._limit]},
            timeout=self._options.timeout_s,
        )
        base, query = self._options.base_and_query
        return openai.OpenAI(
            api_key=self.key.reveal(),
            base_url=base,
            default_query=query,
            timeout=self._options.timeout_s,
            max_retries=0,
            http_client=limited,
        )

    def _limit(self, response: "httpx2.Response") -> None:
        """Bound time and size of an answer: a read timeout alone lets an endpoint drip for ever."""
        response.stream = _limited(response.stream, self._options.timeout_s)

    def open(self) -> None:
        """Make the connection pool, once, before threads share it."""
        _ = self._openai

    def close(self) -> None:
        """Close the connections."""
        self._openai.close()

    def ask(self, task: Task[Any], model: str, instructions: str, shown: str) -> Reply:
        """Send a request, again after a passing error.

        Raises
        ------
        CeilingReached
            If an attempt could pass the ceiling.
        LanguageModelError
            If there is no answer after all attempts, or the endpoint turns the request away; never with the key in it.
        """
        options = self._options
        backoff = wait_exponential(options.backoff_s, options.longest_backoff_s) + wait_random(0, options.backoff_s / 4)
        retrying = Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(options.attempts) | stop_when_event_set(self._stop),
            wait=lambda state: max(backoff(state), _asked(state)),
            sleep=sleep_using_event(self._stop),
            reraise=True,
        )
        most = len(instructions.encode()) + len(shown.encode()) + len(task.form_text.encode()) + _FRAME_TOKENS
        try:
            return retrying(self._once, task, model, instructions, shown, most)
        except _Transient as last:
            attempts = retrying.statistics["attempt_number"]
            raise LanguageModelError(f"{options.shown_url}, {model}: {last} (attempt {attempts}, the last)") from None
        except LanguageModelError as problem:
            raise type(problem)(f"{options.shown_url}, {model}: {problem}") from None

    def _once(self, task: Task[Any], model: str, instructions: str, shown: str, most: int) -> Reply:
        # Raised outside the handler: the package's errors hold the request, and with it the key.
        with self._ledger.request(model, most, self._options.max_output_tokens) as bill:
            got = self._send(task, model, instructions, shown, bill)
            if isinstance(got, LanguageModelError):
                raise got
            return got

    def _send(
        self, task: Task[Any], model: str, instructions: str, shown: str, bill: Bill
    ) -> Reply | LanguageModelError:
        """Make one attempt; return what came of it."""
        import openai

        try:
            body = self._request(task, model, instructions, shown)
        except openai.APIStatusError as error:
            bill.usage = Usage(0, 0)
            return self._turned_away(error)
        except openai.APITimeoutError:
            return _Transient(f"no answer within {self._options.timeout_s:g} s")
        except openai.APIConnectionError as error:
            return _Transient(f"no answer: {type(error.__cause__).__name__}: {self.key.hide(str(error.__cause__))}")
        try:
            reply = read(body, self.key, self._options.max_output_tokens)
        except NoAnswer as problem:
            bill.usage = problem.usage
            return _Transient(str(problem))
        bill.usage = reply.usage
        return reply

    def _request(self, task: Task[Any], model: str, instructions: str, shown: str) -> str:
        """Send one request of the API that the endpoint speaks, and return the body of its answer."""
        import openai

        options = self._options
        temperature = openai.omit if options.temperature is None else options.temperature
        if options.api == "chat":
            chat = self._openai.chat.completions.with_raw_response.parse(
                model=model,
                messages=[{"role": "system", "content": instructions}, {"role": "user", "content": shown}],
                response_format=task.form,
                temperature=temperature,
                # The name that most servers know; one that wants the other says so, see `_turned_away`.
                max_tokens=openai.omit if self._newer_name else options.max_output_tokens,
                max_completion_tokens=options.max_output_tokens if self._newer_name else openai.omit,
            )
            return chat.text
        raw = self._openai.responses.with_raw_response.parse(
            model=model,
            instructions=instructions,
            input=[{"role": "user", "content": shown}],
            text_format=task.form,
            parse_as=None,
            temperature=temperature,
            max_output_tokens=options.max_output_tokens,
        )
        return raw.text

    def _turned_away(self, error: "openai.APIStatusError") -> Reply | LanguageModelError:
        """Return the error of a status, with the endpoint's own words; a refusal of the question is a reply."""
        status, code = error.status_code, str(error.code)
        own = words(_own_words(error.body), self.key)
        said = f"HTTP status {status}: {own}"
        if status == 400 and code in REFUSALS:
            return Reply(None, f"refused: {code}: {own}", False, "", Usage(0, 0))
        if status == 400 and not self._newer_name and "max_completion_tokens" in own:
            self._newer_name = True
            return _Transient(said)
        if code == "insufficient_quota":
            return LanguageModelError(said)
        if status in _TRANSIENT or (status >= 500 and status not in _UNKNOWN):
            asked = _retry_after(error.response.headers)
            if asked is not None and asked > self._options.longest_wait_s:
                return LanguageModelError(
                    f"{said}; it asks to wait {asked:,.0f} s, and not more than {self._options.longest_wait_s:,.0f} s "
                    "are waited"
                )
            return _Transient(said, asked)
        if status in (401, 403):
            said += f"; is the key in {' or '.join(KEY_VARIABLES)} one of this endpoint?"
        if status in _UNKNOWN and code != "model_not_found":
            said += f"; {self._where()}"
        return LanguageModelError(said)

    def _where(self) -> str:
        """Say what may be wrong with an address at which there is nothing."""
        asked = "/chat/completions" if self._options.api == "chat" else "/responses"
        other = "responses" if self._options.api == "chat" else "chat"
        base, _ = self._options.base_and_query
        missing = "" if re.search(r"/v\d+[a-z]*\d*/?$", base) else "is /v1 missing at the end of the address? "
        return (
            f"asked was {asked} below language_model_base_url: {missing}a server without {asked} wants "
            f"language_model_api = {other}"
        )


def _own_words(body: object) -> str:
    """Return what an endpoint says of an error: its message, or all of it."""
    if isinstance(body, str):
        return body
    if isinstance(body, dict):
        for name in ("message", "detail", "error", "title"):
            if isinstance(body.get(name), str) and body[name].strip():
                return str(body[name])
    return "" if body is None else json.dumps(body, ensure_ascii=False)


def _limited(stream: Any, seconds: float) -> Any:
    """Return the stream of an answer that ends with an error when it takes too long or is too much."""
    import httpx2

    class Limited(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            deadline, size = time.monotonic() + seconds, 0
            for chunk in stream:
                size += len(chunk)
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout(f"the answer is not there after {seconds:g} s")
                if size > _LONGEST_BODY:
                    raise httpx2.ReadError(f"the answer is longer than {_LONGEST_BODY:,} bytes")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Limited()


def _asked(state: RetryCallState) -> float:
    """Return the seconds that the endpoint asked to wait before the next attempt, 0 if it did not ask."""
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after_s or 0.0) if isinstance(error, _Transient) else 0.0


def _retry_after(headers: "httpx2.Headers") -> float | None:
    """Return the seconds of the header Retry-After, written as a number or as a date; None if it is not there."""
    header = headers.get("Retry-After")
    if header is None:
        return None
    try:
        return urllib3.Retry().parse_retry_after(header)
    except urllib3.exceptions.InvalidHeader:
        return None
