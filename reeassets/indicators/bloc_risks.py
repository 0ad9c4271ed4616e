"""Systemic risk of the European Union, by both readings of it, and of the United States, against the world's mean."""

import numpy as np
import pandas as pd

from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets.indicators.year_network import YearNetwork

USA = "USA"
ONE_BUYER, ITS_MEMBERS = "one buyer", "its members"


def bloc_risks(network: YearNetwork, members: list[str], code: str, reading: str) -> pd.DataFrame:
    """Compare the risk of two blocs with the world's in every product of a year's network.

    Parameters
    ----------
    network : YearNetwork
        The year's network, with a hazard.
    members : list of str
        Economies that make up the first bloc: one that is merged in the network, or each on its own.
    code : str
        What the first bloc is called.
    reading : str
        How it is read, for the column of that name.

    Returns
    -------
    DataFrame
        Rows of table ``bloc_risks``: for each product that a bloc imports, import-weighted mean risks of the bloc and
        of all economies.
    """
    pairs = network.pairs()[["product", "country"]].assign(
        imports_kusd=network.imports, risk=SYSTEMIC_TRADE_RISK.evaluate(network)
    )
    pairs = pairs[(pairs["imports_kusd"] > 0) & pairs["risk"].notna()]
    pairs["at_risk"] = pairs["imports_kusd"] * pairs["risk"]
    world = pairs.groupby("product")[["imports_kusd", "at_risk"]].sum()
    parts = []
    for bloc, inside in ((code, members), (USA, [USA])):
        own = pairs[pairs["country"].isin(inside)].groupby("product")[["imports_kusd", "at_risk"]].sum()
        whole = world.reindex(own.index)
        part = pd.DataFrame(
            {
                "product": own.index,
                "bloc": bloc,
                "imports_kusd": own["imports_kusd"].to_numpy(),
                "systemic_trade_risk": np.minimum(own["at_risk"] / own["imports_kusd"], 1.0).to_numpy(),
                "world_imports_kusd": whole["imports_kusd"].to_numpy(),
                "world_risk": np.minimum(whole["at_risk"] / whole["imports_kusd"], 1.0).to_numpy(),
            }
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True).assign(year=network.year, reading=reading)
