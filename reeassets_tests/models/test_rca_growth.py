import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reeassets.models.contract import EXPOSURES, ROW_COLUMNS, Model
from reeassets.models.contract import RISKS as RISK_NAMES
from reeassets.models.linear import FIXED_EFFECTS, absorb
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.models.sample import build_sample, candidates
from reeassets.models.schema import RCA_MODELS
from reeassets_tests.models.made import (
    CONTROLS,
    HAZARDS,
    NO_LINKS,
    after_effects,
    complete,
    dummy_regression,
    effects_of,
    made_panel,
    settings,
    slow_jackknife,
    standardised,
)


def fit(panel, given=None, hazards=HAZARDS):
    given = given or settings()
    return RCA_GROWTH.fit(panel, NO_LINKS, RCA_GROWTH.specifications(given, hazards), given)


def cell(
    rows, effects=FIXED_EFFECTS[0], interacted=False, exposure="trade_exposure", risk="systemic_trade_risk", delta=1
):
    chosen = rows[
        (rows["fixed_effects"] == effects)
        & (rows["interacted"] == interacted)
        & (rows["exposure_definition"] == exposure)
        & (rows["risk_definition"] == risk)
        & (rows["hazard"] == "political_stability")
        & (rows["delta"] == delta)
    ]
    return chosen.set_index("term")


@pytest.fixture(scope="module")
def panel():
    return made_panel(seed=1, uneven=0.5)


@pytest.fixture(scope="module")
def rows(panel):
    return fit(panel)


def design(rows, exposure, risk, stages=()):
    """Standardise over the sample, then split by stage: columns and their terms."""
    main = {
        "exposure": exposure,
        "supplier_concentration": "supplier_concentration",
        "risk": f"{risk}__political_stability",
    }
    columns = {}
    for term, name in main.items():
        values = standardised(rows[name])
        if stages:
            columns |= {f"{term}:{stage}": values * (rows["stage"] == stage).to_numpy() for stage in stages}
        else:
            columns[term] = values
    return columns | {name: rows[name].to_numpy() for name in CONTROLS}


@pytest.mark.parametrize("effects", FIXED_EFFECTS)
@pytest.mark.parametrize("stages", [(), ("upstream", "input")])
@pytest.mark.parametrize(
    ("exposure", "risk"), [("trade_exposure", "systemic_trade_risk"), ("import_intensity", "indirect_risk")]
)
def test_estimates_equal_the_regression_with_dummies(panel, rows, effects, stages, exposure, risk):
    sample = complete(panel, "rsca_lead1")
    columns = design(sample, exposure, risk, stages)
    slow, n_dummies = dummy_regression(sample, "rsca_lead1", np.column_stack(list(columns.values())), effects)
    fast = cell(rows, effects, bool(stages), exposure, risk).loc[list(columns)]
    k = len(columns)
    np.testing.assert_allclose(fast["coefficient"], slow.params[:k], rtol=1e-8, atol=1e-10)
    conventional = np.diag(slow.cov_params())[:k]
    np.testing.assert_allclose(
        fast["std_error_conventional"], np.sqrt(np.where(conventional > 0, conventional, np.nan)), rtol=1e-8
    )
    left = after_effects(sample, np.column_stack([*columns.values(), sample["rsca_lead1"]]), effects)
    errors, degrees, decided = slow_jackknife(sample, left[:, :k], left[:, k], np.eye(k))
    np.testing.assert_allclose(fast["std_error"], errors, rtol=1e-8)
    np.testing.assert_allclose(fast["degrees_of_freedom"], degrees, rtol=1e-8)
    assert fast["decided_by"].tolist() == decided.tolist()
    reach = stats.t.ppf(0.975, degrees) * errors
    np.testing.assert_allclose(fast["p_value"], 2 * stats.t.sf(np.abs(slow.params[:k] / errors), degrees), rtol=1e-6)
    np.testing.assert_allclose(fast["ci_low"], slow.params[:k] - reach, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fast["ci_high"], slow.params[:k] + reach, rtol=1e-6, atol=1e-9)
    assert (fast["n_obs"] == len(sample)).all()
    assert (fast["n_absorbed"] == n_dummies).all()
    assert (fast["n_countries"] == 14).all()
    assert (fast["n_products"] == 12).all()


