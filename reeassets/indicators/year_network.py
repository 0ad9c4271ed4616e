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
from reeassets.indicators.nodes import link_matrix, number_nodes, production_matrix, stacked, sums
from reeassets.indicators.solve import Solution, block_sum_norm, solve_contraction
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
    supply_shares : csr_array, shape (n, n)
        ``A[i, j] = v[i, j] / S[j]``; column sums are at most 1.
    inflow_shares : csr_array, shape (n, n)
        The transpose ``A'``, stored by rows as well.
    link_weights : csr_array, shape (n, n)
        ``w[p,q]`` in row (j, q) and column (j, p) for each accepted link ``p -> q`` whose both products j trades.
    production : csr_array, shape (n, n)
        ``d[j,q] w[p,q]`` in row (j, q) and column (j, p) for each accepted link ``p -> q`` (section 6).
    country_exports, country_imports : ndarray, shape (C,)
        Totals over all products; NaN where no total is known.
    world_exports, world_imports : float
        Their sums over all countries of the year that have totals, also those that trade nothing in the set.
    product_value : ndarray, shape (P,)
        World trade in each product.
    hazard_name : str
        Name of the hazard.
    hazard : ndarray, shape (C,)
        ``h`` of each country as a supplier, in [0, 1].
    settings : Settings
        Configuration; ``alpha`` and ``exposure`` are what counts here.
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
    supply_shares: csr_array = field(repr=False)
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
    ) -> "YearNetwork":
        """Build the network of one year.

        Parameters
        ----------
        flows, country_totals, product_totals : DataFrame
            The tables ``trade_flows``, ``country_totals`` and ``product_totals``, rows of one year, in any order.
        links : DataFrame
            The table ``io_links``; only accepted links count.
        hazard : Hazard
            Hazard of suppliers.
        settings : Settings
            Configuration.

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
        trade = _trade(nodes.exporter, nodes.importer, nodes.value, link_matrix(links, nodes))
        totals = validation.country_totals_of(
            country_totals, nodes.countries, nodes.country, trade["imports"], trade["exports"]
        )
        world = country_totals.sort_values("country")[["exports_kusd", "imports_kusd"]].sum()
        countries = [str(name) for name in nodes.countries]
        return cls(
            year=year,
            countries=countries,
            products=[str(name) for name in nodes.products],
            country=nodes.country,
            product=nodes.product,
            exporter=nodes.exporter,
            importer=nodes.importer,
            **trade,
            country_exports=totals["exports_kusd"].to_numpy(dtype=float),
            country_imports=totals["imports_kusd"].to_numpy(dtype=float),
            world_exports=float(world["exports_kusd"]),
            world_imports=float(world["imports_kusd"]),
            product_value=validation.product_totals_of(product_totals, nodes.products),
            hazard_name=hazard.name,
            hazard=validation.hazard_of(hazard, year, countries),
            settings=settings,
        )

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
        trade = _trade(self.exporter, self.importer, value, self.link_weights)
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
        values = validation.hazard_of(hazard, self.year, self.countries)
        if hazard.name == self.hazard_name and np.array_equal(values, self.hazard):
            return self
        return replace(self, hazard_name=hazard.name, hazard=values)

    @property
    def n_pairs(self) -> int:
        """Number of pairs (country, product) that trade."""
        return len(self.country)

    @property
    def alpha(self) -> float:
        """Damping."""
        return self.settings.alpha

    @cached_property
    def supply(self) -> Floats:
        """``S = M + D = max(M, X)`` of each pair, shape (n,)."""
        return np.maximum(self.imports, self.exports)

    @cached_property
    def domestic_share(self) -> Floats:
        """``d = D / S`` of each pair, in [0, 1], shape (n,)."""
        return (self.supply - self.imports) / self.supply

    @cached_property
    def direct_risk(self) -> Floats:
        """``r0 = A' h`` of each pair, in [0, 1], shape (n,)."""
        return self.inflow_shares @ self.hazard[self.country]

    @cached_property
    def systemic(self) -> Solution:
        """``(1 - alpha) R`` with ``R = A' (h + alpha R)``: the shared solve behind systemic and indirect risk."""
        return solve_contraction(self.inflow_shares, (1 - self.alpha) * self.direct_risk, self.alpha)

    @cached_property
    def multi_tier(self) -> Solution:
        """The fixed point of section 6 over countries and products together; without links it is :attr:`systemic`.

        The rows of ``A'`` sum to ``M / S`` and those of ``production`` to at most ``D / S``, so together to at most 1.
        """
        if self.production.nnz == 0:
            return self.systemic
        operator = csr_array(self.inflow_shares + self.production)
        return solve_contraction(operator, (1 - self.alpha) * self.direct_risk, self.alpha)

    @cached_property
    def propagation(self) -> Solution:
        """``z = (I - alpha A)^-1 s`` with ``s[j] = M[j,p] / M[p]``: the demand that reaches each supplier, all rounds.

        ``M[p]`` is the sum over the flows of the network, so that ``s`` sums to 1 for each product.
        """
        product_imports = np.bincount(self.product, self.imports, len(self.products))
        demand = self.imports / product_imports[self.product]
        return solve_contraction(
            self.supply_shares, demand, self.alpha, block_sum_norm(self.product, len(self.products))
        )

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


def _trade(exporter: Ints, importer: Ints, value: Floats, link_weights: csr_array) -> dict[str, Any]:
    """Return what follows from the values of the flows alone, by the name of the network's attribute."""
    n = link_weights.shape[0]
    imports, exports = sums(importer, value, n), sums(exporter, value, n)
    supply = np.maximum(imports, exports)
    shares = value / supply[importer]
    return {
        "imports": imports,
        "exports": exports,
        "value": value,
        "supply_shares": stacked(shares, exporter, importer, n),
        "inflow_shares": stacked(shares, importer, exporter, n),
        "link_weights": link_weights,
        "production": production_matrix(link_weights, (supply - imports) / supply),
    }
