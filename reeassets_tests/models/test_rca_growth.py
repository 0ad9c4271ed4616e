import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reeassets.models.contract import EXPOSURES, HEADLINE_FIXED_EFFECTS, ROW_COLUMNS, ROW_KEY, LeastSquares
from reeassets.models.contract import RISKS as RISK_NAMES
from reeassets.models.frame import UNCORRECTED, grid_rows
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.models.results import as_frame
from reeassets.models.robustness import VARIANTS
from reeassets.models.schema import RCA_MODELS
from reeassets_tests.models.made import (
    CONTROLS,
    HAZARDS,
    NO_LINKS,
    after_effects,
    complete,
    dummy_regression,
    exporting,
    made_panel,
    settings,
    slow_jackknife,
    slow_own,
    standardised,
)


def fit(panel, given=None, hazards=HAZARDS, variants=("",)):
    """Estimate the grid, or some variants of the headline."""
    given = given or settings()
    chosen = [one for one in RCA_GROWTH.specifications(given, hazards) if one.variant in variants]
    return RCA_GROWTH.fit(panel, NO_LINKS, chosen, given)


def cell(rows, interacted=False, exposure="trade_exposure", risk="systemic_trade_risk", delta=1, variant=""):
    chosen = rows[
        (rows["variant"] == variant)
        & (rows["interacted"] == interacted)
        & (rows["exposure_definition"] == exposure)
        & (rows["risk_definition"] == risk)
        & (rows["hazard"] == "political_stability")
        & (rows["delta"] == delta)
    ]
    return chosen.set_index("term")


@pytest.fixture(scope="module")
def panel():
    return made_panel(seed=1, uneven=0.5, deltas=(1, 3), countries=11, products=10)


@pytest.fixture(scope="module")
def rows(panel):
    return fit(panel, settings((1, 3)), variants=("", UNCORRECTED))


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


@pytest.mark.parametrize("stages", [(), ("upstream", "input")])
def test_uncorrected_slopes_equal_the_regression_with_dummies_and_the_literal_jackknife(panel, rows, stages):
    sample = exporting(complete(panel, "rsca_lead1"), 1)
    columns = design(sample, "trade_exposure", "systemic_trade_risk", stages)
    k = len(columns)
    slow, n_dummies = dummy_regression(
        sample, "rsca_lead1", np.column_stack(list(columns.values())), HEADLINE_FIXED_EFFECTS
    )
    fast = cell(rows, bool(stages), variant=UNCORRECTED)
    fast, contrast = fast.loc[list(columns)], fast.loc["risk:input-upstream"] if stages else None
    np.testing.assert_allclose(fast["coefficient"], slow.params[:k], rtol=1e-7, atol=1e-9)
    assert fast["uncorrected"].isna().all()
    np.testing.assert_allclose(cell(rows, bool(stages)).loc[list(columns), "uncorrected"], fast["coefficient"])
    left = after_effects(sample, np.column_stack([*columns.values(), sample["rsca_lead1"]]), HEADLINE_FIXED_EFFECTS)
    weights = np.eye(k)
    if stages:
        difference = [(name == "risk:input") * 1.0 - (name == "risk:upstream") for name in columns]
        weights = np.vstack([weights, difference])
    errors, degrees, decided = slow_jackknife(sample, left[:, :k], left[:, k], weights)
    np.testing.assert_allclose(fast["std_error"], errors[:k], rtol=1e-7)
    np.testing.assert_allclose(fast["degrees_of_freedom"], degrees[:k], rtol=1e-7)
    assert fast["decided_by"].tolist() == decided[:k].tolist()
    p_values = 2 * stats.t.sf(np.abs(slow.params[:k] / errors[:k]), degrees[:k])
    np.testing.assert_allclose(fast["p_value"], p_values, rtol=1e-6)
    assert (fast["n_obs"] == len(sample)).all()
    assert (fast["n_absorbed"] == n_dummies).all()
    assert (fast["n_countries"] == 11).all()
    assert (fast["n_products"] == 10).all()
    if contrast is not None:
        assert contrast["std_error"] == pytest.approx(errors[k], rel=1e-7)
        assert contrast["coefficient"] == pytest.approx(float(weights[k] @ slow.params[:k]), rel=1e-7)