def test_the_difference_of_two_stages_uses_their_joint_covariance(panel, rows):
    sample = complete(panel, "rsca_lead1")
    columns = design(sample, "trade_exposure", "systemic_trade_risk", ("upstream", "input"))
    slow, _ = dummy_regression(sample, "rsca_lead1", np.column_stack(list(columns.values())), FIXED_EFFECTS[0])
    k = len(columns)
    contrast = np.array([[(name == "risk:input") - (name == "risk:upstream") for name in columns]], dtype=float)
    left = after_effects(sample, np.column_stack([*columns.values(), sample["rsca_lead1"]]), FIXED_EFFECTS[0])
    errors, degrees, _ = slow_jackknife(sample, left[:, :k], left[:, k], contrast)
    row = cell(rows, interacted=True).loc["risk:input-upstream"]
    assert row["coefficient"] == pytest.approx(float(contrast[0] @ slow.params[:k]), rel=1e-8)
    assert row["std_error"] == pytest.approx(errors[0], rel=1e-8)
    assert row["degrees_of_freedom"] == pytest.approx(degrees[0], rel=1e-8)


def test_effects_estimated_anew_without_a_cluster_change_the_errors_little(panel, rows):
    import statsmodels.api as sm

    sample = complete(panel, "rsca_lead1")
    columns = np.column_stack(list(design(sample, "trade_exposure", "systemic_trade_risk").values()))
    moves = {}
    for way in ("country", "product"):
        for one in sample[way].unique():
            rest = (sample[way] != one).to_numpy()
            exog = np.column_stack([columns[rest], effects_of(sample[rest], FIXED_EFFECTS[0])])
            moves.setdefault(way, []).append(sm.OLS(sample["rsca_lead1"][rest].to_numpy(), exog).fit().params[:3])
    whole = cell(rows).loc[["exposure", "supplier_concentration", "risk"]]
    for way, found in moves.items():
        exact = np.sqrt((len(found) - 1) / len(found) * ((found - whole["coefficient"].to_numpy()) ** 2).sum(axis=0))
        at_least = whole["std_error"] / exact
        assert (at_least > 0.9).all(), way


def test_within_r2_is_that_of_the_demeaned_regression(panel, rows):
    import statsmodels.api as sm

    sample = complete(panel, "rsca_lead1")
    columns = np.column_stack(list(design(sample, "trade_exposure", "systemic_trade_risk").values()))
    slow, _ = dummy_regression(sample, "rsca_lead1", columns, FIXED_EFFECTS[0])
    only_effects = sm.OLS(sample["rsca_lead1"], slow.model.exog[:, columns.shape[1] :]).fit()
    assert cell(rows)["r2_within"].iloc[0] == pytest.approx(1 - slow.ssr / only_effects.ssr, rel=1e-9)


def test_the_grid_is_complete_and_obeys_the_table(panel, rows):
    given = settings()
    specifications = RCA_GROWTH.specifications(given, HAZARDS)
    assert len(specifications) == len({one.id for one in specifications}) == 3 * 3 * 2 * 2
    assert {one.exposure for one in specifications} == set(EXPOSURES)
    assert {one.risk for one in specifications} == set(RISK_NAMES)
    assert isinstance(RCA_GROWTH, Model)
    assert list(rows.columns) == list(ROW_COLUMNS)
    # Without interactions 3 slopes and 3 controls, with them 3 x 2 slopes, 3 controls, 3 differences.
    assert len(rows) == len(specifications) * (6 + 12)
    RCA_MODELS.check(rows)
    headline = rows[rows["headline"]]
    assert headline["fixed_effects"].unique().tolist() == [FIXED_EFFECTS[0]]
    assert len(headline) == 18


def test_the_headline_delta_is_three_or_the_middle_one():
    panel = made_panel(seed=2, deltas=(1, 2, 4, 3), years=9)
    rows = fit(panel, settings((1, 2, 3, 4)))
    assert rows.loc[rows["headline"], "delta"].unique().tolist() == [3]
    rows = fit(panel, settings((4, 1, 2)))
    assert rows.loc[rows["headline"], "delta"].unique().tolist() == [2]


def test_row_order_does_not_matter(panel, rows):
    pd.testing.assert_frame_equal(fit(panel.sample(frac=1, random_state=5)), rows, check_exact=True)


def test_every_definition_is_estimated_on_the_same_rows(panel, rows):
    assert rows["n_obs"].unique().tolist() == [len(complete(panel, "rsca_lead1"))]
    assert len(complete(panel, "rsca_lead1")) < panel["rsca_lead1"].notna().sum()


def test_a_planted_slope_is_found():
    panel = made_panel(seed=3, countries=25, products=15, slope=-2.0)
    row = cell(fit(panel, hazards=("political_stability",))).loc["risk"]
    assert row["ci_high"] < 0
    assert row["p_value"] < 0.001
    opposite = made_panel(seed=3, countries=25, products=15, slope=2.0)
    assert cell(fit(opposite, hazards=("political_stability",))).loc["risk"]["ci_low"] > 0


