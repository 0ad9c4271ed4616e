"""What a check of results is, and what it finds; without Dagster."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from reeassets.platform.recipe import Step


@dataclass(frozen=True)
class Found:
    """What a check found.

    Attributes
    ----------
    passed : bool
        Whether all is well.
    told : str
        What was found, in one sentence.
    numbers : dict
        The figures behind it, shown and plotted.
    rows : DataFrame or None
        The rows that are wrong, or the most telling ones.
    """

    passed: bool
    told: str
    numbers: dict[str, Any] = field(default_factory=dict)
    rows: pd.DataFrame | None = None


Look = Callable[[Step, Step | None], Found]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    table, name : str
        The table it is of, and its name there.
    needs : tuple of str
        Other tables it reads, of the same year.
    error : bool
        Whether a failure stops what is downstream in the same run; else it warns.
    before : bool
        Whether the check is made before the table is written: what fails is an error, is not written, and the old
        partition stays. It reads inputs of the table, and the table as it would be written.
    about, to_do : str
        What is checked, and what to do if it fails.
    look : callable
        ``look(step, last)``: the check, of the partition of ``step``; ``last`` is the year before, if it is there.
    """

    table: str
    name: str
    needs: tuple[str, ...]
    error: bool
    about: str
    to_do: str
    look: Look
    before: bool = False
