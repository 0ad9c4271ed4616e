import numpy as np
import pandas as pd
import pytest

from reeassets.indicators.dependence_schema import BLOC_RISKS
from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.models.claims import CLAIMS
from reeassets.models.findings import findings
from reeassets.models.guard import RareEarths
from reeassets.models.schema import FINDINGS
from reeassets.models.verdicts import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, REPRODUCED, detectable
from reeassets_tests.models.made import product_names, settings

YEARS = range(2010, 2020)
LABEL = "CEPII BACI V202601, 30 products"
SIGNS = {"exposure": 1, "supplier_concentration": 1, "systemic_trade_risk": -1}


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
            "q_value": 0.001 if sign else 0.6,
        }
        for name, sign in signs.items()
        for year in (years or [0])
    ]
    frame = pd.DataFrame(rows)
    return frame if years else frame.drop(columns="year")


def products(n_upstream, n_input, n_ree=None):
    names = product_names(n_upstream + n_input)
    is_ree = [place < (len(names) if n_ree is None else n_ree) for place in range(len(names))]
    stages = ["upstream"] * n_upstream + ["input"] * n_input
    return pd.DataFrame({"product": names, "in_set": True, "stage": stages, "is_ree": is_ree})


def model_rows(term, values, headline=0, p_values=None):
    frame = pd.DataFrame({"coefficient": values, "p_value": p_values or [0.01] * len(values)})
    frame["ci_low"], frame["ci_high"] = frame["coefficient"] - 0.1, frame["coefficient"] + 0.1
    frame["headline"] = [place == headline for place in range(len(values))]
    return frame.assign(model="rca_growth", term=term, note="", in_curve=True)


def indicators(china=0.5):
    countries = ("CHN", "USA", "DEU", "FRA", "JPN", "KOR", "IND")
    return pd.DataFrame(
        [
            {
                "year": year,
                "country": name,
                "stage": stage,
                "weighting": "imports",
                "influence": china if name == "CHN" else 0.1,
            }
            for year in YEARS
            for name in countries
            for stage in ("upstream", "input")
        ]
    )


def blocs(eu=0.6, members=0.6, usa=0.5, world=0.3):
    rows = [
        {
            "year": year,
            "stage": "input",
            "product": product,
            "bloc": bloc,
            "reading": reading,
            "imports_kusd": 10.0,
            "systemic_trade_risk": usa if bloc == "USA" else eu if reading == "one buyer" else members,
            "world_imports_kusd": 100.0,
            # Products differ, so that resamples of them do.
            "world_risk": world + 0.02 * place,
        }
        for year in YEARS
        for place, product in enumerate(product_names(5))
        for bloc in ("EUU", "USA")
        for reading in ("one buyer", "its members")
    ]
    return BLOC_RISKS.check(pd.DataFrame(rows))


def ingredients(**changes):
    """Everything as the reference claims it; ``changes`` replace single tables."""
    country = indicators()
    clusters = country[country["stage"] == "input"][["year", "country"]].assign(
        cluster=2, cluster_name="high risk, low influence"
    )
    core = clusters["country"].isin(["CHN", "JPN", "KOR"])
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
        "tier_contrasts_pooled": contrasts(SIGNS),
        "tier_contrasts": contrasts(SIGNS, list(YEARS)),
        "country_indicators": country,
        "bloc_risks": blocs(),
        "country_clusters": clusters.astype({"cluster": "Int64"}),
        "cluster_choice": choice,
        "rca_models": models,
        "classified_products": products(6, 5),
        "product_indicators": pd.DataFrame({"product": product_names(11), "imports_kusd": 1.0}),
    }
    return given | changes


def judged(weighting="imports", **changes):
    given = ingredients(**changes)
    return findings(**given, data_label=LABEL, settings=settings(weighting=weighting)).set_index("claim_id")


