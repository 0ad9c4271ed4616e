"""The results of the whole run, recomputed here from ``trade_flows`` with the formulas of docs/METHOD.md alone.

Nothing of the package is used: dense matrices, one product at a time, as a sceptic would write it.
"""

import numpy as np
import pandas as pd
import pytest

from .conftest import REPOSITORY

ALPHA = 0.85
YEARS = (2016, 2023)
EXACT = 1e-9


@pytest.fixture(scope="module", params=YEARS)
def year(request):
    return request.param


@pytest.fixture(scope="module")
def flows(warehouse, year):
    return warehouse.execute("select * from trade_flows where year = ?", [year]).df()


@pytest.fixture(scope="module")
def stored(warehouse, year):
    table = warehouse.execute("select * from product_indicators where year = ?", [year]).df()
    return table.set_index(["product", "country"]).sort_index()


class Product:
    """Everything of one product, dense."""

    def __init__(self, flows, product):
        here = flows[flows["product"] == product]
        self.countries = sorted(set(here["exporter"]) | set(here["importer"]))
        place = {country: index for index, country in enumerate(self.countries)}
        self.v = np.zeros((len(place), len(place)))
        for row in here.itertuples():
            self.v[place[row.exporter], place[row.importer]] += row.value_kusd
        self.M, self.X = self.v.sum(0), self.v.sum(1)
        self.D = np.maximum(0, self.X - self.M)
        self.S = self.M + self.D
        self.A = self.v / self.S


@pytest.fixture(scope="module")
def products(flows):
    return {product: Product(flows, product) for product in sorted(flows["product"].unique())}


def compare(stored, products, column, values):
    for product, of in products.items():
        expected = values(of, product)
        found = stored.loc[product].loc[of.countries, column].to_numpy(dtype=float)
        assert found == pytest.approx(expected, abs=EXACT, rel=EXACT, nan_ok=True), (product, column)


def test_every_pair_that_trades_has_a_row_and_no_other(stored, products):
    assert len(stored) == sum(len(of.countries) for of in products.values())


def test_exposure(stored, products):
    compare(stored, products, "exposure", lambda of, _: of.M / (of.M + of.X))


def test_supplier_concentration(stored, products):
    def hhi(of, _):
        with np.errstate(invalid="ignore"):
            return np.where(of.M > 0, ((of.v / of.M) ** 2).sum(0), np.nan)

    compare(stored, products, "supplier_concentration", hhi)


def test_direct_systemic_and_indirect_risk(stored, products):
    def direct(of, _):
        return of.A.T @ np.ones(len(of.countries))

    def systemic(of, _):
        identity = np.eye(len(of.countries))
        return (1 - ALPHA) * np.linalg.solve(identity - ALPHA * of.A.T, direct(of, _))

    compare(stored, products, "direct_risk", direct)
    compare(stored, products, "systemic_trade_risk", systemic)
    compare(stored, products, "indirect_risk", lambda of, _: systemic(of, _) - (1 - ALPHA) * direct(of, _))


def test_influence_and_its_share(stored, products):
    def influence(of, _):
        identity = np.eye(len(of.countries))
        L = np.linalg.solve(identity - ALPHA * of.A.T, of.A.T)
        return (1 - ALPHA) * (of.M / of.M.sum()) @ L

    compare(stored, products, "influence", influence)
    compare(stored, products, "influence_share", lambda of, _: influence(of, _) / influence(of, _).sum())


def test_multi_tier_risk(stored, products, warehouse):
    links = warehouse.execute("select input, output, weight from io_links where accepted").df()
    assert len(links)
    risk = {product: np.zeros(len(of.countries)) for product, of in products.items()}
    for _ in range(400):
        new = {}
        for product, of in products.items():
            ones = np.ones(len(of.countries))
            new[product] = of.A.T @ ((1 - ALPHA) * ones + ALPHA * risk[product])
            for link in links[links["output"] == product].itertuples():
                inputs = pd.Series(risk[link.input], index=products[link.input].countries)
                of_input = inputs.reindex(of.countries, fill_value=0.0).to_numpy()
                new[product] += ALPHA * of.D / of.S * link.weight * of_input
        risk = new
    compare(stored, products, "multi_tier_risk", lambda of, product: risk[product])
    with_links = stored["multi_tier_risk"] - stored["systemic_trade_risk"]
    assert (with_links > -EXACT).all()
    assert (with_links > 1e-6).any()


@pytest.fixture(scope="module")
def all_goods():
    """The World Bank's countries, without its aggregates; 0 is a total that was rounded away."""
    table = pd.read_parquet(REPOSITORY / "data" / "wdi_merchandise_totals_1990_2025.parquet")
    table = table[table["kind"] == "country"].set_index(["year", "iso3"])[["exports_kusd", "imports_kusd"]]
    return table.where(table > 0)


