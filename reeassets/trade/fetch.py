"""Downloading CEPII's BACI archives: resumed after any interruption, checked, and put in place whole or not at all.

Beside the archive ``BACI_HS07_V202601.zip`` stands ``.sha256`` (its digest on first sight, as ``sha256sum`` writes it);
while it is incomplete, its bytes are in ``.part`` and what they are bytes of is in ``.part.json``.
"""

import errno
import fcntl
import json
import logging
import os
import re
import shutil
import socket
import ssl
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from reeassets import __version__
from reeassets.storage import replacing
from reeassets.trade.contract import SourceError
from reeassets.trade.nomenclature import REVISIONS

BASE_URL = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/"
RELEASES = "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37"
_BY_HAND = f"download the archive by hand from {RELEASES} and pass it with `reeassets run --source baci --data FILE`"
_SIGNATURE = b"PK\x03\x04"
# What a lost connection may cost is at most one chunk.
_CHUNK = 64 * 1024
_NO_NETWORK = (errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH)


class FetchError(SourceError):
    """An archive cannot be fetched; the message says what is there, why, and what to do."""


class _Interrupted(FetchError):
    """An attempt failed in a way in which the next may not; ``retry_after`` is the server's wish in seconds."""

    def __init__(self, cause: str, retry_after: float = 0.0):
        super().__init__(cause)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to ask again. Times are in seconds.

    Attributes
    ----------
    connect_timeout, read_timeout : float
        Longest silence while connecting, and in the middle of an answer.
    attempts : int
        Attempts in a row without progress before giving up.
    first_wait, longest_wait, jitter : float
        The pause doubles from the first to the longest; up to ``jitter`` is added at random.
    longest_retry_after : float
        A server that asks to come back later than this is not waited for.
    progress : int
        Bytes beyond the furthest point reached that count as progress.
    """

    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    jitter: float = 1.0
    longest_retry_after: float = 600.0
    progress: int = 8 * 1024**2


class Watch:
    """Is told how a download goes; this one keeps it to itself."""

    def advanced(self, position: int, total: int | None) -> None:
        """Take note of the bytes that are on disk, and of the archive's size if the server told it."""

    def told(self, what: str) -> None:
        """Take note of an event, in words."""


@dataclass(frozen=True)
class Fetched:
    """An archive that is in place: its path, its SHA-256, and the bytes this call received for it."""

    path: Path
    digest: str
    received: int


def archive_name(nomenclature: str, version: str) -> str:
    """Return CEPII's name of a release in a revision; raises FetchError if either is none."""
    if nomenclature not in REVISIONS:
        raise FetchError(f"{nomenclature!r} is no revision of the Harmonized System; known: {', '.join(REVISIONS)}")
    if not re.fullmatch(r"V[0-9]{6}[a-z]?", version):
        raise FetchError(
            f"{version!r} is no version of BACI such as V202601 or V202401b; they are listed at {RELEASES}"
        )
    return f"BACI_{nomenclature}_{version}.zip"


def fetch_baci(
    nomenclature: str,
    version: str,
    to: Path,
    *,
    base_url: str = BASE_URL,
    patience: Patience | None = None,
    watch: Watch | None = None,
) -> Fetched:
    """Put a release of BACI into a folder, or verify the one that is there.

    An archive that is there is compared with the digest recorded beside it, and nothing is downloaded. One that is
    not is downloaded, from where an earlier call stopped if the server still has the same file.

    Parameters
    ----------
    nomenclature, version : str
        E.g. ``HS07`` and ``V202601``.
    to : Path
        Folder; made if it is not there.
    base_url : str
        Folder of the archives on the web, ``http`` or ``https``.

    Raises
    ------
    FetchError
        If it is not there, cannot be had, is no archive or not the one recorded, or cannot be written.
    """
    name = archive_name(nomenclature, version)
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise FetchError("the base URL must be the http or https address of a folder")
    path, watch = to / name, watch or Watch()
    record = path.with_name(f"{name}.sha256")
    # pooch tells its own story on standard error, with advice about its own arguments.
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        recorded = _recorded(record, name)
        if path.exists():
            watch.told(f"{path} is there; verifying its SHA-256")
            return Fetched(path, _verified(path, record, recorded), 0)
        download = _Download(path, f"{base_url.rstrip('/')}/{name}", patience or Patience(), watch)
        try:
            pooch.retrieve(download.url, known_hash=recorded, fname=name, path=to, downloader=download)
        except FetchError:
            raise
        except ValueError as problem:
            raise FetchError(f"{problem} If CEPII has replaced the archive, remove {record} to accept it.") from problem
        return Fetched(path, recorded or _verified(path, record, None), download.received)
    except OSError as problem:
        kept = "; what has arrived is kept: free some and call again" if problem.errno == errno.ENOSPC else ""
        raise FetchError(f"{to}: cannot be read or written: {problem.strerror or problem}{kept}") from problem


