"""The rule of the reference set, and what the recorded votes make of it."""

import pandas as pd
import pytest

from reeassets import plugins
from reeassets.products import sets
from reeassets.products.agreement import vote_agreement
from reeassets.products.contract import CLASSIFIED_REVISION, Classifier
from reeassets.products.evidence import code_list_evidence
from reeassets.products.keywords import compared, keyword_baseline
from reeassets.products.recorded import read_materiality
from reeassets.products.ree168 import REE168, chosen, ranked, reference_set, reference_summary
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
    return pd.DataFrame(rows, columns=["product", "stage", "support", "materiality", "ree_confidence", "ree_votes"])


def test_inputs_come_first_then_final_codes_by_materiality_confidence_and_code():
    table = classified(
        ("000109", "input", "majority", 0.75, 0.99, 2),
        ("000403", "final", "full", 0.35, 0.70, 3),
        ("000302", "final", "full", 0.35 + 1e-12, 0.70 + 1e-12, 3),
        ("000201", "final", "full", 0.75, 0.60, 3),
        ("000505", "final", "full", None, 0.99, 3),
        ("000607", "input", "full", 0.02, 0.55, 3),
        ("000608", "upstream", "full", 0.02, 0.60, 3),
        ("000705", "final", "minority", 0.75, 0.9, 1),
        ("000804", "final", "none", None, 0.1, 0),
    )
    order = ranked(table)
    expected = ["000608", "000607", "000201", "000302", "000403", "000505", "000109", "000705"]
    assert order["product"].tolist() == expected
    assert order["rank"].tolist() == list(range(1, 9))
    assert order["eligible"].tolist() == [True] * 6 + [False] * 2
    assert chosen(order, 4)["product"].tolist() == expected[:4]


def test_at_most_three_final_codes_of_a_heading():
    finals = [(f"11110{n}", "final", "full", 0.75 - n / 100, 0.9, 3) for n in range(5)]
    inputs = [(f"11111{n}", "input", "full", 0.02, 0.9, 3) for n in range(4)]
    order = ranked(classified(*finals, *inputs, ("222200", "final", "full", 0.02, 0.5, 3)))
    taken = chosen(order)["product"].tolist()
    assert taken == ["111110", "111111", "111112", "111113", "111100", "111101", "111102", "222200"]
    assert order["product"].tolist()[-2:] == ["111103", "111104"]


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
    assert table["stage"].value_counts().to_dict() == {"upstream": 10, "input": 89, "final": 69}
    assert set(table["support"]) == {"full"}
    expected = {"850164", "850590", "720521", "382490", "848690", "900110", "854810", "262099"}
    assert expected <= set(by_code.index)
    assert not set(by_code.index.str[:2]) & {"01", "10", "22", "44", "52", "61", "64"}
    summary = REFERENCE_SUMMARY.check(reference_summary(table))
    for grouping in ("all", "stage", "application"):
        part = summary[summary["grouping"] == grouping]
        assert part["products"].sum() == 168
        assert part[["full", "majority", "minority"]].to_numpy().sum() == 168


def test_no_final_code_left_out_is_more_material_than_one_in_the_set(votes, codes):
    ranking = ranked(majority(codes, votes))
    final = ranking[(ranking["stage"] == "final") & (ranking["support"] == "full")]
    inside = final["product"].isin(chosen(ranking)["product"])
    crowded = ~final["eligible"]
    assert final.loc[inside, "materiality"].min() >= final.loc[~inside & ~crowded, "materiality"].max()
    assert final.loc[inside, "product"].str[:4].value_counts().max() <= 3


def test_every_code_with_a_vote_was_judged_for_materiality_by_all(votes):
    judged = votes[votes["materiality"].notna()]
    voted = votes.loc[votes["is_ree"].astype(bool), "product"].unique()
    assert judged.groupby("product").size().to_dict() == dict.fromkeys(voted, 3)
    assert len(voted) == 462


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("850511,most,magnets", "line 3: '850511', 'most'"),
        ("850511,>50,", "line 3: '850511', '>50'"),
        ("123456,>50,no such code", "line 3: '123456'"),
        ("280530,>50,twice", "line 3: '280530'"),
    ],
)
def test_a_wrong_row_of_materiality_is_named(tmp_path, monkeypatch, votes, row, wrong):
    (tmp_path / "m.csv").write_text(f"product,materiality,reason\n280530,>50,rare-earth metals\n{row}\n")
    monkeypatch.setattr("reeassets.products.recorded.bundled_file", lambda name: tmp_path / name)
    with pytest.raises(ValueError, match=f"m.csv, {wrong}"):
        read_materiality("m.csv", votes[votes["voter"] == "annotator_a"])


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
    assert kappa["materiality", "judged in full"] > 0.6
    assert len(VOTE_DISAGREEMENTS.check(disagreements(votes))) > 0
    baseline = KEYWORD_BASELINE.check(keyword_baseline(codes))
    assert baseline.set_index("product").loc["850511", "is_ree"]
    quality = compared(baseline, majority(codes, votes))
    assert 0 < quality["recall"] < 1
    assert 0 < quality["precision"] < 1
