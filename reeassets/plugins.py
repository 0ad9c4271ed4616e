"""The registry: every replaceable part is an entry point, the built-in ones included.

One entry-point group per contract. A stage asks for a plugin with the contract it needs (a ``Protocol`` or a class
declared in that stage); a plugin that does not load or does not keep the contract is named in the error with its
distribution and version, and the others still list.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from typing_extensions import get_protocol_members, is_protocol

GROUPS = {
    "sources": "where raw trade comes from",
    "product_sets": "which products are in the set, with stage and application",
    "classifiers": "votes on what a product is",
    "link_proposers": "candidate input-output links between products",
    "hazards": "how likely a supplier is to fail",
    "indicators": "columns of product_indicators",
    "clusterings": "how economies are divided into clusters",
    "models": "regressions of comparative advantage",
    "definitions": "whole extra Dagster definitions",
}

T = TypeVar("T")
_INSTALLED = entry_points


class PluginError(RuntimeError):
    """A plugin is missing, does not load, or does not keep its contract."""


@dataclass(frozen=True)
class Plugin:
    """One registered entry point.

    Attributes
    ----------
    group, name : str
        Where and as what it is registered.
    distribution, version : str
        The installed package it comes from.
    value : object or None
        What was loaded.
    error : str or None
        Why it was not.
    module : str
        The module that the entry point names.
    """

    group: str
    name: str
    distribution: str
    version: str
    value: Any
    error: str | None
    module: str = ""

    @property
    def origin(self) -> str:
        """Name and origin for messages."""
        return f"plugin {self.name!r} of group reeassets.{self.group} (from {self.distribution} {self.version})"


def _load(group: str, entry: EntryPoint) -> Plugin:
    distribution = entry.dist.name if entry.dist else "unknown distribution"
    version = entry.dist.version if entry.dist else "?"
    try:
        value, error = entry.load(), None
    # The import of somebody else's module can raise anything, and one broken plugin must not take the others along:
    # who needs it gets this error, and `reeassets plugins` and `doctor` show it with its origin.
    except Exception as problem:  # noqa: BLE001
        value, error = None, f"{type(problem).__name__}: {problem}"
    return Plugin(group, entry.name, distribution, version, value, error, entry.module)


def discover(group: str) -> list[Plugin]:
    """Return every plugin of a group, loaded or with the reason why not, by name."""
    if group not in GROUPS:
        raise PluginError(f"there is no plugin group {group!r}; the groups are {', '.join(GROUPS)}")
    # What is installed does not change while a process runs, and looking through it takes 25 ms.
    if entry_points is _INSTALLED:
        return list(_installed(group, tuple(sys.path)))
    return _found(group, entry_points)


def _found(group: str, look: Callable[..., Iterable[EntryPoint]]) -> list[Plugin]:
    found = [_load(group, entry) for entry in look(group=f"reeassets.{group}")]
    return sorted(found, key=lambda plugin: (plugin.name, plugin.distribution))


@cache
def _installed(group: str, search_path: tuple[str, ...]) -> tuple[Plugin, ...]:  # noqa: ARG001  (keys the cache)
    return tuple(_found(group, _INSTALLED))


def _single(named: list[Plugin]) -> Plugin:
    if len(named) > 1:
        raise PluginError("registered twice: " + " and ".join(plugin.origin for plugin in named))
    return named[0]


def _kept(plugin: Plugin, contract: type[T]) -> T:
    if plugin.error is not None:
        raise PluginError(f"{plugin.origin} does not load: {plugin.error}")
    if not isinstance(plugin.value, contract):
        members = get_protocol_members(contract) if is_protocol(contract) else ()
        wanted = sorted(name for name in members if not hasattr(plugin.value, name))
        lacks = f"; it lacks {', '.join(wanted)}" if wanted else ""
        raise PluginError(f"{plugin.origin} does not keep the contract {contract.__name__}{lacks}")
    return plugin.value


def get(group: str, name: str, contract: type[T]) -> T:
    """Return one plugin.

    Parameters
    ----------
    group, name : str
        Where and as what it is registered.
    contract : type
        A runtime-checkable protocol or a class that the plugin must satisfy.

    Raises
    ------
    PluginError
        If there is none of that name, more than one, it does not load, or it does not keep the contract.
    """
    plugins = discover(group)
    named = [plugin for plugin in plugins if plugin.name == name]
    if not named:
        known = ", ".join(plugin.name for plugin in plugins) or "none"
        raise PluginError(f"no plugin {name!r} in group reeassets.{group}; registered: {known}")
    return _kept(_single(named), contract)


def every(group: str, contract: type[T]) -> dict[str, T]:
    """Return all plugins of a group by name; errors as in :func:`get`."""
    named: dict[str, list[Plugin]] = {}
    for plugin in discover(group):
        named.setdefault(plugin.name, []).append(plugin)
    return {name: _kept(_single(plugins), contract) for name, plugins in named.items()}
