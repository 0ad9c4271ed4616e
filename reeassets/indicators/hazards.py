"""The built-in hazards: political stability (World Bank), market power, and one value for all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.contract import Hazard, PairHazard
from reeassets.settings import Settings
from reeassets.trade.bundled import bundled_file

if TYPE_CHECKING:
    from reeassets.indicators.year_network import YearNetwork

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
    """Return ``country, hazard, basis`` of a hazard of countries; the basis is ``as given`` where it does not tell."""
    if isinstance(hazard, CoveredHazard):
        return hazard.coverage(year, countries)
    return pd.DataFrame({"country": countries, "hazard": hazard.hazard(year, countries), "basis": "as given"})


@dataclass(frozen=True)
class UniformHazard:
    """Every supplier fails alike.

    Attributes
    ----------
    value : float
        The hazard of each, in [0, 1]; the setting ``hazard_uniform``.
    """

    value: float = 0.1
    name: str = "uniform"
    description: str = "one value for every supplier (setting hazard_uniform)"

    def under(self, settings: Settings) -> "UniformHazard":
        """Return the hazard with the value that the settings have."""
        return UniformHazard(settings.hazard_uniform)

    def hazard(self, year: int, countries: list[str]) -> Floats:  # noqa: ARG002  (the signature is the contract's)
        """Return the value for each country, shape (n,)."""
        return np.full(len(countries), self.value)

    def coverage(self, year: int, countries: list[str]) -> pd.DataFrame:
        """Return ``country, hazard, basis``; the basis is ``constant``."""
        return pd.DataFrame({"country": countries, "hazard": self.hazard(year, countries), "basis": "constant"})

    def data_files(self) -> list[Path]:
        """Return no file."""
        return []


@dataclass(frozen=True)
class MarketPower:
    """``h[i,p] = D[i,p] / sum_i D[i,p]``: the irreplaceable fail worst (docs/METHOD.md, section 5)."""

    name: str = "market_power"
    description: str = (
        "share of the country in the world's domestic supply of the product: the irreplaceable fail worst"
    )

    def of_pairs(self, network: "YearNetwork") -> Floats:
        """Return the hazard of each pair, in [0, 1], shape (n,); 0 where nobody makes the product."""
        made = np.bincount(network.product, network.domestic, len(network.products))[network.product]
        return np.divide(network.domestic, made, out=np.zeros(network.n_pairs), where=made > 0)

    def hazard(self, year: int, countries: list[str]) -> Floats:  # noqa: ARG002  (the signature is the contract's)
        """Refuse: this hazard has no value of a country alone."""
        raise TypeError("the hazard market_power differs by product; ask for it by network")

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
    # A hazard that looks at the network sees economies already.
    return EconomyHazard(hazard, members) if len(members) and not isinstance(hazard, PairHazard) else hazard


def hazard_table(hazard: Hazard, year: int, countries: list[str], network: Callable[[], "YearNetwork"]) -> pd.DataFrame:
    """Return the table ``supplier_hazards`` of a year: one row per country, or per pair where they differ by product.

    Parameters
    ----------
    hazard : Hazard
        Hazard of economies.
    year : int
        Calendar year.
    countries : list of str
        The economies that trade in it, sorted.
    network : callable
        Builds the year's network, for a hazard that looks at it.
    """
    if isinstance(hazard, PairHazard):
        built = network()
        pairs = built.pairs()[["year", "country", "product"]]
        return pairs.assign(hazard=hazard.of_pairs(built), source=hazard.name)
    table = hazard_coverage(hazard, year, countries)
    source = hazard.name + ": " + table["basis"]
    return table[["country", "hazard"]].assign(year=year, product=None, source=source)


# Nobody fails: for networks that are asked for nothing but their structure.
NOBODY = UniformHazard(0.0)
UNIFORM = UniformHazard()
MARKET_POWER = MarketPower()
POLITICAL_STABILITY = PoliticalStability(lambda: bundled_file(WGI_FILE))
