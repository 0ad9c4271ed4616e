"""What a model plugin is: the contract of the entry-point group ``reeassets.models``, and what its rows say.

A model names the specifications of its grid and estimates them; every specification differs from another in at least
one documented dimension, so that the rows of all models together form one specification curve.

For country ``c``, product ``p`` of stage ``s``, year ``t``, with ``z()`` a standardisation over the estimation sample:

``rca_growth``
    ``rsca[c,p,t+delta] ~ z(exposure[c,p,t]) + z(supplier_concentration[c,p,t]) + z(risk[c,p,t])``
    ``+ rsca[c,p,t] + log1p(imports[c,p,t]) + log1p(exports[c,p,t]) | c^p + c^t + p^t``

    and, ``interacted``, ``z(...):s`` in the place of the first three; slopes are freed of the bias that a lagged
    outcome has in a short panel (:mod:`reeassets.models.feedback`). Rows: pairs that export at ``t`` and ``t + delta``.
``input_linked``
    the formula of ``rca_growth`` with ``sum_q w[q,p] x[c,q,t] / sum_q w[q,p]``, over the inputs ``q`` of
    ``p``, in the place of each of the first three ``x[c,p,t]``.
``entry``, ``exit``
    ``logit(exports[c,p,t+delta] > 0) ~`` the same regressors ``+ t + s``, among the rows that export nothing at ``t``;
    and ``logit(exports[c,p,t+delta] = 0)`` among those that export.

Rows: those where the outcome and every candidate regressor are known, the same for all definitions. Errors: the cluster
jackknife by country and by product, :class:`reeassets.models.jackknife.ClusterJackknife` and, of the logits,
:class:`reeassets.models.errors.TwoWayErrors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import pandas as pd

from reeassets.settings import Settings

if TYPE_CHECKING:
    from reeassets.models.dynamic import DynamicColumns, DynamicFit
    from reeassets.models.results import Regression

EXPOSURES = ("trade_exposure", "import_reliance", "import_intensity")
RISKS = ("systemic_trade_risk", "indirect_risk", "multi_tier_risk")
HEADLINE_EXPOSURE = "trade_exposure"
HEADLINE_RISK = "systemic_trade_risk"
HEADLINE_HAZARD = "political_stability"
HEADLINE_FIXED_EFFECTS = "country-product+country-year+product-year"
HEADLINE_DELTA = 1

Role = Literal["headline", "grid", "robustness"]
ROLES: tuple[Role, ...] = ("headline", "grid", "robustness")

ROW_KEY = (
    "model",
    "outcome",
    "delta",
    "exposure_definition",
    "risk_definition",
    "hazard",
    "fixed_effects",
    "variant",
    "interacted",
    "term",
)
ROW_COLUMNS = (
    *ROW_KEY,
    "role",
    "headline",
    "in_curve",
    "coefficient",
    "uncorrected",
    "std_error",
    "std_error_conventional",
    "decided_by",
    "ci_low",
    "ci_high",
    "t_statistic",
    "p_value",
    "n_obs",
    "n_countries",
    "n_products",
    "effective_countries",
    "effective_products",
    "degrees_of_freedom",
    "n_absorbed",
    "r2_within",
    "note",
)


@dataclass(frozen=True)
class Specification:
    """One cell of a model's grid.

    Attributes
    ----------
    model : str
        The model's name.
    outcome : str
        What is explained, e.g. ``rsca`` (the outcome is taken ``delta`` years after the regressors).
    exposure : str
        Definition of exposure, one of :data:`EXPOSURES`.
    risk : str
        Definition of systemic risk, one of :data:`RISKS`.
    hazard : str
        Hazard under which the risk was computed, by plugin name.
    delta : int
        Years between regressors and outcome.
    fixed_effects : str
        What is absorbed or held constant, e.g. ``country-product+country-year+product-year``.
    variant : str
        What a robustness row changes; empty in the grid.
    """

    model: str
    outcome: str
    exposure: str
    risk: str
    hazard: str
    delta: int
    fixed_effects: str
    variant: str = ""

    @property
    def id(self) -> str:
        """All dimensions in one text, unique within a run."""
        parts = (self.model, self.outcome, self.exposure, self.risk, self.hazard, str(self.delta), self.fixed_effects)
        return "/".join((*parts, self.variant) if self.variant else parts)

    @property
    def risk_column(self) -> str:
        """The panel's column of this risk under this hazard."""
        return f"{self.risk}__{self.hazard}"


@runtime_checkable
class Model(Protocol):
    """A regression of future comparative advantage on trade dependence.

    Attributes
    ----------
    name : str
        Name of the model; the first key column of its rows.
    description : str
        What it estimates, in one sentence.
    """

    name: str
    description: str

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return the model's grid, without repetition, for the hazards that the panel holds."""

    def fit(
        self, panel: pd.DataFrame, links: pd.DataFrame, specifications: Sequence[Specification], settings: Settings
    ) -> pd.DataFrame:
        """Return one row per specification and term with the columns :data:`ROW_COLUMNS`.

        ``panel`` is the table ``panel``; ``links`` the table ``io_links``. A term that cannot be estimated has null
        numbers and a ``note`` that says why; a specification never goes missing in silence.
        """


@runtime_checkable
class LeastSquares(Model, Protocol):
    """A model that is least squares with absorbed effects: it can be looked at more closely, see ``diagnostics``."""

    def absorbed(
        self, panel: pd.DataFrame, links: pd.DataFrame, specification: Specification, settings: Settings
    ) -> "tuple[DynamicColumns, list[tuple[Regression, DynamicFit]]] | str":
        """Return the columns of a specification without their effects, and its regressions with their estimates.

        Or why there are none.
        """


def headline_delta(settings: Settings) -> int:
    """Return the headline's ``delta``: 1 year, or the shortest of the configured ones where 1 is not among them."""
    deltas = settings.model_deltas
    return HEADLINE_DELTA if HEADLINE_DELTA in deltas else min(deltas)
