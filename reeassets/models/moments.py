"""Sums over the rows of a panel from which dynamic estimates are computed, by cluster, so that one can be left out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from reeassets.models.cells import Cells, NotEstimableError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """Sums over rows of several samples at once (first axis, ``G``); ``m`` within-transformed columns.

    A *step* is a row with a row of its pair one year later. ``span`` is the number of calendar years.

    Attributes
    ----------
    cross : ndarray, shape (G, m, m)
        ``sum x~[t] x~[t]'``.
    lagged : ndarray, shape (G, delta, m, m)
        ``sum x~[t+j] x~[t]'`` over the rows with a row of the pair ``j`` years later, ``j = 1..delta``.
    rows : ndarray, shape (G, delta)
        Number of these rows.
    lengths : ndarray, shape (G, span + 1)
        Number of pairs by their number of rows, from 0.
    before, across, after : ndarray, shape (G, m, m)
        Over the steps, free of the pair's means over its steps: ``sum x[t] x[t]'``, ``sum x[t+1] x[t]'`` and
        ``sum x[t+1] x[t+1]'``.
    mean_of_rows : ndarray, shape (G, span)
        By years apart, from 1: number of ordered couples of rows of a pair, over the pair's rows.
    seen_of_rows : ndarray, shape (G, delta, span)
        What ``lagged`` is expected to hold of the answer to an error by years since, from 1; see
        :func:`lag_counts`.
    mean_of_steps, seen_of_steps : ndarray, shape (G, span)
        The same for the steps and ``across``.
    """

    cross: Floats
    lagged: Floats
    rows: Floats
    lengths: Floats
    before: Floats
    across: Floats
    after: Floats
    mean_of_rows: Floats
    seen_of_rows: Floats
    mean_of_steps: Floats
    seen_of_steps: Floats

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(self)))

    def sum(self) -> "Moments":
        """Return the sums over all samples, as one sample."""
        return Moments(*(getattr(self, one.name).sum(axis=0, keepdims=True) for one in fields(self)))

    @property
    def delta(self) -> int:
        """Years between regressors and outcome."""
        return int(self.rows.shape[1])

    def of(self, outcome: Floats, design: Floats) -> tuple["Moments", Floats, Floats]:
        """Return the moments of combinations of columns, and theirs with the outcome.

        Parameters
        ----------
        outcome : ndarray, shape (m,)
        design : ndarray, shape (m, k)

        Returns
        -------
        moments : Moments
            Of the ``k`` regressors.
        with_outcome : ndarray, shape (G, k)
        lagged_with_outcome : ndarray, shape (G, delta, k)
            ``sum x~[t+j] y~[t]``.
        """
        squares = {
            name: design.T @ getattr(self, name) @ design for name in ("cross", "lagged", "before", "across", "after")
        }
        counts = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in squares}
        return Moments(**squares, **counts), (self.cross @ outcome) @ design, (self.lagged @ outcome) @ design


def moments_by_cluster(values: Floats, cells: Cells, delta: int, steps: bool = True) -> tuple[Moments, Moments]:
    """Return the moments of within-transformed columns by country, and by product.

    Parameters
    ----------
    values : ndarray, shape (n, m)
    cells : Cells
    delta : int
        Years between regressors and outcome.
    steps : bool
        Whether to take ``before``, ``across`` and ``after``; otherwise they are 0.

    Raises
    ------
    NotEstimableError
        If no pair has two rows that are 1, ..., ``delta`` years apart: the bias could not be estimated.
    """
    later = [cells.later(years) for years in range(1, delta + 1)]
    for years, there in enumerate(later, start=1):
        if not (there >= 0).any():
            raise NotEstimableError(f"no country and product has rows {years} years apart: the bias is not estimable")
    step = later[0] >= 0
    sums = _scaled_sums(values, cells, np.flatnonzero(step)), _scaled_sums(values, cells, later[0][step])
    counts = _pair_counts(cells, step, delta)
    countries, products = cells.clusters.of_pairs
    clusters = cells.clusters
    ways = (clusters.rows_of_countries(), countries), (clusters.rows_of_products(), products)
    made = []
    for rows, of_pair in ways:
        pairs = [np.flatnonzero(of_pair == code) for code in range(len(rows))]
        products_of_rows = _products(values, rows, later, pairs, sums if steps else None)
        counted = {name: np.stack([count[one].sum(axis=0) for one in pairs]) for name, count in counts.items()}
        made.append(Moments(**products_of_rows, **counted))
    return made[0], made[1]


def _products(
    values: Floats, groups: Sequence[slice | Codes], later: Sequence[Codes], pairs: Sequence[Codes], sums: tuple | None
) -> dict[str, Floats]:
    """Return the cross-products of every group of rows."""
    size = len(groups), values.shape[1], values.shape[1]
    found = {name: np.zeros(size) for name in ("cross", "before", "across", "after")}
    found["lagged"] = np.empty((len(groups), len(later), *size[1:]))
    for place, (rows, inside) in enumerate(zip(groups, pairs, strict=True)):
        block = values[rows]
        found["cross"][place] = block.T @ block
        for lag, partner in enumerate(later):
            there = partner[rows]
            has = there >= 0
            now, then = block[has], values[there[has]]
            found["lagged"][place, lag] = then.T @ now
            if lag == 0 and sums is not None:
                start, end = (part[inside] for part in sums)
                found["before"][place] = now.T @ now - start.T @ start
                found["across"][place] = then.T @ now - end.T @ start
                found["after"][place] = then.T @ then - end.T @ end
    return found


def _scaled_sums(values: Floats, cells: Cells, rows: Codes) -> Floats:
    """Return the sums of rows by pair over the root of their number, shape (pairs, m)."""
    pair, pairs = cells.pair[rows], len(cells.lengths)
    count = np.maximum(np.bincount(pair, minlength=pairs), 1)
    sums = [np.bincount(pair, values[rows, column], pairs) for column in range(values.shape[1])]
    return np.column_stack(sums) / np.sqrt(count)[:, None]


def _pair_counts(cells: Cells, step: NDArray[np.bool_], delta: int) -> dict[str, Floats]:
    """Return the counts of every pair, by the names they have in :class:`Moments`."""
    place = cells.pair, cells.year - cells.first_year
    present = np.zeros((len(cells.lengths), cells.span))
    present[place] = 1.0
    steps = np.zeros_like(present)
    steps[place] = step
    mean, seen = lag_counts(present, delta)
    mean_of_steps, seen_of_steps = step_counts(steps)
    lags = np.arange(1, delta + 1)
    rows = np.stack([(present[:, lag:] * present[:, :-lag]).sum(axis=1) for lag in lags], axis=1)
    lengths = (cells.lengths[:, None] == np.arange(cells.span + 1)).astype(float)
    return {
        "rows": rows,
        "lengths": lengths,
        "mean_of_rows": mean,
        "seen_of_rows": seen,
        "mean_of_steps": mean_of_steps,
        "seen_of_steps": seen_of_steps,
    }


def lag_counts(present: Floats, delta: int) -> tuple[Floats, Floats]:
    """Count what taking pairs' means out does to the covariance of regressors with earlier errors.

    Let ``g[i]`` be the covariance of ``x[t+i]`` with the error of row ``t``, 0 for ``i`` below 1. Over the rows of a
    pair, means taken out of both, ``sum x~[t] u~[t]`` has the expectation ``-sum_i mean[i] g[i]``, and
    ``sum x~[t+j] u~[t]`` over the rows with a row ``j`` years later has ``sum_i seen[j, i] g[i]``. Both are exact for
    any pattern of missing years.

    Parameters
    ----------
    present : ndarray, shape (pairs, span)
        1 where a pair has a row.
    delta : int
        Largest ``j``.

    Returns
    -------
    mean : ndarray, shape (pairs, span)
        For ``i`` from 1: couples of rows ``i`` years apart, over the number of rows.
    seen : ndarray, shape (pairs, delta, span)
    """
    pairs, span = present.shape
    size = np.maximum(present.sum(axis=1), 1.0)
    mean, seen = np.zeros((pairs, span)), np.zeros((pairs, delta, span))
    for i in range(1, span):
        mean[:, i - 1] = (present[:, i:] * present[:, :-i]).sum(axis=1) / size
    for j in range(1, min(delta, span - 1) + 1):
        # 1 where a row has a row j years later, by the year of the earlier one.
        couple = present[:, :-j] * present[:, j:]
        number = couple.sum(axis=1)
        for i in range(1, span):
            # The later row answers to errors of rows i years before it, the earlier row's error is answered i later.
            answering = (couple[:, max(i - j, 0) :] * present[:, max(j - i, 0) : span - i]).sum(axis=1)
            answered = (couple[:, : span - max(i, j)] * present[:, i : i + span - max(i, j)]).sum(axis=1)
            seen[:, j - 1, i - 1] = (number * mean[:, i - 1] - answering - answered) / size
        seen[:, j - 1, j - 1] += number
    return mean, seen


def step_counts(steps: Floats) -> tuple[Floats, Floats]:
    """Count the same for steps, where the mean of ``x[t+1]`` is taken over the steps.

    Parameters
    ----------
    steps : ndarray, shape (pairs, span)
        1 where a pair has a row and another one year later.

    Returns
    -------
    mean, seen : ndarray, shape (pairs, span)
        Expectations ``-sum_i mean[i] g[i]`` of ``sum x[t] v[t+1]`` and ``sum_i seen[i] g[i]`` of ``sum x[t+1] v[t+1]``.
    """
    mean, _ = lag_counts(steps, 0)
    size = np.maximum(steps.sum(axis=1), 1.0)
    seen = np.zeros_like(mean)
    seen[:, 1:] = -mean[:, :-1]
    seen[:, 0] = steps.sum(axis=1) - steps.sum(axis=1) / size
    return mean, seen
