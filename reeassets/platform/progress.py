"""What is being made right now: the contract of an observer of a run, and the one that writes to Dagster's log."""

import logging
from typing import Protocol

from reeassets.tables import Partition


class Progress(Protocol):
    """Told what a run makes, partition by partition."""

    def started(self, stage: str, name: str, partition: Partition) -> None:
        """Tell that a partition is being made."""
        ...

    def finished(self, stage: str, name: str, partition: Partition, rows: int | None, seconds: float) -> None:
        """Tell that it has been checked and written; ``rows`` is None for a file."""
        ...


class LogProgress:
    """Writes one line a partition to the log of the run, where the Dagster UI shows it."""

    def __init__(self, logger: logging.Logger | None = None):
        self._logger = logger or logging.getLogger("reeassets")

    def started(self, stage: str, name: str, partition: Partition) -> None:
        """Say nothing: the line comes when the partition is there."""

    def finished(self, stage: str, name: str, partition: Partition, rows: int | None, seconds: float) -> None:
        """Log what was made."""
        when = "" if partition is None else f" {partition}"
        size = "" if rows is None else f", {rows:,} rows"
        self._logger.info("%s/%s%s: made in %.2f s%s", stage, name, when, seconds, size)
