"""Tier contrasts: whether an indicator is higher in input than in upstream products, within countries."""

import pandas as pd

from reeassets.indicators.contract import RESERVED
from reeassets.indicators.paired import STATISTICS, PairedComparison, false_discovery
from reeassets.settings import Settings

CONTRASTED = ("upstream", "input")


def tier_contrasts(country_indicators: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Compare input with upstream products within country, per year and indicator (docs/METHOD.md, section 5).

    Countries with both values take part. The test is Wilcoxon's signed-rank test on ``input - upstream``, two-sided;
    ties (differences of 0) are dropped, as Wilcoxon did; below 6 countries that differ there is no p-value. ``q_value``
    is Benjamini & Hochberg's (1995) over the years of an indicator. ``rank_biserial`` is the matched-pairs
    rank-biserial correlation ``(W+ - W-) / (W+ + W-)`` (Kerby 2014), positive where input products have the higher
    value, 0 if no country differs. The intervals are 95 % percentile intervals of a bootstrap over countries; below 6
    countries that differ there are none. The abstract of the reference names no test: these are this project's own.

    Parameters
    ----------
    country_indicators : DataFrame
        The table of that name, any number of years, rows in any order.
    settings : Settings
        ``contrast_draws`` and ``contrast_seed`` count.

    Returns
    -------
    DataFrame
        The table ``tier_contrasts``: one row per year and indicator.
    """
    compare = PairedComparison(settings.contrast_draws, settings.contrast_seed)
    years = sorted(country_indicators["year"].unique())
    rows = []
    for name in _indicator_names(country_indicators):
        pairs = _pairs(country_indicators, name)
        for year in years:
            of_year = pairs.loc[pairs.index.get_level_values("year") == year].to_numpy(dtype=float)
            rows.append({"year": year, "indicator": name, **compare(of_year[:, 0], of_year[:, 1])})
    contrasts = _frame(rows, {"year": "int64", "indicator": "str"})
    contrasts["q_value"] = contrasts.groupby("indicator", sort=False)["p_value"].transform(
        lambda p_values: false_discovery(p_values.to_numpy(dtype=float))
    )
    return contrasts.sort_values(["year", "indicator"], ignore_index=True)


def tier_contrasts_pooled(country_indicators: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Compare input with upstream products within country over all years together.

    Each country enters once, with the means of both values over the years in which it has both; then the statistics are
    those of :func:`tier_contrasts`, with ``q_value`` over the indicators.

    Parameters
    ----------
    country_indicators, settings
        As in :func:`tier_contrasts`.

    Returns
    -------
    DataFrame
        The table ``tier_contrasts_pooled``: one row per indicator; ``n_years`` are the years with any such country.
    """
    compare = PairedComparison(settings.contrast_draws, settings.contrast_seed)
    rows = []
    for name in _indicator_names(country_indicators):
        pairs = _pairs(country_indicators, name)
        means = pairs.groupby(level="country", sort=True).mean().to_numpy(dtype=float)
        n_years = pairs.index.get_level_values("year").nunique()
        rows.append({"indicator": name, "n_years": n_years, **compare(means[:, 0], means[:, 1])})
    contrasts = _frame(rows, {"indicator": "str", "n_years": "int64"})
    contrasts["q_value"] = false_discovery(contrasts["p_value"].to_numpy(dtype=float))
    return contrasts.sort_values("indicator", ignore_index=True)


def _indicator_names(country_indicators: pd.DataFrame) -> list[str]:
    return [str(name) for name in country_indicators.columns if name not in RESERVED]


def _pairs(country_indicators: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the columns upstream and input of an indicator by (year, country), where both are known, sorted."""
    wide = country_indicators.pivot(index=["year", "country"], columns="stage", values=name)
    return wide.reindex(columns=list(CONTRASTED)).dropna().sort_index()


def _frame(rows: list[dict[str, object]], keys: dict[str, str]) -> pd.DataFrame:
    """Return the rows as a frame whose dtypes do not depend on what is missing."""
    dtypes = keys | {name: "int64" if name.startswith("n_") else "float64" for name in STATISTICS}
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
