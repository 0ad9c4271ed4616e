import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from reeassets.models.diagnostics import before_treatment, model_diagnostics
from reeassets.models.multiplicity import model_multiplicity
from reeassets.models.regressions import rca_models
from reeassets.models.schema import MODEL_DIAGNOSTICS, MODEL_MULTIPLICITY
from reeassets_tests.models.made import (
    CONTROLS,
    HEADLINE_EFFECTS,
    HEADLINE_RISK,
    NO_LINKS,
    after_effects,
    complete,
    country_names,
    exporting,
    made_panel,
    settings,
    standardised,
)

SETTINGS = settings((1,), model_bootstrap_draws=99)


def real_codes(panel, china="AAB"):
    names = {china: "CHN", "AAC": "USA", "AAD": "DEU"}
    return panel.assign(country=panel["country"].replace(names).astype("str"))


@pytest.fixture(scope="module")
def panel():
    return real_codes(made_panel(seed=41, slope=-1.0))


@pytest.fixture(scope="module")
def estimates(panel):
    return rca_models(panel, NO_LINKS, SETTINGS)


@pytest.fixture(scope="module")
def rows(panel, estimates):
    return model_diagnostics(panel, NO_LINKS, estimates, SETTINGS)


def of(rows, diagnostic, detail="", model="rca_growth", interacted=False):
    found = rows[(rows["diagnostic"] == diagnostic) & (rows["model"] == model) & (rows["interacted"] == interacted)]
    return found[found["detail"] == detail].set_index("term") if detail else found.set_index("term")


def test_the_table_and_what_is_in_it(rows):
    MODEL_DIAGNOSTICS.check(rows)
    # Three slopes without stages; three by two stages, and three differences of them.
    assert rows.groupby(["model", "interacted", "diagnostic"]).size().to_dict() == {
        # Every pair of the panel exports: nobody can begin to, and there are no stages to tell apart.
        ("entry", False, "leave_one_out"): 9,
        ("entry", False, "placebo"): 3,
        ("exit", False, "leave_one_out"): 9,
        ("exit", False, "placebo"): 3,
        ("exit", True, "leave_one_out"): 27,
        ("exit", True, "placebo"): 9,
        ("rca_growth", False, "leave_one_out"): 9,
        ("rca_growth", False, "placebo"): 3,
        ("rca_growth", False, "variance_inflation"): 3,
        ("rca_growth", False, "wild_bootstrap"): 3,
        ("rca_growth", True, "leave_one_out"): 27,
        ("rca_growth", True, "placebo"): 9,
        ("rca_growth", True, "variance_inflation"): 6,
        ("rca_growth", True, "wild_bootstrap"): 9,
    }


def test_variance_inflation_is_that_of_the_regression_of_one_regressor_on_the_others(panel, rows):
    sample = exporting(complete(panel, "rsca_lead1"), 1)
    names = ["trade_exposure", "supplier_concentration", HEADLINE_RISK]
    columns = np.column_stack([*(standardised(sample[name]) for name in names), sample[CONTROLS].to_numpy()])
    left = after_effects(sample, columns, HEADLINE_EFFECTS)
    for place, term in enumerate(("exposure", "supplier_concentration", "risk")):
        others = np.delete(left, place, axis=1)
        expected = 1 / (1 - sm.OLS(left[:, place], others).fit().rsquared)
        assert of(rows, "variance_inflation").loc[term, "value"] == pytest.approx(expected, rel=1e-8)


def test_a_regressor_that_is_nearly_another_is_inflated(panel):
    rng = np.random.default_rng(1)
    near = panel["supplier_concentration"] + 0.01 * rng.normal(size=len(panel))
    twin = panel.assign(trade_exposure=near)
    rows = model_diagnostics(twin, NO_LINKS, rca_models(twin, NO_LINKS, SETTINGS), SETTINGS)
    found = of(rows, "variance_inflation")["value"]
    assert found["exposure"] > 50
    assert found["risk"] < 2


def test_an_effect_that_is_one_countrys_is_gone_without_it():
    panel = real_codes(made_panel(seed=42, countries=14, products=14))
    china = panel["country"] == "CHN"
    risk = panel[HEADLINE_RISK]
    panel[HEADLINE_RISK] = np.where(china, risk, 0.5 + 0.05 * (risk - 0.5))
    panel["rsca_lead1"] = panel["rsca_lead1"] - 3.0 * china * risk
    estimates = rca_models(panel, NO_LINKS, SETTINGS)
    rows = model_diagnostics(panel, NO_LINKS, estimates, SETTINGS)
    with_china = of(rows, "leave_one_out", "USA").loc["risk"]
    without = of(rows, "leave_one_out", "CHN").loc["risk"]
    assert with_china["coefficient"] < -0.1
    # One country holds all that identifies the slope: no error, no verdict.
    assert with_china["note"].startswith("rests on a single country")
    assert np.isnan(with_china["p_value"])
    assert abs(without["coefficient"]) < 0.5 * abs(with_china["coefficient"])
    assert without["n_obs"] < len(complete(panel, "rsca_lead1"))


