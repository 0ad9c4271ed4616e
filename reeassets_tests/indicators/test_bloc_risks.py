"""Risks of blocs against the world's, on a network small enough to add up by hand."""

import pandas as pd
import pytest

from reeassets.indicators.bloc_risks import ITS_MEMBERS, ONE_BUYER, bloc_risks
from reeassets.indicators.dependence_schema import BLOC_RISKS
from reeassets.indicators.systemic import SYSTEMIC_TRADE_RISK
from reeassets_tests.indicators.builders import FixedHazard, network

HAZARD = FixedHazard({"CHN": 0.6, "JPN": 0.1, "DEU": 0.0, "FRA": 0.0, "USA": 0.0})


def test_means_are_weighted_by_imports():
    trade = [
        ("CHN", "DEU", "850511", 30.0),
        ("CHN", "FRA", "850511", 10.0),
        ("JPN", "FRA", "850511", 40.0),
        ("JPN", "USA", "850511", 20.0),
        ("CHN", "USA", "284690", 5.0),
    ]
    built = network(trade, hazard=HAZARD)
    found = bloc_risks(built, ["DEU", "FRA"], "EUU", ITS_MEMBERS)
    BLOC_RISKS.check(found.assign(stage="input"))
    pairs = built.pairs().assign(risk=SYSTEMIC_TRADE_RISK.evaluate(built)).set_index(["product", "country"])["risk"]
    rows = found.set_index(["product", "bloc"])
    eu = (30 * pairs["850511", "DEU"] + 50 * pairs["850511", "FRA"]) / 80
    assert rows.loc[("850511", "EUU"), "systemic_trade_risk"] == pytest.approx(eu)
    assert eu == pytest.approx((40 * 0.6 + 40 * 0.1) / 80)
    world = (80 * eu + 20 * pairs["850511", "USA"]) / 100
    assert rows.loc[("850511", "USA"), ["world_imports_kusd", "world_risk"]].tolist() == pytest.approx([100, world])
    assert rows.loc[("284690", "USA"), ["imports_kusd", "systemic_trade_risk"]].tolist() == pytest.approx([5, 0.6])
    assert ("284690", "EUU") not in rows.index
    assert set(found["reading"]) == {ITS_MEMBERS}


def test_a_bloc_that_is_not_there_has_no_rows():
    built = network([("CHN", "JPN", "850511", 30.0)], hazard=HAZARD)
    assert bloc_risks(built, ["EUU"], "EUU", ONE_BUYER).empty
    assert isinstance(bloc_risks(built, [], "EUU", ONE_BUYER), pd.DataFrame)
