"""One event-study regression: slopes by relative year, and the wild cluster bootstrap by country behind its tests.

Country-product and product-year effects are removed exactly. What a draw of the bootstrap changes is linear in its
weights, one per country, so that no draw is a regression of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.event_panel import REFERENCE
from reeassets.models.linear import independent_columns
from reeassets.models.wild import ENOUGH_FOR_RADEMACHER, draw_weights
from reeassets.models.within import RANK_TOLERANCE, within_transform

# Steps of the bisection that finds an end of an interval: to a billionth of where it starts.
_STEPS = 40

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class _Moves:
    """What the scores of a hypothesis become under the weights, for one part of the restricted residuals.

    Attributes
    ----------
    numerator : ndarray, shape (draws,)
        What the estimate is beside its hypothesised value.
    scores : ndarray, shape (G, draws)
        Scores of the clusters after the whole regression of the draw.
    """

    numerator: Floats
    scores: Floats


class EventFit:
    """Least squares of an outcome on exposure times relative year, without country-product and product-year effects.

    The test of a hypothesis is the restricted wild cluster bootstrap (WCR; Cameron, Gelbach & Miller 2008): the outcome
    of a draw is the restricted fit plus the restricted residuals times the weight of their country (Rademacher, with
    fewer than 12 countries Webb), and the whole regression, its effects included, is that of the draw. Statistics are
    studentised by the variance clustered by country. A joint hypothesis is tested by the largest absolute t statistic
    among its coefficients, with all of them restricted to 0 at once (max-t; Westfall & Young 1993), which stays defined
    where the covariance of many coefficients over few clusters does not.

    Parameters
    ----------
    rows : DataFrame
        From :func:`reeassets.models.event_panel.event_rows`.
    draws, seed : int
        Draws of the bootstrap, and their seed; all tests share them.

    Attributes
    ----------
    years : tuple of int
        Relative years with a coefficient, ascending: all that occur but the reference.
    coefficients : ndarray, shape (k,)
        Change of the outcome from the reference year for an importer that bought everything from the restricting
        country, against one that bought nothing.
    effective_clusters : ndarray, shape (k,)
        ``(sum l)^2 / sum l^2`` over the countries' shares ``l`` in what identifies a coefficient (Carter, Schnepel &
        Steigerwald 2017).

    Raises
    ------
    ValueError
        If the coefficients are not identified; the message says why.
    """

    def __init__(self, rows: pd.DataFrame, draws: int, seed: int):
        relative = rows["relative_year"].to_numpy()
        self.years = tuple(sorted(int(year) for year in set(relative) if year != REFERENCE))
        country, names = pd.factorize(rows["country"], sort=True)
        if (np.diff(country) < 0).any():
            raise ValueError("rows must be sorted by country")
        self._starts = np.concatenate([[0], np.flatnonzero(np.diff(country)) + 1])
        self._country = country.astype(np.int64)
        self._clusters = len(names)
        self._product = pd.factorize(rows["product"], sort=True)[0].astype(np.int64)
        self._year = pd.factorize(rows["year"], sort=True)[0].astype(np.int64)
        self._product_year = np.unique(self._product * (self._year.max() + 1) + self._year, return_inverse=True)[1]
        if len(np.unique(self._country * (self._product_year.max() + 1) + self._product_year)) < len(rows):
            raise ValueError("a country, product and year stand twice")
        raw = rows["exposure"].to_numpy(float)[:, None] * (relative[:, None] == np.array(self.years))
        regressors = self._within(raw)
        cross = regressors.T @ regressors
        # Products are few: a regressor that the effects explain leaves rounding of its own size.
        if len(independent_columns(cross, (raw**2).sum(axis=0))) < len(self.years):
            raise ValueError("shares bought do not vary between importers in every year")
        outcome = self._within(rows["outcome"].to_numpy(float)[:, None])[:, 0]
        self._bread = np.linalg.inv(cross)
        self._regressors = regressors
        self.coefficients = self._bread @ (regressors.T @ outcome)
        self._residual = outcome - regressors @ self.coefficients
        # Column j times the outcome is coefficient j.
        self._directions = regressors @ self._bread
        self._draws, self._seed = draws, seed

    @cached_property
    def effective_clusters(self) -> Floats:
        """Effective number of countries behind each coefficient, shape (k,)."""
        shares = self._by_country(self._directions**2)
        return np.asarray(shares.sum(axis=0) ** 2 / (shares**2).sum(axis=0))

    def p_value(self, year: int, value: float = 0.0) -> float:
        """Return the p-value of the hypothesis that the coefficient of a relative year has a value."""
        place = self.years.index(year)
        return self._p_value(place, float(self.coefficients[place]) - value)

    def interval(self, year: int, level: float) -> tuple[float, float]:
        """Return the values of a coefficient whose p-value is above ``level``: the test turned round."""
        place = self.years.index(year)
        estimate = float(self.coefficients[place])
        low, high = (self._reach(place, side, level) for side in (1.0, -1.0))
        return estimate - low, estimate - high

    def joint_p_value(self, pairs: Sequence[tuple[int, int]]) -> float:
        """Return the p-value of the hypothesis that both relative years of every pair have the same coefficient.

        Parameters
        ----------
        pairs : sequence of (int, int)
            Relative years, the reference year (whose coefficient is 0) among them.
        """
        contrasts = np.zeros((len(self.years), len(pairs)))
        for column, (year, other) in enumerate(pairs):
            for sign, one in ((1.0, year), (-1.0, other)):
                if one != REFERENCE:
                    contrasts[self.years.index(one), column] += sign
        directions, estimates = self._directions @ contrasts, contrasts.T @ self.coefficients
        moved = directions @ np.linalg.solve(contrasts.T @ self._bread @ contrasts, estimates)
        largest = np.zeros(self._draws)
        for move in self._moves(self._residual + moved, directions):
            largest = np.maximum(largest, np.abs(move.numerator) / np.sqrt((move.scores**2).sum(axis=0)))
        return self._share(largest, float(np.abs(estimates / self._spread_of(directions)).max()))

    def _spread_of(self, directions: Floats) -> Floats:
        """Return standard errors without a factor for few clusters, which is the same for the draws."""
        scores = self._by_country(directions * self._residual[:, None])
        return np.asarray(np.sqrt((scores**2).sum(axis=0)))

    @cached_property
    def _spread(self) -> Floats:
        return self._spread_of(self._directions)

    @cached_property
    def _weights(self) -> Floats:
        return draw_weights(self._clusters, self._draws, self._seed, self._clusters >= ENOUGH_FOR_RADEMACHER)

    @cached_property
    def _of_residual(self) -> list[_Moves]:
        return self._moves(self._residual, self._directions)

    @cached_property
    def _of_hypothesis(self) -> list[_Moves]:
        """What imposing a value adds to the residuals, per unit that the estimate is away from it."""
        own = self._directions / np.diag(self._bread)
        return [self._moves(own[:, place], self._directions[:, [place]])[0] for place in range(len(self.years))]

    def _p_value(self, place: int, distance: float) -> float:
        fixed, moved = self._of_residual[place], self._of_hypothesis[place]
        scores = self._products[place]
        variance = scores[0] + 2.0 * distance * scores[1] + distance**2 * scores[2]
        drawn = np.abs(fixed.numerator + distance * moved.numerator) / np.sqrt(variance)
        return self._share(drawn, abs(distance) / float(self._spread[place]))

    @cached_property
    def _products(self) -> list[tuple[Floats, Floats, Floats]]:
        """Sums over clusters that the variance of every draw is made of, for any distance."""
        pairs = zip(self._of_residual, self._of_hypothesis, strict=True)
        return [
            ((a.scores**2).sum(axis=0), (a.scores * b.scores).sum(axis=0), (b.scores**2).sum(axis=0)) for a, b in pairs
        ]

    def _reach(self, place: int, side: float, level: float) -> float:
        """Return how far from the estimate, on one side, the p-value falls to the level."""
        inner, outer = 0.0, side * 4.0 * float(self._spread[place])
        # A draw's statistic stays finite however far the hypothesis is; the data's own does not.
        while self._p_value(place, outer) > level:
            inner, outer = outer, 2.0 * outer
        for _ in range(_STEPS):
            middle = (inner + outer) / 2.0
            inner, outer = (middle, outer) if self._p_value(place, middle) > level else (inner, middle)
        return outer

    def _share(self, drawn: Floats, own: float) -> float:
        """Return the share of draws at least as large as the data's own, itself counted as one; ties are equal."""
        return float((1 + (drawn >= own * (1.0 - 1e-12)).sum()) / (1 + len(drawn)))

    def _moves(self, residual: Floats, directions: Floats) -> list[_Moves]:
        """Return what weighting some residuals by country does to estimates and scores, for each direction.

        With the dummies ``D`` and ``M = I - P_D - P_X``, scores are ``(1_g d)' M sum_h w_h (1_h u)``. Directions ``d``
        and residuals ``u`` sum to 0 over every pair of a country and a product: what the dummies explain of one country
        alone is what those of product-years explain of it.
        """
        explained = np.concatenate(
            [
                self._year_inverse @ (self._by_year(residual).T @ self._weights),
                self._bread @ (self._by_country(self._regressors * residual[:, None]).T @ self._weights),
            ]
        )
        found = []
        for direction in directions.T:
            own = self._by_country(direction * residual)
            shared = [self._by_year(direction), self._by_country(self._regressors * direction[:, None])]
            scores = own[:, None] * self._weights
            scores -= np.concatenate(shared, axis=1) @ explained
            found.append(_Moves(own @ self._weights, scores))
        return found

    def _by_country(self, values: Floats) -> Floats:
        """Sum values over the rows of each country."""
        return np.asarray(np.add.reduceat(values, self._starts, axis=0))

    def _by_year(self, values: Floats) -> Floats:
        """Arrange values by country (rows) and product-year (columns); 0 where there is no row."""
        wide = np.zeros((self._clusters, self._year_inverse.shape[0]))
        wide[self._country, self._product_year] = values
        return wide

    @cached_property
    def _year_inverse(self) -> Floats:
        """Pseudo-inverse of the normal equations of product-years after country-products, block by block."""
        inverse = np.zeros((int(self._product_year.max()) + 1,) * 2)
        for product in np.unique(self._product):
            rows = self._product == product
            years, place = np.unique(self._product_year[rows], return_inverse=True)
            country = np.unique(self._country[rows], return_inverse=True)[1]
            present = np.zeros((int(country.max()) + 1, len(years)))
            present[country, place] = 1.0
            normal = np.diag(present.sum(axis=0)) - present.T @ (present / present.sum(axis=1)[:, None])
            inverse[np.ix_(years, years)] = np.linalg.pinv(normal, rcond=RANK_TOLERANCE, hermitian=True)
        return inverse

    def _within(self, columns: Floats) -> Floats:
        """Remove country-product and product-year effects: product by product, countries and years."""
        copied = np.array(columns, dtype=float, order="F")
        return within_transform(copied, [self._country, self._year], blocks=self._product)[0]
