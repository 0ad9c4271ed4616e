"""What the platform measures in a generated world, and the law of motion checked against its truth alone."""

import numpy as np
import pandas as pd

from reeassets.indicators.advantage import RCA, RSCA
from reeassets.indicators.compute import indicator_variants, product_indicators
from reeassets.indicators.concentration import SUPPLIER_CONCENTRATION
from reeassets.indicators.exposure import EXPOSURE
from reeassets.indicators.hazards import POLITICAL_STABILITY
from reeassets.indicators.influence import INFLUENCE
from reeassets.indicators.supply import reexport_shares
from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings

SETTINGS = Settings(model_deltas=(1,), cluster_n_init=10)
INDICATORS = [EXPOSURE, SUPPLIER_CONCENTRATION, SYSTEMIC_TRADE_RISK, INFLUENCE, RCA, RSCA]
NO_LINKS = pd.DataFrame(
    {
        "input": pd.Series(dtype="str"),
        "output": pd.Series(dtype="str"),
        "in_network": pd.Series(dtype="bool"),
        "weight": pd.Series(dtype="float64"),
    }
)


def measured(flows, country_totals, product_totals):
    """Return product_indicators and indicator_variants of all years."""
    indicators, variants = [], []
    for year in sorted(country_totals["year"].unique()):
        frames = [frame[frame["year"] == year] for frame in (flows, country_totals, product_totals)]
        shares = reexport_shares(SETTINGS, sorted(frames[1]["country"]))
        network = YearNetwork.build(*frames, NO_LINKS, POLITICAL_STABILITY, SETTINGS, shares)
        indicators.append(product_indicators(network, INDICATORS))
        variants.append(indicator_variants(network, [POLITICAL_STABILITY]))
    return pd.concat(indicators, ignore_index=True), pd.concat(variants, ignore_index=True)


def departures(indicators: pd.DataFrame, truth: dict) -> np.ndarray:
    """Return how far each pair's index is from the law of motion, apart from what a product's countries share.

    ``rsca[t+1] - rho rsca[t] - b exposure[t] - r risk[t] - s concentration[t] - country effect``, minus its mean over
    the pair's years where pairs have effects, and minus what the countries of a product and year share: what is left of
    a world without noise, links and a common factor is the rounding of values. Only pairs that export in both years
    count, and with pair effects only those that export in every year; all others are NaN.
    """
    stage = {row["product"]: row["stage"] for row in truth["products"]}
    effect = {row["country"]: row["effect"] for row in truth["countries"]}
    columns = {"exposure": "exposure", "risk": "systemic_trade_risk", "concentration": "supplier_concentration"}
    wide = {
        name: indicators.pivot(index="year", columns=["product", "country"], values=name)
        for name in ("rsca", *columns.values())
    }
    now, following = wide["rsca"].iloc[:-1].to_numpy(), wide["rsca"].iloc[1:].to_numpy()
    pairs = wide["rsca"].columns
    expected = truth["effects"]["rho"] * now + np.array([effect[country] for _, country in pairs])
    for name, column in columns.items():
        slope = np.array([truth["effects"][f"{name}.{stage[product]}"] for product, _ in pairs])
        expected = expected + slope * wide[column].iloc[:-1].to_numpy()
    left = pd.DataFrame(following - expected, columns=pairs).T
    left = left.where(((now > -1) & (following > -1)).T)
    if truth["effects"]["pair_effects"] > 0:
        left = left.dropna()
        left = left.sub(left.mean(axis=1), axis=0)
    return (left - left.groupby(level="product").transform("median")).to_numpy()
