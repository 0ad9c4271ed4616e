import numpy as np
import pandas as pd
import pytest

from reeassets.models.event_panel import Measure, event_rows, exposure, importer_outcomes, measures_of
from reeassets_tests.models.made_events import measure_rows

MEASURE = Measure("stop", "CHN", "all", 2010, ("284690",))


def flows(*rows):
    columns = ["year", "exporter", "importer", "product", "value_kusd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns)


def indicators(*rows):
    return pd.DataFrame(rows, columns=["year", "country", "product", "rsca"]).astype({"rsca": float})


def outcomes(shares, countries=("DEU",), product="284690"):
    """Importers whose share bought from CHN is the given one in each year; nothing else is known."""
    rows = [(country, product, year, 1.0, 2.0, 0.0, share) for country in countries for year, share in shares.items()]
    return pd.DataFrame(
        rows, columns=["country", "product", "year", "log_imports", "log_unit_value", "rsca", "import_share"]
    )


def test_outcomes_by_hand():
    found = importer_outcomes(
        flows(
            (2009, "CHN", "DEU", "284690", 300.0, 20.0),
            (2009, "AUS", "DEU", "284690", 100.0, np.nan),
            (2010, "AUS", "DEU", "284690", 50.0, np.nan),
            (2009, "AUS", "CHN", "284690", 50.0, 1.0),
        ),
        indicators((2009, "DEU", "284690", -0.5), (2011, "DEU", "284690", -0.4), (2009, "CHN", "284690", 0.9)),
        "CHN",
    ).set_index(["country", "product", "year"])
    assert list(found.index) == [("DEU", "284690", year) for year in (2009, 2010, 2011)]
    first = found.loc[("DEU", "284690", 2009)]
    # 300,000 US$ for 20,000 kg are 15 US$ per kg: the flow without quantity is in no unit value.
    expected = {"log_imports": np.log(400), "log_unit_value": np.log(15), "rsca": -0.5, "import_share": 0.75}
    assert first.to_dict() == pytest.approx(expected)
    second, third = found.loc[("DEU", "284690", 2010)], found.loc[("DEU", "284690", 2011)]
    assert second["import_share"] == 0
    assert second[["log_unit_value", "rsca"]].isna().all()
    assert third["rsca"] == -0.4
    assert third[["log_imports", "log_unit_value", "import_share"]].isna().all()


def test_exposure_is_the_mean_of_up_to_three_years_before():
    table = outcomes({2006: 1.0, 2007: 0.2, 2009: 0.4, 2010: 0.9})
    assert exposure(table, MEASURE).to_dict() == {("DEU", "284690"): pytest.approx(0.3)}
    assert exposure(outcomes({2006: 1.0, 2010: 0.9}), MEASURE).empty
    assert exposure(outcomes({2009: 1.0}, product="280530"), MEASURE).empty


def test_exposure_to_a_measure_against_one_country_is_that_countrys():
    table = outcomes({2009: 0.4}, countries=("DEU", "JPN"))
    found = exposure(table, Measure("stop", "CHN", "JPN", 2010, ("284690",)))
    assert found.to_dict() == {("DEU", "284690"): 0, ("JPN", "284690"): 0.4}


def test_rows_are_of_the_window_and_of_pairs_with_more_than_a_year():
    table = pd.concat(
        [outcomes(dict.fromkeys(range(2003, 2018), 0.5)), outcomes({2009: 0.1}, countries=("FRA",))], ignore_index=True
    )
    rows = event_rows(table, MEASURE, ["284690"], "log_imports")
    assert rows["country"].unique().tolist() == ["DEU"]
    assert rows["relative_year"].tolist() == list(range(-5, 6))
    assert rows["year"].tolist() == list(range(2005, 2016))
    assert set(rows["exposure"]) == {0.5}
    assert set(rows["outcome"]) == {1.0}
    assert event_rows(table, MEASURE, ["280530"], "log_imports").empty
    assert event_rows(table.assign(rsca=np.nan), MEASURE, ["284690"], "rsca").empty


def test_measures_of_a_table():
    both = pd.concat(
        [measure_rows(("284690", "280530")), measure_rows(("850511",), "2015-01", "JPN", "another")], ignore_index=True
    )
    assert measures_of(both) == [
        Measure("another", "CHN", "JPN", 2015, ("850511",)),
        Measure("stop", "CHN", "all", 2010, ("280530", "284690")),
    ]
