"""Reading files out of a folder or a zip archive without trusting either.

Nothing is ever unpacked to disk. A member is read as a stream, bounded by the size it declares, and its checksum is
checked at the end.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from isal import isal_zlib

from reeassets.trade.baci.release import accompanies
from reeassets.trade.bundled import content, sha256
from reeassets.trade.contract import SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 20
_MOST_AT_ONCE = 16 << 20
# A year of BACI deflates to about a third. Digits can shrink more, but a thousandfold is a bomb.
MAX_RATIO = 200
MAX_MEMBER_BYTES = 16 * 1024**3
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
# The stub calls the exception class an instance of it.
_DAMAGED: Any = isal_zlib.error


class _FromFile(io.RawIOBase):
    """What the streams here have in common: they read from an open file, and say more with ``read``."""

    _file: io.BufferedReader

    def readable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer and return the number of bytes."""
        room = memoryview(buffer).cast("B")
        data = self.read(len(room))
        room[: len(data)] = data
        return len(data)


class MemberStream(_FromFile):
    """The inflated bytes of a member of a zip archive.

    Parameters
    ----------
    archive : Path
        The archive.
    member : zipfile.ZipInfo
        Its entry in the central directory.

    Raises
    ------
    SourceError
        On reading, if the member is truncated, larger than it declares, or fails its checksum.
    """

    def __init__(self, archive: Path, member: zipfile.ZipInfo):
        self._place = f"{archive}, member {member.filename}"
        self._file = archive.open("rb")
        self._member = member
        self._left = member.compress_size
        self._out = 0
        self._crc = 0
        self._done = False
        self._pending = self._tail = b""
        self._inflate = isal_zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
        self._file.seek(member.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
            self._file.close()
            raise SourceError(f"{self._place}: the archive is damaged (no member begins where it should)")
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        self._file.seek(name_length + extra_length, io.SEEK_CUR)

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, or all that is left."""
        wanted = size if size is not None and size >= 0 else MAX_MEMBER_BYTES
        parts = [self._pending]
        have = len(self._pending)
        while have < wanted and not self._done:
            parts.append(self._next())
            have += len(parts[-1])
        whole = b"".join(parts)
        self._pending = whole[wanted:]
        return whole[:wanted]

    def _next(self) -> bytes:
        packed = self._tail or self._file.read(min(_CHUNK, self._left))
        if not packed and self._left:
            raise SourceError(f"{self._place}: the archive ends in the middle of it; download it again")
        self._left -= 0 if self._tail else len(packed)
        if self._inflate is None:
            data, ended = packed, not self._left
        else:
            try:
                # Bounded: a megabyte can inflate to a gigabyte.
                data = self._inflate.decompress(packed, _MOST_AT_ONCE)
            except _DAMAGED as problem:
                raise SourceError(f"{self._place}: the compressed data are damaged ({problem})") from problem
            self._tail = self._inflate.unconsumed_tail
            if self._inflate.eof and (self._left or self._inflate.unused_data):
                raise SourceError(f"{self._place}: its compressed data end before they should; download it again")
            ended = self._inflate.eof or not (data or self._left or self._tail)
        self._out += len(data)
        self._crc = isal_zlib.crc32(data, self._crc)
        if self._out > self._member.file_size:
            raise SourceError(f"{self._place}: larger than the {self._member.file_size:,} bytes it declares")
        if ended:
            self._done = True
            self._verify()
        return data

    def _verify(self) -> None:
        if self._out != self._member.file_size:
            told = f"{self._out:,} bytes instead of the {self._member.file_size:,} it declares"
            raise SourceError(f"{self._place}: {told}; download the archive again")
        if self._crc != self._member.CRC:
            raise SourceError(f"{self._place}: its checksum is wrong; download the archive again")


class FileStream(_FromFile):
    """The bytes of a file, which must be the same at the end of reading as before it.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    SourceError
        On reading, at the end, if the file was written to meanwhile: half of it would look like a whole one.
    """

    def __init__(self, path: Path):
        self._path, self._expected = path, content(path)
        self._file = path.open("rb")
        self._out = self._crc = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, or all that is left."""
        data = self._file.read(size)
        self._out += len(data)
        self._crc = isal_zlib.crc32(data, self._crc)
        ended = size < 0 or len(data) < size
        if ended and (self._out, self._crc) != (self._expected.size, self._expected.crc32):
            raise SourceError(f"{self._path}: it was written to while it was read; run again when it is whole")
        return data


@dataclass(frozen=True)
class Files:
    """The files of a place, by name.

    Attributes
    ----------
    place : Path
        The archive or folder.
    names : tuple of str
        What is in it.
    open : callable
        Opens a file by name for reading bytes.
    identity : callable
        What tells a file's content from another's, without reading all of it where that is possible: the same of a
        file and of a member of an archive that hold the same bytes.
    digest : callable
        Name and SHA-256 of what a file comes from: the file itself, or its archive.
    comment : str
        The archive's comment.
    """

    place: Path
    names: tuple[str, ...]
    open: Callable[[str], io.RawIOBase | io.BufferedReader]
    identity: Callable[[str], str]
    digest: Callable[[str], dict[str, str]]
    comment: str = ""


def open_files(data: Path) -> Files:
    """Open what a user gives: an archive, a folder, or one year's file.

    Raises
    ------
    SourceError
        If it is none of them, or the archive is damaged or malicious.
    """
    if data.is_dir():
        # rglob passes over a folder that it may not read; this raises.
        next(data.iterdir(), None)
        paths = {path.relative_to(data).as_posix(): path for path in sorted(data.rglob("*")) if path.is_file()}
        return plain(data, paths)
    if not data.exists():
        raise SourceError(f"{data}: there is no such file or folder")
    if data.suffix.lower() == ".csv":
        # The country table and the readme of its release stand beside it; other years' files do too.
        beside = {
            path.name: path for path in sorted(data.parent.iterdir()) if accompanies(path.name) and path.is_file()
        }
        return plain(data.parent, beside | {data.name: data})
    return _zipped(data)


def base_name(name: str) -> str:
    """Return the name of a file without its folder or archive: neither is part of what it holds."""
    return PurePosixPath(name).name


def plain(place: Path, paths: dict[str, Path]) -> Files:
    """Return files of a folder under the names given to them."""

    def identity(name: str) -> str:
        found = content(paths[name])
        return _identity(found.crc32, found.size)

    return Files(
        place,
        tuple(paths),
        lambda name: FileStream(paths[name]),
        identity,
        lambda name: {name: sha256(paths[name])},
    )


def _identity(crc32: int, size: int) -> str:
    return f"crc32 {crc32:08x}, {size} bytes"


def _zipped(data: Path) -> Files:
    with data.open("rb") as stream:
        begin = stream.read(512)
    if not begin.startswith(b"PK"):
        raise SourceError(f"{data}: {_told(begin)}, not a zip archive")
    try:
        with zipfile.ZipFile(data) as archive:
            listed = [member for member in archive.infolist() if not member.filename.endswith("/")]
            comment = archive.comment.decode("utf-8", errors="replace")
    # A damaged directory names a version of zip that does not exist (zipfile: NotImplementedError), or a member by what
    # is no text (ValueError).
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as problem:
        raise SourceError(f"{data}: the zip archive is damaged or cut off ({problem}); download it again") from problem
    members: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        _require_harmless(data, member)
        if member.filename in members:
            raise SourceError(f"{data}: the member {member.filename!r} is there twice; this is not CEPII's")
        members[member.filename] = member
    return Files(
        data,
        tuple(members),
        lambda name: MemberStream(data, members[name]),
        lambda name: _identity(members[name].CRC, members[name].file_size),
        lambda name: {data.name: sha256(data)},  # noqa: ARG005  (every member comes from the one archive)
        comment,
    )


def _told(begin: bytes) -> str:
    """Say what a file that is no zip archive is."""
    text = begin.lstrip().lower()
    if not begin:
        return "the file is empty"
    if text.startswith((b"<!doctype html", b"<html")):
        return "this is an HTML page (an error page saved under the archive's name?)"
    if begin.startswith(b"\x1f\x8b"):
        return "this is a gzip file; unpack it and give the folder or the .csv file"
    return "this is neither a zip archive, nor a folder, nor a .csv file"


def _require_harmless(data: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if not name or member.header_offset < 0:
        raise SourceError(f"{data}: the zip archive is damaged (its directory makes no sense); download it again")
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise SourceError(f"{data}: the member {name!r} points outside the archive; this is not CEPII's")
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(f"{data}: the member {name!r} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SourceError(f"{data}: the member {name!r} is compressed by a method not read ({member.compress_type})")
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > MAX_MEMBER_BYTES or ratio > MAX_RATIO:
        raise SourceError(
            f"{data}: the member {name!r} declares {member.file_size:,} bytes, {ratio:,.0f} times its compressed size; "
            "refused as a zip bomb"
        )
