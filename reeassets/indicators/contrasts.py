"""Tier contrasts: whether an indicator is higher in input than in upstream products, within countries."""

from collections.abc import Iterable, Sequence

import pandas as pd

from reeassets.indicators.aggregates import WEIGHTINGS
from reeassets.indicators.contract import Indicator
from reeassets.indicators.paired import STATISTICS, PairedComparison, false_discovery
from reeassets.indicators.permutation import CONTRASTED, Sheet, product_tests
from reeassets.settings import Settings

# What the permutation test of an indicator under a weighting adds.
_OF_PRODUCTS = ("n_upstream_products", "n_input_products", "p_value")


def tier_contrasts(
    country_indicators: pd.DataFrame,
    sheets: Iterable[Sheet],
    indicators: Sequence[Indicator],
    settings: Settings,
    weightings: Sequence[str] = WEIGHTINGS,
) -> pd.DataFrame:
    """Compare input with upstream products within country, per year, indicator and weighting.

    After docs/METHOD.md, section 5. Countries with both values take part. The statistic is the median over countries
    of ``input - upstream``. Its p-value is that of permuting the stages among the products traded in the year,
    two-sided, the numbers of products kept; with fewer than ``MINIMUM_PRODUCTS`` in a stage there is none. ``q_value``
    is Benjamini & Hochberg's (1995) over the years of an indicator and weighting. ``wilcoxon_p_value`` is that of
    Wilcoxon's signed-rank test of countries, ties (differences of 0) dropped; below 6 countries that differ there is
    none. ``rank_biserial`` is the matched-pairs rank-biserial correlation ``(W+ - W-) / (W+ + W-)`` (Kerby 2014),
    positive where input products have the higher value, 0 if no country differs. The intervals are 95 % percentile
    intervals of a bootstrap over countries; below 6 countries that differ there are none. The abstract of the reference
    names no test: these are this project's own.

    Parameters
    ----------
    country_indicators : DataFrame
        The table of that name, any number of years, rows in any order.
    sheets : iterable of Sheet
        The products behind it, year by year.
    indicators : sequence of Indicator
        Which.
    settings : Settings
        ``contrast_draws``, ``contrast_permutations`` and ``contrast_seed`` count.
    weightings : sequence of str
        Which; all of them by default. Each is a family of tests of its own.

    Returns
    -------
    DataFrame
        The table ``tier_contrasts``: one row per year, indicator and weighting.
    """
    compare = PairedComparison(settings.contrast_draws, settings.contrast_seed)
    draws, seed = settings.contrast_permutations, settings.contrast_seed
    tests: dict[tuple[int, str, str], dict[str, float]] = {}
    for sheet in sheets:
        for weighting in weightings:
            of_year = product_tests([sheet], indicators, weighting, draws, seed)
            tests |= {(sheet.year, name, weighting): found for name, found in of_year.items()}
    rows = []
    years = country_indicators["year"].unique()
    for indicator in indicators:
        for weighting in weightings:
            pairs = _pairs(country_indicators, indicator.name, weighting)
            for year in years:
                values = pairs.loc[pairs.index.get_level_values("year") == year].to_numpy(dtype=float)
                found = compare(values[:, 0], values[:, 1]) | tests[int(year), indicator.name, weighting]
                rows.append({"year": year, "indicator": indicator.name, "weighting": weighting, **found})
    contrasts = _frame(rows, {"year": "int64", "indicator": "str", "weighting": "str"})
    return _with_q_values(contrasts, ["indicator", "weighting"]).sort_values(
        ["year", "indicator", "weighting"], ignore_index=True
    )


def tier_contrasts_pooled(
    country_indicators: pd.DataFrame,
    sheets: Sequence[Sheet],
    indicators: Sequence[Indicator],
    settings: Settings,
    weightings: Sequence[str] = WEIGHTINGS,
) -> pd.DataFrame:
    """Compare input with upstream products within country over all years together.

    Each country enters once, with the means of both values over the years in which it has both; then the statistics are
    those of :func:`tier_contrasts`, with a product in the same stage in all years of a permutation and ``q_value`` over
    the indicators of a weighting.

    Parameters
    ----------
    country_indicators, sheets, indicators, settings, weightings
        As in :func:`tier_contrasts`.

    Returns
    -------
    DataFrame
        The table ``tier_contrasts_pooled``: one row per indicator and weighting; ``n_years`` are the years with any
        such country.
    """
    compare = PairedComparison(settings.contrast_draws, settings.contrast_seed)
    rows = []
    for weighting in weightings:
        tests = product_tests(sheets, indicators, weighting, settings.contrast_permutations, settings.contrast_seed)
        for indicator in indicators:
            pairs = _pairs(country_indicators, indicator.name, weighting)
            means = pairs.groupby(level="country", sort=True).mean().to_numpy(dtype=float)
            n_years = pairs.index.get_level_values("year").nunique()
            found = compare(means[:, 0], means[:, 1]) | tests[indicator.name]
            rows.append({"indicator": indicator.name, "weighting": weighting, "n_years": n_years, **found})
    contrasts = _frame(rows, {"indicator": "str", "weighting": "str", "n_years": "int64"})
    return _with_q_values(contrasts, ["weighting"]).sort_values(["indicator", "weighting"], ignore_index=True)


def _pairs(country_indicators: pd.DataFrame, name: str, weighting: str) -> pd.DataFrame:
    """Return the columns upstream and input of an indicator by (year, country), where both are known, sorted."""
    rows = country_indicators[country_indicators["weighting"] == weighting]
    wide = rows.pivot(index=["year", "country"], columns="stage", values=name)
    return wide.reindex(columns=list(CONTRASTED)).dropna().sort_index()


def _frame(rows: list[dict[str, object]], keys: dict[str, str]) -> pd.DataFrame:
    """Return the rows as a frame whose dtypes do not depend on what is missing."""
    dtypes = keys | {name: "int64" if name.startswith("n_") else "float64" for name in (*STATISTICS, *_OF_PRODUCTS)}
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)


def _with_q_values(contrasts: pd.DataFrame, family: list[str]) -> pd.DataFrame:
    q_values = contrasts.groupby(family, sort=False)["p_value"].transform(
        lambda p_values: false_discovery(p_values.to_numpy(dtype=float))
    )
    return contrasts.assign(q_value=q_values.astype("float64"))
