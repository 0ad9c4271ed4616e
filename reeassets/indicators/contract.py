"""The contracts of this stage: what an indicator is, what a hazard is, and which of each are registered.

A package that registers an :class:`Indicator` under the entry-point group ``reeassets.indicators`` adds its column,
schema and description to ``product_indicators``, ``country_indicators`` and the tier contrasts; one that registers a
:class:`Hazard` under ``reeassets.hazards`` adds its columns to ``indicator_variants``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
import pandera.pandas as pa
from numpy.typing import NDArray

from reeassets import plugins
from reeassets.settings import Settings
from reeassets.tables import column

if TYPE_CHECKING:
    from reeassets.indicators.year_network import YearNetwork

Floats = NDArray[np.float64]

# Sums of a few hundred shares that add up to 1 miss it by about 1e-14, and the solver's error is at most 1e-13 of a
# right-hand side of at most 1: a value outside its range by less than this is rounding, by more it is an error.
ROUNDING = 1e-12

BUILT_IN_INDICATORS = (
    "exposure",
    "supplier_concentration",
    "direct_risk",
    "systemic_trade_risk",
    "indirect_risk",
    "influence",
    "rca",
    "rsca",
    "multi_tier_risk",
)
BUILT_IN_HAZARDS = ("political_stability", "market_power", "uniform", "file")
RESERVED = ("year", "country", "product", "stage", "weighting", "n_products", "imports_kusd", "exports_kusd")
AGGREGATES = ("mean", "world_mean")


@dataclass(frozen=True)
class Indicator:
    """One number per country, product and year.

    Attributes
    ----------
    name : str
        Its column, and the name it is registered by.
    unit : str
        Unit of measurement.
    low, high : float or None
        Ends of its range; None where it is open to infinity.
    direction : str
        What a higher value means.
    formula : str
        Its definition in the notation of docs/METHOD.md.
    source : str
        Where the definition comes from; it says so when it is this project's own.
    compute : callable
        From the year's network to an array of shape (n_pairs,), in the order of the network's pairs.
    aggregate : {"mean", "world_mean"}
        How the products of a stage are brought together per country: a mean over those it trades, weighted by its
        imports (or as the row's ``weighting`` says); or one over all products of the stage, weighted by their world
        imports, in which a product that the country does not trade counts as 0. Null values have no weight in the
        first; the second is for indicators without any.
    low_open, high_open : bool
        Whether the end itself is outside the range.
    nullable : bool
        Whether a pair may have no value.
    definition : callable or None
        For an indicator whose definition is configured: from settings to the indicator as configured.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    direction: str
    formula: str
    source: str
    compute: Callable[["YearNetwork"], Floats]
    aggregate: Literal["mean", "world_mean"] = "mean"
    low_open: bool = False
    high_open: bool = False
    nullable: bool = False
    definition: Callable[[Settings], "Indicator"] | None = None

    def __post_init__(self) -> None:
        if self.name in RESERVED or not self.name.isidentifier():
            raise ValueError(f"an indicator cannot be named {self.name!r}")
        if self.aggregate not in AGGREGATES:
            raise ValueError(
                f"indicator {self.name}: aggregate must be {' or '.join(AGGREGATES)}, not {self.aggregate!r}"
            )
        if self.aggregate == "world_mean" and self.nullable:
            raise ValueError(f"indicator {self.name}: a world_mean needs a value of every pair, and it is nullable")

    def under(self, settings: Settings) -> "Indicator":
        """Return the indicator as the settings define it."""
        return self.definition(settings) if self.definition else self

    @property
    def meaning(self) -> str:
        """Definition, direction and source in one text."""
        return f"{self.formula}; {self.direction}. Source: {self.source}."

    @property
    def column(self) -> pa.Column:
        """Its column in ``product_indicators``."""
        return self._column(self.meaning, nullable=self.nullable)

    @property
    def country_column(self) -> pa.Column:
        """Its column in ``country_indicators``: null where there is nothing to weight a mean with."""
        over = (
            "Mean over all products of the stage, weighted by their world imports, 0 where the country does not trade,"
            if self.aggregate == "world_mean"
            else "Mean over the country's products of the stage"
        )
        return self._aggregated(f"{over} of: {self.meaning}")

    def interval_column(self, end: str) -> pa.Column:
        """Its column in ``indicator_intervals`` for the ``low`` or ``high`` end."""
        return self._aggregated(f"{end.capitalize()} end of the 95 % interval of {self.name} under perturbed flows")

    def _aggregated(self, meaning: str) -> pa.Column:
        if self.aggregate == "mean":
            return self._column(meaning, nullable=True)
        # What is not traded counts as 0, so that 0 is always in the range.
        low, high = (None if end is None else pick(end, 0.0) for end, pick in ((self.low, min), (self.high, max)))
        return replace(self, low=low, high=high, low_open=False, high_open=False)._column(meaning, nullable=True)

    def _column(self, meaning: str, *, nullable: bool) -> pa.Column:
        return column(
            "float64",
            meaning,
            unit=self.unit,
            nullable=nullable,
            ge=None if self.low_open else self.low,
            gt=self.low if self.low_open else None,
            le=None if self.high_open else self.high,
            lt=self.high if self.high_open else None,
        )

    def evaluate(self, network: "YearNetwork") -> Floats:
        """Compute the indicator for a year's network, as the network's settings define it.

        Returns
        -------
        ndarray, shape (n_pairs,)
            In the order of the network's pairs, inside the range.

        Raises
        ------
        ValueError
            If ``compute`` returns another shape, or values outside the range by more than rounding.
        """
        indicator = self.under(network.settings)
        values = np.asarray(indicator.compute(network), dtype=float)
        if values.shape != (network.n_pairs,):
            raise ValueError(f"indicator {self.name}: shape {values.shape} instead of ({network.n_pairs},)")
        return indicator.clip_rounding(values)

    def clip_rounding(self, values: Floats) -> Floats:
        """Move values that rounding put outside the range back to its end; missing values stay missing.

        Raises
        ------
        ValueError
            If a value is outside by more than ``ROUNDING``.
        """
        for end, sign in ((self.low, -1.0), (self.high, 1.0)):
            if end is None or values.size == 0:
                continue
            excess = sign * (values - end)
            if (excess > ROUNDING).any():
                worst = values[np.nanargmax(excess)]
                outside = int((excess > ROUNDING).sum())
                raise ValueError(f"indicator {self.name}: {outside} value(s) outside its range, e.g. {worst!r}")
        low = -np.inf if self.low is None else np.nextafter(self.low, np.inf) if self.low_open else self.low
        high = np.inf if self.high is None else np.nextafter(self.high, -np.inf) if self.high_open else self.high
        return np.clip(values, low, high)


@runtime_checkable
class Hazard(Protocol):
    """How likely a supplier is to fail; ``name`` and ``description`` may be plain attributes."""

    @property
    def name(self) -> str:
        """The name it is registered by; also the suffix of its columns in ``indicator_variants``."""
        ...

    @property
    def description(self) -> str:
        """What the hazard stands for, with its source."""
        ...

    def hazard(self, year: int, countries: list[str]) -> Floats:
        """Return the hazard of each country.

        Parameters
        ----------
        year : int
            Calendar year.
        countries : list of str, length n
            BACI's ISO3 codes (S19 is Taiwan).

        Returns
        -------
        ndarray, shape (n,)
            In [0, 1], aligned with ``countries``; never missing.
        """
        ...

    def data_files(self) -> list[Path]:
        """Return the files the hazard is read from, for the lineage; empty if there are none."""
        ...


@runtime_checkable
class PairHazard(Hazard, Protocol):
    """A hazard that differs by product: it looks at the network."""

    def of_pairs(self, network: "YearNetwork") -> Floats:
        """Return the hazard of each pair (country, product) as a supplier, in [0, 1], shape (n,), never missing."""
        ...


@runtime_checkable
class ConfiguredHazard(Hazard, Protocol):
    """A hazard that is there only as the settings configure it."""

    def under(self, settings: Settings) -> Hazard | None:
        """Return the hazard as configured, or None if the settings do not ask for it."""
        ...


def in_order(names: Iterable[str], first: tuple[str, ...]) -> list[str]:
    """Order names: the built-in ones as given, then external ones by name."""
    present = set(names)
    return [name for name in first if name in present] + sorted(present - set(first))


def registered_indicators() -> list[Indicator]:
    """Return every registered indicator: the built-in ones in the order of docs/METHOD.md, then external ones by name.

    Raises
    ------
    PluginError
        If one does not load, keeps no contract, or calls itself differently from its registration.
    """
    found = plugins.every("indicators", Indicator)
    for name, indicator in found.items():
        if indicator.name != name:
            raise plugins.PluginError(f"the indicator registered as {name!r} calls itself {indicator.name!r}")
    return [found[name] for name in in_order(found, BUILT_IN_INDICATORS)]


def registered_hazards(settings: Settings) -> list[Hazard]:
    """Return every registered hazard that the settings have, built-in ones first.

    Raises
    ------
    PluginError
        As :func:`registered_indicators`.
    """
    found = plugins.every("hazards", Hazard)
    for name, hazard in found.items():
        if hazard.name != name:
            raise plugins.PluginError(f"the hazard registered as {name!r} calls itself {hazard.name!r}")
    there = (_under(found[name], settings) for name in in_order(found, BUILT_IN_HAZARDS))
    return [hazard for hazard in there if hazard is not None]


def configured_hazard(settings: Settings) -> Hazard:
    """Return the hazard that the settings name.

    Raises
    ------
    PluginError
        If there is none of that name, or it is broken.
    ValueError
        If it lacks a setting that it needs.
    """
    found = plugins.get("hazards", settings.hazard, Hazard)
    hazard = _under(found, settings)
    if hazard is None:
        # Its own words for what is missing.
        found.data_files()
        raise ValueError(f"hazard {settings.hazard}: a setting that it needs is missing")
    return hazard


def _under(hazard: Hazard, settings: Settings) -> Hazard | None:
    return hazard.under(settings) if isinstance(hazard, ConfiguredHazard) else hazard
