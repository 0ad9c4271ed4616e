"""Changes of specialisation: the raw material of the test of links (docs/METHOD.md, section 3).

How far a country is specialised in importing or exporting a product, by rank among countries, with its size and its
general openness taken out, and from year to year: levels would make every pair of products look linked, since some
countries import and export much of everything.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.tables import NotEnoughData
from reeassets.trade.specialisation import specialisation_index

Floats = NDArray[np.float64]
# A permutation of fewer countries has too few outcomes for a p-value.
LEAST_COUNTRIES = 4
# Rounding leaves about 1e-15 of a product whose ranks do not move.
_FLAT = 1e-9


@dataclass(frozen=True)
class SpecialisationChanges:
    """Changes from year to year of the adjusted ranks of specialisation.

    Attributes
    ----------
    countries, products : list of str
        Axes.
    years : list of int
        Years that the changes are taken from.
    imports, exports : ndarray, shape (n_products, n_countries, n_changes)
        Changes of the import side and of the export side, scaled to unit norm per product; all zero for a product
        whose ranks do not change.
    n_left_out : int
        Countries with totals that do not trade in every year.
    """

    countries: list[str]
    products: list[str]
    years: list[int]
    imports: Floats
    exports: Floats
    n_left_out: int

    @property
    def n_changes(self) -> int:
        """Number of pairs of consecutive years."""
        return self.imports.shape[2]


def _ranks(values: Floats) -> Floats:
    """Average ranks down the first axis, scaled to [0,1]."""
    from scipy.stats import rankdata

    return (rankdata(values, axis=0) - 1.0) / (len(values) - 1.0)


def _without_size(values: Floats, size: Floats) -> Floats:
    """Residuals of the ranks of each column on the ranks of size, with intercept; shapes (n, p), (n,)."""
    ranks = _ranks(values)
    centred = ranks - ranks.mean(axis=0)
    regressor = _ranks(size[:, None])[:, 0]
    regressor = regressor - regressor.mean()
    variation = regressor @ regressor
    slope = (regressor @ centred) / variation if variation > 0 else np.zeros(centred.shape[1])
    return centred - np.outer(regressor, slope)


def adjusted_ranks(traded: Floats, totals: Floats, stays: NDArray[np.bool_], size: Floats) -> Floats:
    """Rank countries by specialisation in each product, with size and the mean over products taken out.

    Parameters
    ----------
    traded : ndarray, shape (n_countries, n_products)
        One side of a year's trade, of all countries that have totals, in thousand US$.
    totals : ndarray, shape (n_countries,)
        Their trade in all goods on that side.
    stays : ndarray of bool, shape (n_countries,)
        Which countries take part.
    size : ndarray, shape (n_participants,)
        Logarithm of a participant's total trade.

    Returns
    -------
    ndarray, shape (n_participants, n_products)
        Each row and each column has mean 0.
    """
    shape = traded.shape
    index = specialisation_index(
        traded,
        np.broadcast_to(totals[:, None], shape),
        np.broadcast_to(traded.sum(axis=0), shape),
        float(totals.sum()),
    )
    residuals = _without_size(np.log1p(index[stays]), size)
    return residuals - residuals.mean(axis=1, keepdims=True)


def specialisation_changes(
    flows: pd.DataFrame, country_totals: pd.DataFrame, products: list[str]
) -> SpecialisationChanges:
    """Compute the changes of adjusted specialisation ranks of all countries that trade in every year.

    Parameters
    ----------
    flows, country_totals : DataFrame
        Tables ``trade_flows`` and ``country_totals`` of the base years. Countries without totals take no part, and
        their trade does not count as the world's.
    products : list of str
        The products of the set.

    Raises
    ------
    NotEnoughData
        If fewer than four countries trade in every year, or no two years follow one another.
    """
    known = country_totals.dropna(subset=["exports_kusd", "imports_kusd"])
    years = sorted(int(year) for year in known["year"].unique())
    after = [place for place in range(1, len(years)) if years[place] == years[place - 1] + 1]
    if not after:
        raise NotEnoughData("no two years follow one another; the validation of links rests on changes between years")
    sides = [
        known.pivot_table(index="country", columns="year", values=name, aggfunc="sum", fill_value=0.0)
        for name in ("exports_kusd", "imports_kusd")
    ]
    size = sides[0] + sides[1]
    stays = (size > 0).all(axis=1).to_numpy()
    if stays.sum() < LEAST_COUNTRIES:
        raise NotEnoughData(
            f"only {stays.sum()} countries trade in every year; the validation of links needs at least "
            f"{LEAST_COUNTRIES}"
        )
    logarithm = np.log(size[stays].to_numpy())
    axes = _Axes(flows, size.index, products, years)
    levels = (
        np.stack(
            [
                adjusted_ranks(axes.traded(side, place), own[year].to_numpy(), stays, logarithm[:, place])
                for place, year in enumerate(years)
            ],
            axis=2,
        )
        for side, own in (("exporter", sides[0]), ("importer", sides[1]))
    )
    exports, imports = (_unit(np.diff(level, axis=2)[:, :, [place - 1 for place in after]]) for level in levels)
    return SpecialisationChanges(list(size.index[stays]), list(products), years, imports, exports, int((~stays).sum()))


class _Axes:
    """Flows as positions of countries, products and years."""

    def __init__(self, flows: pd.DataFrame, countries: pd.Index, products: list[str], years: list[int]):
        self._shape = (len(countries), len(products))
        self._product = pd.Index(products).get_indexer(flows["product"])
        self._year = pd.Index(years).get_indexer(flows["year"])
        self._country = {side: countries.get_indexer(flows[side]) for side in ("exporter", "importer")}
        self._value = flows["value_kusd"].to_numpy(dtype=float)

    def traded(self, side: str, place: int) -> Floats:
        """Sum a year's trade by country on a side and product, shape (n_countries, n_products)."""
        country = self._country[side]
        mine = (self._year == place) & (country >= 0) & (self._product >= 0)
        cell = country[mine] * self._shape[1] + self._product[mine]
        total: Floats = np.bincount(cell, self._value[mine], self._shape[0] * self._shape[1]).astype(np.float64)
        return total.reshape(self._shape)


def _unit(changes: Floats) -> Floats:
    """Put products first, and scale each to unit norm; shapes (n, p, t) to (p, n, t)."""
    ordered = np.ascontiguousarray(changes.transpose(1, 0, 2))
    norms = np.sqrt((ordered**2).sum(axis=(1, 2)))
    # A product nobody specialises in leaves rounding noise, which must not be blown up to a unit vector.
    flat = norms < _FLAT
    scaled: Floats = ordered / np.where(flat, 1.0, norms)[:, None, None]
    scaled[flat] = 0.0
    return scaled
