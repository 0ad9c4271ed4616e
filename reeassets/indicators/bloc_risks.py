"""Systemic risk of the European Union, by both readings of it, and of the United States, against the world's mean."""

import numpy as np
import pandas as pd

from reeassets.indicators.contract import configured_hazard
from reeassets.indicators.hazards import of_economies
from reeassets.indicators.inputs import TRADE, Read, trade_of
from reeassets.indicators.one_buyer import as_one
from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings
from reeassets.trade.economies import EU27_CODE

USA = "USA"
ONE_BUYER, ITS_MEMBERS = "one buyer", "its members"
# What :func:`of_year` reads.
TABLES = (*TRADE, "country_totals", "economy_members")


def of_year(
    read: Read, economies: pd.DataFrame, members: list[str], stages: pd.Series, settings: Settings
) -> pd.DataFrame:
    """Compute the table ``bloc_risks`` of a year: the EU by both readings of it, and the US.

    Parameters
    ----------
    read : callable
        From the name of one of :data:`TABLES` to its rows of the year.
    economies : DataFrame
        Table ``economies``.
    members : list of str
        The economies that make up the EU, see :func:`reeassets.indicators.one_buyer.members_and_words`.
    stages : Series
        Stage by product.
    settings : Settings
        The hazard and ``pass_through`` count.
    """
    hazard = of_economies(configured_hazard(settings), read("economy_members"))
    network = trade_of(read, settings).with_hazard(hazard)
    if not members:
        inside = [EU27_CODE] if EU27_CODE in set(economies["economy"]) else []
        parts = [bloc_risks(network, inside, EU27_CODE, ONE_BUYER)]
    else:
        exports = read("country_totals").set_index("country")["exports_kusd"].reindex(members).fillna(0.0)
        one = pd.DataFrame({"economy": EU27_CODE, "country": members, "exports_kusd": exports.to_numpy()})
        merged = trade_of(as_one(read, members), settings)
        hazard_of_one = of_economies(hazard, one.assign(year=network.year))
        parts = [
            bloc_risks(merged.with_hazard(hazard_of_one), [EU27_CODE], EU27_CODE, ONE_BUYER),
            bloc_risks(network, members, EU27_CODE, ITS_MEMBERS),
        ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(stage=table["product"].map(stages))


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
