"""Which product is looked at closely, and by whom it is supplied and imported."""

import pandas as pd
import pytest

from reeassets.report import showcase
from reeassets_tests.report import made


def test_magnets_are_chosen_if_they_are_in_the_set():
    table = made.tables()["classified_products"]
    assert showcase.choose(table[table["in_set"]], made.product_indicators()) == showcase.Showcase("850511", "")


def test_else_the_most_traded_input_product_and_it_says_so():
    members = pd.DataFrame({"product": ["000001", "000002", "000003"], "stage": ["upstream", "input", "input"]})
    trade = pd.DataFrame(
        {"product": ["000001", "000002", "000003", "000003"], "imports_kusd": [900.0, 100.0, 60.0, 60.0]}
    )
    chosen = showcase.choose(members, trade)
    assert chosen.product == "000003"
    assert "850511 is not in the product set" in chosen.reason


def test_no_input_product_no_showcase():
    members = pd.DataFrame({"product": ["000001", "000002"], "stage": ["upstream", "input"]})
    trade = pd.DataFrame({"product": ["000001"], "imports_kusd": [900.0]})
    assert showcase.choose(members, trade) is None


def test_suppliers_are_ranked_by_their_mean_influence_and_others_are_the_largest_of_them():
    rows = [(2020, "CHN", 0.3), (2020, "DEU", 0.5), (2020, "USA", 0.2), (2020, "JPN", 0.4)]
    rows += [(2021, "CHN", 0.3), (2021, "USA", 0.7), (2021, "JPN", 0.05), (2022, "CHN", 0.0)]
    table = pd.DataFrame(rows, columns=["year", "country", "influence"]).assign(product="850511")
    influence, others = showcase.supplier_influence(table, "850511", count=2)
    # Means over the years with influence: USA 0.45, CHN 0.3, DEU 0.25 (absent in 2021, which counts as 0), JPN 0.225.
    assert list(influence.columns) == ["USA", "CHN"]
    assert list(influence.index) == [2020, 2021]  # 2022 has no influence at all
    # Losses from different suppliers are no shares of one whole: the largest stands for the others, not their sum.
    assert others.tolist() == [0.5, 0.05]
    everybody, nobody = showcase.supplier_influence(table, "850511", count=4)
    assert list(everybody.columns) == ["USA", "CHN", "DEU", "JPN"]
    assert nobody.tolist() == [0.0, 0.0]


def test_importers_are_ranked_by_their_imports_and_absent_years_stay_absent():
    rows = [(2020, "DEU", 100.0, 0.2), (2021, "DEU", 50.0, 0.4), (2020, "USA", 140.0, 0.5), (2021, "FRA", 0.0, 0.9)]
    table = pd.DataFrame(rows, columns=["year", "country", "imports_kusd", "systemic_trade_risk"])
    risks, world = showcase.importer_risks(table.assign(product="850511"), "850511")
    assert list(risks.columns) == ["DEU", "USA"]
    assert risks["USA"].isna().tolist() == [False, True]
    assert world.tolist() == pytest.approx([(100 * 0.2 + 140 * 0.5) / 240, 0.4])


def test_sentence():
    influence, _ = showcase.supplier_influence(made.product_indicators(), "850511")
    said = showcase.sentence(influence, made.COUNTRIES)
    assert said == "If China alone delivered nothing, 70% of world imports would be lost in 2021 (60% in 2020)."
    assert showcase.sentence(influence.iloc[:0], {}) == ""
