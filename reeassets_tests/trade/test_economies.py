"""Economies: groups and their files, and what merging does to flows and totals, by hand and recomputed plainly."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from reeassets.platform.graph import Graph
from reeassets.products.carried import trade_flows
from reeassets.products.other_goods import of_year
from reeassets.settings import Settings
from reeassets.trade import totals
from reeassets.trade.bundled import bundled_file
from reeassets.trade.economies import EU27, chosen_groups, economies, identity, read_groups
from reeassets.trade.given import GivenFileError
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table
from reeassets.trade.sample import FILES
from reeassets.trade.schema import ECONOMIES, ECONOMY_MEMBERS, PRODUCT_TOTALS
from reeassets_tests.conftest import FEWER_DRAWS, reeassets

KNOWN = frozenset({"DEU", "FRA", "LUX", "CHN", "USA", "DDR"})


@pytest.fixture(scope="module")
def countries():
    return read_country_table(bundled_file(COUNTRY_TABLE))


def written(tmp_path, text):
    path = tmp_path / "groups.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_27_are_in_bacis_table_and_their_code_is_nobodys(countries):
    assert len(EU27.members) == len(set(EU27.members)) == 27
    assert set(EU27.members) <= set(countries["iso3"])
    assert EU27.code not in set(countries["iso3"])
    # Both of BACI's codes of Germany and of Belgium, but not East Germany, nor the United Kingdom.
    table = economies(countries, [EU27]).set_index("country_code")
    assert {276: "EUU", 280: "EUU", 56: "EUU", 58: "EUU"}.items() <= table["economy"].to_dict().items()
    assert table.loc[[278, 826], "economy"].tolist() == ["DDR", "GBR"]
    assert table.loc[276, ["country", "economy_name", "merged"]].tolist() == ["DEU", "European Union (27)", True]


def test_by_default_every_country_is_its_own_economy(countries, tmp_path):
    settings = Settings(home=tmp_path)
    assert settings.economies == "countries"
    assert chosen_groups(settings, countries) == []
    assert identity(settings, None) == {}
    table = ECONOMIES.check(economies(countries, []))
    assert (table["economy"] == table["country"]).all()
    assert not table["merged"].any()
    assert table["economy_name"].tolist() == countries.sort_values("country_code")["country_name"].tolist()


def test_a_file_of_groups_counts_by_name_and_content_wherever_it_lies(tmp_path):
    def expected(folder, groups):
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, groups)
        graph = Graph(Settings(home=tmp_path, economies=str(path)))
        return graph.expected("economies", None), graph.own_hash("html_report")

    here = expected("here", "iso3,economy\nFRA,DEU\nDEU,DEU\n")
    assert expected("elsewhere", "iso3,economy\nFRA,DEU\nDEU,DEU\n") == here
    assert expected("other", "iso3,economy\nFRA,DEU\nDEU,DEU\nUSA,DEU\n")[0] != here[0]
    built_in = {
        Graph(Settings(home=tmp_path, economies=of)).expected("economies", None) for of in ("countries", "eu27")
    }
    assert len({*built_in, here[0]}) == 3


def test_groups_of_a_file(tmp_path, countries):
    path = written(tmp_path, "iso3,economy\nFRA,DEU\nDEU,DEU\nUSA,NA1\n")
    assert [(group.code, group.members) for group in read_groups(path, KNOWN)] == [
        ("DEU", ("DEU", "FRA")),
        ("NA1", ("USA",)),
    ]
    settings = Settings(home=tmp_path, economies=str(path))
    assert set(identity(settings, None)) == {"groups.csv"}
    table = economies(countries, chosen_groups(settings, countries)).drop_duplicates("country").set_index("country")
    assert table.loc[["DEU", "FRA", "USA", "CHN"], "economy"].tolist() == ["DEU", "DEU", "NA1", "CHN"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("group,iso3\nEU1,DEU\n", "line 1: the header lacks the column 'economy'"),
        ("economy,iso3\nEUROPE,DEU\n", "line 2: economy 'EUROPE' is not a code of three"),
        ("economy,iso3\nEU1,DEU\nEU1,GER\n", "line 3: iso3 'GER' is no country of the source's country table"),
        ("economy,iso3\nEU1,DEU\nEU1,FRA\nEU2,DEU\n", "line 4: DEU is in EU1 already, by line 2"),
        ("economy,iso3\nEU1,DEU\nEU1,DEU\n", "line 3: DEU is in EU1 already, by line 2"),
        ("economy,iso3\nCHN,DEU\n", "line 2: economy 'CHN' has the code of a country that is not its member"),
        ("economy,iso3\nEU1,DEU\nDEU,FRA\n", "line 3: economy 'DEU' has the code of a country that is not its member"),
        ("economy,iso3\n", "it holds a header and no rows"),
        (b"economy,iso3\nEU1,D\xffU\n", "not a text file in UTF-8"),
    ],
)
def test_a_broken_file_is_an_error_with_file_line_and_cause(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(GivenFileError) as error:
        read_groups(path, KNOWN)
    assert str(error.value).startswith(str(path))
    assert told in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(GivenFileError, match=r"eu72: there is no such file; the setting economies names it"):
        identity(Settings(home=tmp_path, economies=str(tmp_path / "eu72")), None)


@pytest.fixture
def files(tmp_path):
    # 276 and 280 are Germany, 442 Luxembourg, 251 France, 156 China, 842 the USA; EU1 = Germany, Luxembourg, France.
    raw = pd.DataFrame(
        [
            (2000, 276, 156, "850511", 10.0, 1.0),
            (2000, 280, 156, "850511", 0.5, None),
            (2000, 442, 156, "850511", 2.0, 4.0),
            (2000, 156, 276, "850511", 7.0, None),
            (2000, 156, 251, "850511", 8.0, 3.0),
            (2000, 276, 280, "850511", 99.0, None),
            (2000, 276, 442, "850511", 3.0, 1.0),
            (2000, 251, 276, "260600", 5.0, 1.0),
            (2000, 842, 156, "260600", 1.0, 1.0),
            (2000, 999, 156, "850511", 11.0, None),
        ],
        columns=["year", "exporter_code", "importer_code", "product", "value_kusd", "quantity_t"],
    )
    names = ["Germany", "FRG (...1990)", "Luxembourg", "France", "China", "USA", "Malta"]
    countries = pd.DataFrame(
        {
            "country_code": [276, 280, 442, 251, 156, 842, 470],
            "iso3": ["DEU", "DEU", "LUX", "FRA", "CHN", "USA", "MLT"],
            "country_name": names,
        }
    )
    groups = written(tmp_path, "economy,iso3\nEU1,DEU\nEU1,LUX\nEU1,FRA\nEU1,MLT\n")
    raw.to_parquet(tmp_path / "raw.parquet")
    found = economies(countries, read_groups(groups, frozenset(countries["iso3"])))
    found.to_parquet(tmp_path / "economies.parquet")
    concordance = pd.DataFrame({"set_product": ["850511", "260600"], "product": ["850511", "260600"], "share": 1.0})
    concordance.to_parquet(tmp_path / "concordance.parquet")
    return [str(tmp_path / f"{name}.parquet") for name in ("raw", "economies", "concordance")]


@pytest.fixture
def connection():
    with duckdb.connect(":memory:") as connection:
        yield connection


def test_flows_by_hand(files, connection):
    flows = trade_flows(connection, *files, of_year(None, 2000)).set_index(["exporter", "importer", "product"])
    assert flows["value_kusd"].to_dict() == {
        ("EU1", "CHN", "850511"): 12.5,
        ("CHN", "EU1", "850511"): 15.0,
        ("USA", "CHN", "260600"): 1.0,
    }
    assert flows.loc[("EU1", "CHN", "850511"), "quantity_t"] == 5.0


def test_totals_by_hand_are_without_what_stays_inside(files, connection):
    raw, table, _ = files
    by_country = totals.country_totals(connection, raw, table).set_index("country")
    assert by_country["exports_kusd"].to_dict() == {"CHN": 15.0, "EU1": 12.5, "USA": 1.0}
    assert by_country["imports_kusd"].to_dict() == {"CHN": 13.5, "EU1": 15.0, "USA": 0.0}
    by_product = PRODUCT_TOTALS.check(totals.product_totals(connection, raw, table, "set only")).set_index("product")
    # 260600 from France to Germany is inside: 1 is left of 6.
    assert by_product["value_kusd"].to_dict() == {"260600": 1.0, "850511": 27.5}
    assert totals.unaccounted_flows(connection, raw, table) == {
        "unknown_country": 1,
        "within_country": 1,
        "within_economy": 2,
    }


def test_members_by_hand(files, connection):
    members = ECONOMY_MEMBERS.check(totals.economy_members(connection, *files[:2], 2000)).set_index("country")
    assert members["exports_kusd"].to_dict() == {"DEU": 10.5, "FRA": 0.0, "LUX": 2.0, "MLT": 0.0}
    assert members["imports_kusd"].to_dict() == {"DEU": 7.0, "FRA": 8.0, "LUX": 0.0, "MLT": 0.0}
    assert members["inside_kusd"].to_dict() == {"DEU": 3.0, "FRA": 5.0, "LUX": 0.0, "MLT": 0.0}


YEAR = 2023


def raw_sample():
    """The bundled flows as their files have them, in BACI's column names."""
    read = [pd.read_parquet(file.path)[list(file.columns)].set_axis(list("tijkvq"), axis=1) for file in FILES]
    sample = pd.concat(read, ignore_index=True)
    return sample.assign(k=sample["k"].astype("str").str.zfill(6))


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A run in which the EU is one economy, under the hazard of political stability."""
    home = tmp_path_factory.mktemp("eu27") / "home"
    environment = {"REEASSETS_HAZARD": "political_stability", **FEWER_DRAWS}
    reeassets("run", "--years", "2022-2023", "--economies", "eu27", home=home, **environment)
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def plain():
    """The sample's flows of a year with the members replaced by EUU, and what stays inside dropped."""
    sample = raw_sample()
    iso3 = read_country_table(bundled_file(COUNTRY_TABLE)).set_index("country_code")["iso3"]
    flows = sample[sample["t"] == YEAR].assign(i=lambda f: f["i"].map(iso3), j=lambda f: f["j"].map(iso3))
    members = flows[["i", "j", "v"]].copy()
    flows[["i", "j"]] = flows[["i", "j"]].replace(dict.fromkeys(EU27.members, "EUU"))
    return flows[flows["i"] != flows["j"]].groupby(["i", "j", "k"])["v"].sum(), members


