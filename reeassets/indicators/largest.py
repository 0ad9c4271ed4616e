"""The largest supplier of each economy in each product and stage of a year, by who made it and by who sold it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.nodes import sums
from reeassets.indicators.origins import origins_by_product
from reeassets.indicators.supply import domestic_supply
from reeassets.indicators.year_network import YearNetwork
from reeassets.settings import STAGES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Names:
    """Economies and items of all years: an item is a product of the set, or, after these, a stage.

    Attributes
    ----------
    economies, products : list of str
        Sorted.
    stage_of : ndarray of int, shape (P,)
        Position of each product's stage in ``STAGES``.
    """

    economies: list[str]
    products: list[str]
    stage_of: Ints

    @classmethod
    def of(cls, economies: Iterable[str], stages: pd.Series) -> "Names":
        """Return the names, from the economies and the stage of each product by code."""
        ordered = stages.sort_index()
        stage_of = np.array([STAGES.index(stage) for stage in ordered], dtype=np.int64)
        return cls(sorted(set(economies)), [str(code) for code in ordered.index], stage_of)


@dataclass
class LargestOfYear:
    """The largest suppliers of a year; ``n`` rows, sorted by item and buyer, for what is imported.

    The supplier is the other economy with the largest ultimate share, the seller that with the largest direct share:
    goods of an economy's own that come back are no dependence on others.

    Attributes
    ----------
    year : int
        Calendar year.
    item, buyer, supplier, seller : ndarray of int, shape (n,)
        Positions in :class:`Names`; :data:`NOBODY` where no other maker is known.
    rows : dict of str to ndarray, shape (n,)
        ``imports_kusd``, ``supply_kusd``, ``largest_seller_share``; the supplier's ``ultimate_share`` and
        ``direct_share``, ``all_share`` (with full re-exports) and, of supply without and with full re-exports,
        ``none_of_supply`` and ``all_of_supply``; NaN without a supplier.
    history : ndarray, shape (n, w)
        The supplier's ultimate share ``k`` years ago in column ``k``; 0 where it supplied nothing, NaN where nothing
        was imported or the year has not been looked at.
    """

    year: int
    item: Ints
    buyer: Ints
    supplier: Ints
    seller: Ints
    rows: dict[str, Floats]
    history: Floats

    @classmethod
    def of(
        cls, network: YearNetwork, names: Names, buyer: str | None, recent: Sequence["LargestOfYear"], window: int
    ) -> "LargestOfYear":
        """Look at one year, and fill it into the history of later ones.

        Parameters
        ----------
        network : YearNetwork
            Of the year.
        names : Names
            Of all years.
        buyer : str or None
            The one economy whose imports are looked at; None for all.
        recent : sequence of LargestOfYear
            Later years of the same kind of network; their ``history`` is changed.
        window : int
            Columns of the history.
        """
        return _Year(network, names, buyer, recent).look(window)


class _Year:
    """One year being looked at."""

    def __init__(self, network: YearNetwork, names: Names, buyer: str | None, recent: Sequence[LargestOfYear]):
        self.network, self.names, self.buyer, self.recent = network, names, buyer, recent
        self.economy, self.item = self._positions()
        self.asked = None if buyer is None else np.asarray(network.countries)[network.country] == buyer
        none, everything = (
            domestic_supply(network.imports, network.exports, np.full(network.n_pairs, rho), network.recorded)
            for rho in (0.0, 1.0)
        )
        # As set, and without and with full re-exports.
        self.supplies = np.stack([network.supply, network.imports + none, network.imports + everything])
        n, stage = len(names.economies), names.stage_of[self.item]
        of_stage = stage * n + self.economy
        self.stage_supplies = np.stack([sums(of_stage, supply, len(STAGES) * n) for supply in self.supplies])
        self.stage_supplies = self.stage_supplies.reshape(3, len(STAGES), n)
        # What each economy buys from, and what in it was made by, each other one.
        bought = (stage[network.importer] * n + self.economy[network.importer]) * n + self.economy[network.exporter]
        self.stage_direct = sums(bought, network.value, len(STAGES) * n * n).reshape(len(STAGES), n, n)
        self.stage_ultimate = np.zeros_like(self.stage_direct)
        self.stage_imports = self.stage_direct.sum(axis=2)
        self.parts: list[dict[str, NDArray[Any]]] = [_part(0, *_NOTHING)]

    def _positions(self) -> tuple[Ints, Ints]:
        """Return economy and item of each pair."""
        network, places = self.network, []
        for known, used in ((self.names.economies, network.countries), (self.names.products, network.products)):
            place = pd.Index(known).get_indexer(pd.Index(used))
            if (place < 0).any():
                missing = ", ".join(np.asarray(used)[place < 0])
                raise ValueError(f"{network.year}: {missing} trade, but are no economy, or have no stage in the set")
            places.append(place)
        return places[0][network.country], places[1][network.product]

    def look(self, window: int) -> LargestOfYear:
        network = self.network
        for found in origins_by_product(network, network.reexported, buyers=self.asked):
            importers, product = found.importers, int(self.item[found.importers[0]])
            buyers, makers = self.economy[importers], self.economy[found.exporters]
            imports = network.imports[importers]
            self._add(product, buyers, makers, imports, self.supplies[:, importers], found.direct, found.ultimate)
            self.stage_ultimate[self.names.stage_of[product]][np.ix_(buyers, makers)] += (
                found.ultimate * imports[:, None]
            )
        everybody = np.arange(len(self.names.economies))
        for stage in range(len(STAGES)):
            imported = self.stage_imports[stage] > 0
            if self.buyer is not None:
                imported &= np.asarray(self.names.economies) == self.buyer
            buyers = np.flatnonzero(imported)
            imports, supplies = self.stage_imports[stage, buyers], self.stage_supplies[:, stage, buyers]
            direct, ultimate = (of[stage, buyers] / imports[:, None] for of in (self.stage_direct, self.stage_ultimate))
            self._add(len(self.names.products) + stage, buyers, everybody, imports, supplies, direct, ultimate)
        return self._finished(window)

    def _add(
        self, item: int, buyers: Ints, makers: Ints, imports: Floats, supplies: Floats, direct: Floats, ultimate: Floats
    ) -> None:
        if len(buyers):
            self.parts.append(_part(item, buyers, makers, imports, supplies, direct, ultimate))
            self._look_back(item, buyers, makers, ultimate)

    def _look_back(self, item: int, buyers: Ints, makers: Ints, ultimate: Floats) -> None:
        row_of, column_of = np.full((2, len(self.names.economies)), NOBODY)
        row_of[buyers], column_of[makers] = np.arange(len(buyers)), np.arange(len(makers))
        for later in self.recent:
            of_item = slice(*np.searchsorted(later.item, [item, item + 1]))
            row, supplier = row_of[later.buyer[of_item]], later.supplier[of_item]
            column = column_of[supplier]
            share = np.where(column == NOBODY, 0.0, ultimate[row, column])
            unknown = (row == NOBODY) | (supplier == NOBODY)
            later.history[of_item, later.year - self.network.year] = np.where(unknown, np.nan, share)

    def _finished(self, window: int) -> LargestOfYear:
        columns = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        places = {name: columns.pop(name).astype(np.int64) for name in ("item", "buyer", "supplier", "seller")}
        history = np.full((len(places["item"]), window), np.nan)
        history[:, 0] = columns["ultimate_share"]
        made = LargestOfYear(self.network.year, **places, rows=columns, history=history)
        full = self._shares_with_full_reexports(made)
        imports, none, everything = (columns[name] for name in ("imports_kusd", "supply_none", "supply_all"))
        columns |= {
            "all_share": full,
            "none_of_supply": columns["direct_share"] * imports / none,
            "all_of_supply": full * imports / everything,
        }
        return made

    def _shares_with_full_reexports(self, made: LargestOfYear) -> Floats:
        """Return the suppliers' ultimate shares if all re-export all they can, shape (n,); no other is solved for."""
        n_products, share = len(self.names.products), np.full(len(made.item), np.nan)
        stage_supplier = np.full(self.stage_imports.shape, NOBODY)
        of_stage = made.item >= n_products
        stage_supplier[made.item[of_stage] - n_products, made.buyer[of_stage]] = made.supplier[of_stage]
        # The last column is nobody's.
        wanted = np.zeros((n_products, len(self.names.economies) + 1), dtype=bool)
        wanted[made.item[~of_stage], made.supplier[~of_stage]] = True
        for stage in range(len(STAGES)):
            wanted[np.ix_(self.names.stage_of == stage, np.unique(stage_supplier[stage]))] = True
        stage_values = np.zeros(self.stage_imports.shape)
        everything = np.ones(len(self.network.countries))
        for found in origins_by_product(
            self.network, everything, buyers=self.asked, makers=wanted[self.item, self.economy]
        ):
            product, buyers = int(self.item[found.importers[0]]), self.economy[found.importers]
            column_of = np.full(len(self.names.economies) + 1, NOBODY)
            column_of[self.economy[found.exporters]] = np.arange(len(found.exporters))
            # Who supplies nothing of the product has the last column, of zeros.
            made_by = np.hstack([found.ultimate, np.zeros((len(buyers), 1))])
            row = np.arange(len(buyers))
            of_item = slice(*np.searchsorted(made.item, [product, product + 1]))
            share[of_item] = made_by[row, column_of[made.supplier[of_item]]]
            stage = self.names.stage_of[product]
            of_largest = made_by[row, column_of[stage_supplier[stage, buyers]]]
            stage_values[stage, buyers] += of_largest * self.network.imports[found.importers]
        stages, buyers = made.item[of_stage] - n_products, made.buyer[of_stage]
        share[of_stage] = stage_values[stages, buyers] / self.stage_imports[stages, buyers]
        return np.where(made.supplier == NOBODY, np.nan, share)


_NOTHING = (
    *(np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64), np.empty(0)),
    *(np.empty((3, 0)), np.empty((0, 1)), np.empty((0, 1))),
)


def _part(
    item: int, buyers: Ints, makers: Ints, imports: Floats, supplies: Floats, direct: Floats, ultimate: Floats
) -> dict[str, NDArray[Any]]:
    """Return the rows of one item: each buyer's largest other maker and seller."""
    row, foreign = np.arange(len(buyers)), ultimate.copy()
    foreign[buyers[:, None] == makers] = 0.0
    # Nobody buys from itself.
    largest, seller = foreign.argmax(axis=1), direct.argmax(axis=1)
    known = foreign[row, largest] > 0
    return {
        "item": np.full(len(buyers), item),
        "buyer": buyers,
        "supplier": np.where(known, makers[largest], NOBODY),
        "seller": makers[seller],
        "imports_kusd": imports,
        "supply_kusd": supplies[0],
        "supply_none": supplies[1],
        "supply_all": supplies[2],
        "ultimate_share": np.where(known, ultimate[row, largest], np.nan),
        "direct_share": np.where(known, direct[row, largest], np.nan),
        "largest_seller_share": direct[row, seller],
    }
