"""Whether two stages differ by more than any two groups of products: stages permuted among the products.

Products are the sample: a stage with one odd product differs from the other in every country that trades it, and a test
over countries takes that for certainty. Aggregates under permuted stages are products of matrices, countries x products
times products x draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reeassets.indicators.aggregates import mean_weights, world_weights
from reeassets.indicators.contract import Indicator
from reeassets.indicators.paired import RELATIVE_ZERO

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

CONTRASTED = ("upstream", "input")
# With fewer products in a stage there is no test, whatever the numbers.
MINIMUM_PRODUCTS = 5
# Draws at a time: all numbers of a block stay in the processor's cache.
BLOCK = 125


@dataclass(frozen=True)
class Sheet:
    """The upstream and input products of one year, C countries by P products.

    Attributes
    ----------
    year : int
        Calendar year.
    countries, products : Index, shape (C,) and (P,)
        Those that trade, sorted.
    upstream : ndarray of bool, shape (P,)
        Which products are upstream; the others are input.
    traded : ndarray of bool, shape (C, P)
        Which pairs trade.
    imports : ndarray, shape (C, P)
        Imports, in thousand US$.
    materiality : ndarray, shape (P,)
        NaN where it is not known.
    matrices : dict of str to ndarray, shape (C, P)
        Indicators; NaN where a pair does not trade or has no value.
    """

    year: int
    countries: pd.Index
    products: pd.Index
    upstream: Bools
    traded: Bools
    imports: Floats
    materiality: Floats
    matrices: dict[str, Floats]

    @classmethod
    def of(
        cls, product_indicators: pd.DataFrame, stages: pd.Series, materiality: pd.Series, names: Sequence[str]
    ) -> "Sheet":
        """Lay out one year of the table ``product_indicators``; rows of other stages are left out."""
        stage = product_indicators["product"].map(stages)
        rows = product_indicators[stage.isin(CONTRASTED)]
        country, countries = pd.factorize(rows["country"], sort=True)
        product, products = pd.factorize(rows["product"], sort=True)
        places = country * len(products) + product

        def matrix(column: pd.Series, rest: float) -> Floats:
            filled = np.full((len(countries), len(products)), rest)
            filled.flat[places] = column.to_numpy(dtype=float)
            return filled

        return cls(
            year=int(product_indicators["year"].iloc[0]),
            countries=countries,
            products=products,
            upstream=(stages.reindex(products) == CONTRASTED[0]).to_numpy(),
            traded=matrix(rows["imports_kusd"] >= 0, 0.0) > 0,
            imports=matrix(rows["imports_kusd"], 0.0),
            materiality=materiality.reindex(products).to_numpy(dtype=float),
            matrices={name: matrix(rows[name], np.nan) for name in names},
        )

    def weights(self, indicator: Indicator, weighting: str) -> Floats:
        """Return the weight of each value in the means of its country, shape (C, P); 0 where there is none."""
        if indicator.aggregate == "world_mean":
            of_product = world_weights(weighting, self.imports.sum(axis=0), self.materiality)
            return np.broadcast_to(of_product, self.traded.shape)
        counted = ~np.isnan(self.matrices[indicator.name])
        materiality = np.broadcast_to(self.materiality, self.traded.shape)
        return np.where(counted, mean_weights(weighting, self.imports, materiality), 0.0)

    def weighted(self, indicator: Indicator, weighting: str) -> Bools:
        """Return which products have a value with a weight, shape (P,)."""
        weighted: Bools = np.any(self.weights(indicator, weighting) > 0, axis=0)
        return weighted


def permuted_stages(upstream: Bools, draws: int, seed: int) -> Bools:
    """Return which products are upstream: as they are in the first row, then permuted, shape (1 + draws, P)."""
    permuted = np.random.default_rng(seed).permuted(np.tile(upstream, (draws, 1)), axis=1)
    return np.concatenate([upstream[None, :], permuted])


@dataclass(frozen=True)
class _Sums:
    """Numbers to be summed over the products of a stage.

    Attributes
    ----------
    rows : ndarray, shape (P, C)
        The numbers, over all countries asked for; 0 for those without any.
    whole : ndarray, shape (C,)
        Their sums over all products.
    """

    rows: Floats
    whole: Floats

    @classmethod
    def of(cls, pairs: NDArray[Any], places: Ints, n_countries: int) -> "_Sums":
        """Lay out a matrix of countries by products whose countries have these places among all."""
        rows = np.zeros((pairs.shape[1], n_countries))
        rows[:, places] = pairs.T
        return cls(rows, rows.sum(axis=0))

    def by_stage(self, upstream: csr_array) -> tuple[Floats, Floats]:
        """Return the sums over upstream and over input products, shape (draws, C), for assignments (draws, P).

        Few products are upstream, so that their sums are cheap as a sparse product; those of input products are the
        rest, exact up to the rounding of the whole sum.
        """
        few = upstream @ self.rows
        return few, self.whole - few


@dataclass(frozen=True)
class _Mean:
    """What an indicator's means are quotients of, and which products say that a country is in a stage at all."""

    weighted: _Sums
    weights: _Sums
    present: _Sums


