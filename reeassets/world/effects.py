"""What is planted in a world: the coefficients, their defaults, and how they are named on the command line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from reeassets.settings import STAGES

# Coefficients are per unit of the regressor, not per standard deviation.
DEFAULTS: Mapping[str, float] = MappingProxyType(
    {
        "exposure.upstream": 0.03,
        "exposure.input": 0.05,
        "exposure.final": 0.03,
        "risk.upstream": 0.0,
        "risk.input": -0.10,
        "risk.final": 0.0,
        "links": 0.8,
        "rho": 0.98,
        "noise": 0.12,
    }
)
_GROUPS = {name: tuple(f"{name}.{stage}" for stage in STAGES) for name in ("exposure", "risk")}


@dataclass(frozen=True)
class Effects:
    """The planted coefficients.

    Attributes
    ----------
    values : mapping of str to float
        ``exposure.<stage>`` and ``risk.<stage>``: change of next year's symmetric index per unit of exposure and of
        systemic trade risk. ``links``: elasticity of the Balassa index to the import intensity of the planted inputs.
        ``rho``: persistence. ``noise``: standard deviation of the yearly shock to the logarithm of the Balassa index.
    """

    values: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)

    def __post_init__(self) -> None:
        if set(self.values) != set(DEFAULTS):
            raise ValueError(f"effects are {', '.join(DEFAULTS)}; given: {', '.join(sorted(self.values))}")
        if not np.isfinite(list(self.values.values())).all():
            raise ValueError("an effect is not a finite number")
        if not 0 <= self["rho"] < 1:
            raise ValueError(f"rho must be in [0, 1), not {self['rho']}")
        if not 0 <= self["noise"] <= 0.5:
            raise ValueError(f"noise must be in [0, 0.5], not {self['noise']}")

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def by_stage(self, name: str, stages: NDArray[np.str_]) -> NDArray[np.float64]:
        """Return the coefficient of ``exposure`` or ``risk`` for products of the given stages, in their shape."""
        return np.array([self[f"{name}.{stage}"] for stage in stages])

    @classmethod
    def of(cls, changes: Mapping[str, float]) -> "Effects":
        """Return the defaults with some values changed; ``exposure`` and ``risk`` stand for all their stages.

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
        """Read ``NAME=VALUE`` texts, in order; errors as in :meth:`of`."""
        changes: dict[str, float] = {}
        for text in texts:
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
