"""Files that a person names to be written: what may be replaced by them."""

from collections.abc import Callable
from pathlib import Path


class OutputFileError(ValueError):
    """The place to write to is a folder or a device, or holds a file of another kind."""


def output_file(path: Path, kind: str, is_of_kind: Callable[[Path], bool]) -> Path:
    """Return the file to write, links followed, if nothing of another kind is lost by it.

    A slip in a name (the archive or the warehouse for the graph that is to be written) must not cost a file that
    cannot be made again.

    Parameters
    ----------
    path : Path
        As the person named it.
    kind : str
        What is to be written, e.g. ``GraphML``.
    is_of_kind : callable
        Tells of a file that is there and not empty whether it is of that kind.

    Raises
    ------
    OutputFileError
        If there is a folder, a device, or a file of another kind.
    """
    path = path.expanduser().absolute()
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "no file that can be replaced"
        raise OutputFileError(f"{path}: it is {what}; name a file to write")
    if path.is_file() and path.stat().st_size and not is_of_kind(path):
        raise OutputFileError(
            f"{path}: there is a file that is not {kind}, and it is not replaced; name another, or remove it first"
        )
    return path.resolve()
