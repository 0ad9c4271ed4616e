"""Logit with year and stage dummies by Newton's method, on rows grouped into cells of one stage and one year.

Within a cell the dummies are constant, so that they cost a sum instead of columns, and the slope of another stage is
absent instead of a column of zeros: the steps are those of the maximum likelihood with all columns, which the tests
compare with statsmodels, at a fraction of the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from reeassets.models.clustered import ONE_CLUSTER
from reeassets.models.errors import ClusterSums, TwoWayErrors
from reeassets.models.linear import Fit, independent_columns
from reeassets.models.sample import Sample

# Newton's method needs about 7; where the likelihood has no maximum a coefficient still moves after any number.
MAX_ITERATIONS = 35
# The largest change of a parameter at which the maximum is reached; the next step would square it.
CONVERGED = 1e-8
PERFECT = 1e-8

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def separation_note(sample: Sample) -> str:
    """Name the year or stage whose dummy predicts the outcome perfectly; empty if there is none."""
    if len(np.unique(sample.outcome)) < 2:
        return f"perfect separation: {'every' if sample.outcome[0] else 'no'} pair of the sample changes"
    for what, codes, names in (
        ("stage", np.unique(sample.stage, return_inverse=True)[1], np.unique(sample.stage)),
        ("year", sample.year, sample.years),
    ):
        share = np.bincount(codes, weights=sample.outcome) / np.bincount(codes)
        for position in np.flatnonzero((share == 0) | (share == 1)):
            return (
                f"perfect separation: {'every' if share[position] else 'no'} pair changes in {what} {names[position]}"
            )
    return ""


@dataclass(frozen=True)
class Maximum:
    """The maximum of a likelihood: all parameters (terms, then dummies), and where each is among all columns."""

    parameters: Floats
    kept: Codes


class CellLogit:
    """Logits of one sample's outcome on several sets of its columns, with year and stage dummies.

    Parameters
    ----------
    sample : Sample
        Rows, outcome, regressors and controls.
    """

    def __init__(self, sample: Sample):
        self._sample = sample
        self.problem = separation_note(sample)
        place = np.array([sample.stages.index(stage) for stage in sample.stages])
        stage = np.searchsorted(np.sort(sample.stages), sample.stage)
        stage = place[np.argsort(sample.stages, kind="stable")][stage]
        cell = stage * len(sample.years) + sample.year
        self._order = np.argsort(cell, kind="stable")
        occurs, starts = np.unique(cell[self._order], return_index=True)
        self._cells = [slice(*ends) for ends in zip(starts, [*starts[1:], len(cell)], strict=True)]
        self._stage_of = occurs // len(sample.years)
        years = np.unique(sample.year)
        of_year = (occurs % len(sample.years))[:, None] == years[None, 1:]
        of_stage = self._stage_of[:, None] == np.arange(1, len(sample.stages))[None, :]
        # One row per cell: constant, years but the first, stages but the first.
        self._dummies = np.column_stack([np.ones(len(occurs)), of_year, of_stage]).astype(float)
        self._row_cell = np.empty(len(cell), dtype=np.int64)
        for number, rows in enumerate(self._cells):
            self._row_cell[self._order[rows]] = number
        self._outcome = sample.outcome[self._order]

    @cached_property
    def _product_rows(self) -> list[Codes]:
        return self._sample.clusters.rows_of_products()

    def fit(self, terms: Mapping[str, tuple[str, str]], start: Fit | None = None) -> Fit | str:
        """Estimate a logit by maximum likelihood.

        Parameters
        ----------
        terms : mapping of str to (str, str)
            By name of the term: the column of the sample, and the stage whose slope it is, or an empty text.
        start : Fit, optional
            A fit of the same columns without slopes by stage, whose coefficients Newton's method starts from.

        Returns
        -------
        Fit or str
            The estimates, or in words why there are none: perfect separation, or no convergence.
        """
        design = _Design(self._sample, terms, self._order, self._cells, self._stage_of, self._dummies)
        n_obs = len(self._outcome)
        cross = design.moments(np.ones(n_obs))
        kept = np.array(independent_columns(cross, np.diag(cross)), dtype=np.int64)
        if self.problem or n_obs <= len(kept):
            return self.problem or f"{n_obs} rows for {len(kept)} parameters"
        maximum = self._maximise(design, kept, start)
        if isinstance(maximum, str):
            return maximum
        return self._estimates(design, maximum, list(terms))

    def _maximise(self, design: "_Design", kept: Codes, start: Fit | None) -> Maximum | str:
        parameters = np.zeros(len(design.names) + self._dummies.shape[1])
        if start is not None:
            known = dict(zip(start.terms, start.coefficients, strict=True))
            parameters[: len(design.names)] = [known.get(column, 0.0) for column in design.names]
            parameters = np.where(np.isin(np.arange(len(parameters)), kept), parameters, 0.0)
        for _ in range(MAX_ITERATIONS):
            chance = expit(design.predictor(parameters))
            left = self._outcome - chance
            if np.abs(left).max() < PERFECT:
                return "perfect separation: the regressors predict every change"
            information = design.moments(chance * (1.0 - chance))[np.ix_(kept, kept)]
            try:
                step = np.linalg.solve(information, design.scores(left)[kept])
            except np.linalg.LinAlgError:
                step = np.full(len(kept), np.nan)
            if not np.isfinite(step).all():
                break
            parameters[kept] += step
            if np.abs(step).max() <= CONVERGED:
                return Maximum(parameters, kept)
        if start is not None:
            return self._maximise(design, kept, None)
        return f"no convergence in {MAX_ITERATIONS} iterations, as under quasi-complete separation"

    def _estimates(self, design: "_Design", maximum: Maximum, names: Sequence[str]) -> Fit:
        """Return the fit with its errors: those of least squares on the columns without the weighted dummies."""
        k = len(names)
        terms = tuple(names[place] for place in maximum.kept if place < k)
        dropped = {name: "collinear with other regressors" for name in names if name not in terms}
        columns, dummies = maximum.kept[maximum.kept < k], maximum.kept[maximum.kept >= k]
        coefficients = maximum.parameters[columns]
        n_obs, n_dummies = len(self._outcome), len(dummies)
        fit = Fit(terms, coefficients, None, n_obs, n_dummies, np.nan, dropped, ONE_CLUSTER)
        clusters = self._sample.clusters
        if min(clusters.sizes[:2]) < 2 or not terms:
            return fit
        chance = np.empty(n_obs)
        chance[self._order] = expit(design.predictor(maximum.parameters))
        weight, left = chance * (1.0 - chance), self._sample.outcome - chance
        information = design.moments(weight[self._order])
        by_dummies = np.linalg.solve(information[np.ix_(dummies, dummies)], information[np.ix_(dummies, columns)])
        explained = self._dummies[:, dummies - k] @ by_dummies
        matrix = np.empty((n_obs, len(terms)))
        for place, name in enumerate(terms):
            matrix[:, place] = design.column(name) - explained[self._row_cell, place]
        scores = np.add.reduceat(matrix * left[:, None], clusters.pair_starts, axis=0)
        matrix *= np.sqrt(weight)[:, None]
        countries, products = clusters.of_pairs
        by_country = np.stack([matrix[rows].T @ matrix[rows] for rows in clusters.rows_of_countries()])
        by_product = np.stack([matrix[rows].T @ matrix[rows] for rows in self._product_rows])
        sums = ClusterSums(
            cross=by_country.sum(axis=0),
            by_cluster=(by_country, by_product),
            scores=(_sums(countries, scores), _sums(products, scores)),
            pair_outer=scores.T @ scores,
            n_pairs=len(scores),
            n_obs=n_obs,
            n_parameters=n_dummies + len(terms),
        )
        return replace(fit, errors=TwoWayErrors(sums), note="")


class _Design:
    """The columns of one logit, kept as the sample's columns and the terms that they carry in each cell."""

    def __init__(
        self,
        sample: Sample,
        terms: Mapping[str, tuple[str, str]],
        order: Codes,
        cells: Sequence[slice],
        stage_of: Codes,
        dummies: Floats,
    ):
        self._sample, self._terms, self._cells, self._dummies = sample, terms, cells, dummies
        self._all = sample.regressors | sample.controls
        bases = list(dict.fromkeys(column for column, _ in terms.values()))
        self.names = [column for column, _ in terms.values()]
        self._base = np.stack([self._all[name][order] for name in bases], axis=1)
        # By cell, which term each of the sample's columns carries.
        self._carries = []
        for stage in (sample.stages[place] for place in stage_of):
            active = [
                (bases.index(column), place) for place, (column, of) in enumerate(terms.values()) if of in ("", stage)
            ]
            self._carries.append(np.array([place for _, place in sorted(active)], dtype=np.int64))

    def column(self, name: str) -> Floats:
        """Return a term's column in the order of the sample."""
        column, stage = self._terms[name]
        return self._all[column] * (self._sample.stage == stage) if stage else self._all[column]

    def predictor(self, parameters: Floats) -> Floats:
        """Return the linear predictor, in the order of cells."""
        k = len(self.names)
        constants = self._dummies @ parameters[k:]
        predicted = np.empty(len(self._base))
        for rows, carried, constant in zip(self._cells, self._carries, constants, strict=True):
            predicted[rows] = self._base[rows] @ parameters[carried] + constant
        return predicted

    def moments(self, weight: Floats) -> Floats:
        """Return the weighted cross-products of terms and dummies, shape (k + d, k + d)."""
        k = len(self.names)
        total = np.zeros((k + self._dummies.shape[1],) * 2)
        for rows, carried, dummies in zip(self._cells, self._carries, self._dummies, strict=True):
            base, by_row = self._base[rows], weight[rows]
            weighted = base * by_row[:, None]
            total[np.ix_(carried, carried)] += base.T @ weighted
            mixed = np.outer(weighted.sum(axis=0), dummies)
            total[carried, k:] += mixed
            total[k:, carried] += mixed.T
            total[k:, k:] += by_row.sum() * np.outer(dummies, dummies)
        return total

    def scores(self, left: Floats) -> Floats:
        """Return the derivative of the log-likelihood, shape (k + d,)."""
        k = len(self.names)
        total = np.zeros(k + self._dummies.shape[1])
        for rows, carried, dummies in zip(self._cells, self._carries, self._dummies, strict=True):
            total[carried] += self._base[rows].T @ left[rows]
            total[k:] += left[rows].sum() * dummies
        return total


def _sums(codes: Codes, rows: Floats) -> Floats:
    """Sum rows by code, shape (number of codes, k)."""
    return np.stack([np.bincount(codes, weights=column) for column in rows.T], axis=1)
