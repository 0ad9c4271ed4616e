"""The model ``rca_growth``: whether a change of dependence goes with a later change of comparative advantage.

Least squares of the symmetric Balassa index at ``t + delta`` on exposure, supplier concentration and systemic risk at
``t``, given the index at ``t`` and country-product, country-year and product-year effects.
"""

from collections.abc import Sequence
from itertools import product

import pandas as pd

from reeassets.models.contract import (
    EXPOSURES,
    HEADLINE_EXPOSURE,
    HEADLINE_FIXED_EFFECTS,
    HEADLINE_HAZARD,
    HEADLINE_RISK,
    RISKS,
    Specification,
    headline_delta,
)
from reeassets.models.dynamic import DynamicColumns, DynamicFit
from reeassets.models.frame import examined, grid_rows
from reeassets.models.results import Regression, as_frame
from reeassets.models.robustness import VARIANTS, robustness_rows
from reeassets.settings import Settings


class RcaGrowth:
    """Outcome ``rsca`` at ``t + delta``; the whole grid of definitions (docs/METHOD.md, section 8).

    Every specification is estimated twice. Without interactions (``interacted`` false) the terms ``exposure``,
    ``supplier_concentration`` and ``risk`` are slopes across all products. With them, each stage has its own slope
    (``risk:input``), and ``risk:input-upstream`` is their difference with its error from the joint covariance. Stage
    effects themselves are absorbed with the pairs. The controls ``rsca``, ``log1p_imports`` and ``log1p_exports`` are
    in their own units; the other regressors are per standard deviation.

    Rows of robustness have the headline's definitions and a ``variant``; see :mod:`reeassets.models.robustness`.
    """

    name = "rca_growth"
    description = "Symmetric Balassa index delta years later on exposure, supplier concentration and systemic risk"

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return exposure x risk x hazard x delta, the headline's hazard first, then the rows of robustness."""
        first = sorted(hazards, key=lambda hazard: (hazard != HEADLINE_HAZARD, hazard))
        grid = product(sorted(settings.model_deltas), EXPOSURES, RISKS, first)
        found = [
            Specification(self.name, "rsca", exposure, risk, hazard, delta, HEADLINE_FIXED_EFFECTS)
            for delta, exposure, risk, hazard in grid
        ]
        if HEADLINE_HAZARD in hazards:
            found += [
                Specification(
                    self.name,
                    variant.outcome,
                    HEADLINE_EXPOSURE,
                    HEADLINE_RISK,
                    HEADLINE_HAZARD,
                    headline_delta(settings),
                    variant.fixed_effects,
                    name,
                )
                for name, variant in VARIANTS.items()
            ]
        return found

    def fit(
        self,
        panel: pd.DataFrame,
        links: pd.DataFrame,  # noqa: ARG002  (the contract's; this model needs no links)
        specifications: Sequence[Specification],
        settings: Settings,
    ) -> pd.DataFrame:
        """Estimate every specification; see :class:`reeassets.models.contract.Model`."""
        rows = grid_rows(panel, [one for one in specifications if not one.variant], settings, by_stage=True)
        for one in specifications:
            if one.variant:
                rows += robustness_rows(panel, one, settings)
        return as_frame(rows, settings)

    def absorbed(
        self,
        panel: pd.DataFrame,
        links: pd.DataFrame,  # noqa: ARG002
        specification: Specification,
        settings: Settings,
    ) -> tuple[DynamicColumns, list[tuple[Regression, DynamicFit]]] | str:
        """Return columns and fits of one specification; see :class:`reeassets.models.contract.LeastSquares`."""
        return examined(panel, specification, settings, by_stage=True)


RCA_GROWTH = RcaGrowth()