def test_a_country_that_is_not_there_is_said():
    panel = made_panel(seed=43)
    rows = model_diagnostics(panel, NO_LINKS, rca_models(panel, NO_LINKS, SETTINGS), SETTINGS)
    assert "CHN" not in country_names(14)
    assert of(rows, "leave_one_out", "CHN")["note"].str.startswith("CHN is not in the panel").all()


def test_the_placebo_takes_the_outcome_of_earlier_years():
    panel = pd.DataFrame(
        {
            "year": [2010, 2011, 2012, 2011],
            "country": ["CHN", "CHN", "CHN", "USA"],
            "product": ["280530"] * 4,
            "rca": [1.0, 2.0, 3.0, 4.0],
            "rsca": [0.1, 0.2, 0.3, 0.4],
            "rca_lead1": [9.0] * 4,
            "rsca_lead1": [0.9] * 4,
        }
    )
    past = before_treatment(panel, 1).set_index(["country", "year"])
    assert past["rsca_lead1"].fillna(-9).to_dict() == {
        ("CHN", 2010): -9,
        ("CHN", 2011): 0.1,
        ("CHN", 2012): 0.2,
        ("USA", 2011): -9,
    }
    assert past.loc[("CHN", 2012), "rca_lead1"] == 2.0


def test_the_placebo_finds_an_effect_on_the_past(panel):
    # Regressors that follow the outcome: the risk of a year is made of last year's index.
    past = panel[["year", "country", "product", "rsca"]].assign(year=panel["year"] + 1)
    merged = panel.merge(past, on=["year", "country", "product"], how="left", suffixes=("", "_past"))
    follows = 1 / (1 + np.exp(-merged["rsca_past"].fillna(0)))
    feedback = panel.assign(**{HEADLINE_RISK: follows.to_numpy()})
    rows = model_diagnostics(feedback, NO_LINKS, rca_models(feedback, NO_LINKS, SETTINGS), SETTINGS)
    assert of(rows, "placebo").loc["risk", "ci_low"] > 0.05


def test_bootstrap_p_values_are_near_those_of_the_jackknife(panel, estimates):
    many = settings((1,), model_bootstrap_draws=1999)
    rows = model_diagnostics(panel, NO_LINKS, estimates, many)
    headline = estimates[estimates["headline"] & ~estimates["interacted"] & (estimates["model"] == "rca_growth")]
    found = of(rows, "wild_bootstrap")
    assert (
        found["detail"].str.match(r"1[24] clusters by (product|country), 1[0-3]\.\d effective, (Webb|Rademacher)").all()
    )
    for term in ("exposure", "supplier_concentration", "risk"):
        other = headline.set_index("term").loc[term]
        assert found.loc[term, "coefficient"] == pytest.approx(other["coefficient"])
        assert abs(found.loc[term, "p_value"] - other["p_value"]) < 0.15


def test_rows_outside_the_curve_are_no_tests_of_the_family(estimates):
    table = model_multiplicity(estimates, SETTINGS).set_index(["model", "interacted", "term"])
    own = estimates[(estimates["model"] == "rca_growth") & ~estimates["term"].isin(CONTROLS)]
    assert (own["role"] == "robustness").any()
    assert table.loc[("rca_growth", False, "risk"), "n_family"] == (own["in_curve"] & own["p_value"].notna()).sum()


def test_multiplicity_by_hand(estimates):
    few = estimates[(estimates["model"] == "rca_growth") & (estimates["term"] == "risk")].head(4).copy()
    few["p_value"], few["headline"] = [0.01, 0.02, 0.04, np.nan], [False, True, False, False]
    table = model_multiplicity(few, SETTINGS)
    MODEL_MULTIPLICITY.check(table)
    row = table.iloc[0]
    # Holm: 0.03, max(0.03, 0.04) = 0.04, 0.04. Benjamini-Hochberg: 0.03, 0.03, 0.04.
    assert (row["n_family"], row["n_tests"], row["n_significant"]) == (3, 3, 3)
    assert (row["n_significant_bh"], row["n_significant_holm"]) == (3, 3)
    assert row["headline_holm"] == pytest.approx(0.04)
    assert row["headline_bh"] == pytest.approx(0.03)


def test_multiplicity_of_a_grid_is_stricter_than_its_tests(estimates):
    table = model_multiplicity(estimates, SETTINGS)
    MODEL_MULTIPLICITY.check(table)
    assert (table["n_significant_holm"] <= table["n_significant_bh"]).all()
    assert (table["n_significant_bh"] <= table["n_significant"]).all()
    assert not set(table["term"]) & set(CONTROLS)
    nothing = model_multiplicity(estimates.assign(p_value=np.nan), SETTINGS)
    assert (nothing["n_family"] == 0).all()
    MODEL_MULTIPLICITY.check(model_multiplicity(estimates.iloc[:0], SETTINGS))
