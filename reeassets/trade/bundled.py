"""Where the bundled data files are: the ``data`` folder of the checkout, or the copy inside an installed wheel."""

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from isal import isal_zlib

_PACKAGE = Path(__file__).resolve().parents[1]
_HASHING = threading.Lock()
_AT_ONCE = 16 * 1024**2
_PLACES = (_PACKAGE.parent / "data", _PACKAGE / "_data")


def bundled_file(name: str) -> Path:
    """Return the path of a bundled data file.

    Parameters
    ----------
    name : str
        Path inside the ``data`` folder, e.g. ``country_codes_V202601.csv``.

    Raises
    ------
    FileNotFoundError
        If neither the checkout nor the installed package has it.
    """
    for place in _PLACES:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(f"bundled file {name!r} is in neither {_PLACES[0]} nor {_PLACES[1]}")


class NotText(ValueError):
    """A file's text is not in UTF-8; the message names the file."""


def read_parquet(path: Path, columns: list[str], filters: list[tuple[str, str, object]] | None = None) -> pa.Table:
    """Read columns of a Parquet file that somebody else wrote, and check that its text is text.

    Raises
    ------
    NotText
        If a column holds bytes that are not UTF-8, as of a table that was written from Latin-1.
    """
    # Filters look at numbers and codes alone: text that is none is found behind them.
    table = pq.read_table(path, columns=columns, filters=filters)
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as problem:
        raise NotText(f"{path}: text that is not UTF-8 ({problem})") from problem
    return table


@dataclass(frozen=True)
class Content:
    """What tells a file's content from another's.

    Attributes
    ----------
    sha256 : str
        Its SHA-256, for lineage.
    crc32 : int
        Its CRC-32, which an archive's directory has for each of its members.
    size : int
        Bytes.
    """

    sha256: str
    crc32: int
    size: int


@cache
def _content(path: Path, size: int, *state: int) -> Content:  # noqa: ARG001  (the state only keys the cache)
    # Large pieces: between any two of them this thread waits for the interpreter, whatever else it does.
    digest, buffer = hashlib.sha256(), memoryview(bytearray(min(size, _AT_ONCE) or 1))
    crc = length = 0
    with path.open("rb", buffering=0) as stream:
        while read := stream.readinto(buffer):
            digest.update(buffer[:read])
            crc = isal_zlib.crc32(buffer[:read], crc)
            length += read
    return Content(digest.hexdigest(), crc, length)


def content(path: Path) -> Content:
    """Return what tells a file's content, read once per process as long as nobody touches the file.

    Size and time of writing alone do not tell: a copy can bring both along, and the clock of some disks is coarse.
    """
    status = path.stat()
    # Who asks for what another thread is reading waits for it, and reads nothing.
    with _HASHING:
        return _content(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content; see :func:`content`."""
    return content(path).sha256


def _name(path: Path) -> str:
    """Return a file's path inside the bundled data, or its bare name."""
    return next((path.relative_to(place).as_posix() for place in _PLACES if path.is_relative_to(place)), path.name)


def digests(paths: list[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by name: how a table's metadata names its inputs."""
    return {_name(path): sha256(path) for path in sorted(paths)}
