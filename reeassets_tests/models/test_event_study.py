import numpy as np
import pandas as pd
import pytest

from reeassets.models.event_fit import EventFit
from reeassets.models.event_panel import event_rows, importer_outcomes, measures_of
from reeassets.models.event_pictures import measure_pictures
from reeassets.models.event_schema import EVENT_STUDY
from reeassets.models.event_study import (
    EFFECT,
    NO_EFFECT,
    NOT_TESTABLE,
    PRE_TREND,
    compared,
    event_study,
    judged,
)
from reeassets.models.measures import trade_measures
from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file
from reeassets_tests.models.made_events import event_table, flow_tables, measure_rows


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), model_bootstrap_draws=199, model_bootstrap_seed=1)


def study(measures, tables, settings):
    return EVENT_STUDY.check(event_study(measures, *tables, settings))


def verdict_of(rows):
    fit = EventFit(rows, 199, 1)
    before, after = compared("log_imports", fit.years)
    pretrend, effect = fit.joint_p_value(before), fit.joint_p_value(after)
    return fit, pretrend, effect, *judged(fit, pretrend, effect, 0.05)


def test_a_known_effect_is_recovered_without_a_pre_trend():
    rows = event_table(seed=7, countries=80, products=2, effect=2.0, noise=0.3)
    fit, pretrend, effect, verdict, reason = verdict_of(rows)
    after = [place for place, year in enumerate(fit.years) if year >= 0]
    assert fit.coefficients[after] == pytest.approx(np.full(6, 2.0), abs=0.6)
    assert fit.coefficients[:4] == pytest.approx(np.zeros(4), abs=0.6)
    assert pretrend > 0.05 >= effect
    assert verdict == EFFECT
    assert reason.startswith(f"years after: p = {effect:.3f}, +")


def test_a_planted_pre_trend_is_caught_and_no_effect_is_claimed():
    fit, pretrend, _, verdict, reason = verdict_of(event_table(seed=8, countries=60, trend=0.8, effect=2.0))
    assert fit.coefficients[0] == pytest.approx(-3.2, abs=0.9)
    assert pretrend <= 0.05
    assert verdict == PRE_TREND
    assert "another way before the measure" in reason
    assert "cannot be interpreted" in reason


def test_nothing_is_claimed_where_nothing_happened():
    found = [verdict_of(event_table(seed=seed, years=range(2006, 2013)))[3] for seed in range(40)]
    # Two tests at 5 % leave nine in ten alone.
    assert found.count(NO_EFFECT) >= 31
    assert found.count(EFFECT) <= 6


def test_a_dearer_supplier_is_seen_in_unit_values_from_flows(settings):
    table = study(measure_rows(), flow_tables(seed=1, effect=1.0), settings)
    assert set(table["product"]) == {"284690"}
    assert table.groupby("outcome")["relative_year"].apply(list).to_dict() == {
        outcome: list(range(-5, 6)) for outcome in ("log_imports", "log_unit_value", "rsca", "import_share")
    }
    unit = table[table["outcome"] == "log_unit_value"].set_index("relative_year")
    assert set(unit["verdict"]) == {EFFECT}
    assert unit.loc[0:, "coefficient"].mean() == pytest.approx(1.0, abs=0.25)
    assert unit.loc[:-1, "coefficient"].abs().max() < 0.3
    assert unit.loc[-1, "coefficient"] == 0
    assert unit.loc[-1, ["ci_low", "ci_high", "p_value", "effective_importers"]].isna().all()
    others = unit.drop(index=-1)
    assert (others["ci_low"] < others["coefficient"]).all()
    assert (others["ci_high"] > others["coefficient"]).all()
    assert (unit[["n_obs", "n_importers"]] == [440, 40]).all(axis=None)
    assert set(table.loc[table["outcome"] == "rsca", "verdict"]) == {NO_EFFECT}
    assert list(measure_pictures(table)) == ["stop"]
    assert measure_pictures(table)["stop"].startswith(b"\x89PNG")


def test_several_products_are_looked_at_together_and_one_by_one(settings):
    parts = [flow_tables(seed=place, product=product) for place, product in enumerate(("284690", "280530"))]
    tables = [pd.concat(each, ignore_index=True) for each in zip(*parts, strict=True)]
    table = study(measure_rows(("284690", "280530")), tables, settings)
    counts = table[table["outcome"] == "log_imports"].drop_duplicates("product").set_index("product")["n_obs"]
    assert counts.to_dict() == {"280530": 440, "284690": 440, "all": 880}


def test_a_share_that_only_falls_back_to_its_mean_is_no_effect(settings):
    """Shares that are noise around a country's mean: against the year before every other one looks lower."""
    rng = np.random.default_rng(3)
    flows, indicators = flow_tables(seed=3, countries=60)
    noisy = flows.assign(value_kusd=np.exp(rng.normal(0, 1.5, len(flows))))
    table = study(measure_rows(), (noisy, indicators), settings)
    share = table[table["outcome"] == "import_share"].set_index("relative_year")
    assert share.loc[[-5, -4, 0, 1, 2], "coefficient"].max() < -0.3
    assert (share.loc[[0, 1], "p_value"] <= 0.05).all()
    assert set(share["verdict"]) == {NO_EFFECT}


def test_threads_and_order_change_nothing(settings):
    flows, indicators = flow_tables(seed=6)
    one, four = (settings.model_copy(update={"workers": workers}) for workers in (1, 4))
    first = study(measure_rows(), (flows, indicators), one)
    shuffled = flows.sample(frac=1, random_state=1), indicators.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(first, study(measure_rows(), (flows, indicators), four))
    pd.testing.assert_frame_equal(first, study(measure_rows(), shuffled, one))


