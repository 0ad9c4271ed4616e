import pytest

from reeassets.models import assets as recipes
from reeassets.models.event_schema import TRADE_MEASURES
from reeassets.models.measures import COLUMNS, trade_measures, unknown_countries
from reeassets.settings import Settings
from reeassets.trade.given import GivenFileError

HEADER = ",".join(COLUMNS)
GOOD = "stop,284690,CHN,all,2010-07,2011-02,export ban,a paper,"


def given(tmp_path, *lines, header=HEADER):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return Settings(home=tmp_path, trade_measures=str(path))


def test_the_bundled_measures_each_have_a_source(tmp_path):
    table = TRADE_MEASURES.check(trade_measures(Settings(home=tmp_path)))
    months = table.drop_duplicates("measure").set_index("measure")["first_month"].to_dict()
    assert months == {
        "export_quotas_2010": "2010-07",
        "japan_embargo_2010": "2010-09",
        "end_of_quotas_2015": "2015-01",
        "magnet_technology_2023": "2023-12",
        "licences_2025": "2025-04",
    }
    assert set(table["product"]) == {"280530", "284610", "284690", "850511"}
    assert table["source"].str.contains("https://|http://").all()
    assert table.loc[table["target"] != "all", ["measure", "target"]].drop_duplicates().to_numpy().tolist() == [
        ["japan_embargo_2010", "JPN"]
    ]


def test_none_is_an_empty_table(tmp_path):
    table = TRADE_MEASURES.check(trade_measures(Settings(home=tmp_path, trade_measures="none")))
    assert table.empty


def test_a_file_of_ones_own(tmp_path):
    settings = given(tmp_path, GOOD, "stop,284610,CHN,all,2010-07,2011-02,export ban,a paper,a note")
    table = TRADE_MEASURES.check(trade_measures(settings))
    assert table[["product", "last_month", "note"]].to_numpy().tolist() == [
        ["284610", "2011-02", "a note"],
        ["284690", "2011-02", ""],
    ]


def test_the_note_may_be_left_out_and_the_end_be_open(tmp_path):
    settings = given(tmp_path, "stop,284690,CHN,JPN,2010-07,,export ban,a paper", header=HEADER.removesuffix(",note"))
    table = TRADE_MEASURES.check(trade_measures(settings))
    assert table[["target", "last_month", "note"]].to_numpy().tolist() == [["JPN", "", ""]]


def test_countries_that_are_no_economy_are_named(tmp_path):
    table = trade_measures(Settings(home=tmp_path))
    assert unknown_countries(table, ["CHN", "JPN", "DEU"]) == []
    assert unknown_countries(table, ["CHN", "DEU"]) == ["JPN"]
    assert unknown_countries(table.iloc[:0], []) == []


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (GOOD.replace("stop", ""), "measure is empty"),
        (GOOD.replace("a paper", ""), "source is empty"),
        (GOOD.replace("284690", "2846"), "product '2846' is not six digits"),
        (GOOD.replace("CHN", "China"), "restricting_country 'China' is no code"),
        (GOOD.replace("all", "Japan"), "target 'Japan' is neither a code nor all"),
        (GOOD.replace("all", "CHN"), "target 'CHN' is the restricting country"),
        (GOOD.replace("2010-07", "July 2010"), "first_month 'July 2010' is not a month such as 2010-07"),
        (GOOD.replace("2010-07", "2010-13"), "first_month '2010-13' is not a month"),
        (GOOD.replace("2011-02", "2011"), "last_month '2011' is neither a month such as 2010-07 nor empty"),
        (GOOD.replace("2011-02", "2010-06"), "last_month '2010-06' is before first_month"),
        (GOOD.replace("export ban", "war"), "kind 'war' is not one of export quota, export ban"),
        (GOOD, "product 284690 stands twice in the measure 'stop'"),
        (
            "stop,284610,CHN,all,2010-08,2011-02,export ban,a paper,",
            "first_month of the measure 'stop' is '2010-08', and '2010-07' in line 2",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, cause):
    with pytest.raises(GivenFileError, match=r"mine\.csv, line 3: ") as caught:
        trade_measures(given(tmp_path, GOOD, line))
    assert cause in str(caught.value)


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(GivenFileError, match="lacks the column 'kind'"):
        trade_measures(given(tmp_path, GOOD, header=HEADER.replace("kind,", "")))
    with pytest.raises(GivenFileError, match=r"the setting trade_measures names it \(else one of recorded, none"):
        trade_measures(Settings(home=tmp_path, trade_measures=str(tmp_path / "absent.csv")))


def test_what_a_file_holds_counts_and_not_where_it_lies(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    one, other = given(here, GOOD), given(there, GOOD)
    assert one.fingerprint("trade_measures") == other.fingerprint("trade_measures")
    outside = recipes.trade_measures.outside
    assert outside(one, None) == outside(other, None)
    assert outside(given(there, GOOD, GOOD.replace("284690", "280530")), None) != outside(one, None)
    assert outside(Settings(home=tmp_path, trade_measures="none"), None) == {}
