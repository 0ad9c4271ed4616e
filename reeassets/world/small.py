"""Small worlds in memory: the set's trade as the platform's tables, in a second or two, for proofs over many seeds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.world.background import DOLLARS, GROWTH, SET_SHARE
from reeassets.world.dynamics import SetYear, Simulation
from reeassets.world.effects import Effects
from reeassets.world.entrepots import world_places
from reeassets.world.goods import draw_goods
from reeassets.world.places import Places
from reeassets.world.truth import origins_of_year, truth_of

FIRST_YEAR = 2007

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """A generated world in memory.

    Attributes
    ----------
    trade_flows, country_totals, product_totals : DataFrame
        The tables of those names. Totals of countries are over the whole nomenclature; ``product_totals`` has rows for
        the set's products only.
    products : DataFrame
        ``product, stage, application``.
    candidate_links : DataFrame
        The table of that name: planted links and decoys, all of them carried.
    truth : dict
        What was planted, see docs/WORLD.md.
    pair_effects : ndarray, shape (C, P)
        Effects of countries and products together, both ascending.
    """

    trade_flows: pd.DataFrame
    country_totals: pd.DataFrame
    product_totals: pd.DataFrame
    products: pd.DataFrame
    candidate_links: pd.DataFrame
    truth: dict[str, Any]
    pair_effects: NDArray[np.float64] = field(repr=False)
    _simulation: Simulation = field(repr=False)
    _last: SetYear = field(repr=False)

    @cached_property
    def origins(self) -> pd.DataFrame:
        """Where the imports of the last year were really made: ``year, product, country, origin, share``."""
        return origins_of_year(self.truth["seed"], self._simulation, self._last)

    @property
    def stages(self) -> pd.Series:
        """Stage by product."""
        return self.products.set_index("product")["stage"]

    @property
    def archetypes(self) -> pd.Series:
        """Archetype by country."""
        rows = pd.DataFrame(self.truth["countries"])
        return rows.set_index("country")["archetype"]


def small_world(
    seed: int,
    countries: int = 40,
    products: int = 60,
    years: int = 8,
    effects: Effects | Mapping[str, float] | None = None,
    mix: str = "equal",
) -> World:
    """Generate a world in memory.

    Parameters
    ----------
    seed : int
        Seed; the same arguments give the same world.
    countries, products, years : int
        Size; the products are all of the set, trade outside it exists in the totals only.
    effects : Effects or mapping of str to float, optional
        What differs from the defaults, e.g. ``{"exposure": 0, "risk.input": -0.2, "links": 0}``;
        :data:`~reeassets.world.effects.PLAIN` is a world without zeros, entrepots and a common factor.
    mix : str
        Stages of the products: ``equal``, or ``ree168``, in the shares of the whole set.

    Raises
    ------
    ValueError
        If the size, an effect or the mix is out of range.
    """
    if years < 2:
        raise ValueError(f"a world has at least 2 years, not {years}")
    planted = effects if isinstance(effects, Effects) else Effects.of(effects or {})
    places = world_places(seed, countries, planted)
    goods = draw_goods(seed, products, planted["links"], mix)
    simulation = Simulation(seed, places, goods, planted)
    named = list(range(FIRST_YEAR, FIRST_YEAR + years))
    made = list(simulation.years(named, _Totals(seed, places).year))
    links = goods.links[["input", "output"]].assign(
        strength=1.0, ai_proposed=1, ai_votes=1, ai_voters=1, rationale="GENERATED", refused=None, carried=True
    )
    quantity = np.nan
    flows = pd.concat([year.flows for year in made], ignore_index=True).assign(quantity_t=quantity)
    return World(
        trade_flows=flows,
        country_totals=pd.concat([year.country_totals for year in made], ignore_index=True),
        product_totals=pd.concat([year.product_totals for year in made], ignore_index=True),
        products=goods.table,
        candidate_links=links.astype({"refused": "str"}),
        truth=truth_of(seed, simulation, made[-1]),
        pair_effects=simulation.history.pair_effect,
        _simulation=simulation,
        _last=made[-1],
    )


class _Totals:
    """Trade outside the set, as countries' totals only."""

    def __init__(self, seed: int, places: Places):
        self._seed, self._places = seed, places

    def year(self, place: int) -> tuple[Ints, Ints]:
        """Return exports and imports of each country in US$; both have the same sum."""
        places = self._places
        generator = np.random.default_rng([self._seed, 6, place])
        scale = DOLLARS * (1 - SET_SHARE) * GROWTH**place
        exports = places.exports * scale * np.exp(0.02 * generator.normal(size=places.count))
        imports = places.imports * np.exp(0.02 * generator.normal(size=places.count))
        whole_exports = np.rint(exports).astype(np.int64)
        whole_imports = np.rint(imports / imports.sum() * whole_exports.sum()).astype(np.int64)
        whole_imports[imports.argmax()] += whole_exports.sum() - whole_imports.sum()
        return whole_exports, whole_imports
