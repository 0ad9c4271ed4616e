import numpy as np
import pandas as pd
import pytest

from reeassets.models.panel import build_panel, hazards_of
from reeassets.models.schema import panel_table
from reeassets_tests.models.made import settings

RISKS = [
    f"{risk}__{hazard}"
    for risk in ("indirect_risk", "multi_tier_risk", "systemic_trade_risk")
    for hazard in ("market_power", "political_stability", "uniform")
]
STAGES = pd.Series({"280530": "upstream", "850511": "input"})


def tables(rows):
    """Rows (year, country, product, imports, exports, rca) to the tables; totals are sums of the rows."""
    base = pd.DataFrame(rows, columns=["year", "country", "product", "imports_kusd", "exports_kusd", "rca"])
    base["rsca"] = (base["rca"] - 1) / (base["rca"] + 1)
    base["supplier_concentration"] = np.where(base["imports_kusd"] > 0, 0.5, np.nan)
    variants = base[["year", "country", "product"]].copy()
    for place, name in enumerate(["trade_exposure", "import_reliance", "import_intensity", *RISKS]):
        variants[name] = 0.1 + 0.01 * place
    country = (
        base.groupby(["year", "country"], as_index=False)[["exports_kusd", "imports_kusd"]].sum().assign(basis="x")
    )
    product = base.groupby(["year", "product"], as_index=False)["exports_kusd"].sum().assign(basis="x")
    return base, variants, country, product.rename(columns={"exports_kusd": "value_kusd"})


ROWS = [
    (2010, "CHN", "280530", 10.0, 90.0, 3.0),
    (2010, "CHN", "850511", 0.0, 50.0, 2.0),
    (2010, "DEU", "280530", 90.0, 10.0, 0.5),
    (2010, "DEU", "850511", 50.0, 0.0, 0.0),
    (2010, "FRA", "850511", 5.0, 1.0, 0.25),
    (2011, "CHN", "280530", 0.0, 80.0, 4.0),
    (2011, "CHN", "850511", 7.0, 70.0, 1.0),
    (2011, "DEU", "850511", 70.0, 7.0, 0.2),
    (2011, "FRA", "850511", 3.0, 0.0, 0.0),
    # Nobody exports 280530 in 2013, and 2012 is not in the data.
    (2013, "CHN", "850511", 1.0, 60.0, 5.0),
    (2013, "DEU", "850511", 60.0, 1.0, 0.1),
]


def lead(panel, delta):
    return {
        (row.year, row.country, row.product): (getattr(row, f"rca_lead{delta}"), getattr(row, f"rsca_lead{delta}"))
        for row in panel.itertuples()
    }


def test_leads_by_hand():
    panel, counts = build_panel(*tables(ROWS), STAGES, settings((1, 2, 3)))
    one = lead(panel, 1)
    assert one[2010, "CHN", "280530"] == pytest.approx((4.0, 0.6))
    assert one[2010, "CHN", "850511"] == pytest.approx((1.0, 0.0))
    # Germany exports in 2011, and China exports 280530: no row of the pair is a zero.
    assert one[2010, "DEU", "280530"] == (0.0, -1.0)
    assert one[2010, "DEU", "850511"] == pytest.approx((0.2, -2 / 3))
    # France exports nothing at all in 2011, though the pair has a row.
    assert np.isnan(one[2010, "FRA", "850511"]).all()
    assert all(np.isnan(one[key]).all() for key in one if key[0] in (2011, 2013))
    two = lead(panel, 2)
    assert all(np.isnan(two[key]).all() for key in two if key[0] == 2010)
    # The world does not trade 280530 in 2013.
    assert np.isnan(two[2011, "CHN", "280530"]).all()
    assert two[2011, "CHN", "850511"] == pytest.approx((5.0, 2 / 3))
    assert counts == {
        "rows": 11,
        "rows_without_stage": 0,
        "lead1_observed": 3,
        "lead1_zero_no_exports_of_pair": 1,
        "lead1_null_year_not_in_data": 6,
        "lead1_null_no_total_of_country": 0,
        "lead1_null_no_exports_of_country": 1,
        "lead1_null_no_world_trade": 0,
        "lead2_observed": 2,
        "lead2_zero_no_exports_of_pair": 0,
        "lead2_null_year_not_in_data": 7,
        "lead2_null_no_total_of_country": 0,
        "lead2_null_no_exports_of_country": 1,
        "lead2_null_no_world_trade": 1,
        "lead3_observed": 2,
        "lead3_zero_no_exports_of_pair": 0,
        "lead3_null_year_not_in_data": 6,
        "lead3_null_no_total_of_country": 0,
        "lead3_null_no_exports_of_country": 1,
        "lead3_null_no_world_trade": 2,
    }


