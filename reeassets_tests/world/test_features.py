"""What real trade has: zeros, a common factor, shocks in clusters, pair effects, a burn-in, a mix of stages."""

import numpy as np
import pandas as pd
import pytest

from reeassets.settings import STAGES
from reeassets.world.effects import PLAIN, Effects
from reeassets.world.entrepots import ENTREPOTS, world_places
from reeassets.world.exporters import ALWAYS, NEVER, SOMETIMES, TURNOVER, USUAL_RISK, Exporters
from reeassets.world.goods import draw_goods
from reeassets.world.intensity import SPREAD, Intensity
from reeassets.world.small import World, small_world

SIZE = {"countries": 40, "products": 30, "years": 8}


def values(world: World, side: str) -> pd.DataFrame:
    """Trade of every country and product on one side: (country, product) x year, zeros filled in."""
    countries = sorted(world.country_totals["country"].unique())
    rows = pd.MultiIndex.from_product([countries, sorted(world.products["product"])], names=[side, "product"])
    traded = world.trade_flows.groupby([side, "product", "year"])["value_kusd"].sum().unstack("year")
    return traded.reindex(rows).fillna(0.0)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(11, **SIZE)


def test_as_many_pairs_as_said_do_not_export_and_all_import(world):
    exports, imports = values(world, "exporter"), values(world, "importer")
    assert (exports == 0).to_numpy().mean() == pytest.approx(0.4, abs=0.03)
    assert world.truth["entry"]["zeros"] == pytest.approx((exports == 0).to_numpy().mean(), abs=1e-12)
    assert (imports > 0).to_numpy().all()
    exporting = exports > 0
    pairs = world.truth["entry"]["pairs"]
    assert pairs["never"] + pairs["sometimes"] + pairs["always"] == 40 * 30
    # Who exports sometimes may do so in every one of eight years, or in none.
    assert (~exporting.any(axis=1)).sum() == pytest.approx(pairs["never"] + 0.5 * 0.85**7 * pairs["sometimes"], abs=25)
    assert exporting.all(axis=1).sum() == pytest.approx(pairs["always"] + 0.5 * 0.85**7 * pairs["sometimes"], abs=25)
    begins = (exporting.to_numpy()[:, 1:] & ~exporting.to_numpy()[:, :-1]).sum()
    ends = (~exporting.to_numpy()[:, 1:] & exporting.to_numpy()[:, :-1]).sum()
    assert begins / 7 == pytest.approx(pairs["sometimes"] * 0.5 * TURNOVER, rel=0.25)
    assert ends / 7 == pytest.approx(pairs["sometimes"] * 0.5 * TURNOVER, rel=0.25)


def test_who_exports_sometimes_is_small(world):
    exports = values(world, "exporter")
    always = (exports > 0).all(axis=1)
    assert exports[always].to_numpy().sum() > 0.95 * exports.to_numpy().sum()


def test_without_zeros_every_pair_exports():
    exports = values(small_world(11, **SIZE, effects={"zeros": 0}), "exporter")
    assert (exports > 0).to_numpy().all()


def test_kinds_are_by_size_and_luck_and_entrepots_never_stop():
    share = np.geomspace(0.5, 1e-6, 200)[:, None] * np.ones(20)
    steady = np.zeros(200, dtype=bool)
    steady[-1] = True
    exporters = Exporters(4, Effects.of({"zeros": 0.5}), share, steady)
    assert [(exporters.kind == kind).mean() for kind in (NEVER, SOMETIMES)] == pytest.approx([0.3, 0.4], abs=0.01)
    assert (exporters.kind[share[:, 0] > 0.02] == ALWAYS).all()
    assert (exporters.kind[-1] == ALWAYS).all()
    assert (exporters.kind[:60] == NEVER).mean() < 0.5 * (exporters.kind[-60:-1] == NEVER).mean()


def test_beginning_and_ending_have_the_odds_that_are_planted():
    effects = Effects.of({"zeros": 0.6, "entry.risk": -4.0, "exit.risk": 3.0})
    exporters = Exporters(4, effects, np.full((1000, 100), 1e-5), np.zeros(1000, dtype=bool))
    before, risk = exporters.now.copy(), np.where(np.arange(100) < 50, 0.1, 0.6) * np.ones((1000, 1))
    exporters.advance(risk)
    turned = exporters.now != before
    assert not turned[exporters.kind != SOMETIMES].any()
    for exports, slope in ((False, -4.0), (True, 3.0)):
        for level in (0.1, 0.6):
            at = (exporters.kind == SOMETIMES) & (before == exports) & (risk == level)
            odds = TURNOVER / (1 - TURNOVER) * np.exp(slope * (level - USUAL_RISK))
            assert turned[at].mean() == pytest.approx(odds / (1 + odds), abs=0.02)


def test_the_truth_holds_the_odds_of_entry_and_exit():
    entry = small_world(1, 20, 10, 2, {"entry.risk": -2, "exit.risk": 1}).truth["entry"]
    usual = np.log(TURNOVER / (1 - TURNOVER))
    assert entry["entry"] == {"intercept": pytest.approx(usual + 2 * USUAL_RISK), "risk": -2.0}
    assert entry["exit"] == {"intercept": pytest.approx(usual - USUAL_RISK), "risk": 1.0}


