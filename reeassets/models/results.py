"""From a fit to rows of ``rca_models``: terms, contrasts between stages, tests, intervals and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reeassets.models.clustered import Clusters
from reeassets.models.contract import (
    HEADLINE_EXPOSURE,
    HEADLINE_FIXED_EFFECTS,
    HEADLINE_HAZARD,
    HEADLINE_RISK,
    ROW_COLUMNS,
    Specification,
    headline_delta,
)
from reeassets.models.linear import Fit
from reeassets.settings import Settings

DEGREES = "degrees_of_freedom"


@dataclass(frozen=True)
class Regression:
    """One regression of a specification: which terms it reports, and how they are called.

    Attributes
    ----------
    specification : Specification
    interacted : bool
        Whether slopes are by stage.
    headline : bool
        Whether the specification is its model's headline.
    labels : dict of str to str
        Term by regressor column, in the order of the regression.
    notes : dict of str to str
        What to say about a term, by term.
    contrasts : dict of str to tuple of str
        Differences to report: name of the term, and the two terms whose difference it is.
    """

    specification: Specification
    interacted: bool
    headline: bool
    labels: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    contrasts: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def terms(self) -> list[str]:
        """All terms, contrasts last."""
        return [*self.labels.values(), *self.contrasts]

    @property
    def dimensions(self) -> dict[str, object]:
        """The key columns of its rows but the term, and whether it is the headline."""
        return {
            "model": self.specification.model,
            "outcome": self.specification.outcome,
            "delta": self.specification.delta,
            "exposure_definition": self.specification.exposure,
            "risk_definition": self.specification.risk,
            "hazard": self.specification.hazard,
            "fixed_effects": self.specification.fixed_effects,
            "interacted": self.interacted,
            "headline": self.headline,
        }


def is_headline(specification: Specification, settings: Settings, fixed_effects: str = HEADLINE_FIXED_EFFECTS) -> bool:
    """Say whether a specification is the one shown first: the headline definitions of everything, and delta."""
    return (
        specification.exposure == HEADLINE_EXPOSURE
        and specification.risk == HEADLINE_RISK
        and specification.hazard == HEADLINE_HAZARD
        and specification.delta == headline_delta(settings)
        and specification.fixed_effects == fixed_effects
    )


def main_labels(specification: Specification, stages: Sequence[str] = ()) -> dict[str, str]:
    """Return the terms of interest by column: one per regressor, or one per regressor and stage."""
    columns = {
        specification.exposure: "exposure",
        "supplier_concentration": "supplier_concentration",
        specification.risk_column: "risk",
    }
    if not stages:
        return columns
    return {f"{column}:{stage}": f"{term}:{stage}" for column, term in columns.items() for stage in stages}


def stage_contrasts(stages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the input-minus-upstream differences, if both stages occur."""
    if not {"upstream", "input"} <= set(stages):
        return {}
    terms = ("exposure", "supplier_concentration", "risk")
    return {f"{term}:input-upstream": (f"{term}:input", f"{term}:upstream") for term in terms}


def estimated_rows(regression: Regression, fit: Fit, clusters: Clusters) -> list[dict[str, object]]:
    """Return the rows of one regression, without tests and intervals; see :func:`as_frame`.

    A dropped term, and a contrast with one, has null numbers and says why in ``note``.
    """
    common = regression.dimensions | {
        "n_obs": fit.n_obs,
        "n_countries": clusters.sizes[0],
        "n_products": clusters.sizes[1],
        "n_absorbed": fit.n_absorbed,
        "r2_within": fit.r2_within,
        "covariance_fixed": fit.covariance_fixed,
        DEGREES: clusters.degrees_of_freedom,
    }
    place = {regression.labels[column]: position for position, column in enumerate(fit.terms)}
    lost = {regression.labels[column]: reason for column, reason in fit.dropped.items()}
    rows = []
    for term in regression.terms:
        weights = np.zeros(len(fit.terms))
        parts = regression.contrasts.get(term, (term,))
        for part, weight in zip(parts, (1.0, -1.0), strict=False):
            if part in place:
                weights[place[part]] = weight
        gone = [lost[part] if len(parts) == 1 else f"{part} {lost[part]}" for part in parts if part in lost]
        coefficient, error, remark = _estimate(fit, weights) if not gone else (np.nan, np.nan, "")
        notes = [*gone, remark, *(regression.notes.get(part, "") for part in parts), fit.note, clusters.note()]
        numbers = {"term": term, "coefficient": coefficient, "std_error": error}
        rows.append(common | numbers | {"note": "; ".join(dict.fromkeys(note for note in notes if note))})
    return rows


def _estimate(fit: Fit, weights: np.ndarray) -> tuple[float, float, str]:
    coefficient = float(weights @ fit.coefficients)
    if fit.covariance is None:
        return coefficient, np.nan, ""
    variance = float(weights @ fit.covariance @ weights)
    if variance <= 0:
        return coefficient, np.nan, "no variance between clusters"
    return coefficient, variance**0.5, ""


def unestimated_rows(regression: Regression, note: str) -> list[dict[str, object]]:
    """Return one row of nulls per term, with the reason."""
    empty = dict.fromkeys(("n_obs", "n_countries", "n_products", "n_absorbed"), 0)
    nulls = dict.fromkeys(("coefficient", "std_error", "r2_within", DEGREES), np.nan)
    common = regression.dimensions | empty | nulls | {"covariance_fixed": False, "note": note}
    return [common | {"term": term} for term in regression.terms]


def as_frame(rows: Sequence[Mapping[str, object]], settings: Settings) -> pd.DataFrame:
    """Add tests and intervals to rows and put the columns in order.

    Tests and intervals use Student's t with ``min(countries, products) - 1`` degrees of freedom (Cameron, Gelbach &
    Miller 2011), two-sided, at ``settings.model_significance``.

    Returns
    -------
    DataFrame
        The columns :data:`reeassets.models.contract.ROW_COLUMNS`.
    """
    from scipy.special import stdtr, stdtrit

    if not rows:
        return pd.DataFrame(columns=list(ROW_COLUMNS))
    frame = pd.DataFrame(list(rows))
    degrees = frame.pop(DEGREES).to_numpy(float)
    tested = frame["std_error"].notna().to_numpy()
    statistic = (frame["coefficient"] / frame["std_error"]).to_numpy(float)
    reach = np.full(len(frame), np.nan)
    p_value = np.full(len(frame), np.nan)
    p_value[tested] = 2.0 * stdtr(degrees[tested], -np.abs(statistic[tested]))
    reach[tested] = stdtrit(degrees[tested], 1.0 - settings.model_significance / 2.0) * frame["std_error"][tested]
    frame["t_statistic"], frame["p_value"] = statistic, p_value
    frame["ci_low"], frame["ci_high"] = frame["coefficient"] - reach, frame["coefficient"] + reach
    return frame[list(ROW_COLUMNS)]
