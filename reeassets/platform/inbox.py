"""Which years the inbox brings that were not there before, by content: a name or a time says nothing."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from reeassets.platform.graph import Graph
from reeassets.platform.plan import neighbours
from reeassets.settings import Settings
from reeassets.trade.baci.inbox import SOURCE, inbox_files, is_resting, newer_than_read, open_inbox, reads_inbox
from reeassets.trade.contract import SourceError
from reeassets.trade.sources import open_source
from reeassets.years import format_years


@dataclass
class Seen:
    """What a look into the inbox gave.

    Attributes
    ----------
    told : str
        What was seen, in words.
    cursor : str
        What to remember until the next look.
    brought : list of (tuple of int, str)
        Neighbouring years with new content, and what tells this change from every other: Dagster starts nothing for a
        key that it has seen, and content can come back.
    """

    told: str
    cursor: str
    brought: list[tuple[tuple[int, ...], str]] = field(default_factory=list)


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def look(settings: Settings, cursor: str | None) -> Seen:
    """Look into the inbox.

    Nothing is brought while a file is younger than ``inbox_rest`` seconds or has changed since the last look, and by a
    year whose content has been seen before or is what its table was made from.

    Parameters
    ----------
    settings : Settings
        The home and what its source reads.
    cursor : str or None
        What the last look remembered.
    """
    # A change is named by chance, not counted: a cursor that was reset would count the same numbers again. The name is
    # chosen one change ahead, so that a look repeated with the same cursor names the change the same.
    remembered = {"files": {}, "years": {}, "next_change": _name()} | (json.loads(cursor) if cursor else {})
    files = {str(path.relative_to(settings.inbox_folder)): path for path in inbox_files(settings.inbox_folder)}
    states = {name: _state(path) for name, path in files.items()}
    # Only configured years: one that is configured later has to count as new then.
    years = {year: content for year, content in remembered["years"].items() if int(year) in settings.years}
    change: str = remembered["next_change"]

    def nothing(told: str) -> Seen:
        return Seen(told, json.dumps({"files": states, "years": years, "next_change": change}))

    changed = [name for name in files if states[name] != remembered["files"].get(name)]
    reason = _unread(settings, files, changed)
    if reason is not None:
        return nothing(reason)
    try:
        opened, source = open_inbox(settings.inbox_folder, settings.inbox_rest), open_source(settings)
        offered = {year: _hash(source.identity(year)) for year in source.years() if year in settings.years}
    except SourceError as problem:
        return nothing(str(problem))
    aside = "; ".join(f"left aside: {name} ({reason})" for name, reason in opened.aside.items())
    if newer_than_read(opened):
        # Else a damaged archive would take all years back to the release before.
        return nothing(f"nothing is started while a newer release than {source.version} is left aside; {aside}")
    new = {year: content for year, content in offered.items() if years.get(str(year)) != content}
    years |= {str(year): content for year, content in new.items()}
    wanted = _to_make(settings, new)
    unwanted = sorted(set(source.years()) - set(settings.years))
    told = f"new content of {format_years(wanted)}" if wanted else "no year with new content"
    if unwanted:
        told += f"; not among the configured years: {format_years(unwanted)}"
    told += f"; {aside}" if aside else ""
    if not wanted:
        return nothing(told)
    brought = [
        (group, f"{_hash({str(year): new[year] for year in group})} {change}")
        for group in neighbours(tuple(wanted), settings.years)
    ]
    return Seen(told, json.dumps({"files": states, "years": years, "next_change": _name()}), brought)


def _unread(settings: Settings, files: dict[str, Path], changed: list[str]) -> str | None:
    """Return why the inbox is not read at this look, or None if it is."""
    if not files:
        return f"{settings.inbox_folder}: no archive and no year's file"
    if settings.source != SOURCE or not reads_inbox(settings):
        read = f"the source {settings.source}" if settings.source != SOURCE else str(settings.data)
        return (
            f"{settings.inbox_folder} has files, but the platform reads {read}; to read the inbox, write "
            f'source = "{SOURCE}" and no data into {settings.settings_file}'
        )
    unsettled = [name for name in files if name in changed or not is_resting(files[name], settings.inbox_rest)]
    return f"waiting until nothing is written to {', '.join(unsettled)}" if unsettled else None


def _to_make(settings: Settings, new: dict[int, str]) -> list[int]:
    """Return the new years whose raw trade was made from something else, or not at all."""
    if not new:
        return []
    graph = Graph(settings)  # a new one: a graph remembers what it has read
    wanted = []
    for year in sorted(new):
        made = graph.recorded("raw_trade", year)
        if made is None or made.fingerprint != graph.expected("raw_trade", year):
            wanted.append(year)
    return wanted


def _name() -> str:
    return secrets.token_hex(4)


def _hash(identity: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
