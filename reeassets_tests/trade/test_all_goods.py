"""Totals over all goods: which table they come from, what is in it, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from reeassets.settings import Settings
from reeassets.trade import all_goods
from reeassets.trade.contract import SourceError
from reeassets.trade.economies import EU27, economies
from reeassets.trade.given import GivenFileError
from reeassets.trade.sample import SampleSource

HEADER = "year,iso3,exports_kusd,imports_kusd\n"


class Whole(SampleSource):
    """A source of the whole nomenclature."""

    basis = "whole nomenclature"


def settings(tmp_path, **values):
    return Settings(home=tmp_path / "home", **values)


def given(tmp_path, text):
    path = tmp_path / "totals.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_source_of_part_of_the_nomenclature_takes_the_world_banks(tmp_path):
    default = settings(tmp_path)
    part, whole = SampleSource(default), Whole(default)
    assert all_goods.totals_basis(default, part) == "all goods, WDI"
    assert list(all_goods.totals_files(default, part)) == [all_goods.WDI_FILE]
    assert all_goods.totals_basis(default, whole) == "whole nomenclature"
    assert all_goods.totals_files(default, whole) == {}
    assert all_goods.all_goods(default, whole, 2023) is None


def test_the_setting_takes_precedence(tmp_path):
    own, bank = settings(tmp_path, totals="source"), settings(tmp_path, totals="wdi")
    assert all_goods.totals_basis(own, SampleSource(own)) == "set only"
    assert all_goods.all_goods(own, SampleSource(own), 2023) is None
    assert all_goods.totals_basis(bank, Whole(bank)) == "all goods, WDI"
    path = given(tmp_path, HEADER + "2023,CHN,3.5e9,2.5e9\n2023,DEU,1.5e9,\n")
    mine = settings(tmp_path, totals=str(path))
    assert all_goods.totals_basis(mine, Whole(mine)) == "all goods, file"
    table = all_goods.all_goods(mine, SampleSource(mine), 2023).set_index("iso3")
    assert table["exports_kusd"].to_dict() == {"CHN": 3.5e9, "DEU": 1.5e9}
    assert np.isnan(table.loc["DEU", "imports_kusd"])


def test_where_a_file_lies_does_not_matter_and_its_content_does(tmp_path):
    (tmp_path / "other").mkdir()
    one, two = (settings(tmp_path, totals=str(folder / "totals.csv")) for folder in (tmp_path, tmp_path / "other"))
    assert one.fingerprint("totals") == two.fingerprint("totals")
    given(tmp_path, HEADER + "2023,CHN,1,1\n")
    before = all_goods.totals_files(one, SampleSource(one))
    given(tmp_path, HEADER + "2023,CHN,1,2\n")
    assert all_goods.totals_files(one, SampleSource(one)) != before
    with pytest.raises(GivenFileError, match=r"totals\.csv: there is no such file; the setting totals names it"):
        all_goods.totals_files(two, SampleSource(two))


def test_the_world_banks_aggregates_are_no_countries(tmp_path):
    table = all_goods.all_goods(settings(tmp_path), SampleSource(settings(tmp_path)), 2023)
    assert len(table) == table["iso3"].nunique() > 190
    assert not set(table["iso3"]) & {"WLD", "EUU", "OED", "S19", "TWN"}
    # 23.5 trillion US$: with the world's own row it would be twice that.
    assert table["exports_kusd"].sum() == pytest.approx(2.3468e10, rel=1e-4)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2023,EUU,5,5\n", r"line 2: iso3 'EUU' is no country of the source's country table \(an aggregate\?\)"),
        ("2023,CHN,5,5\n2023,OED,5,5\n", "line 3: iso3 'OED' is no country"),
        ("2023,CHN,5,5\n2023,CHN,6,6\n", "line 3: CHN in 2023 is there already, in line 2"),
        ("2023,CHN,-5,5\n", "line 2: exports_kusd '-5' is not a positive amount"),
        ("2023,CHN,5,0\n", "line 2: imports_kusd '0' is not a positive amount"),
        ("2023,CHN,5,many\n", "line 2: imports_kusd 'many' is not a positive amount"),
        ("2023,CHN,inf,1\n", "line 2: exports_kusd 'inf' is not a positive amount"),
        ("23,CHN,5,5\n", "line 2: year '23' is not a year"),
    ],
)
def test_broken_files_are_refused_with_the_line(tmp_path, rows, message):
    mine = settings(tmp_path, totals=str(given(tmp_path, HEADER + rows)))
    with pytest.raises(GivenFileError, match=message):
        all_goods.all_goods(mine, SampleSource(mine), 2023)


def test_a_year_without_totals_is_refused(tmp_path):
    default = settings(tmp_path)
    with pytest.raises(SourceError, match="no totals of 2026, only of 1990-2025; the setting totals takes"):
        all_goods.all_goods(default, SampleSource(default), 2026)


def goods(**values):
    rows = [(iso3, exports, 2 * exports) for iso3, exports in values.items()]
    return pd.DataFrame(rows, columns=["iso3", "exports_kusd", "imports_kusd"])


def table_of(groups):
    return economies(SampleSource(Settings(home="unused")).countries(), groups)


def test_who_trades_without_a_total_has_a_row_without_numbers():
    table = all_goods.country_totals(2023, ["CHN", "S19"], table_of([]), goods(CHN=5.0, DEU=3.0, FRO=1.0))
    table = table.set_index("country")
    assert table["exports_kusd"].dropna().to_dict() == {"CHN": 5.0, "DEU": 3.0, "FRO": 1.0}
    assert table.loc["S19"].drop("year").isna().all()
    assert set(table["year"]) == {2023}


def test_a_group_has_the_sum_of_its_members_if_all_have_one():
    members = dict.fromkeys(EU27.members, 1.0)
    table = all_goods.country_totals(2023, ["EUU"], table_of([EU27]), goods(CHN=5.0, **members)).set_index("country")
    assert table["exports_kusd"].to_dict() == {"CHN": 5.0, "EUU": 27.0}
    assert table["imports_kusd"].to_dict() == {"CHN": 10.0, "EUU": 54.0}
    del members["MLT"]
    short = all_goods.country_totals(2023, ["EUU"], table_of([EU27]), goods(CHN=5.0, **members)).set_index("country")
    assert np.isnan(short.loc["EUU", "exports_kusd"])


def test_what_totals_leave_open_is_told():
    def frame(**exports):
        return pd.DataFrame({"country": list(exports), "exports_kusd": list(exports.values())})

    told = all_goods.coverage(frame(CHN=60.0, S19=30.0, COK=10.0), frame(CHN=100.0, COK=5.0, S19=np.nan))
    assert told == {
        "countries_without_total": ["S19"],
        "share_of_exports_without_total": 0.3,
        "exports_above_total": ["COK"],
    }
