import numpy as np
import pandas as pd
import pytest

from reeassets.models.contract import ROW_COLUMNS, Model
from reeassets.models.entry import ENTRY, EXIT
from reeassets.models.schema import RCA_MODELS
from reeassets_tests.models.made import (
    CONTROLS,
    HAZARDS,
    HEADLINE_RISK,
    NO_LINKS,
    clustered_by,
    complete,
    made_panel,
    settings,
    slow_jackknife,
    standardised,
)


def fit(panel, given=None, hazards=("political_stability",), model=ENTRY):
    given = given or settings()
    return model.fit(panel, NO_LINKS, model.specifications(given, hazards), given)


def cell(rows, interacted=False):
    return rows[(rows["interacted"] == interacted) & (rows["hazard"] == "political_stability")].set_index("term")


def sample_of(panel, begins=True):
    asked = panel[(panel["log1p_exports"] == 0) == begins]
    sample = complete(asked, "rca_lead1")
    return sample.assign(happened=((sample["rca_lead1"] > 0) == begins).astype(float))


def with_zeros(panel):
    """Let half of the pairs export nothing, and half of all nothing a year later."""
    panel = panel.copy()
    now, later = panel["rsca"] < 0, panel["rsca_lead1"] < 0
    panel.loc[now, ["rca", "rsca", "log1p_exports"]] = [0.0, -1.0, 0.0]
    panel.loc[later, ["rca_lead1", "rsca_lead1"]] = [0.0, -1.0]
    return panel


@pytest.fixture(scope="module")
def panel():
    return with_zeros(made_panel(seed=21, countries=16, uneven=0.5))


@pytest.mark.parametrize(("model", "begins"), [(ENTRY, True), (EXIT, False)])
@pytest.mark.parametrize("stages", [(), ("upstream", "input")])
def test_estimates_equal_a_logit_with_dummies(panel, stages, model, begins):
    import statsmodels.api as sm
    from statsmodels.discrete.discrete_model import Logit

    sample = sample_of(panel, begins)
    columns = {}
    for term, name in (
        ("exposure", "import_intensity"),
        ("supplier_concentration", "supplier_concentration"),
        ("risk", HEADLINE_RISK),
    ):
        values = standardised(sample[name])
        for stage in stages:
            columns[f"{term}:{stage}"] = values * (sample["stage"] == stage).to_numpy()
        if not stages:
            columns[term] = values
    # Those that export nothing have the same index and no exports: only imports tell them apart.
    columns |= {name: sample[name].to_numpy() for name in (["log1p_imports"] if begins else CONTROLS)}
    years = pd.get_dummies(sample["year"]).to_numpy(float)
    design = np.column_stack([*columns.values(), years, (sample["stage"] == "input").to_numpy(float)])
    slow = Logit(sample["happened"].to_numpy(), design).fit(disp=0, method="newton", tol=1e-12, **clustered_by(sample))
    k = len(columns)
    fast = cell(fit(panel, model=model), bool(stages)).loc[list(columns)]
    np.testing.assert_allclose(fast["coefficient"], slow.params[:k], rtol=1e-8, atol=1e-10)
    conventional = np.diag(slow.cov_params())[:k]
    np.testing.assert_allclose(
        fast["std_error_conventional"], np.sqrt(np.where(conventional > 0, conventional, np.nan)), rtol=1e-8
    )
    # At the maximum a logit is the least squares of its working residuals on its weighted columns.
    chance = slow.predict()
    root = np.sqrt(chance * (1 - chance))[:, None]
    working = (sample["happened"].to_numpy() - chance) / root[:, 0]
    matrix = np.column_stack([sm.OLS(x, design[:, k:] * root).fit().resid for x in (design[:, :k] * root).T])
    errors, degrees, decided = slow_jackknife(sample, matrix, working, np.eye(k))
    np.testing.assert_allclose(fast["std_error"], errors, rtol=1e-7)
    np.testing.assert_allclose(fast["degrees_of_freedom"], degrees, rtol=1e-7)
    assert fast["decided_by"].tolist() == decided.tolist()
    assert (fast["n_obs"] == len(sample)).all()
    assert (fast["n_absorbed"] == years.shape[1] + 1).all()
    assert fast["r2_within"].isna().all()


def test_grid_table_and_headline(panel):
    specifications = ENTRY.specifications(settings((1, 2, 5)), HAZARDS)
    assert len(specifications) == len({one.id for one in specifications}) == 3 * 2
    assert {one.fixed_effects for one in specifications} == {"year+stage"}
    assert isinstance(ENTRY, Model)
    rows = fit(panel, hazards=HAZARDS)
    assert list(rows.columns) == list(ROW_COLUMNS)
    RCA_MODELS.check(rows)
    assert len(rows) == 2 * (4 + 10)
    assert rows.loc[rows["headline"], "hazard"].unique().tolist() == ["political_stability"]


