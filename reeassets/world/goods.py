"""The products of a world: real codes, with the stages and the input-output links that are planted among the set's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.settings import STAGES
from reeassets.trade.bundled import bundled_file
from reeassets.trade.nomenclature import nomenclature

REVISION = "HS07"
PRODUCTS_FILE = "world/products.csv"
LINKS_FILE = "world/links.csv"
# Median share of a set product in world trade; the whole set of 168 is about 2.5 % of it.
_MEDIAN_SHARE = 1.3e-4

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Goods:
    """The set's products of a world, sorted by code, and the candidate links among them.

    Attributes
    ----------
    table : DataFrame
        ``product, stage, application``.
    share : ndarray, shape (P,)
        Share of each product in world trade.
    unit_value : ndarray, shape (P,)
        Thousand US$ per tonne.
    links : DataFrame
        ``input, output, planted, elasticity``; the last is of the Balassa index of the output to the import intensity
        of the input, 0 for a decoy.
    loadings : ndarray, shape (P, P)
        ``elasticity`` in row of the input and column of the output.
    """

    table: pd.DataFrame
    share: Floats
    unit_value: Floats
    links: pd.DataFrame
    loadings: Floats

    @property
    def codes(self) -> list[str]:
        """Codes of the products, ascending."""
        return self.table["product"].tolist()

    @property
    def stage(self) -> NDArray[np.str_]:
        """Stage of each product, shape (P,)."""
        return self.table["stage"].to_numpy(dtype=str)

    @property
    def count(self) -> int:
        """Number of products."""
        return len(self.table)


def set_products() -> pd.DataFrame:
    """Return the 168 products of the generated worlds' set: ``product, stage, application``."""
    return pd.read_csv(bundled_file(PRODUCTS_FILE), dtype="str").sort_values("product", ignore_index=True)


def set_links() -> pd.DataFrame:
    """Return the candidate links among them: ``input, output, planted``."""
    return pd.read_csv(bundled_file(LINKS_FILE), dtype={"input": "str", "output": "str", "planted": "bool"})


def draw_goods(seed: int, count: int, link_strength: float, mix: str = "equal") -> Goods:
    """Draw the set's products of a world: all, or a part.

    Parameters
    ----------
    seed : int
        Seed of the world.
    count : int
        Number of products, at most 168.
    link_strength : float
        The effect ``links``. A product with ``k`` planted inputs has the elasticity ``link_strength / sqrt(k)`` to
        each, so that its inputs matter as much together whatever their number.

    Raises
    ------
    ValueError
        If there are fewer than 8 products or more than the set has.
    """
    known = set_products()
    if not 8 <= count <= len(known):
        raise ValueError(f"a world's set has 8 to {len(known)} products, not {count}")
    if mix not in MIXES:
        raise ValueError(f"the mix of stages is one of {', '.join(MIXES)}, not {mix!r}")
    generator = np.random.default_rng([seed, 2])
    luck = generator.permutation(len(known))
    table = known[_chosen(known["stage"].to_numpy(dtype=str), luck, MIXES[mix], count)].reset_index(drop=True)
    share = _MEDIAN_SHARE * np.exp(np.clip(generator.normal(0.0, 0.6, count), -1.2, 1.2))
    unit_value = np.exp(generator.normal(2.0, 1.5, count))
    links = set_links()
    inside = links["input"].isin(table["product"]) & links["output"].isin(table["product"])
    links = links[inside].sort_values(["input", "output"], ignore_index=True)
    inputs = links.groupby("output")["planted"].transform("sum").to_numpy(dtype=float)
    links["elasticity"] = np.where(links["planted"], link_strength / np.sqrt(np.maximum(inputs, 1.0)), 0.0)
    place = pd.Index(table["product"])
    loadings = np.zeros((count, count))
    loadings[place.get_indexer(links["input"]), place.get_indexer(links["output"])] = links["elasticity"]
    return Goods(table, share, unit_value, links, loadings)


def _equal(available: dict[str, int], count: int) -> dict[str, int]:
    """Give every stage as many products as the others, as far as there are: no stage of a small world is tiny."""
    places = dict.fromkeys(STAGES, 0)
    for _ in range(count):
        open_stages = [name for name in STAGES if places[name] < available[name]]
        places[min(open_stages, key=lambda name: places[name])] += 1
    return places


def _proportional(available: dict[str, int], count: int) -> dict[str, int]:
    """Give every stage its share of the set, by largest remainders."""
    exact = {name: count * available[name] / sum(available.values()) for name in STAGES}
    places = {name: int(exact[name]) for name in STAGES}
    for name in sorted(STAGES, key=lambda name: places[name] - exact[name])[: count - sum(places.values())]:
        places[name] += 1
    return places


MIXES: dict[str, Callable[[dict[str, int], int], dict[str, int]]] = {"equal": _equal, "ree168": _proportional}


def _chosen(
    stage: NDArray[np.str_], luck: Ints, mix: Callable[[dict[str, int], int], dict[str, int]], count: int
) -> NDArray[np.bool_]:
    """Choose products by their luck, as many of each stage as the mix says."""
    members = {name: np.flatnonzero(stage == name) for name in STAGES}
    chosen = np.zeros(len(stage), dtype=bool)
    for name, number in mix({name: len(members[name]) for name in STAGES}, count).items():
        chosen[members[name][np.argsort(luck[members[name]], kind="stable")[:number]]] = True
    return chosen


def other_products(seed: int, count: int) -> list[str]:
    """Return the codes of the background: ``count`` of the nomenclature's that are not in the set, ascending.

    Raises
    ------
    ValueError
        If there are not so many.
    """
    codes = nomenclature(REVISION)["product"]
    others = codes[~codes.isin(set_products()["product"])].sort_values(ignore_index=True)
    if not 1 <= count <= len(others):
        raise ValueError(f"{REVISION} has {len(codes)} products, {len(others)} outside the set; {count} were asked for")
    order = np.random.default_rng([seed, 3]).permutation(len(others))
    return sorted(others.iloc[order[:count]])
