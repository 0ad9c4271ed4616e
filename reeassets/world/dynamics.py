"""The law of motion of a world: comparative advantage of every country and product from year to year.

Next year's symmetric Balassa index is a linear function of this year's, of exposure and of systemic trade risk as they
come out of this year's network, plus effects and shocks. Flows are then made so that the index comes out as intended.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators.advantage import rsca
from reeassets.indicators.exposure import trade_exposure
from reeassets.indicators.hazards import POLITICAL_STABILITY
from reeassets.indicators.supply import reexport_shares
from reeassets.indicators.systemic import systemic_trade_risk
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import STAGES, Settings
from reeassets.world.background import ABSENT, DOLLARS
from reeassets.world.effects import Effects
from reeassets.world.goods import Goods
from reeassets.world.partners import balance, draw_partners
from reeassets.world.places import Places

PASS_THROUGH = 0.85
BASIS = "whole nomenclature"
# Standard deviation of the logarithm of import intensity over countries.
INTENSITY_SPREAD = 0.6
# The symmetric index stays within this; a pair that would leave it is counted as clipped.
LIMIT = 0.985
# Logarithm of the Balassa index in the first year, by archetype (rows) and stage (columns).
ADVANTAGE = np.array([[1.1, 1.3, 0.9], [1.0, -0.7, -1.0], [-0.5, 0.6, 0.4], [-1.0, -0.5, -0.2], [-1.2, -1.2, -1.2]])
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
    rsca, exposure, risk : ndarray, shape (C, P)
        Realised in the year's network.
    """

    year: int
    product: Ints
    exporter: Ints
    importer: Ints
    dollars: Ints
    flows: pd.DataFrame
    country_totals: pd.DataFrame
    product_totals: pd.DataFrame
    rsca: Floats
    exposure: Floats
    risk: Floats


@dataclass
class History:
    """What the simulation has done so far; the material of the truth.

    Attributes
    ----------
    years : list of int
    exposure, risk, rsca : list of ndarray, shape (C, P)
        One per year.
    country_effect, product_effect : ndarray, shape (C,) and (P,)
    adding_up : list of ndarray, shape (P,)
        Shift per transition that makes the world's shares add up.
    clipped : int
        Pairs and years that would have left the range.
    """

    years: list[int] = field(default_factory=list)
    exposure: list[Floats] = field(default_factory=list)
    risk: list[Floats] = field(default_factory=list)
    rsca: list[Floats] = field(default_factory=list)
    country_effect: Floats = field(default_factory=lambda: np.zeros(0))
    product_effect: Floats = field(default_factory=lambda: np.zeros(0))
    adding_up: list[Floats] = field(default_factory=list)
    clipped: int = 0