def test_three_stages_have_three_slopes():
    rows = cell(fit(made_panel(seed=4, n_input=3, n_final=3)), interacted=True)
    assert {"risk:upstream", "risk:input", "risk:final", "risk:input-upstream"} <= set(rows.index)
    assert "risk:final-upstream" not in rows.index


def test_a_stage_with_one_product_is_noted():
    rows = cell(fit(made_panel(seed=5, n_input=1)), interacted=True)
    assert rows.loc["risk:input", "note"] == "only 1 product in stage input"
    assert rows.loc["risk:input-upstream", "note"] == "only 1 product in stage input"
    assert rows.loc[["risk:input", "risk:input-upstream"], ["std_error", "p_value", "ci_low"]].isna().all(axis=None)
    assert np.isfinite(rows.loc["risk:input", "coefficient"])
    assert "single" not in rows.loc["risk:upstream", "note"]
    assert np.isfinite(rows.loc["risk:upstream", "std_error"])


def test_few_clusters_are_noted():
    rows = fit(made_panel(seed=6, products=8))
    assert rows["note"].str.startswith("only 8 product clusters").all()
    assert rows["note"].str.contains(r"rests on [5-8]\.\d effective products").any()


def test_a_regressor_that_fixed_effects_explain_is_dropped_and_named():
    panel = made_panel(seed=7)
    by_country = dict(zip(panel["country"].unique(), np.linspace(0, 1, panel["country"].nunique()), strict=True))
    panel["import_reliance"] = panel["country"].map(by_country)
    rows = cell(fit(panel), exposure="import_reliance")
    assert np.isnan(rows.loc["exposure", ["coefficient", "std_error", "p_value"]].astype(float)).all()
    assert rows.loc["exposure", "note"] == "collinear with fixed effects or other regressors"
    assert np.isfinite(rows.loc["risk", "std_error"])
    split = cell(fit(panel), exposure="import_reliance", interacted=True)
    assert "exposure:" in split.loc["exposure:input-upstream", "note"]
    assert np.isnan(split.loc["exposure:input-upstream", "coefficient"])


def test_the_later_of_two_equal_regressors_is_dropped():
    panel = made_panel(seed=8)
    panel["log1p_exports"] = 3 * panel["log1p_imports"] + 1
    rows = cell(fit(panel))
    assert rows.loc["log1p_exports", "note"] == "collinear with fixed effects or other regressors"
    assert np.isfinite(rows.loc["log1p_imports", "coefficient"])


def test_a_single_product_has_coefficients_without_errors():
    rows = cell(fit(made_panel(seed=9, products=1, n_input=1, countries=20)))
    assert np.isfinite(rows.loc["risk", "coefficient"])
    assert np.isnan(rows.loc["risk", ["std_error", "ci_low", "p_value"]].astype(float)).all()
    assert "single country or product" in rows.loc["risk", "note"]


def test_a_panel_without_later_years_says_so():
    rows = fit(made_panel(seed=10, deltas=(1, 9)), settings((1, 9)))
    late = rows[rows["delta"] == 9]
    assert len(late) == len(rows) / 2
    assert late["coefficient"].isna().all()
    assert (late["note"] == "no row has all regressors and the outcome 9 years later").all()
    RCA_MODELS.check(rows)


def test_a_definition_without_values_does_not_empty_the_others():
    panel = made_panel(seed=11)
    panel["import_intensity"] = np.nan
    rows = fit(panel)
    assert (cell(rows, exposure="import_intensity")["note"] == "without any value: import_intensity").all()
    assert np.isfinite(cell(rows).loc["risk", "std_error"])


def test_an_empty_panel_gives_rows_with_a_reason():
    rows = fit(made_panel(seed=12).iloc[:0])
    assert rows["coefficient"].isna().all()
    assert len(rows) == 36 * 6
    RCA_MODELS.check(rows)


def test_more_parameters_than_rows_is_said():
    panel = made_panel(seed=13, countries=3, products=3, n_input=1, years=3, null_share=0).iloc[:12]
    rows = cell(fit(panel), FIXED_EFFECTS[1])
    assert rows["coefficient"].isna().all()
    assert rows["note"].str.contains("rows for|no regressor varies|collinear").all()


def test_unknown_fixed_effects_are_refused(panel):
    sample = build_sample(panel, "rsca_lead1", candidates(panel))
    with pytest.raises(ValueError, match="fixed effects 'country' are not one of"):
        absorb({"y": sample.outcome}, sample.clusters, sample.year, "country")
