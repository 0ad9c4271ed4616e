"""The built-in hazards: uniform (structure alone) and political stability (World Bank). Reads one bundled file."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import Hazard
from reeassets.trade.bundled import bundled_file

Floats = NDArray[np.float64]

WGI_FILE = "wgi_political_stability_1996_2023.csv"
# BACI's code on the left: Other Asia n.e.s. is Taiwan. All other codes of BACI that the World Bank rates are ISO's.
WGI_CODES = {"S19": "TWN"}
MEDIAN_HAZARD = 0.5
BASES = ("rank of the year", "rank of the nearest earlier year", "rank of the nearest later year", "median rank")


@runtime_checkable
class CoveredHazard(Hazard, Protocol):
    """A hazard that says, country by country, what its values rest on."""

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis``, one row per country, in the order given."""
        ...


def hazard_coverage(hazard: Hazard, year: int, countries: list[str]) -> pd.DataFrame:
    """Return ``country, hazard, basis`` of any hazard; the basis is ``as given`` for one that does not tell."""
    if isinstance(hazard, CoveredHazard):
        return hazard.coverage(year, countries)
    return pd.DataFrame({"country": countries, "hazard": hazard.hazard(year, countries), "basis": "as given"})


@dataclass(frozen=True)
class UniformHazard:
    """Every supplier fails alike, ``h = 1``: the risk is the structure of trade alone."""

    name: str = "uniform"
    description: str = "1 for every supplier: the structure of trade alone"

    def hazard(self, year: int, countries: list[str]) -> Floats:  # noqa: ARG002  (the signature is the contract's)
        """Return 1 for each country, shape (n,)."""
        return np.ones(len(countries))

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis``; the basis is ``constant``."""
        return pd.DataFrame({"country": countries, "hazard": self.hazard(year, countries), "basis": "constant"})

    def data_files(self) -> list[Path]:
        """Return no file."""
        return []


@dataclass(frozen=True)
class PoliticalStability:
    """``h = (100 - percentile rank) / 100`` of the Worldwide Governance Indicators' political stability.

    After Klimek, Obersteiner & Thurner (2015), Science Advances 1:e1500522 (docs/METHOD.md, section 5). The indicators
    lack 1997, 1999 and 2001 and some territories. The rule for what is missing is this project's own: the rank of the
    country's nearest earlier year; if there is none, of its nearest later year; if it is never rated, 0.5, the hazard
    of the median rank. :meth:`coverage` says which rule each value rests on.
    """

    path: Callable[[], Path]
    name: str = "political_stability"
    description: str = (
        "(100 - percentile rank)/100 of political stability, Worldwide Governance Indicators, World Bank (CC-BY 4.0)"
    )

    def hazard(self, year: int, countries: list[str]) -> Floats:
        """Return the hazard of each country, in [0, 1], shape (n,)."""
        return self.coverage(year, countries)["hazard"].to_numpy(dtype=float)

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis`` (one of ``BASES``), one row per country, in the order given."""
        ranks = _ranks(self.path())
        rows = []
        for country in countries:
            rated = ranks.get(WGI_CODES.get(country, country), {})
            earlier = [other for other in rated if other <= year]
            if not rated:
                rows.append((country, MEDIAN_HAZARD, BASES[3]))
                continue
            nearest = max(earlier) if earlier else min(rated)
            basis = BASES[0] if nearest == year else BASES[1] if earlier else BASES[2]
            rows.append((country, (100.0 - rated[nearest]) / 100.0, basis))
        return pd.DataFrame(rows, columns=["country", "hazard", "basis"]).astype({"country": "str", "basis": "str"})

    def data_files(self) -> list[Path]:
        """Return the file of the percentile ranks."""
        return [self.path()]


@cache
def _ranks(path: Path) -> dict[str, dict[int, float]]:
    """Read the percentile ranks of each country by year."""
    # Namibia's codes are text that pandas would read as missing, so nothing is read as missing by its spelling.
    frame = pd.read_csv(path, usecols=["iso3", "year", "pv_percentile_rank"], keep_default_na=False)
    if not frame["pv_percentile_rank"].between(0, 100).all() or frame.duplicated(["iso3", "year"]).any():
        raise ValueError(f"{path.name}: a percentile rank is outside [0, 100] or a country and year appear twice")
    ranks: dict[str, dict[int, float]] = {}
    for iso3, year, rank in frame.itertuples(index=False, name=None):
        ranks.setdefault(iso3, {})[int(year)] = float(rank)
    return ranks


UNIFORM = UniformHazard()
POLITICAL_STABILITY = PoliticalStability(lambda: bundled_file(WGI_FILE))