def _means(sheet: Sheet, indicators: Sequence[Indicator], weighting: str, countries: pd.Index) -> dict[str, _Mean]:
    """Lay out the means of indicators over these countries; indicators of the same weights share them."""
    places = countries.get_indexer(sheet.countries)
    lay_out = partial(_Sums.of, places=places, n_countries=len(countries))
    known: list[tuple[Floats, Bools, _Sums, _Sums]] = []
    found = {}
    for indicator in indicators:
        weights = sheet.weights(indicator, weighting)
        # A mean that counts what a country does not trade as 0 is still only that of a country with trade in the stage.
        present = sheet.traded if indicator.aggregate == "world_mean" else weights > 0
        same = (entry[2:] for entry in known if np.array_equal(entry[0], weights) and np.array_equal(entry[1], present))
        sums = next(same, None)
        if sums is None:
            sums = lay_out(weights), lay_out(present)
            known.append((weights, present, *sums))
        found[indicator.name] = _Mean(lay_out(weights * np.nan_to_num(sheet.matrices[indicator.name])), *sums)
    return found


def _differences(means: Mapping[str, _Mean], upstream: Bools) -> Iterator[tuple[str, Floats]]:
    """Yield each indicator with the difference input - upstream of the countries' means under each assignment.

    Parameters
    ----------
    means : mapping of str to _Mean
        Of one year.
    upstream : ndarray of bool, shape (draws, P)
        Which products are upstream; the others are input.

    Yields
    ------
    str, ndarray of shape (draws, C)
        NaN where a country has no value in a stage: the difference between rows of ``country_indicators`` if the stages
        were these.
    """
    assigned = csr_array(upstream.astype(np.float64))
    done: dict[int, tuple[Floats, ...]] = {}
    for name, mean in means.items():
        weights, present = (_once(done, sums, assigned) for sums in (mean.weights, mean.present))
        weighted = mean.weighted.by_stage(assigned)
        # Whether there is a weight is told by the number of products, which is exact where a rest of weights is not.
        missing = (present[0] < 1) | (present[1] < 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = weighted[1] / weights[1] - weighted[0] / weights[0]
        if missing.any():
            difference[missing] = np.nan
        yield name, difference


def _once(done: dict[int, tuple[Floats, ...]], sums: _Sums, assigned: csr_array) -> tuple[Floats, ...]:
    if id(sums) not in done:
        done[id(sums)] = sums.by_stage(assigned)
    return done[id(sums)]


def row_medians(values: Floats) -> Floats:
    """Return the median of each row without its missing values, shape (n,); NaN where all are missing."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    # Missing values are sorted to the end, so that the places of a row without any value hold a missing one.
    ordered, rows, counts = np.sort(values, axis=1), np.arange(len(values)), (~np.isnan(values)).sum(axis=1)
    return (ordered[rows, (counts - 1) // 2] + ordered[rows, counts // 2]) / 2


def permutation_p_value(statistics: Floats, scale: float) -> float:
    """Return ``(1 + #{|null| >= |observed|}) / (1 + draws)`` of the observed and then the null statistics, two-sided.

    Parameters
    ----------
    statistics : ndarray, shape (1 + draws,)
        The observed first. A null statistic that is missing counts as one at least as large.
    scale : float
        Size of the values behind them: what differs by less than rounding of it is equal.
    """
    observed, null = abs(statistics[0]), np.abs(statistics[1:])
    if np.isnan(observed):
        return float("nan")
    smaller = null < observed - RELATIVE_ZERO * scale
    return float((1 + (~smaller).sum()) / (1 + len(null)))


def median_differences(
    sheets: Sequence[Sheet], indicators: Sequence[Indicator], weighting: str, upstream: Sequence[Bools]
) -> dict[str, Floats]:
    """Return the median over countries of the difference input - upstream, each country's the mean over its years.

    Parameters
    ----------
    sheets : sequence of Sheet
        The years.
    indicators : sequence of Indicator
        Which.
    weighting : str
        One of :data:`reeassets.indicators.aggregates.WEIGHTINGS`.
    upstream : sequence of ndarray of bool, shape (draws, P)
        For each year, which of its products are upstream; the others are input.

    Returns
    -------
    dict of str to ndarray, shape (draws,)
        By indicator; NaN where no country has a value in both stages in any year.
    """
    countries = pd.Index(sorted({name for sheet in sheets for name in sheet.countries}), dtype="str")
    years = [_means(sheet, indicators, weighting, countries) for sheet in sheets]
    draws = len(upstream[0])
    medians = {indicator.name: np.empty(draws) for indicator in indicators}
    for start in range(0, draws, BLOCK):
        block = slice(start, start + BLOCK)
        for name, difference in _mean_differences(years, [assigned[block] for assigned in upstream]):
            medians[name][block] = row_medians(difference)
    return medians


def _mean_differences(years: Sequence[Mapping[str, _Mean]], upstream: Sequence[Bools]) -> Iterator[tuple[str, Floats]]:
    """Yield each indicator with the countries' mean differences over years; :func:`_differences` is of one year."""
    if len(years) == 1:
        yield from _differences(years[0], upstream[0])
        return
    sums: dict[str, Floats] = {}
    counts: dict[str, Floats] = {}
    for means, assigned in zip(years, upstream, strict=True):
        for name, difference in _differences(means, assigned):
            known = ~np.isnan(difference)
            sums[name] = sums.get(name, 0.0) + np.where(known, difference, 0.0)
            counts[name] = counts.get(name, 0.0) + known
    for name, total in sums.items():
        with np.errstate(invalid="ignore"):
            yield name, total / counts[name]


def product_tests(
    sheets: Sequence[Sheet], indicators: Sequence[Indicator], weighting: str, draws: int, seed: int
) -> dict[str, dict[str, float]]:
    """Test each indicator's median difference within countries, input - upstream, by permuting stages among products.

    A product is in the same stage in all years of a permutation, and as many products are in each as there are.

    Parameters
    ----------
    sheets : sequence of Sheet
        The years; a country's difference is its mean over them.
    indicators, weighting
        As in :func:`median_differences`.
    draws, seed : int
        Of the permutations.

    Returns
    -------
    dict of str to dict
        By indicator: ``n_upstream_products`` and ``n_input_products`` with a value that has a weight in some year, and
        ``p_value``, NaN where either is below :data:`MINIMUM_PRODUCTS`.
    """
    stage = {code: up for sheet in sheets for code, up in zip(sheet.products, sheet.upstream, strict=True)}
    products = pd.Index(sorted(stage), dtype="str")
    own = np.array([stage[code] for code in products], dtype=bool)
    places = [products.get_indexer(sheet.products) for sheet in sheets]
    found: dict[str, dict[str, float]] = {}
    for indicator in indicators:
        counted = np.zeros(len(products), dtype=bool)
        for sheet, place in zip(sheets, places, strict=True):
            counted[place] |= sheet.weighted(indicator, weighting)
        numbers = int((counted & own).sum()), int((counted & ~own).sum())
        found[indicator.name] = {
            "n_upstream_products": numbers[0],
            "n_input_products": numbers[1],
            "p_value": float("nan"),
        }
    tested = [
        indicator
        for indicator in indicators
        if min(found[indicator.name][f"n_{stage}_products"] for stage in CONTRASTED) >= MINIMUM_PRODUCTS
    ]
    if tested:
        permuted = permuted_stages(own, draws, seed)
        assigned = [permuted[:, place] for place in places]
        for name, medians in median_differences(sheets, tested, weighting, assigned).items():
            scale = max(float(np.nanmax(np.abs(sheet.matrices[name]), initial=0.0)) for sheet in sheets)
            found[name]["p_value"] = permutation_p_value(medians, scale)
    return found