@pytest.mark.parametrize(
    ("exposure", "risk"), [("trade_exposure", "systemic_trade_risk"), ("import_intensity", "indirect_risk")]
)
@pytest.mark.parametrize("stages", [(), ("upstream", "input")])
def test_corrected_slopes_are_those_of_the_method_at_one_year_and_at_three(panel, rows, exposure, risk, stages):
    persistence = None
    for delta in (1, 3):
        sample = exporting(complete(panel, f"rsca_lead{delta}"), delta)
        columns = design(sample, exposure, risk, stages)
        made = np.column_stack([*columns.values(), sample[f"rsca_lead{delta}"]])
        left = after_effects(sample, made, HEADLINE_FIXED_EFFECTS)
        place = list(columns).index("rsca")
        b = slow_own(sample, left[:, :-1], left[:, -1], delta, place, persistence)
        found = cell(rows, bool(stages), exposure, risk, delta).loc[list(columns), "coefficient"]
        np.testing.assert_allclose(found, b, rtol=1e-6, atol=1e-9)
        # For longer leads the persistence is that of one year.
        persistence = min(max(b[place], 0.0), 0.995)


def test_a_persistent_outcome_fades_by_its_own_coefficient_at_three_years():
    panel = persistent_panel()
    rows = cell(fit(panel, settings((1, 3)), hazards=("political_stability",)), delta=1)
    persistence = rows.loc["rsca", "coefficient"]
    assert persistence > 0.2
    sample = exporting(complete(panel, "rsca_lead3"), 3)
    columns = design(sample, "trade_exposure", "systemic_trade_risk")
    left = after_effects(sample, np.column_stack([*columns.values(), sample["rsca_lead3"]]), HEADLINE_FIXED_EFFECTS)
    found = cell(fit(panel, settings((3,)), hazards=("political_stability",)), delta=3).loc[
        list(columns), "coefficient"
    ]
    expected = [slow_own(sample, left[:, :-1], left[:, -1], 3, 3, fade) for fade in (persistence, 0.0)]
    # The lead of one year is made from the panel's own rows where it is not configured.
    np.testing.assert_allclose(found, expected[0], rtol=1e-6, atol=1e-9)
    assert np.abs(expected[0] - expected[1]).max() > 1e-4


def persistent_panel():
    """Make a panel whose outcome of a year is the index of that year's row, with a memory of its own."""
    panel = made_panel(seed=4, countries=12, years=9, deltas=(1, 3), kept=1.1, null_share=0.0)
    rng = np.random.default_rng(1)
    keys = [panel["country"], panel["product"]]
    noise = pd.Series(rng.normal(size=len(panel)))
    state = noise.groupby(keys).transform(lambda values: values.ewm(alpha=0.3, adjust=False).mean())
    panel["rsca"] = np.tanh(state)
    panel["rca"] = (1 + panel["rsca"]) / (1 - panel["rsca"])
    for delta in (1, 3):
        for name in ("rca", "rsca"):
            panel[f"{name}_lead{delta}"] = panel.groupby(["country", "product"])[name].shift(-delta)
    return panel


def test_within_r2_is_that_of_the_demeaned_regression(panel, rows):
    import statsmodels.api as sm

    sample = exporting(complete(panel, "rsca_lead1"), 1)
    columns = np.column_stack(list(design(sample, "trade_exposure", "systemic_trade_risk").values()))
    slow, _ = dummy_regression(sample, "rsca_lead1", columns, HEADLINE_FIXED_EFFECTS)
    only_effects = sm.OLS(sample["rsca_lead1"], slow.model.exog[:, columns.shape[1] :]).fit()
    assert cell(rows)["r2_within"].iloc[0] == pytest.approx(1 - slow.ssr / only_effects.ssr, rel=1e-9)


def test_the_grid_is_complete_and_obeys_the_table(rows):
    given = settings((1, 3))
    specifications = RCA_GROWTH.specifications(given, HAZARDS)
    grid = [one for one in specifications if not one.variant]
    assert len(grid) == len({one.id for one in grid}) == 3 * 3 * 2 * 2
    assert [one.variant for one in specifications[len(grid) :]] == list(VARIANTS)
    assert {one.exposure for one in grid} == set(EXPOSURES)
    assert {one.risk for one in grid} == set(RISK_NAMES)
    assert isinstance(RCA_GROWTH, LeastSquares)
    assert list(rows.columns) == list(ROW_COLUMNS)
    # Without interactions 3 slopes and 3 controls, with them 3 x 2 slopes, 3 controls, 3 differences.
    assert len(rows) == (len(grid) + 1) * (6 + 12)
    RCA_MODELS.check(rows)
    assert not rows.duplicated(list(ROW_KEY)).any()


def test_roles_and_who_counts_in_the_curve(rows):
    counted = rows.groupby(["role", "headline", "in_curve", "variant"]).size().to_dict()
    assert counted == {
        ("headline", True, True, ""): 18,
        ("grid", False, True, ""): 35 * 18,
        ("robustness", False, False, UNCORRECTED): 18,
    }
    headline = rows[rows["headline"]]
    assert headline["delta"].unique().tolist() == [1]
    assert headline["fixed_effects"].unique().tolist() == ["country-product+country-year+product-year"]


