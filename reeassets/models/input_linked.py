"""The model ``input_linked``: whether dependence in a product's inputs goes with its later comparative advantage.

For product ``q`` of country ``c`` the regressors are link-weighted means of the indicators of ``c`` in the inputs of
``q``.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.contract import (
    HEADLINE_EXPOSURE,
    HEADLINE_FIXED_EFFECTS,
    HEADLINE_HAZARD,
    HEADLINE_RISK,
    Specification,
)
from reeassets.models.dynamic import DynamicColumns, DynamicFit
from reeassets.models.frame import examined, grid_rows, known_candidates
from reeassets.models.results import Regression, as_frame
from reeassets.settings import Settings

Floats = NDArray[np.float64]


class InputLinked:
    """Outcome ``rsca`` of ``q`` at ``t + delta``; regressors averaged over the inputs of ``q``.

    The mean runs over the inputs in which the country's indicator is known at ``t`` (it trades the input; for supplier
    concentration, it imports it), with their weights renormalised to 1: a choice of this project. The controls are
    those of ``q`` itself. Effects, sample, correction and errors are those of ``rca_growth``; there are no slopes by
    stage. The grid is the headline exposure and risk, every hazard and delta. Without links there are no rows.
    """

    name = "input_linked"
    description = "Symmetric Balassa index delta years later on the dependence in a product's inputs"

    def specifications(self, settings: Settings, hazards: Sequence[str]) -> list[Specification]:
        """Return hazard x delta for the headline exposure and risk."""
        return [
            Specification(self.name, "rsca", HEADLINE_EXPOSURE, HEADLINE_RISK, hazard, delta, HEADLINE_FIXED_EFFECTS)
            for delta in sorted(settings.model_deltas)
            for hazard in sorted(hazards, key=lambda hazard: (hazard != HEADLINE_HAZARD, hazard))
        ]

    def fit(
        self, panel: pd.DataFrame, links: pd.DataFrame, specifications: Sequence[Specification], settings: Settings
    ) -> pd.DataFrame:
        """Estimate every specification; see :class:`reeassets.models.contract.Model`."""
        linked = over_inputs(panel, links, known_candidates(panel))
        rows = [] if linked.empty else grid_rows(linked, specifications, settings, by_stage=False)
        return as_frame(rows, settings)

    def absorbed(
        self, panel: pd.DataFrame, links: pd.DataFrame, specification: Specification, settings: Settings
    ) -> tuple[DynamicColumns, list[tuple[Regression, DynamicFit]]] | str:
        """Return columns and fit of one specification; see :class:`reeassets.models.contract.LeastSquares`."""
        linked = over_inputs(panel, links, known_candidates(panel))
        if linked.empty:
            return "no product of the panel has an input in the network"
        return examined(linked, specification, settings, by_stage=False)


def over_inputs(panel: pd.DataFrame, links: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Replace columns of each (year, country, product) by their weighted mean over the product's inputs.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.
    links : DataFrame
        The table ``io_links``: ``input``, ``output``, ``in_network``, ``weight``.
    names : sequence of str
        The columns to replace.

    Returns
    -------
    DataFrame
        The panel's rows whose product has an input in the network with positive weight; null where the country's
        indicator is known in none of them.
    """
    inside = links[links["in_network"] & (links["weight"] > 0)]
    traded = panel["product"].to_numpy(str)
    products = np.unique(np.concatenate([traded, inside["input"].to_numpy(str), inside["output"].to_numpy(str)]))
    rows = panel[panel["product"].isin(inside["output"])].reset_index(drop=True)
    if rows.empty:
        return rows
    weights = np.zeros((len(products), len(products)))
    ends = [np.searchsorted(products, inside[end].to_numpy(str)) for end in ("input", "output")]
    weights[ends[0], ends[1]] = inside["weight"].to_numpy(float)
    group = pd.MultiIndex.from_frame(panel[["year", "country"]])
    levels = group.unique()
    from_cell = levels.get_indexer(group), np.searchsorted(products, traded)
    to_cell = (
        levels.get_indexer(pd.MultiIndex.from_frame(rows[["year", "country"]])),
        np.searchsorted(products, rows["product"].to_numpy(str)),
    )
    means: dict[str, Floats] = {}
    for name in names:
        values = np.full((len(levels), len(products)), np.nan)
        values[from_cell] = panel[name].to_numpy(float)
        known = ~np.isnan(values)
        total = (known.astype(float) @ weights)[to_cell]
        summed = (np.where(known, values, 0.0) @ weights)[to_cell]
        means[name] = np.divide(summed, total, out=np.full(len(rows), np.nan), where=total > 0)
    return rows.assign(**means)


INPUT_LINKED = InputLinked()
