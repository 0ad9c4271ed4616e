"""Totals by hand: codes that share an ISO3 are one country, and nothing is lost without being counted."""

import duckdb
import pandas as pd
import pytest

from reeassets.trade import totals
from reeassets.trade.economies import economies


@pytest.fixture
def files(tmp_path):
    # 276 and 280 are both Germany; 999 is in no country table.
    raw = pd.DataFrame(
        [
            (2000, 276, 156, "850511", 10.001, 1.0),
            (2000, 280, 156, "850511", 0.1, None),
            (2000, 156, 276, "850511", 7.0, None),
            (2000, 276, 280, "850511", 3.0, None),
            (2000, 999, 156, "850511", 5.0, None),
            (2000, 156, 276, "260600", 2.5, 4.0),
        ],
        columns=["year", "exporter_code", "importer_code", "product", "value_kusd", "quantity_t"],
    )
    countries = pd.DataFrame(
        {"country_code": [276, 280, 156], "iso3": ["DEU", "DEU", "CHN"], "country_name": ["Germany", "GDR", "China"]}
    )
    raw.to_parquet(tmp_path / "raw.parquet")
    economies(countries, []).to_parquet(tmp_path / "economies.parquet")
    return tmp_path / "raw.parquet", tmp_path / "economies.parquet"


@pytest.fixture
def connection():
    with duckdb.connect(":memory:") as connection:
        yield connection


def test_country_totals_are_over_all_products(files, connection):
    table = totals.country_totals(connection, *files, "set only").set_index("country")
    assert table.loc["CHN", ["exports_kusd", "imports_kusd"]].tolist() == [9.5, 10.101]
    assert table.loc["DEU", ["exports_kusd", "imports_kusd"]].tolist() == [10.101, 9.5]
    assert set(table["basis"]) == {"set only"}


def test_product_totals(files, connection):
    table = totals.product_totals(connection, *files, "set only").set_index("product")["value_kusd"]
    assert table.to_dict() == {"850511": 17.101, "260600": 2.5}


def test_every_row_that_is_not_used_is_counted_with_its_reason(files, connection):
    assert totals.unaccounted_flows(connection, *files) == {
        "unknown_country": 1,
        "within_country": 1,
        "within_economy": 0,
    }