def test_flows_of_a_run_recomputed_plainly(merged, plain):
    stored = merged.execute("select * from trade_flows where year = ?", [YEAR]).df()
    stored = stored.set_index(["exporter", "importer", "product"])["value_kusd"]
    expected = plain[0].rename_axis(["exporter", "importer", "product"])
    assert set(stored.index) == set(expected.index)
    np.testing.assert_allclose(stored, expected.loc[stored.index], rtol=1e-9)
    assert not {"DEU", "FRA", "ITA"} & set(stored.index.get_level_values("importer"))


def test_advantage_of_the_union_is_over_the_sum_of_its_members_totals(merged, plain):
    v = plain[0]
    goods = pd.read_parquet(bundled_file("wdi_merchandise_totals_1990_2025.parquet"))
    goods = goods[(goods["kind"] == "country") & (goods["year"] == YEAR)].set_index("iso3")["exports_kusd"]
    goods, of_product = goods[goods > 0], v.groupby("k").sum()
    for product in ("850511", "811292"):
        own = v["EUU"].groupby("k").sum()[product] / goods[list(EU27.members)].sum()
        expected = own / (of_product[product] / goods.sum())
        stored = merged.execute(
            "select rca from product_indicators where year = ? and country = 'EUU' and product = ?", [YEAR, product]
        ).fetchone()
        assert stored[0] == pytest.approx(expected, rel=1e-9)


