"""The inbox: a folder that archives and single years are put into, while others read from it.

What is read of it is one release: that of the newest archive, with single years' files of the same release in the place
of the archive's. Archives that are damaged or cut off are left aside, and so are older releases. Nothing is left aside
silently: the inbox says what and why.

An archive that opens is whole: its directory comes last. Half of a year's file looks like a whole one, so it is read
only when nothing has been written to it for a while, and who wants it sooner waits. A file that is touched while a run
reads it therefore delays the run, and never breaks it.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from reeassets.settings import Settings
from reeassets.trade.baci.archive import Files, base_name, open_files, plain
from reeassets.trade.baci.release import Release, recognise
from reeassets.trade.contract import SourceError

SOURCE = "baci"
_RELEASE = re.compile(r"V\d{6}[A-Z]?")
LOGGER = logging.getLogger("reeassets.trade")


@dataclass
class Inbox:
    """What an inbox holds.

    Attributes
    ----------
    files : Files
        What is read: names are ``<archive>/<member>`` and ``<file>``.
    aside : dict of str to str
        What is not, by name, with the reason.
    """

    files: Files
    aside: dict[str, str] = field(default_factory=dict)


def reads_inbox(settings: Settings) -> bool:
    """Return whether the source reads the inbox: it does unless ``data`` names another place."""
    return settings.data is None or settings.data == settings.inbox_folder


def inbox_files(folder: Path) -> list[Path]:
    """Return the files of an inbox that could hold trade data, in order; none if there is no such folder."""
    if not folder.is_dir():
        return []
    found = [path for path in _shown(folder) if path.suffix.lower() in (".zip", ".csv", ".txt") and path.is_file()]
    return sorted(found)


def _shown(folder: Path) -> Iterator[Path]:
    """Give what is in a folder and not hidden, nor in a folder that is: there programs keep what is half there."""
    for path in folder.rglob("*"):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def is_resting(path: Path, rest: float) -> bool:
    """Return whether a file was last written at least ``rest`` seconds ago; a clock that went back does not matter."""
    return abs(time.time() - path.stat().st_mtime) >= rest


def open_inbox(folder: Path, rest: float) -> Inbox:
    """Open the release that an inbox holds.

    Parameters
    ----------
    folder : Path
        The inbox.
    rest : float
        Seconds that a single file must have been left unchanged before it is read.

    Raises
    ------
    SourceError
        If it holds no release, or files that cannot be one; the message says what was left aside, too.
    """
    found = inbox_files(folder)
    # What a link to a folder leads to is not searched: it may lead back.
    aside = {
        path.relative_to(folder).as_posix(): "a link to a folder; put the files themselves here"
        for path in _shown(folder)
        if path.is_symlink() and path.is_dir()
    }
    archives = dict(_archives(folder, [path for path in found if path.suffix.lower() == ".zip"], aside))
    single = {path.relative_to(folder).as_posix(): path for path in found if path.suffix.lower() != ".zip"}
    newest = max((release.version for _, release in archives.values()), default=None)
    for name, (_, release) in list(archives.items()):
        if release.version != newest:
            aside[name] = f"release {release.version} is older than {newest}"
            del archives[name]
    if newest is not None:
        _leave_older_aside(folder, single, newest, aside)
    loose = _once_resting(plain(folder, single), single, rest)
    openers = {name: (loose, name) for name in single}
    years = {base_name(name) for name in single}
    for name, (files, _) in archives.items():
        openers |= {f"{name}/{member}": (files, member) for member in files.names if base_name(member) not in years}
    openers = _without_copies(folder, openers)
    if not openers:
        told = "; ".join(f"{name}: {reason}" for name, reason in aside.items())
        raise SourceError(
            f"{folder}: the inbox holds no trade data yet{f' ({told})' if told else ''}; put CEPII's archive "
            "(BACI_HS07_V202601.zip) or a year's .csv file there, or name another place with --data; "
            "`reeassets fetch baci` downloads an archive"
        )
    files = Files(
        folder,
        tuple(sorted(openers)),
        lambda name: openers[name][0].open(openers[name][1]),
        lambda name: openers[name][0].identity(openers[name][1]),
        lambda name: openers[name][0].digest(openers[name][1]),
        next((archive.comment for archive, _ in archives.values() if archive.comment.strip()), ""),
    )
    return Inbox(files, aside)


def _once_resting(files: Files, paths: dict[str, Path], rest: float) -> Files:
    """Return files none of which is read before nothing has been written to it for ``rest`` seconds."""

    def awaited(name: str) -> str:
        path = paths[name]
        if not is_resting(path, rest):
            LOGGER.warning("%s: written less than %g s ago; waiting until nothing is written to it", path, rest)
        while not is_resting(path, rest):
            time.sleep(min(rest, 1.0))
        return name

    return replace(
        files,
        open=lambda name: files.open(awaited(name)),
        identity=lambda name: files.identity(awaited(name)),
        digest=lambda name: files.digest(awaited(name)),
    )


def _archives(folder: Path, paths: list[Path], aside: dict[str, str]) -> Iterator[tuple[str, tuple[Files, Release]]]:
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            files = open_files(path)
            yield name, (files, recognise(name, files.names))
        except SourceError as problem:
            # Half of an archive, or another one: what is whole beside it can be read all the same.
            aside[name] = str(problem)


def left_aside(settings: Settings) -> list[str]:
    """Return what the source leaves aside in the inbox, with the reason; nothing if it reads another place."""
    if settings.source != SOURCE or not reads_inbox(settings):
        return []
    found = open_inbox(settings.inbox_folder, settings.inbox_rest).aside
    return [f"{settings.inbox_folder / name}: left aside: {reason}" for name, reason in found.items()]


def newer_than_read(inbox: Inbox) -> dict[str, str]:
    """Return what was left aside though its name says that it is of a newer release than what is read."""

    def release(name: str) -> str:
        return max(_RELEASE.findall(base_name(name).upper()), default="")

    read = max(map(release, inbox.files.names))
    return {name: reason for name, reason in inbox.aside.items() if release(name) > read}


def _leave_older_aside(folder: Path, single: dict[str, Path], newest: str, aside: dict[str, str]) -> None:
    """Drop the single files of a release older than the newest archive; refuse those of a newer one."""
    for name in list(single):
        try:
            version = recognise(name, [name]).version
        except SourceError:
            continue  # a country table, a readme, or something else: it names no release, or goes with one
        if version < newest:
            aside[name] = f"release {version} is older than the archive's, {newest}"
            del single[name]
        elif version > newest:
            raise SourceError(
                f"{folder / name}: release {version} is newer than the archive beside it ({newest}); values of two "
                "releases do not compare: put the whole archive of the new release there"
            )


def _without_copies(folder: Path, openers: dict[str, tuple[Files, str]]) -> dict[str, tuple[Files, str]]:
    """Keep one of several copies of a file.

    Raises
    ------
    SourceError
        If two files of one name differ.
    """
    tables = sorted(name for name in openers if name.lower().endswith(".csv"))
    copies: dict[str, list[str]] = {}
    for name in tables:
        copies.setdefault(base_name(name), []).append(name)
    for first, *others in copies.values():
        for name in others:
            if _identity(openers[first]) != _identity(openers[name]):
                raise SourceError(
                    f"{folder}: {first} and {name} are of the same year and release, and differ; remove one"
                )
    surplus = {name for _, *others in copies.values() for name in others}
    return {name: of for name, of in openers.items() if name not in surplus}


def _identity(of: tuple[Files, str]) -> str:
    files, name = of
    return files.identity(name)
