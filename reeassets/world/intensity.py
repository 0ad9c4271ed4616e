"""How much of each product a country imports for its size: what lasts, what passes, and what all its products share."""

import numpy as np
from numpy.typing import NDArray

from reeassets.world.effects import Effects

# Standard deviation of the logarithm of import intensity over pairs, the common factor apart.
SPREAD = 0.6
# With pair effects most of it lasts for ever; the parts are of the same variance together.
_LASTING = 0.4
# Variance of the common factor that lasts for ever.
_COMMON_LASTING = 0.64

Floats = NDArray[np.float64]


class Intensity:
    """Logarithm of import intensity: ``lasting[c,p] + passing[c,p,t] + common[c,t]``.

    The passing part of a pair and of a country persist as the index does: ``u[t+1] = rho u[t] + innovation``.

    Parameters
    ----------
    seed : int
        Seed of the world.
    effects : Effects
        ``rho``, ``common`` and ``pair_effects``.
    drawn : ndarray, shape (C, P)
        Standard normal draws for the first year.
    """

    def __init__(self, seed: int, effects: Effects, drawn: Floats):
        self._generator = np.random.default_rng([seed, 11])
        self._rho = effects["rho"]
        lasting = _LASTING if effects["pair_effects"] > 0 else 0.0
        self._spread = SPREAD if lasting == 0 else np.sqrt(SPREAD**2 - lasting**2)
        self._common_spread = effects["common"] * np.sqrt(1 - _COMMON_LASTING)
        self._passing = self._spread * drawn
        self._lasting = lasting * self._generator.normal(size=drawn.shape)
        count = len(drawn)
        self._common_lasting = effects["common"] * np.sqrt(_COMMON_LASTING) * self._generator.normal(size=count)
        self._common = self._common_spread * self._generator.normal(size=count)

    @property
    def own(self) -> Floats:
        """What each pair has for itself, shape (C, P): this goes through links."""
        return self._lasting + self._passing

    @property
    def common(self) -> Floats:
        """The factor of each country, shape (C,): it moves imports and exports of everything."""
        return self._common_lasting + self._common

    def advance(self, drawn: Floats) -> tuple[Floats, Floats]:
        """Go to the next year.

        Parameters
        ----------
        drawn : ndarray, shape (C, P)
            Draws of unit variance.

        Returns
        -------
        own : ndarray, shape (C, P)
            Innovations of the pairs.
        common : ndarray, shape (C,)
            Innovations of the countries' factor.
        """
        fresh = np.sqrt(1 - self._rho**2)
        own = self._spread * fresh * drawn
        common = self._common_spread * fresh * self._generator.normal(size=len(self._common))
        self._passing = self._rho * self._passing + own
        self._common = self._rho * self._common + common
        return own, common
