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


@dataclass(frozen=True)
class EconomyHazard:
    """The hazard of merged economies: the export-weighted mean of their members' hazards.

    A hazard is that of a supplier, so a member counts by what it exports out of the economy, over all products of the
    source, in the year. Where no member exports anything out of it, the economy supplies nobody and its hazard enters
    no number; it is the plain mean. This project's own rule.

    Attributes
    ----------
    of_countries : Hazard
        The hazard of countries.
    members : DataFrame
        The table ``economy_members`` of the year.
    """

    of_countries: Hazard
    members: pd.DataFrame

    @property
    def name(self) -> str:
        """Name of the hazard of countries."""
        return self.of_countries.name

    @property
    def description(self) -> str:
        """Description of the hazard of countries."""
        return self.of_countries.description

    def hazard(self, year: int, countries: list[str]) -> Floats:
        """Return the hazard of each economy, in [0, 1], shape (n,)."""
        return self.coverage(year, countries)["hazard"].to_numpy(dtype=float)

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis``, one row per economy, in the order given."""
        merged = self.members[self.members["economy"].isin(countries)]
        single = [code for code in countries if code not in set(merged["economy"])]
        asked = sorted({*single, *merged["country"]})
        of_country = hazard_coverage(self.of_countries, year, asked).set_index("country")
        found = of_country.loc[single, ["hazard", "basis"]]
        means = {code: _mean_hazard(rows, of_country["hazard"]) for code, rows in merged.groupby("economy")}
        of_group = pd.DataFrame({"hazard": means, "basis": "mean of the members"})
        return pd.concat([found, of_group]).loc[countries].rename_axis("country").reset_index()

    def data_files(self) -> list[Path]:
        """Return the files of the hazard of countries."""
        return self.of_countries.data_files()


def _mean_hazard(members: pd.DataFrame, hazard: pd.Series) -> float:
    weights = members["exports_kusd"].to_numpy(dtype=float)
    values = hazard.loc[members["country"]].to_numpy(dtype=float)
    # A mean lies between its values; rounding can put it a unit in the last place beside them.
    mean = np.average(values, weights=weights if weights.sum() > 0 else None)
    return float(np.clip(mean, values.min(), values.max()))


def of_economies(hazard: Hazard, members: pd.DataFrame) -> Hazard:
    """Return a hazard of countries as one of economies; itself if none is merged.

    Parameters
    ----------
    hazard : Hazard
        Hazard of countries.
    members : DataFrame
        The table ``economy_members`` of the year.
    """
    return EconomyHazard(hazard, members) if len(members) else hazard


UNIFORM = UniformHazard()
POLITICAL_STABILITY = PoliticalStability(lambda: bundled_file(WGI_FILE))
