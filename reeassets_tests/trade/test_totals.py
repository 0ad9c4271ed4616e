"""Totals by hand: codes that share an ISO3 are one country, and nothing is lost without being counted."""

import duckdb
import pytest

from reeassets.trade import totals
from reeassets.trade.nomenclature import nomenclature

from .raw import write_raw


@pytest.fixture
def files(tmp_path):
    return write_raw(tmp_path)


@pytest.fixture
def connection():
    with duckdb.connect(":memory:") as connection:
        yield connection


def test_country_totals_are_over_all_products(files, connection):
    table = totals.country_totals(connection, *files).set_index("country")
    assert table.loc["CHN", ["exports_kusd", "imports_kusd"]].tolist() == [109.75, 10.101]
    assert table.loc["DEU", ["exports_kusd", "imports_kusd"]].tolist() == [10.101, 109.75]


def test_product_totals(files, connection):
    table = totals.product_totals(connection, *files, "set only").set_index("product")["value_kusd"]
    assert table.to_dict() == {"850511": 17.101, "252810": 2.5, "252890": 1.25, "010110": 99.0}


def test_products_that_the_nomenclature_does_not_have_are_told(files, connection):
    table = totals.product_totals(connection, *files, "whole nomenclature")
    told = totals.outside_nomenclature(table, nomenclature("HS17"))
    # HS17 has 252800 in the place of 252810 and 252890, and no 010110.
    assert told["products_outside_nomenclature"] == 3
    assert told["share_outside_nomenclature"] == pytest.approx(102.75 / 119.851)
    assert totals.outside_nomenclature(table, nomenclature("HS02"))["products_outside_nomenclature"] == 0
    assert totals.outside_nomenclature(table.head(0), nomenclature("HS17"))["share_outside_nomenclature"] == 0


def test_every_row_that_is_not_used_is_counted_with_its_reason(files, connection):
    assert totals.unaccounted_flows(connection, *files) == {
        "unknown_country": 1,
        "within_country": 1,
        "within_economy": 0,
    }
