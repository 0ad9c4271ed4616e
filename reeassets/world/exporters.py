"""Who exports what, and when: pairs that never export, pairs that begin and end, pairs that always export.

Which kind a pair is hangs on its size in the first year and on luck, and never changes. A pair of the second kind
begins and ends by a draw that nothing but this year's risk can move: so whether it is seen exporting next year says
nothing about next year's shock, and the law of motion holds among those that are.
"""

import numpy as np
from numpy.typing import NDArray

from reeassets.world.effects import Effects

NEVER, SOMETIMES, ALWAYS = 0, 1, 2
# Of each product's pairs, over the share that does not export: these never do, and half of those do at any time.
_NEVER_SHARE, _SOMETIMES_SHARE = 0.6, 0.8
# Chance of a pair of the second kind that it begins or ends, at the usual risk.
TURNOVER = 0.15
USUAL_RISK = 0.3
# Who sells more of a product than this share of the world never stops.
_LARGE = 0.02
_LUCK = 2.0

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Exporters:
    """The kinds of all pairs, and who exports in the current year.

    Parameters
    ----------
    seed : int
        Seed of the world.
    effects : Effects
        ``zeros``, ``entry.risk`` and ``exit.risk``.
    world_share : ndarray, shape (C, P)
        Share of each country in the world's exports of a product, were all to export.
    steady : bool ndarray, shape (C,)
        Countries that export everything always.

    Attributes
    ----------
    kind : integer ndarray, shape (C, P)
        :data:`NEVER`, :data:`SOMETIMES` or :data:`ALWAYS`.
    now : bool ndarray, shape (C, P)
        Who exports.
    """

    def __init__(self, seed: int, effects: Effects, world_share: Floats, steady: Bools):
        self._effects = effects
        self._generator = np.random.default_rng([seed, 10])
        self.kind = np.full(world_share.shape, ALWAYS, dtype=np.int64)
        zeros = effects["zeros"]
        if zeros > 0:
            score = _LUCK * self._generator.normal(size=world_share.shape) - np.log(world_share)
            score[(world_share > _LARGE) | steady[:, None]] = -np.inf
            order = np.argsort(-score, axis=0, kind="stable")
            place = np.empty_like(order)
            np.put_along_axis(place, order, np.arange(len(order))[:, None], axis=0)
            count = len(order)
            never = round(_NEVER_SHARE * zeros * count)
            sometimes = round(_SOMETIMES_SHARE * zeros * count)
            can = np.isfinite(score)
            self.kind[can & (place < never + sometimes)] = SOMETIMES
            self.kind[can & (place < never)] = NEVER
        self.now = self.kind != NEVER
        self.now &= (self.kind == ALWAYS) | (self._generator.random(world_share.shape) < 0.5)

    def advance(self, risk: Floats) -> None:
        """Go to the next year, given this year's systemic trade risk of each pair, shape (C, P)."""
        usual = np.log(TURNOVER / (1 - TURNOVER))
        name = np.where(self.now, self._effects["exit.risk"], self._effects["entry.risk"])
        chance = 1 / (1 + np.exp(-(usual + name * (risk - USUAL_RISK))))
        turns = (self._generator.random(risk.shape) < chance) & (self.kind == SOMETIMES)
        self.now = self.now ^ turns
