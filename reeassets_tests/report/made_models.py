"""Made-up tables of the stage models for the tests of the report."""

from typing import Any

import pandas as pd


def model_row(coefficient: float | None, p_value: float | None = 0.01, **changes: Any) -> dict[str, Any]:
    given = coefficient is not None
    return {
        "model": "rca_growth",
        "outcome": "rsca",
        "delta": 3,
        "exposure_definition": "trade_exposure",
        "risk_definition": "systemic_trade_risk",
        "hazard": "uniform",
        "fixed_effects": "country-product+country-year+product-year",
        "variant": "",
        "interacted": False,
        "term": "exposure",
        "role": "grid",
        "headline": False,
        "in_curve": True,
        "coefficient": coefficient,
        "uncorrected": coefficient,
        "std_error": 0.01 if given else None,
        "std_error_conventional": 0.01 if given else None,
        "decided_by": "two-way" if given else "",
        "ci_low": coefficient - 0.02 if coefficient is not None else None,
        "ci_high": coefficient + 0.03 if coefficient is not None else None,
        "t_statistic": coefficient / 0.01 if coefficient is not None else None,
        "p_value": p_value if given else None,
        "n_obs": 1234,
        "n_countries": 3,
        "n_products": 4,
        "effective_countries": 3.0 if given else None,
        "effective_products": 4.0 if given else None,
        "degrees_of_freedom": 2.0 if given else None,
        "n_absorbed": 8,
        "r2_within": 0.5,
        "note": "" if given else "cannot be estimated",
    } | changes


def rca_models() -> pd.DataFrame:
    rows = [
        model_row(0.10, headline=True, role="headline"),
        model_row(-0.20, delta=1),
        model_row(0.05, 0.30, delta=5),
        model_row(0.01, 0.80, delta=1, hazard="political_stability"),
        model_row(None, delta=5, hazard="political_stability"),
        model_row(0.7, term="rsca", headline=True, role="headline"),
        model_row(
            -0.04,
            term="risk:input",
            interacted=True,
            headline=True,
            role="headline",
            note="only 2 products in stage input",
        ),
        model_row(0.3, model="entry", outcome="exports_begin", term="risk"),
        model_row(0.9, variant="long differences", role="robustness", in_curve=False),
        model_row(-0.9, variant="long differences", role="robustness", in_curve=False, term="risk:input", note="few"),
        model_row(0.1, hazard="file", in_curve=False, note="the same design as another"),
    ]
    return pd.DataFrame(rows)


def findings() -> pd.DataFrame:
    rows = [
        ("Systemic trade risk is lower", "systemic_risk_lower_in_input", -0.3, -0.32, -0.29, 1.0, 0.5, "reproduced"),
        ("Exposure is higher", "exposure_higher_in_input", 0.15, 0.13, 0.16, 1.0, 0.5, "contradicted"),
        ("Something new", "another_claim", None, None, None, None, None, "not testable on this data"),
    ]
    return pd.DataFrame(
        [
            {
                "claim": claim,
                "claim_id": name,
                "statistic": "a difference",
                "estimate": estimate,
                "ci_low": low,
                "ci_high": high,
                "share_sign": sign,
                "share_significant": significant,
                "share_contrary": sign and 0.0,
                "detectable": None,
                "verdict": verdict,
                "reason": "the rule says so",
                "data": "made: V1",
            }
            for claim, name, estimate, low, high, sign, significant, verdict in rows
        ]
    )


def robust_claims() -> pd.DataFrame:
    """One claim stands or does not, one is testable nowhere but under one choice, a third has no row of weighting."""
    risk, exposure, exports = "systemic_risk_lower_in_input", "exposure_higher_in_input", "exposure_predicts_exports"
    rows = [
        (risk, "headline", "as configured", -0.3, "reproduced", True),
        (risk, "weighting", "unweighted", -0.2, "reproduced", True),
        (risk, "pass_through", "0.5", 0.1, "contradicted", False),
        (risk, "application", "without magnets", None, "not testable on this data", None),
        (exposure, "headline", "as configured", None, "not testable on this data", None),
        (exposure, "weighting", "unweighted", 0.1, "inconclusive", None),
        (exports, "headline", "as configured", 0.1, "inconclusive", True),
        (exports, "estimator", "long differences", 0.2, "inconclusive", True),
    ]
    columns = ["claim_id", "choice", "value", "estimate", "verdict", "agrees"]
    frame = pd.DataFrame(rows, columns=columns).astype({"estimate": "float64", "agrees": "boolean"})
    return frame.assign(ci_low=frame["estimate"] - 0.05, ci_high=frame["estimate"] + 0.1, reason="the <rule> says so")


def model_diagnostics() -> pd.DataFrame:
    rows = [
        ("leave_one_out", "CHN", None, 0.08, 0.02, 0.14, 0.01),
        ("leave_one_out", "DEU", None, 0.11, 0.02, 0.20, 0.01),
        ("leave_one_out", "USA", None, 0.09, 0.02, 0.16, 0.01),
        ("placebo", "", None, 0.01, -0.05, 0.07, 0.6),
        ("variance_inflation", "", 2.34, None, None, None, None),
        ("wild_bootstrap", "4 clusters by product, Webb", 3.1, 0.10, None, None, 0.012),
    ]
    names = ["diagnostic", "detail", "value", "coefficient", "ci_low", "ci_high", "p_value"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(model="rca_growth", interacted=False, term="exposure", n_obs=1234, note="")


def model_multiplicity() -> pd.DataFrame:
    counts = {"n_family": 9, "n_tests": 3, "n_significant": 2, "n_significant_bh": 1, "n_significant_holm": 0}
    ps = {"headline_p": 0.01, "headline_bh": 0.03, "headline_holm": 0.09}
    return pd.DataFrame([{"model": "rca_growth", "interacted": False, "term": "exposure"} | counts | ps])


def event_study() -> pd.DataFrame:
    """One measure on two codes: tested on imports and unit values, the latter of 280530 with a pre-trend."""
    rows = []
    for product, verdicts in (("280530", ("effect", "pre-trend")), ("284690", ("no effect shown", "effect"))):
        for outcome, verdict in zip(("log_imports", "log_unit_value"), verdicts, strict=True):
            said = {"measure": "export_quotas_2010", "product": product, "outcome": outcome, "verdict": verdict}
            counts = {"n_obs": 300, "n_importers": 100, "n_exposed": 40, "pretrend_p": 0.4, "effect_p": 0.02}
            for year, value in ((-2, 0.1), (-1, 0.0), (0, 0.5), (1, 1.0)):
                ends = {"ci_low": value - 0.4, "ci_high": value + 0.6, "p_value": 0.1, "effective_importers": 30.0}
                ends = ends if year != -1 else dict.fromkeys(ends)
                rows.append(said | counts | ends | {"relative_year": year, "coefficient": value, "reason": "made"})
        untested = {"outcome": "import_share", "verdict": "not testable", "relative_year": -1, "reason": "made"}
        rows.append({"measure": "export_quotas_2010", "product": product} | counts | untested)
        rows[-1] |= dict.fromkeys(("coefficient", "pretrend_p", "effect_p"))
    return pd.DataFrame(rows)
