"""The choices that are this project's own, and for each the other values it could have had (docs/ROBUSTNESS.md).

Data only: one :class:`Choice` is one change of the headline. What follows from it is computed in ``rebuilt``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args

import pandas as pd

from reeassets.indicators.aggregates import WEIGHTINGS
from reeassets.models.claims import CHINA, Kind
from reeassets.models.contract import (
    EXPOSURES,
    HEADLINE_EXPOSURE,
    HEADLINE_HAZARD,
    HEADLINE_RISK,
    RISKS,
    headline_delta,
)
from reeassets.models.robustness import VARIANTS
from reeassets.networks.validation import LinkSet
from reeassets.settings import REEXPORTS, ROBUST_CHOICES, Settings

HEADLINE_CHOICE, AS_CONFIGURED = "headline", "as configured"
# Bands of materiality count as 0.02, 0.12, 0.35 and 0.75: this keeps products of the upper two, on average over voters.
LEAST_MATERIALITY = 0.2
PASS_THROUGHS = (0.5, 0.95)

EVERY_KIND: frozenset[Kind] = frozenset(get_args(Kind))
_REGRESSION: frozenset[Kind] = frozenset({"regression"})
Keep = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True)
class Choice:
    """One choice with another value than the headline's; everything else is as configured.

    Attributes
    ----------
    name : str
        Which choice, one of :data:`reeassets.settings.ROBUST_CHOICES`, or ``headline`` for no change at all.
    value : str
        Its value, in words.
    kinds : frozenset of str
        The kinds of claims that depend on it.
    settings : mapping of str to Any
        Settings that differ.
    keep : callable or None
        From the rows of ``classified_products`` that are in the set to which of them stay in it; None for all.
    without : str
        Economy whose flows are left out; empty for none.
    specification : mapping of str to Any
        Columns of ``rca_models`` in which the row that takes the headline's place differs from it.
    rebuilds : bool
        Whether the networks of the years, and what is made from them, have to be made again.
    """

    name: str
    value: str
    kinds: frozenset[Kind] = EVERY_KIND
    settings: Mapping[str, Any] = field(default_factory=dict)
    keep: Keep | None = None
    without: str = ""
    specification: Mapping[str, Any] = field(default_factory=dict)
    rebuilds: bool = True


HEADLINE = Choice(HEADLINE_CHOICE, AS_CONFIGURED)


def choices(
    settings: Settings, hazards: Sequence[str], members: pd.DataFrame, economies: Collection[str]
) -> list[Choice]:
    """Return the headline and every other value of the choices that the setting ``robust_claims`` names.

    Parameters
    ----------
    settings : Settings
        The configuration of the headline.
    hazards : sequence of str
        The registered hazards.
    members : DataFrame
        The rows of ``classified_products`` that are in the set.
    economies : collection of str
        The economies of the run: China can be left out only where it is one.
    """
    every = [
        *_product_sets(),
        *_of_settings(settings),
        *_hazards(settings, hazards),
        *_of_regressions(settings),
        *([Choice("country", f"without {CHINA}", without=CHINA)] if CHINA in economies else []),
        *_applications(members),
    ]
    return [HEADLINE, *(one for one in every if one.name in settings.robust_claims)]


def _material(members: pd.DataFrame) -> "pd.Series[bool]":
    # Where nobody was asked it is not known to be above.
    return members["materiality"] > LEAST_MATERIALITY


def _not_final(members: pd.DataFrame) -> "pd.Series[bool]":
    return members["stage"] != "final"


def _of_another_application(members: pd.DataFrame, application: str) -> "pd.Series[bool]":
    return members["application"] != application


def _product_sets() -> list[Choice]:
    return [
        Choice("product_set", f"materiality above {100 * LEAST_MATERIALITY:g} %", keep=_material),
        Choice("product_set", "upstream and input products alone", keep=_not_final),
    ]


def _applications(members: pd.DataFrame) -> list[Choice]:
    return [
        Choice("application", f"without {name}", keep=partial(_of_another_application, application=name))
        for name in sorted(members["application"].dropna().unique())
    ]


def _of_settings(settings: Settings) -> list[Choice]:
    """Return the choices that are settings with a few values."""
    # Blocs are compared by imports, and regressions are on products: neither knows weights.
    weighted: frozenset[Kind] = frozenset({"contrast", "clusters", "core"})
    # Multi-tier risk alone goes along links; contrasts share their false discovery rate with it.
    linked: frozenset[Kind] = frozenset({"contrast", "regression"})
    found = [Choice("weighting", name, weighted, {"weighting": name}, rebuilds=False) for name in WEIGHTINGS]
    found += [Choice("reexports", name, settings={"reexports": name}) for name in REEXPORTS]
    found += [Choice("link_set", name, linked, {"link_set": name}) for name in get_args(LinkSet)]
    found += [Choice("pass_through", f"{share:g}", settings={"pass_through": share}) for share in PASS_THROUGHS]
    return [one for one in found if one.settings != {name: getattr(settings, name) for name in one.settings}]


def _hazards(settings: Settings, hazards: Sequence[str]) -> list[Choice]:
    """Return the hazards: the regressions' own is fixed, and they have a row of each already."""
    found = []
    for name in hazards:
        kinds = EVERY_KIND if name != settings.hazard else _REGRESSION
        kinds = kinds if name != HEADLINE_HAZARD else kinds - _REGRESSION
        if kinds:
            changed = {"hazard": name}
            found.append(Choice("hazard", name, kinds, changed, specification=changed, rebuilds=kinds != _REGRESSION))
    return found


def _of_regressions(settings: Settings) -> list[Choice]:
    """Return what the regressions have a row of: other definitions, leads, effects, estimators and samples."""
    first = headline_delta(settings)
    found: list[tuple[str, str, dict[str, Any]]] = [
        *(("exposure", name, {"exposure_definition": name}) for name in EXPOSURES if name != HEADLINE_EXPOSURE),
        *(("risk", name, {"risk_definition": name}) for name in RISKS if name != HEADLINE_RISK),
        *(("delta", f"{delta} years", {"delta": delta}) for delta in sorted(settings.model_deltas) if delta != first),
    ]
    for name, variant in VARIANTS.items():
        changed = {"variant": name, "outcome": variant.outcome, "fixed_effects": variant.fixed_effects}
        found.append((variant.changes, name, changed))
    # In the order in which the choices are documented, whatever that of the rows.
    found.sort(key=lambda one: ROBUST_CHOICES.index(one[0]))
    return [Choice(name, value, _REGRESSION, specification=changed, rebuilds=False) for name, value, changed in found]
