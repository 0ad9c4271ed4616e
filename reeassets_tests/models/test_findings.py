import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.models.claims import CLAIMS, EU_MEMBERS
from reeassets.models.findings import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    findings,
    products_per_stage,
)
from reeassets.models.schema import FINDINGS
from reeassets_tests.models.made import product_names, settings

YEARS = range(2010, 2020)
LABEL = "CEPII BACI V202601, 30 products"


def contrasts(signs, years=None):
    rows = [
        {
            "year": year,
            "indicator": name,
            "weighting": "imports",
            "n_upstream_products": 6,
            "n_input_products": 5,
            "median_difference": 0.1 * sign,
            "median_difference_low": 0.1 * sign - 0.05,
            "median_difference_high": 0.1 * sign + 0.05,
            "q_value": 0.001,
        }
        for name, sign in signs.items()
        for year in (years or [0])
    ]
    frame = pd.DataFrame(rows)
    return frame if years else frame.drop(columns="year")


def products(n_upstream, n_input):
    names = product_names(n_upstream + n_input)
    return pd.DataFrame({"product": names, "in_set": True, "stage": ["upstream"] * n_upstream + ["input"] * n_input})


def model_rows(term, values, headline=0, p_values=None):
    frame = pd.DataFrame({"coefficient": values, "p_value": p_values or [0.01] * len(values)})
    frame["ci_low"], frame["ci_high"] = frame["coefficient"] - 0.1, frame["coefficient"] + 0.1
    frame["headline"] = [place == headline for place in range(len(values))]
    return frame.assign(model="rca_growth", term=term, note="")


def ingredients(**changes):
    """Everything as the reference claims it; ``changes`` replace single tables."""
    signs = {"exposure": 1, "supplier_concentration": 1, "systemic_trade_risk": -1}
    risks = {"CHN": 0.1, "USA": 0.5, "DEU": 0.6, "FRA": 0.5, "JPN": 0.2, "KOR": 0.2, "IND": 0.2}
    country = pd.DataFrame(
        [
            {
                "year": year,
                "country": name,
                "stage": stage,
                "weighting": "imports",
                "imports_kusd": 10.0,
                "influence": 0.5 if name == "CHN" else 0.1,
                "systemic_trade_risk": risk,
            }
            for year in YEARS
            for name, risk in risks.items()
            for stage in ("upstream", "input")
        ]
    )
    clusters = country[country["stage"] == "input"][["year", "country"]].assign(
        cluster=2, cluster_name="high risk, low influence"
    )
    core = clusters["country"].isin(["CHN", "JPN"])
    clusters.loc[core, ["cluster", "cluster_name"]] = [1, "low risk, high influence"]
    choice = pd.DataFrame(
        {
            "k": [4, 5, 6],
            "stability": [0.7, 0.9, 0.6],
            "stability_low": [0.6, 0.8, 0.5],
            "stability_high": [0.8, 0.95, 0.7],
            "gap_preferred": [False, True, False],
        }
    )
    models = pd.concat([model_rows("exposure", [0.5, 0.4, 0.3, -0.2]), model_rows("risk:input", [-0.5, -0.4, -0.3])])
    given = {
        "tier_contrasts_pooled": contrasts(signs),
        "tier_contrasts": contrasts(signs, list(YEARS)),
        "country_indicators": country,
        "country_clusters": clusters.astype({"cluster": "Int64"}),
        "cluster_choice": choice,
        "rca_models": models,
        "classified_products": products(6, 5),
        "product_indicators": pd.DataFrame({"product": product_names(11)}),
    }
    return given | changes


def judged(weighting="imports", **changes):
    given = ingredients(**changes)
    return findings(**given, data_label=LABEL, settings=settings(weighting=weighting)).set_index("claim_id")


