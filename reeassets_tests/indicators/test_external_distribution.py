"""An indicator and a hazard of an installed distribution, in a whole run: nothing of the platform is changed for it."""

import duckdb
import pytest

from reeassets_tests.conftest import FEWER_DRAWS, reeassets

MODULE = """
import numpy as np

from reeassets.indicators.contract import Indicator

N_SUPPLIERS = Indicator(
    name="n_suppliers",
    unit="countries",
    low=0.0,
    high=None,
    direction="higher: more countries to buy from",
    formula="number of i with v[i,j,p] > 0",
    source="the package acme-suppliers",
    compute=lambda network: np.bincount(network.importer, minlength=network.n_pairs),
)


class Third:
    name = "third"
    description = "one third for everybody, by acme-suppliers"

    def hazard(self, year, countries):
        return np.full(len(countries), 1 / 3)

    def data_files(self):
        return []


THIRD = Third()
"""
METADATA = "Metadata-Version: 2.1\nName: acme-suppliers\nVersion: 4.2\n"
ENTRY_POINTS = """[reeassets.indicators]
n_suppliers = acme_suppliers:N_SUPPLIERS

[reeassets.hazards]
third = acme_suppliers:THIRD
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run with the distribution on the path, as pip would leave it in site-packages."""
    site = tmp_path_factory.mktemp("site")
    (site / "acme_suppliers.py").write_text(MODULE)
    information = site / "acme_suppliers-4.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    home = tmp_path_factory.mktemp("external") / "home"
    reeassets(
        "run",
        "--years",
        "2022-2023",
        home=home,
        PYTHONPATH=str(site),
        REEASSETS_HAZARD_UNIFORM=str(1 / 3),
        **FEWER_DRAWS,
    )
    return home


@pytest.fixture(scope="module")
def warehouse(home):
    with duckdb.connect(str(home / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        yield connection


def test_its_column_is_counted_from_the_flows(warehouse):
    broken = warehouse.execute(
        """
        with counted as (
            select year, importer as country, product, count(*) as n from trade_flows group by all)
        select count(*), count(*) filter (where n_suppliers <> coalesce(n, 0))
        from product_indicators left join counted using (year, country, product)
        """
    ).fetchone()
    assert broken[0] > 5000
    assert broken[1] == 0


@pytest.mark.parametrize("table", ["product_indicators", "country_indicators", "indicator_intervals"])
def test_its_description_is_in_the_warehouse(warehouse, table):
    comments = warehouse.execute(
        "select comment from duckdb_columns() where table_name = ? and column_name like 'n_suppliers%'", [table]
    ).fetchall()
    assert len(comments) == (2 if table == "indicator_intervals" else 1)
    assert all("[countries]" in comment for (comment,) in comments)
    if table != "indicator_intervals":
        assert "more countries to buy from. Source: the package acme-suppliers." in comments[0][0]


def test_it_is_contrasted_and_its_hazard_has_variants(warehouse):
    # Two years under three weightings.
    assert warehouse.execute("select count(*) from tier_contrasts where indicator = 'n_suppliers'").fetchone()[0] == 6
    worst = warehouse.execute(
        "select max(abs(systemic_trade_risk__third - systemic_trade_risk__uniform)) from indicator_variants"
    ).fetchone()[0]
    assert worst < 1e-12


def test_it_is_drawn_and_defined_in_the_report(home):
    page = (home / "report" / "report.html").read_text(encoding="utf-8")
    assert "N suppliers" in page
    assert "number of i with v[i,j,p] &gt; 0" in page
    assert page.count("more countries to buy from") >= 2
