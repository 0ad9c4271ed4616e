"""The built-in hazards: values, the rule for what the World Bank does not rate, and what a value rests on."""

import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.contract import Hazard
from reeassets.indicators.hazards import (
    MARKET_POWER,
    POLITICAL_STABILITY,
    UNIFORM,
    WGI_FILE,
    PoliticalStability,
    hazard_coverage,
    hazard_table,
    of_economies,
)
from reeassets.indicators.schema import SUPPLIER_HAZARDS
from reeassets.settings import Settings
from reeassets_tests.indicators.builders import FixedHazard, P, Q, network

RANKS = """iso3,country,year,pv_estimate,pv_stderr,pv_percentile_rank
AAA,Aland,1996,0,0,10
AAA,Aland,1998,0,0,20
AAA,Aland,2000,0,0,100
NAM,Namibia,2005,0,0,70
TWN,Taiwan,2000,0,0,0
"""


@pytest.fixture
def stability(tmp_path):
    path = tmp_path / "ranks.csv"
    path.write_text(RANKS)
    return PoliticalStability(lambda: path)


def test_uniform():
    assert isinstance(UNIFORM, Hazard)
    np.testing.assert_array_equal(UNIFORM.hazard(2010, ["AAA", "BBB"]), [0.1, 0.1])
    asked = UNIFORM.under(Settings(home="unused", hazard_uniform=0.3))
    np.testing.assert_array_equal(asked.hazard(2010, ["AAA"]), [0.3])
    assert UNIFORM.data_files() == []
    assert hazard_coverage(UNIFORM, 2010, ["AAA"])["basis"].tolist() == ["constant"]


@pytest.mark.parametrize(
    ("country", "year", "hazard", "basis"),
    [
        ("AAA", 1998, 0.8, "rank of the year"),
        ("AAA", 2000, 0.0, "rank of the year"),
        # 1997 lies between 1996 (rank 10) and 1998 (rank 20): the earlier one counts.
        ("AAA", 1997, 0.9, "rank of the nearest earlier year"),
        ("AAA", 2023, 0.0, "rank of the nearest earlier year"),
        ("NAM", 2000, 0.3, "rank of the nearest later year"),
        ("S19", 2000, 1.0, "rank of the year"),
        ("XYZ", 2000, 0.5, "median rank"),
    ],
)
def test_political_stability(stability, country, year, hazard, basis):
    coverage = stability.coverage(year, [country])
    assert coverage.iloc[0].to_dict() == {"country": country, "hazard": pytest.approx(hazard), "basis": basis}
    np.testing.assert_array_equal(stability.hazard(year, [country]), coverage["hazard"])


def test_the_order_is_that_of_the_countries(stability):
    assert stability.coverage(2000, ["XYZ", "S19", "AAA"])["hazard"].tolist() == [0.5, 1.0, 0.0]
    assert len(stability.coverage(2000, [])) == 0


@pytest.mark.parametrize(
    "rows", ["AAA,Aland,1998,0,0,101\n", "AAA,Aland,1998,0,0,-1\n", "AAA,Aland,1998,0,0,5\nAAA,Aland,1998,0,0,6\n"]
)
def test_a_broken_file_is_an_error(tmp_path, rows):
    path = tmp_path / "broken.csv"
    path.write_text(RANKS.splitlines()[0] + "\n" + rows)
    with pytest.raises(ValueError, match=r"broken.csv: a percentile rank is outside \[0, 100\] or"):
        PoliticalStability(lambda: path).hazard(1998, ["AAA"])


def test_the_bundled_ranks():
    assert isinstance(POLITICAL_STABILITY, Hazard)
    assert [path.name for path in POLITICAL_STABILITY.data_files()] == [WGI_FILE]
    coverage = POLITICAL_STABILITY.coverage(2007, ["ABW", "S19", "NAM", "R20"]).set_index("country")
    # Aruba's percentile rank of 2007 in the file is 96.61835479736328.
    assert coverage.loc["ABW", "hazard"] == pytest.approx(0.0338164520263672, abs=1e-12)
    assert coverage["basis"].tolist() == ["rank of the year"] * 3 + ["median rank"]
    assert POLITICAL_STABILITY.coverage(1999, ["ABW", "NOR"])["basis"].tolist() == [
        "rank of the nearest later year",
        "rank of the nearest earlier year",
    ]


def test_a_hazard_that_does_not_tell_what_it_rests_on():
    coverage = hazard_coverage(FixedHazard({"AAA": 0.25}), 2010, ["AAA"])
    assert coverage.iloc[0].to_dict() == {"country": "AAA", "hazard": 0.25, "basis": "as given"}


def members(*rows):
    frame = pd.DataFrame(rows, columns=["economy", "country", "exports_kusd"])
    return frame.assign(year=2010, imports_kusd=1.0, inside_kusd=5.0)


def test_a_merged_economy_has_the_export_weighted_mean_of_its_members():
    given = FixedHazard({"AAA": 0.2, "BBB": 0.6, "CCC": 1.0, "DDD": 0.4})
    merged = of_economies(given, members(("EU1", "AAA", 30.0), ("EU1", "BBB", 10.0), ("EU1", "CCC", 0.0)))
    coverage = merged.coverage(2010, ["DDD", "EU1"])
    # (30 * 0.2 + 10 * 0.6) / 40
    assert coverage["hazard"].tolist() == [0.4, pytest.approx(0.3)]
    assert coverage["basis"].tolist() == ["as given", "mean of the members"]
    assert (merged.name, merged.data_files()) == ("fixed", [])
    assert isinstance(merged, Hazard)


def test_where_no_member_exports_it_is_the_plain_mean():
    given = FixedHazard({"AAA": 0.2, "BBB": 0.6})
    merged = of_economies(given, members(("EU1", "AAA", 0.0), ("EU1", "BBB", 0.0)))
    assert merged.hazard(2010, ["EU1"]).tolist() == [pytest.approx(0.4)]
    assert merged.hazard(2010, []).tolist() == []


def test_without_merged_economies_it_is_the_hazard_itself():
    assert of_economies(UNIFORM, members()) is UNIFORM


def test_the_table_has_a_row_per_country_or_per_pair_where_the_hazard_differs_by_product():
    net = network([("AAA", "BBB", P, 60.0), ("BBB", "CCC", Q, 20.0)])

    def unasked():
        raise AssertionError("a hazard of countries needs no network")

    plain = SUPPLIER_HAZARDS.check(hazard_table(UNIFORM, 2010, ["AAA", "BBB"], unasked))
    assert plain[["country", "hazard", "source"]].to_numpy().tolist() == [
        ["AAA", 0.1, "uniform: constant"],
        ["BBB", 0.1, "uniform: constant"],
    ]
    assert plain["product"].isna().all()
    assert SUPPLIER_HAZARDS.check(hazard_table(POLITICAL_STABILITY, 2010, [], unasked)).empty
    by_pair = SUPPLIER_HAZARDS.check(hazard_table(MARKET_POWER, 2010, net.countries, lambda: net))
    found = by_pair.set_index(["country", "product"])["hazard"].to_dict()
    assert found == {("AAA", P): 1.0, ("BBB", P): 0.0, ("BBB", Q): 1.0, ("CCC", Q): 0.0}
    with pytest.raises(TypeError, match="differs by product"):
        MARKET_POWER.hazard(2010, ["AAA"])