def test_the_hazard_of_the_union_is_the_export_weighted_mean_of_its_members(merged, plain):
    v, members = plain
    ranks = pd.read_csv(bundled_file("wgi_political_stability_1996_2023.csv"), keep_default_na=False)
    of_year = ranks[ranks["year"] == YEAR].set_index("iso3")["pv_percentile_rank"].astype(float)
    outward = members[members["i"].isin(EU27.members) & ~members["j"].isin(EU27.members)].groupby("i")["v"].sum()
    expected = np.average((100 - of_year.loc[outward.index]) / 100, weights=outward)
    # What the buyer exports it makes: it is no entrepot. Direct risk = sum of shares times hazard, so solve for it.
    flows = v.xs("850511", level="k")
    buyer = flows.xs("EUU", level="i").idxmax()
    imports, sold = flows.xs(buyer, level="j"), flows.groupby("i").sum().get(buyer, 0.0)
    hazard = {country: (100 - of_year[country]) / 100 for country in imports.index if country in of_year.index}
    known = imports.index.isin([*hazard, "EUU", "S19"])
    assert known.all()
    hazard["S19"] = (100 - of_year["TWN"]) / 100
    hazard["EUU"] = expected
    risk = sum(value * hazard[country] for country, value in imports.items()) / (imports.sum() + sold)
    stored = merged.execute(
        "select direct_risk from product_indicators where year = ? and country = ? and product = '850511'",
        [YEAR, buyer],
    ).fetchone()
    assert stored[0] == pytest.approx(risk, rel=1e-9)


