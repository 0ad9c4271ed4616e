"""What is planted in a world: coefficients and features, their defaults, and how they are named on the command line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from reeassets.settings import STAGES

_SLOPES = ("exposure", "risk", "concentration")
# Coefficients are per unit of the regressor, not per standard deviation.
DEFAULTS: Mapping[str, float] = MappingProxyType(
    {
        "exposure.upstream": 0.03,
        "exposure.input": 0.05,
        "exposure.final": 0.03,
        "risk.upstream": 0.0,
        "risk.input": -0.10,
        "risk.final": 0.0,
        "concentration.upstream": 0.0,
        "concentration.input": 0.0,
        "concentration.final": 0.0,
        "entry.risk": 0.0,
        "exit.risk": 0.0,
        "links": 0.8,
        "rho": 0.6,
        "noise": 0.12,
        "common": 0.5,
        "clustered": 0.5,
        "pair_effects": 1.0,
        "zeros": 0.4,
        "hubs": 1.0,
        "burn_in": 10.0,
    }
)
# A world without what real trade has beside the law of motion: every pair exports, and shocks have nothing in common.
PLAIN: Mapping[str, float] = MappingProxyType(
    {"common": 0.0, "clustered": 0.0, "pair_effects": 0.0, "zeros": 0.0, "hubs": 0.0, "burn_in": 0.0, "rho": 0.98}
)
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "noise": (0.0, 0.5),
        "common": (0.0, 1.5),
        "clustered": (0.0, 2.0),
        "pair_effects": (0.0, 1.0),
        "zeros": (0.0, 0.6),
        "hubs": (0.0, 1.0),
        "burn_in": (0.0, 100.0),
    }
)
_GROUPS = {name: tuple(f"{name}.{stage}" for stage in STAGES) for name in _SLOPES}


@dataclass(frozen=True)
class Effects:
    """What is planted.

    Attributes
    ----------
    values : mapping of str to float
        ``exposure.<stage>``, ``risk.<stage>`` and ``concentration.<stage>``: change of next year's symmetric index per
        unit of exposure, of systemic trade risk and of supplier concentration. ``entry.risk`` and ``exit.risk``: log
        odds of beginning and of ending to export, per unit of systemic trade risk. ``links``: elasticity of the Balassa
        index to the import intensity of the planted inputs. ``rho``: persistence. ``noise``: standard deviation of the
        yearly shock to the logarithm of the Balassa index. ``common``: standard deviation of the country-year factor of
        import intensity that moves exports too. ``clustered``: standard deviation of the country-year and of the
        product-year component of the shock, over ``noise``. ``pair_effects``: share of the
        first year's index beyond country and product effects to which a pair goes back, through an effect of country
        and product together. ``zeros``: share of pairs that do not export.
        ``hubs``: what entrepots pass on, over their recorded shares. ``burn_in``: years before the first.
    """

    values: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)

    def __post_init__(self) -> None:
        if set(self.values) != set(DEFAULTS):
            raise ValueError(f"effects are {', '.join(DEFAULTS)}; given: {', '.join(sorted(self.values))}")
        if not np.isfinite(list(self.values.values())).all():
            raise ValueError("an effect is not a finite number")
        if not 0 <= self["rho"] < 1:
            raise ValueError(f"rho must be in [0, 1), not {self['rho']}")
        for name, (low, high) in _RANGES.items():
            if not low <= self[name] <= high:
                raise ValueError(f"{name} must be in [{low:g}, {high:g}], not {self[name]}")
        if self["burn_in"] % 1:
            raise ValueError(f"burn_in must be a whole number of years, not {self['burn_in']}")

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def by_stage(self, name: str, stages: NDArray[np.str_]) -> NDArray[np.float64]:
        """Return the coefficient of ``exposure``, ``risk`` or ``concentration`` for products of the given stages."""
        return np.array([self[f"{name}.{stage}"] for stage in stages])

    @classmethod
    def of(cls, changes: Mapping[str, float]) -> "Effects":
        """Return the defaults with some values changed; the name of a regressor stands for all its stages.

        Raises
        ------
        ValueError
            If a name is unknown or a value is out of range.
        """
        values = dict(DEFAULTS)
        for name, value in changes.items():
            if name not in values and name not in _GROUPS:
                known = ", ".join([*_GROUPS, *DEFAULTS])
                raise ValueError(f"there is no effect {name!r}; the effects are {known}")
            values |= dict.fromkeys(_GROUPS.get(name, (name,)), float(value))
        return cls(MappingProxyType(values))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Effects":
        """Read ``NAME=VALUE`` texts, in order, and ``plain`` for :data:`PLAIN`; errors as in :meth:`of`."""
        changes: dict[str, float] = {}
        for text in texts:
            if text.strip() == "plain":
                changes |= PLAIN
                continue
            name, equals, value = text.partition("=")
            try:
                number = float(value)
            except ValueError:
                equals = ""
            if not equals:
                raise ValueError(f"{text!r} is not an effect such as risk.input=0")
            name = name.strip()
            # A later group wins over an earlier member of it, as it does on the command line.
            for member in _GROUPS.get(name, (name,)):
                changes.pop(member, None)
            changes |= dict.fromkeys(_GROUPS.get(name, (name,)), number)
        return cls.of(changes)