def is_released(nomenclature: str, version: str, *, base_url: str = BASE_URL, patience: Patience | None = None) -> bool:
    """Ask a server whether it has a release of BACI; only the headers of the archive are sent.

    Parameters
    ----------
    nomenclature, version : str
        E.g. ``HS07`` and ``V202701``.
    base_url : str
        Folder of the archives on the web, ``http`` or ``https``.

    Raises
    ------
    FetchError
        If the server cannot be asked, or its answer is neither an archive nor "not found".
    """
    name, patience = archive_name(nomenclature, version), patience or Patience()
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise FetchError("the base URL must be the http or https address of a folder")
    try:
        answer = requests.head(
            f"{base_url.rstrip('/')}/{name}",
            headers={"User-Agent": f"reeassets/{__version__}"},
            timeout=(patience.connect_timeout, patience.read_timeout),
            allow_redirects=True,
        )
    except requests.RequestException as problem:
        raise FetchError(f"{parts.hostname}: cannot be asked for {name} ({type(problem).__name__})") from problem
    if answer.status_code in (404, 410):
        return False
    kind = answer.headers.get("Content-Type", "")
    if answer.status_code != 200 or kind.startswith("text/"):
        raise FetchError(
            f"{parts.hostname}: asked for {name}, it answers with HTTP status {answer.status_code}, type {kind!r}; "
            f"releases are listed at {RELEASES}"
        )
    return True


def _recorded(record: Path, name: str) -> str | None:
    """Return the digest recorded for an archive, None if there is no record."""
    if not record.exists():
        return None
    match = re.fullmatch(rf"([0-9a-f]{{64}}) [ *]{re.escape(name)}", record.read_text(encoding="utf-8").strip())
    if match is None:
        raise FetchError(f"{record}: not a line `<SHA-256>  {name}` as sha256sum writes it")
    return match[1]


def _verified(path: Path, record: Path, recorded: str | None) -> str:
    """Return the digest of an archive that is what its record says, or record it on first sight."""
    if recorded is None:
        _require_archive(path, path)
    digest = str(pooch.file_hash(path))
    if recorded is None:
        with replacing(record) as temporary:
            temporary.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    elif digest != recorded:
        raise FetchError(
            f"{path}: its SHA-256 is {digest}, but {record.name} recorded {recorded}; the file is left as it is. "
            "Move it away to download it again, or remove the record to accept it"
        )
    return digest


def _require_archive(path: Path, origin: object) -> None:
    """Raise FetchError unless a file begins as a zip archive and has the directory that ends one."""
    with path.open("rb") as stream:
        if stream.read(len(_SIGNATURE)) == _SIGNATURE and zipfile.is_zipfile(stream):
            return
    raise FetchError(f"{origin}: not a whole zip archive; {_BY_HAND}")


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _validator(response: requests.Response) -> str | None:
    """Return what identifies the file in a later If-Range: a strong ETag, else the time of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _retry_after(response: requests.Response) -> float:
    """Return the seconds a server asks to wait, by the server's own clock if it gives a date; 0 if it does not ask."""
    wish = response.headers.get("Retry-After", "")
    if wish.strip().isdecimal():
        return float(wish)
    try:
        until = parsedate_to_datetime(wish)
        told = response.headers.get("Date")
        now = parsedate_to_datetime(told) if told else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without a time zone: the usual pause will do
        return 0.0


