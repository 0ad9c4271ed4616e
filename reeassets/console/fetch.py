"""``reeassets fetch``: a download's progress, and how to go on from there."""

import shlex
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from reeassets.trade.download import Watch
from reeassets.trade.fetch import BASE_URL
from reeassets.trade.fetch import fetch_baci as fetch

_LINE_SECONDS = 30.0


class DownloadProgress(Watch):
    """A bar on a terminal; in a log, a plain line every half minute and at the end."""

    def __init__(self, console: Console):
        self._console = console
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", start=False, visible=False)
        self._next_line = time.monotonic() + _LINE_SECONDS

    def __enter__(self) -> "DownloadProgress":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def advanced(self, position: int, total: int | None) -> None:
        """Move the bar, or print a line when one is due."""
        if self._console.is_terminal:
            self._bar.start_task(self._task)
            self._bar.update(self._task, completed=position, total=total, visible=True)
        elif position == total or time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_SECONDS
            share = f" of {total / 1e6:,.1f} MB ({position / total:.0%})" if total else ""
            self.told(f"{position / 1e6:,.1f} MB{share}")

    def told(self, what: str) -> None:
        """Print what happened as a line of its own."""
        self._console.print(what, markup=False, highlight=False, soft_wrap=True)


def fetch_baci(nomenclature: str, version: str, to: Path, base_url: str | None, console: Console) -> int:
    """Fetch or verify a release of BACI, print where it is and the command to go on with, and return 0.

    Raises
    ------
    FetchError
        If the archive cannot be had; the message says why and what to do.
    """
    with DownloadProgress(console) as watch:
        fetched = fetch(nomenclature, version, to.expanduser().absolute(), base_url=base_url or BASE_URL, watch=watch)
    how = f"{fetched.received / 1e6:,.1f} MB downloaded" if fetched.received else "nothing to download"
    watch.told(f"archive  {fetched.path}  ({how})")
    watch.told(f"sha256   {fetched.digest}  (recorded in {fetched.path.name}.sha256)")
    watch.told(f"go on    reeassets run --source baci --data {shlex.quote(str(fetched.path))}")
    return 0
