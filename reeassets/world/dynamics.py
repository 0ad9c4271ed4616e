"""The law of motion of a world: comparative advantage of every country and product from year to year.

Next year's symmetric Balassa index is a linear function of this year's, of exposure, of systemic trade risk and of
supplier concentration as they come out of this year's network, plus effects and shocks. Flows are then made so that the
index comes out as intended. A pair that does not export has a latent index that obeys the same law unseen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.settings import STAGES
from reeassets.world.background import ABSENT, DOLLARS, GROWTH
from reeassets.world.effects import Effects
from reeassets.world.entrepots import Traded, draw_entrepots, recorded_entrepots
from reeassets.world.exporters import SOMETIMES, Exporters
from reeassets.world.goods import Goods
from reeassets.world.intensity import Intensity
from reeassets.world.measured import Measured, measure
from reeassets.world.partners import balance, draw_partners
from reeassets.world.places import Places

BASIS = "whole nomenclature"
# The symmetric index stays within this; a pair that would leave it is counted as clipped.
LIMIT = 0.985
# Logarithm of the Balassa index in the first year, by archetype (rows) and stage (columns).
ADVANTAGE = np.array([[1.1, 1.3, 0.9], [1.0, -0.7, -1.0], [-0.5, 0.6, 0.4], [-1.0, -0.5, -0.2], [-1.2, -1.2, -1.2]])
# How much weaker a pair is, in the logarithm of the index, that exports only sometimes.
MARGINAL = 2.0
# With pair effects, pairs go back to the first year's index for ever: it stays so far from the ends of the range.
_ROOM = 0.9
_OWN_SPREAD = 0.4
_SHOCK_BOUND = 3.0
_AFFINITY_SHOCK = 0.25
_ADDING_UP_ROUNDS = 8
_NEWTON_STEPS = 12
# How much steadier an exporter is, per unit of its share in the world's exports of a product.
_STEADINESS = 40.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Exports and imports of each country outside the set, in US$, for the place of a year among the years.
Background = Callable[[int], tuple[Ints, Ints]]


@dataclass(frozen=True)
class SetYear:
    """A year of the set's trade; ``C`` countries, ``P`` products, ``m`` flows.

    Attributes
    ----------
    year : int
    product, exporter, importer : integer ndarray, shape (m,)
        Positions, sorted by (product, exporter, importer).
    dollars : integer ndarray, shape (m,)
        Value of each flow.
    flows, country_totals, product_totals : DataFrame
        The tables of those names.
    measured : Measured
        The indicators of the year's network.
    index, exposure : ndarray, shape (C, P)
        Symmetric index and exposure, realised where the pair exports; elsewhere latent: the index that the law gives,
        and the exposure to the exports that would follow from it.
    exporting : bool ndarray, shape (C, P)
    """

    year: int
    product: Ints
    exporter: Ints
    importer: Ints
    dollars: Ints
    flows: pd.DataFrame
    country_totals: pd.DataFrame
    product_totals: pd.DataFrame
    measured: Measured
    index: Floats
    exposure: Floats
    exporting: NDArray[np.bool_]

    def traded(self) -> Traded:
        """Return the flows as arrays, in thousand US$."""
        return Traded(self.product, self.exporter, self.importer, self.dollars / DOLLARS, self.index.shape)


@dataclass
class History:
    """What the simulation has done so far, years of the burn-in apart; the material of the truth.

    Attributes
    ----------
    years : list of int
    measured : list of Measured
        One per year.
    exporting : list of bool ndarray, shape (C, P)
        One per year.
    country_effect, product_effect : ndarray, shape (C,) and (P,)
    pair_effect : ndarray, shape (C, P)
    adding_up : list of ndarray, shape (P,)
        Shift per transition that makes the world's shares add up.
    clipped : int
        Pairs and years that would have left the range.
    """

    years: list[int] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    exporting: list[NDArray[np.bool_]] = field(default_factory=list)
    country_effect: Floats = field(default_factory=lambda: np.zeros(0))
    product_effect: Floats = field(default_factory=lambda: np.zeros(0))
    pair_effect: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    adding_up: list[Floats] = field(default_factory=list)
    clipped: int = 0


class Simulation:
    """The set's trade of a world, year after year.

    Parameters
    ----------
    seed : int
    places, goods : Places, Goods
        With ``C`` countries and ``P`` products.
    effects : Effects
        What is planted.
    density : float
        Factor on the number of partners.

    Attributes
    ----------
    history : History
        What was simulated so far.
    entrepots : Entrepots
        Who passes on what.
    exporters : Exporters
        Who exports what.
    recorded_country, recorded_share : ndarray
        Positions of the recorded entrepots, whether or not the world has re-exports, and their recorded shares: what
        the indicators assume.
    """

    def __init__(self, seed: int, places: Places, goods: Goods, effects: Effects, density: float = 1.0):
        self.places, self.goods, self.effects = places, goods, effects
        self.history = History()
        self.entrepots = draw_entrepots(seed, effects, places, goods.count)
        self.recorded_country, self.recorded_share = recorded_entrepots(places)
        self._generator, self._clusters = np.random.default_rng([seed, 5]), np.random.default_rng([seed, 13])
        shape = (places.count, goods.count)
        stage = np.array([STAGES.index(name) for name in goods.stage])
        self._intensity = Intensity(seed, effects, self._generator.normal(size=shape))
        own = _OWN_SPREAD * self._bounded(shape)
        self._outputs_by_input = csr_array(goods.loadings.T)
        log_rca = ADVANTAGE[places.archetype][:, stage] + own + self._through_links(self._intensity.own)
        log_rca += self._intensity.common[:, None]
        weight = places.exports / places.exports.sum()
        log_rca -= np.log((weight[:, None] * np.exp(log_rca)).sum(axis=0))
        steady = np.isin(np.arange(places.count), self.entrepots.country)
        self.exporters = Exporters(seed, effects, weight[:, None] * np.exp(log_rca), steady)
        log_rca[self.exporters.kind == SOMETIMES] -= MARGINAL
        room = _ROOM if effects["pair_effects"] > 0 else 1.0
        self._index = np.clip(room * np.tanh(log_rca / 2), -LIMIT + 0.02, LIMIT - 0.02)
        self._partners = draw_partners(seed, places, goods, log_rca, self.exporters.kind, density)
        self._slopes = {name: effects.by_stage(name, goods.stage) for name in ("exposure", "risk", "concentration")}

    @property
    def expected_flows(self) -> int:
        """Number of flows that a year has on average."""
        partners = self._partners
        chance = np.where(partners.kept, 1.0, 1 - ABSENT)
        # Who exports sometimes does so half of the time.
        chance[self.exporters.kind[partners.exporter, partners.product] == SOMETIMES] /= 2
        return round(float(chance.sum()))

    def years(self, years: Sequence[int], background: Background) -> Iterator[SetYear]:
        """Simulate the burn-in and then the years in order.

        Parameters
        ----------
        years : sequence of int
            Consecutive in the simulation, whatever their numbers.
        background : callable
            Trade outside the set, by place of the year. The burn-in has the first year's, smaller by its growth.
        """
        burn_in = int(self.effects["burn_in"])
        first = background(0)
        target = self._index
        for place in range(-burn_in, len(years)):
            outside = first if place == 0 else background(place) if place > 0 else _before(first, place)
            rca, shift, totals = self._adding_up(target, outside[0] / DOLLARS)
            made = self._trade(years[0] + place if place < 0 else years[place], rca, totals, outside)
            if place == -burn_in:
                self._settle(made)
            if place == 0:
                self.history.clipped = 0
            self.history.clipped += int((np.abs(target + shift) > LIMIT)[made.exporting].sum())
            if place > 0:
                self.history.adding_up.append(shift)
            if place >= 0:
                self._remember(made)
                yield made
            target = self._next(made)

    def _bounded(self, shape: tuple[int, int]) -> Floats:
        """Draw shocks of unit variance within three standard deviations (nearly normal)."""
        return np.clip(self._generator.normal(size=shape), -_SHOCK_BOUND, _SHOCK_BOUND)

    def _through_links(self, intensity: Floats) -> Floats:
        """Return what import intensities do to the outputs of planted links, shape (C, P).

        The product is sparse: a dense one would round differently with another number of threads.
        """
        return np.asarray(self._outputs_by_input @ intensity.T).T

    def _adding_up(self, target: Floats, outside: Floats) -> tuple[Floats, Floats, Floats]:
        """Shift the index of each product, for all countries alike, so that exporters' shares in the world sum to 1.

        Returns
        -------
        rca : ndarray, shape (C, P)
            Balassa index, latent where the pair does not export.
        shift : ndarray, shape (P,)
            Of the symmetric index.
        totals : ndarray, shape (C,)
            Exports over all products, in thousand US$, that follow from them and the exports outside the set.
        """
        totals, shift, exporting = outside, np.zeros(self.goods.count), self.exporters.now
        for _ in range(_ADDING_UP_ROUNDS):
            weight = (totals / totals.sum())[:, None] * exporting
            for _ in range(_NEWTON_STEPS):
                index = np.clip(target + shift, -LIMIT, LIMIT)
                # Summed over countries in their order: no library's blocking decides about the last digit.
                excess = (weight * (1 + index) / (1 - index)).sum(axis=0) - 1.0
                slope = (weight * 2 / (1 - index) ** 2).sum(axis=0)
                shift = shift - np.clip(excess / slope, -0.1, 0.1)
            index = np.clip(target + shift, -LIMIT, LIMIT)
            rca = (1 + index) / (1 - index)
            set_share = (rca * exporting * self.goods.share).sum(axis=1)
            if set_share.max() > 0.8:
                raise ArithmeticError("the set takes over a country's exports; use milder effects")
            totals = outside / (1.0 - set_share)
        return rca, shift, totals

    def _trade(self, year: int, rca: Floats, totals: Floats, outside: tuple[Ints, Ints]) -> SetYear:
        """Make the flows of a year and everything that follows from them."""
        partners, size, exporting = self._partners, self.goods.count, self.exporters.now
        wanted = rca * totals[:, None] * self.goods.share
        supply = wanted * exporting
        demand = self._demand(supply, outside[1])
        present = partners.kept | (self._generator.random(len(partners.kept)) >= ABSENT)
        shock = _AFFINITY_SHOCK * self._generator.normal(size=len(present))
        present &= exporting[partners.exporter, partners.product]
        product, exporter, importer = (
            column[present] for column in (partners.product, partners.exporter, partners.importer)
        )
        weight = np.exp(partners.affinity + shock)[present]
        flow = balance(weight, exporter * size + product, importer * size + product, supply.ravel(), demand.ravel())
        dollars = np.maximum(np.rint(flow * DOLLARS), 1).astype(np.int64)
        frames = self._frames(year, product, exporter, importer, dollars, outside)
        measured = measure(frames, rca.shape)
        index = np.where(exporting, measured.rsca, (rca - 1) / (rca + 1))
        exposure = np.where(exporting, measured.exposure, measured.imports / (measured.imports + wanted))
        return SetYear(year, product, exporter, importer, dollars, *frames, measured, index, exposure, exporting.copy())

    def _demand(self, supply: Floats, outside_imports: Ints) -> Floats:
        """Return what countries want to import, shape (C, P); entrepots also want what they pass on."""
        demand = outside_imports[:, None] * np.exp(self._intensity.own + self._intensity.common[:, None])
        demand = demand / demand.sum(axis=0) * supply.sum(axis=0)
        hubs = self.entrepots.country
        if len(hubs):
            demand[hubs] += self.entrepots.share * supply[hubs]
            demand = demand / demand.sum(axis=0) * supply.sum(axis=0)
        return demand

    def _frames(
        self, year: int, product: Ints, exporter: Ints, importer: Ints, dollars: Ints, outside: tuple[Ints, Ints]
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return the year's flows, totals of countries and totals of products as the platform's tables."""
        size = self.goods.count
        iso3 = pd.array(self.places.iso3, dtype="str")
        flows = pd.DataFrame(
            {
                "year": np.full(len(dollars), year, dtype=np.int64),
                "exporter": iso3.take(exporter),
                "importer": iso3.take(importer),
                "product": pd.array(self.goods.codes, dtype="str").take(product),
                "value_kusd": dollars / DOLLARS,
            }
        )
        country_totals = pd.DataFrame(
            {
                "year": np.full(len(iso3), year, dtype=np.int64),
                "country": iso3,
                "exports_kusd": (outside[0] + _sums(exporter, dollars, len(iso3))) / DOLLARS,
                "imports_kusd": (outside[1] + _sums(importer, dollars, len(iso3))) / DOLLARS,
                "basis": BASIS,
            }
        )
        product_totals = pd.DataFrame(
            {
                "year": np.full(size, year, dtype=np.int64),
                "product": self.goods.codes,
                "value_kusd": _sums(product, dollars, size) / DOLLARS,
                "basis": BASIS,
            }
        )
        return flows, country_totals, product_totals

    def _next(self, now: SetYear) -> Floats:
        """Go to the next year and return its intended index: the law of motion."""
        shape = now.index.shape
        access, common = self._intensity.advance(self._bounded(shape))
        self.exporters.advance(now.measured.risk)
        shock = self._through_links(access) + self.effects["noise"] * self._bounded(shape) + common[:, None]
        together = self.effects["noise"] * self.effects["clustered"]
        if together > 0:
            shock += together * self._clusters.normal(size=(shape[0], 1))
            shock += together * self._clusters.normal(size=shape[1])
        # Large exporters are steadier: the shares of a product add up without moving everybody else.
        exports = now.country_totals["exports_kusd"].to_numpy(dtype=float)
        share = exports[:, None] / exports.sum() * (1 + now.index) / (1 - now.index)
        shock /= 1 + _STEADINESS * share
        # A shock to the logarithm of the Balassa index moves the symmetric index by (1 - index^2) / 2 of it.
        history = self.history
        effects = history.country_effect[:, None] + history.product_effect + history.pair_effect
        return self._expected(now) + effects + (1 - now.index**2) / 2 * shock

    def _expected(self, now: SetYear) -> Floats:
        """Return what follows from this year, without effects and shocks."""
        slopes, measured = self._slopes, now.measured
        result: Floats = self.effects["rho"] * now.index + slopes["exposure"] * now.exposure
        return result + slopes["risk"] * measured.risk + slopes["concentration"] * measured.concentration

    def _settle(self, first: SetYear) -> None:
        """Choose country and product effects such that, without shocks, the first year would nearly repeat itself.

        No country's mean index would move, and no product's index would have to be scaled for the shares to add up.
        Pair effects are what is left then: with all of it, the first year of a pair repeats itself, and its effect goes
        with its exposure and risk.
        """
        drift = first.index - self._expected(first)
        exports = first.country_totals["exports_kusd"].to_numpy(dtype=float)
        # How much a product's shares sum to more when the index of an exporter rises a little.
        pull = exports[:, None] * 2 / (1 - first.index) ** 2 * first.exporting
        pull = pull / pull.sum(axis=0)
        country, product = np.zeros(self.places.count), np.zeros(self.goods.count)
        for _ in range(50):
            product = (pull * (drift - country[:, None])).sum(axis=0)
            country = (drift - product).mean(axis=1)
        self.history.country_effect, self.history.product_effect = country, product
        left = drift - country[:, None] - product
        self.history.pair_effect = self.effects["pair_effects"] * left

    def _remember(self, made: SetYear) -> None:
        self.history.years.append(made.year)
        self.history.measured.append(made.measured)
        self.history.exporting.append(made.exporting)


def _before(first: tuple[Ints, Ints], place: int) -> tuple[Ints, Ints]:
    """Return trade outside the set ``-place`` years before the first; imports and exports stay equal in sum."""
    exports, imports = (np.maximum(np.rint(side * GROWTH**place), 1).astype(np.int64) for side in first)
    imports[imports.argmax()] += exports.sum() - imports.sum()
    return exports, imports


def _sums(group: Ints, dollars: Ints, count: int) -> Ints:
    """Sum whole dollars exactly (a total of the world stays below 2**53)."""
    return np.bincount(group, dollars, count).astype(np.int64)
