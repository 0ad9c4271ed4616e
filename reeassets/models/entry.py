"""The model ``entry``: whether dependence today goes with gaining a comparative advantage that is not there yet.

Logit of ``rca >= 1`` at ``t + delta`` among pairs with ``rca < 1`` at ``t``, with year and stage dummies and errors
clustered by country and by product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.clustered import ONE_CLUSTER, two_way_covariance
from reeassets.models.contract import HEADLINE_EXPOSURE, HEADLINE_RISK, Specification
from reeassets.models.linear import Fit, independent_columns
from reeassets.models.rca_growth import cannot_start, regression_of, split_by_stage
from reeassets.models.results import Regression, as_frame, estimated_rows, is_headline, main_labels, unestimated_rows
from reeassets.models.sample import Sample, build_sample, candidates
from reeassets.settings import STAGES, Settings

if TYPE_CHECKING:
    from statsmodels.discrete.discrete_model import Logit

CONSTANTS = "year+stage"
OUTCOME = "entered"
# Newton's method needs about 7; where the likelihood has no maximum a coefficient still moves after any number.
MAX_ITERATIONS = 35

Floats = NDArray[np.float64]


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
            for specification in (one for one in specifications if one.delta == delta):
                headline = is_headline(specification, settings, CONSTANTS)
                for split in dict.fromkeys([(), sample.stages if sample else stages]):
                    rows += _rows(regression_of(specification, headline, sample, split), sample)
        return as_frame(rows, settings)


def _rows(regression: Regression, sample: Sample | None) -> list[dict[str, object]]:
    problem = cannot_start(regression, sample)
    if problem or sample is None:
        return unestimated_rows(regression, problem)
    columns = sample.regressors | sample.controls
    if regression.interacted:
        used = {name: sample.regressors[name] for name in main_labels(regression.specification)}
        columns = columns | split_by_stage(used, sample)
    fit = fit_logit(sample, {name: columns[name] for name in regression.labels})
    return (
        unestimated_rows(regression, fit) if isinstance(fit, str) else estimated_rows(regression, fit, sample.clusters)
    )


def separation_note(sample: Sample) -> str:
    """Name the year or stage whose dummy predicts the outcome perfectly; empty if there is none."""
    if len(np.unique(sample.outcome)) < 2:
        return f"perfect separation: {'every' if sample.outcome[0] else 'no'} pair of the sample enters"
    for what, codes, names in (
        ("stage", np.unique(sample.stage, return_inverse=True)[1], np.unique(sample.stage)),
        ("year", sample.year, sample.years),
    ):
        share = np.bincount(codes, weights=sample.outcome) / np.bincount(codes)
        for position in np.flatnonzero((share == 0) | (share == 1)):
            return f"perfect separation: {'every' if share[position] else 'no'} pair enters in {what} {names[position]}"
    return ""


@dataclass(frozen=True)
class _Design:
    """Regressors of interest and dummies, without the collinear ones."""

    matrix: Floats
    terms: tuple[str, ...]
    dropped: dict[str, str]


def _design(sample: Sample, regressors: dict[str, Floats]) -> _Design:
    years = sample.year[:, None] == np.unique(sample.year)[None, 1:]
    stages = sample.stage[:, None] == np.array(sample.stages)[None, 1:]
    dummies = np.column_stack([np.ones(len(sample.year)), years, stages]).astype(float)
    matrix = np.column_stack([*regressors.values(), dummies])
    cross = matrix.T @ matrix
    kept = independent_columns(cross, np.diag(cross))
    names = list(regressors)
    terms = tuple(names[position] for position in kept if position < len(names))
    dropped = {name: "collinear with other regressors" for name in names if name not in terms}
    return _Design(matrix[:, kept], terms, dropped)


def fit_logit(sample: Sample, regressors: dict[str, Floats]) -> Fit | str:
    """Estimate a logit by maximum likelihood with year and stage dummies.

    Returns
    -------
    Fit or str
        The estimates, or in words why there are none: perfect separation, or no convergence.
    """
    from statsmodels.discrete.discrete_model import Logit

    problem = separation_note(sample)
    design = _design(sample, regressors)
    n_obs, n_parameters = design.matrix.shape
    if problem or n_obs <= n_parameters:
        return problem or f"{n_obs} rows for {n_parameters} parameters"
    model = Logit(sample.outcome, design.matrix, check_rank=False)
    maximum = _maximise(model)
    if isinstance(maximum, str):
        return maximum
    parameters, information = maximum
    reported = len(design.terms)
    coefficients, n_dummies = parameters[:reported], n_parameters - reported
    if min(sample.clusters.sizes[:2]) < 2:
        return Fit(design.terms, coefficients, None, False, n_obs, n_dummies, np.nan, design.dropped, ONE_CLUSTER)
    scores = np.add.reduceat(model.score_obs(parameters), sample.clusters.pair_starts, axis=0)
    # The reported coefficients' influences: their covariance needs no other row of the sandwich.
    influences = (scores @ np.linalg.inv(information))[:, :reported]
    covariance, fixed = two_way_covariance(influences, np.eye(reported), sample.clusters, n_obs, n_parameters)
    return Fit(design.terms, coefficients, covariance, fixed, n_obs, n_dummies, np.nan, design.dropped)


def _maximise(model: "Logit") -> tuple[Floats, Floats] | str:
    """Return parameters and information matrix at the maximum, or in words why there is none."""
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    model.raise_on_perfect_prediction = True
    try:
        result = model.fit(method="newton", maxiter=MAX_ITERATIONS, disp=0, warn_convergence=False, skip_hessian=True)
    except PerfectSeparationError:
        return "perfect separation: the regressors predict every entry"
    if not result.mle_retvals["converged"]:
        return f"no convergence in {MAX_ITERATIONS} iterations, as under quasi-complete separation"
    return result.params, -model.hessian(result.params)


ENTRY = Entry()
