"""What a person calls a country, and filters on what there is not."""

import io
from functools import partial

import duckdb
import pandas as pd
import pytest
from rich.console import Console

from reeassets.console.countries import code_of, resolve_country
from reeassets.console.filters import known, query
from reeassets.console.tables import show_rows
from reeassets.settings import Settings

COUNTRIES = pd.DataFrame(
    [
        (276, "Germany", "DE", "DEU"),
        (280, "Fed. Rep. of Germany", None, "DEU"),
        (490, "Other Asia, nes", None, "S19"),
        (156, "China", "CN", "CHN"),
        (58, "Belgium-Luxembourg", None, "BEL"),
        (56, "Belgium", "BE", "BEL"),
    ],
    columns=["country_code", "country_name", "iso2", "iso3"],
)
ECONOMIES = pd.DataFrame(
    [
        ("BRA", "BRA", "Brazil"),
        ("DEU", "DEU", "Germany"),
        ("S19", "S19", "Other Asia, nes"),
        ("CHN", "CHN", "China"),
        ("BEL", "EUU", "Union"),
    ],
    columns=["country", "economy", "economy_name"],
)


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("DEU", "DEU", []),
        ("deu ", "DEU", []),
        ("euu", "EUU", []),
        ("TWN", "S19", ["TWN is S19 in these data: Other Asia, nes"]),
        ("twn", "S19", ["twn is S19 in these data: Other Asia, nes"]),
        ("Taiwan", "S19", ["Taiwan is S19 in these data: Other Asia, nes"]),
        ("490", "S19", ["490 is S19 in these data: Other Asia, nes"]),
        ("de", "DEU", ["de is DEU in these data: Germany"]),
        ("germany", "DEU", ["germany is DEU in these data: Germany"]),
        ("280", "DEU", ["280 is DEU in these data: Germany"]),
    ],
)
def test_a_country_goes_by_any_of_its_names_and_it_is_said(asked, code, said):
    lines = []
    assert resolve_country(asked, ECONOMIES, COUNTRIES, lines.append) == code
    assert lines == said


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("QQQ", "there is no country 'QQQ'; codes are ISO3, e.g. DEU; there are BRA, CHN, DEU, EUU, S19"),
        ("Germny", "there is no country 'Germny'; is it DEU"),
        ("CNH", "there is no country 'CNH'; is it CHN"),
        ("", "there is no country ''"),
        ("BEL", "BEL is a member of the economy EUU; ask for EUU"),
        ("Belgium", "BEL is a member of the economy EUU; ask for EUU"),
    ],
)
def test_an_unknown_country_is_an_error(asked, message):
    with pytest.raises(ValueError, match=message):
        resolve_country(asked, ECONOMIES, COUNTRIES, pytest.fail)
    assert code_of(asked, ECONOMIES, COUNTRIES, pytest.fail) is None


def test_a_source_that_knows_taiwan_keeps_its_code():
    own = pd.DataFrame([("TWN", "TWN", "Taiwan")], columns=ECONOMIES.columns)
    assert resolve_country("twn", own, COUNTRIES, pytest.fail) == "TWN"


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        connection.register("countries", COUNTRIES)
        connection.register("economies", ECONOMIES)
        connection.execute(
            "create table flows as select * from (values (2021, 'DEU', 'CHN', '850511'), (2023, 'CHN', 'DEU', "
            "'280530')) t(year, exporter, importer, product)"
        )
        connection.execute(
            "create table country_totals as select * from (values (2021, 'DEU'), (2022, 'S19'), (2023, 'EUU')) "
            "t(year, country)"
        )
        connection.execute("create table nomenclature as select unnest(['850511', '850519', '850520']) as product")
        connection.execute(
            "create table classified_products as select * from (values ('850511', true), ('850519', true), "
            "('850520', false)) t(product, in_set)"
        )
        yield connection


COLUMNS = ["year", "exporter", "importer", "product"]


def asked(connection, **filters):
    lines = []
    return known(connection, COLUMNS, "flows", filters, lines.append), lines


def test_what_the_table_has_is_asked_for_as_it_is(warehouse):
    assert asked(warehouse, year=2021, country="chn", product="850511") == (
        {"year": 2021, "country": "CHN", "product": "850511"},
        [],
    )
    assert asked(warehouse, year=None, country=None, product=None)[1] == []
    source, values = query(COLUMNS, "flows", {"year": 2021, "country": "CHN", "product": None})
    assert warehouse.execute(f"select count(*) {source}", values).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("filters", "line"),
    [
        ({"country": "TWN"}, "the table flows has nothing of the country S19, which the data have elsewhere"),
        ({"year": 2022}, "the table flows has nothing of the year 2022, which the data have elsewhere"),
        ({"product": "850519"}, "the table flows has nothing of the product 850519, which the data have elsewhere"),
    ],
)
def test_no_rows_of_what_is_known_are_said(warehouse, filters, line):
    assert asked(warehouse, **filters)[1][-1] == line


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"country": "QQQ"}, "there is no country 'QQQ'"),
        ({"year": 2024}, "there is no year 2024; the table flows has 2021,2023"),
        ({"product": "8505"}, "'8505' is no code of six digits"),
        ({"product": "999999"}, "there is no product '999999' in the nomenclature$"),
        ({"product": "850590"}, "of the heading 8505 it has 850511, 850519, 850520"),
        ({"product": "850520"}, "'850520' is not in the set, .*; the set has 850511, 850519"),
        ({"country": "BRA"}, "the country BRA trades nothing in these data"),
    ],
)
def test_what_is_known_nowhere_is_an_error(warehouse, filters, message):
    with pytest.raises(ValueError, match=message):
        asked(warehouse, **filters)


@pytest.mark.parametrize("csv", [True, False])
def test_filters_that_leave_nothing_together_are_an_error(tmp_path, csv):
    settings = Settings(home=tmp_path)
    settings.warehouse_file.parent.mkdir()
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute(
            "create table about as select 'version' as name, 'V202601' as value union select 'notes', ''"
        )
        connection.execute(
            "create table catalogue as select * from (values ('flows', '', 2, 1), ('none', '', 0, 2)) "
            "t(name, description, rows, position)"
        )
        connection.execute("create table flows as select * from (values (2021, 'DEU'), (2022, 'CHN')) t(year, country)")
        connection.execute("create table none as select * from flows limit 0")
    console = Console(file=io.StringIO(), width=200)
    show = partial(show_rows, settings, console=console, limit=5, csv=csv)
    with pytest.raises(ValueError, match=r"^the table flows has no rows of year 2022, country DEU$"):
        show("flows", {"year": 2022, "country": "DEU", "product": None})
    show("flows", {"year": 2022, "country": "CHN", "product": None})
    # Without a filter nothing is asked for that is not there.
    show("none", {"year": None, "country": None, "product": None})


def test_a_filter_that_fits_no_column_is_an_error(warehouse):
    with pytest.raises(ValueError, match="the table flows has no year; its columns are product"):
        known(warehouse, ["product"], "flows", {"year": 2021}, pytest.fail)