class _Download:
    """One archive's download, called by pooch with the file to make."""

    def __init__(self, path: Path, url: str, patience: Patience, watch: Watch):
        self.url, self.received = url, 0
        self._patience, self._watch = patience, watch
        self._host = urlsplit(url).hostname
        # A base URL may carry a password, which no message and no file shall show.
        self._shown = re.sub(r"//[^/]*@", "//", url)
        self._part = path.with_name(f"{path.name}.part")
        self._origin = path.with_name(f"{path.name}.part.json")
        self._furthest, self._answered = 0, False

    def __call__(self, _url: str, output_file: str, _pooch: object) -> None:
        """Download to the part file and, when it is whole and an archive, move it to ``output_file``."""
        with self._part.open("ab") as self._file, requests.Session() as self._session:
            self._claim()
            self._session.headers.update({"User-Agent": f"reeassets/{__version__}", "Accept-Encoding": "identity"})
            try:
                self._furthest = self._size()
                self._persist()
                self._require_whole()
            finally:
                if not self._part.stat().st_size:
                    self._part.unlink()
                    self._origin.unlink(missing_ok=True)
            self._part.replace(output_file)
            self._origin.unlink()

    def _claim(self) -> None:
        """Make sure that this process alone writes the part file, and that nobody has moved it into place."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = self._part.exists() and os.path.samestat(os.fstat(self._file.fileno()), self._part.stat())
        except BlockingIOError:
            mine = False
        if not mine:
            raise FetchError(f"{self._part}: another process is downloading it; wait for it to end")

    def _persist(self) -> None:
        """Attempt until the part file is whole, or until patience ends."""
        patience = self._patience
        backoff = wait_exponential(patience.first_wait, patience.longest_wait) + wait_random(0, patience.jitter)

        def problem(state: RetryCallState) -> _Interrupted:
            found = state.outcome.exception() if state.outcome else None
            assert isinstance(found, _Interrupted)
            return found

        def forgive(state: RetryCallState) -> None:
            # 2 GB over a bad line may break more often than `attempts`: only those that bring nothing count.
            if self._size() >= self._furthest + patience.progress:
                self._furthest = self._size()
                state.attempt_number = 0

        def tell(state: RetryCallState) -> None:
            self._watch.told(f"{problem(state)}; next attempt in {state.upcoming_sleep:.1f} s")

        retrying = Retrying(
            retry=retry_if_exception_type(_Interrupted),
            stop=stop_after_attempt(patience.attempts),
            wait=lambda state: max(backoff(state), problem(state).retry_after),
            after=forgive,
            before_sleep=tell,
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except _Interrupted as last:
            raise FetchError(
                f"{self._shown}: gave up after {patience.attempts} attempts without progress; the last: {last}. "
                f"{self._size():,} bytes are kept in {self._part}: call again to go on from there, or {_BY_HAND}"
            ) from last

    def _require_whole(self) -> None:
        """Raise, and keep nothing of it, unless what has arrived is a whole archive; see that it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            _require_archive(self._part, self._shown)
        except FetchError:
            self._file.truncate(0)
            raise

    def _attempt(self) -> None:
        known = self._known()
        start, total = self._size(), known.get("total")
        if start and start == total:  # whole already: the process ended before it could move the file
            return
        headers = {}
        if start and known.get("validator") and (total is None or start < total):
            headers = {"Range": f"bytes={start}-", "If-Range": known["validator"]}
        timeout = (self._patience.connect_timeout, self._patience.read_timeout)
        try:
            with self._session.get(self.url, headers=headers, stream=True, timeout=timeout) as response:
                self._answered = True
                self._require_success(response)
                self._receive(response, start if headers else 0, known)
        except requests.RequestException as problem:
            raise self._explained(problem) from problem

    def _require_success(self, response: requests.Response) -> None:
        status = response.status_code
        said = f"{self._host} answers with HTTP status {status}"
        if status in (404, 410):
            raise FetchError(
                f"{self._shown}: no such archive (HTTP {status}); versions and revisions are at {RELEASES}"
            )
        if status == 416:
            self._start_over(None, None)
            raise _Interrupted(f"{said}: it has no such range; starting again from 0")
        if status in (408, 429) or status >= 500:
            wish = _retry_after(response)
            if wish > self._patience.longest_retry_after:
                raise FetchError(f"{said} and asks to come back in {wish:,.0f} s; call again then, or {_BY_HAND}")
            raise _Interrupted(said, wish)
        if status not in (200, 206):
            raise FetchError(f"{self._shown}: {said}; {_BY_HAND}")

    def _receive(self, response: requests.Response, start: int, known: dict) -> None:
        """Write what a response brings, after ``start`` if it is the rest and from 0 if it is the whole file."""
        position, total = start, known.get("total")
        if response.status_code == 206:
            self._require_rest(response, start, known)
            self._watch.told(f"going on at byte {start:,}")
        else:
            length = response.headers.get("Content-Length", "")
            position, total = 0, int(length) if length.isdecimal() else None
            if start:
                self._watch.told(f"{self._host} sends the whole file: it has changed, or cannot be resumed")
        self._require_space(total)
        for chunk in response.iter_content(_CHUNK):
            if position == 0:
                # Before anything is overwritten: a login or maintenance page comes with status 200, too.
                if chunk[: len(_SIGNATURE)] != _SIGNATURE[: len(chunk)]:
                    what = "a web page" if chunk.lstrip().startswith(b"<") else "something"
                    raise FetchError(f"{self._shown}: {self._host} sends {what} that is not a zip archive; {_BY_HAND}")
                self._start_over(_validator(response), total)
            self._file.write(chunk)
            position += len(chunk)
            self.received += len(chunk)
            self._watch.advanced(position, total)
        if position == 0 or total not in (None, position):
            raise _Interrupted(f"{self._host} ended the file at byte {position:,} of {total or 0:,}")

    def _require_rest(self, response: requests.Response, start: int, known: dict) -> None:
        """Raise unless a partial response is the rest of the file whose beginning is on disk."""
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
        ranged = match and (int(match[1]), int(match[2]) + 1, int(match[3]))
        same = _validator(response) in (None, known.get("validator"))
        total = known.get("total") or (match and int(match[3]))
        if not start or ranged != (start, total, total) or not same:
            self._start_over(None, None)
            raise _Interrupted(f"{self._host} sends a part of another file; starting again from 0")

    def _require_space(self, total: int | None) -> None:
        missing, free = (total or 0) - self._size(), shutil.disk_usage(self._part.parent).free
        if missing > free:
            raise FetchError(f"{self._part.parent}: {missing:,} bytes are still to come, {free:,} are free on the disk")

    def _explained(self, problem: requests.RequestException) -> FetchError:
        """Say in words what went wrong on the way, and by the class whether to try again."""
        for cause in _causes(problem):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return FetchError(f"{self._host}: its certificate cannot be verified ({cause.verify_message})")
            lost = isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _NO_NETWORK)
            if lost and not self._answered:
                return FetchError(f"{self._host} cannot be reached: no network, or no DNS. Connect, or {_BY_HAND}")
        if isinstance(problem, requests.TooManyRedirects | requests.exceptions.InvalidURL):
            return FetchError(f"{self._shown}: {type(problem).__name__}; {_BY_HAND}")
        at = f"at byte {self._file.tell():,}"
        if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in _causes(problem)):
            return _Interrupted(f"{self._host} fell silent {at}")
        return _Interrupted(f"the connection to {self._host} failed or broke {at} ({type(problem).__name__})")

    def _size(self) -> int:
        self._file.flush()
        return os.fstat(self._file.fileno()).st_size

    def _known(self) -> dict:
        """Return what the bytes on disk are bytes of; nothing if that was never written down or at another address."""
        try:
            known = json.loads(self._origin.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return known if known.get("url") == self._shown else {}

    def _start_over(self, validator: str | None, total: int | None) -> None:
        """Empty the part file, and only then write down what will be in it."""
        if self._size():
            self._file.truncate(0)
        text = json.dumps({"url": self._shown, "validator": validator, "total": total})
        self._origin.write_text(text + "\n", encoding="utf-8")
