import pytest

from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import COUNTRY_TABLE, REVISIONS, nomenclature, nomenclature_file, read_country_table


@pytest.mark.parametrize(("revision", "codes"), [("HS07", 5053), ("HS02", 5225), ("HS17", 5388)])
def test_codes_of_a_revision(revision, codes):
    table = nomenclature(revision)
    assert len(table) == codes
    assert table["product"].is_unique
    assert table["product"].str.len().eq(6).all()
    assert table["product"].str.startswith("01").any()


def test_every_revision_is_bundled():
    assert all(nomenclature_file(revision).exists() for revision in REVISIONS)


def test_what_is_no_revision():
    with pytest.raises(ValueError, match="HS99"):
        nomenclature_file("HS99")


def test_the_country_table_keeps_codes_that_look_like_something_else():
    table = read_country_table(bundled_file(COUNTRY_TABLE)).set_index("country_code")
    assert table.loc[516, "iso3"] == "NAM"
    # Namibia's alpha-2 code NA was lost on the way into the bundled copy; it must not become a missing value.
    assert table.loc[516, "iso2"] == ""
    assert table.loc[490, "iso3"] == "S19"
    assert table.loc[[384, 792, 531], "country_name"].tolist() == ["Côte d'Ivoire", "Türkiye", "Curaçao"]
    assert table.loc[[251, 842, 276, 280], "iso3"].tolist() == ["FRA", "USA", "DEU", "DEU"]


def test_a_file_that_is_not_bundled():
    with pytest.raises(FileNotFoundError, match="no_such_file"):
        bundled_file("no_such_file.csv")
