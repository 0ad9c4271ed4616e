"""``reeassets products`` on a finished run of the bundled sample."""

import shutil

import pytest

from reeassets_tests.conftest import reeassets


def test_votes_on_a_product_have_their_reasons(finished):
    printed = reeassets("products", "votes", "850511", home=finished[0]).stdout
    assert "permanent magnets" in printed
    for voter in "abc":
        assert f"annotator_{voter}" in printed
    assert "rank" in printed
    assert "full vote" in printed
    assert "collected rare-earth codes" in printed
    assert "magnet (a baseline without a vote)" in printed


def test_disagreements_by_field(finished):
    printed = reeassets("products", "disagreements", "--field", "stage", "--limit", "5", home=finished[0]).stdout
    assert "Fleiss' kappa" in printed
    assert printed.count("annotator_a: ") == 5
    wrong = reeassets("products", "disagreements", "--field", "colour", home=finished[0], check=False)
    assert wrong.returncode == 2
    assert "is_ree" in wrong.stderr


def test_a_link_of_the_analysed_set_is_explained_with_its_scatter(finished, tmp_path):
    png = tmp_path / "scatter.png"
    printed = reeassets("products", "explain", "280530", "850511", "--picture", png, home=finished[0]).stdout
    assert "keeps it" in printed
    assert "move up in exporting 850511 in the same year? correlation" in printed
    assert "the reverse, 850511 into 280530, p = " in printed
    assert "pairs that nobody proposed" in printed
    assert "in the network, " in printed
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_link_of_the_reference_set_shows_its_votes_and_says_what_is_missing(finished):
    printed = reeassets("products", "explain", "850511", "850131", home=finished[0]).stdout
    assert "votes among the reference set ree168" in printed
    assert printed.count("keeps it") == 3
    assert "not possible here: 850131 not in the analysed set critical33" in printed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("votes", "123456"), "123456 is not a code of HS07"),
        (("explain", "280530", "magnets"), "magnets is not a code of HS07"),
    ],
)
def test_what_is_no_code_is_an_error(finished, arguments, told):
    wrong = reeassets("products", *arguments, home=finished[0], check=False)
    assert wrong.returncode == 2
    assert told in wrong.stderr


def test_classify_alone_makes_the_votes_and_nothing_of_the_trade(tmp_path):
    printed = reeassets("products", "classify", home=tmp_path / "home").stdout
    assert "Reference set ree168: 5,053 codes" in printed
    assert "Fleiss' kappa of is_ree" in printed
    made = {path.stem for path in (tmp_path / "home").rglob("*.parquet")}
    assert {"product_votes", "reference_set", "link_votes"} <= made
    assert not {"raw_trade", "trade_flows", "io_links"} & made


def test_before_any_run_it_says_what_to_call(tmp_path):
    wrong = reeassets("products", "votes", "850511", home=tmp_path / "home", check=False)
    assert wrong.returncode == 2
    assert "reeassets products classify" in wrong.stderr


def test_votes_that_change_reach_what_is_made_of_them(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "home")
    printed = reeassets("products", "classify", home=tmp_path / "home").stdout
    assert "✓" not in printed