def test_everything_after_works_on_economies(merged):
    for table, column in (("country_indicators", "country"), ("country_clusters", "country"), ("panel", "country")):
        found = {name for (name,) in merged.execute(f"select distinct {column} from {table}").fetchall()}
        assert "EUU" in found
        assert not found & set(EU27.members)
    assert merged.execute("select count(*) from economy_members where year = 2023").fetchone()[0] == 27


def test_groups_of_one_change_nothing(finished, tmp_path):
    home, _ = finished
    groups = written(tmp_path, "economy,iso3\nDEU,DEU\nCHN,CHN\n")
    reeassets("run", "--years", "2023", "--economies", groups, "--until", "products", home=tmp_path / "home")
    same = ("trade/country_totals", "trade/product_totals", "products/trade_flows")
    for table in same:
        expected, found = (
            pd.read_parquet(root / "tables" / table / "2023.parquet") for root in (home, tmp_path / "home")
        )
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_by_default_flows_are_those_between_countries(warehouse):
    """The SQL that makes the flows, with the country table instead of the economies."""
    assert warehouse.execute("select count(*) from economy_members").fetchone()[0] == 0
    sample = raw_sample()  # noqa: F841  (DuckDB finds it by its name)
    differing = warehouse.execute(
        """
        with plain as (
            select t as year, exporter.iso3 as exporter, importer.iso3 as importer, k as product,
                sum(v::decimal(18, 6))::double as value_kusd
            from sample join countries exporter on exporter.country_code = i
            join countries importer on importer.country_code = j
            where exporter.iso3 <> importer.iso3 and t between 2016 and 2023 group by all)
        select count(*), count(*) filter (where plain.value_kusd is distinct from flows.value_kusd)
        from plain full join trade_flows flows using (year, exporter, importer, product)
        """
    ).fetchone()
    assert differing[0] > 100_000
    assert differing[1] == 0
