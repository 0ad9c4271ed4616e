"""The panel behind the regressions: indicators of a country and product at ``t`` beside its advantage at ``t + delta``.

The leads are explicit about zeros: a pair that exports nothing has an index of 0, a country without any exports or a
year outside the data has none.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.models.contract import EXPOSURES
from reeassets.settings import Settings

KEY = ["year", "country", "product"]
LEAD_REASONS = (
    "observed",
    "zero_no_exports_of_pair",
    "null_year_not_in_data",
    "null_no_total_of_country",
    "null_no_exports_of_country",
    "null_no_world_trade",
)

Ints = NDArray[np.int64]


def risk_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns named ``<risk>__<hazard>``, sorted."""
    return sorted(name for name in columns if "__" in name)


def hazards_of(columns: Sequence[str]) -> list[str]:
    """Return the hazards whose risk columns are among ``columns``, sorted."""
    return sorted({name.split("__", 1)[1] for name in risk_columns(columns)})


def values_of_another_year(panel: pd.DataFrame, names: Sequence[str], years: int) -> pd.DataFrame:
    """Return columns of the same pair some years later (or earlier, below 0), null where it has no row then.

    Parameters
    ----------
    panel : DataFrame
        The table ``panel``.
    names : sequence of str
        Columns of it.
    years : int

    Returns
    -------
    DataFrame
        One row per row of the panel, with its index.
    """
    other = panel[[*KEY, *names]].assign(year=panel["year"] - years)
    return panel[KEY].merge(other, on=KEY, how="left", validate="one_to_one")[list(names)].set_axis(panel.index)


def with_leads(panel: pd.DataFrame, delta: int) -> pd.DataFrame:
    """Return the panel with the leads of ``delta`` years; missing ones are made from its own rows of those years.

    A pair without trade then has no row and no lead: enough for samples of pairs that export at both ends.
    """
    absent = [name for name in ("rca", "rsca") if f"{name}_lead{delta}" not in panel]
    if not absent:
        return panel
    found = values_of_another_year(panel, absent, delta)
    return panel.assign(**{f"{name}_lead{delta}": found[name] for name in absent})


