"""How far a short panel bends the slopes of regressors that answer to past outcomes, and the slopes without it.

Taking a pair's mean out of ``T`` years puts a ``T``-th of every other year's error into each row's (Nickell 1981). With
``g[i]`` the covariance of ``x[t+i]`` with the error of row ``t``, the normal equations of a pair have the expectation
``-sum_i (T - i)/T g[i]`` instead of 0. Two ways to complete ``g`` from what can be seen of it are here:

``own``
    Hahn & Kuersteiner (2002) as docs/METHOD.md has it: ``g[1..delta]`` are means of ``x~[t+j] u~[t]``, and from then on
    all of ``g`` fades as the outcome itself does. Right if the regressors have no memory but the outcome's.
``system``
    The regressors follow one another: ``x[t+1] = A x[t] + effects + v``, so ``g[i] = A^(i - delta) g[delta]``. ``A`` is
    estimated on the rows one year apart and freed of the same bias; and ``x~[t+j] u~[t]`` is itself measured after
    means, whose expectation is undone. Nothing is neglected in the length of the panel, so it also holds for a
    persistence near 1, and for gaps. Hahn & Kuersteiner (2002) is this for a vector autoregression, to the first order.

Both are least squares with ``x~[t] + sum_j R_j x~[t+j]`` as instruments of ``x~[t]``.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reeassets.models.jackknife import inverses
from reeassets.models.moments import Moments

Correction = Literal["own", "system", "none"]

DAMPING = 0.5
STEPS = 40
# A persistence of 1 would make the correction that of a random walk.
MOST_PERSISTENT = 0.995
# The regressors' own system is iterated until nothing is off by more than this, in units of its largest coefficient.
SETTLED = 1e-8
MOST_ITERATIONS = 1000
# Without a cluster it starts from that of the whole sample and moves little. With a persistence near 1 some samples
# drift on for thousands of steps: where they are after these is their estimate, and the last step is reported.
SETTLED_LEFT_OUT = 1e-5
ITERATIONS_LEFT_OUT = 60
# Bounds of a step, as a share of the gap.
SLOWEST, FASTEST = 0.1, 200.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """Estimates of ``G`` samples.

    Attributes
    ----------
    uncorrected, coefficients : ndarray, shape (G, k)
        Least squares, and freed of the bias.
    gains : ndarray, shape (G, delta, k, k)
        ``R_j``: what a row ``j`` years later adds to the instruments.
    system : ndarray, shape (G, k, k)
        ``A``, as estimated; ``lambda`` on the diagonal for ``own``.
    persistence : ndarray, shape (G,)
        ``lambda``, or the largest absolute eigenvalue of ``A``; at most :data:`MOST_PERSISTENT`; 0 uncorrected.
    last_step : ndarray, shape (G,)
        Largest change of a coefficient in the last iteration, as a share of the largest coefficient.
    lost : bool ndarray, shape (G, k)
        Coefficients that the sample does not identify.
    """

    uncorrected: Floats
    coefficients: Floats
    gains: Floats
    system: Floats
    persistence: Floats
    last_step: Floats
    lost: NDArray[np.bool_]


def correct_nothing(moments: Moments, with_outcome: Floats) -> Corrected:
    """Return plain least squares, in the form of the corrected ones.

    Parameters
    ----------
    moments, with_outcome
        As of :meth:`reeassets.models.moments.Moments.of`.
    """
    inverse, lost = inverses(moments.cross)
    uncorrected = np.einsum("gkl,gl->gk", inverse, with_outcome)
    samples, size = uncorrected.shape
    gains, system = np.zeros((samples, moments.delta, size, size)), np.zeros((samples, size, size))
    none = np.zeros(samples)
    return Corrected(uncorrected, uncorrected, gains, system, none, none, lost)


def correct_own(
    moments: Moments,
    with_outcome: Floats,
    lagged_with_outcome: Floats,
    lagged: int | None,
    persistence: float | None = None,
) -> Corrected:
    """Correct least squares, covariances with errors fading as the outcome does.

    ``b <- b_FE + S^-1 sum_j W_j G_j(b)``, damped by :data:`DAMPING`, :data:`STEPS` times. ``G_j`` is the mean of
    ``x~[t+j] u~[t](b)`` over the rows that have one ``j`` years later; ``W_j`` sums ``(T - j)/T`` over the pairs, the
    last one all from ``delta`` on, each times ``lambda^(j - delta)``.

    Parameters
    ----------
    moments, with_outcome, lagged_with_outcome
        As of :meth:`reeassets.models.moments.Moments.of`.
    lagged : int or None
        Position of the lagged outcome among the regressors; its coefficient is ``lambda`` where none is given.
    persistence : float, optional
        ``lambda`` per year, for ``delta`` above 1: the corrected coefficient of the lagged outcome at ``delta`` 1.

    Raises
    ------
    ValueError
        If neither the lagged outcome's position nor ``lambda`` is given, or ``lambda`` is to be read off a
        coefficient over several years.
    """
    delta = moments.delta
    if persistence is None and (lagged is None or delta != 1):
        raise ValueError(f"the persistence of the outcome has to be given for a lead of {delta} years")
    inverse, lost = inverses(moments.cross)
    uncorrected = np.einsum("gkl,gl->gk", inverse, with_outcome)
    rows = np.maximum(moments.rows, 1.0)
    by_lag = _shares_by_lag(moments.lengths)
    near, far = by_lag[:, : delta - 1], by_lag[:, delta - 1 :]
    value = np.full(len(rows), 0.0 if persistence is None else float(np.clip(persistence, 0.0, MOST_PERSISTENT)))
    weights = np.concatenate([near / rows[:, : delta - 1], np.zeros((len(rows), 1))], axis=1)
    b, move = uncorrected, np.zeros_like(uncorrected)
    for _ in range(STEPS):
        if persistence is None:
            value = np.clip(b[:, lagged], 0.0, MOST_PERSISTENT)
        weights[:, -1] = (far * value[:, None] ** np.arange(far.shape[1])).sum(axis=1) / rows[:, -1]
        left = lagged_with_outcome - np.einsum("gjkl,gl->gjk", moments.lagged, b)
        bias = np.einsum("gkl,gl->gk", inverse, np.einsum("gj,gjk->gk", weights, left))
        move = DAMPING * (uncorrected + bias - b)
        b = b + move
    identity = np.eye(b.shape[1])
    gains, system = weights[:, :, None, None] * identity, value[:, None, None] * identity
    return Corrected(uncorrected, b, gains, system, value, _share(move, b), lost)


def _shares_by_lag(lengths: Floats) -> Floats:
    """Return the sum over pairs of ``(T - j)/T`` by ``j`` from 1, shape (G, span)."""
    length = np.arange(lengths.shape[1], dtype=float)
    share = np.maximum(length[:, None] - length[1:], 0.0) / np.maximum(length, 1.0)[:, None]
    return np.asarray(lengths @ share)


def correct_system(
    moments: Moments, with_outcome: Floats, lagged_with_outcome: Floats, system: Floats | None = None
) -> Corrected:
    """Correct least squares, covariances with errors following the regressors' own system.

    Parameters
    ----------
    moments, with_outcome, lagged_with_outcome
        As of :meth:`reeassets.models.moments.Moments.of`.
    system : ndarray, shape (1, k, k), optional
        ``A`` of the whole sample, where the samples are that without a cluster; see :func:`estimate_system`.

    Raises
    ------
    ArithmeticError
        If the estimation of ``A`` does not settle.
    """
    inverse, lost = inverses(moments.cross)
    uncorrected = np.einsum("gkl,gl->gk", inverse, with_outcome)
    transition, last_step = estimate_system(moments, system)
    held, radius = _held(transition)
    gains = _gains(moments, held)
    left = moments.cross + (gains @ moments.lagged).sum(axis=1)
    right = with_outcome + np.einsum("gjkl,gjl->gk", gains, lagged_with_outcome)
    b = _solve(left, right[:, :, None])[:, :, 0]
    return Corrected(uncorrected, b, gains, transition, radius, last_step, lost)


def estimate_system(moments: Moments, start: Floats | None = None) -> tuple[Floats, Floats]:
    """Estimate how the regressors follow one another within pairs, freed of the bias of a short panel.

    ``sum (x[t] + R x[t+1]) (x[t+1] - A x[t])' = 0``, with ``R`` what takes ``sum x[t+1] v[t+1]'`` to minus the
    expectation of ``sum x[t] v[t+1]'``.

    Parameters
    ----------
    moments : Moments
    start : ndarray, shape (1, k, k), optional
        ``A`` of the whole sample. Given, the samples are that without a cluster: they are let go after
        :data:`ITERATIONS_LEFT_OUT` steps, settled or not.

    Returns
    -------
    transition : ndarray, shape (G, k, k)
        ``A``.
    last_step : ndarray, shape (G,)

    Raises
    ------
    ArithmeticError
        If no start is given and it does not settle.
    """
    settled, most = (SETTLED, MOST_ITERATIONS) if start is None else (SETTLED_LEFT_OUT, ITERATIONS_LEFT_OUT)
    across = np.swapaxes(moments.across, 1, 2)
    simple = np.swapaxes(_solve(moments.before, across), 1, 2)
    transition = simple if start is None else np.broadcast_to(start, simple.shape).copy()
    last_step, damping = np.full(len(transition), np.inf), np.full(len(transition), DAMPING)
    previous = None
    for _ in range(most):
        held, _ = _held(transition)
        gain = _right_divided(_power_sum(moments.mean_of_steps, held), _power_sum(moments.seen_of_steps, held))
        left = moments.before + gain @ moments.across
        gap = (np.swapaxes(_solve(left, across + gain @ moments.after), 1, 2) - transition).reshape(len(held), -1)
        last_step = _share(gap, transition.reshape(len(held), -1))
        if (last_step < settled).all():
            return transition, last_step
        if previous is not None:
            damping = _relaxed(damping, previous, gap)
        previous = gap
        transition = transition + (damping[:, None] * gap).reshape(transition.shape)
    if start is not None:
        return transition, last_step
    raise ArithmeticError(
        f"how the regressors follow one another is not settled in {MOST_ITERATIONS} iterations: last step "
        f"{last_step.max():.1e} of the largest coefficient"
    )


def _relaxed(damping: Floats, previous: Floats, gap: Floats) -> Floats:
    """Return the damping of the next step from how the last one changed the gap (Irons & Tuck 1969), per sample.

    Where the gap grew along itself there is no secant to follow: the step is doubled, to get across.
    """
    change = gap - previous
    size = (change**2).sum(axis=1)
    along = -(previous * change).sum(axis=1)
    secant = damping * np.divide(along, size, out=np.zeros_like(size), where=size > 0)
    return np.clip(np.where(secant > 0, secant, 2.0 * damping), SLOWEST, FASTEST)


def _held(transition: Floats) -> tuple[Floats, Floats]:
    """Return the system, scaled down where it would grow, and its largest absolute eigenvalue, at most the limit."""
    radius = np.abs(np.linalg.eigvals(transition)).max(axis=1)
    shrink = np.minimum(1.0, MOST_PERSISTENT / np.maximum(radius, np.finfo(float).tiny))
    return transition * shrink[:, None, None], np.minimum(radius, MOST_PERSISTENT)


def _gains(moments: Moments, transition: Floats) -> Floats:
    """Return ``R_j``: minus the expectation of the normal equations over that of what is seen, (G, delta, k, k)."""
    delta, size = moments.delta, transition.shape[1]
    near = np.arange(delta - 1)
    identity = np.eye(size)
    # Covariances 1, ..., delta - 1 stand for themselves; all later ones follow from the one at delta.
    bias = [moments.mean_of_rows[:, i, None, None] * identity for i in near]
    bias.append(_power_sum(moments.mean_of_rows[:, delta - 1 :], transition))
    seen = [
        [moments.seen_of_rows[:, j, i, None, None] * identity for i in near]
        + [_power_sum(moments.seen_of_rows[:, j, delta - 1 :], transition)]
        for j in range(delta)
    ]
    gains = _right_divided(np.concatenate(bias, axis=2), np.block(seen))
    return np.stack(np.split(gains, delta, axis=2), axis=1)


def _power_sum(weights: Floats, matrix: Floats) -> Floats:
    """Return ``sum_i weights[i] matrix^i`` of each sample, shape (G, k, k)."""
    identity = np.eye(matrix.shape[1])
    total = np.zeros_like(matrix)
    for weight in weights.T[::-1]:
        total = total @ matrix + weight[:, None, None] * identity
    return total


def _right_divided(left: Floats, right: Floats) -> Floats:
    """Return ``left right^-1`` of each sample.

    Raises
    ------
    ArithmeticError
        If one of them cannot be inverted.
    """
    try:
        return np.swapaxes(np.linalg.solve(np.swapaxes(right, 1, 2), np.swapaxes(left, 1, 2)), 1, 2)
    except np.linalg.LinAlgError as error:
        raise ArithmeticError("too few years to tell how the regressors' own system moves") from error


def _solve(left: Floats, right: Floats) -> Floats:
    """Solve every sample's equations; those that do not identify all have the smallest solution."""
    size = np.sqrt(np.maximum(np.abs(np.diagonal(left.mean(axis=0))), np.finfo(float).tiny))
    scaled = left / np.outer(size, size)
    singular = np.linalg.cond(scaled) > 1e12
    solution = np.empty_like(right)
    aim = right / size[:, None]
    solution[~singular] = np.linalg.solve(scaled[~singular], aim[~singular])
    solution[singular] = np.linalg.pinv(scaled[singular], rcond=1e-12) @ aim[singular]
    return solution / size[:, None]


def _share(move: Floats, of: Floats) -> Floats:
    return np.asarray(np.abs(move).max(axis=1) / np.maximum(np.abs(of).max(axis=1), np.finfo(float).tiny))
