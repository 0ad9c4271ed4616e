"""The story of the rare earths: world trade, unit values, suppliers along the chain, by hand and on the sample."""

import pandas as pd
import pytest

from reeassets.report import rare_earths

NAMES = {"CHN": "China", "MMR": "Myanmar"}
MEMBERS = pd.DataFrame({"product": ["284690", "280530", "850511", "260600"]})


def exports(*rows):
    return pd.DataFrame(rows, columns=["year", "country", "product", "exports_kusd"])


def values(*rows):
    columns = ["year", "product", "value_kusd", "value_with_quantity_kusd", "quantity_t"]
    return pd.DataFrame(rows, columns=columns)


INDICATORS = exports(
    (2007, "CHN", "284690", 900.0),
    (2007, "MMR", "284690", 100.0),
    (2011, "CHN", "284690", 2000.0),
    (2023, "CHN", "284690", 1000.0),
    (2023, "MMR", "284690", 3000.0),
    (2007, "CHN", "850511", 500.0),
    (2023, "CHN", "850511", 700.0),
)
VALUES = values(
    (2007, "284690", 1000.0, 800.0, 80.0),
    (2011, "284690", 2000.0, 1500.0, 20.0),
    (2023, "284690", 4000.0, 4000.0, 200.0),
    (2007, "850511", 500.0, 0.0, 0.0),
    (2023, "850511", 700.0, 300.0, 10.0),
    (2023, "260600", 9e9, 9e9, 1.0),
)


def test_the_chain_by_hand():
    compounds, magnets = rare_earths.chain(MEMBERS, INDICATORS, VALUES)
    assert (compounds.name, compounds.products, compounds.years) == ("compounds", ("284690",), (2007, 2023))
    assert compounds.unit_values.to_dict() == {2007: 10.0, 2011: 75.0, 2023: 20.0}
    assert compounds.peak == (2011, 75.0)
    assert compounds.risen == "MMR"
    assert compounds.suppliers(2023) == "MMR 75%, CHN 25%"
    # Less than half of the value of magnets has a quantity.
    assert magnets.unit_values.isna().all()
    assert magnets.peak is None


def test_what_is_said():
    said = " ".join(rare_earths.sentences(rare_earths.chain(MEMBERS, INDICATORS, VALUES), NAMES))
    assert "compounds (284690) was US$ 0.00 billion in 2023 after 0.00 billion in 2007" in said
    assert "A kilogram cost US$ 10 in 2007, 75 in 2011, 20 in 2023." in said
    assert "Myanmar gained most: 10% of world exports in 2007, 75% in 2023." in said


def test_rows_have_the_ends_and_the_peak():
    compounds, magnets = rare_earths.rows(rare_earths.chain(MEMBERS, INDICATORS, VALUES))
    assert compounds["unit_value"] == "2007: 10; 2011: 75; 2023: 20"
    assert compounds["suppliers"] == "2007: CHN 90%, MMR 10%; 2023: MMR 75%, CHN 25%"
    assert magnets["unit_value"] == "quantities not known"


def test_one_year_has_no_change_to_tell():
    links = rare_earths.chain(MEMBERS, INDICATORS[INDICATORS["year"] == 2023], VALUES[VALUES["year"] == 2023])
    said = " ".join(rare_earths.sentences(links, NAMES))
    assert "after" not in said
    assert "gained" not in said
    assert rare_earths.rows(links)[0]["suppliers"] == "2023: MMR 75%, CHN 25%"


def test_a_set_without_these_codes_has_no_story():
    assert rare_earths.chain(pd.DataFrame({"product": ["260600"]}), INDICATORS, VALUES) == []
    assert rare_earths.unit_values([]).empty


def test_links_between_codes_of_the_chain_alone_are_named():
    links = rare_earths.chain(MEMBERS, INDICATORS, VALUES)
    rows = [("284690", "850511", True), ("260600", "850511", True), ("850511", "284690", False)]
    table = pd.DataFrame(rows, columns=["input", "output", "carried"])
    assert rare_earths.carried_links(links, table) == [("284690", "850511")]


def test_suppliers_with_the_highest_share_in_any_year_are_drawn_and_others_are_the_rest():
    (compounds, _) = rare_earths.chain(MEMBERS, INDICATORS, VALUES)
    shares, others = rare_earths.suppliers(compounds, count=1)
    assert list(shares.columns) == ["CHN"]
    assert others.tolist() == pytest.approx([0.1, 0.0, 0.75])


def test_the_sample_shows_myanmars_rise_and_the_chain_to_magnets(warehouse):
    members = warehouse.execute("select product from classified_products where in_set").df()
    indicators = warehouse.execute("select year, country, product, exports_kusd from product_indicators").df()
    compounds, metals, magnets = rare_earths.chain(
        members, indicators, warehouse.execute("select * from unit_values").df()
    )
    assert compounds.risen == "MMR"
    assert compounds.shares.loc[2023, "MMR"] == pytest.approx(0.41, abs=0.02)
    assert metals.suppliers(2023).startswith("CHN 39%, AUS 24%, VNM 19%")
    assert magnets.suppliers(2023).startswith("CHN 6")
    links = rare_earths.carried_links([compounds, metals, magnets], warehouse.execute("select * from io_links").df())
    assert {("284690", "280530"), ("280530", "850511")} <= set(links)