def test_totals_are_the_world_banks(warehouse, all_goods, year):
    totals = warehouse.execute("select * from country_totals where year = ?", [year]).df().set_index("country")
    of_year = all_goods.loc[year].rename_axis("country")
    for name in ("exports_kusd", "imports_kusd"):
        assert totals[name].dropna().to_dict() == of_year[name].dropna().to_dict()
    assert totals.loc["S19", ["exports_kusd", "imports_kusd"]].isna().all()
    assert set(totals["basis"]) == {"all goods, WDI"}


def test_comparative_advantage_is_over_all_goods(flows, stored, all_goods, year):
    of_year, exports = all_goods.loc[year, "exports_kusd"], flows.groupby(["exporter", "product"])["value_kusd"].sum()
    world, of_product = of_year.sum(), flows.groupby("product")["value_kusd"].sum()
    seen = 0
    for (product, country), row in stored.iterrows():
        if country not in of_year.index or np.isnan(of_year[country]):
            assert np.isnan(row["rca"])
            assert np.isnan(row["rsca"])
            continue
        own = exports.get((country, product), 0.0) / of_year[country]
        expected = own / (of_product[product] / world)
        assert row["rca"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert row["rsca"] == pytest.approx((expected - 1) / (expected + 1), rel=1e-9, abs=1e-12)
        seen += 1
    assert seen > 3_000
    assert np.isnan(stored.xs("S19", level="country")["rca"]).all()
    # Over the set alone China had an advantage in everything that it sells at all.
    assert stored.loc[("850511", "CHN"), "rca"] > 2


def test_country_indicators_are_import_weighted(warehouse, stored, year):
    stages = dict(warehouse.execute("select product, stage from classified_products where in_set").fetchall())
    table = warehouse.execute(
        "select * from country_indicators where year = ? and country = 'DEU' and stage = 'upstream'", [year]
    ).df()
    germany = stored.xs("DEU", level="country")
    upstream = germany[[stages[product] == "upstream" for product in germany.index]]
    weights = upstream["imports_kusd"] / upstream["imports_kusd"].sum()
    assert table["exposure"].iloc[0] == pytest.approx((weights * upstream["exposure"]).sum(), rel=1e-12)
    assert table["influence"].iloc[0] == pytest.approx(upstream["influence"].sum(), rel=1e-12)
    assert table["n_products"].iloc[0] == len(upstream)


def test_china_has_the_largest_influence_on_magnets_in_every_year(warehouse):
    largest = warehouse.execute(
        "select year, arg_max(country, influence) from product_indicators where product = '850511' "
        "group by year order by year"
    ).fetchall()
    assert largest == [(year, "CHN") for year in range(2016, 2024)]


TABLES = {
    "trade_flows": {"year", "exporter", "importer", "product", "value_kusd", "quantity_t"},
    "country_totals": {"year", "country", "exports_kusd", "imports_kusd", "basis"},
    "product_totals": {"year", "product", "value_kusd", "basis"},
    "classified_products": {
        "product",
        "description",
        "in_set",
        "is_ree",
        "stage",
        "application",
        "confidence",
        "rationale",
    },
    "io_links": {"input", "output", "ai_votes", "partial_corr", "p_value", "q_value", "accepted", "weight"},
    "product_tiers": {"product", "stage", "trophic_level"},
    "network_edges": {
        "year",
        "kind",
        "source_country",
        "source_product",
        "target_country",
        "target_product",
        "weight",
    },
    "product_indicators": {
        "year",
        "country",
        "product",
        "imports_kusd",
        "exports_kusd",
        "exposure",
        "supplier_concentration",
        "direct_risk",
        "systemic_trade_risk",
        "indirect_risk",
        "influence",
        "rca",
        "rsca",
        "multi_tier_risk",
    },
    "country_indicators": {"year", "country", "stage"},
    "tier_contrasts": {"year", "indicator"},
    "country_clusters": {"year", "country", "cluster", "cluster_name"},
    "cluster_profiles": {"cluster", "cluster_name"},
    "rca_models": {"model", "term", "coefficient", "std_error"},
    "findings": {"claim", "statistic", "estimate", "ci_low", "ci_high", "verdict", "data"},
}


@pytest.mark.parametrize("table", TABLES)
def test_the_warehouse_has_the_table_with_its_columns_commented(warehouse, table):
    columns = warehouse.execute(
        "select column_name, comment, data_type from duckdb_columns() where table_name = ?", [table]
    ).fetchall()
    assert TABLES[table] <= {name for name, _, _ in columns}
    assert all(comment for _, comment, _ in columns)
    types = {name: dtype for name, _, dtype in columns}
    assert types.get("year", "BIGINT") == "BIGINT"
    assert types.get("product", "VARCHAR") == "VARCHAR"
    assert warehouse.execute(f"select count(*) from {table}").fetchone()[0] > 0


def test_findings_have_one_of_three_verdicts(warehouse):
    verdicts = {verdict for (verdict,) in warehouse.execute("select distinct verdict from findings").fetchall()}
    assert verdicts <= {"reproduced", "not reproduced", "not testable on this data"}
    contrasts = warehouse.execute(
        "select reason from findings where claim_id like '%input%' and verdict like 'not testable%'"
    ).fetchall()
    assert all("1 input product" in reason for (reason,) in contrasts)
