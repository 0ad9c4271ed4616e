"""A file of votes with a mistake is refused, with file and line."""

import pandas as pd
import pytest

from reeassets.products import recorded

HEAD = "product,round,is_ree,stage,application,elements,confidence,rationale\n"
GOOD = "850511,full,true,input,magnets,Nd Dy,0.99,magnets of NdFeB\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    def write(text):
        (tmp_path / "v.csv").write_text(HEAD + text)
        monkeypatch.setattr(recorded, "bundled_file", lambda name: tmp_path / name)
        return "v.csv"

    return write


def test_a_vote_is_read(file):
    row = recorded.read_votes(file(GOOD + "010110,shortlist,false,,,,0.85,live horses\n")).set_index("product")
    assert row.loc["850511", ["stage", "elements", "confidence"]].tolist() == ["input", "Nd Dy", 0.99]
    assert bool(row.loc["850511", "is_ree"]) is True
    assert row.loc["010110", ["stage", "elements"]].isna().all()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("850511,full,true,middle,magnets,Nd,0.9,r\n", "stage"),
        ("850511,full,true,input,jewellery,Nd,0.9,r\n", "application"),
        ("850511,full,true,input,magnets,Fe,0.9,r\n", "elements"),
        ("850511,full,true,input,magnets,Nd,1.9,r\n", "confidence"),
        ("850511,full,perhaps,input,magnets,Nd,0.9,r\n", "is_ree"),
        ("850511,full,true,input,magnets,Nd,0.9,\n", "rationale"),
        ("850511,shortlist,true,,,,0.9,r\n", "stage"),
    ],
)
def test_what_is_no_vote_is_refused_with_its_line(file, line, told):
    with pytest.raises(ValueError, match=rf"v.csv, line 3: {told}"):
        recorded.read_votes(file(GOOD.replace("850511", "850519") + line))


def test_two_votes_on_one_code_are_refused(file):
    with pytest.raises(ValueError, match="850511 has two votes"):
        recorded.read_votes(file(GOOD + GOOD))


def test_a_code_too_few_or_too_many_is_refused(file):
    voter = recorded.RecordedVotes("n", "d", (("x", file(GOOD), "none.csv"),))
    codes = pd.DataFrame({"product": ["850519"], "revision": ["HS07"]})
    with pytest.raises(ValueError, match=r"v.csv: not the codes of HS07: 850511, 850519"):
        voter.votes(codes, None)
