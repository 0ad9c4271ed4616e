"""From the tables of a year to its network: what every asset and command that needs one reads, and how."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from reeassets.indicators.contract import Hazard, configured_hazard
from reeassets.indicators.hazards import NOBODY, of_economies
from reeassets.indicators.year_network import YearNetwork
from reeassets.networks.schema import IO_LINKS
from reeassets.products.carried import set_totals
from reeassets.settings import Settings

# What flows, supply and origins rest on: neither links nor hazards.
TRADE = ("trade_flows", "reexport_shares", "production")
TABLES = ("trade_flows", "country_totals", "io_links", "economy_members", "reexport_shares", "production")
Read = Callable[[str], pd.DataFrame]


def network_of(read: Read, settings: Settings, hazard: Hazard | None = None) -> YearNetwork:
    """Build the network of a year from the store.

    Parameters
    ----------
    read : callable
        From the name of one of :data:`TABLES` to its rows of the year.
    settings : Settings
        Configuration.
    hazard : Hazard, optional
        Hazard of countries; by default the configured one. Merged economies get the mean of their members.

    Raises
    ------
    PluginError
        If the configured hazard is missing or broken.
    ValueError
        As :meth:`reeassets.indicators.year_network.YearNetwork.build`.
    """
    flows = read("trade_flows")
    return YearNetwork.build(
        flows,
        read("country_totals"),
        set_totals(flows),
        read("io_links"),
        of_economies(configured_hazard(settings) if hazard is None else hazard, read("economy_members")),
        settings,
        read("reexport_shares"),
        read("production"),
    )


def trade_of(read: Read, settings: Settings) -> YearNetwork:
    """Build a network of a year that holds trade alone: without links, hazards and totals over all goods.

    Parameters
    ----------
    read : callable
        From the name of one of :data:`TRADE` to its rows of the year.
    settings : Settings
        Configuration.

    Raises
    ------
    ValueError
        As :meth:`reeassets.indicators.year_network.YearNetwork.build`.
    """
    flows = read("trade_flows")
    trading = pd.concat([flows["exporter"], flows["importer"]]).unique()
    no_totals = pd.DataFrame({"country": pd.array(trading, dtype="str")})
    return YearNetwork.build(
        flows,
        no_totals.assign(year=flows["year"].max(), exports_kusd=np.nan, imports_kusd=np.nan),
        set_totals(flows),
        IO_LINKS.empty(),
        NOBODY,
        settings,
        read("reexport_shares"),
        read("production"),
    )
