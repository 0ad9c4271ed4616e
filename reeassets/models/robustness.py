"""The rows beside the headline of ``rca_growth``: other estimators of the same slopes, and other samples.

Each changes one thing, named in ``variant``, and stands beside the headline; none counts in the specification curve.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reeassets.models.absorb import NotConvergedError
from reeassets.models.cells import NotEstimableError
from reeassets.models.contract import HEADLINE_FIXED_EFFECTS, Specification
from reeassets.models.exporters import OUTCOME, ExporterSample, exporter_sample
from reeassets.models.feedback import Correction
from reeassets.models.frame import (
    UNCORRECTED,
    Frame,
    Row,
    as_fit,
    dynamic_fit,
    dynamic_fits,
    frame_of,
    grid_rows,
    known_candidates,
    persistence_of,
    regression_of,
    rows_of,
    splits_of,
    stages_of,
)
from reeassets.models.instruments import Estimate, forward_deviations, long_differences
from reeassets.models.linear import Fit
from reeassets.models.panel import KEY, values_of_another_year, with_leads
from reeassets.models.poisson import poisson
from reeassets.models.results import Regression, estimated_rows, main_labels, unestimated_rows
from reeassets.models.sample import CONTROLS
from reeassets.models.splines import NO_EXPORTS, with_splines
from reeassets.settings import Settings

# Years over which differences are taken.
LONG_YEARS = 5
FIRST_YEARS = 3
# Controls of a model of exports; the first two of the headline's would hold the outcome's index constant as well.
EXPORT_CONTROLS = ("log1p_exports", "log1p_imports")
BETWEEN_EFFECTS = "country+product+year"

Rows = Callable[[pd.DataFrame, Specification, Settings], list[Row]]
# Estimates of a regression, or in words why there are none.
Estimator = Callable[[Frame, Regression], Fit | str]


@dataclass(frozen=True)
class Variant:
    """A row of robustness: how its rows are made, which choice it is another value of, what it absorbs and explains."""

    rows: Rows
    changes: str
    fixed_effects: str = HEADLINE_FIXED_EFFECTS
    outcome: str = "rsca"


def robustness_rows(panel: pd.DataFrame, specification: Specification, settings: Settings) -> list[Row]:
    """Return the rows of a specification with a variant, without tests and intervals.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.
    specification : Specification
        With one of :data:`VARIANTS`.
    settings : Settings

    Raises
    ------
    KeyError
        If the variant is none of them.
    """
    return VARIANTS[specification.variant].rows(panel, specification, settings)


def _own_system(frame: Frame, regression: Regression) -> Fit | str:
    return _corrected(frame, regression, "system")


def _between_pairs(frame: Frame, regression: Regression) -> Fit | str:
    return _corrected(frame, regression, "none")


def _corrected(frame: Frame, regression: Regression, correction: Correction) -> Fit | str:
    found = dynamic_fit(frame, regression, correction)
    return found if isinstance(found, str) else as_fit(found, correction)


def _forward(frame: Frame, regression: Regression) -> Fit | str:
    return _without_means(frame, regression, forward_deviations)


def _long(frame: Frame, regression: Regression) -> Fit | str:
    return _without_means(
        frame, regression, lambda columns, cells, y, x: long_differences(columns, cells, y, x, LONG_YEARS)
    )


def _without_means(frame: Frame, regression: Regression, estimator: Callable[..., Estimate]) -> Fit | str:
    """Estimate the terms that vary within the effects by an estimator that takes no pair's mean out."""
    plain = dynamic_fit(frame, regression, "none")
    if isinstance(plain, str):
        return plain
    if plain.errors is None:
        return as_fit(plain, "none")
    raw = _with_sums(frame.sample)
    try:
        found = estimator(raw, frame.sample.cells, OUTCOME, plain.terms)
    except (NotEstimableError, NotConvergedError) as error:
        return str(error)
    except np.linalg.LinAlgError as error:
        return f"the instruments do not identify the slopes: {error}"
    return Fit(
        plain.terms, found.coefficients, found.errors, found.n_obs, plain.n_absorbed, np.nan, dropped=plain.dropped
    )


def _with_sums(sample: ExporterSample) -> dict[str, np.ndarray]:
    """Return the columns of a sample and those over all stages."""
    sums = {name: np.sum([sample.columns[part] for part in parts], axis=0) for name, parts in sample.sums.items()}
    return sample.columns | sums


def _by(estimator: Estimator, between_pairs: bool = False) -> Rows:
    """Return how rows are made on the headline's sample by an estimator."""

    def rows(panel: pd.DataFrame, one: Specification, settings: Settings) -> list[Row]:  # noqa: ARG001
        frame = frame_of(panel, one.delta, set(main_labels(one)), between_pairs, steps=True)
        splits = splits_of(frame, panel, by_stage=True)
        regressions = [regression_of(one, "robustness", frame, split) for split in splits]
        fits = [frame if isinstance(frame, str) else estimator(frame, regression) for regression in regressions]
        return rows_of(regressions, frame, fits)

    return rows


def _on(part: Callable[[pd.DataFrame, Specification], pd.DataFrame]) -> Rows:
    """Return how rows are made by the headline's estimator on a part of the panel."""

    def rows(panel: pd.DataFrame, one: Specification, settings: Settings) -> list[Row]:
        return grid_rows(part(panel, one), [one], settings, by_stage=True)

    return rows