def test_the_headline_delta_is_the_shortest():
    panel = made_panel(seed=2, deltas=(4, 2), years=9)
    rows = fit(panel, settings((4, 2)))
    assert rows.loc[rows["headline"], "delta"].unique().tolist() == [2]


def test_identical_designs_count_once_and_name_the_first():
    panel = made_panel(seed=15)
    # A unit changes nothing in standard deviations; a change of the last digits is rounding, one of the fourth is not.
    wobble = 1 + 1e-13 * np.random.default_rng(1).normal(size=len(panel))
    panel["import_reliance"] = panel["trade_exposure"] * 0.3 * wobble
    panel["import_intensity"] = panel["trade_exposure"] + 1e-4 * panel["import_intensity"]
    panel["systemic_trade_risk__uniform"] = panel["systemic_trade_risk__political_stability"] * 0.1 + 0.2
    rows = fit(panel)
    by_design = rows.drop_duplicates(["exposure_definition", "risk_definition", "hazard"])
    # Two exposures are different, and five of six risks.
    assert by_design["in_curve"].sum() == 2 * 5
    assert not by_design.loc[by_design["exposure_definition"] == "import_reliance", "in_curve"].any()
    copy = rows[(rows["exposure_definition"] == "import_reliance") & (rows["hazard"] == "uniform")]
    copy = copy[copy["risk_definition"] == "systemic_trade_risk"].set_index(["interacted", "term"])
    said = "the same design as trade_exposure, systemic_trade_risk under political_stability"
    assert copy["note"].str.contains(said).all()
    first = rows[rows["headline"]].set_index(["interacted", "term"])
    assert first["in_curve"].all()
    np.testing.assert_allclose(copy["coefficient"], first.loc[copy.index, "coefficient"], rtol=1e-6)
    assert not first["note"].str.contains("same design").any()


def test_row_order_does_not_matter(panel, rows):
    shuffled = fit(panel.sample(frac=1, random_state=5), settings((1, 3)), variants=("", UNCORRECTED))
    pd.testing.assert_frame_equal(shuffled, rows, check_exact=True)


def test_only_pairs_that_export_at_both_ends_take_part():
    panel = made_panel(seed=16)
    rng = np.random.default_rng(2)
    panel.loc[rng.uniform(size=len(panel)) < 0.2, "log1p_exports"] = 0.0
    ends = (rng.uniform(size=len(panel)) < 0.2) & panel["rca_lead1"].notna()
    panel.loc[ends, ["rca_lead1", "rsca_lead1"]] = [0.0, -1.0]
    rows = fit(panel)
    changed = panel.copy()
    out = ends | (panel["log1p_exports"] == 0)
    changed.loc[out, ["trade_exposure", "rsca"]] = 0.123
    pd.testing.assert_frame_equal(fit(changed), rows, check_exact=True)
    assert rows["n_obs"].unique().tolist() == [len(exporting(complete(panel, "rsca_lead1"), 1))]


def test_a_planted_slope_is_found():
    for slope, side in ((-2.0, "ci_high"), (2.0, "ci_low")):
        panel = made_panel(seed=3, countries=25, products=15, slope=slope)
        row = cell(fit(panel, hazards=("political_stability",))).loc["risk"]
        assert np.sign(row[side]) == np.sign(slope)
        assert row["p_value"] < 0.001


def test_three_stages_have_three_slopes():
    rows = cell(fit(made_panel(seed=4, n_input=3, n_final=3)), interacted=True)
    assert {"risk:upstream", "risk:input", "risk:final", "risk:input-upstream"} <= set(rows.index)
    assert "risk:final-upstream" not in rows.index


def test_a_stage_with_one_product_has_no_error_and_says_so():
    rows = cell(fit(made_panel(seed=5, n_input=1)), interacted=True)
    for term in ("risk:input", "risk:input-upstream"):
        assert rows.loc[term, "note"].startswith("only 1 product in stage input")
        assert rows.loc[term, ["std_error", "p_value", "ci_low"]].isna().all()
    assert np.isfinite(rows.loc["risk:input", ["coefficient", "uncorrected"]].astype(float)).all()
    assert np.isfinite(rows.loc["risk:upstream", "std_error"])


def test_a_term_that_rests_on_one_of_two_products_has_no_error():
    panel = made_panel(seed=5, n_input=2)
    second = (panel["stage"] == "input") & (panel["product"] == panel.loc[panel["stage"] == "input", "product"].max())
    risk = "systemic_trade_risk__political_stability"
    panel.loc[second, risk] = 0.5 + 0.01 * (panel.loc[second, risk] - 0.5)
    rows = cell(fit(panel), interacted=True)
    assert rows.loc["risk:input", "note"] == "rests on a single product"
    assert rows.loc["risk:input", ["std_error", "p_value", "ci_low"]].isna().all()


