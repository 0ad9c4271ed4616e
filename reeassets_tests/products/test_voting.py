"""Majority by field, with every count written out."""

import pandas as pd
import pytest

from reeassets.products import sets
from reeassets.products.listed import CRITICAL33, WORLD168
from reeassets.products.schema import CLASSIFIED_PRODUCTS
from reeassets.products.voting import disagreements, majority

NOMENCLATURE = pd.DataFrame({"product": ["000001", "000002", "000003"], "description": ["a", "b", "c"]})


def votes(*rows):
    columns = ["voter", "product", "is_ree", "stage", "application", "elements", "confidence", "rationale"]
    return pd.DataFrame(rows, columns=columns)


def test_majority_confidence_and_the_rationale_of_the_majority():
    table = majority(
        NOMENCLATURE,
        votes(
            ("x", "000001", True, "input", "magnets", "Nd", 0.9, "x says"),
            ("y", "000001", True, "upstream", "magnets", "Nd", 0.9, "y says"),
            ("z", "000001", False, "input", "other", None, 0.2, "z says"),
        ),
    ).set_index("product")
    row = table.loc["000001"]
    assert (row["is_ree"], row["stage"], row["application"], row["elements"]) == (True, "input", "magnets", "Nd")
    assert row["confidence"] == pytest.approx(2 / 3)
    assert row["n_votes"] == 3
    assert row["rationale"] == "x says"


def test_nobody_voted():
    row = (
        majority(NOMENCLATURE, votes(("x", "000001", True, "input", "magnets", "Nd", 0.9, "r")))
        .set_index("product")
        .loc["000002"]
    )
    assert row[["is_ree", "stage", "rationale"]].isna().all()
    assert (row["confidence"], row["n_votes"]) == (0.0, 0)


def test_a_tie_goes_to_the_more_confident_and_then_is_not_rare_earth():
    more_confident = votes(
        ("x", "000001", True, "input", "magnets", "Nd", 0.9, "yes"),
        ("y", "000001", False, "upstream", "other", None, 0.5, "no"),
    )
    even = more_confident.assign(confidence=0.7)
    assert bool(majority(NOMENCLATURE, more_confident).loc[0, "is_ree"]) is True
    assert bool(majority(NOMENCLATURE, even).loc[0, "is_ree"]) is False


def test_the_order_of_voters_changes_nothing():
    cast = votes(
        ("x", "000001", True, "input", "magnets", "Nd", 0.5, "x"),
        ("y", "000001", True, "upstream", "magnets", "Nd", 0.5, "y"),
        ("x", "000002", False, "final", "other", None, 0.5, "x"),
    )
    pd.testing.assert_frame_equal(majority(NOMENCLATURE, cast), majority(NOMENCLATURE, cast.iloc[::-1]))


def test_who_abstains_is_not_counted():
    table = majority(
        NOMENCLATURE,
        pd.concat(
            [
                votes(("x", "000001", True, "input", "magnets", "Nd", 0.8, "yes")),
                votes(("y", "000001", None, None, None, None, None, None)),
            ]
        ),
    ).set_index("product")
    assert table.loc["000001", ["n_votes", "ree_votes", "support"]].tolist() == [1, 1, "full"]


def test_support_and_mean_confidence():
    cast = votes(
        ("x", "000001", True, "input", "magnets", "Nd", 0.9, "r"),
        ("y", "000001", True, "input", "magnets", "Nd", 0.7, "r"),
        ("z", "000001", False, "input", "magnets", None, 0.6, "r"),
        ("x", "000002", True, "input", "magnets", "Nd", 0.6, "r"),
        ("y", "000002", False, "input", "magnets", "Nd", 0.8, "r"),
        ("z", "000002", False, "input", "magnets", None, 1.0, "r"),
    )
    table = majority(NOMENCLATURE, cast).set_index("product")
    assert table["support"].tolist() == ["majority", "minority", "none"]
    # (0.9 + 0.7 + (1 - 0.6)) / 3 and (0.6 + (1 - 0.8) + (1 - 1)) / 3.
    assert table["ree_confidence"].tolist()[:2] == pytest.approx([2.0 / 3, 0.8 / 3])
    assert pd.isna(table.loc["000003", "ree_confidence"])


def test_disagreements_name_every_answer():
    cast = votes(
        ("x", "000001", True, "input", "magnets", "Nd", 0.9, "r"),
        ("y", "000001", True, "upstream", "magnets", None, 0.7, "r"),
        ("z", "000001", False, "input", "magnets", None, 0.6, "r"),
        ("x", "000002", False, "final", "other", None, 0.6, "r"),
        ("y", "000002", False, "final", "other", None, 0.6, "r"),
    ).assign(round="full")
    table = disagreements(cast)
    assert table["product"].unique().tolist() == ["000001"]
    by_field = table.set_index("field")
    assert by_field.loc["is_ree", "answers"] == "x: yes; y: yes; z: no"
    assert by_field.loc["stage", "answers"] == "x: input; y: upstream; z: input"
    assert by_field.loc["elements", "answers"] == "x: Nd; y: none; z: none"
    assert by_field["largest_share"].tolist() == pytest.approx([2 / 3] * 3)
    assert "application" not in by_field.index


@pytest.fixture(scope="module")
def critical33():
    return sets.classified_products(votes(), CRITICAL33)


def test_critical33_has_three_rare_earth_materials_and_magnets(critical33):
    members = sets.members(critical33).set_index("product")
    assert len(members) == 33
    assert members.index[members["is_ree"].astype(bool)].tolist() == ["280530", "284610", "284690", "850511"]
    assert members.loc["850511", "stage"] == "input"
    assert members["stage"].value_counts().to_dict() == {"upstream": 32, "input": 1}
    assert members["rationale"].str.len().gt(20).all()


def test_products_outside_the_set_are_listed_without_a_classification(critical33):
    outside = critical33[~critical33["in_set"]]
    assert len(outside) == 5388 - 33
    assert outside["stage"].isna().all()


def test_a_product_without_a_stage_cannot_be_in_a_set():
    class Stageless:
        name = "stageless"

        def classify(self, votes):
            return majority(NOMENCLATURE, votes).assign(in_set=True)

    cast = votes(("x", "000001", True, None, "magnets", "Nd", 0.9, "r"))
    with pytest.raises(ValueError, match=r"no stage was voted for 000001, 000002"):
        sets.classified_products(cast, Stageless())


def test_elements_are_those_more_than_half_name():
    cast = votes(
        ("x", "000001", True, "input", "magnets", "Nd Dy", 0.9, "r"),
        ("y", "000001", True, "input", "magnets", "Pr Nd", 0.9, "r"),
        ("z", "000001", True, "input", "magnets", "Pr Nd Tb", 0.9, "r"),
    )
    assert majority(NOMENCLATURE, cast).loc[0, "elements"] == "Pr Nd"


def test_the_set_of_generated_worlds_says_that_it_is_generated():
    members = sets.members(CLASSIFIED_PRODUCTS.check(sets.classified_products(votes(), WORLD168)))
    assert len(members) == 168
    assert members["stage"].value_counts().to_dict() == {"input": 89, "final": 69, "upstream": 10}
    assert members["rationale"].str.startswith("GENERATED").all()
    assert members["elements"].isna().all()


def test_nobody_names_an_element():
    cast = votes(("x", "000001", False, "input", "magnets", None, 0.9, "r")).astype({"elements": "str"})
    assert majority(NOMENCLATURE, cast)["elements"].isna().all()
