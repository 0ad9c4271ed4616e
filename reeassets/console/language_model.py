"""The progress of language models on the console: a plain line every few seconds, and what was left aside."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_LOGGER = logging.getLogger("reeassets.language_model")


class _Lines(logging.Handler):
    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        # What models and endpoints say is text, not markup.
        self._console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def lines_shown(console: Console) -> Iterator[None]:
    """Show what language models report while the block runs."""
    handler, level = _Lines(console), _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level)
