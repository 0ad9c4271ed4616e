"""What a table is: columns with type, range, unit and meaning, a key, and the check that a frame obeys them.

Every stage declares its tables in its own ``schema.py`` with :class:`Table` and :func:`column`. Nothing here knows a
stage, a file or Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa

from reeassets.years import EARLIEST_YEAR

PRODUCT_CODE = r"^\d{6}$"
COUNTRY_CODE = r"^[A-Z][A-Z0-9]{2}$"
SAMPLE_ROWS = 5
# What a table can be partitioned by, and the key of a partition: a year, a scenario's name, None for a whole table.
Dimension = Literal["year", "scenario"]
Partition = int | str | None


def column(
    dtype: str,
    meaning: str,
    *,
    unit: str | None = None,
    nullable: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    isin: Sequence[Any] | None = None,
    matches: str | None = None,
) -> pa.Column:
    """Declare one column of a table.

    Parameters
    ----------
    dtype : str
        One of ``int64``, ``Int64``, ``float64``, ``str``, ``bool``, ``boolean``. The capitalised and ``boolean`` types
        hold missing values.
    meaning : str
        What a value says, in one sentence; shown by ``reeassets tables``, in Dagster and in the warehouse.
    unit : str, optional
        Unit of measurement; omit for names and flags.
    nullable : bool
        Whether a missing value is a legal answer.
    ge, gt, le, lt : float, optional
        Bounds of the range. A floating-point column never holds an infinity, with or without bounds.
    isin : sequence, optional
        The legal values.
    matches : str, optional
        Regular expression that the whole text obeys.
    """
    bounds = [(ge, pa.Check.ge), (gt, pa.Check.gt), (le, pa.Check.le), (lt, pa.Check.lt)]
    checks = [make(bound) for bound, make in bounds if bound is not None]
    if dtype == "float64":
        checks.append(pa.Check(lambda values: ~np.isinf(values), name="finite", error="finite"))
    if isin is not None:
        checks.append(pa.Check.isin(list(isin)))
    if matches is not None:
        checks.append(pa.Check.str_matches(matches))
    return pa.Column(dtype, checks, nullable=nullable, description=meaning, metadata={"dtype": dtype, "unit": unit})


def year_column() -> pa.Column:
    """Return the column every yearly table starts with."""
    return column("int64", "Calendar year of the trade", unit="year", ge=EARLIEST_YEAR, le=2100)


def country_column(
    meaning: str = "Country, BACI's ISO 3166 alpha-3 code (S19 is Other Asia n.e.s., Taiwan)", *, nullable: bool = False
) -> pa.Column:
    """Return a column of country codes."""
    return column("str", meaning, matches=COUNTRY_CODE, nullable=nullable)


def product_column(meaning: str = "Product, six-digit HS code as text", *, nullable: bool = False) -> pa.Column:
    """Return a column of product codes."""
    return column("str", meaning, matches=PRODUCT_CODE, nullable=nullable)


@dataclass(frozen=True)
class Problem:
    """One broken rule of a table.

    Attributes
    ----------
    column : str
        The column that broke it, ``key`` for the key, empty for a rule about the whole table.
    rule : str
        The rule, in pandera's words.
    count : int
        How many values broke it.
    rows : list of dict
        Up to five of the rows, whole.
    """

    column: str
    rule: str
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.column:
            return self.rule
        shown = "; ".join(str(row) for row in self.rows[:2])
        return f"column {self.column}: rule {self.rule} broken {self.count} time(s)" + (
            f", e.g. {shown}" if shown else ""
        )


class NotEnoughData(ValueError):
    """The data are in order, but too few for a statistic; the message says what is missing.

    Small data must still give every table that they can carry: the asset that catches this leaves out the statistic and
    says so.
    """


class SchemaViolation(ValueError):
    """A frame does not obey its table.

    Attributes
    ----------
    table : str
        Name of the table.
    problems : list of Problem
        Everything that is wrong, not only the first thing.
    """

    def __init__(self, table: str, problems: list[Problem]):
        self.table = table
        self.problems = problems
        super().__init__(f"table {table}: " + " | ".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class Table:
    """A table of the platform.

    Attributes
    ----------
    stage : str
        The stage that makes it: its asset group and the first part of its asset key.
    name : str
        Its name in the warehouse and the second part of its asset key.
    description : str
        What one row is.
    columns : mapping of str to pandera.Column
        Every column, in order; see :func:`column`.
    key : tuple of str
        The columns that identify a row; rows are sorted by them.
    by_year, by_scenario : bool
        Whether the table is partitioned by year, or by what-if scenario; never by both.
    in_warehouse : bool
        Whether the warehouse holds it; full-size raw trade stays in its Parquet partitions.
    may_be_empty : bool
        Whether having no rows is an answer, as of rejected rows. Of any other table it means that something was turned
        into nothing on the way, and it is refused.
    """

    stage: str
    name: str
    description: str
    columns: Mapping[str, pa.Column]
    key: tuple[str, ...]
    by_year: bool = False
    in_warehouse: bool = True
    by_scenario: bool = False
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        if self.by_year and self.by_scenario:
            raise ValueError(f"table {self.name} is partitioned by year or by scenario, not by both")

    @property
    def dimension(self) -> Dimension | None:
        """What the table is partitioned by; None if it is one file."""
        return "year" if self.by_year else "scenario" if self.by_scenario else None

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema: these columns and no other, in this order, unique in the key."""
        return pa.DataFrameSchema(
            dict(self.columns),
            strict=True,
            ordered=True,
            unique=list(self.key),
            name=self.name,
            description=self.description,
        )

    def dtype(self, name: str) -> str:
        """Return the pandas dtype of a column as text."""
        return str((self.columns[name].metadata or {})["dtype"])

    def empty(self) -> pd.DataFrame:
        """Return a frame without rows that obeys the table."""
        return pd.DataFrame({name: pd.Series(dtype=self.dtype(name)) for name in self.columns})

    def problem_of_rows(self, rows: int) -> list[Problem]:
        """Return what is wrong with a number of rows: none is wrong, unless it is an answer."""
        return [] if rows or self.may_be_empty else [Problem("", "it would have no rows", 1)]

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the table's columns in order, its dtypes, and its rows sorted by the key.

        Raises
        ------
        SchemaViolation
            If a column is missing or one too many, or if values cannot be read as the column's dtype.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        surplus = [name for name in frame.columns if name not in self.columns]
        problems = [Problem(name, "column is missing", 1) for name in missing]
        problems += [Problem(str(name), "column is not in the schema", 1) for name in surplus]
        converted = {}
        for name in self.columns:
            if name in frame.columns:
                try:
                    converted[name] = frame[name].astype(self.dtype(name))
                except (TypeError, ValueError) as error:
                    problems.append(Problem(name, f"dtype {self.dtype(name)}: {error}", 1))
        if problems:
            raise SchemaViolation(self.name, problems)
        ordered = pd.DataFrame(converted, columns=list(self.columns))
        return ordered.sort_values(list(self.key), kind="stable", ignore_index=True)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the conformed frame after every rule has been checked.

        Raises
        ------
        SchemaViolation
            With all broken rules at once.
        """
        conformed = self.conform(frame)
        try:
            self.schema.validate(conformed, lazy=True)
        except pa.errors.SchemaErrors as error:
            raise SchemaViolation(self.name, _problems(conformed, error.failure_cases)) from error
        return conformed


def _problems(frame: pd.DataFrame, failures: pd.DataFrame) -> list[Problem]:
    """Group pandera's failure cases by column and rule, with whole sample rows.

    A broken key is reported by pandera once per key column and row; it is one problem here.
    """
    keyed = failures.assign(column=failures["column"].fillna("").astype(str), check=failures["check"].astype(str))
    keyed.loc[keyed["check"] == "multiple_fields_uniqueness", "column"] = "key"
    problems = []
    for (name, rule), cases in keyed.groupby(["column", "check"], sort=False):
        index = cases["index"].dropna().drop_duplicates()
        rows = frame.loc[index.iloc[:SAMPLE_ROWS].astype(int)].to_dict("records") if len(index) else []
        problems.append(Problem(str(name), str(rule), max(len(index), 1), [dict(row) for row in rows]))
    return problems


def column_lineage(table: Table, rules: str, inputs: Mapping[str, Table]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Read which columns of its inputs each column of a table comes from.

    Parameters
    ----------
    table : Table
        Whose columns.
    rules : str
        A rule a line (a backslash continues it), ``columns <- sources``; the first that matches a column counts.
        Columns are names or patterns such as ``*_kusd``. Sources are ``table.column``, where the column may be a
        pattern, or ``=`` for the same name; or ``nothing``, for what comes from settings, plugins or files.
    inputs : mapping of str to Table
        The tables it is made from.

    Returns
    -------
    dict
        Table and column of every source, by column.

    Raises
    ------
    ValueError
        If a column has no rule, a rule no column, or a source names a table that is no input or a column it lacks.
    """
    parsed = [line.split("<-") for line in rules.replace("\\\n", " ").splitlines() if line.strip()]
    used: set[int] = set()
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name in table.columns:
        place = next((at for at, (left, _) in enumerate(parsed) if _matches(name, left.split())), None)
        if place is None:
            raise ValueError(f"lineage of {table.name}: no rule for the column {name}")
        used.add(place)
        texts = [text for text in parsed[place][1].split() if text != "nothing"]
        found[name] = tuple(dict.fromkeys(source for text in texts for source in _sources(table, name, text, inputs)))
    idle = [left.strip() for at, (left, _) in enumerate(parsed) if at not in used and left.strip() != "*"]
    if idle:
        raise ValueError(f"lineage of {table.name}: no column is like {', '.join(idle)}")
    return found


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _sources(table: Table, name: str, text: str, inputs: Mapping[str, Table]) -> list[tuple[str, str]]:
    origin, _, pattern = text.partition(".")
    if origin not in inputs:
        raise ValueError(f"lineage of {table.name}, column {name}: {origin} is not one of its inputs")
    wanted = name if pattern == "=" else pattern
    columns = [(origin, column) for column in inputs[origin].columns if fnmatchcase(column, wanted)]
    if not columns:
        raise ValueError(f"lineage of {table.name}, column {name}: {origin} has no column {wanted}")
    return columns
