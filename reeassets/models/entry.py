"""The models ``entry`` and ``exit``: whether dependence today goes with exports that begin, or end, some years later.

Logits with year and stage dummies and errors clustered by country and by product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reeassets.models.contract import HEADLINE_RISK, Specification
from reeassets.models.linear import Fit
from reeassets.models.logit import CellLogit
from reeassets.models.results import (
    Regression,
    as_frame,
    estimated_rows,
    main_labels,
    role_of,
    stage_contrasts,
    unestimated_rows,
)
from reeassets.models.sample import CONTROLS, Sample, build_sample, candidates
from reeassets.settings import STAGES, Settings

CONSTANTS = "year+stage"
OUTCOME = "happened"
# Of a pair that exports nothing, imports are all of its trade: the other definitions of exposure are 1 for all of them.
EXPOSURE = "import_intensity"


@dataclass(frozen=True)
class Extensive:
    """Whether a pair exports at ``t + delta``, or no longer does; coefficients are log odds.

    ``entry`` is among the pairs that trade and export nothing at ``t``, ``exit`` among those that export. The grid is
    smaller than that of ``rca_growth``: the headline risk, every hazard and every delta, each with slopes across all
    products and by stage; exposure is :data:`EXPOSURE`. Year and stage enter as dummies, country and product do not: a
    logit with a dummy per country and product estimates hundreds of nuisance parameters from few entries each, which
    biases the slopes (the incidental-parameters problem; Neyman & Scott 1948), and loses every country and product
    without an entry. Slopes therefore also compare unlike pairs. ``n_absorbed`` counts the dummies; ``r2_within`` is
    null.

    Attributes
    ----------
    name, description, outcome : str
    begins : bool
        Whether the outcome is that exports begin; otherwise that they end.
    controls : tuple of str
        Of those who export nothing, index and exports are the same for all: only imports are left.
    """

    name: str
    description: str
    outcome: str
    begins: bool
    controls: tuple[str, ...]

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return hazard x delta for the headline risk."""
        return [
            Specification(self.name, self.outcome, EXPOSURE, HEADLINE_RISK, hazard, delta, CONSTANTS)
            for delta in sorted(settings.model_deltas)
            for hazard in hazards
        ]

    def fit(
        self,
        panel: pd.DataFrame,
        links: pd.DataFrame,  # noqa: ARG002  (the contract's; this model needs no links)
        specifications: Sequence[Specification],
        settings: Settings,
    ) -> pd.DataFrame:
        """Estimate every specification; see :class:`reeassets.models.contract.Model`."""
        asked = panel[(panel["log1p_exports"] == 0) == self.begins]
        stages = tuple(stage for stage in STAGES if (asked["stage"] == stage).any())
        rows: list[dict[str, object]] = []
        for delta in sorted({specification.delta for specification in specifications}):
            lead = asked[f"rca_lead{delta}"]
            happened = asked.assign(**{OUTCOME: ((lead > 0) == self.begins).astype(float).where(lead.notna())})
            sample = build_sample(happened, OUTCOME, candidates(panel))
            logit = CellLogit(sample) if sample else None
            for specification in (one for one in specifications if one.delta == delta):
                splits = dict.fromkeys([(), sample.stages if sample else stages])
                rows += _rows(
                    [self._regression(specification, settings, sample, split) for split in splits], sample, logit
                )
        return as_frame(rows, settings)

    def _regression(
        self, specification: Specification, settings: Settings, sample: Sample | None, stages: Sequence[str]
    ) -> Regression:
        labels = main_labels(specification, stages) | {name: name for name in self.controls}
        notes = {term: sample.stage_note(term.split(":")[1]) for term in labels.values() if sample and ":" in term}
        role = role_of(specification, settings, CONSTANTS, EXPOSURE)
        return Regression(specification, bool(stages), role, labels, notes, stage_contrasts(stages))


def _cannot_start(regression: Regression, sample: Sample | None) -> str:
    """Say what a regression lacks before anything is estimated; empty if nothing."""
    if sample is None:
        return f"no row has all regressors and the outcome {regression.specification.delta} years later"
    unknown = [name for name in main_labels(regression.specification) if name in sample.missing]
    return f"without any value: {', '.join(unknown)}" if unknown else ""


def _rows(regressions: Sequence[Regression], sample: Sample | None, logit: CellLogit | None) -> list[dict[str, object]]:
    """Return the rows of one specification: slopes across all products first, from which slopes by stage start."""
    rows: list[dict[str, object]] = []
    start: Fit | None = None
    for regression in regressions:
        problem = _cannot_start(regression, sample)
        if problem or sample is None or logit is None:
            rows += unestimated_rows(regression, problem)
            continue
        fit = logit.fit({name: _column_and_stage(name) for name in regression.labels}, start)
        if isinstance(fit, str):
            rows += unestimated_rows(regression, fit)
        else:
            rows += estimated_rows(regression, fit, sample.clusters)
            start = start or fit
    return rows


def _column_and_stage(name: str) -> tuple[str, str]:
    column, _, stage = name.partition(":")
    return column, stage


ENTRY = Extensive(
    "entry",
    "Logit of exporting delta years later, among pairs that do not today",
    "exports_begin",
    begins=True,
    controls=("log1p_imports",),
)
EXIT = Extensive(
    "exit",
    "Logit of no longer exporting delta years later, among pairs that do",
    "exports_end",
    begins=False,
    controls=CONTROLS,
)
