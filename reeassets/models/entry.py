"""The model ``entry``: whether dependence today goes with gaining a comparative advantage that is not there yet.

Logit of ``rca >= 1`` at ``t + delta`` among pairs with ``rca < 1`` at ``t``, with year and stage dummies and errors
clustered by country and by product.
"""

from collections.abc import Sequence

import pandas as pd

from reeassets.models.contract import HEADLINE_EXPOSURE, HEADLINE_RISK, Specification
from reeassets.models.linear import Fit
from reeassets.models.logit import CellLogit
from reeassets.models.rca_growth import cannot_start, regression_of
from reeassets.models.results import Regression, as_frame, estimated_rows, is_headline, unestimated_rows
from reeassets.models.sample import Sample, build_sample, candidates
from reeassets.settings import STAGES, Settings

CONSTANTS = "year+stage"
OUTCOME = "entered"


class Entry:
    """Outcome ``rca >= 1`` at ``t + delta`` given ``rca < 1`` at ``t``; coefficients are log odds.

    The grid is smaller than that of ``rca_growth``: the headline exposure and risk, every hazard and every delta, each
    with slopes across all products and by stage. Year and stage enter as dummies, country and product do not: a logit
    with a dummy per country and product estimates hundreds of nuisance parameters from few entries each, which biases
    the slopes (the incidental-parameters problem; Neyman & Scott 1948), and loses every country and product without an
    entry. ``n_absorbed`` counts the dummies; ``r2_within`` is null.
    """

    name = "entry"
    description = "Logit of a Balassa index of at least 1 delta years later, among pairs below 1 today"

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return hazard x delta for the headline exposure and risk."""
        return [
            Specification(self.name, "rca_at_least_1", HEADLINE_EXPOSURE, HEADLINE_RISK, hazard, delta, CONSTANTS)
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
        below = panel[panel["rca"] < 1]
        stages = tuple(stage for stage in STAGES if (below["stage"] == stage).any())
        rows: list[dict[str, object]] = []
        for delta in sorted({specification.delta for specification in specifications}):
            lead = below[f"rca_lead{delta}"]
            entered = below.assign(**{OUTCOME: (lead >= 1).astype(float).where(lead.notna())})
            sample = build_sample(entered, OUTCOME, candidates(panel))
            logit = CellLogit(sample) if sample else None
            for specification in (one for one in specifications if one.delta == delta):
                headline = is_headline(specification, settings, CONSTANTS)
                splits = dict.fromkeys([(), sample.stages if sample else stages])
                regressions = [regression_of(specification, headline, sample, split) for split in splits]
                rows += _rows(regressions, sample, logit)
        return as_frame(rows, settings)


def _rows(regressions: Sequence[Regression], sample: Sample | None, logit: CellLogit | None) -> list[dict[str, object]]:
    """Return the rows of one specification: slopes across all products first, from which slopes by stage start."""
    rows: list[dict[str, object]] = []
    start: Fit | None = None
    for regression in regressions:
        problem = cannot_start(regression, sample)
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


ENTRY = Entry()