def test_row_order_does_not_matter(panel):
    pd.testing.assert_frame_equal(fit(panel.sample(frac=1, random_state=5)), fit(panel), check_exact=True)


def test_only_pairs_without_exports_can_begin_and_only_others_end(panel):
    for model, out in ((ENTRY, panel["log1p_exports"] > 0), (EXIT, panel["log1p_exports"] == 0)):
        changed = panel.copy()
        changed.loc[out, ["rca_lead1", "import_intensity"]] = 0.123
        pd.testing.assert_frame_equal(fit(changed, model=model), fit(panel, model=model), check_exact=True)


def test_what_is_the_same_for_all_who_export_nothing_is_no_control(panel):
    rows = cell(fit(panel))
    assert set(rows.index) == {"exposure", "supplier_concentration", "risk", "log1p_imports"}
    assert rows["std_error"].notna().all()
    assert rows["exposure_definition"].unique().tolist() == ["import_intensity"]
    assert rows["in_curve"].all()
    assert (rows["role"] == "headline").all()


def test_a_stage_without_entries_is_named_as_separation(panel):
    dull = panel.copy()
    dull.loc[(dull["stage"] == "input") & dull["rca_lead1"].notna(), "rca_lead1"] = 0.0
    rows = fit(dull)
    assert rows[["coefficient", "std_error", "p_value"]].isna().all(axis=None)
    assert (rows["note"] == "perfect separation: no pair changes in stage input").all()
    RCA_MODELS.check(rows)


def test_a_year_where_all_enter_is_named_as_separation(panel):
    dull = panel.copy()
    dull.loc[dull["year"] == 2009, "rca_lead1"] = 2.0
    assert (fit(dull)["note"] == "perfect separation: every pair changes in year 2009").all()


@pytest.mark.parametrize(("value", "word"), [(0.0, "no"), (2.0, "every")])
def test_an_outcome_that_never_varies_is_named(panel, value, word):
    dull = panel.copy()
    dull["rca_lead1"] = dull["rca_lead1"].where(dull["rca_lead1"].isna(), value)
    assert (fit(dull)["note"] == f"perfect separation: {word} pair of the sample changes").all()


def test_a_regressor_that_separates_is_named(panel):
    separated = panel.copy()
    entered = separated["rca_lead1"] > 0
    separated["import_intensity"] = np.where(entered, 0.9, 0.1) + 0.01 * separated["import_reliance"]
    rows = cell(fit(separated))
    assert rows["coefficient"].isna().all()
    assert (rows["note"] == "perfect separation: the regressors predict every change").all()


def test_quasi_separation_does_not_pass_for_an_estimate(panel):
    # Every pair with high exposure enters; among the others some do: the likelihood has no maximum.
    separated = panel.copy()
    entered = separated["rca_lead1"] > 0
    high = entered & (np.arange(len(separated)) % 3 == 0)
    separated["import_intensity"] = np.where(high, 1.0, 0.0)
    rows = cell(fit(separated))
    assert rows["coefficient"].isna().all()
    assert (rows["note"] == "no convergence in 35 iterations, as under quasi-complete separation").all()


def test_a_constant_regressor_is_dropped_and_named(panel):
    constant = panel.copy()
    constant["import_intensity"] = 0.7
    rows = cell(fit(constant))
    assert np.isnan(rows.loc["exposure", "coefficient"])
    assert rows.loc["exposure", "note"] == "collinear with other regressors"
    assert np.isfinite(rows.loc["risk", "std_error"])


def test_a_single_product_has_coefficients_without_errors():
    rows = cell(fit(with_zeros(made_panel(seed=23, products=1, n_input=1, countries=60))))
    assert np.isfinite(rows.loc["risk", "coefficient"])
    assert rows["std_error"].isna().all()
    assert rows["note"].str.contains("single country or product").all()


def test_no_complete_row_is_said(panel):
    rows = fit(panel.assign(rca_lead1=np.nan))
    assert (rows["note"] == "no row has all regressors and the outcome 1 years later").all()


def test_too_few_rows_are_said(panel):
    sample = sample_of(panel)
    few = pd.concat([sample[sample["happened"] == 1].iloc[[0, 30]], sample[sample["happened"] == 0].iloc[[0, 40]]])
    few = few.assign(year=2010, stage="input")
    rows = cell(fit(few))
    assert (rows["note"] == "4 rows for 4 parameters").all()