def test_all_claims_can_be_reproduced():
    found = judged()
    assert (found["verdict"] == REPRODUCED).all()
    FINDINGS.check(found.reset_index()[list(FINDINGS.columns)])
    assert found.index.tolist() == [claim.id for claim in CLAIMS]
    assert len(CLAIMS) == 8
    assert (found["data"] == LABEL).all()
    assert found.loc["exposure_higher_in_input", ["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.1, 0.05, 0.15]
    )
    assert found.loc["exposure_higher_in_input", ["share_sign", "share_significant"]].tolist() == [1, 1]
    assert found.loc["exposure_predicts_exports", ["share_sign", "share_significant"]].tolist() == [0.75, 0.75]
    assert found.loc["five_clusters", ["estimate", "ci_low", "ci_high"]].tolist() == [0.9, 0.8, 0.95]
    assert np.isnan(found.loc["five_clusters", "share_sign"])
    assert found.loc["china_leads_core", "estimate"] == 1


def test_each_claim_can_fail():
    opposite = {"exposure": -1, "supplier_concentration": -1, "systemic_trade_risk": 1}
    country = ingredients()["country_indicators"].copy()
    country.loc[country["country"] == "USA", "systemic_trade_risk"] = 0.05
    country.loc[country["country"] == "JPN", "influence"] = 0.9
    choice = ingredients()["cluster_choice"].assign(gap_preferred=[True, False, False])
    models = pd.concat([model_rows("exposure", [-0.5, -0.4]), model_rows("risk:input", [0.5, 0.4])])
    found = judged(
        tier_contrasts_pooled=contrasts(opposite),
        tier_contrasts=contrasts(opposite, list(YEARS)),
        country_indicators=country,
        cluster_choice=choice,
        rca_models=models,
    )
    assert (found["verdict"] == NOT_REPRODUCED).all()
    assert found.loc["exposure_higher_in_input", "share_sign"] == 0
    assert "in 0 of 10 years" in found.loc["china_leads_core", "reason"]
    assert "prefers 4 clusters" in found.loc["five_clusters", "reason"]


def test_one_input_product_makes_the_contrasts_untestable():
    found = judged(classified_products=products(10, 1))
    needing = [claim.id for claim in CLAIMS if claim.stages]
    assert needing == [
        "exposure_higher_in_input",
        "concentration_higher_in_input",
        "systemic_risk_lower_in_input",
        "eu_us_vulnerable_in_input",
        "input_risk_impedes_advantage",
    ]
    assert (found.loc[needing, "verdict"] == NOT_TESTABLE).all()
    assert (found.loc[needing, "reason"] == "1 input product in the set; at least 5 are needed").all()
    assert found.loc[needing, ["estimate", "ci_low", "share_sign"]].isna().all(axis=None)
    assert (found.drop(index=needing)["verdict"] == REPRODUCED).all()
    FINDINGS.check(found.reset_index()[list(FINDINGS.columns)])


@pytest.mark.parametrize(("n_input", "verdict"), [(MINIMUM_PRODUCTS, REPRODUCED), (MINIMUM_PRODUCTS - 1, NOT_TESTABLE)])
def test_five_products_are_enough_and_four_are_not(n_input, verdict):
    assert judged(classified_products=products(6, n_input)).loc["input_risk_impedes_advantage", "verdict"] == verdict


def test_both_stages_are_named_where_both_lack():
    found = judged(classified_products=products(0, 2))
    assert found.loc["exposure_higher_in_input", "reason"] == (
        "0 upstream products in the set and 2 input products in the set; at least 5 are needed"
    )


def test_only_traded_products_of_the_set_count():
    classified = products(3, 2).assign(in_set=[True, True, False, True, True])
    traded = pd.DataFrame({"product": product_names(5)[:4]})
    assert products_per_stage(classified, traded) == {"upstream": 2, "input": 1}


def test_a_contrast_needs_a_small_q_value():
    pooled = ingredients()["tier_contrasts_pooled"].assign(q_value=0.2)
    found = judged(tier_contrasts_pooled=pooled)
    assert found.loc["exposure_higher_in_input", "verdict"] == NOT_REPRODUCED
    assert "q = 0.2" in found.loc["exposure_higher_in_input", "reason"]


def test_a_contrast_without_an_interval_is_not_testable():
    pooled = ingredients()["tier_contrasts_pooled"].assign(median_difference_low=np.nan)
    assert judged(tier_contrasts_pooled=pooled).loc["systemic_risk_lower_in_input", "verdict"] == NOT_TESTABLE


def test_products_without_values_do_not_count():
    # Five input products are traded, but only four of them have a concentration: no test, whatever the countries say.
    pooled = ingredients()["tier_contrasts_pooled"]
    few = pooled["indicator"] == "supplier_concentration"
    pooled.loc[few, ["n_input_products", "q_value"]] = [4, np.nan]
    found = judged(tier_contrasts_pooled=pooled).loc["concentration_higher_in_input"]
    assert found["verdict"] == NOT_TESTABLE
    assert found["reason"] == (
        "6 upstream and 4 input products have values of supplier_concentration; at least 5 of each are needed"
    )


def test_only_rows_of_the_weighting_count():
    given = ingredients()
    names = ("tier_contrasts_pooled", "tier_contrasts", "country_indicators")
    opposite = contrasts({"exposure": -1, "supplier_concentration": -1, "systemic_trade_risk": 1})
    others = {
        "tier_contrasts_pooled": opposite,
        "tier_contrasts": opposite.assign(year=2010),
        "country_indicators": given["country_indicators"].assign(systemic_trade_risk=0.0, influence=0.0),
    }
    both = {name: pd.concat([given[name], others[name].assign(weighting="unweighted")]) for name in names}
    pd.testing.assert_frame_equal(judged(**both), judged())
    other = judged(**both, weighting="unweighted")
    assert other.loc["exposure_higher_in_input", "verdict"] == NOT_REPRODUCED
    assert other.loc["china_leads_core", "estimate"] == 1
    assert other.loc["eu_us_vulnerable_in_input", "estimate"] == 0


def test_years_count_towards_the_shares_of_a_contrast():
    by_year = ingredients()["tier_contrasts"]
    by_year.loc[by_year["year"] < 2013, "median_difference"] = -0.1
    by_year.loc[by_year["year"] == 2013, "q_value"] = 0.5
    found = judged(tier_contrasts=by_year).loc["exposure_higher_in_input"]
    assert (found["share_sign"], found["share_significant"]) == (0.7, 0.6)


def test_a_headline_that_holds_against_the_grid_is_not_enough():
    models = pd.concat(
        [
            model_rows("exposure", [0.5, 0.1, -0.3, -0.2], p_values=[0.01, 0.3, 0.01, 0.01]),
            model_rows("risk:input", [-0.5]),
        ]
    )
    found = judged(rca_models=models).loc["exposure_predicts_exports"]
    assert found["verdict"] == NOT_REPRODUCED
    assert (found["share_sign"], found["share_significant"]) == (0.5, 0.25)


def test_a_headline_that_could_not_be_estimated_is_not_testable():
    models = model_rows("exposure", [0.5, 0.4])
    models.loc[0, ["coefficient", "ci_low", "ci_high", "p_value"]] = np.nan
    models.loc[0, "note"] = "no row has all regressors"
    found = judged(rca_models=models)
    assert found.loc["exposure_predicts_exports", "verdict"] == NOT_TESTABLE
    assert found.loc["exposure_predicts_exports", "reason"].endswith("no row has all regressors")
    assert found.loc["input_risk_impedes_advantage", "reason"].endswith("rca_models has no headline row of risk:input")


def test_other_models_do_not_speak_for_rca_growth():
    models = ingredients()["rca_models"]
    other = model_rows("exposure", [-9.0] * 20).assign(model="entry")
    assert judged(rca_models=pd.concat([models, other])).loc["exposure_predicts_exports", "share_sign"] == 0.75


def test_an_unstable_partition_is_not_reproduced():
    choice = ingredients()["cluster_choice"].assign(stability=[0.7, 0.74, 0.6])
    assert judged(cluster_choice=choice).loc["five_clusters", "verdict"] == NOT_REPRODUCED
    none = ingredients()["cluster_choice"].assign(gap_preferred=False)
    assert "prefers none" in judged(cluster_choice=none).loc["five_clusters", "reason"]
    assert judged(cluster_choice=choice[choice["k"] != 5]).loc["five_clusters", "verdict"] == NOT_TESTABLE


def test_china_must_be_ranked_and_in_a_cluster_of_that_name():
    clusters = ingredients()["country_clusters"]
    china = clusters["country"] == "CHN"
    suffixed = clusters.copy()
    suffixed.loc[china, "cluster_name"] = "low risk, high influence, lower input exposure"
    assert judged(country_clusters=suffixed).loc["china_leads_core", "verdict"] == REPRODUCED
    unranked = clusters.copy()
    unranked.loc[china & (unranked["year"] < 2014), ["cluster", "cluster_name"]] = [pd.NA, "not_ranked"]
    found = judged(country_clusters=unranked).loc["china_leads_core"]
    assert found["estimate"] == 0.6
    assert found["verdict"] == NOT_REPRODUCED
    assert judged(country_clusters=clusters[~china]).loc["china_leads_core", "verdict"] == NOT_TESTABLE


def test_the_interval_over_years_is_wilsons():
    clusters = ingredients()["country_clusters"]
    some = (clusters["country"] == "CHN") & (clusters["year"] < 2012)
    clusters.loc[some, "cluster_name"] = "medium risk, high influence"
    found = judged(country_clusters=clusters).loc["china_leads_core"]
    n, p, z = 10, 0.8, 1.959963984540054
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (found["estimate"], found["ci_low"], found["ci_high"]) == pytest.approx((p, centre - reach, centre + reach))


def test_the_eu_is_weighted_by_imports_and_by_membership():
    country = ingredients()["country_indicators"]
    # Germany's low risk outweighs France's high one: (90 * 0.05 + 10 * 0.5) / 100 < the median of 0.2.
    country.loc[country["country"] == "DEU", ["systemic_trade_risk", "imports_kusd"]] = [0.05, 90.0]
    assert judged(country_indicators=country).loc["eu_us_vulnerable_in_input", "estimate"] == 0
    british = ingredients()["country_indicators"].replace({"country": {"DEU": "HRV", "FRA": "JPX"}})
    assert judged(country_indicators=british).loc["eu_us_vulnerable_in_input", "estimate"] == 1
    no_member = british[(british["country"] != "HRV") | (british["year"] < 2013)]
    assert judged(country_indicators=no_member).loc["eu_us_vulnerable_in_input", "verdict"] == NOT_TESTABLE
    merged = ingredients()["country_indicators"].replace({"country": {"DEU": "EUU", "FRA": "JPX"}})
    assert judged(country_indicators=merged).loc["eu_us_vulnerable_in_input", "estimate"] == 1
    assert len([name for name, (first, last) in EU_MEMBERS.items() if first <= 2023 <= last]) == 27
    assert len([name for name, (first, last) in EU_MEMBERS.items() if first <= 2015 <= last]) == 28
    assert len([name for name, (first, last) in EU_MEMBERS.items() if first <= 2006 <= last]) == 25


@pytest.mark.parametrize(
    ("damage", "missing"),
    [
        (lambda choice: choice[choice["k"] != 5], "there are no more than 5 distinct country-years"),
        (lambda choice: choice.assign(stability=np.nan), "a resample of countries has fewer than 5 distinct"),
    ],
)
def test_what_the_number_of_clusters_lacks_is_named(damage, missing):
    given = ingredients()
    rows = findings(
        **(given | {"cluster_choice": damage(given["cluster_choice"])}), data_label=LABEL, settings=settings()
    )
    row = rows.set_index("claim_id").loc["five_clusters"]
    assert row["verdict"] == NOT_TESTABLE
    assert missing in row["reason"]
