"""The hazard that is read from a file: values, what it refuses with file and line, and what it adds to a run."""

import hashlib

import numpy as np
import pytest

from reeassets.indicators.compute import indicator_variants
from reeassets.indicators.contract import ConfiguredHazard, configured_hazard, registered_hazards
from reeassets.indicators.hazard_file import FILE, FileHazard
from reeassets.indicators.schema import indicator_variants_table
from reeassets.settings import Settings
from reeassets.storage import TableStore
from reeassets.trade.given import GivenFileError
from reeassets_tests.conftest import reeassets
from reeassets_tests.indicators.builders import P, network


def written(tmp_path, text, name="hazards.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def hazard(path):
    return FileHazard(path)


def test_one_value_for_all_years(tmp_path):
    given = hazard(written(tmp_path, "iso3,hazard\nCHN,0.75\nUSA,0\nS19,1\n"))
    for year in (2007, 2023):
        np.testing.assert_array_equal(given.hazard(year, ["S19", "CHN", "USA"]), [1.0, 0.75, 0.0])
    assert given.coverage(2007, ["CHN"])["basis"].tolist() == ["row of the country"]


def test_values_by_year_and_for_all_others(tmp_path):
    text = "\ufeffyear , hazard,iso3\r\n2007,0.5,CHN\r\n2008,0.25,CHN\r\n\r\n2008,1e-1,*\r\n"
    given = hazard(written(tmp_path, text))
    coverage = given.coverage(2008, ["USA", "CHN", "DEU"])
    assert coverage["hazard"].tolist() == [0.1, 0.25, 0.1]
    assert coverage["basis"].tolist() == ["row of all others", "row of the country", "row of all others"]
    np.testing.assert_array_equal(given.hazard(2007, ["CHN"]), [0.5])


def test_a_code_that_the_data_have_under_another_is_not_left_out_without_a_word(tmp_path):
    given = hazard(written(tmp_path, "iso3,hazard\nTWN,0.75\nNOP,0.5\n*,0.1\n"))
    with pytest.raises(GivenFileError, match=r"hazards\.csv: there is no country TWN; TWN is S19 in these data"):
        given.hazard(2023, ["CHN", "S19"])
    assert given.hazard(2023, ["CHN"]).tolist() == [0.1]
    assert given.hazard(2023, ["CHN", "TWN"]).tolist() == [0.1, 0.75]
    both = hazard(written(tmp_path, "iso3,hazard\nTWN,0.75\nS19,0.5\n*,0.1\n", "both.csv"))
    assert both.hazard(2023, ["CHN", "S19"]).tolist() == [0.1, 0.5]


def test_what_is_missing_is_named_and_never_filled(tmp_path):
    given = hazard(written(tmp_path, "iso3,year,hazard\nCHN,2007,0.5\nUSA,2007,0.1\nUSA,2008,0.2\n"))
    with pytest.raises(
        GivenFileError, match=r"hazards\.csv: no hazard for CHN, DEU in 2008; add rows, or one with iso3"
    ):
        given.hazard(2008, ["CHN", "DEU", "USA"])
    many = [f"A{a}{b}" for a in "AB" for b in "0123456"]
    with pytest.raises(GivenFileError, match=r"for AA0, AA1, AA2, .*, AB2 and 4 more in 2007"):
        given.hazard(2007, many)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the header lacks the column 'iso3', 'hazard'"),
        ("iso3,risk\nCHN,1\n", "line 1: the header lacks the column 'hazard'"),
        ("iso3,hazard,note\nCHN,1,x\n", "line 1: the header does not know the column 'note'"),
        ("iso3,hazard,iso3\nCHN,1,CHN\n", "line 1: the header holds twice the column 'iso3'"),
        ("iso3,hazard\n", "it holds a header and no rows"),
        ("iso3,hazard\nCHN,1\nUSA,1.01\n", "line 3: hazard '1.01' is not a number in [0, 1]"),
        ("iso3,hazard\nCHN,-0.1\n", "line 2: hazard '-0.1' is not a number in [0, 1]"),
        ("iso3,hazard\nCHN,nan\n", "line 2: hazard 'nan' is not a number in [0, 1]"),
        ("iso3,hazard\nCHN,\n", "line 2: hazard '' is not a number in [0, 1]"),
        ("iso3,hazard\nCHN,high\n", "line 2: hazard 'high' is not a number in [0, 1]"),
        ("iso3,hazard\nchn,1\n", "line 2: iso3 'chn' is neither a country's code nor *"),
        ("iso3,hazard\n156,1\n", "line 2: iso3 '156' is neither a country's code nor *"),
        ("iso3,hazard\n,1\n", "line 2: iso3 '' is neither a country's code nor *"),
        ("iso3,year,hazard\nCHN,20x7,1\n", "line 2: year '20x7' is not a year"),
        ("iso3,year,hazard\nCHN,,1\n", "line 2: year '' is not a year"),
        ("iso3,hazard\nCHN,1\n\nCHN,0.5\n", "line 4: CHN has a hazard already, by line 2"),
        (
            "iso3,year,hazard\nCHN,2007,1\nCHN,2008,1\nCHN,2007,1\n",
            "line 4: CHN in 2007 has a hazard already, by line 2",
        ),
        ("iso3,hazard\nCHN,0,5\n", "line 2: 3 columns, the header has 2"),
        ('iso3,hazard\n"CHN,1\n', "not a CSV file"),
        (b"iso3,hazard\nCH\xff,1\n", "not a text file in UTF-8"),
        (b"\xff\xfei\x00s\x00o\x003\x00", "not a text file in UTF-8"),
    ],
)
def test_a_broken_file_is_an_error_with_file_line_and_cause(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(GivenFileError) as error:
        hazard(path).hazard(2007, ["CHN"])
    assert str(error.value).startswith(str(path))
    assert told in str(error.value)


def test_a_changed_file_is_read_again(tmp_path):
    path = written(tmp_path, "iso3,hazard\nCHN,0.5\n")
    assert hazard(path).hazard(2007, ["CHN"]).tolist() == [0.5]
    written(tmp_path, "iso3,hazard\nCHN,0.125\n")
    assert hazard(path).hazard(2007, ["CHN"]).tolist() == [0.125]


def test_it_is_there_only_when_a_file_is_named(tmp_path):
    path = written(tmp_path, "iso3,hazard\n*,0.5\n")
    without, with_file = Settings(home=tmp_path), Settings(home=tmp_path, hazard_file=path)
    assert isinstance(FILE, ConfiguredHazard)
    assert [found.name for found in registered_hazards(without)] == ["political_stability", "market_power", "uniform"]
    assert [found.name for found in registered_hazards(with_file)] == [
        "political_stability",
        "market_power",
        "uniform",
        "file",
    ]
    assert not [name for name in indicator_variants_table(without).columns if name.endswith("__file")]
    frame = indicator_variants(network([("AAA", "BBB", P, 60.0)]), registered_hazards(with_file))
    checked = indicator_variants_table(with_file).check(frame).set_index("country")
    assert checked["systemic_trade_risk__file"].to_dict() == {"AAA": 0.0, "BBB": 0.5}
    assert checked["systemic_trade_risk__uniform"].to_dict() == {"AAA": 0.0, "BBB": 0.1}


def test_a_hazard_without_its_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"setting hazard_file .* names no file"):
        configured_hazard(Settings(home=tmp_path, hazard="file"))
    gone = Settings(home=tmp_path, hazard="file", hazard_file=tmp_path / "gone.csv")
    with pytest.raises(GivenFileError, match=r"gone\.csv: there is no such file"):
        configured_hazard(gone).data_files()


# What is tested is made by then; the results after it take as long again.
UNTIL = ("--until", "indicators")


@pytest.mark.slow
def test_in_a_run_its_digest_is_in_the_lineage_and_a_new_content_makes_the_tables_anew(tmp_path):
    path = written(tmp_path, "iso3,hazard\nCHN,1\n*,0.1\n")
    environment = {"REEASSETS_HAZARD": "file", "REEASSETS_HAZARD_FILE": str(path)}
    home = tmp_path / "home"
    reeassets("run", "--years", "2022-2023", *UNTIL, home=home, **environment)
    table = indicator_variants_table(Settings(home=home))
    recorded = TableStore(home / "tables").provenance(table, 2023)
    assert recorded.inputs["hazards.csv"] == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text("iso3,hazard\nCHN,0\n*,0.1\n")
    printed = reeassets("run", *UNTIL, home=home).stdout
    assert "indicators  2023" in printed
    assert "trade       2023" not in printed
    path.write_text("iso3,hazard\nCHN,7\n")
    failed = reeassets("run", *UNTIL, home=home, check=False)
    assert failed.returncode == 1
    assert "line 2: hazard '7' is not a number in [0, 1]" in failed.stdout
