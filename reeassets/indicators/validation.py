"""What the inputs of a year's network must satisfy; every broken rule is a ValueError that names the offenders."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import ROUNDING, Hazard, PairHazard

if TYPE_CHECKING:
    from reeassets.indicators.nodes import Nodes
    from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]
# How many offenders a message names.
_NAMED = 5


def _named(offenders: Iterable[object]) -> str:
    names = [str(name) for name in offenders]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def single_year(*frames: pd.DataFrame) -> int:
    """Return the one year all frames are of; 0 if none has a row.

    Raises
    ------
    ValueError
        If there is more than one.
    """
    years = sorted({int(year) for frame in frames for year in frame["year"].unique()})
    if len(years) > 1:
        raise ValueError(f"a network is of one year, the tables hold {_named(years)}")
    return years[0] if years else 0


def check_flows(flows: pd.DataFrame) -> None:
    """Raise ValueError if a flow lacks a key, is not positive and finite, or stays inside a country."""
    nameless = flows[flows[["exporter", "importer", "product"]].isna().any(axis=1)]
    if len(nameless):
        raise ValueError(
            f"{len(nameless)} flow(s) without exporter, importer or product, e.g. {nameless.iloc[0].to_dict()}"
        )
    value = flows["value_kusd"].to_numpy(dtype=float)
    broken = flows[~(np.isfinite(value) & (value > 0))]
    if len(broken):
        raise ValueError(f"{len(broken)} flow(s) without a positive finite value, e.g. {broken.iloc[0].to_dict()}")
    inside = flows[(flows["exporter"] == flows["importer"]).to_numpy()]
    if len(inside):
        raise ValueError(f"{len(inside)} flow(s) stay inside a country: {_named(inside['exporter'].unique())}")


def check_once(flows: pd.DataFrame, order: NDArray[np.intp], codes: Sequence[NDArray[np.int64]]) -> None:
    """Raise ValueError if a flow appears twice.

    Parameters
    ----------
    flows : DataFrame
        The flows.
    order : ndarray of int, shape (m,)
        Their positions, sorted by key.
    codes : sequence of ndarray of int, shape (m,)
        The parts of the key in that order: comparing neighbours costs a tenth of comparing texts.
    """
    same = np.logical_and.reduce([part[1:] == part[:-1] for part in codes])
    if same.any():
        first = flows.iloc[order[1:][same][0]]
        raise ValueError(f"{int(same.sum())} flow(s) appear twice, e.g. {first.to_dict()}")


def _by_key(frame: pd.DataFrame, key: str, wanted: pd.Index, table: str) -> pd.DataFrame:
    if frame[key].duplicated().any():
        raise ValueError(f"{table} holds a {key} twice: {_named(frame.loc[frame[key].duplicated(), key])}")
    missing = wanted.difference(pd.Index(frame[key]))
    if len(missing):
        raise ValueError(f"no row in {table} for the {key} of a flow: {_named(missing)}")
    return frame.set_index(key).loc[wanted]


def country_totals_of(
    country_totals: pd.DataFrame, countries: pd.Index, country: NDArray[np.int64], imports: Floats, exports: Floats
) -> pd.DataFrame:
    """Return the totals of the trading countries, in their order; NaN where none is known.

    Raises
    ------
    ValueError
        If a country has no row, a total is negative, or a country trades in a direction whose total is 0.
    """
    totals = _by_key(country_totals, "country", countries, "country_totals")
    for name, traded in (("exports_kusd", exports), ("imports_kusd", imports)):
        total = totals[name].to_numpy(dtype=float)
        trades = np.bincount(country, traded, len(countries)) > 0
        broken = np.isinf(total) | (total < 0) | (trades & (total == 0))
        if broken.any():
            raise ValueError(
                f"country_totals.{name} is infinite, negative, or 0 despite flows: {_named(countries[broken])}"
            )
    return totals


def product_totals_of(product_totals: pd.DataFrame, products: pd.Index) -> Floats:
    """Return world trade in each traded product, shape (P,).

    Raises
    ------
    ValueError
        If a product has no row or its total is not positive and finite.
    """
    total = _by_key(product_totals, "product", products, "product_totals")["value_kusd"].to_numpy(dtype=float)
    broken = ~(np.isfinite(total) & (total > 0))
    if broken.any():
        raise ValueError(f"product_totals.value_kusd is missing or not positive: {_named(products[broken])}")
    return total


def hazard_of(hazard: Hazard, network: "YearNetwork") -> Floats:
    """Return the hazard of each pair as a supplier, shape (n,); an empty year is not asked for.

    Raises
    ------
    ValueError
        If the shape is wrong, or a value is missing or outside [0, 1].
    """
    if not network.countries:
        return np.empty(0)
    by_pair = isinstance(hazard, PairHazard)
    wanted = network.n_pairs if by_pair else len(network.countries)
    found = (
        hazard.of_pairs(network) if isinstance(hazard, PairHazard) else hazard.hazard(network.year, network.countries)
    )
    values = np.asarray(found, dtype=float)
    if values.shape != (wanted,):
        raise ValueError(f"hazard {hazard.name}: shape {values.shape} instead of ({wanted},)")
    broken = ~((values >= 0) & (values <= 1))
    if broken.any():
        names = np.array(network.countries)
        named = _named(names[network.country][broken] if by_pair else names[broken])
        raise ValueError(f"hazard {hazard.name} is missing or outside [0, 1]: {named}")
    return values if by_pair else values[network.country]


def reexported_of(reexports: pd.DataFrame | None, countries: pd.Index) -> Floats:
    """Return the re-exported share of each trading country, 0 where the table has no row, shape (C,).

    Raises
    ------
    ValueError
        If a country stands twice or a share is outside [0, 1].
    """
    if reexports is None or reexports.empty:
        return np.zeros(len(countries))
    if reexports["country"].duplicated().any() or not reexports["share"].between(0, 1).all():
        raise ValueError("reexport_shares holds a country twice or a share outside [0, 1]")
    shares: Floats = reexports.set_index("country")["share"].reindex(countries, fill_value=0.0).to_numpy(dtype=float)
    return shares


def recorded_of(production: pd.DataFrame | None, nodes: "Nodes") -> Floats:
    """Return the value of recorded production of each pair that trades, 0 where none is recorded, shape (n,).

    Raises
    ------
    ValueError
        If a country and product stand twice or a value is negative or not finite.
    """
    values = np.zeros(nodes.n)
    if production is None or production.empty:
        return values
    amount = production["production_kusd"].to_numpy(dtype=float)
    if production.duplicated(["country", "product"]).any() or not (np.isfinite(amount) & (amount >= 0)).all():
        raise ValueError("production holds a country and product twice, or a value that is negative or not finite")
    country = nodes.countries.get_indexer(pd.Index(production["country"]))
    product = nodes.products.get_indexer(pd.Index(production["product"]))
    known = (country >= 0) & (product >= 0)
    node = nodes.node_of[country[known], product[known]]
    values[node[node >= 0]] = amount[known][node >= 0]
    return values


def network_links(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links of the network ``input, output, weight`` sorted by key.

    Raises
    ------
    ValueError
        If a link appears twice, a weight is negative or missing, or an output's weights sum to more than 1.
    """
    inside = links.loc[links["in_network"].to_numpy(dtype=bool), ["input", "output", "weight"]]
    inside = inside.sort_values(["output", "input"], ignore_index=True)
    if inside.duplicated(["input", "output"]).any():
        raise ValueError("a link of the network appears twice")
    weight = inside["weight"].to_numpy(dtype=float)
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("a link of the network has a weight that is missing or negative")
    sums = inside.groupby("output", observed=True)["weight"].sum()
    if (sums > 1 + ROUNDING).any():
        raise ValueError(
            f"the weights of an output's links sum to more than 1: {_named(sums.index[sums > 1 + ROUNDING])}"
        )
    return inside
