"""The trade network of one year as arrays and stacked sparse matrices: what every indicator is computed from.

A node is a pair (country, product) that trades in the year. The matrices are stacked over products: a flow joins two
nodes of the same product, so the supply shares of all products are one sparse matrix, block-diagonal up to order.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators import validation
from reeassets.indicators.contract import Hazard
from reeassets.indicators.losses import Losses, losses
from reeassets.indicators.nodes import link_matrix, number_nodes, production_matrix, stacked, sums
from reeassets.indicators.supply import domestic_supply
from reeassets.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class YearNetwork:
    """The trade network of one year (docs/METHOD.md, section 5); built by :meth:`build`.

    With ``n`` pairs, ``m`` flows, ``C`` countries, ``P`` products; values in thousand current US$.

    Attributes
    ----------
    year : int
        Calendar year; 0 where neither flows nor totals have a row.
    countries, products : list of str
        Those that trade, sorted.
    country, product : ndarray of int, shape (n,)
        Each pair's position in ``countries`` and ``products``; pairs are sorted by (country, product).
    imports, exports : ndarray, shape (n,)
        ``M`` and ``X`` of each pair.
    exporter, importer : ndarray of int, shape (m,)
        Each flow's two pairs.
    value : ndarray, shape (m,)
        Each flow's value.
    reexported : ndarray, shape (C,)
        ``rho``, the share of what each country both imports and exports of a product that it re-exports, in [0, 1].
    recorded : ndarray, shape (n,)
        ``P``, the value of each pair's recorded production, 0 where none is recorded.
    domestic : ndarray, shape (n,)
        ``D``, domestic supply.
    inflow_shares : csr_array, shape (n, n)
        ``A'``: ``v[i, j] / S[j]`` in row j and column i; row sums are at most 1.
    link_weights : csr_array, shape (n, n)
        ``w[p,q]`` in row (j, q) and column (j, p) for each link of the network ``p -> q`` whose both products j trades.
    production : csr_array, shape (n, n)
        ``d[j,q] w[p,q]`` in row (j, q) and column (j, p) for each link of the network ``p -> q`` (section 6).
    country_exports, country_imports : ndarray, shape (C,)
        Totals over all products; NaN where no total is known.
    world_exports, world_imports : float
        Their sums over all countries of the year that have totals, also those that trade nothing in the set.
    product_value : ndarray, shape (P,)
        World trade in each product.
    hazard_name : str
        Name of the hazard.
    hazard : ndarray, shape (n,)
        ``h`` of each pair as a supplier, in [0, 1].
    settings : Settings
        Configuration; ``pass_through`` and ``exposure`` are what counts here.
    """

    year: int
    countries: list[str]
    products: list[str]
    country: Ints
    product: Ints
    imports: Floats
    exports: Floats
    exporter: Ints
    importer: Ints
    value: Floats
    reexported: Floats
    recorded: Floats
    domestic: Floats
    inflow_shares: csr_array = field(repr=False)
    link_weights: csr_array = field(repr=False)
    production: csr_array = field(repr=False)
    country_exports: Floats
    country_imports: Floats
    world_exports: float
    world_imports: float
    product_value: Floats
    hazard_name: str
    hazard: Floats
    settings: Settings

    @classmethod
    def build(
        cls,
        flows: pd.DataFrame,
        country_totals: pd.DataFrame,
        product_totals: pd.DataFrame,
        links: pd.DataFrame,
        hazard: Hazard,
        settings: Settings,
        reexports: pd.DataFrame | None = None,
        production: pd.DataFrame | None = None,
    ) -> "YearNetwork":
        """Build the network of one year.

        Parameters
        ----------
        flows, country_totals, product_totals : DataFrame
            The tables ``trade_flows``, ``country_totals`` and ``product_totals``, rows of one year, in any order.
        links : DataFrame
            The table ``io_links``; only links of the network count.
        hazard : Hazard
            Hazard of suppliers.
        settings : Settings
            Configuration.
        reexports : DataFrame, optional
            The table ``reexport_shares``; who has no row re-exports nothing.
        production : DataFrame, optional
            The table ``production``, rows of the year; pairs that do not trade are left out.

        Raises
        ------
        ValueError
            If the tables hold more than one year or a key twice; if a flow is not positive or stays inside a country;
            if a trading country has no row of totals, or a product no total; if a total of either is 0; if a hazard is
            outside [0, 1]; if the weights of an output's links are negative or sum to more than 1.
        """
        year = validation.single_year(flows, country_totals, product_totals)
        validation.check_flows(flows)
        nodes = number_nodes(flows)
        reexported = validation.reexported_of(reexports, nodes.countries)
        recorded = validation.recorded_of(production, nodes)
        trade = _trade(
            nodes.exporter, nodes.importer, nodes.value, link_matrix(links, nodes), reexported[nodes.country], recorded
        )
        totals = validation.country_totals_of(
            country_totals, nodes.countries, nodes.country, trade["imports"], trade["exports"]
        )
        world = country_totals.sort_values("country")[["exports_kusd", "imports_kusd"]].sum()
        network = cls(
            year=year,
            countries=[str(name) for name in nodes.countries],
            products=[str(name) for name in nodes.products],
            country=nodes.country,
            product=nodes.product,
            exporter=nodes.exporter,
            importer=nodes.importer,
            reexported=reexported,
            recorded=recorded,
            **trade,
            country_exports=totals["exports_kusd"].to_numpy(dtype=float),
            country_imports=totals["imports_kusd"].to_numpy(dtype=float),
            world_exports=float(world["exports_kusd"]),
            world_imports=float(world["imports_kusd"]),
            product_value=validation.product_totals_of(product_totals, nodes.products),
            hazard_name="none",
            hazard=np.zeros(nodes.n),
            settings=settings,
        )
        return network.with_hazard(hazard)

    def with_values(self, value: Floats) -> "YearNetwork":
        """Return the network with the same flows at other values; all totals change by as much as the flows do.

        Trade outside the set stays as it is, so ``X[i]``, ``M[j]``, ``X[p]`` and ``X`` move with the flows of the set
        alone.

        Parameters
        ----------
        value : ndarray, shape (m,)
            Positive, in the order of the flows.

        Raises
        ------
        ValueError
            If the shape is another, or a value is not positive and finite.
        """
        if value.shape != self.value.shape or not (np.isfinite(value) & (value > 0)).all():
            raise ValueError(f"{len(self.value)} positive finite values are needed")
        trade = _trade(
            self.exporter, self.importer, value, self.link_weights, self.reexported[self.country], self.recorded
        )
        more = sums(self.product[self.exporter], value - self.value, len(self.products))
        imports, exports = (
            sums(self.country, trade[name] - getattr(self, name), len(self.countries))
            for name in ("imports", "exports")
        )
        return replace(
            self,
            **trade,
            country_exports=self.country_exports + exports,
            country_imports=self.country_imports + imports,
            world_exports=self.world_exports + float(more.sum()),
            world_imports=self.world_imports + float(more.sum()),
            product_value=self.product_value + more,
        )

    def with_hazard(self, hazard: Hazard) -> "YearNetwork":
        """Return the same network under another hazard; the matrices are shared, the solves only if it is no other.

        Raises
        ------
        ValueError
            If a hazard is outside [0, 1].
        """
        values = validation.hazard_of(hazard, self)
        if hazard.name == self.hazard_name and np.array_equal(values, self.hazard):
            return self
        return replace(self, hazard_name=hazard.name, hazard=values)

    def with_supply(self, reexported: Floats, recorded: Floats) -> "YearNetwork":
        """Return the same flows under other assumptions on domestic supply; the hazard's values stay as they are.

        Parameters
        ----------
        reexported : ndarray, shape (C,)
            ``rho`` of each country.
        recorded : ndarray, shape (n,)
            ``P`` of each pair.
        """
        trade = _trade(self.exporter, self.importer, self.value, self.link_weights, reexported[self.country], recorded)
        return replace(self, reexported=reexported, recorded=recorded, **trade)

    @property
    def n_pairs(self) -> int:
        """Number of pairs (country, product) that trade."""
        return len(self.country)

    @property
    def pass_through(self) -> float:
        """Share of a loss of supply that a country passes on."""
        return self.settings.pass_through

    @cached_property
    def supply(self) -> Floats:
        """``S = M + D`` of each pair, shape (n,)."""
        return self.imports + self.domestic

    @cached_property
    def domestic_share(self) -> Floats:
        """``d = D / S`` of each pair, in [0, 1], shape (n,)."""
        return self.domestic / self.supply

    @cached_property
    def at_risk(self) -> Losses:
        """The losses expected from the hazards of all suppliers: every risk is a part of them."""
        return losses(self, self.hazard)

    def pairs(self) -> pd.DataFrame:
        """Return one row per pair: ``year, country, product, imports_kusd, exports_kusd``."""
        return pd.DataFrame(
            {
                "year": np.full(self.n_pairs, self.year, dtype=np.int64),
                "country": pd.array(self.countries, dtype="str").take(self.country),
                "product": pd.array(self.products, dtype="str").take(self.product),
                "imports_kusd": self.imports,
                "exports_kusd": self.exports,
            }
        )


def _trade(
    exporter: Ints, importer: Ints, value: Floats, link_weights: csr_array, reexported: Floats, recorded: Floats
) -> dict[str, Any]:
    """Return what follows from the values of the flows and the assumptions on supply, by name of the attribute."""
    n = link_weights.shape[0]
    imports, exports = sums(importer, value, n), sums(exporter, value, n)
    domestic = domestic_supply(imports, exports, reexported, recorded)
    supply = imports + domestic
    return {
        "imports": imports,
        "exports": exports,
        "value": value,
        "domestic": domestic,
        "inflow_shares": stacked(value / supply[importer], importer, exporter, n),
        "link_weights": link_weights,
        "production": production_matrix(link_weights, domestic / supply),
    }
