"""Where the bundled data files are: the ``data`` folder of the checkout, or the copy inside an installed wheel."""

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
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


@cache
def _sha256(path: Path, size: int, modified_ns: int) -> str:  # noqa: ARG001  (size and time only key the cache)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, read once per process as long as its size and time stay."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def _name(path: Path) -> str:
    """Return a file's path inside the bundled data, or its bare name."""
    return next((path.relative_to(place).as_posix() for place in _PLACES if path.is_relative_to(place)), path.name)


def digests(paths: list[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by name: how a table's metadata names its inputs."""
    return {_name(path): sha256(path) for path in sorted(paths)}
