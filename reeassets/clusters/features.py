"""What an economy is described by: the features of a country-year, who is ranked, and the standardised panel.

Clustering sees nothing of trade but these numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.indicators.aggregates import BY_MATERIALITY, headline
from reeassets.settings import STAGES, Settings
from reeassets.tables import NotEnoughData

Floats = NDArray[np.float64]

EXPOSURE = "exposure"
CONCENTRATION = "supplier_concentration"
RISK = "systemic_trade_risk"
INFLUENCE = "log10_influence"
FEATURE_INDICATORS = (EXPOSURE, CONCENTRATION, RISK, INFLUENCE)

KEY = ["year", "country"]
NEEDED = [*KEY, "stage", "weighting", "imports_kusd", "exports_kusd", EXPOSURE, CONCENTRATION, RISK, "influence"]

# A feature whose values differ by less than this, relative to their size, is constant up to rounding.
CONSTANT = 1e-12


@dataclass(frozen=True)
class Panel:
    """The standardised features of the ranked country-years, sorted by (year, country).

    Attributes
    ----------
    keys : DataFrame of (year, country), n rows
        Which country-year a row of ``matrix`` is.
    matrix : ndarray, shape (n, number of features)
        Standardised features: mean 0 and, unless constant, standard deviation 1 over the whole panel.
    names : tuple of str
        The features, in the order of the columns of ``matrix``.
    """

    keys: pd.DataFrame
    matrix: Floats
    names: tuple[str, ...]

    def means(self, labels: NDArray[np.int64]) -> pd.DataFrame:
        """Return the mean standardised features of every label: one row per label, one column per feature."""
        return pd.DataFrame(self.matrix, columns=list(self.names)).groupby(labels, sort=True).mean()

    def countries(self, labels: NDArray[np.int64]) -> "pd.Series[int]":
        """Return how many countries every label has in at least one year."""
        return self.keys["country"].groupby(labels, sort=True).nunique()


def clustered_stages(settings: Settings) -> tuple[str, ...]:
    """Return the stages whose indicators are features: upstream and input, final by configuration."""
    return STAGES if settings.cluster_include_final else STAGES[:2]


def feature_names(settings: Settings) -> tuple[str, ...]:
    """Return the names ``<stage>_<indicator>`` of the features, stage by stage."""
    return tuple(f"{stage}_{name}" for stage in clustered_stages(settings) for name in FEATURE_INDICATORS)


def features_of(indicator: str, names: Sequence[str]) -> list[str]:
    """Return those feature names that carry one indicator, whatever the stage."""
    return [name for name in names if name.split("_", 1)[1] == indicator]


def cluster_features(country_indicators: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Describe every country-year by the features it is clustered on, and say who is ranked.

    Features are those of docs/METHOD.md, section 7: exposure, supplier concentration, systemic trade risk and
    ``log10(influence + floor)`` of each clustered stage. Influence spreads over powers of ten: on its own scale one
    dominant economy is so far from all others that it takes a cluster. Ranked are, per year, the
    ``settings.cluster_countries`` countries with the largest imports plus exports over all stages (ties: the smaller
    country code first). One rule is this project's own: a country among them without imports of a clustered stage has
    no concentration or risk there, is not ranked either, and nobody takes its place; imputing a number would invent a
    dependency.

    Parameters
    ----------
    country_indicators : DataFrame
        One row per (year, country, stage, weighting); see :mod:`reeassets.indicators.aggregates`.
    settings : Settings
        ``weighting``, ``cluster_countries``, ``cluster_include_final`` and ``cluster_influence_floor`` are read.

    Returns
    -------
    DataFrame
        ``year, country, trade_kusd, ranked, reason`` and the features; one row per country-year of the input, sorted.
        ``reason`` says why a country-year is not ranked and is missing otherwise.

    Raises
    ------
    ValueError
        If columns are missing, a stage is unknown, or a (year, country, stage, weighting) occurs twice.
    """
    _check_input(country_indicators)
    rows = headline(country_indicators[NEEDED], settings).sort_values([*KEY, "stage"], ignore_index=True)
    rows[INFLUENCE] = np.log10(rows["influence"].astype(float) + settings.cluster_influence_floor)
    rows["trade_kusd"] = rows["imports_kusd"] + rows["exports_kusd"]

    result = rows.groupby(KEY, sort=True)["trade_kusd"].sum().reset_index()
    for stage in clustered_stages(settings):
        own = rows.loc[rows["stage"] == stage, [*KEY, *FEATURE_INDICATORS]]
        own = own.rename(columns={name: f"{stage}_{name}" for name in FEATURE_INDICATORS})
        result = result.merge(own, on=KEY, how="left", validate="one_to_one")

    by_size = result.sort_values(["year", "trade_kusd", "country"], ascending=[True, False, True])
    place = by_size.groupby("year").cumcount().reindex(result.index)
    reason = _missing_stages(result, settings)
    reason = reason.mask(place >= settings.cluster_countries, f"outside the {settings.cluster_countries} largest")
    result["ranked"] = reason.isna()
    result["reason"] = reason
    result = result.astype(dict.fromkeys(feature_names(settings), "float64"))
    return result[[*KEY, "trade_kusd", "ranked", "reason", *feature_names(settings)]]


