"""The results of the whole run, recomputed here from ``trade_flows`` with the formulas of docs/METHOD.md alone.

Nothing of the package is used: dense matrices, one product at a time, as a sceptic would write it.
"""

import numpy as np
import pandas as pd
import pytest

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


def test_balassa_index(stored, products, flows):
    exports, total = flows.groupby("exporter")["value_kusd"].sum(), flows["value_kusd"].sum()

    def rca(of, _):
        own = exports.reindex(of.countries, fill_value=0.0).to_numpy()
        share = np.divide(of.X, own, out=np.zeros(len(own)), where=own > 0)
        return share / (of.X.sum() / total)

    compare(stored, products, "rca", rca)
    compare(stored, products, "rsca", lambda of, _: (rca(of, _) - 1) / (rca(of, _) + 1))


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


def test_totals_are_the_sums_of_flows(warehouse, flows, year):
    totals = warehouse.execute("select * from country_totals where year = ?", [year]).df().set_index("country")
    exports = flows.groupby("exporter")["value_kusd"].sum().reindex(totals.index, fill_value=0.0)
    imports = flows.groupby("importer")["value_kusd"].sum().reindex(totals.index, fill_value=0.0)
    assert totals["exports_kusd"].to_numpy() == pytest.approx(exports.to_numpy(), rel=1e-12)
    assert totals["imports_kusd"].to_numpy() == pytest.approx(imports.to_numpy(), rel=1e-12)
    assert set(totals["basis"]) == {"set only"}


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