def everything(panel: pd.DataFrame, specification: Specification) -> pd.DataFrame:  # noqa: ARG001
    """Return the whole panel."""
    return panel


def always_exporting(panel: pd.DataFrame, specification: Specification) -> pd.DataFrame:  # noqa: ARG001
    """Return the rows of pairs that export in every year of the panel."""
    years = panel["year"].nunique()
    exports = (panel["log1p_exports"] > 0).groupby([panel["country"], panel["product"]])
    return panel[exports.transform("sum") == years]


def large_at_first(panel: pd.DataFrame, specification: Specification) -> pd.DataFrame:  # noqa: ARG001
    """Return the rows of pairs whose exports in the panel's first years are at least their product's median.

    The median is over the pairs that export in one of these years. Size is that of years before most rows, so that
    who is large does not follow from the outcome.
    """
    first = panel["year"] < panel["year"].min() + FIRST_YEARS
    exports = np.expm1(panel["log1p_exports"]).where(first, 0.0)
    of_pair = exports.groupby([panel["country"], panel["product"]]).sum()
    of_pair = of_pair[of_pair > 0]
    large = of_pair[of_pair >= of_pair.groupby(level="product").transform("median")]
    pairs = pd.MultiIndex.from_frame(panel[KEY[1:]])
    return panel[pairs.isin(large.index)]


def _exports(panel: pd.DataFrame, one: Specification, settings: Settings) -> list[Row]:  # noqa: ARG001
    """Return the rows of the Poisson regression: exports in levels, zeros included, slopes by stage."""
    names = list(main_labels(one))
    given = with_exports(with_leads(panel, one.delta), one.delta)
    try:
        absent = [name for name in names if name not in known_candidates(given)]
        if absent:
            raise NotEstimableError(f"without any value: {', '.join(absent)}")
        sample = exporter_sample(given, one.delta, names, "exports", EXPORT_CONTROLS, exporting=False)
        regression = _export_regression(one, sample.stages)
        found = poisson(sample.columns, sample.cells, OUTCOME, list(regression.labels))
    except (NotEstimableError, NotConvergedError) as error:
        return unestimated_rows(_export_regression(one, stages_of(panel)), str(error))
    said = ", ".join(f"{count} rows {what}" for what, count in found.counts.items() if count)
    fit = Fit(
        terms=found.terms,
        coefficients=found.coefficients,
        errors=found.errors,
        n_obs=found.n_obs,
        n_absorbed=0,
        r2_within=np.nan,
        dropped=found.dropped,
        note=f"left out: {said}" if said else "",
    )
    return estimated_rows(regression, fit, sample.cells.clusters)


def _export_regression(one: Specification, stages: Sequence[str]) -> Regression:
    """Return the regression of exports: the headline's terms by stage, and its controls but the index."""
    whole = regression_of(one, "robustness", "", stages)
    return replace(whole, labels={column: term for column, term in whole.labels.items() if column != "rsca"})


def with_exports(panel: pd.DataFrame, delta: int) -> pd.DataFrame:
    """Return the panel with exports of ``delta`` years later in thousand US$: 0 where the index then is, else null."""
    later = values_of_another_year(panel, ["log1p_exports"], delta)["log1p_exports"]
    index = panel[f"rca_lead{delta}"]
    exports = np.expm1(later).where(index > 0, 0.0).where(index.notna())
    return panel.assign(**{f"exports_lead{delta}": exports})


def _splines(panel: pd.DataFrame, one: Specification, settings: Settings) -> list[Row]:  # noqa: ARG001
    """Return the rows on all rows, zeros of the index included, with controls of any form.

    The correction takes the persistence of a regression on the same rows whose controls are linear: a spline of the
    lagged outcome has no one coefficient.
    """
    given, added = with_splines(panel)
    names, controls = set(main_labels(one)), (*CONTROLS, *added)
    frame = frame_of(given, one.delta, names, controls=controls, exporting=False)
    linear = (*CONTROLS, NO_EXPORTS)
    first = frame if one.delta == 1 else frame_of(given, 1, names, controls=linear, exporting=False)
    splits = splits_of(frame, panel, by_stage=True)
    regressions = [regression_of(one, "robustness", frame, split, controls) for split in splits]
    if isinstance(frame, str):
        return rows_of(regressions, frame, [frame] * len(regressions))
    known = [persistence_of(first, regression_of(one, "grid", first, split, linear)) for split in splits]
    found = dynamic_fits(frame, regressions, "own", known)
    return rows_of(regressions, frame, [fit if isinstance(fit, str) else as_fit(fit, "own") for fit in found])


VARIANTS: Mapping[str, Variant] = {
    UNCORRECTED: Variant(_on(everything), "estimator"),
    "regressors follow their own system": Variant(_by(_own_system), "estimator"),
    "forward deviations, 2SLS": Variant(_by(_forward), "estimator"),
    "long differences": Variant(_by(_long), "estimator"),
    "always exporting pairs": Variant(_on(always_exporting), "zeros"),
    "pairs large in their first three years": Variant(_on(large_at_first), "sample"),
    "spline controls, no-exports dummy, all rows": Variant(_splines, "controls"),
    "PPML of exports": Variant(_exports, "zeros", outcome="exports"),
    "country + product + year effects, between pairs, not identified": Variant(
        _by(_between_pairs, between_pairs=True), "effects", BETWEEN_EFFECTS
    ),
}
