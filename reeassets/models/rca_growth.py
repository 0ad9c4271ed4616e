"""The model ``rca_growth``: whether dependence today goes with more or less comparative advantage some years later.

Least squares of the symmetric Balassa index at ``t + delta`` on exposure, supplier concentration and systemic risk at
``t``, with absorbed fixed effects and errors clustered by country and by product.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.contract import EXPOSURES, RISKS, Specification
from reeassets.models.linear import FIXED_EFFECTS, AbsorbedColumns, Fit, absorb
from reeassets.models.results import (
    Regression,
    as_frame,
    estimated_rows,
    is_headline,
    main_labels,
    stage_contrasts,
    unestimated_rows,
)
from reeassets.models.sample import CONTROLS, Sample, build_sample, candidates
from reeassets.settings import STAGES, Settings

OUTCOME = "outcome"

Floats = NDArray[np.float64]


class RcaGrowth:
    """Outcome ``rsca`` at ``t + delta``; the whole grid of definitions (docs/METHOD.md, section 8).

    Every specification is estimated twice. Without interactions (``interacted`` false) the terms ``exposure``,
    ``supplier_concentration`` and ``risk`` are slopes across all products. With them, each stage has its own slope
    (``risk:input``), and ``risk:input-upstream`` is their difference with its error from the joint covariance. Stage
    effects themselves are absorbed by the product effects. The controls ``rsca``, ``log1p_imports`` and
    ``log1p_exports`` are in their own units; the other regressors are per standard deviation.
    """

    name = "rca_growth"
    description = "Symmetric Balassa index delta years later on exposure, supplier concentration and systemic risk"

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return exposure x risk x hazard x delta x fixed effects."""
        grid = product(sorted(settings.model_deltas), FIXED_EFFECTS, EXPOSURES, RISKS, hazards)
        return [
            Specification(self.name, "rsca", exposure, risk, hazard, delta, effects)
            for delta, effects, exposure, risk, hazard in grid
        ]

    def fit(
        self,
        panel: pd.DataFrame,
        links: pd.DataFrame,  # noqa: ARG002  (the contract's; this model needs no links)
        specifications: Sequence[Specification],
        settings: Settings,
    ) -> pd.DataFrame:
        """Estimate every specification; see :class:`reeassets.models.contract.Model`."""
        stages = tuple(stage for stage in STAGES if (panel["stage"] == stage).any())
        rows: list[dict[str, object]] = []
        for delta, by_effects in groups(specifications):
            sample = build_sample(panel, f"rsca_lead{delta}", candidates(panel))
            for effects, members in by_effects.items():
                regressions = [
                    regression_of(one, is_headline(one, settings), sample, split)
                    for one in members
                    for split in dict.fromkeys([(), sample.stages if sample else stages])
                ]
                rows += linear_rows(regressions, sample, effects)
        return as_frame(rows, settings)

    def absorbed(
        self,
        panel: pd.DataFrame,
        links: pd.DataFrame,  # noqa: ARG002
        specification: Specification,
        settings: Settings,
    ) -> tuple[AbsorbedColumns, list[Regression]] | None:
        """Return columns and regressions of one specification; see :class:`reeassets.models.contract.LeastSquares`."""
        sample = build_sample(panel, f"rsca_lead{specification.delta}", candidates(panel))
        return absorbed_regressions(specification, sample, settings, sample.stages if sample else ())


def absorbed_regressions(
    specification: Specification, sample: Sample | None, settings: Settings, stages: Sequence[str]
) -> tuple[AbsorbedColumns, list[Regression]] | None:
    """Return the demeaned columns of a specification, and its regressions without and with slopes by stage."""
    headline = is_headline(specification, settings)
    regressions = [
        regression_of(specification, headline, sample, split) for split in dict.fromkeys([(), tuple(stages)])
    ]
    if sample is None or cannot_start(regressions[0], sample):
        return None
    used = {name for one in regressions for name in (*one.labels, *main_labels(specification))}
    return absorb_sample(sample, specification.fixed_effects, used), regressions


def groups(specifications: Sequence[Specification]) -> Iterator[tuple[int, dict[str, list[Specification]]]]:
    """Yield the specifications that share a sample, as (delta, specifications by fixed effects)."""
    together: dict[int, dict[str, list[Specification]]] = {}
    for one in sorted(specifications, key=lambda one: (one.delta, one.fixed_effects)):
        together.setdefault(one.delta, {}).setdefault(one.fixed_effects, []).append(one)
    yield from together.items()


def absorb_sample(sample: Sample, fixed_effects: str, used: Collection[str]) -> AbsorbedColumns:
    """Demean outcome, controls and the regressors in use, by stage where there are several."""
    regressors = {name: values for name, values in sample.regressors.items() if name in used}
    columns: dict[str, Floats] = {OUTCOME: sample.outcome, **sample.controls}
    split = {name for column in regressors for name in (f"{column}:{stage}" for stage in sample.stages)} & set(used)
    if not split:
        return absorb(columns | regressors, sample.clusters, sample.year, fixed_effects)
    by_stage = split_by_stage(regressors, sample)
    sums = {name: [f"{name}:{stage}" for stage in sample.stages] for name in regressors}
    return absorb(columns | by_stage, sample.clusters, sample.year, fixed_effects, sums)


def split_by_stage(regressors: Mapping[str, Floats], sample: Sample) -> dict[str, Floats]:
    """Return every regressor times the indicator of each stage, as ``<column>:<stage>``."""
    inside = {stage: (sample.stage == stage).astype(float) for stage in sample.stages}
    return {f"{name}:{stage}": values * inside[stage] for name, values in regressors.items() for stage in inside}


def regression_of(
    specification: Specification, headline: bool, sample: Sample | None, stages: Sequence[str]
) -> Regression:
    """Return a regression with the terms of interest (by stage, if stages are given), then the controls."""
    labels = main_labels(specification, stages) | {name: name for name in CONTROLS}
    notes = {term: sample.stage_note(term.split(":")[1]) for term in labels.values() if sample and ":" in term}
    return Regression(specification, bool(stages), headline, labels, notes, stage_contrasts(stages))


def cannot_start(regression: Regression, sample: Sample | None) -> str:
    """Say what a regression lacks before anything is estimated; empty if nothing."""
    specification = regression.specification
    if sample is None:
        return f"no row has all regressors and the outcome {specification.delta} years later"
    unknown = [name for name in main_labels(specification) if name in sample.missing]
    return f"without any value: {', '.join(unknown)}" if unknown else ""


def linear_rows(
    regressions: Sequence[Regression], sample: Sample | None, fixed_effects: str
) -> list[dict[str, object]]:
    """Return the rows of least-squares regressions on one sample, or rows of nulls with the reason."""
    problems = [cannot_start(regression, sample) for regression in regressions]
    started = [one for one, problem in zip(regressions, problems, strict=True) if not problem]
    fits: Iterator[Fit] = iter(())
    if sample is not None and started:
        used = {name for one in started for name in (*one.labels, *main_labels(one.specification))}
        absorbed = absorb_sample(sample, fixed_effects, used)
        fits = iter(absorbed.fit_all(OUTCOME, [list(one.labels) for one in started]))
    rows: list[dict[str, object]] = []
    for regression, problem in zip(regressions, problems, strict=True):
        if problem or sample is None:
            rows += unestimated_rows(regression, problem)
        else:
            rows += estimated_rows(regression, next(fits), sample.clusters)
    return rows


RCA_GROWTH = RcaGrowth()
