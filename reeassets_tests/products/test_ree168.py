"""The rule of the reference set, and what the recorded votes make of it."""

import pandas as pd
import pytest

from reeassets import plugins
from reeassets.products import sets
from reeassets.products.agreement import vote_agreement
from reeassets.products.contract import CLASSIFIED_REVISION, Classifier
from reeassets.products.evidence import code_list_evidence
from reeassets.products.keywords import compared, keyword_baseline
from reeassets.products.ree168 import REE168, ranked, reference_set, reference_summary
from reeassets.products.schema import (
    CLASSIFIED_PRODUCTS,
    CODE_LIST_EVIDENCE,
    KEYWORD_BASELINE,
    PRODUCT_VOTES,
    REFERENCE_SET,
    REFERENCE_SUMMARY,
    VOTE_AGREEMENT,
    VOTE_DISAGREEMENTS,
)
from reeassets.products.voting import disagreements, majority
from reeassets.settings import Settings
from reeassets.trade.nomenclature import nomenclature


def classified(*rows):
    return pd.DataFrame(rows, columns=["product", "support", "ree_confidence", "ree_votes"])


def test_support_comes_before_confidence_and_code_breaks_ties():
    table = classified(
        ("000009", "majority", 0.99, 2),
        ("000003", "full", 0.70, 3),
        ("000002", "full", 0.70 + 1e-12, 3),
        ("000001", "full", 0.60, 3),
        ("000005", "minority", 0.9, 1),
        ("000004", "none", 0.1, 0),
    )
    order = ranked(table)
    assert order["product"].tolist() == ["000002", "000003", "000001", "000009", "000005"]
    assert order["rank"].tolist() == [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def codes():
    return nomenclature(CLASSIFIED_REVISION)


@pytest.fixture(scope="module")
def votes(codes):
    (recorded,) = sets.classifiers(Settings(classifiers="recorded"))
    assert recorded is plugins.get("classifiers", "recorded", Classifier)
    return PRODUCT_VOTES.check(recorded.votes(codes, Settings()))


def test_three_voters_voted_on_every_code(votes, codes):
    assert votes["voter"].nunique() == 3
    assert len(votes) == 3 * 5053
    assert votes["abstention"].isna().all()
    assert votes["rationale"].str.len().gt(3).all()
    full = votes[votes["round"] == "full"]
    assert full[["stage", "application"]].notna().all(axis=None)
    # A code is judged in full by every voter or by none.
    assert set(full.groupby("product").size()) == {3}


def test_voters_wrote_their_own_reasons(votes):
    full = votes[votes["round"] == "full"]
    shared = full.groupby("product")["rationale"].nunique()
    assert (shared == 3).mean() > 0.99


def test_the_reference_set(votes):
    table = REFERENCE_SET.check(reference_set(votes))
    assert len(table) == 168
    by_code = table.set_index("product")
    assert by_code.loc[["280530", "284610", "284690", "850511"], "support"].tolist() == ["full"] * 4
    assert by_code.loc[["280530", "284610", "284690"], "stage"].tolist() == ["upstream"] * 3
    assert by_code.loc["850511", ["stage", "application"]].tolist() == ["input", "magnets"]
    assert not set(by_code.index.str[:2]) & {"01", "10", "22", "44", "52", "61", "64"}
    summary = REFERENCE_SUMMARY.check(reference_summary(table))
    for grouping in ("all", "stage", "application"):
        part = summary[summary["grouping"] == grouping]
        assert part["products"].sum() == 168
        assert part[["full", "majority", "minority"]].to_numpy().sum() == 168


def test_the_set_is_the_reference_set(votes):
    members = CLASSIFIED_PRODUCTS.check(sets.classified_products(votes, REE168)).query("in_set")
    assert set(members["product"]) == set(reference_set(votes)["product"])


def test_every_code_of_the_rare_earth_lists_is_in_the_set_or_left_out_for_a_reason(votes, codes):
    table = majority(codes, votes)
    evidence = CODE_LIST_EVIDENCE.check(code_list_evidence(table, ranked(table)))
    listed = evidence[evidence["rare_earth_list"]]
    assert {"280530", "284690", "850511", "360690"} <= set(listed["product"])
    assert (listed["reason"].isna() == listed["in_reference_set"]).all()
    assert listed.loc[~listed["in_reference_set"], "reason"].str.len().gt(20).all()


def test_agreement_disagreements_and_the_baseline_obey_their_tables(votes, codes):
    agreement = VOTE_AGREEMENT.check(vote_agreement(votes, reference_set(votes)["product"].tolist()))
    kappa = agreement.set_index(["field", "scope"])["fleiss_kappa"]
    assert kappa["is_ree", "all"] > 0.6
    assert len(VOTE_DISAGREEMENTS.check(disagreements(votes))) > 0
    baseline = KEYWORD_BASELINE.check(keyword_baseline(codes))
    assert baseline.set_index("product").loc["850511", "is_ree"]
    quality = compared(baseline, majority(codes, votes))
    assert 0 < quality["recall"] < 1
    assert 0 < quality["precision"] < 1