def test_all_claims_can_be_reproduced():
    found = judged()
    assert found["verdict"].tolist() == [REPRODUCED] * 8, found["reason"].tolist()
    FINDINGS.check(found.reset_index()[list(FINDINGS.columns)])
    assert found.index.tolist() == [claim.id for claim in CLAIMS]
    assert (found["data"] == LABEL).all()
    assert found["detectable"].isna().all()
    assert found.loc["exposure_higher_in_input", ["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.1, 0.05, 0.15]
    )
    shares = ["share_sign", "share_significant", "share_contrary"]
    assert found.loc["exposure_higher_in_input", shares].tolist() == [1, 1, 0]
    assert found.loc["exposure_predicts_exports", shares].tolist() == [0.75, 0.75, 0.25]
    assert found.loc["five_clusters", ["estimate", "ci_low", "ci_high"]].tolist() == [0.9, 0.8, 0.95]
    assert np.isnan(found.loc["five_clusters", "share_sign"])
    assert found.loc["china_leads_core", "estimate"] == pytest.approx(0.4)
    # The nearer of 0.6 - 0.34 and 0.5 - 0.34, in both readings.
    assert found.loc["eu_us_vulnerable_in_input", "estimate"] == pytest.approx(0.16)


def test_all_claims_can_be_contradicted():
    opposite = {name: -sign for name, sign in SIGNS.items()}
    choice = ingredients()["cluster_choice"].assign(
        gap_preferred=[True, False, False], stability=0.4, stability_low=0.3, stability_high=0.5
    )
    models = pd.concat([model_rows("exposure", [-0.5, -0.4]), model_rows("risk:input", [0.5, 0.4])])
    found = judged(
        tier_contrasts_pooled=contrasts(opposite),
        tier_contrasts=contrasts(opposite, list(YEARS)),
        country_indicators=indicators(china=0.05),
        bloc_risks=blocs(eu=0.1, members=0.1, usa=0.2),
        cluster_choice=choice,
        rca_models=models,
    )
    assert found["verdict"].tolist() == [CONTRADICTED] * 8, found["reason"].tolist()
    assert found.loc["exposure_higher_in_input", "share_contrary"] == 1
    assert "prefers 4 clusters" in found.loc["five_clusters", "reason"]


def test_where_there_is_nothing_all_claims_are_inconclusive_and_say_what_would_have_been_seen():
    nothing = dict.fromkeys(SIGNS, 0)
    choice = ingredients()["cluster_choice"].assign(gap_preferred=False)
    models = pd.concat(
        [
            model_rows("exposure", [0.05, -0.04], p_values=[0.3, 0.5]),
            model_rows("risk:input", [-0.05, 0.04], p_values=[0.3, 0.5]),
        ]
    )
    found = judged(
        tier_contrasts_pooled=contrasts(nothing),
        tier_contrasts=contrasts(nothing, list(YEARS)),
        country_indicators=indicators(china=0.1),
        bloc_risks=blocs(eu=0.34, members=0.34, usa=0.34),
        cluster_choice=choice,
        rca_models=models,
    )
    assert found["verdict"].tolist() == [INCONCLUSIVE] * 8, found["reason"].tolist()
    seen = found.drop(index="five_clusters")["detectable"]
    assert seen.notna().all()
    assert seen["exposure_predicts_exports"] == pytest.approx(0.1 * 2.8016 / 1.96, rel=1e-3)
    assert "would have been seen four times in five" in found.loc["exposure_predicts_exports", "reason"]


def test_the_detectable_effect_is_that_of_a_test_at_five_per_cent_and_a_power_of_eighty():
    generator = np.random.default_rng(1)
    effect = detectable(-1.959964, 1.959964)
    assert (np.abs(generator.normal(effect, 1.0, 100_000)) > 1.959964).mean() == pytest.approx(0.8, abs=0.005)


def test_one_rare_earth_input_product_makes_its_claims_untestable():
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
    assert (found.loc[needing, "reason"] == "1 rare-earth input product, at least 5 are needed").all()
    assert found.loc[needing, ["estimate", "ci_low", "share_sign"]].isna().all(axis=None)
    assert (found.drop(index=needing)["verdict"] == REPRODUCED).all()
    FINDINGS.check(found.reset_index()[list(FINDINGS.columns)])


@pytest.mark.parametrize(("n_input", "verdict"), [(MINIMUM_PRODUCTS, REPRODUCED), (MINIMUM_PRODUCTS - 1, NOT_TESTABLE)])
def test_five_products_are_enough_and_four_are_not(n_input, verdict):
    assert judged(classified_products=products(6, n_input)).loc["input_risk_impedes_advantage", "verdict"] == verdict


def test_products_without_rare_earths_do_not_count():
    """Thirty critical materials, four of them rare earths: nothing can be said, whatever the numbers."""
    found = judged(classified_products=products(6, 5, n_ree=4))
    assert (found["verdict"] == NOT_TESTABLE).all()
    assert found.loc["five_clusters", "reason"] == "4 rare-earth products in the set, at least 10 are needed"


def test_rare_earths_must_make_up_half_of_a_stages_imports():
    traded = pd.DataFrame({"product": product_names(11), "imports_kusd": [1.0] * 6 + [1.0] * 5})
    six = products(5, 6).assign(is_ree=[True] * 10 + [False])
    traded.loc[10, "imports_kusd"] = 5.0
    assert (
        judged(classified_products=six, product_indicators=traded).loc["input_risk_impedes_advantage", "verdict"]
        == REPRODUCED
    )
    traded.loc[10, "imports_kusd"] = 5.1
    found = judged(classified_products=six, product_indicators=traded).loc["input_risk_impedes_advantage"]
    assert found["verdict"] == NOT_TESTABLE
    assert found["reason"] == "rare-earth products are 50% of the imports of input products, at least 50% are needed"


def test_only_traded_products_of_the_set_count():
    classified = products(3, 2).assign(in_set=[True, True, False, True, True])
    traded = pd.DataFrame({"product": product_names(5)[:4], "imports_kusd": [1.0, 2.0, 3.0, 4.0]})
    found = RareEarths.of(classified.assign(is_ree=[True, False, True, True, True]), traded)
    assert found.products == {"upstream": 1, "input": 1, "final": 0}
    assert found.share == {"upstream": pytest.approx(1 / 3), "input": 1.0, "final": 0.0}


def test_a_contrast_needs_a_small_q_value():
    pooled = ingredients()["tier_contrasts_pooled"].assign(q_value=0.2)
    found = judged(tier_contrasts_pooled=pooled)
    assert found.loc["exposure_higher_in_input", "verdict"] == INCONCLUSIVE
    assert "q = 0.2" in found.loc["exposure_higher_in_input", "reason"]


def test_a_contrast_without_an_interval_is_not_testable():
    pooled = ingredients()["tier_contrasts_pooled"].assign(median_difference_low=np.nan)
    assert judged(tier_contrasts_pooled=pooled).loc["systemic_risk_lower_in_input", "verdict"] == NOT_TESTABLE


def test_products_without_values_do_not_count():
    pooled = ingredients()["tier_contrasts_pooled"]
    few = pooled["indicator"] == "supplier_concentration"
    pooled.loc[few, ["n_input_products", "q_value"]] = [4, np.nan]
    found = judged(tier_contrasts_pooled=pooled).loc["concentration_higher_in_input"]
    assert found["verdict"] == NOT_TESTABLE
    assert found["reason"].startswith("6 upstream and 4 input products have values of supplier_concentration")


def test_only_rows_of_the_weighting_count():
    given = ingredients()
    names = ("tier_contrasts_pooled", "tier_contrasts", "country_indicators")
    opposite = {name: -sign for name, sign in SIGNS.items()}
    others = {
        "tier_contrasts_pooled": contrasts(opposite),
        "tier_contrasts": contrasts(opposite).assign(year=2010),
        "country_indicators": given["country_indicators"].assign(influence=0.0),
    }
    both = {name: pd.concat([given[name], others[name].assign(weighting="unweighted")]) for name in names}
    pd.testing.assert_frame_equal(judged(**both), judged())
    other = judged(**both, weighting="unweighted")
    assert other.loc["exposure_higher_in_input", "verdict"] == CONTRADICTED
    assert other.loc["china_leads_core", "estimate"] == 0


def test_years_count_towards_the_shares_of_a_contrast():
    by_year = ingredients()["tier_contrasts"]
    by_year.loc[by_year["year"] < 2013, "median_difference"] = -0.1
    by_year.loc[by_year["year"] == 2013, "q_value"] = 0.5
    found = judged(tier_contrasts=by_year).loc["exposure_higher_in_input"]
    assert (found["share_sign"], found["share_significant"], found["share_contrary"]) == (0.7, 0.6, 0.3)


def test_a_headline_that_holds_against_the_grid_is_inconclusive():
    values, p_values = [0.5, 0.1, -0.3, -0.2], [0.01, 0.3, 0.01, 0.01]
    models = pd.concat([model_rows("exposure", values, p_values=p_values), model_rows("risk:input", [-0.5])])
    found = judged(rca_models=models).loc["exposure_predicts_exports"]
    assert found["verdict"] == INCONCLUSIVE
    assert (found["share_sign"], found["share_significant"], found["share_contrary"]) == (0.5, 0.25, 0.5)


def test_rows_outside_the_curve_do_not_count():
    others = model_rows("exposure", [-0.5] * 20, headline=None).assign(in_curve=False)
    found = judged(rca_models=pd.concat([ingredients()["rca_models"], others])).loc["exposure_predicts_exports"]
    assert (found["verdict"], found["share_sign"]) == (REPRODUCED, 0.75)


def test_a_headline_that_could_not_be_estimated_is_not_testable():
    models = model_rows("exposure", [0.5, 0.4])
    models.loc[0, ["coefficient", "ci_low", "ci_high", "p_value"]] = np.nan
    models.loc[0, "note"] = "no row has all regressors"
    found = judged(rca_models=models)
    assert found.loc["exposure_predicts_exports", "verdict"] == NOT_TESTABLE
    assert found.loc["exposure_predicts_exports", "reason"].endswith("no row has all regressors")
    assert found.loc["input_risk_impedes_advantage", "reason"].endswith("rca_models has no headline row of risk:input")


def test_other_models_do_not_speak_for_rca_growth():
    other = model_rows("exposure", [-9.0] * 20).assign(model="entry")
    models = pd.concat([ingredients()["rca_models"], other])
    assert judged(rca_models=models).loc["exposure_predicts_exports", "share_sign"] == 0.75


def test_an_unstable_partition_is_inconclusive_unless_another_number_is_preferred():
    choice = ingredients()["cluster_choice"].assign(stability=[0.7, 0.74, 0.6])
    assert judged(cluster_choice=choice).loc["five_clusters", "verdict"] == INCONCLUSIVE
    none = ingredients()["cluster_choice"].assign(gap_preferred=False)
    assert "prefers none" in judged(cluster_choice=none).loc["five_clusters", "reason"]
    assert judged(cluster_choice=choice[choice["k"] != 5]).loc["five_clusters", "verdict"] == NOT_TESTABLE


def test_china_must_be_in_a_cluster_of_that_name_that_is_no_outlier():
    clusters = ingredients()["country_clusters"]
    china, core = clusters["country"] == "CHN", clusters["cluster"] == 1
    suffixed = clusters.assign(
        cluster_name=clusters["cluster_name"].mask(core, "low risk, high influence, lower input exposure")
    )
    assert judged(country_clusters=suffixed).loc["china_leads_core", "verdict"] == REPRODUCED
    outlier = clusters.assign(cluster_name=clusters["cluster_name"].mask(core, "outlier: low risk, high influence"))
    found = judged(country_clusters=outlier).loc["china_leads_core"]
    assert found["verdict"] == INCONCLUSIVE
    assert found["reason"].startswith("no cluster of at least 3 countries is low in risk in both stages")
    # Higher influence than the cluster's, but in it in four years of ten: the interval is on the claimed side alone.
    away = clusters.copy()
    away.loc[china & (away["year"] < 2016), ["cluster", "cluster_name"]] = [2, "high risk, low influence"]
    found = judged(country_clusters=away).loc["china_leads_core"]
    assert found["verdict"] == INCONCLUSIVE
    assert found["share_sign"] == 0.4
    assert judged(country_clusters=clusters[~china]).loc["china_leads_core", "verdict"] == NOT_TESTABLE


def test_the_margin_of_china_is_over_resamples_of_the_others():
    country = indicators()
    country.loc[country["country"] == "JPN", "influence"] = 0.6
    found = judged(country_indicators=country).loc["china_leads_core"]
    # With Japan in three resamples of four the margin is -0.1, without it 0.4.
    assert (found["estimate"], found["ci_low"], found["ci_high"]) == pytest.approx((-0.1, -0.1, 0.4))
    assert found["verdict"] == INCONCLUSIVE


def test_both_blocs_in_both_readings_must_be_above_the_world():
    low_one = judged(bloc_risks=blocs(eu=0.1)).loc["eu_us_vulnerable_in_input"]
    assert low_one["verdict"] == INCONCLUSIVE
    assert "with the EU as its members" in low_one["reason"]
    assert "with the EU as one buyer" in low_one["reason"]
    assert judged(bloc_risks=blocs(usa=0.1)).loc["eu_us_vulnerable_in_input", "verdict"] == CONTRADICTED
    merged = blocs().query("reading == 'one buyer'")
    assert judged(bloc_risks=merged).loc["eu_us_vulnerable_in_input", "verdict"] == REPRODUCED
    missing = blocs().query("bloc == 'EUU'")
    assert judged(bloc_risks=missing).loc["eu_us_vulnerable_in_input", "verdict"] == NOT_TESTABLE


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
