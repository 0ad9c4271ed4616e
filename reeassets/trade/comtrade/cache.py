"""Answers of UN Comtrade on disk: nothing is asked twice, and an interrupted download goes on where it stopped.

``answers/<SHA-256 of the file>.parquet`` holds reports, under the name of its content; ``requests/<SHA-256 of the
request>.json`` says which answer a request got, or that it must be asked in parts; ``edition.json`` says when the
folder was begun; ``locks`` holds empty files, one per request. Every file is moved into place whole. No name and no
content knows the key.
"""

import contextlib
import datetime
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reeassets.storage import replacing
from reeassets.trade.comtrade.request import REPORT_SCHEMA, Request
from reeassets.trade.contract import SourceError

_COLUMNS = list(REPORT_SCHEMA.names)


@dataclass(frozen=True)
class Entry:
    """What is known of a request.

    Attributes
    ----------
    answer : str or None
        SHA-256 of its answer; None if it has more reports than one answer holds and must be asked in parts.
    """

    answer: str | None


class Cache:
    """The answers below a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._edition = folder / "edition.json"
        if not self._edition.exists():
            with self._lock("edition"):
                self._begin()

    def _begin(self) -> None:
        # Another thread may have begun the folder while this one waited.
        if not self._edition.exists():
            begun = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
            _write(self._edition, json.dumps({"begun": begun}).encode())

    @property
    def begun(self) -> str:
        """Moment at which the folder was begun (ISO 8601, UTC): no report in it is older."""
        try:
            return str(json.loads(self._edition.read_bytes())["begun"])
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(self._edition) from error

    def find(self, request: Request) -> Entry | None:
        """Return what is known of a request, or None if it has not been asked.

        An answer of an earlier version, which read fewer columns of the reports, is asked for again.

        Raises
        ------
        SourceError
            If the file that says so is not what was written.
        """
        path = self._request_file(request)
        if not path.exists():
            return None
        try:
            known = json.loads(path.read_bytes())
            answer, asked = known["answer"], known["request"]
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path) from error
        if asked != json.loads(request.text) or not (answer is None or isinstance(answer, str)):
            raise _damaged(path)
        if answer is not None and not (self._answer_file(answer).exists() and known.get("columns") == _COLUMNS):
            return None
        return Entry(answer)

    def read(self, answer: str) -> pa.Table:
        """Read the reports of an answer.

        Raises
        ------
        SourceError
            If its content is not what its name says.
        """
        path = self._answer_file(answer)
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != answer:
            raise _damaged(path)
        with pq.ParquetFile(pa.BufferReader(content)) as parquet:
            return parquet.read().cast(REPORT_SCHEMA)

    def keep(self, request: Request, reports: pa.Table | None) -> Entry:
        """Keep the reports that a request got, or, with None, that it must be asked in parts."""
        answer = None
        if reports is not None:
            buffer = io.BytesIO()
            pq.write_table(reports, buffer, compression="zstd")
            answer = hashlib.sha256(buffer.getvalue()).hexdigest()
            _write(self._answer_file(answer), buffer.getvalue())
        # Last: a request is known only once its answer is whole.
        known = {"request": json.loads(request.text), "answer": answer, "columns": _COLUMNS}
        _write(self._request_file(request), json.dumps(known, sort_keys=True).encode())
        return Entry(answer)

    def asking(self, request: Request) -> contextlib.AbstractContextManager[None]:
        """Let one thread of one process at a time ask a request; the others wait, and then find the answer."""
        return self._lock(request.digest)

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        from filelock import FileLock

        path = self._folder / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path):
            yield

    def _request_file(self, request: Request) -> Path:
        return self._folder / "requests" / f"{request.digest}.json"

    def _answer_file(self, answer: str) -> Path:
        return self._folder / "answers" / f"{answer}.parquet"


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _damaged(path: Path) -> SourceError:
    return SourceError(f"{path}: the file is not what was written; delete it, and what it held is downloaded again")
