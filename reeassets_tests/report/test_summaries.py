"""Rows and sentences of the report's tables."""

import numpy as np
import pytest

from reeassets.report import labels, summaries
from reeassets_tests.report import made, made_models


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.53122, "0.531"), (-0.5, "−0.500"), (12.345, "12.3"), (1234.5, "1,234"), (0.0, "0"), (np.nan, "–"), (None, "–")],
)
def test_number(value, shown):
    assert summaries.number(value) == shown


def test_fixed_has_no_minus_zero():
    assert summaries.fixed(-0.001, 2) == "0.00"


def test_an_interval_has_the_same_decimals_throughout():
    assert summaries.interval(-0.00229, -0.0326, 0.028) == "−0.0023 (−0.0326 to 0.0280)"
    assert summaries.interval(1.0, 0.816, 1.0) == "1.00 (0.82 to 1.00)"
    assert summaries.interval(0.5, np.nan, np.nan) == "0.500"
    assert summaries.interval(np.nan, np.nan, np.nan) == "–"
    assert summaries.interval(0.994, 0.95, 1.0, 2) == "0.99 (0.95 to 1.00)"


def test_probability():
    shown = [summaries.probability(value) for value in (0.00001, 0.0005, 0.0123, np.nan)]
    assert shown == ["<\u00a00.0001", "0.00050", "0.012", "–"]


def test_findings_come_in_the_order_of_the_claims_and_unknown_ones_last():
    rows = summaries.findings_rows(made.tables()["findings"])
    names = [row["claim_id"] for row in rows]
    assert names == ["exposure_higher_in_input", "systemic_risk_lower_in_input", "another_claim"]
    assert [row["place"] for row in rows] == [1, 0, 3]
    assert [row["shown"] for row in rows] == ["0.150 (0.130 to 0.160)", "−0.300 (−0.320 to −0.290)", "–"]
    assert [row["grid"] for row in rows] == ["100% in sign, 50% significantly, 0% significantly contrary"] * 2 + [""]
    said = summaries.findings_sentence(made_models.findings())
    assert said == "Of 3 claims: 1 reproduced, 1 contradicted, 0 inconclusive, 1 not testable on this data."


def test_products_carry_the_trade_of_the_last_year():
    table = made.tables()["classified_products"]
    members = table[table["in_set"]]
    indicators = made.product_indicators()
    indicators.loc[indicators["year"] == 2020, "imports_kusd"] = 1e6
    year, trade = summaries.last_world_trade(indicators)
    assert year == 2021
    rows = summaries.product_rows(members, trade.drop("850131"))
    assert [row["product"] for row in rows] == ["280530", "284690", "850131", "850511"]  # upstream first
    assert [row["trade"] for row in rows] == ["0.410", "0.410", "–", "0.410"]  # 10 + 300 + 100 thousand in 2021
    assert [row["ree"] for row in rows] == ["yes", "yes", "no", "yes"]
    assert rows[0]["agreement"] == "75%"
    said = "4 products: 2 upstream, 2 input, 0 final. Of these, 3 contain rare earths or need them to be made."
    assert summaries.products_sentence(members) == said


def test_links_by_output_and_weight():
    links = made.tables()["io_links"]
    rows = summaries.link_rows(links, made.NAMES)
    assert [(row["input"], row["output"], row["weight"]) for row in rows] == [
        ("284690", "280530", "100%"),
        ("280530", "850511", "75%"),
        ("284690", "850511", "25%"),
    ]
    assert rows[0]["votes"] == "2 of 3"
    said = summaries.links_sentence(links, made.tables()["link_calibration"], 0.1)
    assert said.startswith("Of 4 candidate links, the votes carry 3. Trade validates 3 of these (both false")
    assert "supports 0 more (p-value of at most 0.05), and is silent on 0." in said
    assert "of 100 pairs that nobody proposed, 5.0% have a p-value of at most 0.05" in said
    assert "so the test is calibrated" in said


def test_contrasts_in_the_order_of_the_definitions():
    rows = summaries.contrast_rows(made.tables()["tier_contrasts_pooled"])
    assert [row["indicator"] for row in rows] == ["Exposure", "Systemic trade risk"]
    assert rows[0]["difference"] == "0.150 (0.130 to 0.160)"
    assert rows[1]["effect"] == "0.50 (0.25 to 1.00)"
    assert [row["q"] for row in rows] == ["0.030", "<\u00a00.0001"]
    assert [row["wilcoxon"] for row in rows] == ["0.25", "0.25"]
    assert [row["products"] for row in rows] == ["10 and 89", "10 and 89"]
    untested = made.tables()["tier_contrasts_pooled"].assign(q_value=float("nan"))
    assert {row["q"] for row in summaries.contrast_rows(untested)} == {"–"}


