"""What an estimation gives, whatever the estimator, and which of its columns can be estimated."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reeassets.models.errors import TwoWayErrors
from reeassets.models.jackknife import ClusterJackknife

# Share of a column's sum of squares around its mean that must survive fixed effects and earlier regressors.
COLLINEARITY_TOLERANCE = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Estimates of one regression.

    Attributes
    ----------
    terms : tuple of str
        The regressors that were estimated.
    coefficients : ndarray, shape (k,)
    errors : TwoWayErrors, ClusterJackknife or None
        None where the errors cannot be clustered; ``note`` says why.
    n_obs, n_absorbed : int
        Rows, and parameters absorbed by fixed effects.
    r2_within : float
        Share of the outcome's variation, after the fixed effects, that the regressors explain; NaN where undefined.
    dropped : mapping of str to str
        Why a regressor was not estimated, by its name.
    note : str
        What holds for all terms.
    uncorrected : ndarray, shape (k,), or None
        Coefficients before the bias of a short panel was taken out; None where nothing is corrected.
    """

    terms: tuple[str, ...]
    coefficients: Floats
    errors: TwoWayErrors | ClusterJackknife | None
    n_obs: int
    n_absorbed: int
    r2_within: float
    dropped: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    uncorrected: Floats | None = None


def independent_columns(cross: Floats, spread: Floats) -> list[int]:
    """Return the positions of columns that the columns before them do not explain.

    Parameters
    ----------
    cross : ndarray, shape (k, k)
        Cross-products of the columns.
    spread : ndarray, shape (k,)
        What a column's own sum of squares is compared with.
    """
    kept: list[int] = []
    for column in range(len(cross)):
        left = cross[column, column]
        if kept:
            shared = cross[np.ix_(kept, [column])]
            left = left - float(shared[:, 0] @ np.linalg.solve(cross[np.ix_(kept, kept)], shared)[:, 0])
        if left > COLLINEARITY_TOLERANCE * spread[column]:
            kept.append(column)
    return kept
