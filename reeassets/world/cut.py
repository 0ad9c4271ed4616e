"""The planted loss when one supplier alone delivers nothing, computed densely and without the indicators' code."""

import numpy as np
from numpy.typing import NDArray

from reeassets.world.measured import PASS_THROUGH

# The factor of the iteration to this power is below the last digit.
_STEPS = 300

Floats = NDArray[np.float64]


def losses_of_cut(flows: Floats, passed_on: Floats, supplier: int) -> Floats:
    """Return the share of supply of one product that each country loses when a supplier delivers nothing.

    ``L[j] = sum_i A[i,j] (n[i] + (1 - n[i]) b L[i])`` with ``n`` 1 for the supplier and 0 for all others, ``A[i,j] =
    v[i,j] / S[j]`` and ``S = M + X - passed_on`` (docs/METHOD.md, section 5, without the links). Summed in numpy's
    order: a solver of the machine's library would round differently with another number of threads.

    Parameters
    ----------
    flows : ndarray, shape (C, C)
        Exporters in rows, importers in columns.
    passed_on : ndarray, shape (C,)
        Re-exports of each country, at most its exports.
    supplier : int
        Position of the supplier.
    """
    supply = flows.sum(axis=0) + flows.sum(axis=1) - passed_on
    shares = np.divide(flows.T, supply[:, None], out=np.zeros_like(flows), where=supply[:, None] > 0)
    lost = shares[:, supplier]
    onward = PASS_THROUGH * shares
    onward[:, supplier] = 0.0
    values: Floats = lost
    for _ in range(_STEPS):
        values = lost + (onward * values).sum(axis=1)
    return values


def lost_imports(flows: Floats, passed_on: Floats, supplier: int, losses: Floats) -> float:
    """Return the loss of all countries but the supplier over world imports: the supplier's influence, in [0, 1]."""
    supply = flows.sum(axis=0) + flows.sum(axis=1) - passed_on
    lost = supply * losses
    return float((lost.sum() - lost[supplier]) / flows.sum())
