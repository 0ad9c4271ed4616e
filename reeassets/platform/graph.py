"""The whole graph under given settings: tables, recipes in order, and fingerprints of what each is made from."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from reeassets import plugins
from reeassets.platform.code import Sources
from reeassets.platform.dimensions import parent_keys, partition_keys
from reeassets.platform.recipe import FileOutput, Recipe
from reeassets.products.sets import product_set
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, Provenance, TableStore, read_record, record_of, replacing
from reeassets.tables import Partition, Table, column_lineage
from reeassets.trade.contract import Source
from reeassets.trade.sources import open_source, with_years
from reeassets.years import format_years, parse_years

STAGE_PACKAGES = ("trade", "products", "networks", "indicators", "clusters", "models", "shocks", "report")
# Groups of plugins of which the setting of this name chooses one; of the others all are used.
_CHOSEN = {"sources": "source", "product_sets": "product_set"}


@dataclass(eq=False)
class Graph:
    """Tables and recipes of the platform under given settings.

    Attributes
    ----------
    settings : Settings
        The configuration.
    tables : dict of str to Table
        Every table by name.
    recipes : dict of str to Recipe
        Every recipe by the name of what it makes, inputs before what is made of them.
    lineage : dict of str to str
        Rules of where the columns of a table come from, by its name; see :func:`reeassets.tables.column_lineage`.
    """

    settings: Settings
    tables: dict[str, Table] = field(init=False)
    recipes: dict[str, Recipe] = field(init=False)
    lineage: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the stages, from left to right."""
        if "years" not in self.settings.model_fields_set:
            # The source is opened only if it has to be asked: an inbox that is still empty loads all the same.
            self.settings = with_years(self.settings, self.source)
        self.tables, self.lineage, found = {}, {}, []
        for stage in STAGE_PACKAGES:
            if stage != "report":
                schema = import_module(f"reeassets.{stage}.schema")
                self.tables.update({table.name: table for table in schema.tables(self.settings)})
                self.lineage.update(import_module(f"reeassets.{stage}.lineage").COLUMNS)
            found += import_module(f"reeassets.{stage}.assets").RECIPES
        everything = tuple(name for name, table in self.tables.items() if table.in_warehouse)
        self.recipes = {}
        for entry in found:
            inputs = everything if entry.inputs == ("*",) else entry.inputs
            unmade = [name for name in inputs if name not in self.recipes]
            if unmade or (entry.output is None and entry.name not in self.tables):
                raise ValueError(f"recipe {entry.name}: {', '.join(unmade) or 'its table'} is not declared before it")
            self.recipes[entry.name] = Recipe(**{**entry.__dict__, "inputs": inputs})

    @cached_property
    def store(self) -> TableStore:
        """Where the tables are."""
        return TableStore(self.settings.tables_root)

    @cached_property
    def source(self) -> Source:
        """The configured source."""
        return open_source(self.settings)

    def output(self, name: str) -> Table | FileOutput:
        """Return what a recipe makes."""
        return self.recipes[name].output or self.tables[name]

    def partitions(self, name: str) -> tuple[Partition, ...]:
        """Return the years or scenarios a recipe makes, or ``(None,)``."""
        return partition_keys(self.output(name).dimension, self.settings)

    def parents(self, name: str, partition: Partition) -> list[tuple[str, Partition]]:
        """Return the partitions that a partition is made from."""
        own = self.output(name).dimension
        years = self.years_read(name) if own is None else self.settings.years
        return [
            (parent, key)
            for parent in self.recipes[name].inputs
            for key in parent_keys(self.tables[parent].dimension, own, partition, self.settings)
            if self.tables[parent].dimension != "year" or key in years
        ]

    def years_read(self, name: str) -> tuple[int, ...]:
        """Return the years that an unpartitioned recipe reads of its yearly inputs."""
        chosen = self.recipes[name].base_years
        return self.settings.years if chosen is None else chosen(self.settings)

    @cache  # noqa: B019
    def years_behind(self, name: str) -> frozenset[int]:
        """Return the years that something without partitions rests on, itself and through its inputs, if all are there.

        What is made from a result over base years alone rests on those, however many years there are.
        """
        inputs = self.recipes[name].inputs
        if any(self.tables[parent].by_year for parent in inputs):
            return frozenset(self.years_read(name))
        whole = [parent for parent in inputs if self.tables[parent].dimension is None]
        return frozenset().union(*(self.years_behind(parent) for parent in whole))

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Return the given recipes and all that they are made from, directly or not."""
        found: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.recipes[name].inputs
        return found

    def column_lineage(self, name: str) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return table and column of every source of each column of a table; empty if no rules were given for it.

        Raises
        ------
        ValueError
            If the rules do not fit the tables.
        """
        if name not in self.lineage:
            return {}
        inputs = {parent: self.tables[parent] for parent in self.recipes[name].inputs}
        return column_lineage(self.tables[name], self.lineage[name], inputs)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The names of all what-if scenarios."""
        return tuple(str(name) for name in partition_keys("scenario", self.settings))

    def current_scenarios(self, name: str) -> tuple[str, ...]:
        """Return the scenarios that something made from all of them takes: those made from what is there now.

        The jobs over years end before the scenarios are made again; nothing mixes them with those of earlier data.
        """
        tables = [parent for parent in self.ancestors([name]) if self.output(parent).dimension == "scenario"]
        return tuple(key for key in self.scenarios if all(self._is_current(parent, key) for parent in tables))

    def _is_current(self, name: str, partition: Partition) -> bool:
        recorded = self.recorded(name, partition)
        inputs = [(parent, at, self.recorded(parent, at)) for parent, at in self.parents(name, partition)]
        fingerprints = [[parent, at, found.fingerprint] for parent, at, found in inputs if found is not None]
        return (
            recorded is not None
            and len(fingerprints) == len(inputs)
            and recorded.fingerprint == self._fingerprint(name, partition, fingerprints)
        )

    def downstream(self, names: Iterable[str]) -> set[str]:
        """Return the given recipes and all that is made from them, directly or not."""
        found = set(names)
        for name, made_by in self.recipes.items():
            if found.intersection(made_by.inputs):
                found.add(name)
        return found

    @cache  # noqa: B019  (one graph lives as long as the process that asks it)
    def own_hash(self, name: str) -> str:
        """Hash how a recipe computes, whatever its data: code, settings and plugins."""
        made_by = self.recipes[name]
        modules = {made_by.compute.__module__}
        shown = made_by.output is not None
        if shown:
            # A file shows what the tables say of themselves.
            modules |= {f"reeassets.{stage}.schema" for stage in STAGE_PACKAGES if stage != "report"}
        parts = [
            name,
            self._sources.digest(modules, words=shown),
            self.settings.fingerprint(*made_by.uses),
            {group: self._plugin_identities(group) for group in made_by.plugins},
        ]
        self._sources.keep()
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _plugin_identities(self, group: str) -> list[list[str]]:
        chosen = getattr(self.settings, _CHOSEN[group]) if group in _CHOSEN else None
        return [
            [plugin.name, plugin.distribution, plugin.version, self._sources.digest([plugin.module])]
            for plugin in plugins.discover(group)
            if chosen in {None, plugin.name}
        ]

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self.settings.home / "cache" / "code.json")

    @cache  # noqa: B019
    def outside(self, name: str, partition: Partition) -> dict[str, str]:
        """Return the digests of what a partition reads outside the store."""
        return self.recipes[name].outside(self.settings, partition)

    @cache  # noqa: B019
    def all_uses(self, name: str) -> frozenset[str]:
        """Return the settings a recipe depends on, itself and through its inputs."""
        made_by = self.recipes[name]
        return frozenset(made_by.uses).union(*(self.all_uses(parent) for parent in made_by.inputs))

    def recorded(self, name: str, partition: Partition) -> Provenance | None:
        """Return what a partition on disk was made from, or None if it is not there, or a file that is damaged."""
        output = self.output(name)
        if isinstance(output, Table):
            return self.store.provenance(output, partition)
        path = output.path(self.settings)
        return None if not path.exists() or output.damage(path) else read_record(path)

    def missing_years(self, name: str) -> dict[str, tuple[int, ...]]:
        """Return the years that the yearly inputs of something made from all years lack, by input; empty if none."""
        if self.output(name).dimension is not None:
            return {}
        yearly = [self.tables[parent] for parent in self.recipes[name].inputs if self.tables[parent].by_year]
        lacking = {table.name: set(self.years_read(name)) - set(self.store.years(table)) for table in yearly}
        return {parent: tuple(sorted(years)) for parent, years in lacking.items() if years}

    def usable_years(self, name: str, *, allow_missing: bool) -> tuple[int, ...]:
        """Return the years that something made from all years can be made from.

        Parameters
        ----------
        name : str
            What is to be made.
        allow_missing : bool
            Whether to leave out years that one of its inputs lacks.

        Raises
        ------
        MissingPartition
            If a year is missing and ``allow_missing`` does not hold, or if no year is there.
        """
        missing = self.missing_years(name)
        used = tuple(sorted(set(self.years_read(name)).difference(*missing.values())))
        if missing and not (allow_missing and used):
            told = "; ".join(f"{parent} for {format_years(years)}" for parent, years in missing.items())
            raise MissingPartition(
                f"{name} is made from all years, and some have not been made: {told}. Make them first (job "
                "`backfill`), or leave them out: setting allow_missing_years, or resources.years.config.allow_missing "
                "of the run"
            )
        return used

    def provenance(self, name: str, partition: Partition, years: tuple[int, ...] | None = None) -> Provenance:
        """Return what a partition is made from if it is made now, by what its inputs on disk were made from.

        Parameters
        ----------
        name, partition
            What is to be made.
        years : tuple of int, optional
            The years to make something from that is made from all years; by default those of the settings.

        Raises
        ------
        MissingPartition
            If an input is not there.
        """
        parents: list[Any] = []
        methods: set[str] = set()
        lineage = self.recipes[name].lineage
        inputs = dict(lineage(self.settings, partition) if lineage else self.outside(name, partition))
        behind = set(self.years_behind(name)) if partition is None else set()
        if years is not None:
            behind &= set(years)
        over_years = False
        scenarios = self.current_scenarios(name) if partition is None else self.scenarios
        for parent, at in self.parents(name, partition):
            by_year = self.tables[parent].by_year
            if partition is None and by_year and at not in behind:
                continue
            if self.tables[parent].by_scenario and at not in scenarios:
                continue
            recorded = self.recorded(parent, at)
            if recorded is None:
                when = "" if at is None else f" for {at}"
                raise MissingPartition(f"{name} needs the table {parent}, which has not been made{when}")
            parents.append([parent, at, recorded.fingerprint])
            methods.add(recorded.method)
            inputs |= recorded.inputs
            over_years |= by_year or bool(recorded.years)
            if recorded.years:
                # What a parent over base years does not read is not missing.
                behind -= self.years_behind(parent) - set(parse_years(recorded.years))
        made_from = format_years(behind) if over_years and self.output(name).dimension is None else ""
        # What depends on neither stays as it is when they change, and would go on naming those of before.
        of_source, of_set = (of in self.all_uses(name) for of in ("source", "product_set"))
        return Provenance(
            fingerprint=self._fingerprint(name, partition, parents),
            source=self.source.name if of_source else "",
            source_version=self.source.version if of_source else "",
            nomenclature=self.source.nomenclature if of_source else "",
            product_set_version=product_set(self.settings).version if of_set else "",
            configuration=self.settings.fingerprint(*self.all_uses(name)),
            inputs=dict(sorted(inputs.items())),
            years=made_from,
            settings=self.settings.values(*self.all_uses(name)),
            method=self._method(name, methods),
            of_year={
                f"{parent} {at}": fingerprint
                for parent, at, fingerprint in parents
                if isinstance(partition, int) and isinstance(at, int)
            },
        )

    def _fingerprint(self, name: str, partition: Partition, parents: list[Any]) -> str:
        parts = [self.own_hash(name), partition, self.outside(name, partition), parents]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @cache  # noqa: B019
    def expected(self, name: str, partition: Partition) -> str:
        """Return the fingerprint a partition has once it and everything it is made from is up to date."""
        parents = [[parent, at, self.expected(parent, at)] for parent, at in self.parents(name, partition)]
        return self._fingerprint(name, partition, parents)

    @cache  # noqa: B019
    def expected_method(self, name: str) -> str:
        """Return the hash of how a recipe and everything it is made from compute: code, settings and plugins."""
        return self._method(name, {self.expected_method(parent) for parent in self.recipes[name].inputs})

    def _method(self, name: str, of_parents: set[str]) -> str:
        return hashlib.sha256(json.dumps([self.own_hash(name), sorted(of_parents)]).encode()).hexdigest()[:16]

    def write_file(self, name: str, compute: Any, provenance: Provenance) -> Path:
        """Make a file output beside the old one and move it over it, then record its provenance.

        The record goes first and comes back last: a killed run leaves a file without a record, which is out of date.
        """
        output = self.output(name)
        assert isinstance(output, FileOutput)
        path = output.path(self.settings)
        with replacing(path) as temporary:
            compute(temporary)
            record_of(path).unlink(missing_ok=True)
        with replacing(record_of(path)) as temporary:
            temporary.write_text(json.dumps(asdict(provenance), sort_keys=True), encoding="utf-8")
        return path
