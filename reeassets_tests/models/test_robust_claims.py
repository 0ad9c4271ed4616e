"""Claims judged again with one choice changed: the headline comes out as it was, each choice changes what it says."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reeassets.models import assets
from reeassets.models.choices import AS_CONFIGURED, EVERY_KIND, HEADLINE, HEADLINE_CHOICE, Choice, choices
from reeassets.models.claims import CLAIMS
from reeassets.models.rebuilt import Changed, in_place_of_headline, totals_without
from reeassets.models.robust_claims import choices_of, claims_under, robust_claims
from reeassets.models.robustness import VARIANTS
from reeassets.models.schema import ROBUST_CLAIMS
from reeassets.models.verdicts import NOT_TESTABLE
from reeassets.products import sets
from reeassets.settings import ROBUST_CHOICES, Settings
from reeassets_tests.models import made_robust

YEAR = 2009
NUMBERS = ["estimate", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def headline():
    return made_robust.headline()


@pytest.fixture(scope="module")
def asked(headline):
    """Every choice by its name and value."""
    found = choices_of(headline.settings, headline.classified_products, headline.economies)
    return {(one.name, one.value): one for one in found}


def test_with_nothing_changed_the_findings_come_out_to_the_last_digit(headline):
    found = made_robust.judged_headline(headline)
    assert (found["verdict"] != NOT_TESTABLE).all()
    pd.testing.assert_frame_equal(claims_under(HEADLINE, headline), found, check_exact=True)


def test_the_table_has_the_headline_and_what_a_claim_depends_on(headline):
    of_some = made_robust.settings(robust_claims="weighting,zeros", workers=2)
    judged = made_robust.judged_headline(headline)
    table = ROBUST_CLAIMS.check(robust_claims(made_robust.under(headline, of_some), judged))
    found = judged.set_index("claim_id")
    first = table[table["choice"] == HEADLINE_CHOICE].set_index("claim_id").loc[found.index]
    assert len(first) == len(CLAIMS)
    assert first["agrees"].all()
    pd.testing.assert_frame_equal(first[[*NUMBERS, "verdict", "reason"]], found[[*NUMBERS, "verdict", "reason"]])
    there = {name: set(zip(rows["choice"], rows["value"], strict=True)) for name, rows in table.groupby("claim_id")}
    whole = (HEADLINE_CHOICE, AS_CONFIGURED)
    weighted = {whole, ("weighting", "imports_materiality"), ("weighting", "unweighted")}
    assert there["exposure_higher_in_input"] == there["five_clusters"] == there["china_leads_core"] == weighted
    assert there["eu_us_vulnerable_in_input"] == {whole}
    zeros = {("zeros", "always exporting pairs"), ("zeros", "PPML of exports")}
    assert there["input_risk_impedes_advantage"] == there["exposure_predicts_exports"] == {whole, *zeros}
    by_row = table.set_index(["claim_id", "value"])
    assert by_row.loc[("five_clusters", "unweighted"), "agrees"] == (
        by_row.loc[("five_clusters", "unweighted"), "verdict"] == found.loc["five_clusters", "verdict"]
    )
    # Exports in levels have slopes by stage alone.
    assert by_row.loc[("exposure_predicts_exports", "PPML of exports"), "verdict"] == NOT_TESTABLE
    assert by_row["agrees"].isna().tolist() == (by_row["verdict"] == NOT_TESTABLE).tolist()


def test_a_choice_gives_what_a_run_configured_so_gives(headline, asked):
    configured = made_robust.judged_headline(made_robust.headline(pass_through=0.5))
    pd.testing.assert_frame_equal(
        claims_under(asked["pass_through", "0.5"], headline), configured, rtol=1e-9, check_exact=False
    )


def test_weights_are_those_of_the_choice(headline, asked):
    found = claims_under(asked["weighting", "unweighted"], headline).set_index("claim_id")
    pooled = headline.judged["tier_contrasts_pooled"].set_index(["indicator", "weighting"])["median_difference"]
    assert found.loc["exposure_higher_in_input", "estimate"] == pooled["exposure", "unweighted"]
    assert pooled["exposure", "unweighted"] != pooled["exposure", "imports"]


def test_without_china_there_is_no_flow_of_it_and_its_partners_trade_less(headline, asked):
    changed = Changed(headline, asked["country", "without CHN"])
    flows, before = (of.read("trade_flows", YEAR) for of in (changed, headline))
    assert "CHN" not in {*flows["exporter"], *flows["importer"]}
    gone = before[(before["exporter"] == "CHN") | (before["importer"] == "CHN")]
    assert len(flows) == len(before) - len(gone) < len(before)
    totals, whole = (of.read("country_totals", YEAR).set_index("country") for of in (changed, headline))
    assert set(whole.index) - set(totals.index) == {"CHN"}
    for side, name in (("exporter", "exports_kusd"), ("importer", "imports_kusd")):
        lost = gone.groupby(side)["value_kusd"].sum().reindex(totals.index, fill_value=0.0)
        np.testing.assert_allclose(whole.loc[totals.index, name] - totals[name], lost, rtol=1e-6, atol=1e-6)
    assert changed.imports["imports_kusd"].sum() < headline.imports["imports_kusd"].sum()
    found = claims_under(Choice("country", "without CHN", frozenset({"core"}), without="CHN"), headline).set_index(
        "claim_id"
    )
    assert found.loc["china_leads_core", "verdict"] == NOT_TESTABLE
    assert "not among the clustered countries" in found.loc["china_leads_core", "reason"]


def test_a_total_is_never_less_than_the_trade_that_is_left():
    totals = pd.DataFrame({"country": ["CHN", "DEU", "USA"], "exports_kusd": [9.0, 5.0, np.nan], "imports_kusd": 9.0})
    flows = pd.DataFrame({"exporter": ["DEU", "DEU"], "importer": ["CHN", "USA"], "value_kusd": [4.0, 3.0]})
    left = totals_without(totals, flows, "CHN").set_index("country")
    assert left.loc["DEU", ["exports_kusd", "imports_kusd"]].tolist() == [3.0, 9.0]
    assert np.isnan(left.loc["USA", "exports_kusd"])


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("product_set", "materiality above 20 %", lambda rows: rows["materiality"] == 0.35),
        ("product_set", "upstream and input products alone", lambda rows: rows["stage"].isin(["upstream", "input"])),
        ("application", "without magnets", lambda rows: rows["application"] != "magnets"),
    ],
)
def test_a_smaller_set_has_its_own_trade_and_links(headline, asked, name, value, kept):
    changed = Changed(headline, asked[name, value])
    members = sets.members(headline.classified_products)
    expected = set(members.loc[kept(members), "product"])
    assert 0 < len(expected) < len(members)
    assert set(sets.members(changed.classified_products)["product"]) == expected
    assert set(changed.read("trade_flows", YEAR)["product"]) == expected == set(changed.imports["product"])
    links = changed.read("io_links", YEAR)
    assert {*links["input"], *links["output"]} <= expected
    weights = links[links["in_network"]].groupby("output")["weight"].sum()
    assert len(weights)
    np.testing.assert_allclose(weights, 1.0)


def test_the_links_are_those_of_the_choice(headline, asked):
    links = Changed(headline, asked["link_set", "validated"]).links
    assert links["in_network"].tolist() == (links["evidence"] == "validated").tolist()
    assert 0 < links["in_network"].sum() < headline.io_links["in_network"].sum()
    same = Changed(headline, HEADLINE).links
    pd.testing.assert_frame_equal(same, headline.io_links, check_exact=True)


def test_reexports_are_those_of_the_choice(headline, asked):
    shares = {
        value: Changed(headline, asked["reexports", value]).read("reexport_shares", YEAR) for value in ("none", "all")
    }
    assert shares["none"].empty
    assert (shares["all"]["share"] == 1).all()
    assert set(shares["all"]["country"]) == set(headline.economies["economy"])


def test_what_is_passed_on_and_the_hazard_enter_the_risk(headline, asked):
    risks = {
        key: Changed(headline, asked[key]).judged({"blocs"})["bloc_risks"]["systemic_trade_risk"]
        for key in (("pass_through", "0.5"), ("pass_through", "0.95"), ("hazard", "uniform"))
    }
    of_headline = headline.judged["bloc_risks"]["systemic_trade_risk"]
    assert (risks["pass_through", "0.5"] <= of_headline + 1e-12).all()
    assert (risks["pass_through", "0.95"] >= of_headline - 1e-12).all()
    assert risks["pass_through", "0.5"].mean() < of_headline.mean() < risks["pass_through", "0.95"].mean()
    assert risks["hazard", "uniform"].mean() != pytest.approx(of_headline.mean(), rel=1e-3)


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [
        ("hazard", "uniform", "hazard"),
        ("exposure", "import_reliance", "exposure_definition"),
        ("risk", "indirect_risk", "risk_definition"),
        ("estimator", "forward deviations, 2SLS", "variant"),
        ("zeros", "always exporting pairs", "variant"),
    ],
)
def test_regressions_are_read_off_the_rows_there_are(headline, asked, name, value, column):
    models = headline.judged["rca_models"]
    row = models[(models[column] == value) & (models["term"] == "risk:input")]
    # The other dimensions are the headline's.
    first = models[models["headline"]].iloc[0]
    for other in ("exposure_definition", "risk_definition", "hazard", "delta"):
        row = row if other == column else row[row[other] == first[other]]
    own = Choice(name, value, frozenset({"regression"}), specification=asked[name, value].specification, rebuilds=False)
    found = claims_under(own, headline).set_index("claim_id")
    assert found.index.tolist() == ["exposure_predicts_exports", "input_risk_impedes_advantage"]
    assert found.loc["input_risk_impedes_advantage", "estimate"] == row["coefficient"].item()


def test_the_curve_stays_whatever_takes_the_headlines_place(headline):
    models = headline.judged["rca_models"]
    marked = in_place_of_headline(models, {"variant": "long differences"})
    assert set(marked.loc[marked["headline"], "variant"]) == {"long differences"}
    pd.testing.assert_frame_equal(marked.drop(columns="headline"), models.drop(columns="headline"))
    assert in_place_of_headline(models.assign(headline=False), {"delta": 3})["headline"].eq(False).all()


def test_too_few_products_are_not_testable_and_nothing_is_computed(headline, monkeypatch):
    monkeypatch.setattr("reeassets.models.rebuilt.inputs.network_of", None)
    monkeypatch.setattr("reeassets.models.rebuilt.bloc_risks.of_year", None)
    few = Choice("application", "few", keep=lambda members: members["product"].isin(members["product"].head(3)))
    found = claims_under(few, headline)
    assert len(found) == len(CLAIMS)
    assert (found["verdict"] == NOT_TESTABLE).all()
    whole = found.set_index("claim_id").loc["five_clusters", "reason"]
    assert whole == "3 rare-earth products in the set, at least 10 are needed"


def test_choices_are_all_but_the_configured_value(headline):
    def values(name, **changed):
        found = choices_of(made_robust.settings(**changed), headline.classified_products, headline.economies)
        return [one.value for one in found if one.name == name]

    assert values("weighting", weighting="unweighted") == ["imports", "imports_materiality"]
    assert values("reexports") == ["none", "all"]
    assert values("reexports", reexports="/given.csv") == ["recorded", "none", "all"]
    assert values("pass_through", pass_through=0.5) == ["0.95"]
    assert values("link_set", link_set="validated") == ["carried"]
    assert values("delta", model_deltas=(1, 3, 5)) == ["3 years", "5 years"]
    assert values("application") == ["without batteries", "without ceramics", "without magnets"]
    members = sets.members(headline.classified_products)
    merged = choices(made_robust.settings(), ["uniform"], members, ["ASIA"])
    assert "country" not in {one.name for one in merged}


def test_the_hazard_of_the_regressions_is_their_own(headline):
    found = choices_of(made_robust.settings(hazard="uniform"), headline.classified_products, headline.economies)
    kinds = {one.value: one.kinds for one in found if one.name == "hazard"}
    assert kinds == {
        "political_stability": EVERY_KIND - {"regression"},
        "market_power": EVERY_KIND,
        "uniform": frozenset({"regression"}),
    }


def test_every_row_of_robustness_belongs_to_a_choice(asked):
    assert {variant.changes for variant in VARIANTS.values()} <= set(ROBUST_CHOICES)
    assert set(VARIANTS) <= {value for _, value in asked}
    assert {name for name, _ in asked} == {HEADLINE_CHOICE, *ROBUST_CHOICES} - {"delta"}


def test_an_unknown_choice_is_an_error():
    with pytest.raises(ValueError, match="no choice colour; there are product_set, weighting"):
        Settings(robust_claims="weighting,colour")
    assert Settings(robust_claims="all").robust_claims == ROBUST_CHOICES
    assert Settings(robust_claims=" hazard, product_set").robust_claims == ("product_set", "hazard")


def test_switched_off_the_table_is_empty_and_nothing_is_read():
    step = SimpleNamespace(settings=Settings(), metadata={})
    assert Settings().robust_claims == ()
    table = ROBUST_CLAIMS.check(assets.robust_claims.compute(step))
    assert table.empty
    assert list(table.columns) == list(ROBUST_CLAIMS.columns)
    assert step.metadata["choices"].startswith("off: the setting robust_claims")
