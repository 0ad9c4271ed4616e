"""Majority by field, with every count written out."""

import pandas as pd
import pytest

from reeassets import plugins
from reeassets.products import sets
from reeassets.products.contract import Classifier
from reeassets.products.critical30 import CRITICAL30
from reeassets.products.voting import majority
from reeassets.trade.nomenclature import nomenclature

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


@pytest.fixture(scope="module")
def critical30():
    codes = nomenclature(CRITICAL30.nomenclature)
    cast = plugins.get("classifiers", CRITICAL30.classifier, Classifier).votes(codes)
    return sets.classified_products(majority(codes, cast), CRITICAL30)


def test_critical30_has_thirty_products_and_one_rare_earth_product(critical30):
    members = sets.members(critical30).set_index("product")
    assert len(members) == 30
    assert members.index[members["is_ree"].astype(bool)].tolist() == ["850511"]
    assert members.loc["850511", "stage"] == "input"
    assert members["stage"].value_counts().to_dict() == {"upstream": 29, "input": 1}
    assert members["rationale"].str.len().gt(20).all()


def test_products_outside_the_set_are_listed_without_a_classification(critical30):
    outside = critical30[~critical30["in_set"]]
    assert len(outside) == 5388 - 30
    assert outside["stage"].isna().all()


def test_a_product_without_a_stage_cannot_be_in_a_set():
    cast = votes(("x", "000001", True, None, "magnets", "Nd", 0.9, "r"))
    with pytest.raises(ValueError, match=r"no stage was voted for 000001"):
        sets.classified_products(majority(NOMENCLATURE, cast), CRITICAL30)
