"""The monitor against shares by hand, a dense recomputation product by product, numpy's fit, and real magnets."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reeassets.indicators import inputs
from reeassets.indicators.dependence_schema import DEPENDENCY_MONITOR
from reeassets.indicators.monitor import Group, dependency_monitor, judged, slopes
from reeassets.indicators.one_buyer import as_one, members_in
from reeassets.indicators.supply import reexport_shares
from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file
from reeassets.trade.economies import EU27_CODE, EU27_MEMBERS, economies
from reeassets.trade.nomenclature import COUNTRY_TABLE, read_country_table
from reeassets_tests.indicators.builders import P, Q, T, flow_frame, network, random_flows

STAGES = pd.Series({P: "upstream", Q: "input", T: "input"})


def monitored(flows_of_year, stages=STAGES, threshold=0.65, **options):
    """Return the monitor of flows by year, checked, by (year, country, stage, product)."""
    names = {name for flows in flows_of_year.values() for flow in flows for name in flow[:2]}
    group = Group(lambda year: network(flow_frame(flows_of_year[year], year), **options))
    table = DEPENDENCY_MONITOR.check(dependency_monitor([group], list(flows_of_year), stages, names, threshold))
    return table.assign(product=table["product"].fillna("all")).set_index(["year", "country", "stage", "product"])


# MAK sells 80 to HUB and 20 to USE; HUB sells 60 to USE and 20 to FAR; OTH sells 20 to HUB: as in the test of origins.
ENTREPOT = [
    ("MAK", "HUB", Q, 80.0),
    ("MAK", "USE", Q, 20.0),
    ("OTH", "HUB", Q, 20.0),
    ("HUB", "USE", Q, 60.0),
    ("HUB", "FAR", Q, 20.0),
]


def test_who_sold_and_who_made_by_hand():
    row = monitored({2010: ENTREPOT}, reexports={"HUB": 1.0}).loc[(2010, "USE", "input", Q)]
    assert (row["supplier"], row["largest_seller"]) == ("MAK", "HUB")
    assert row["ultimate_share"] == pytest.approx(0.25 + 0.75 * 0.8)
    assert row["direct_share"] == pytest.approx(0.25)
    assert row["largest_seller_share"] == pytest.approx(0.75)
    assert (row["ultimate_low"], row["ultimate_high"]) == pytest.approx((0.25, 0.85))
    assert row["above"]
    assert row["above_direct"]
    # Nobody in USE sells: all of its supply is imports.
    assert row["imports_kusd"] == row["supply_kusd"] == 80.0
    assert pd.isna(row["trend"])
    assert pd.isna(row["years_to_benchmark"])


def test_shares_of_supply_count_what_is_made_at_home():
    flows = [("MAK", "USE", Q, 60.0), ("OTH", "USE", Q, 20.0), ("USE", "FAR", Q, 100.0)]
    row = monitored({2010: flows}, reexports={"USE": 0.5}).loc[(2010, "USE", "input", Q)]
    # D = 100 - 0.5 * 80; without re-exports 100, with full ones 20.
    assert row["supply_kusd"] == 140.0
    assert row["direct_share"] == row["ultimate_share"] == 0.75
    assert row["direct_supply_share"] == row["ultimate_supply_share"] == pytest.approx(60 / 140)
    assert (row["ultimate_supply_low"], row["ultimate_supply_high"]) == pytest.approx((60 / 180, 60 / 100))


def test_a_stage_is_the_sum_of_its_products_by_value():
    flows = [*ENTREPOT, ("OTH", "USE", T, 300.0), ("MAK", "USE", T, 20.0), ("MAK", "USE", P, 5.0)]
    table = monitored({2010: flows}, reexports={"HUB": 1.0})
    row = table.loc[(2010, "USE", "input", "all")]
    assert row["imports_kusd"] == 400.0
    assert (row["supplier"], row["largest_seller"]) == ("OTH", "OTH")
    assert row["ultimate_share"] == pytest.approx((60 * 0.2 + 300) / 400)
    assert row["direct_share"] == row["largest_seller_share"] == 0.75
    assert (row["ultimate_low"], row["ultimate_high"]) == pytest.approx((0.75, 312 / 400))
    assert table.loc[(2010, "USE", "upstream", "all"), "ultimate_share"] == 1.0


def test_goods_of_its_own_that_come_back_are_no_dependence():
    # Of what USE imports three quarters come through HUB, which bought them all in USE.
    flows = [("USE", "HUB", Q, 90.0), ("HUB", "USE", Q, 75.0), ("OTH", "USE", Q, 25.0)]
    row = monitored({2010: flows}, reexports={"HUB": 1.0}).loc[(2010, "USE", "input", Q)]
    assert (row["supplier"], row["ultimate_share"]) == ("OTH", pytest.approx(0.25))
    assert not row["above"]
    assert (row["largest_seller"], row["above_direct"]) == ("HUB", True)


def test_a_maker_that_is_not_known_is_not_judged():
    # In the ring nobody makes anything.
    ring = [("RAA", "RBB", Q, 5.0), ("RBB", "RAA", Q, 5.0)]
    row = monitored({2010: ring}, reexports={"RAA": 1.0, "RBB": 1.0}).loc[(2010, "RAA", "input", Q)]
    assert row[["supplier", "ultimate_share", "direct_share", "above", "trend", "years_to_benchmark"]].isna().all()
    assert row["above_direct"]


def test_exactly_the_benchmark_is_not_above_it():
    flows = [("MAK", "USE", Q, 65.0), ("OTH", "USE", Q, 35.0)]
    assert not monitored({2010: flows}, threshold=0.65).loc[(2010, "USE", "input", Q), "above"]
    assert monitored({2010: flows}, threshold=0.649).loc[(2010, "USE", "input", Q), "above"]


def shares_over_years(shares):
    return {
        year: [("MAK", "USE", Q, 100 * share), ("OTH", "USE", Q, 100 - 100 * share)]
        if share is not None
        else ENTREPOT[:1]
        for year, share in shares.items()
    }


def test_the_trend_is_numpys_fit_over_five_years():
    shares = {2008: 0.6, 2009: 0.95, 2010: 0.92, 2011: 0.93, 2012: 0.85, 2013: 0.8}
    table = monitored(shares_over_years(shares))
    for last in (2012, 2013):
        years = range(last - 4, last + 1)
        slope = np.polyfit(years, [shares[year] for year in years], 1)[0]
        row = table.loc[(last, "USE", "input", Q)]
        assert row["trend"] == pytest.approx(slope, abs=1e-12)
        expected = np.nan if slope >= 0 else (shares[last] - 0.65) / -slope
        assert row["years_to_benchmark"] == pytest.approx(expected, nan_ok=True)
    assert table.loc[(2013, "USE", "input", "all"), "trend"] == pytest.approx(slope, abs=1e-12)
    assert table.loc[(2009, "USE", "input", Q)][["trend", "years_to_benchmark"]].isna().all()
    assert table.loc[(2008, "USE", "input", Q), "years_to_benchmark"] == 0.0


def test_the_trend_is_the_suppliers_own_and_leaves_out_years_without_imports():
    # MAK sold nothing of it in 2009, and nobody did in 2011.
    shares = {2009: 0.0, 2010: 0.4, 2011: None, 2012: 0.7, 2013: 0.9}
    flows = shares_over_years(shares)
    flows[2009] = [flow for flow in flows[2009] if flow[3] > 0]
    table = monitored(flows)
    expected = np.polyfit([2009, 2010, 2012, 2013], [0.0, 0.4, 0.7, 0.9], 1)[0]
    row = table.loc[(2013, "USE", "input", Q)]
    assert row["supplier"] == "MAK"
    assert row["trend"] == pytest.approx(expected, abs=1e-12)


def test_slopes_of_random_histories_are_numpys():
    rng = np.random.default_rng(3)
    history = np.where(rng.random((200, 5)) < 0.3, np.nan, rng.random((200, 5)))
    for row, slope in zip(history, slopes(history), strict=True):
        known = np.flatnonzero(~np.isnan(row))
        expected = np.polyfit(-known, row[known], 1)[0] if len(known) >= 3 else np.nan
        assert slope == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_another_benchmark_needs_the_shares_and_the_trend_alone():
    flows = shares_over_years({2011: 0.9, 2012: 0.8, 2013: 0.7})
    at_once, later = monitored(flows, threshold=0.5), judged(monitored(flows, threshold=0.9), 0.5)
    pd.testing.assert_frame_equal(at_once, later)
    assert at_once.loc[(2013, "USE", "input", Q), "years_to_benchmark"] == pytest.approx(2.0)


def dense_row(flows, country, products, rho):
    """Return ultimate and direct shares by country of the products together, with dense matrices of each."""
    names = sorted({name for flow in flows for name in flow[:2]})
    at, total = {name: place for place, name in enumerate(names)}, 0.0
    direct, ultimate = np.zeros((2, len(names)))
    for product in products:
        v = np.zeros((len(names), len(names)))
        for exporter, importer, traded, value in flows:
            if traded == product:
                v[at[exporter], at[importer]] += value
        M, X = v.sum(axis=0), v.sum(axis=1)
        bought = np.array([rho.get(name, 0.0) for name in names]) * np.minimum(M, X) / np.where(X > 0, X, 1.0)
        shares = v / np.where(M > 0, M, 1.0)
        exported = np.linalg.solve(np.eye(len(names)) - bought[:, None] * shares.T, np.diag(1 - bought))
        direct += v[:, at[country]]
        ultimate += M[at[country]] * (shares.T @ exported)[at[country]]
        total += M[at[country]]
    return pd.Series(ultimate / total, names), pd.Series(direct / total, names)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_is_what_dense_matrices_say(seed):
    flows, later = random_flows(seed), random_flows(seed + 10)
    products = sorted({flow[2] for flow in flows})
    stages = pd.Series(dict(zip(products, ["upstream", "input", "input", "final"], strict=True)))
    rho = {"CA0": 1.0, "CA3": 0.5}
    table = monitored({2011: flows, 2012: later}, stages=stages, reexports=rho)
    for (year, country, stage, product), row in table.iterrows():
        of_row = [product] if product != "all" else stages.index[stages == stage]
        ultimate, direct = dense_row(flows if year == 2011 else later, country, of_row, rho)
        others = ultimate.drop(country)
        assert row["ultimate_share"] == pytest.approx(others.max(), abs=1e-12)
        assert ultimate[row["supplier"]] == pytest.approx(others.max(), abs=1e-12)
        assert row["direct_share"] == pytest.approx(direct[row["supplier"]], abs=1e-12)
        assert row["largest_seller_share"] == pytest.approx(direct.max(), abs=1e-12)
        full = dense_row(flows if year == 2011 else later, country, of_row, dict.fromkeys(direct.index, 1 - 1e-12))[0]
        bounds = [of[row["supplier"]] for of in (ultimate, direct, full)]
        assert (row["ultimate_low"], row["ultimate_high"]) == pytest.approx((min(bounds), max(bounds)), abs=1e-9)
    assert len(table) > 100


def test_a_product_without_a_stage_is_an_error():
    with pytest.raises(ValueError, match=f"2010: {Q} trade, but are no economy, or have no stage in the set"):
        monitored({2010: ENTREPOT}, stages=pd.Series({P: "upstream"}))


def test_a_year_without_trade_has_no_rows():
    assert monitored({2010: [], 2011: ENTREPOT}).index.get_level_values("year").unique().tolist() == [2011]
    assert monitored({2010: []}).empty


# Measured with the setting economies = eu27, when origins were first computed.
MAGNETS = {2007: (0.587, 0.593, 0.655), 2017: (0.792, 0.794, 0.875), 2023: (0.888, 0.889, 0.982)}


@pytest.fixture(scope="module")
def real_magnets():
    countries = read_country_table(bundled_file(COUNTRY_TABLE))
    path = bundled_file("baci_critical_materials_2002_2024.parquet")
    raw = pq.read_table(path, filters=[("k", "=", "850511")]).to_pandas()
    iso3 = countries.set_index("country_code")["iso3"]
    flows = pd.DataFrame(
        {
            "year": raw["t"].astype("int64"),
            "exporter": raw["i"].map(iso3),
            "importer": raw["j"].map(iso3),
            "product": raw["k"].astype("str"),
            "value_kusd": raw["v"].astype("float64"),
            "quantity_t": np.nan,
        }
    )
    flows = flows[flows["exporter"] != flows["importer"]]
    return flows.groupby(["year", "exporter", "importer", "product"], as_index=False).sum(), economies(countries, [])


def test_chinas_share_of_the_magnets_of_the_eu_as_one_buyer(real_magnets):
    flows, known = real_magnets
    settings = Settings(home="unused")
    members = members_in(known)
    assert members == sorted(EU27_MEMBERS)
    tables = {
        "reexport_shares": reexport_shares(settings, sorted(known["economy"].unique())),
        "production": pd.DataFrame(columns=["year", "country", "product", "production_kusd"]),
    }

    def merged(year):
        read = (tables | {"trade_flows": flows[flows["year"] == year]}).get
        return inputs.trade_of(as_one(read, members), settings)

    group = Group(merged, EU27_CODE)
    names = {*known["economy"], EU27_CODE}
    table = dependency_monitor([group], range(2007, 2024), pd.Series({"850511": "input"}), names, 0.65)
    magnets = DEPENDENCY_MONITOR.check(table).dropna(subset="product").set_index("year")
    assert (magnets["country"] == EU27_CODE).all()
    for year, (direct, ultimate, most) in MAGNETS.items():
        row = magnets.loc[year]
        assert row["supplier"] == "CHN"
        found = row[["direct_share", "ultimate_share", "ultimate_high"]].astype(float)
        np.testing.assert_allclose(found, (direct, ultimate, most), rtol=0, atol=5e-4)
    # By hand: what members buy from China, of what they buy outside the EU.
    inside = flows[
        flows["importer"].isin(EU27_MEMBERS) & ~flows["exporter"].isin(EU27_MEMBERS) & (flows["year"] == 2023)
    ]
    by_hand = inside.loc[inside["exporter"] == "CHN", "value_kusd"].sum() / inside["value_kusd"].sum()
    assert magnets.loc[2023, "direct_share"] == pytest.approx(by_hand, abs=1e-12)
    fit = np.polyfit(range(2019, 2024), magnets.loc[2019:2023, "ultimate_share"], 1)[0]
    assert magnets.loc[2023, "trend"] == pytest.approx(fit, abs=1e-12)
    assert magnets["above"].tolist() == [year >= 2009 for year in magnets.index]
