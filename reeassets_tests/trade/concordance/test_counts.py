"""What is said of the concordance itself, in code and in docs/CONCORDANCE.md."""

import pandas as pd

from reeassets.trade.concordance import counts, label_disagreements, relation_counts
from reeassets.trade.nomenclature import REVISIONS
from reeassets_tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs" / "CONCORDANCE.md"


def test_counts_add_up():
    table = relation_counts("HS07")
    assert len(table) == 12
    assert (table[["1:1", "1:n", "n:1", "n:n", "unreached"]].sum(axis=1) == table["codes"]).all()
    there = table[table["from_revision"] == "HS07"].set_index("to_revision")
    back = table[table["to_revision"] == "HS07"].set_index("from_revision")
    assert there["1:1"].equals(back["1:1"])
    assert there["pairs"].equals(back["pairs"])


def test_counts_by_hand(monkeypatch):
    # a is a; b is split into pure b and c; c and d are merged; e is split into e, which is pure, and a part of f.
    made = pd.DataFrame(
        [
            ("a", "a", "1:1"),
            ("b", "b", "1:n"),
            ("b", "c", "1:n"),
            ("c", "d", "n:1"),
            ("d", "d", "n:1"),
            ("e", "e", "1:n"),
            ("e", "f", "n:n"),
            ("f", "f", "n:1"),
        ],
        columns=["from_code", "to_code", "relation"],
    )
    monkeypatch.setattr(counts, "REVISIONS", ("HS02", "HS07"))
    monkeypatch.setattr(counts, "concordance", lambda start, end: made)
    monkeypatch.setattr(counts, "unreached", lambda start, end: pd.DataFrame({"product": ["g"]}))
    monkeypatch.setattr(counts, "code_list", lambda revision: pd.Index(list("abcdefg")))
    row = relation_counts("HS07").iloc[0]
    assert row[["codes", "1:1", "1:n", "n:1", "n:n", "unreached"]].tolist() == [7, 1, 1, 3, 1, 1]
    assert row[["pairs", "changed_in_place"]].tolist() == [8, 6]


def test_labels_that_disagree_with_their_pairs():
    table = label_disagreements()
    found = table.groupby(["newer", "older", "label", "derived"]).size().to_dict()
    assert found == {
        ("HS96", "HS92", "n:n", "1:n"): 97,
        ("HS02", "HS96", "n:n", "1:n"): 59,
        ("HS07", "HS02", "n:n", "1:n"): 128,
        ("HS12", "HS07", "n:n", "1:n"): 31,
        ("HS12", "HS07", "n:n", "n:1"): 110,
    }
    assert table["older"].map(REVISIONS.index).is_monotonic_increasing


def markdown(table):
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)])


def test_the_documented_counts_are_those_of_the_data():
    text = DOCS.read_text(encoding="utf-8")
    assert markdown(relation_counts("HS07")) in text
    differ = label_disagreements().groupby(["older", "newer", "label", "derived"], sort=False).size()
    assert markdown(differ.rename("pairs").reset_index()) in text
