import numpy as np
import pandas as pd
import pytest

from reeassets.networks.calibration import decoys
from reeassets.networks.changes import specialisation_changes
from reeassets.networks.schema import CANDIDATE_LINKS
from reeassets.networks.validation import permutation_test, validate_links
from reeassets.trade.schema import COUNTRY_TOTALS, PRODUCT_TOTALS
from reeassets.world.small import small_world
from reeassets_tests.world.measures import departures, measured

FRAMES = ("trade_flows", "country_totals", "product_totals")


def tables(world):
    return [getattr(world, name) for name in FRAMES]


def validated(world) -> pd.DataFrame:
    changes = specialisation_changes(world.trade_flows, world.country_totals, sorted(world.products["product"]))
    traded = world.trade_flows.groupby("product")["value_kusd"].sum()
    pairs = decoys(world.candidate_links, world.stages, traded, seed=1)
    pairs = pairs.join(permutation_test(changes, pairs, 199, 1))
    links = validate_links(world.candidate_links, changes, pairs, draws=199, seed=1, fdr=0.1, link_set="validated")
    return links.merge(pd.DataFrame(world.truth["links"]), on=["input", "output"], validate="one_to_one")


@pytest.fixture(scope="module")
def quiet():
    return small_world(1, countries=20, products=16, years=4, effects={"noise": 0, "links": 0})


def test_frames_obey_the_tables_they_stand_for(quiet):
    COUNTRY_TOTALS.check(quiet.country_totals)
    PRODUCT_TOTALS.check(quiet.product_totals)
    CANDIDATE_LINKS.check(quiet.candidate_links)
    flows = quiet.trade_flows
    assert list(flows.columns) == ["year", "exporter", "importer", "product", "value_kusd", "quantity_t"]
    assert not flows.duplicated(["year", "exporter", "importer", "product"]).any()
    assert (flows["exporter"] != flows["importer"]).all()
    assert (flows["value_kusd"] >= 0.001).all()
    assert set(flows["product"]) == set(quiet.products["product"])


def test_the_world_imports_what_it_exports_and_the_set_does_not_dominate(quiet):
    totals = quiet.country_totals.groupby("year")[["exports_kusd", "imports_kusd"]].sum()
    assert np.allclose(totals["exports_kusd"], totals["imports_kusd"], rtol=1e-12)
    of_set = quiet.product_totals.groupby("year")["value_kusd"].sum()
    assert (of_set / totals["exports_kusd"]).max() < 0.05


def test_without_noise_and_links_next_year_is_exactly_the_law(quiet):
    indicators, _ = measured(*tables(quiet))
    left = departures(indicators, quiet.truth)
    assert left.shape == (20 * 16, 3)
    assert quiet.truth["clipped"] == 0
    assert np.abs(left).max() < 1e-4
    assert indicators["rsca"].std() > 0.2


def test_the_law_check_can_fail(quiet):
    indicators, _ = measured(*tables(quiet))
    wrong = quiet.truth | {"effects": quiet.truth["effects"] | {"risk.input": 0.0}}
    assert np.abs(departures(indicators, wrong)).max() > 1e-3


def test_the_truth_converts_to_the_scale_of_the_models(quiet):
    _, variants = measured(*tables(quiet))
    sample = variants[variants["year"] < variants["year"].max()]
    for name, column in (("exposure", "trade_exposure"), ("risk", "systemic_trade_risk__political_stability")):
        scale = quiet.truth["standardisation"][name]
        assert scale["column"] == column
        assert scale["sd"] == pytest.approx(sample[column].std(ddof=0), rel=1e-9)
        assert scale["mean"] == pytest.approx(sample[column].mean(), rel=1e-9)
        planted = quiet.truth["rca_growth"]["terms"][f"{name}:input"]
        assert planted["standardised"] == pytest.approx(planted["raw"] * scale["sd"], rel=1e-9)


def test_the_same_arguments_give_the_same_world_and_another_seed_another():
    size = {"countries": 14, "products": 10, "years": 3}
    first, again, other = small_world(1, **size), small_world(1, **size), small_world(2, **size)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert first.truth == again.truth
    assert not first.trade_flows["value_kusd"].equals(other.trade_flows["value_kusd"])


def test_a_world_has_two_years_at_least():
    with pytest.raises(ValueError, match="at least 2 years"):
        small_world(1, years=1)


def test_zero_effects_are_recorded_as_zero():
    truth = small_world(1, 14, 10, 2, {"exposure": 0, "risk": 0, "links": 0}).truth
    assert all(value == {"raw": 0.0, "standardised": 0.0} for value in truth["rca_growth"]["terms"].values())
    assert not any(link["planted"] for link in truth["links"])


def test_planted_links_are_found_and_decoys_are_not():
    links = validated(small_world(1, countries=120, products=84, years=4))
    assert links["planted"].sum() > 40
    assert (links["in_network"] & links["planted"]).sum() >= 0.9 * links["planted"].sum()
    assert (links["in_network"] & ~links["planted"]).sum() <= 0.12 * links["in_network"].sum()


def test_without_links_few_candidates_look_like_one():
    links = validated(small_world(1, countries=120, products=84, years=4, effects={"links": 0}))
    assert (links["p_value"] <= 0.05).mean() <= 0.12
    assert links["in_network"].mean() <= 0.01
