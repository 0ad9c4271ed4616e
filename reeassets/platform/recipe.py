"""A recipe: how one asset is made, said without Dagster.

The ``assets.py`` of a stage holds recipes; :mod:`reeassets.platform.factory` turns them into Dagster assets and
:mod:`reeassets.platform.plan` tells which of them are out of date. Both see the same inputs, settings and files.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from reeassets.settings import Settings
from reeassets.storage import TableStore
from reeassets.streams import Stream
from reeassets.tables import Dimension, Partition, Table
from reeassets.trade.contract import Source
from reeassets.trade.sources import open_source


@dataclass(frozen=True)
class FileOutput:
    """An asset that is a file rather than a table: the warehouse, the report.

    Attributes
    ----------
    stage, name : str
        Its asset key; the group is the stage.
    description : str
        What it is for.
    path : callable
        Where it is, by settings.
    damage : callable
        Says of the file what is wrong with it so that it has to be made again, None if nothing is.
    """

    stage: str
    name: str
    description: str
    path: Callable[[Settings], Path]
    damage: Callable[[Path], str | None] = lambda _: None

    @property
    def dimension(self) -> Dimension | None:
        """What it is partitioned by: nothing."""
        return None


@dataclass
class Step:
    """What a recipe's function gets: its inputs, and nothing else.

    Attributes
    ----------
    settings : Settings
        The configuration; a recipe reads only the fields it names in ``uses``.
    year : int or None
        The year to make, for a yearly table; for a table by scenario, the year the scenario is about.
    store : TableStore
        Where the inputs are.
    tables : mapping of str to Table
        The inputs by name.
    connect : callable
        Context manager that gives a DuckDB connection.
    metadata : dict
        What the recipe wants shown with the materialisation: numbers, text, or anything JSON can hold.
    pictures : dict of str to bytes
        PNG pictures to show beside it.
    scenario : str or None
        The scenario to make, for a table by scenario.
    scenarios : tuple of str
        The scenarios an unpartitioned recipe reads of its inputs by scenario.
    years : tuple of int
        The years an unpartitioned recipe reads of its yearly inputs.
    held : mapping of str to DataFrame
        Tables that are read from here and not from the store: for a check of a table before it is written.
    """

    settings: Settings
    year: int | None
    store: TableStore
    tables: Mapping[str, Table]
    connect: Callable[[], contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]]
    metadata: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    scenario: str | None = None
    scenarios: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    held: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def source(self) -> Source:
        """The configured source."""
        return open_source(self.settings)

    def read(self, name: str, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Read an input: the step's partition of it, or all its years or scenarios if the step has none.

        Parameters
        ----------
        name : str
            The table.
        columns : collection of str, optional
            Read only these.
        """
        if name in self.held:
            return self.held[name] if columns is None else self.held[name][list(columns)]
        table = self.tables[name]
        if table.by_year and self.year is None:
            return self.store.read_years(table, self.years, columns)
        if table.by_scenario and self.scenario is None:
            parts = [self.store.read(table, scenario, columns) for scenario in self.scenarios]
            return pd.concat(parts or [table.empty()[list(columns or table.columns)]], ignore_index=True)
        return self.store.read(table, self._partition(table), columns)

    def read_each_year(self, name: str, columns: Collection[str] | None = None) -> Iterator[pd.DataFrame]:
        """Read a yearly input year by year, for a step without partition that need not hold all of it at once."""
        return (self.store.read(self.tables[name], year, columns) for year in self.years)

    def file(self, name: str) -> str:
        """Return the path or URL of an input's Parquet file, for the step's partition if the input has any."""
        table = self.tables[name]
        return self.store.file(table, self._partition(table))

    def notes(self, name: str) -> dict[str, Any]:
        """Return what an input of the step's partition remembers of how it was read."""
        table = self.tables[name]
        return self.store.notes(table, self._partition(table))

    def _partition(self, table: Table) -> Partition:
        return self.year if table.by_year else self.scenario if table.by_scenario else None

    @contextlib.contextmanager
    def duckdb(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a DuckDB connection that can read the store."""
        with self.connect() as connection:
            if not self.store.is_local:
                connection.register_filesystem(self.store.root.fs)
            yield connection


Compute = Callable[[Step], pd.DataFrame | Stream]
FileCompute = Callable[[Step, Path], None]


def _nothing(settings: Settings, partition: Partition) -> dict[str, str]:  # noqa: ARG001  (the signature of Recipe.outside)
    return {}


@dataclass(frozen=True)
class Recipe:
    """How one asset is made.

    Attributes
    ----------
    name : str
        Name of the table it makes, or of the file.
    compute : callable
        ``compute(step) -> DataFrame`` or ``Stream`` for a table, ``compute(step, path) -> None`` for a file.
    inputs : tuple of str
        Tables it reads; ``("*",)`` for all that the warehouse holds.
    uses : tuple of str
        Settings it depends on.
    plugins : tuple of str
        Plugin groups whose members change what it computes.
    outside : callable
        ``outside(settings, partition)``: digests of what it reads outside the store, by name; see
        :func:`reeassets.trade.bundled.digests`.
    lineage : callable or None
        ``lineage(settings, partition)``: SHA-256 of the files behind ``outside``, by name, asked only when a partition
        is made; None if ``outside`` gives them already.
    output : FileOutput or None
        Set if it makes a file instead of a table.
    base_years : callable or None
        ``base_years(settings)``: the years of yearly inputs that an unpartitioned recipe reads; None for all of them.
    kinds : frozenset of str
        Technologies, shown as labels in Dagster.
    """

    name: str
    compute: Callable[..., Any]
    inputs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    outside: Callable[[Settings, Partition], dict[str, str]] = _nothing
    lineage: Callable[[Settings, Partition], dict[str, str]] | None = None
    output: FileOutput | None = None
    base_years: Callable[[Settings], tuple[int, ...]] | None = None
    kinds: frozenset[str] = frozenset({"pandas", "parquet"})


def recipe(**options: Any) -> Callable[[Compute], Recipe]:
    """Declare the recipe of the table that has the function's name; options as in :class:`Recipe`."""

    def wrap(compute: Compute) -> Recipe:
        return Recipe(name=compute.__name__, compute=compute, **options)

    return wrap


def file_recipe(output: FileOutput, **options: Any) -> Callable[[FileCompute], Recipe]:
    """Declare the recipe of a file; options as in :class:`Recipe`."""

    def wrap(compute: FileCompute) -> Recipe:
        return Recipe(name=output.name, compute=compute, output=output, **options)

    return wrap
