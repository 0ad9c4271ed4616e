import numpy as np
import pandas as pd
import pytest

from reeassets.networks.schema import CANDIDATE_LINKS
from reeassets.trade.schema import COUNTRY_TOTALS, PRODUCT_TOTALS
from reeassets.world.effects import PLAIN
from reeassets.world.small import small_world
from reeassets_tests.world.measures import departures, measured

FRAMES = ("trade_flows", "country_totals", "product_totals")


def tables(world):
    return [getattr(world, name) for name in FRAMES]


@pytest.fixture(scope="module")
def quiet():
    return small_world(1, countries=20, products=16, years=4, effects=PLAIN | {"noise": 0, "links": 0})


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


@pytest.mark.parametrize(
    ("changes", "pairs"),
    [
        ({}, 169),
        ({"rho": 0.0, "pair_effects": 0.3}, 169),
        ({"rho": 0.8, "pair_effects": 0, "concentration": -0.05, "risk": 0.2}, 320),
        ({"zeros": 0, "hubs": 0, "burn_in": 3}, 320),
    ],
)
def test_the_law_holds_among_pairs_that_export_in_a_year_and_the_next(changes, pairs):
    world = small_world(1, countries=20, products=16, years=4, effects={"noise": 0, "links": 0, "common": 0} | changes)
    left = departures(measured(*tables(world))[0], world.truth)
    assert left.shape == (pairs, 3)
    assert world.truth["clipped"] == 0
    assert np.nanmax(np.abs(left)) < 1e-4
    wrong = world.truth | {"effects": world.truth["effects"] | {"exposure.input": -0.5}}
    assert np.nanmax(np.abs(departures(measured(*tables(world))[0], wrong))) > 1e-3


def test_the_law_check_can_fail(quiet):
    indicators, _ = measured(*tables(quiet))
    wrong = quiet.truth | {"effects": quiet.truth["effects"] | {"risk.input": 0.0}}
    assert np.abs(departures(indicators, wrong)).max() > 1e-3


@pytest.mark.parametrize("effects", [PLAIN, {}])
def test_the_truth_converts_to_the_scale_of_the_models(effects):
    world = small_world(1, countries=20, products=16, years=4, effects=effects)
    indicators, variants = measured(*tables(world))
    key = ["country", "product", "year"]
    rsca = indicators.set_index(key)["rsca"].sort_index()
    both = (rsca > -1) & (rsca.groupby(level=["country", "product"]).shift(-1) > -1)
    sample = variants.set_index(key)[both.reindex(pd.MultiIndex.from_frame(variants[key])).to_numpy()]
    assert world.truth["standardisation"]["rows"] == len(sample) == both.sum()
    for name, column in (("exposure", "trade_exposure"), ("risk", "systemic_trade_risk__political_stability")):
        scale = world.truth["standardisation"][name]
        assert scale["column"] == column
        assert scale["sd"] == pytest.approx(sample[column].std(ddof=0), rel=1e-9)
        assert scale["mean"] == pytest.approx(sample[column].mean(), rel=1e-9)
        planted = world.truth["rca_growth"]["terms"][f"{name}:input"]
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