def test_a_country_without_a_total_has_no_lead_whatever_it_exports():
    indicators, variants, country, product = tables(ROWS)
    unknown = (country["year"] == 2011) & (country["country"] == "DEU")
    country.loc[unknown, "exports_kusd"] = np.nan
    panel, counts = build_panel(indicators, variants, country, product, STAGES, settings((1,)))
    assert counts["lead1_null_no_total_of_country"] == 2
    assert (counts["lead1_observed"], counts["lead1_zero_no_exports_of_pair"]) == (2, 0)
    assert np.isnan(lead(panel, 1)[2010, "DEU", "850511"]).all()
    assert np.isnan(lead(panel, 1)[2010, "DEU", "280530"]).all()


def test_rows_and_totals_of_zero_count_as_no_trade():
    indicators, variants, country, product = tables([*ROWS, (2011, "DEU", "280530", 9.0, 0.0, 0.0)])
    nothing = pd.DataFrame({"year": [2013], "product": ["280530"], "value_kusd": [0.0], "basis": ["x"]})
    panel, counts = build_panel(indicators, variants, country, pd.concat([product, nothing]), STAGES, settings((1, 2)))
    assert (counts["lead1_observed"], counts["lead1_zero_no_exports_of_pair"]) == (3, 1)
    assert lead(panel, 1)[2010, "DEU", "280530"] == (0.0, -1.0)
    assert counts["lead2_null_no_world_trade"] == 2
    assert np.isnan(lead(panel, 2)[2011, "CHN", "280530"]).all()


def test_the_panel_obeys_its_table_and_has_its_columns_in_order():
    panel, _ = build_panel(*tables(ROWS), STAGES, settings((1, 2)))
    table = panel_table(settings((1, 2)))
    assert list(panel.columns) == list(table.columns)
    pd.testing.assert_frame_equal(table.check(panel), panel)
    assert hazards_of(list(panel.columns)) == ["market_power", "political_stability", "uniform"]
    assert panel.loc[0, "log1p_imports"] == pytest.approx(np.log(11.0))
    assert panel.loc[0, "log1p_exports"] == pytest.approx(np.log(91.0))


def test_nothing_after_t_leaks_into_the_regressors():
    honest, _ = build_panel(*tables(ROWS), STAGES, settings((1, 3)))
    indicators, variants, country, product = tables(ROWS)
    for frame in (indicators, variants, country, product):
        later = frame["year"] > 2010
        for name in frame.columns:
            if frame[name].dtype.kind == "f":
                frame.loc[later, name] = 999.0
    poisoned, _ = build_panel(indicators, variants, country, product, STAGES, settings((1, 3)))
    leads = [name for name in honest.columns if "_lead" in name]
    at_t = honest["year"] <= 2010
    pd.testing.assert_frame_equal(poisoned[at_t].drop(columns=leads), honest[at_t].drop(columns=leads))
    assert not poisoned.loc[at_t, leads].equals(honest.loc[at_t, leads])


def test_row_order_does_not_matter():
    given = tables(ROWS)
    shuffled = [frame.sample(frac=1, random_state=3) for frame in given]
    pd.testing.assert_frame_equal(
        build_panel(*shuffled, STAGES, settings((1, 2)))[0], build_panel(*given, STAGES, settings((1, 2)))[0]
    )


def test_products_without_a_stage_leave_and_are_counted():
    panel, counts = build_panel(*tables(ROWS), STAGES.drop("280530"), settings((1,)))
    assert set(panel["product"]) == {"850511"}
    assert (counts["rows"], counts["rows_without_stage"]) == (8, 3)
    assert sum(count for name, count in counts.items() if name.startswith("lead1_")) == 8


def test_tables_with_other_keys_are_refused():
    indicators, variants, country, product = tables(ROWS)
    with pytest.raises(ValueError, match=r"indicator_variants \(10 rows\) does not hold the rows"):
        build_panel(indicators, variants.iloc[1:], country, product, STAGES, settings())
    twice = pd.concat([indicators, indicators.iloc[:2]])
    with pytest.raises(ValueError, match="repeats 2 keys"):
        build_panel(twice, variants, country, product, STAGES, settings())


def test_an_empty_year_range_gives_an_empty_panel():
    empty = [frame.iloc[:0] for frame in tables(ROWS)]
    panel, counts = build_panel(*empty, STAGES, settings((1,)))
    assert len(panel_table(settings((1,))).check(panel)) == 0
    assert counts["rows"] == 0
