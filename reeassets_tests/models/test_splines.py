"""Spline controls: the basis against patsy's, the slopes they are beside against pyfixest's."""

import numpy as np
import pandas as pd
import pytest

from reeassets.models.contract import HEADLINE_EXPOSURE, HEADLINE_HAZARD, HEADLINE_RISK
from reeassets.models.exporters import exporter_sample
from reeassets.models.frame import known_candidates
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.models.robustness import VARIANTS
from reeassets.models.sample import CONTROLS
from reeassets.models.splines import KNOTS, NO_EXPORTS, restricted_cubic, with_splines
from reeassets_tests.models.made import NO_LINKS, made_panel, settings

NAME = "spline controls, no-exports dummy, all rows"


def with_zeros(**options) -> pd.DataFrame:
    """A panel a fifth of whose rows export nothing, their index -1 then and in the year before."""
    panel = made_panel(**options).sort_values(["country", "product", "year"], ignore_index=True)
    idle = np.random.default_rng(3).uniform(size=len(panel)) < 0.2
    panel.loc[idle, ["rsca", "rca", "log1p_exports"]] = [-1.0, 0.0, 0.0]
    later = np.random.default_rng(4).uniform(size=len(panel)) < 0.2
    panel.loc[later, ["rsca_lead1", "rca_lead1"]] = [-1.0, 0.0]
    return panel


def test_the_basis_spans_patsys_natural_splines():
    from patsy import dmatrix

    values = np.sort(np.random.default_rng(0).normal(size=200))
    knots = [values[0], -0.5, 0.4, values[-1]]
    own = np.column_stack([np.ones(200), values, restricted_cubic(values, knots)])
    published = np.asarray(dmatrix("cr(x, knots=(-0.5, 0.4)) - 1", {"x": values}))
    assert np.linalg.matrix_rank(own) == own.shape[1] == published.shape[1] == 4
    fitted = own @ np.linalg.lstsq(own, published, rcond=None)[0]
    np.testing.assert_allclose(fitted, published, atol=1e-9)


def test_beyond_the_outer_knots_it_is_a_straight_line():
    values = np.linspace(-5, 5, 101)
    columns = restricted_cubic(values, [-1.0, 0.0, 0.5, 2.0])
    second = np.diff(columns, n=2, axis=0)
    outside = (values[1:-1] <= -1.0 - 0.1) | (values[1:-1] >= 2.0 + 0.1)
    assert columns.shape == (101, 2)
    np.testing.assert_allclose(second[outside], 0.0, atol=1e-9)
    assert np.abs(second[~outside]).max() > 1e-4
    assert restricted_cubic(values, [0.0, 1.0]).shape == (101, 0)


def test_knots_are_of_rows_with_exports_and_equal_ones_are_one():
    panel = with_zeros()
    given, names = with_splines(panel)
    assert names == (*(f"{control} spline {number}" for control in CONTROLS for number in (1, 2)), NO_EXPORTS)
    exports = panel["log1p_exports"] > 0
    assert given[NO_EXPORTS].tolist() == (~exports).astype(float).tolist()
    knots = np.quantile(panel.loc[exports, "log1p_exports"], KNOTS)
    expected = restricted_cubic(panel["log1p_exports"].to_numpy(), knots)
    np.testing.assert_array_equal(given["log1p_exports spline 1"], expected[:, 0])
    same = panel.assign(log1p_imports=2.0)
    assert [name for name in with_splines(same)[1] if name.startswith("log1p_imports")] == []


@pytest.fixture(scope="module")
def fitted():
    panel = with_zeros(seed=2, countries=16, products=12, years=8)
    configured = settings()
    specifications = RCA_GROWTH.specifications(configured, ["political_stability", "uniform"])
    (own,) = [one for one in specifications if one.variant == NAME]
    return panel, RCA_GROWTH.fit(panel, NO_LINKS, [own], configured)


def test_slopes_are_those_of_pyfixest(fitted):
    import pyfixest

    panel, rows = fitted
    given, names = with_splines(panel)
    controls = (*CONTROLS, *names)
    sample = exporter_sample(given, 1, known_candidates(given), controls=controls, exporting=False)
    risk = f"{HEADLINE_RISK}__{HEADLINE_HAZARD}"
    main = {HEADLINE_EXPOSURE: "exposure", "supplier_concentration": "supplier_concentration", risk: "risk"}
    columns = {term: sum(sample.columns[part] for part in sample.sums[name]) for name, term in main.items()}
    columns |= {f"c{place}": sample.columns[name] for place, name in enumerate(controls)}
    keys = {name: pd.Series(getattr(sample.cells, name)).astype(str) for name in ("country", "product", "year")}
    effects = {
        "pair": keys["country"] + "-" + keys["product"],
        "country_year": keys["country"] + "-" + keys["year"],
        "product_year": keys["product"] + "-" + keys["year"],
    }
    data = pd.DataFrame({"y": sample.columns["outcome"]} | columns | effects)
    demeaner = pyfixest.MapDemeaner(fixef_tol=1e-12)
    formula = f"y ~ {' + '.join(columns)} | {' + '.join(effects)}"
    published = pyfixest.feols(formula, data, demeaner=demeaner, fixef_rm="none").coef()
    ours = rows[~rows["interacted"]].set_index("term")["uncorrected"]
    np.testing.assert_allclose(ours[list(main.values())], published[list(main.values())], rtol=1e-6)
    np.testing.assert_allclose(ours[list(controls)], published[[f"c{at}" for at in range(len(controls))]], rtol=1e-5)


def test_rows_without_exports_take_part_and_every_term_has_an_error(fitted):
    panel, rows = fitted
    complete = panel[panel[["supplier_concentration", "rsca_lead1"]].notna().all(axis=1)]
    exporting = complete[(complete["log1p_exports"] > 0) & (complete["rca_lead1"] > 0)]
    assert len(exporting) < rows["n_obs"].iloc[0] <= len(complete)
    main = rows[rows["term"].isin(["exposure", "risk", "risk:input", "risk:input-upstream"])]
    assert len(main) == 4
    assert main[["std_error", "ci_low", "p_value"]].notna().all(axis=None)
    assert (rows["variant"] == NAME).all()
    assert not rows["in_curve"].any()
    # It is corrected.
    assert (main["coefficient"] != main["uncorrected"]).all()
    assert VARIANTS[NAME].changes == "controls"


def test_what_cannot_be_estimated_says_why():
    panel = with_zeros(countries=6, products=4, years=3).assign(supplier_concentration=np.nan)
    (own,) = [one for one in RCA_GROWTH.specifications(settings(), ["political_stability"]) if one.variant == NAME]
    rows = RCA_GROWTH.fit(panel, NO_LINKS, [own], settings())
    assert rows["coefficient"].isna().all()
    assert rows["note"].str.len().gt(0).all()
