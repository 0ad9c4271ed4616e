"""The recorded list of flows that are another good: what is in force in a year, and what is refused."""

import pytest

from reeassets.products.other_goods import of_year, read_other_goods
from reeassets.products.ree168 import REE168
from reeassets.trade.bundled import bundled_file
from reeassets.trade.given import GivenFileError
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table

HEADER = "product,exporter,first_year,last_year,good,reason,source\n"
REST = "spodumene,mines it,a survey"


def written(tmp_path, *rows):
    path = tmp_path / "others.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_is_in_force_from_its_first_to_its_last_year(tmp_path):
    rows = (f"253090,AUS,2002,,{REST}", f"253090,NAM,2018,2018,{REST}", f"253090,NAM,2022,2023,{REST}")
    listed = read_other_goods(written(tmp_path, *rows))

    def countries(year):
        return of_year(listed, year)["country"].to_pylist()

    assert countries(2001) == []
    assert countries(2017) == ["AUS"]
    assert countries(2018) == ["AUS", "NAM"]
    assert countries(2023) == ["AUS", "NAM"]
    assert countries(2024) == ["AUS"]
    assert of_year(None, 2023).num_rows == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"25309,AUS,2002,,{REST}", "line 2: product '25309' is none"),
        (f"253090,Aus,2002,,{REST}", "line 2: exporter 'Aus' is none"),
        (f"253090,AUS,02,,{REST}", "line 2: first_year '02' is none"),
        (f"253090,AUS,2002,2001,{REST}", "line 2: last_year '2001' is no year from first_year on"),
        (f"253090,AUS,2002,now,{REST}", "line 2: last_year 'now' is no year"),
        ("253090,AUS,2002,,spodumene,,a survey", "line 2: no reason"),
        ("253090,AUS,2002,,spodumene,mines it,", "line 2: no source"),
        (
            f"253090,AUS,2002,2010,{REST}\n253090,AUS,2010,,{REST}",
            "line 3: 253090 of AUS is listed for one of its years",
        ),
    ],
)
def test_what_does_not_say_which_flows_and_why_is_refused(tmp_path, row, message):
    with pytest.raises(GivenFileError, match=message):
        read_other_goods(written(tmp_path, row))


def test_the_recorded_list_is_of_countries_and_of_one_product_of_the_set():
    listed = read_other_goods(REE168.other_goods())
    assert set(listed["exporter"]) <= set(read_country_table(bundled_file(COUNTRY_TABLE))["iso3"])
    assert set(listed["product"]) == {"253090"}
    assert "AUS" in of_year(listed, 2023)["country"].to_pylist()
    assert len(listed) >= 4
