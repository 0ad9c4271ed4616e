"""Which scenarios there are under given settings, and the year each of them is about."""

import hashlib
from functools import lru_cache
from pathlib import Path

from reeassets.settings import Settings
from reeassets.shocks.builtin import BUILT_IN, BuiltIn
from reeassets.shocks.scenario import Scenario, ScenarioError, read_scenarios, scenario_files
from reeassets.trade.bundled import digests, sha256
from reeassets.years import format_years

Definition = BuiltIn | Scenario


def definitions(settings: Settings) -> dict[str, Definition]:
    """Return every scenario by name: the built-in ones, then those of the setting ``shock_file``.

    Raises
    ------
    ScenarioError
        If a file cannot be read, or two scenarios have the same name.
    """
    found: dict[str, Definition] = {built_in.name: built_in for built_in in BUILT_IN}
    for path in _files(settings):
        for scenario in _read(path, sha256(path)):
            if scenario.name in found:
                raise ScenarioError(f"{scenario.place}: {scenario.name!r} is defined {found[scenario.name].place} too")
            found[scenario.name] = scenario
    return found


def _files(settings: Settings) -> list[Path]:
    return scenario_files(settings.shock_file) if settings.shock_file is not None else []


@lru_cache(maxsize=64)
def _read(path: Path, digest: str) -> tuple[Scenario, ...]:  # noqa: ARG001  (the digest only keys the cache)
    return tuple(read_scenarios(path))


def year_of(name: str, settings: Settings) -> int:
    """Return the year of a scenario: its own, else the setting ``shock_year``, else the latest configured one.

    Raises
    ------
    ScenarioError
        If it is not one of the configured years.
    """
    definition = definitions(settings)[name]
    year = definition.year or settings.shock_year or max(settings.years)
    if year not in settings.years:
        place = definition.place if definition.year else "the setting shock_year"
        raise ScenarioError(f"{place}: {year} is not among the configured years {format_years(settings.years)}")
    return year


def check(settings: Settings) -> None:
    """Raise ScenarioError if a scenario cannot be read or its year is not configured."""
    for name in definitions(settings):
        year_of(name, settings)


def definition_digest(name: str, settings: Settings) -> dict[str, str]:
    """Return a hash of what a scenario says, wherever it is written, by its name."""
    definition = definitions(settings)[name]
    return {f"scenario {name}": hashlib.sha256(repr(definition).encode()).hexdigest()}


def defining_file(name: str, settings: Settings) -> dict[str, str]:
    """Return the SHA-256 of the file a scenario is read from, by file name; empty for a built-in one."""
    files = [path for path in _files(settings) if any(found.name == name for found in _read(path, sha256(path)))]
    return digests(files)
