"""What the models with three absorbed effects share: a sample without its effects, and regressions on it as rows.

A *frame* is made once for a lead, whatever the number of specifications; each of them then costs small solves.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reeassets.models.absorb import NotConvergedError
from reeassets.models.cells import NotEstimableError
from reeassets.models.clustered import ONE_CLUSTER
from reeassets.models.contract import EXPOSURES, Role, Specification
from reeassets.models.dynamic import DynamicColumns, DynamicFit, without_effects
from reeassets.models.exporters import OUTCOME, ExporterSample, exporter_sample
from reeassets.models.feedback import Correction
from reeassets.models.linear import Fit
from reeassets.models.panel import risk_columns, with_leads
from reeassets.models.results import (
    Regression,
    estimated_rows,
    main_labels,
    role_of,
    stage_contrasts,
    unestimated_rows,
)
from reeassets.models.sample import CONTROLS
from reeassets.settings import STAGES, Settings

# Columns are the same if they differ by no more than this, as a share of the largest value.
ALIKE = 1e-9
# A correction whose last step was larger than this, as a share of the largest coefficient, is noted.
UNSETTLED = 1e-3
# A row of robustness that changes the estimator alone.
UNCORRECTED = "uncorrected three-way"

Row = dict[str, object]


@dataclass(frozen=True)
class Frame:
    """A sample, and its columns without their effects."""

    sample: ExporterSample
    columns: DynamicColumns


def known_candidates(panel: pd.DataFrame) -> list[str]:
    """Return the exposure, concentration and risk columns that have a value somewhere; a row needs all of them."""
    names = [*EXPOSURES, "supplier_concentration", *risk_columns(list(panel.columns))]
    return [name for name in names if panel[name].notna().any()]


def frame_of(
    panel: pd.DataFrame,
    delta: int,
    used: Collection[str],
    between_pairs: bool = False,
    steps: bool = False,
    controls: Sequence[str] = CONTROLS,
    exporting: bool = True,
) -> Frame | str:
    """Take the sample of a lead and remove the effects from the columns in use, or say why that cannot be done.

    ``steps`` says whether the correction ``system`` will be asked for; ``controls`` and ``exporting`` are those of
    :func:`reeassets.models.exporters.exporter_sample`.
    """
    candidates = known_candidates(with_leads(panel, delta))
    try:
        sample = exporter_sample(with_leads(panel, delta), delta, candidates, controls=controls, exporting=exporting)
        sums = {name: parts for name, parts in sample.sums.items() if name in used}
        wanted = {OUTCOME, *controls, *(part for parts in sums.values() for part in parts)}
        chosen = {name: values for name, values in sample.columns.items() if name in wanted}
        columns = without_effects(chosen, sample.cells, delta, sums, between_pairs, steps)
    except (NotEstimableError, NotConvergedError) as error:
        return str(error)
    return Frame(sample, columns)


def regression_of(
    specification: Specification,
    role: Role,
    frame: Frame | str,
    stages: Sequence[str],
    controls: Sequence[str] = CONTROLS,
) -> Regression:
    """Return a regression with the terms of interest (by stage, if stages are given), then the controls."""
    labels = main_labels(specification, stages) | {name: name for name in controls}
    notes = {}
    if isinstance(frame, Frame):
        few = {stage for stage, count in frame.sample.products_per_stage.items() if count < 2}
        named = {term: term.split(":")[1] for term in labels.values() if ":" in term}
        notes = {term: f"only 1 product in stage {stage}" for term, stage in named.items() if stage in few}
    return Regression(specification, bool(stages), role, labels, notes, stage_contrasts(stages))


def splits_of(frame: Frame | str, panel: pd.DataFrame, by_stage: bool) -> list[tuple[str, ...]]:
    """Return the sets of slopes to estimate: over all stages, and by stage."""
    if not by_stage:
        return [()]
    stages = frame.sample.stages if isinstance(frame, Frame) else stages_of(panel)
    return list(dict.fromkeys([(), stages]))


def stages_of(panel: pd.DataFrame) -> tuple[str, ...]:
    """Return the stages that occur in a panel, in their order."""
    return tuple(stage for stage in STAGES if (panel["stage"] == stage).any())


def dynamic_fits(
    frame: Frame, regressions: Sequence[Regression], correction: Correction, known: Sequence[float | str | None]
) -> list[DynamicFit | str]:
    """Estimate regressions on a frame, each with its persistence, or say why one cannot be."""
    problems = [
        persistence if isinstance(persistence, str) else _without_values(frame, regression)
        for regression, persistence in zip(regressions, known, strict=True)
    ]
    asked = [
        (list(regression.labels), persistence)
        for regression, persistence, problem in zip(regressions, known, problems, strict=True)
        if not problem and not isinstance(persistence, str)
    ]
    try:
        found = iter(frame.columns.fit_all(OUTCOME, asked, correction))
    except ArithmeticError as error:
        return [problem or str(error) for problem in problems]
    fits = [problem or next(found) for problem in problems]
    return [str(one) if isinstance(one, NotEstimableError) else one for one in fits]


def _without_values(frame: Frame, regression: Regression) -> str:
    unknown = [name for name in main_labels(regression.specification) if name not in frame.sample.sums]
    return f"without any value: {', '.join(unknown)}" if unknown else ""


def dynamic_fit(frame: Frame, regression: Regression, correction: Correction) -> DynamicFit | str:
    """Estimate one regression on a frame whose lead is one year, or say why it cannot be."""
    return dynamic_fits(frame, [regression], correction, [None])[0]


def as_fit(found: DynamicFit, correction: Correction) -> Fit:
    """Return estimates in the form that all models share."""
    notes = [] if found.errors is not None else [ONE_CLUSTER]
    if found.last_step > UNSETTLED:
        notes.append(f"the correction has not settled: its last step is {found.last_step:.1e} of a coefficient")
    return Fit(
        terms=found.terms,
        coefficients=found.coefficients,
        errors=found.errors,
        n_obs=found.n_obs,
        n_absorbed=found.n_absorbed,
        r2_within=found.r2_within,
        dropped=found.dropped,
        note="; ".join(notes),
        uncorrected=None if correction == "none" else found.uncorrected,
    )


def rows_of(regressions: Sequence[Regression], frame: Frame | str, fits: Sequence[Fit | str]) -> list[Row]:
    """Return the rows of regressions on a frame, or rows of nulls with the reason."""
    rows: list[Row] = []
    for regression, fit in zip(regressions, fits, strict=True):
        if isinstance(fit, Fit) and isinstance(frame, Frame):
            rows += estimated_rows(regression, fit, frame.sample.cells.clusters)
        else:
            rows += unestimated_rows(regression, str(fit))
    return rows


class Persistence:
    """How much of the outcome is left after a year: the corrected coefficient of ``rsca[t]`` one year ahead.

    It is needed by the correction for longer leads, for the same definitions and the same slopes; it is taken as known
    by their errors.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.
    specifications : sequence of Specification
        All that will be estimated; nothing is computed if none has a lead above one year.
    by_stage : bool
        Whether slopes by stage are asked for too.
    """

    def __init__(self, panel: pd.DataFrame, specifications: Sequence[Specification], by_stage: bool):
        longer = list(dict.fromkeys(replace(one, delta=1) for one in specifications if one.delta > 1))
        self._found: dict[tuple[Specification, bool], float | str] = {}
        if not longer:
            return
        frame = frame_of(panel, 1, {name for one in longer for name in main_labels(one)})
        for one in longer:
            for split in splits_of(frame, panel, by_stage):
                self._found[one, bool(split)] = persistence_of(frame, regression_of(one, "grid", frame, split))

    def of(self, regression: Regression) -> float | str | None:
        """Return it for a regression, None for a lead of one year, or why it is not known."""
        one = regression.specification
        return None if one.delta == 1 else self._found[replace(one, delta=1), regression.interacted]


def persistence_of(frame: Frame | str, regression: Regression) -> float | str:
    """Return the corrected coefficient of the lagged outcome on a frame of one year, or why it is not known."""
    problem = frame if isinstance(frame, str) else _without_values(frame, regression)
    if isinstance(frame, Frame) and not problem:
        try:
            return frame.columns.persistence(OUTCOME, list(regression.labels))
        except NotEstimableError as error:
            problem = str(error)
    return f"the persistence of the outcome over one year is not known: {problem}"


def first_alike(frame: Frame | str, names: Iterable[str]) -> dict[str, str]:
    """Return by column the first of the given ones with the same values, to :data:`ALIKE`; itself if there is none."""
    first: dict[str, str] = {}
    for name in names:
        same = (one for one in dict.fromkeys(first.values()) if isinstance(frame, Frame) and _alike(frame, one, name))
        first[name] = next(same, name)
    return first


def _alike(frame: Frame, one: str, other: str) -> bool:
    """Say whether two regressors, in standard deviations, are the same up to rounding."""
    sums, columns = frame.sample.sums, frame.sample.columns
    if one not in sums or other not in sums:
        return False
    pairs = [(columns[a], columns[b]) for a, b in zip(sums[one], sums[other], strict=True)]
    largest = max(float(np.abs(a).max()) for a, _ in pairs)
    return all(float(np.abs(a - b).max()) <= ALIKE * largest for a, b in pairs)


def grid_rows(
    panel: pd.DataFrame, specifications: Sequence[Specification], settings: Settings, by_stage: bool
) -> list[Row]:
    """Estimate specifications of the grid, and those of its samples and columns that differ in nothing but a variant.

    Of specifications with the same design the first counts in the curve; the others say which one that is.
    """
    persistence = Persistence(panel, specifications, by_stage)
    rows: list[Row] = []
    for delta in sorted({one.delta for one in specifications}):
        members = [one for one in specifications if one.delta == delta]
        frame = frame_of(panel, delta, {name for one in members for name in main_labels(one)})
        exposures = first_alike(frame, dict.fromkeys(one.exposure for one in members))
        risks = first_alike(frame, dict.fromkeys(one.risk_column for one in members))
        seen: dict[tuple[str, str, str], Specification] = {}
        regressions: list[Regression] = []
        for one in members:
            first = seen.setdefault((exposures[one.exposure], risks[one.risk_column], one.variant), one)
            same = f"the same design as {first.exposure}, {first.risk} under {first.hazard}" if first != one else ""
            regressions += [
                replace(regression_of(one, role_of(one, settings), frame, split), same_as=same)
                for split in splits_of(frame, panel, by_stage)
            ]
        for correction in ("own", "none"):
            plain = correction == "none"
            some = [one for one in regressions if (one.specification.variant == UNCORRECTED) == plain]
            rows += rows_of(some, frame, _fits(frame, some, "none" if plain else "own", persistence))
    return rows


def _fits(
    frame: Frame | str, regressions: Sequence[Regression], correction: Correction, persistence: Persistence
) -> Sequence[Fit | str]:
    if isinstance(frame, str):
        return [frame] * len(regressions)
    known = [None if correction == "none" else persistence.of(one) for one in regressions]
    found = dynamic_fits(frame, regressions, correction, known)
    return [one if isinstance(one, str) else as_fit(one, correction) for one in found]


def examined(
    panel: pd.DataFrame, specification: Specification, settings: Settings, by_stage: bool
) -> tuple[DynamicColumns, list[tuple[Regression, DynamicFit]]] | str:
    """Return a specification's columns and its corrected fits; see :class:`reeassets.models.contract.LeastSquares`."""
    persistence = Persistence(panel, [specification], by_stage)
    frame = frame_of(panel, specification.delta, set(main_labels(specification)))
    if isinstance(frame, str):
        return frame
    role = role_of(specification, settings)
    regressions = [regression_of(specification, role, frame, split) for split in splits_of(frame, panel, by_stage)]
    found = dynamic_fits(frame, regressions, "own", [persistence.of(one) for one in regressions])
    problems = [one for one in found if isinstance(one, str)]
    if problems:
        return problems[0]
    return frame.columns, [
        (regression, one) for regression, one in zip(regressions, found, strict=True) if isinstance(one, DynamicFit)
    ]