def test_few_clusters_are_noted():
    rows = fit(made_panel(seed=6, products=8))
    assert rows["note"].str.startswith("only 8 product clusters").all()
    assert rows["note"].str.contains(r"rests on [4-8]\.\d effective products").any()


def test_a_regressor_that_fixed_effects_explain_is_dropped_and_named():
    panel = made_panel(seed=7)
    panel["import_reliance"] = panel.groupby(["country", "year"])["import_reliance"].transform("first")
    rows = cell(fit(panel), exposure="import_reliance")
    assert np.isnan(rows.loc["exposure", ["coefficient", "std_error", "p_value"]].astype(float)).all()
    assert rows.loc["exposure", "note"] == "collinear with fixed effects or other regressors"
    assert np.isfinite(rows.loc["risk", "std_error"])
    split = cell(fit(panel), exposure="import_reliance", interacted=True)
    assert "exposure:" in split.loc["exposure:input-upstream", "note"]
    assert np.isnan(split.loc["exposure:input-upstream", "coefficient"])


def test_without_the_lagged_outcome_there_is_no_correction_and_no_estimate():
    panel = made_panel(seed=8, deltas=(1, 3))
    panel["rsca"] = panel.groupby(["country", "year"])["rsca"].transform("first")
    rows = fit(panel, settings((1, 3)), variants=("", UNCORRECTED))
    corrected = rows[rows["variant"] == ""]
    assert corrected["coefficient"].isna().all()
    assert corrected["note"].str.contains("the lagged outcome rsca is not estimated").all()
    late = corrected[corrected["delta"] == 3]
    assert late["note"].str.startswith("the persistence of the outcome over one year is not known").all()
    assert np.isfinite(cell(rows, variant=UNCORRECTED).loc["risk", "std_error"])


def test_a_single_product_cannot_be_told_from_its_countries():
    rows = fit(made_panel(seed=9, products=1, n_input=1, countries=20))
    assert rows["coefficient"].isna().all()
    assert (rows["note"] != "").all()
    RCA_MODELS.check(rows)


def test_a_panel_without_later_years_says_so():
    rows = fit(made_panel(seed=10, deltas=(1, 9)), settings((1, 9)))
    late = rows[rows["delta"] == 9]
    assert len(late) == len(rows) / 2
    assert late["coefficient"].isna().all()
    assert late["note"].str.startswith("no row is left of exporting pairs 9 years apart").all()
    RCA_MODELS.check(rows)


def test_a_lead_that_leaves_too_few_years_says_why():
    rows = fit(made_panel(seed=10, deltas=(1, 5)), settings((1, 5)))
    assert rows.loc[rows["delta"] == 5, "note"].str.contains("no country and product has rows 3 years apart").all()


def test_a_definition_without_values_does_not_empty_the_others():
    panel = made_panel(seed=11)
    panel["import_intensity"] = np.nan
    rows = fit(panel)
    assert (cell(rows, exposure="import_intensity")["note"] == "without any value: import_intensity").all()
    assert np.isfinite(cell(rows).loc["risk", "std_error"])


def test_an_empty_panel_gives_rows_with_a_reason():
    rows = fit(made_panel(seed=12).iloc[:0], variants=("", *VARIANTS))
    assert rows["coefficient"].isna().all()
    assert (rows["note"] != "").all()
    RCA_MODELS.check(rows)


def test_more_parameters_than_rows_is_said():
    panel = made_panel(seed=13, countries=3, products=3, n_input=1, years=3, null_share=0, kept=1.1)
    given = settings()
    rows = as_frame(grid_rows(panel, RCA_GROWTH.specifications(given, HAZARDS)[:1], given, by_stage=False), given)
    assert rows["coefficient"].isna().all()
    assert rows["note"].str.contains("rows for|no regressor varies").all()


@pytest.mark.parametrize("years", [1, 2, 3])
def test_a_panel_of_few_years_has_notes_where_it_has_no_numbers(panel, years):
    """A run of three years must not end in a singular matrix: what cannot be estimated says so, row by row."""
    short = panel[panel["year"] < panel["year"].min() + years]
    found = fit(short, settings((1, 3)), variants=("", *VARIANTS))
    RCA_MODELS.check(found)
    unknown = found[found["coefficient"].isna()]
    assert len(unknown)
    assert (unknown["note"].fillna("") != "").all()
    assert set(found["variant"]) == {"", *VARIANTS}
