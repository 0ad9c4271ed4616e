"""From a fit to rows of ``rca_models``: terms, contrasts between stages, tests, intervals and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.clustered import Clusters
from reeassets.models.contract import (
    HEADLINE_EXPOSURE,
    HEADLINE_FIXED_EFFECTS,
    HEADLINE_HAZARD,
    HEADLINE_RISK,
    ROW_COLUMNS,
    Role,
    Specification,
    headline_delta,
)
from reeassets.models.errors import ErrorTable
from reeassets.models.linear import Fit
from reeassets.settings import Settings

# Fewer effective clusters than this are noted.
FEW_EFFECTIVE = 10.0
# What a term has that could not be estimated.
UNKNOWN: dict[str, Any] = dict.fromkeys(
    (
        "coefficient",
        "uncorrected",
        "std_error",
        "std_error_conventional",
        "effective_countries",
        "effective_products",
        "degrees_of_freedom",
    ),
    np.nan,
) | {"decided_by": ""}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regression:
    """One regression of a specification: which terms it reports, and how they are called.

    Attributes
    ----------
    specification : Specification
    interacted : bool
        Whether slopes are by stage.
    role : {"headline", "grid", "robustness"}
        The headline of its model, another cell of its grid, or a row beside them.
    labels : dict of str to str
        Term by regressor column, in the order of the regression.
    notes : dict of str to str
        Why a term has no error though it has a coefficient, by term; empty if it has one.
    contrasts : dict of str to tuple of str
        Differences to report: name of the term, and the two terms whose difference it is.
    same_as : str
        An earlier specification whose design is the same, in words; empty if there is none.
    """

    specification: Specification
    interacted: bool
    role: Role
    labels: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    contrasts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    same_as: str = ""

    @property
    def terms(self) -> list[str]:
        """All terms, contrasts last."""
        return [*self.labels.values(), *self.contrasts]

    @property
    def dimensions(self) -> dict[str, object]:
        """The key columns of its rows but the term, its role, and whether it counts in the curve."""
        return {
            "model": self.specification.model,
            "outcome": self.specification.outcome,
            "delta": self.specification.delta,
            "exposure_definition": self.specification.exposure,
            "risk_definition": self.specification.risk,
            "hazard": self.specification.hazard,
            "fixed_effects": self.specification.fixed_effects,
            "variant": self.specification.variant,
            "interacted": self.interacted,
            "role": self.role,
            "headline": self.role == "headline",
            "in_curve": self.role != "robustness" and not self.same_as,
        }


def role_of(
    specification: Specification,
    settings: Settings,
    fixed_effects: str = HEADLINE_FIXED_EFFECTS,
    exposure: str = HEADLINE_EXPOSURE,
) -> Role:
    """Return ``headline`` for the specification shown first: the headline definitions of everything, and delta."""
    if specification.variant:
        return "robustness"
    first = (
        specification.exposure == exposure
        and specification.risk == HEADLINE_RISK
        and specification.hazard == HEADLINE_HAZARD
        and specification.delta == headline_delta(settings)
        and specification.fixed_effects == fixed_effects
    )
    return "headline" if first else "grid"


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
    }
    place = {regression.labels[column]: position for position, column in enumerate(fit.terms)}
    lost = {regression.labels[column]: reason for column, reason in fit.dropped.items()}
    weights = np.zeros((len(regression.terms), len(fit.terms)))
    for row, term in zip(weights, regression.terms, strict=True):
        for part, weight in zip(regression.contrasts.get(term, (term,)), (1.0, -1.0), strict=False):
            if part in place:
                row[place[part]] = weight
    rows = []
    for term, found in zip(regression.terms, _numbers(fit, weights), strict=True):
        parts = regression.contrasts.get(term, (term,))
        gone = [lost[part] if len(parts) == 1 else f"{part} {lost[part]}" for part in parts if part in lost]
        without_error = [note for note in (regression.notes.get(part, "") for part in parts) if note]
        remark = found.pop("remark")
        numbers = found
        if gone or without_error:
            known = {name: found[name] for name in ("coefficient", "uncorrected")}
            numbers = UNKNOWN | ({} if gone else known)
            remark = ""
        notes = [*gone, *without_error, fit.note, regression.same_as, clusters.note(), remark]
        said = {"term": term, "note": "; ".join(dict.fromkeys(note for note in notes if note))}
        rows.append(common | numbers | said)
    return rows


def _numbers(fit: Fit, weights: Floats) -> list[dict[str, Any]]:
    """Return coefficient and errors of each combination of coefficients, and a remark on them."""
    plain = np.full(len(weights), np.nan) if fit.uncorrected is None else weights @ fit.uncorrected
    rows = [
        UNKNOWN | {"coefficient": float(coefficient), "uncorrected": float(before), "remark": ""}
        for coefficient, before in zip(weights @ fit.coefficients, plain, strict=True)
    ]
    if fit.errors is None:
        return rows
    # A combination of nothing is a term that was dropped.
    asked = (weights != 0).any(axis=1)
    found = fit.errors.of(np.where(asked[:, None], weights, 1.0))
    degrees = found.degrees_of_freedom
    for place, row in enumerate(rows):
        variance, alone = float(found.variance[place]), found.rests_on[place]
        defined = variance > 0
        effective = found.effective[:, place]
        row |= {"effective_countries": float(effective[0]), "effective_products": float(effective[1])}
        row["remark"] = f"rests on a single {alone}" if alone else "" if defined else "no variance between clusters"
        if isinstance(found, ErrorTable) and found.conventional_variance[place] > 0:
            row["std_error_conventional"] = float(found.conventional_variance[place] ** 0.5)
        if not defined:
            continue
        row |= {"std_error": variance**0.5, "decided_by": found.decided_by[place]}
        row["degrees_of_freedom"] = float(degrees[place])
        if effective.min() < FEW_EFFECTIVE:
            what = "countries" if effective.argmin() == 0 else "products"
            row["remark"] = f"rests on {effective.min():.1f} effective {what}"
    return rows


def unestimated_rows(regression: Regression, note: str) -> list[dict[str, object]]:
    """Return one row of nulls per term, with the reason."""
    empty = dict.fromkeys(("n_obs", "n_countries", "n_products", "n_absorbed"), 0)
    said = "; ".join(one for one in (note, regression.same_as) if one)
    common = regression.dimensions | empty | UNKNOWN | {"r2_within": np.nan, "note": said}
    return [common | {"term": term} for term in regression.terms]


def as_frame(rows: Sequence[Mapping[str, object]], settings: Settings) -> pd.DataFrame:
    """Add tests and intervals to rows and put the columns in order.

    Tests and intervals use Student's t, two-sided, at ``settings.model_significance``, with each row's degrees of
    freedom; see :class:`reeassets.models.jackknife.ClusterJackknife`.

    Returns
    -------
    DataFrame
        The columns :data:`reeassets.models.contract.ROW_COLUMNS`.
    """
    from scipy.special import stdtr, stdtrit

    if not rows:
        return pd.DataFrame(columns=list(ROW_COLUMNS))
    frame = pd.DataFrame(list(rows))
    degrees = frame["degrees_of_freedom"].to_numpy(float)
    tested = frame["std_error"].notna().to_numpy()
    statistic = (frame["coefficient"] / frame["std_error"]).to_numpy(float)
    reach = np.full(len(frame), np.nan)
    p_value = np.full(len(frame), np.nan)
    p_value[tested] = 2.0 * stdtr(degrees[tested], -np.abs(statistic[tested]))
    reach[tested] = stdtrit(degrees[tested], 1.0 - settings.model_significance / 2.0) * frame["std_error"][tested]
    frame["t_statistic"], frame["p_value"] = statistic, p_value
    frame["ci_low"], frame["ci_high"] = frame["coefficient"] - reach, frame["coefficient"] + reach
    return frame[list(ROW_COLUMNS)]
