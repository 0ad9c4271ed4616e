"""What domestic supply rests on: the table of entrepots, and what is mined."""

import pandas as pd
import pytest

from reeassets.indicators import supply
from reeassets.indicators.schema import PRODUCTION, REEXPORT_SHARES
from reeassets.indicators.supply import domestic_supply, production_value, reexport_shares
from reeassets.settings import Settings
from reeassets.trade import production
from reeassets.trade.given import GivenFileError
from reeassets.trade.production import mined_oxides

HEADER = "country,share,source\n"


def settings(tmp_path, **values):
    return Settings(home=tmp_path / "home", **values)


def written(tmp_path, text):
    path = tmp_path / "given.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_recorded_entrepots_have_sources_and_the_order_one_expects(tmp_path):
    table = REEXPORT_SHARES.check(
        reexport_shares(settings(tmp_path), ["HKG", "MAC", "NLD", "SGP", "BEL", "DEU", "CHN"])
    )
    share = table.set_index("country")["share"]
    assert set(share.index) == {"HKG", "MAC", "NLD", "SGP", "BEL"}
    assert share["HKG"] > share["MAC"] > share["SGP"] > share["BEL"] > 0
    assert table["source"].str.contains("http").all()


def test_none_all_and_a_file(tmp_path):
    countries = ["CHN", "DEU"]
    assert REEXPORT_SHARES.check(reexport_shares(settings(tmp_path, reexports="none"), countries)).empty
    everybody = reexport_shares(settings(tmp_path, reexports="all"), countries).set_index("country")["share"]
    assert everybody.to_dict() == {"CHN": 1.0, "DEU": 1.0}
    path = written(tmp_path, HEADER + "DEU,0.25,an office\nFRA,0.5,an office\n")
    given = REEXPORT_SHARES.check(reexport_shares(settings(tmp_path, reexports=path), countries))
    assert given.set_index("country")["share"].to_dict() == {"DEU": 0.25}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Germany,0.1,x\n", "line 2: country 'Germany' is no code"),
        ("DEU,1.5,x\n", "line 2: share '1.5' is not a number in"),
        ("DEU,much,x\n", "line 2: share 'much' is not a number in"),
        ("DEU,0.1,\n", "line 2: no source"),
        ("DEU,0.1,x\nDEU,0.2,x\n", "line 3: DEU stands twice"),
    ],
)
def test_a_broken_file_is_refused_with_the_line(tmp_path, text, message):
    with pytest.raises(GivenFileError, match=message):
        reexport_shares(settings(tmp_path, reexports=written(tmp_path, HEADER + text)), ["DEU"])


def test_a_code_of_no_country_is_not_left_out_without_a_word(tmp_path):
    economies = pd.DataFrame({"country": ["DEU", "S19", "HKG"], "economy": ["EUU", "S19", "HKG"]})
    shares = settings(tmp_path, reexports=written(tmp_path, HEADER + "HKG,0.9,mine\nHKK,0.9,mine\n"))
    with pytest.raises(GivenFileError, match=r"there is no country HKK$"):
        supply.require_known_countries(shares, economies)
    mined = tmp_path / "mined.csv"
    mined.write_text("year,country,reo_t\n2023,TWN,5\n")
    with pytest.raises(GivenFileError, match=r"mined\.csv: there is no country TWN; TWN is S19 in these data"):
        production.require_known_countries(settings(tmp_path, production=str(mined)), economies)
    known = settings(tmp_path, reexports=written(tmp_path, HEADER + "EUU,0.9,mine\nDEU,0.1,mine\n"))
    supply.require_known_countries(known, economies)
    # The recorded tables may name more countries than a source has.
    supply.require_known_countries(settings(tmp_path), economies)
    production.require_known_countries(settings(tmp_path), economies)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(GivenFileError, match=r"gone\.csv: there is no such file; the setting reexports"):
        reexport_shares(settings(tmp_path, reexports=str(tmp_path / "gone.csv")), ["DEU"])
    with pytest.raises(GivenFileError, match=r"gone\.csv: there is no such file; the setting production"):
        mined_oxides(settings(tmp_path, production=str(tmp_path / "gone.csv")), 2020)


def test_mined_oxides_of_the_survey(tmp_path):
    mined = mined_oxides(settings(tmp_path), 2023).set_index("country")
    # China's quota was 255,000 t in 2023, and Myanmar was the second.
    assert mined.loc["CHN", "reo_t"] == 255_000
    assert mined["reo_t"].sort_values().index[-2] == "MMR"
    assert mined["source"].str.contains("British Geological Survey").all()
    assert mined_oxides(settings(tmp_path), 1990).empty
    assert mined_oxides(settings(tmp_path, production="none"), 2023).empty


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("23,CHN,5", "line 2: year '23' is not a year"),
        ("2023,China,5", "line 2: country 'China' is no code"),
        ("2023,CHN,-5", "line 2: reo_t '-5' is not an amount of tonnes"),
        ("2023,CHN,5\n2023,CHN,5", "line 3: CHN in 2023 stands twice"),
    ],
)
def test_a_broken_file_of_production_is_refused(tmp_path, row, message):
    path = written(tmp_path, f"year,country,reo_t\n{row}\n")
    with pytest.raises(GivenFileError, match=message):
        mined_oxides(settings(tmp_path, production=path), 2023)


def test_production_is_valued_at_the_years_unit_values_and_split_between_the_codes():
    mined = pd.DataFrame({"country": ["CHN", "FRA", "DEU"], "reo_t": [100.0, 5.0, 15.0], "source": "survey"})
    economies = pd.DataFrame({"country": ["CHN", "FRA", "DEU"], "economy": ["CHN", "EUU", "EUU"]})
    units = pd.DataFrame({"product": ["284690", "284610", "850511"], "unit_value_usd_kg": [20.0, None, 9.0]})
    table = PRODUCTION.check(production_value(mined, units, economies, 2023)).set_index("country")
    # Cerium's unit value is not known: its 40 % of the tonnes have no value.
    assert set(table["product"]) == {"284690"}
    assert table["reo_t"].to_dict() == {"CHN": 60.0, "EUU": 12.0}
    assert table["production_kusd"].to_dict() == {"CHN": 1200.0, "EUU": 240.0}
    assert PRODUCTION.check(production_value(mined.head(0), units, economies, 2023)).empty


def test_domestic_supply_is_what_is_exported_and_not_reexported_and_at_least_what_is_mined():
    import numpy as np

    imports, exports = np.array([10.0, 10.0, 0.0, 50.0]), np.array([40.0, 40.0, 0.0, 20.0])
    made = domestic_supply(imports, exports, np.array([0.0, 1.0, 0.0, 0.5]), np.array([0.0, 0.0, 7.0, 25.0]))
    assert made.tolist() == [40.0, 30.0, 7.0, 25.0]
