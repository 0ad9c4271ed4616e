"""Asking a server again: which answers may pass, how long it asks to wait, and how long is waited."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, wait_exponential, wait_random

from reeassets.trade.contract import SourceError


class Passing(SourceError):
    """An attempt failed in a way in which the next may not; ``retry_after`` is the server's wish in seconds, or 0."""

    def __init__(self, cause: str, retry_after: float = 0.0):
        super().__init__(cause)
        self.retry_after = retry_after


def may_pass(status: int) -> bool:
    """Return whether an HTTP status says that the same request may be answered later."""
    return status in (408, 429) or status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the header Retry-After asks to wait (RFC 9110), None if it does not ask or is unreadable.

    A date is read by the server's own clock, its header Date.
    """
    wish = headers.get("Retry-After", "").strip()
    if wish.isdecimal():
        return float(wish)
    try:
        until = parsedate_to_datetime(wish)
        told = headers.get("Date")
        now = parsedate_to_datetime(told) if told else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without a time zone: the usual pause will do
        return None


def failure(state: RetryCallState) -> Passing:
    """Return how the last attempt failed."""
    found = state.outcome.exception() if state.outcome else None
    assert isinstance(found, Passing)
    return found


def pause(state: RetryCallState, first: float, longest: float, jitter: float = 0.0) -> float:
    """Return the seconds before the next attempt: doubled from the first to the longest, and never less than asked.

    Parameters
    ----------
    state : RetryCallState
        Tenacity's, after a :class:`Passing`.
    first, longest : float
        First pause and longest, in seconds.
    jitter : float
        Up to this is added at random.
    """
    backoff = wait_exponential(first, longest)(state) + wait_random(0, jitter)(state)
    return max(backoff, failure(state).retry_after)