def untested(table):
    assert set(table["verdict"]) == {NOT_TESTABLE}
    numbers = ["coefficient", "ci_low", "ci_high", "p_value", "effective_importers", "pretrend_p", "effect_p"]
    assert table[numbers].isna().all(axis=None)
    assert not table.duplicated(["measure", "product", "outcome", "relative_year"]).any()
    return table.drop_duplicates("outcome").set_index("outcome")["reason"].to_dict()


def test_a_measure_against_one_country_is_not_testable(settings):
    reasons = untested(study(measure_rows(target="C03"), flow_tables(), settings))
    expected = (
        "importers that bought more than 10% from CHN before: 1, at least 10 are needed, a measure against C03 alone"
    )
    assert set(reasons.values()) == {expected}


@pytest.mark.parametrize(
    ("years", "counts"),
    [
        (range(2008, 2016), "2 before and 5 after are known"),
        (range(2004, 2011), "5 before and 0 after are known"),
        (set(range(2004, 2016)) - {2009}, "4 before and 5 after are known"),
    ],
)
def test_too_few_years_are_not_testable(settings, years, counts):
    table = study(measure_rows(), flow_tables(years=sorted(years)), settings)
    reasons = untested(table)
    assert set(reasons.values()) == {f"3 years before 2010, 2009 among them, and 1 after it are needed; {counts}"}
    assert -1 in set(table["relative_year"])


def test_too_few_importers_that_bought_there_are_not_testable(settings):
    flows, indicators = flow_tables()
    few = flows[(flows["exporter"] == "AUS") | (flows["importer"] < "C10")]
    reasons = untested(study(measure_rows(), (few, indicators), settings))
    assert set(reasons.values()) == {"importers that bought more than 10% from CHN before: 9, at least 10 are needed"}


def test_too_few_effective_importers_are_not_testable(settings):
    flows, indicators = flow_tables(countries=60, years=range(2007, 2013))
    # Ten buy everything there, in a crowd that buys hardly anything: two of the ten are left in the last year.
    keep = (flows["exporter"] == "CHN") == (flows["importer"] < "C10")
    keep &= (flows["importer"] >= "C10") | (flows["importer"] < "C02") | (flows["year"] < 2012)
    reasons = untested(
        study(measure_rows(), (flows[keep], indicators), settings).loc[lambda rows: rows["outcome"] == "log_imports"]
    )
    assert reasons["log_imports"].startswith("a coefficient rests on ")
    assert reasons["log_imports"].endswith("effective importers, 10 are needed")


def test_the_share_is_not_testable_without_years_that_show_the_fall_back(settings):
    table = study(measure_rows(), flow_tables(years=range(2007, 2016)), settings)
    share = table[table["outcome"] == "import_share"]
    assert set(share["verdict"]) == {NOT_TESTABLE}
    assert share["reason"].iloc[0].endswith("by the years 2005 and 2006 alone; not known are 2005-2006")
    assert NOT_TESTABLE not in set(table.loc[table["outcome"] != "import_share", "verdict"])


def test_what_is_not_known_or_traded_is_not_testable(settings):
    flows, indicators = flow_tables()
    table = study(measure_rows(), (flows.assign(quantity_t=np.nan), indicators), settings)
    unit = table[table["outcome"] == "log_unit_value"]
    assert set(unit["verdict"]) == {NOT_TESTABLE}
    assert unit["reason"].iloc[0].endswith("no year is known")
    nobody = study(measure_rows(("850511",)), (flows, indicators), settings)
    assert set(untested(nobody).values()) == {"nobody imports any of it in these data"}
    assert nobody["relative_year"].tolist() == [-1] * 4
    assert measure_pictures(nobody) == {}
    assert study(measure_rows().iloc[:0], (flows, indicators), settings).empty


def test_unit_values_after_the_quotas_of_2010_in_real_trade(settings):
    """The bundled flows of three rare-earth codes from 2002 on, in BACI's numbers of countries: China is 156."""
    recorded = trade_measures(settings).assign(restricting_country="156")
    flows = pd.read_parquet(bundled_file("baci_hs92_rare_earths_2002_2024.parquet"))
    flows = flows[flows["year"] <= 2023].astype({"year": "int64", "exporter": "str", "importer": "str"})
    own = pd.DataFrame({"year": [2008], "country": ["842"], "product": ["284690"], "rsca": [np.nan]})
    quotas = recorded[recorded["measure"] == "export_quotas_2010"]
    table = study(quotas, (flows, own), settings).query("product == 'all'").set_index(["outcome", "relative_year"])
    verdicts = table["verdict"].groupby("outcome").first().to_dict()
    assert verdicts == {
        "log_imports": NO_EFFECT,
        "log_unit_value": EFFECT,
        "rsca": NOT_TESTABLE,
        "import_share": NO_EFFECT,
    }
    # The coefficient of 2012 by hand: least squares on all dummies.
    outcomes = importer_outcomes(flows, own, "156")
    (measure,) = measures_of(quotas)
    rows = event_rows(outcomes, measure, measure.products, "log_unit_value")
    slopes = [rows["exposure"] * (rows["relative_year"] == year) for year in range(-5, 6) if year != -1]
    pair = pd.get_dummies(rows["country"] + rows["product"], dtype=float)
    when = pd.get_dummies(rows["product"] + rows["year"].astype(str), dtype=float)
    design = np.column_stack([*slopes, pair, when])
    by_hand = np.linalg.lstsq(design, rows["outcome"].to_numpy(), rcond=None)[0][6]
    assert table.loc[("log_unit_value", 2), "coefficient"] == pytest.approx(by_hand, abs=1e-8)
    assert by_hand > 1
