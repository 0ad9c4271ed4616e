"""The set's trade by hand: countries merged, codes summed, merged codes shared out."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from reeassets.products.carried import (
    concordance_value,
    excluded_flows,
    product_concordance,
    set_totals,
    trade_flows,
    unit_values,
)
from reeassets.products.other_goods import OF_YEAR
from reeassets.products.schema import CONCORDANCE_VALUE, EXCLUDED_FLOWS, PRODUCT_CONCORDANCE, TRADE_FLOWS, UNIT_VALUES
from reeassets_tests.trade.raw import write_raw


@pytest.fixture
def files(tmp_path):
    paths = *write_raw(tmp_path), str(tmp_path / "concordance.parquet")

    def flows(concordance, *others):
        concordance.to_parquet(paths[-1])
        listed = pa.Table.from_pylist([dict(zip(OF_YEAR.names, other, strict=True)) for other in others], OF_YEAR)
        with duckdb.connect(":memory:") as connection:
            kept = TRADE_FLOWS.check(trade_flows(connection, *paths, listed))
            left_out = EXCLUDED_FLOWS.check(excluded_flows(connection, *paths, listed))
        keyed = [
            {tuple(row[1:size]): tuple(row[size:]) for row in table.itertuples(index=False, name=None)}
            for table, size in ((kept, 4), (left_out, 5))
        ]
        return keyed if others else keyed[0]

    return flows


def concordance(*rows):
    frame = pd.DataFrame(rows, columns=["set_product", "product", "relation", "share"])
    return frame.assign(rule="equal", exact=frame["share"] == 1, reason=None).astype({"reason": "str"})


def test_flows_of_codes_that_share_an_iso3_are_summed(files):
    found = files(concordance(("850511", "850511", "1:1", 1.0)))
    assert set(found) == {("CHN", "DEU", "850511"), ("DEU", "CHN", "850511")}
    assert found["DEU", "CHN", "850511"] == (10.101, 1.0)
    value, quantity = found["CHN", "DEU", "850511"]
    assert value == 7.0
    assert pd.isna(quantity)


def test_codes_that_make_up_one_product_are_summed(files):
    found = files(concordance(("252800", "252810", "1:n", 1.0), ("252800", "252890", "1:n", 1.0)))
    assert found == {("CHN", "DEU", "252800"): (3.75, 4.0)}


def test_a_merged_code_gives_each_product_its_share(files):
    found = files(concordance(("000001", "252810", "n:1", 1 / 3), ("000002", "252810", "n:1", 0.5)))
    assert found["CHN", "DEU", "000001"] == pytest.approx((2.5 / 3, 4 / 3), rel=1e-8)
    assert found["CHN", "DEU", "000002"] == pytest.approx((1.25, 2.0), rel=1e-12)


LITHIUM = "spodumene"


def test_flows_that_are_another_good_are_left_out_and_kept_apart(files):
    both = concordance(("850511", "850511", "1:1", 1.0), ("252800", "252810", "n:1", 0.5))
    kept, left_out = files(both, ("252800", "CHN", LITHIUM), ("850511", "FRA", LITHIUM))
    assert set(kept) == {("CHN", "DEU", "850511"), ("DEU", "CHN", "850511")}
    assert left_out == {("CHN", "DEU", "252800", LITHIUM): (1.25, 2.0)}
    # Out of the other country, and in another product, it is no other good.
    kept, left_out = files(both, ("850511", "DEU", LITHIUM))
    assert set(kept) == {("CHN", "DEU", "850511"), ("CHN", "DEU", "252800")}
    # Both of Germany's codes.
    assert left_out == {("DEU", "CHN", "850511", LITHIUM): (10.101, 1.0)}


def test_the_list_names_members_of_a_merged_economy(tmp_path):
    raw, table = write_raw(tmp_path)
    merged = pd.read_parquet(table)
    merged.loc[merged["country"] == "CHN", ["economy", "merged"]] = ["XXA", True]
    merged.to_parquet(table)
    parts = str(tmp_path / "parts.parquet")
    concordance(("850511", "850511", "1:1", 1.0)).to_parquet(parts)
    listed = pa.table([["850511"], ["CHN"], [LITHIUM]], schema=OF_YEAR)
    with duckdb.connect(":memory:") as connection:
        assert excluded_flows(connection, raw, table, parts, listed)["exporter"].tolist() == ["XXA"]
        assert trade_flows(connection, raw, table, parts, listed)["exporter"].tolist() == ["DEU"]


def test_a_product_that_cannot_be_carried_has_no_trade(files):
    lost = concordance(("850511", "850511", "1:1", 1.0), ("000009", None, None, None)).astype({"product": "str"})
    assert {key[2] for key in files(lost)} == {"850511"}


def test_a_set_of_which_nothing_can_be_carried_has_no_trade(files):
    assert files(concordance(("000009", None, None, None)).astype({"product": "str"})) == {}


def test_within_one_revision_every_product_is_itself():
    table = PRODUCT_CONCORDANCE.check(
        product_concordance(["850511", "260600"], "HS17", "HS17", rule="equal", least_share=0.01)
    )
    assert table[["set_product", "product", "share"]].to_numpy().tolist() == [
        ["260600", "260600", 1.0],
        ["850511", "850511", 1.0],
    ]


def test_between_revisions_the_value_each_kind_of_code_touches_is_told():
    table = PRODUCT_CONCORDANCE.check(
        product_concordance(["850511", "252800"], "HS17", "HS07", rule="equal", least_share=0.01)
    )
    totals = pd.DataFrame(
        {"year": 2000, "product": ["850511", "252810", "252890", "010110"], "value_kusd": [6.0, 3.0, 1.0, 90.0]}
    )
    value = CONCORDANCE_VALUE.check(concordance_value(table, totals)).set_index("set_product")
    assert value.loc["850511", ["exact_kusd", "exact_share"]].tolist() == [6.0, 0.6]
    assert value.loc["252800", ["summed_kusd", "summed_share", "split_kusd"]].tolist() == [4.0, 0.4, 0.0]


def test_totals_of_the_set_are_sums_of_its_flows():
    flows = pd.DataFrame({"year": 2000, "product": ["a", "b", "a"], "value_kusd": [1.0, 2.0, 3.0]})
    assert set_totals(flows)["value_kusd"].tolist() == [4.0, 2.0]


def test_a_unit_value_is_over_the_flows_whose_quantity_is_known():
    rows = [
        (2000, "284690", 30.0, 2.0),
        (2000, "284690", 10.0, 2.0),
        (2000, "284690", 99.0, None),
        (2000, "284690", 1.0, 0.0),
        (2000, "850511", 5.0, None),
    ]
    flows = pd.DataFrame(rows, columns=["year", "product", "value_kusd", "quantity_t"])
    table = UNIT_VALUES.check(unit_values(flows)).set_index("product")
    assert table.loc["284690"].to_dict() == {
        "year": 2000,
        "value_kusd": 140.0,
        "value_with_quantity_kusd": 40.0,
        "quantity_t": 4.0,
        "unit_value_usd_kg": 10.0,
    }
    assert pd.isna(table.loc["850511", "unit_value_usd_kg"])
    assert UNIT_VALUES.check(unit_values(flows.head(0))).empty