class Simulation:
    """The set's trade of a world, year after year."""

    def __init__(self, seed: int, places: Places, goods: Goods, effects: Effects, density: float = 1.0):
        self.places, self.goods, self.effects = places, goods, effects
        self.history = History()
        self._generator = np.random.default_rng([seed, 5])
        shape = (places.count, goods.count)
        stage = np.array([STAGES.index(name) for name in goods.stage])
        self._intensity = INTENSITY_SPREAD * self._generator.normal(size=shape)
        own = _OWN_SPREAD * self._bounded(shape)
        self._outputs_by_input = csr_array(goods.loadings.T)
        log_rca = ADVANTAGE[places.archetype][:, stage] + own + self._through_links(self._intensity)
        weight = places.exports / places.exports.sum()
        log_rca -= np.log((weight[:, None] * np.exp(log_rca)).sum(axis=0))
        self._rsca = np.clip(np.tanh(log_rca / 2), -LIMIT + 0.02, LIMIT - 0.02)
        self._partners = draw_partners(seed, places, goods, log_rca, density)
        self._slope_exposure = effects.by_stage("exposure", goods.stage)
        self._slope_risk = effects.by_stage("risk", goods.stage)

    @property
    def expected_flows(self) -> int:
        """Number of flows that a year has on average."""
        sure = int(self._partners.kept.sum())
        return sure + round((len(self._partners.kept) - sure) * (1 - ABSENT))

    def years(self, years: Sequence[int], background: Background) -> Iterator[SetYear]:
        """Simulate the years in order.

        Parameters
        ----------
        years : sequence of int
            Consecutive in the simulation, whatever their numbers.
        background : callable
            Trade outside the set, by place of the year.
        """
        target = self._rsca
        for place, year in enumerate(years):
            exports, imports = background(place)
            rca, shift, totals = self._adding_up(target, exports / DOLLARS)
            if place > 0:
                self.history.adding_up.append(shift)
            made = self._trade(year, rca, totals, exports, imports)
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
            Balassa index.
        shift : ndarray, shape (P,)
            Of the symmetric index.
        totals : ndarray, shape (C,)
            Exports over all products, in thousand US$, that follow from them and the exports outside the set.
        """
        totals, shift = outside, np.zeros(self.goods.count)
        for _ in range(_ADDING_UP_ROUNDS):
            weight = (totals / totals.sum())[:, None]
            for _ in range(_NEWTON_STEPS):
                index = np.clip(target + shift, -LIMIT, LIMIT)
                # Summed over countries in their order: no library's blocking decides about the last digit.
                excess = (weight * (1 + index) / (1 - index)).sum(axis=0) - 1.0
                slope = (weight * 2 / (1 - index) ** 2).sum(axis=0)
                shift = shift - np.clip(excess / slope, -0.1, 0.1)
            index = np.clip(target + shift, -LIMIT, LIMIT)
            rca = (1 + index) / (1 - index)
            set_share = (rca * self.goods.share).sum(axis=1)
            if set_share.max() > 0.8:
                raise ArithmeticError("the set takes over a country's exports; use milder effects")
            totals = outside / (1.0 - set_share)
        self.history.clipped += int((np.abs(target + shift) > LIMIT).sum())
        return rca, shift, totals

    def _trade(self, year: int, rca: Floats, totals: Floats, outside_exports: Ints, outside_imports: Ints) -> SetYear:
        """Make the flows of a year and everything that follows from them."""
        partners, size = self._partners, self.goods.count
        supply = rca * totals[:, None] * self.goods.share
        demand = outside_imports[:, None] * np.exp(self._intensity)
        demand = demand / demand.sum(axis=0) * supply.sum(axis=0)
        present = partners.kept | (self._generator.random(len(partners.kept)) >= ABSENT)
        shock = _AFFINITY_SHOCK * self._generator.normal(size=len(present))
        product, exporter, importer = (
            column[present] for column in (partners.product, partners.exporter, partners.importer)
        )
        weight = np.exp(partners.affinity + shock)[present]
        flow = balance(weight, exporter * size + product, importer * size + product, supply.ravel(), demand.ravel())
        dollars = np.maximum(np.rint(flow * DOLLARS), 1).astype(np.int64)
        outside = outside_exports, outside_imports
        frames = self._frames(year, product, exporter, importer, dollars, outside)
        return SetYear(year, product, exporter, importer, dollars, *frames, *self._measure(*frames))

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

    def _measure(
        self, flows: pd.DataFrame, country_totals: pd.DataFrame, product_totals: pd.DataFrame
    ) -> tuple[Floats, Floats, Floats]:
        """Compute the realised index, exposure and risk of every pair with the indicators' own code."""
        # Constructed without validation: no environment variable may change a generated world.
        settings = Settings.model_construct(pass_through=PASS_THROUGH, exposure="exposure", reexports="recorded")
        shares = reexport_shares(settings, list(self.places.iso3))
        network = YearNetwork.build(
            flows, country_totals, product_totals, _NO_LINKS, POLITICAL_STABILITY, settings, shares
        )
        shape = (self.places.count, self.goods.count)
        if network.n_pairs != shape[0] * shape[1]:
            raise AssertionError("a pair of the set does not trade")
        return (
            rsca(network).reshape(shape),
            trade_exposure(network).reshape(shape),
            systemic_trade_risk(network).reshape(shape),
        )

    def _next(self, now: SetYear) -> Floats:
        """Return next year's intended index: the law of motion."""
        access = INTENSITY_SPREAD * np.sqrt(1 - self.effects["rho"] ** 2) * self._bounded(now.rsca.shape)
        self._intensity = self.effects["rho"] * self._intensity + access
        shock = self._through_links(access) + self.effects["noise"] * self._bounded(now.rsca.shape)
        # Large exporters are steadier: the shares of a product add up without moving everybody else.
        exports = now.country_totals["exports_kusd"].to_numpy(dtype=float)
        share = exports[:, None] / exports.sum() * (1 + now.rsca) / (1 - now.rsca)
        shock /= 1 + _STEADINESS * share
        # A shock to the logarithm of the Balassa index moves the symmetric index by (1 - rsca^2) / 2 of it.
        effects = self.history.country_effect[:, None] + self.history.product_effect
        return self._expected(now) + effects + (1 - now.rsca**2) / 2 * shock

    def _expected(self, now: SetYear) -> Floats:
        """Return what follows from this year, without effects and shocks."""
        return self.effects["rho"] * now.rsca + self._slope_exposure * now.exposure + self._slope_risk * now.risk

    def _settle(self, first: SetYear) -> None:
        """Choose country and product effects such that, without shocks, the first year would nearly repeat itself.

        No country's mean index would move, and no product's index would have to be scaled for the shares to add up.
        """
        drift = first.rsca - self._expected(first)
        exports = first.country_totals["exports_kusd"].to_numpy(dtype=float)
        # How much a product's shares sum to more when the index of an exporter rises a little.
        pull = exports[:, None] * 2 / (1 - first.rsca) ** 2
        pull = pull / pull.sum(axis=0)
        country, product = np.zeros(self.places.count), np.zeros(self.goods.count)
        for _ in range(50):
            product = (pull * (drift - country[:, None])).sum(axis=0)
            country = (drift - product).mean(axis=1)
        self.history.country_effect, self.history.product_effect = country, product

    def _remember(self, made: SetYear) -> None:
        if not self.history.years:
            self._settle(made)
        self.history.years.append(made.year)
        self.history.exposure.append(made.exposure)
        self.history.risk.append(made.risk)
        self.history.rsca.append(made.rsca)


_NO_LINKS = pd.DataFrame({"input": [], "output": [], "weight": [], "in_network": []}).astype(
    {"input": "str", "output": "str", "weight": "float64", "in_network": "bool"}
)


def _sums(group: Ints, dollars: Ints, count: int) -> Ints:
    """Sum whole dollars exactly (a total of the world stays below 2**53)."""
    return np.bincount(group, dollars, count).astype(np.int64)
