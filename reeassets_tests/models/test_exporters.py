import numpy as np
import pytest

from reeassets.models.dynamic import without_effects
from reeassets.models.exporters import OUTCOME, exporter_sample
from reeassets_tests.models.made import CONTROLS, HEADLINE_RISK, made_panel

REGRESSORS = ["trade_exposure", "supplier_concentration", HEADLINE_RISK]


def panel_with_zeros(**given):
    panel = made_panel(deltas=(1, 3), n_final=3, **given)
    rng = np.random.default_rng(5)
    panel.loc[rng.uniform(size=len(panel)) < 0.15, "log1p_exports"] = 0.0
    gone = rng.uniform(size=len(panel)) < 0.15
    panel.loc[gone & panel["rca_lead3"].notna(), ["rca_lead3", "rsca_lead3"]] = [0.0, -1.0]
    return panel.sample(frac=1.0, random_state=1)


def plain_rows(panel):
    """Drop what the sample drops with pandas alone."""
    rows = panel[(panel["log1p_exports"] > 0) & (panel["rca_lead3"] > 0)]
    rows = rows[rows[["rsca_lead3", *REGRESSORS, *CONTROLS]].notna().all(axis=1)]
    while True:
        keys = (["country", "product"], ["country", "year"], ["product", "year"])
        sizes = [rows.groupby(key)["rsca"].transform("size") for key in keys]
        left = rows[(sizes[0] > 1) & (sizes[1] > 1) & (sizes[2] > 1)]
        if len(left) == len(rows):
            return rows.sort_values(["country", "product", "year"])
        rows = left


def test_rows_and_columns():
    panel = panel_with_zeros(kept=0.6)
    sample, expected = exporter_sample(panel, 3, REGRESSORS), plain_rows(panel)
    assert sample.counts["used"] == len(expected) < sample.counts["complete"] < sample.counts["exporting"] < len(panel)
    assert sample.countries[sample.cells.country].tolist() == expected["country"].tolist()
    assert sample.products[sample.cells.product].tolist() == expected["product"].tolist()
    assert sample.cells.year.tolist() == expected["year"].tolist()
    np.testing.assert_array_equal(sample.columns[OUTCOME], expected["rsca_lead3"])
    assert sample.columns[OUTCOME].min() > -1
    for name in CONTROLS:
        np.testing.assert_array_equal(sample.columns[name], expected[name])
    for name in REGRESSORS:
        score = (expected[name] - expected[name].mean()) / expected[name].std(ddof=0)
        assert sample.scale[name] == pytest.approx(expected[name].std(ddof=0))
        for stage in ("upstream", "input", "final"):
            inside = (expected["stage"] == stage).to_numpy()
            np.testing.assert_allclose(sample.columns[f"{name}:{stage}"], np.where(inside, score, 0.0), atol=1e-12)
    assert sample.stages == ("upstream", "input", "final")
    assert sample.products_per_stage == {"upstream": 5, "input": 4, "final": 3}


def test_the_sample_is_what_is_estimated_on():
    sample = exporter_sample(panel_with_zeros(), 1, REGRESSORS)
    columns = without_effects(sample.columns, sample.cells, 1, sample.sums)
    by_stage = [part for name in REGRESSORS for part in sample.sums[name]]
    fit = columns.fit(OUTCOME, [*by_stage, *CONTROLS])
    assert fit.terms == (*by_stage, *CONTROLS)
    assert fit.n_obs == sample.counts["used"]
    assert columns.fit(OUTCOME, [*REGRESSORS, *CONTROLS]).terms == (*REGRESSORS, *CONTROLS)


def test_a_missing_column_is_named():
    with pytest.raises(KeyError, match="no column nothing, rca_lead5, rsca_lead5"):
        exporter_sample(panel_with_zeros(), 5, ["nothing"])


def test_no_row_left_says_why():
    panel = panel_with_zeros().assign(log1p_exports=0.0)
    with pytest.raises(ValueError, match=r"no row is left of exporting pairs 1 years apart: .* 0 complete"):
        exporter_sample(panel, 1, REGRESSORS)


def test_a_regressor_that_does_not_vary_has_no_scale():
    sample = exporter_sample(panel_with_zeros().assign(trade_exposure=0.3), 1, REGRESSORS)
    assert sample.scale["trade_exposure"] == 0.0
    assert not sample.columns["trade_exposure:input"].any()
