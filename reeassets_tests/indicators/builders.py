"""Small networks for the tests of this stage."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reeassets.indicators.hazards import UNIFORM
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import Settings

P, Q, T = "280530", "850511", "850231"
Flow = tuple[str, str, str, float]


@dataclass(frozen=True)
class FixedHazard:
    """A hazard given country by country."""

    values: dict[str, float]
    name: str = "fixed"
    description: str = "given"

    def hazard(self, year, countries):
        return np.array([self.values[country] for country in countries])

    def data_files(self):
        return []


def flow_frame(flows: list[Flow], year: int = 2010) -> pd.DataFrame:
    frame = pd.DataFrame(flows, columns=["exporter", "importer", "product", "value_kusd"])
    frame = frame.astype({"exporter": "str", "importer": "str", "product": "str", "value_kusd": "float64"})
    frame.insert(0, "year", year)
    return frame.assign(quantity_t=np.nan)


def totals_of(flows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return country and product totals as if there were no other products."""
    exports = flows.groupby("exporter")["value_kusd"].sum().rename("exports_kusd")
    imports = flows.groupby("importer")["value_kusd"].sum().rename("imports_kusd")
    countries = pd.concat([exports, imports], axis=1).fillna(0.0).rename_axis("country").reset_index()
    products = flows.groupby("product")["value_kusd"].sum().reset_index()
    year = flows["year"].iloc[0] if len(flows) else 2010
    return countries.assign(year=year, basis="set only"), products.assign(year=year, basis="set only")


def link_frame(links: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(links, columns=["input", "output", "weight"])
    return frame.astype({"input": "str", "output": "str", "weight": "float64"}).assign(in_network=True)


def reexport_frame(shares) -> pd.DataFrame:
    frame = pd.DataFrame({"country": list(shares), "share": list(shares.values()), "source": "given"})
    return frame.astype({"country": "str", "share": "float64"})


def all_reexport(flows) -> dict[str, float]:
    """Everybody re-exports all that it both buys and sells."""
    return dict.fromkeys(sorted({name for flow in flows for name in flow[:2]}), 1.0)


def network(flows, links=(), hazard=UNIFORM, totals=None, reexports=None, production=None, **settings) -> YearNetwork:
    """Build a network; ``reexports`` by country, ``production`` in thousand US$ by (country, product)."""
    frame = flows if isinstance(flows, pd.DataFrame) else flow_frame(list(flows))
    country_totals, product_totals = totals or totals_of(frame)
    made = pd.DataFrame(
        [(*pair, amount) for pair, amount in (production or {}).items()],
        columns=["country", "product", "production_kusd"],
    )
    return YearNetwork.build(
        frame,
        country_totals,
        product_totals,
        link_frame(list(links)),
        hazard,
        Settings(home="unused", **settings),
        reexport_frame(reexports or {}),
        made,
    )


@dataclass(frozen=True)
class Dense:
    """One product as dense matrices, by the formulas of docs/METHOD.md alone."""

    names: list[str]
    v: np.ndarray
    M: np.ndarray
    X: np.ndarray
    D: np.ndarray
    S: np.ndarray
    A: np.ndarray

    @classmethod
    def of(cls, flows, product, reexports=None, production=None) -> "Dense":
        names = sorted({name for flow in flows if flow[2] == product for name in flow[:2]})
        at = {name: position for position, name in enumerate(names)}
        v = np.zeros((len(names), len(names)))
        for exporter, importer, traded, value in flows:
            if traded == product:
                v[at[exporter], at[importer]] += value
        M, X = v.sum(axis=0), v.sum(axis=1)
        rho = np.array([(reexports or {}).get(name, 0.0) for name in names])
        P = np.array([(production or {}).get((name, product), 0.0) for name in names])
        D = np.maximum(X - rho * np.minimum(M, X), P)
        return cls(names, v, M, X, D, M + D, v / (M + D))

    def losses(self, failing, b, more=0.0) -> np.ndarray:
        """``L = A' (n + (1 - n) b L) + more``."""
        identity = np.eye(len(self.names))
        return np.linalg.solve(identity - b * self.A.T * (1 - failing), self.A.T @ failing + more)

    def influence(self, b) -> np.ndarray:
        """The loss of all others when one supplier delivers nothing, supplier by supplier."""
        found = []
        for supplier, one in enumerate(np.eye(len(self.names))):
            lost = self.S * self.losses(one, b)
            found.append((lost.sum() - lost[supplier]) / self.M.sum())
        return np.array(found)


def by_pair(network: YearNetwork, values) -> dict[tuple[str, str], float]:
    pairs = network.pairs()
    return dict(zip(zip(pairs["country"], pairs["product"], strict=True), np.asarray(values).tolist(), strict=True))


def random_flows(seed: int, n_countries: int = 12, n_products: int = 4, density: float = 0.4) -> list[Flow]:
    rng = np.random.default_rng(seed)
    countries = [f"C{a}{b}" for a in "AB" for b in "0123456789"][:n_countries]
    return [
        (exporter, importer, f"{250000 + product:06d}", float(np.exp(rng.normal(3, 2))))
        for product in range(n_products)
        for exporter in countries
        for importer in countries
        if exporter != importer and rng.random() < density
    ]
