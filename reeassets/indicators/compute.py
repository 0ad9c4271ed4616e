"""Indicators of a year's network as frames: the configured ones, and their variants for robustness."""

from collections.abc import Sequence

import pandas as pd

from reeassets.indicators.contract import Hazard, Indicator
from reeassets.indicators.exposure import IMPORT_INTENSITY, IMPORT_RELIANCE, TRADE_EXPOSURE
from reeassets.indicators.multi_tier import MULTI_TIER_RISK
from reeassets.indicators.origins import origin_summary
from reeassets.indicators.systemic import INDIRECT_RISK, SYSTEMIC_TRADE_RISK
from reeassets.indicators.year_network import YearNetwork

EXPOSURE_VARIANTS = (TRADE_EXPOSURE, IMPORT_RELIANCE, IMPORT_INTENSITY)
HAZARD_VARIANTS = (SYSTEMIC_TRADE_RISK, INDIRECT_RISK, MULTI_TIER_RISK)


def variant_name(indicator: str, hazard: str) -> str:
    """Return the column of an indicator under a hazard, e.g. ``systemic_trade_risk__uniform``."""
    return f"{indicator}__{hazard}"


def product_indicators(network: YearNetwork, indicators: Sequence[Indicator]) -> pd.DataFrame:
    """Compute the table ``product_indicators`` of a year.

    Parameters
    ----------
    network : YearNetwork
        The year's network.
    indicators : sequence of Indicator
        Which, in the order of the columns; usually :func:`reeassets.indicators.contract.registered_indicators`.

    Returns
    -------
    DataFrame
        ``year, country, product, imports_kusd, exports_kusd``, one column per indicator and those of
        :func:`reeassets.indicators.origins.origin_summary`; one row per pair that trades, sorted by (country, product).

    Raises
    ------
    ValueError
        If an indicator is outside its range or has the wrong shape.
    """
    return with_indicators(network, indicators).assign(**origin_summary(network))


def with_indicators(network: YearNetwork, indicators: Sequence[Indicator]) -> pd.DataFrame:
    """Return :func:`product_indicators` without the columns on origins, which nothing is aggregated from."""
    return network.pairs().assign(**{indicator.name: indicator.evaluate(network) for indicator in indicators})


def indicator_variants(network: YearNetwork, hazards: Sequence[Hazard]) -> pd.DataFrame:
    """Compute the table ``indicator_variants`` of a year: each definition of exposure, each risk under each hazard.

    Parameters
    ----------
    network : YearNetwork
        The year's network, under any hazard.
    hazards : sequence of Hazard
        Which, in the order of the columns; usually :func:`reeassets.indicators.contract.registered_hazards`.

    Returns
    -------
    DataFrame
        ``year, country, product``, the definitions of exposure, and per hazard ``H`` the columns
        ``systemic_trade_risk__H``, ``indirect_risk__H``, ``multi_tier_risk__H``; the rows of ``product_indicators``.
    """
    columns = {indicator.name: indicator.evaluate(network) for indicator in EXPOSURE_VARIANTS}
    for hazard in hazards:
        under = network.with_hazard(hazard)
        columns |= {
            variant_name(indicator.name, hazard.name): indicator.evaluate(under) for indicator in HAZARD_VARIANTS
        }
    return network.pairs()[["year", "country", "product"]].assign(**columns)