def test_clusters_list_their_members_of_the_last_year():
    rows = summaries.cluster_rows(made.tables()["country_clusters"], made.COUNTRIES)
    assert [(row["cluster"], row["name"], row["members"]) for row in rows] == [
        (1, made.LOW, ["China", "Germany"]),
        (2, made.HIGH, ["USA"]),
    ]
    only_first_year = made.tables()["country_clusters"].query("not (year == 2021 and cluster == 2)")
    assert summaries.cluster_rows(only_first_year, {})[1]["members"] == []


def test_largest_ranked_countries_by_trade_of_all_years():
    features = made.tables()["cluster_features"]
    assert summaries.largest_ranked(features, 2) == ["DEU", "USA"]
    assert summaries.largest_ranked(features[features["year"] == 2020], 3) == ["DEU", "CHN"]  # USA is not ranked


def test_choice_of_k():
    rows = summaries.choice_rows(made.tables()["cluster_choice"])
    assert rows[0] == {
        "k": 2,
        "chosen": True,
        "preferred": False,
        "silhouette": "0.50",
        "gap": "1.250 ± 0.013",
        "stability": "0.90 (0.80 to 1.00)",
    }
    assert rows[1]["stability"] == "–"
    said = summaries.choice_sentence(made.tables()["cluster_choice"])
    assert said == "2 clusters are in use, by configuration; the gap statistic prefers 3."


def test_models_headline_and_shares_of_the_grid():
    rows = summaries.model_rows(made.tables()["rca_models"], 0.05)
    assert [(row["model"], row["term"]) for row in rows] == [
        ("rca_growth", "exposure"),
        ("rca_growth", "systemic risk in input products"),
        ("entry", "systemic risk"),
    ]
    exposure, risk, entry = rows
    assert exposure["headline"] == "0.100 (0.080 to 0.130)"
    assert exposure["n"] == "4 of 5"
    assert (exposure["above"], exposure["below"]) == ("25%", "25%")
    assert exposure["note"] == "cannot be estimated"
    assert risk["note"] == "only 2 products in stage input"
    assert entry["headline"] == "–"  # no headline among its rows


def test_robustness_stands_beside_the_headline():
    headline, other = summaries.robustness_rows(made.tables()["rca_models"])
    assert headline["variant"] == ""
    assert headline["terms"] == [
        "0.100 (0.080 to 0.130)",
        "-0.0400 (-0.0600 to -0.0100)".replace("-", "\N{MINUS SIGN}"),
    ]
    assert headline["note"] == "only 2 products in stage input"
    assert other["variant"] == "long differences"
    assert other["terms"][0] == "0.900 (0.880 to 0.930)"
    assert (other["n"], other["note"]) == ("1,234", "few")
    alone = made.tables()["rca_models"].query("role != 'robustness'")
    assert summaries.robustness_rows(alone) == []


def test_the_present_country_gives_the_name():
    assert labels.country_names(made.country_table()) == {"CHN": "China", "DEU": "Germany", "USA": "USA"}
    assert labels.country_names(made.country_table().iloc[::-1])["DEU"] == "Germany"


def test_short_descriptions_end_between_words():
    assert labels.short_description("Magnets; permanent magnets", 30) == "Magnets; permanent magnets"
    assert labels.short_description("Magnets; permanent magnets", 17) == "Magnets …"
    assert labels.short_description("Magnets; permanent magnets", 18) == "Magnets; permanent …"


def test_terms_in_words():
    assert labels.term("risk:input-upstream") == "systemic risk, input less upstream products"
    assert labels.term("something_else") == "something else"


def test_empty_tables_give_no_rows():
    empty = made.empty_tables()
    assert summaries.findings_rows(empty["findings"]) == []
    year, trade = summaries.last_world_trade(empty["product_indicators"])
    assert year is None
    assert summaries.product_rows(empty["classified_products"], trade) == []
    assert summaries.link_rows(empty["io_links"], {}) == []
    assert summaries.contrast_rows(empty["tier_contrasts_pooled"]) == []
    assert summaries.cluster_rows(empty["country_clusters"], {}) == []
    assert summaries.choice_rows(empty["cluster_choice"]) == []
    assert summaries.model_rows(empty["rca_models"], 0.05) == []
    assert summaries.largest_ranked(empty["cluster_features"], 3) == []
