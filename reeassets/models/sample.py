"""The estimation sample of one outcome: complete rows, sorted, with standardised regressors.

One sample serves all definitions of exposure and risk of an outcome, so that the specification curve compares like with
like: a row takes part where the outcome and **every** candidate regressor are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.clustered import Clusters
from reeassets.models.contract import EXPOSURES
from reeassets.models.panel import risk_columns
from reeassets.settings import STAGES

CONTROLS = ("rsca", "log1p_imports", "log1p_exports")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Complete rows of a panel, sorted by (country, product, year).

    Attributes
    ----------
    clusters : Clusters
        Country and product of the rows.
    year : integer ndarray, shape (n,)
        Position of the row's year in ``years``.
    years : integer ndarray
        The years that occur, ascending.
    stage : ndarray of str, shape (n,)
    stages : tuple of str
        The stages that occur, in the order upstream, input, final.
    products_per_stage : dict of str to int
    outcome : ndarray, shape (n,)
    regressors : dict of str to ndarray
        Standardised exposures, concentration and risks by panel column.
    controls : dict of str to ndarray
        In their own units.
    missing : tuple of str
        Candidate regressors without a single value in the panel; they do not decide which rows are complete.
    """

    clusters: Clusters
    year: NDArray[np.int64]
    years: NDArray[np.int64]
    stage: NDArray[np.str_]
    stages: tuple[str, ...]
    products_per_stage: dict[str, int]
    outcome: Floats
    regressors: dict[str, Floats]
    controls: dict[str, Floats]
    missing: tuple[str, ...]

    def stage_note(self, stage: str) -> str:
        """Say that a stage has too few products for its slope's error; empty if it has not."""
        count = self.products_per_stage[stage]
        return f"only {count} product in stage {stage}" if count < 2 else ""


def candidates(panel: pd.DataFrame) -> list[str]:
    """Return the panel's exposure, concentration and risk columns."""
    return [*EXPOSURES, "supplier_concentration", *risk_columns(list(panel.columns))]


def build_sample(panel: pd.DataFrame, outcome: str, regressors: Sequence[str]) -> Sample | None:
    """Take the rows where the outcome, the regressors and the controls are all known.

    Regressors are standardised over these rows (mean 0, standard deviation 1, over all stages together); a constant one
    becomes 0 and is later dropped as collinear. Rows without imports have no supplier concentration and do not take
    part.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``, or a part of it.
    outcome : str
        A column of it.
    regressors : sequence of str
        Columns of it.

    Returns
    -------
    Sample or None
        None if no row is complete.
    """
    missing = tuple(name for name in regressors if panel[name].isna().all())
    used = [name for name in regressors if name not in missing]
    complete = np.logical_and.reduce([panel[name].notna().to_numpy() for name in (outcome, *used, *CONTROLS)])
    if not complete.any():
        return None
    # Column by column: a frame of the complete rows would be a second panel in memory.
    kept = np.flatnonzero(complete)
    country, product = (
        pd.factorize(panel[name].iloc[kept], sort=True)[0].astype(np.int64) for name in ("country", "product")
    )
    years, year = np.unique(panel["year"].to_numpy(np.int64)[kept], return_inverse=True)
    order = np.lexsort((year, product, country))
    rows = kept[order]
    stage = panel["stage"].iloc[rows].to_numpy(dtype=str)
    product = product[order]
    per_stage = {name: len(np.unique(product[stage == name])) for name in STAGES if (stage == name).any()}

    def column(name: str) -> Floats:
        return panel[name].to_numpy(float)[rows]

    return Sample(
        clusters=Clusters(country[order], product),
        year=year[order],
        years=years,
        stage=stage,
        stages=tuple(per_stage),
        products_per_stage=per_stage,
        outcome=column(outcome),
        regressors={name: standardised(column(name)) for name in used},
        controls={name: column(name) for name in CONTROLS},
        missing=missing,
    )


def standardised(values: Floats) -> Floats:
    """Return values with mean 0 and (population) standard deviation 1; all 0 if they do not vary."""
    centred = values - values.mean()
    spread = centred.std()
    # A constant column's spread is rounding of its own size.
    return centred / spread if spread > 1e-12 * np.abs(values).max(initial=0.0) else np.zeros_like(values)