def _check_input(country_indicators: pd.DataFrame) -> None:
    missing = [name for name in NEEDED if name not in country_indicators.columns]
    if missing:
        raise ValueError(f"country_indicators lacks the column(s) {', '.join(missing)} that clusters are made of")
    unknown = sorted(set(country_indicators["stage"].astype(str)) - set(STAGES))
    if unknown:
        raise ValueError(
            f"country_indicators has unknown stage(s) {', '.join(unknown)}; the stages are {', '.join(STAGES)}"
        )
    twice = country_indicators.loc[country_indicators.duplicated([*KEY, "stage", "weighting"]), [*KEY, "stage"]]
    if len(twice):
        raise ValueError(f"country_indicators has {len(twice)} repeated row(s), e.g. {twice.iloc[0].to_dict()}")


def _missing_stages(features: pd.DataFrame, settings: Settings) -> "pd.Series[str]":
    """Return, per row, the stages without numbers as a reason; missing where all are there."""
    known = " of known materiality" if settings.weighting == BY_MATERIALITY else ""
    lacking = pd.Series("", index=features.index, dtype="str")
    for stage in clustered_stages(settings):
        absent = features[[f"{stage}_{name}" for name in FEATURE_INDICATORS]].isna().any(axis=1)
        joined = lacking.where(lacking == "", lacking + " and ") + stage
        lacking = lacking.mask(absent, joined)
    return ("no imports of " + lacking + " products" + known).where(lacking != "")


def standardised_panel(features: pd.DataFrame, settings: Settings) -> Panel:
    """Standardise the features of the ranked country-years over all years together.

    One mean and one (population) standard deviation per feature serve all years, so that a label means the same in
    every year (docs/METHOD.md, section 7). A constant feature tells economies apart in nothing: it is centred to 0 and
    keeps scale 1, rather than being divided by zero.

    Parameters
    ----------
    features : DataFrame
        As made by :func:`cluster_features`, in any row order.
    settings : Settings
        ``cluster_include_final`` is read.

    Raises
    ------
    ValueError
        If no country-year is ranked, or a ranked one has a feature that is not a finite number.
    """
    names = feature_names(settings)
    ranked = features.loc[features["ranked"]].sort_values(KEY, ignore_index=True)
    if ranked.empty:
        reasons = features["reason"].value_counts()
        told = (
            "; ".join(f"{reason}: {count}" for reason, count in reasons.items()) or "there are no country-years at all"
        )
        raise NotEnoughData(f"no country-year can be clustered ({told})")
    raw = ranked[list(names)].to_numpy(dtype=float)
    broken = [name for name, column in zip(names, raw.T, strict=True) if not np.isfinite(column).all()]
    if broken:
        raise ValueError(f"ranked country-years have missing or infinite values in {', '.join(broken)}")
    constant = np.ptp(raw, axis=0) <= CONSTANT * np.abs(raw).max(axis=0)
    scale = np.where(constant, 1.0, raw.std(axis=0))
    matrix = np.where(constant, 0.0, (raw - raw.mean(axis=0)) / scale)
    return Panel(ranked[KEY], matrix, names)