def build_panel(
    product_indicators: pd.DataFrame,
    indicator_variants: pd.DataFrame,
    country_totals: pd.DataFrame,
    product_totals: pd.DataFrame,
    stages: pd.Series,
    settings: Settings,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Build the estimation panel (docs/METHOD.md, section 8).

    Every column but the leads comes from year ``t`` alone. ``rca_lead{d}`` and ``rsca_lead{d}`` are, for a pair
    (country, product) at ``t + d``: the index where the pair exports; 0 and -1 where the country exports something and
    the world trades the product, but the pair has no exports; null where the country's total over all goods is not
    known or 0, the world does not trade the product, or year ``t + d`` is not in the data. That treatment of
    zeros is this project's own.

    Parameters
    ----------
    product_indicators, indicator_variants, country_totals, product_totals : DataFrame
        The tables of those names, all years. The first two hold the same rows.
    stages : Series
        Stage by product code; products without a stage leave the panel and are counted.
    settings : Settings
        ``model_deltas``.

    Returns
    -------
    panel : DataFrame
        One row per (year, country, product) with trade at ``t``, sorted by that key.
    counts : dict of str to int
        ``rows``, ``rows_without_stage`` and for every ``d`` how often each reason of :data:`LEAD_REASONS` holds
        (``lead3_observed``, ...).

    Raises
    ------
    ValueError
        If the two indicator tables do not hold the same keys, or a key twice.
    """
    indicators = product_indicators.sort_values(KEY, kind="stable", ignore_index=True)
    variants = indicator_variants.sort_values(KEY, kind="stable", ignore_index=True)
    _check_keys(indicators, variants)
    stage = indicators["product"].map(stages)
    columns: dict[str, object] = {name: indicators[name] for name in KEY}
    columns["stage"] = stage
    columns |= {name: variants[name] for name in EXPOSURES}
    columns["supplier_concentration"] = indicators["supplier_concentration"]
    columns |= {name: variants[name] for name in risk_columns(list(variants.columns))}
    columns |= {name: indicators[name] for name in ("rca", "rsca")}
    columns["log1p_imports"] = np.log1p(indicators["imports_kusd"])
    columns["log1p_exports"] = np.log1p(indicators["exports_kusd"])
    with_stage = stage.notna().to_numpy()
    counts = {"rows": int(with_stage.sum()), "rows_without_stage": int((~with_stage).sum())}
    leads = _Leads(indicators, country_totals, product_totals)
    for delta in settings.model_deltas:
        values, reasons = leads.at(delta)
        columns |= values
        seen = np.bincount(reasons[with_stage], minlength=len(LEAD_REASONS))
        counts |= {f"lead{delta}_{reason}": int(count) for reason, count in zip(LEAD_REASONS, seen, strict=True)}
    panel = pd.DataFrame(columns)[with_stage].reset_index(drop=True)
    return panel.astype({"stage": "str"}), counts


def _check_keys(indicators: pd.DataFrame, variants: pd.DataFrame) -> None:
    repeated = int(indicators.duplicated(KEY).sum())
    if repeated:
        raise ValueError(f"product_indicators repeats {repeated} keys (year, country, product)")
    if not indicators[KEY].equals(variants[KEY]):
        raise ValueError(
            f"indicator_variants ({len(variants)} rows) does not hold the rows of "
            f"product_indicators ({len(indicators)} rows)"
        )


class _Leads:
    """Looks up a pair's advantage some years later by integer keys: text merges would cost seconds per lead."""

    def __init__(self, indicators: pd.DataFrame, country_totals: pd.DataFrame, product_totals: pd.DataFrame):
        country, self.countries = pd.factorize(indicators["country"], sort=True)
        product, self.products = pd.factorize(indicators["product"], sort=True)
        self.country, self.product = country.astype(np.int64), product.astype(np.int64)
        self.year = indicators["year"].to_numpy(np.int64)
        self.years = np.unique(self.year)
        self.rca, self.rsca = indicators["rca"].to_numpy(float), indicators["rsca"].to_numpy(float)
        self.exports = indicators["exports_kusd"].to_numpy(float)
        # Rows are sorted by (year, country, product), so these keys ascend.
        self.pair_keys = self._pair_key(self.year)
        total = country_totals["exports_kusd"]
        self.unknown = self._member_keys(country_totals[total.isna()], "country", self.countries)
        self.exporting = self._member_keys(country_totals[total > 0], "country", self.countries)
        traded = product_totals[product_totals["value_kusd"] > 0]
        self.traded = self._member_keys(traded, "product", self.products)

    def _pair_key(self, year: Ints) -> Ints:
        return (year * len(self.countries) + self.country) * len(self.products) + self.product

    @staticmethod
    def _member_keys(totals: pd.DataFrame, name: str, levels: pd.Index) -> Ints:
        codes = levels.get_indexer(pd.Index(totals[name])).astype(np.int64)
        known = codes >= 0
        return np.unique(totals["year"].to_numpy(np.int64)[known] * len(levels) + codes[known])

    def at(self, delta: int) -> tuple[dict[str, NDArray[np.float64]], Ints]:
        """Return the two lead columns and, per row, the position of its reason in :data:`LEAD_REASONS`."""
        year = self.year + delta
        key = self._pair_key(year)
        place = np.minimum(np.searchsorted(self.pair_keys, key), len(self.pair_keys) - 1)
        exports = (self.pair_keys[place] == key) & (self.exports[place] > 0)
        country_year = year * len(self.countries) + self.country
        conditions = [
            ~np.isin(year, self.years),
            np.isin(country_year, self.unknown),
            ~np.isin(country_year, self.exporting),
            ~np.isin(year * len(self.products) + self.product, self.traded),
            exports,
        ]
        reasons = np.select(conditions, [2, 3, 4, 5, 0], default=1).astype(np.int64)
        values = {}
        for name, series, zero in (("rca", self.rca, 0.0), ("rsca", self.rsca, -1.0)):
            choices = [series[place], np.full(len(key), zero)]
            values[f"{name}_lead{delta}"] = np.select([reasons == 0, reasons == 1], choices, default=np.nan)
        return values, reasons
