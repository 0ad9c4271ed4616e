from dataclasses import replace

import numpy as np

from reeassets.models.clustered import Clusters
from reeassets.models.contract import Specification
from reeassets.models.errors import ErrorTable
from reeassets.models.linear import Fit
from reeassets.models.results import Regression, as_frame, estimated_rows, role_of, unestimated_rows
from reeassets_tests.models.made import settings

SPECIFICATION = Specification("m", "rsca", "trade_exposure", "indirect_risk", "uniform", 3, "a+b")
HEADLINE = Specification(
    "m",
    "rsca",
    "trade_exposure",
    "systemic_trade_risk",
    "political_stability",
    1,
    "country-product+country-year+product-year",
)
REGRESSION = Regression(SPECIFICATION, True, "grid", {"a": "risk:input", "b": "risk:upstream"})
CLUSTERS = Clusters(np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12))


class Errors:
    """Errors of two independent coefficients that rest on 12 effective countries and 20 products."""

    def __init__(self, *variances):
        self.variances = np.array(variances)

    def of(self, weights):
        variance = weights**2 @ self.variances
        effective = np.array([[12.0] * len(weights), [20.0] * len(weights)])
        return ErrorTable(variance, ["two-way"] * len(weights), variance / 4, effective, [""] * len(weights))


def test_what_a_variant_changes_is_part_of_its_name():
    assert replace(SPECIFICATION, variant="always").id == f"{SPECIFICATION.id}/always"
    assert [role_of(one, settings()) for one in (HEADLINE, SPECIFICATION, replace(HEADLINE, variant="always"))] == [
        "headline",
        "grid",
        "robustness",
    ]


def test_before_and_after_the_correction_stand_side_by_side():
    fit = replace(FIT, uncorrected=np.array([0.3, 0.2]))
    regression = replace(REGRESSION, contrasts={"d": ("risk:input", "risk:upstream")}, same_as="the same as x")
    rows = as_frame(estimated_rows(regression, fit, CLUSTERS), settings()).set_index("term")
    np.testing.assert_allclose(rows["coefficient"], [0.4, 0.1, 0.3])
    np.testing.assert_allclose(rows["uncorrected"], [0.3, 0.2, 0.1])
    assert (rows["note"] == "the same as x").all()
    assert not rows["in_curve"].any()
    robust = replace(REGRESSION, role="robustness")
    assert not as_frame(estimated_rows(robust, fit, CLUSTERS), settings())["in_curve"].any()


FIT = Fit(("a", "b"), np.array([0.4, 0.1]), Errors(0.04, 0.01), 144, 23, 0.25)


def frame(*variances):
    fit = replace(FIT, errors=Errors(*variances))
    return as_frame(estimated_rows(REGRESSION, fit, CLUSTERS), settings()).set_index("term")


def test_id_and_risk_column():
    assert SPECIFICATION.id == "m/rsca/trade_exposure/indirect_risk/uniform/3/a+b"
    assert SPECIFICATION.risk_column == "indirect_risk__uniform"


def test_tests_and_intervals_by_hand():
    rows = frame(0.04, 0.01)
    # 12 effective countries: t with 11 degrees of freedom, 97.5 % quantile 2.2009852.
    assert rows.loc["risk:input", "t_statistic"] == 2.0
    np.testing.assert_allclose(rows.loc["risk:input", "p_value"], 0.0708, atol=5e-5)
    interval = [0.4 - 2.2009852 * 0.2, 0.4 + 2.2009852 * 0.2]
    np.testing.assert_allclose(rows.loc["risk:input", ["ci_low", "ci_high"]].astype(float), interval, atol=1e-7)
    assert rows["std_error_conventional"].tolist() == [0.1, 0.05]
    assert rows["note"].tolist() == ["", ""]


def test_a_term_that_rests_on_one_product_has_no_error():
    regression = replace(REGRESSION, notes={"risk:input": "only 1 product in stage input"})
    rows = as_frame(estimated_rows(regression, FIT, CLUSTERS), settings()).set_index("term")
    assert rows.loc["risk:input", "coefficient"] == 0.4
    assert rows.loc["risk:input", ["std_error", "p_value", "ci_low", "degrees_of_freedom"]].isna().all()
    assert rows["note"].tolist() == ["only 1 product in stage input", ""]
    assert rows.loc["risk:upstream", "std_error"] == 0.1


def test_a_variance_of_zero_has_no_test():
    rows = frame(0.04, 0.0)
    assert rows.loc["risk:upstream", "coefficient"] == 0.1
    assert rows.loc["risk:upstream", ["std_error", "t_statistic", "p_value", "ci_low"]].isna().all()
    assert rows.loc["risk:upstream", "note"] == "no variance between clusters"


def test_rows_that_were_not_estimated_say_why():
    rows = as_frame(unestimated_rows(REGRESSION, "because"), settings())
    assert rows["term"].tolist() == ["risk:input", "risk:upstream"]
    assert rows[["coefficient", "p_value", "r2_within"]].isna().all(axis=None)
    assert (rows["note"] == "because").all()
