"""Fetching CEPII's BACI archives: downloaded once, checked, and verified at every later call.

Beside the archive ``BACI_HS07_V202601.zip`` stands ``.sha256``: its digest on first sight, as ``sha256sum`` writes it.
"""

import errno
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests

from reeassets import __version__
from reeassets.storage import replacing
from reeassets.trade.download import Download, FetchError, Patience, Watch, require_archive
from reeassets.trade.nomenclature import require_revision

BASE_URL = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/"
RELEASES = "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37"
_BY_HAND = f"download the archive by hand from {RELEASES} and pass it with `reeassets run --source baci --data FILE`"
_LISTED = f"versions and revisions are at {RELEASES}"


@dataclass(frozen=True)
class Fetched:
    """An archive that is in place: its path, its SHA-256, and the bytes this call received for it."""

    path: Path
    digest: str
    received: int


def archive_name(nomenclature: str, version: str) -> str:
    """Return CEPII's name of a release in a revision; raises FetchError if either is none."""
    try:
        require_revision(nomenclature)
    except ValueError as problem:
        raise FetchError(str(problem)) from problem
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
    _host(base_url)
    path, watch = to / name, watch or Watch()
    record = path.with_name(f"{name}.sha256")
    # pooch tells its own story on standard error, with advice about its own arguments.
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        recorded = _recorded(record, name)
        if path.exists():
            watch.told(f"{path} is there; verifying its SHA-256")
            return Fetched(path, _verified(path, record, recorded), 0)
        url = f"{base_url.rstrip('/')}/{name}"
        download = Download(path, url, patience or Patience(), watch, instead=_BY_HAND, listed=_LISTED)
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
    name, host, patience = archive_name(nomenclature, version), _host(base_url), patience or Patience()
    try:
        answer = requests.head(
            f"{base_url.rstrip('/')}/{name}",
            headers={"User-Agent": f"reeassets/{__version__}"},
            timeout=(patience.connect_timeout, patience.read_timeout),
            allow_redirects=True,
        )
    except requests.RequestException as problem:
        raise FetchError(f"{host}: cannot be asked for {name} ({type(problem).__name__})") from problem
    if answer.status_code in (404, 410):
        return False
    kind = answer.headers.get("Content-Type", "")
    if answer.status_code != 200 or kind.startswith("text/"):
        raise FetchError(
            f"{host}: asked for {name}, it answers with HTTP status {answer.status_code}, type {kind!r}; "
            f"releases are listed at {RELEASES}"
        )
    return True


def _host(base_url: str) -> str:
    """Return the host of a base URL; raises FetchError if it is not the address of a folder on the web."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise FetchError("the base URL must be the http or https address of a folder")
    return parts.hostname


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
        require_archive(path, path, _BY_HAND)
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
