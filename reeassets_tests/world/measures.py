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

    ``rsca[t+1] - rho rsca[t] - b exposure[t] - r risk[t] - country effect``, minus its median over the countries of a
    product and year: what is left of a world without noise and links is the rounding of values.
    """
    stage = {row["product"]: row["stage"] for row in truth["products"]}
    effect = {row["country"]: row["effect"] for row in truth["countries"]}
    wide = {
        name: indicators.pivot(index="year", columns=["product", "country"], values=name)
        for name in ("rsca", "exposure", "systemic_trade_risk")
    }
    now, following = wide["rsca"].iloc[:-1].to_numpy(), wide["rsca"].iloc[1:].to_numpy()
    columns = wide["rsca"].columns
    slope = {
        name: np.array([truth["effects"][f"{name}.{stage[product]}"] for product, _ in columns])
        for name in ("exposure", "risk")
    }
    expected = truth["effects"]["rho"] * now
    expected = expected + slope["exposure"] * wide["exposure"].iloc[:-1].to_numpy()
    expected = expected + slope["risk"] * wide["systemic_trade_risk"].iloc[:-1].to_numpy()
    expected = expected + np.array([effect[country] for _, country in columns])
    left = pd.DataFrame(following - expected, columns=columns).T
    return (left - left.groupby(level="product").transform("median")).to_numpy()