def common_changes(world: World) -> float:
    """Correlate, over countries and years, the mean changes of log imports and log exports of all products."""
    sides = []
    for side in ("importer", "exporter"):
        value = values(world, side)
        change = np.log(value.where(value > 0)).diff(axis=1).iloc[:, 1:]
        sides.append(change.groupby(level=side).mean().to_numpy().ravel())
    return float(np.corrcoef(*sides)[0, 1])


def test_the_common_factor_moves_imports_and_exports_of_everything_together():
    quiet = {"links": 0, "hubs": 0, "zeros": 0, "clustered": 0}
    assert common_changes(small_world(5, **SIZE, effects=quiet)) > 0.5
    assert abs(common_changes(small_world(5, **SIZE, effects=quiet | {"common": 0}))) < 0.2


def test_import_intensity_has_the_spreads_that_are_said():
    count = 4000
    effects = Effects.of({"rho": 0.8, "common": 0.7})
    generator = np.random.default_rng(1)
    intensity = Intensity(3, effects, generator.normal(size=(count, 5)))
    first = intensity.own, intensity.common
    for _ in range(30):
        intensity.advance(generator.normal(size=(count, 5)))
    assert [part.std() for part in (intensity.own, first[0])] == pytest.approx([SPREAD] * 2, rel=0.03)
    assert [part.std() for part in (intensity.common, first[1])] == pytest.approx([0.7] * 2, rel=0.05)
    # What passes is gone after thirty years; what lasts is still there.
    assert np.corrcoef(first[1], intensity.common)[0, 1] == pytest.approx(0.64, abs=0.04)


def test_shocks_in_clusters_are_shared_by_a_country_and_year():
    def shared(clustered: float) -> float:
        effects = {"links": 0, "hubs": 0, "zeros": 0, "common": 0, "clustered": clustered}
        value = values(small_world(6, **SIZE, effects=effects), "exporter")
        change = np.log(value).diff(axis=1).iloc[:, 1:]
        change = change.sub(change.groupby(level="product").transform("mean"))
        return float(change.groupby(level="exporter").mean().to_numpy().var() / change.to_numpy().var())

    assert shared(0.0) < 0.15
    assert shared(1.0) > 0.2


def test_pair_effects_sum_to_nothing_over_a_country_and_are_a_part_of_the_first_year():
    whole, half, none = (small_world(3, **SIZE, effects={"rho": 0.5, "pair_effects": part}) for part in (1, 0.5, 0))
    assert whole.pair_effects.shape == (40, 30)
    assert np.abs(whole.pair_effects.mean(axis=1)).max() < 0.01
    assert half.truth["pair_effects"]["standard_deviation"] == pytest.approx(half.pair_effects.std(), rel=1e-9)
    assert 0.1 < whole.pair_effects.std() < 0.3
    assert (none.pair_effects == 0).all()
    for world, least, most in ((whole, 0.9, 1.0), (none, -0.3, 0.9)):
        exports = np.log(values(world, "exporter").where(lambda value: value > 0)).dropna()
        relative = exports.sub(exports.groupby(level="exporter").transform("mean"))
        relative = relative.sub(relative.groupby(level="product").transform("mean"))
        assert least < np.corrcoef(relative[2007], relative[2014])[0, 1] < most


def test_the_burn_in_gives_out_no_years_and_another_first_one():
    long, short = (small_world(2, 20, 12, 2, {"burn_in": years}) for years in (4, 0))
    for one in (long, short):
        assert one.truth["years"] == sorted(one.trade_flows["year"].unique()) == [2007, 2008]
        assert one.country_totals["year"].value_counts().to_dict() == {2007: 20, 2008: 20}
    total = [one.country_totals["exports_kusd"].sum() for one in (long, short)]
    assert total[0] == pytest.approx(total[1], rel=0.02)
    assert not long.trade_flows["value_kusd"].equals(short.trade_flows["value_kusd"])


@pytest.mark.parametrize(
    ("mix", "count", "stages"),
    [("ree168", 60, (3, 32, 25)), ("equal", 60, (10, 25, 25)), ("ree168", 168, (10, 89, 69))],
)
def test_the_mix_of_stages(mix, count, stages):
    goods = draw_goods(3, count, 0.8, mix)
    assert tuple((goods.stage == name).sum() for name in STAGES) == stages


def test_an_unknown_mix_is_refused():
    with pytest.raises(ValueError, match="one of equal, ree168, not 'even'"):
        small_world(1, mix="even")


@pytest.mark.parametrize(("countries", "least"), [(16, 2), (40, 2), (100, 5), (230, 7)])
def test_worlds_have_entrepots_among_their_larger_economies(countries, least):
    places = world_places(3, countries, Effects())
    assert places.count == countries
    assert places.iso3 == sorted(places.iso3)
    inside = [place for place, iso3 in enumerate(places.iso3) if iso3 in ENTREPOTS]
    assert len(inside) == least
    larger = (places.exports[:, None] > places.exports[inside]).sum(axis=0)
    assert ((larger > 0) & (larger <= countries // 4)).all()
    assert world_places(3, countries, Effects.of(PLAIN)).iso3 != places.iso3 or countries == 230
