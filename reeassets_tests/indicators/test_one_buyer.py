"""The EU as one buyer: its members merged by hand, and economies that cannot be taken apart."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.inputs import trade_of
from reeassets.indicators.one_buyer import NotSeparable, as_one, members_in, merged_flows
from reeassets.settings import Settings
from reeassets.trade.economies import EU27, EU27_MEMBERS, Group, economies
from reeassets_tests.indicators.builders import P, Q, flow_frame, reexport_frame

COUNTRIES = pd.DataFrame(
    {
        "country_code": [56, 156, 251, 276, 757, 842],
        "iso3": ["BEL", "CHN", "FRA", "DEU", "CHE", "USA"],
        "country_name": ["Belgium", "China", "France", "Germany", "Switzerland", "USA"],
    }
)
FLOWS = [
    ("CHN", "DEU", P, 10.0),
    ("CHN", "FRA", P, 20.0),
    ("USA", "FRA", P, 3.0),
    ("DEU", "FRA", P, 100.0),
    ("FRA", "USA", P, 7.0),
    ("DEU", "USA", Q, 2.0),
    ("CHN", "USA", P, 40.0),
]


def test_the_members_are_the_economies_inside():
    assert members_in(economies(COUNTRIES, [])) == ["BEL", "DEU", "FRA"]
    # A group inside the EU is one of its parts.
    assert members_in(economies(COUNTRIES, [Group("BLX", "", ("BEL", "FRA"))])) == ["BLX", "DEU"]
    assert members_in(economies(COUNTRIES, [EU27])) == []
    assert {"BEL", "DEU", "FRA"} <= set(EU27_MEMBERS)


def test_who_trades_as_one_with_countries_outside_cannot_be_taken_apart():
    with pytest.raises(NotSeparable, match=r"European Union .* ALP has members of it and others"):
        members_in(economies(COUNTRIES, [Group("ALP", "", ("CHE", "FRA"))]))


def test_merging_by_hand():
    frame = flow_frame(FLOWS).assign(quantity_t=[1.0, np.nan, 5.0, 6.0, np.nan, np.nan, 4.0])
    merged = merged_flows(frame, ["BEL", "DEU", "FRA"]).set_index(["exporter", "importer", "product"])
    assert merged["value_kusd"].to_dict() == {
        ("CHN", "EUU", P): 30.0,
        ("USA", "EUU", P): 3.0,
        ("EUU", "USA", P): 7.0,
        ("EUU", "USA", Q): 2.0,
        ("CHN", "USA", P): 40.0,
    }
    quantity = merged["quantity_t"]
    assert quantity["CHN", "EUU", P] == 1.0
    assert np.isnan(quantity["EUU", "USA", P])


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"BEL": 0.5, "CHN": 0.2}, {"CHN": 0.2, "EUU": 0.0}),
        ({"BEL": 0.5, "DEU": 0.25, "FRA": 1.0}, {"EUU": 0.25}),
        (dict.fromkeys(["BEL", "DEU", "FRA", "CHN"], 1.0), {"CHN": 1.0, "EUU": 1.0}),
    ],
)
def test_one_buyer_reexports_the_least_share_of_its_members(shares, expected):
    read = as_one({"reexport_shares": reexport_frame(shares)}.get, ["BEL", "DEU", "FRA"])
    assert read("reexport_shares").set_index("country")["share"].to_dict() == expected


def test_the_network_of_one_buyer():
    production = pd.DataFrame(
        {"year": 2010, "country": ["FRA", "DEU", "USA"], "product": P, "production_kusd": [4.0, 8.0, 16.0]}
    )
    tables = {"trade_flows": flow_frame(FLOWS), "reexport_shares": reexport_frame({}), "production": production}
    net = trade_of(as_one(tables.get, ["BEL", "DEU", "FRA"]), Settings(home="unused"))
    pairs = net.pairs().assign(supply=net.supply, recorded=net.recorded).set_index(["country", "product"])
    assert net.countries == ["CHN", "EUU", "USA"]
    assert pairs.loc[("EUU", P), ["imports_kusd", "exports_kusd", "recorded", "supply"]].tolist() == [33, 7, 12, 45]
    assert pairs.loc[("USA", P), "recorded"] == 16.0
