"""The sample of the dynamic models: pairs that export both when the regressors and when the outcome are taken.

With pairs that export nothing set to an index of -1, no estimator of the outcome kept its size; whether a pair exports
at all is the question of the model ``entry``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.cells import Cells, NotEstimableError, without_singletons
from reeassets.models.sample import CONTROLS, standardised
from reeassets.settings import STAGES

OUTCOME = "outcome"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExporterSample:
    """Complete rows of exporting pairs, sorted by (country, product, year), without singletons.

    Attributes
    ----------
    cells : Cells
        Country, product and year of the rows.
    countries, products : ndarray of str
        Names of the codes in ``cells``.
    columns : dict of str to ndarray, shape (n,)
        ``outcome`` and the controls in their own units, and every regressor in standard deviations as
        ``<name>:<stage>``, 0 in the other stages.
    sums : dict of str to tuple of str
        The columns by stage whose sum a regressor over all stages is.
    stages : tuple of str
        Those that occur, in the order upstream, input, final.
    products_per_stage : dict of str to int
    scale : dict of str to float
        What one standard deviation of a regressor is, in its own unit; 0 if it does not vary.
    counts : dict of str to int
        ``rows`` of the panel, ``exporting`` at both ends, ``complete`` among them; ``rounds`` and ``dropped_*`` of
        singletons; ``used``.
    """

    cells: Cells
    countries: NDArray[np.str_]
    products: NDArray[np.str_]
    columns: dict[str, Floats]
    sums: dict[str, tuple[str, ...]]
    stages: tuple[str, ...]
    products_per_stage: dict[str, int]
    scale: dict[str, float]
    counts: dict[str, int]


def exporter_sample(
    panel: pd.DataFrame,
    delta: int,
    regressors: Sequence[str],
    outcome: str = "rsca",
    controls: Sequence[str] = CONTROLS,
    exporting: bool = True,
) -> ExporterSample:
    """Take the rows of pairs that export at ``t`` and at ``t + delta``, where everything is known.

    Regressors are standardised over the rows that are left, over all stages together (population standard deviation),
    so that the slope of a stage is per the same unit as that of another; they say how much an index differs between
    pairs, of which the change within a pair is a part. Controls and outcome keep their units. A row without imports
    has no supplier concentration and is not complete.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``; a row is an exporting pair where ``log1p_exports`` is above 0, and exports at
        ``t + delta`` where ``rca_lead{delta}`` is.
    delta : int
    regressors : sequence of str
        Columns of the panel, to be interacted with the stage.
    outcome : str
        Column of the panel without ``_lead{delta}``.
    controls : sequence of str
        Columns of the panel, not interacted.
    exporting : bool
        Whether a pair has to export at both ends; otherwise every row of the panel may take part.

    Raises
    ------
    KeyError
        If the panel lacks a column, all of them named.
    NotEstimableError
        If no row is left; says what took them.
    """
    lead = f"{outcome}_lead{delta}"
    needed = [lead, *regressors, *controls, "country", "product", "year", "stage"]
    ends = ("log1p_exports", f"rca_lead{delta}") if exporting else ()
    absent = sorted({*needed, *ends} - set(panel.columns))
    if absent:
        raise KeyError(f"the panel has no column {', '.join(absent)}")
    chosen = _Rows.of(panel, ends, (lead, *regressors, *controls))
    rows, cells, counts = chosen.rows, chosen.cells, chosen.counts
    if not len(rows):
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise NotEstimableError(f"no row is left of exporting pairs {delta} years apart: {said}")
    stage = panel["stage"].iloc[rows].to_numpy(dtype=str)
    per_stage = {one: len(np.unique(cells.product[stage == one])) for one in STAGES if (stage == one).any()}
    columns = {OUTCOME: panel[lead].to_numpy(float)[rows]}
    scale = {}
    for name in regressors:
        values = panel[name].to_numpy(float)[rows]
        in_units = standardised(values)
        scale[name] = float(values.std()) if in_units.any() else 0.0
        columns |= {f"{name}:{one}": in_units * (stage == one) for one in per_stage}
    columns |= {name: panel[name].to_numpy(float)[rows] for name in controls}
    return ExporterSample(
        cells=cells,
        countries=np.unique(panel["country"].iloc[rows].to_numpy(dtype=str)),
        products=np.unique(panel["product"].iloc[rows].to_numpy(dtype=str)),
        columns=columns,
        sums={name: tuple(f"{name}:{one}" for one in per_stage) for name in regressors},
        stages=tuple(per_stage),
        products_per_stage=per_stage,
        scale=scale,
        counts=counts,
    )


@dataclass(frozen=True)
class _Rows:
    """Positions of the rows in the panel, in the order of their cells, and how many were left out for what."""

    rows: NDArray[np.int64]
    cells: Cells
    counts: dict[str, int]

    @classmethod
    def of(cls, panel: pd.DataFrame, positive: Sequence[str], known: Sequence[str]) -> "_Rows":
        """Choose the rows where some columns are above 0 and others known, without singletons."""
        everywhere = np.ones(len(panel), dtype=bool)
        exporting = np.logical_and.reduce([everywhere, *(panel[name].to_numpy(float) > 0 for name in positive)])
        complete = np.logical_and.reduce([exporting, *(panel[name].notna().to_numpy() for name in known)])
        counts = {"rows": len(panel), "exporting": int(exporting.sum()), "complete": int(complete.sum())}
        rows = np.flatnonzero(complete)
        country, product = (pd.factorize(panel[name].iloc[rows], sort=True)[0] for name in ("country", "product"))
        year = panel["year"].to_numpy(np.int64)[rows]
        order = np.lexsort((year, product, country))
        every = Cells.of(country[order], product[order], year[order])
        kept, dropped = without_singletons(every)
        return cls(rows[order][kept], every.take(kept), counts | dropped | {"used": int(kept.sum())})


def sample_counts(panel: pd.DataFrame, delta: int, regressors: Sequence[str]) -> dict[str, int]:
    """Count the rows that :func:`exporter_sample` takes, and those it leaves out, as in its ``counts``."""
    ends = ("log1p_exports", f"rca_lead{delta}")
    return _Rows.of(panel, ends, (f"rsca_lead{delta}", *regressors, *CONTROLS)).counts
