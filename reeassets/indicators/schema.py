"""Tables of the stage ``indicators``; their columns are composed from the registered indicators and hazards."""

import pandera.pandas as pa

from reeassets.indicators.compute import EXPOSURE_VARIANTS, HAZARD_VARIANTS, variant_name
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.uncertainty import ENDS, interval_name
from reeassets.settings import STAGES, Settings
from reeassets.tables import Table, column, country_column, product_column, year_column

KUSD = "thousand current US$"


def product_indicators_table(settings: Settings) -> Table:
    """Return the table of indicators per country and product.

    The indicators come in a fixed order: the built-in ones as in docs/METHOD.md, section 5, then external ones by name.

    Raises
    ------
    PluginError
        If a registered indicator does not load or keeps no contract.
    """
    return Table(
        stage="indicators",
        name="product_indicators",
        description="Dependency indicators of each country in each product it trades, hazard and exposure as set.",
        columns={
            "year": year_column(),
            "country": country_column(),
            "product": product_column(),
            "imports_kusd": column("float64", "Imports of the product (M)", unit=KUSD, ge=0),
            "exports_kusd": column("float64", "Exports of the product (X)", unit=KUSD, ge=0),
            **{indicator.name: indicator.under(settings).column for indicator in registered_indicators()},
        },
        key=("year", "country", "product"),
        by_year=True,
    )


def indicator_variants_table(settings: Settings) -> Table:
    """Return the table of alternative definitions: three of exposure, three risks under each registered hazard.

    Raises
    ------
    PluginError
        If a registered hazard does not load or keeps no contract.
    """
    columns = {indicator.name: indicator.column for indicator in EXPOSURE_VARIANTS}
    for hazard in registered_hazards(settings):
        for indicator in HAZARD_VARIANTS:
            columns[variant_name(indicator.name, hazard.name)] = column(
                "float64",
                f"{indicator.meaning} Hazard {hazard.name}: {hazard.description}",
                unit=indicator.unit,
                ge=indicator.low,
                le=None if indicator.high_open else indicator.high,
                lt=indicator.high if indicator.high_open else None,
            )
    return Table(
        stage="indicators",
        name="indicator_variants",
        description="The same rows as product_indicators under every definition of exposure and every hazard.",
        columns={"year": year_column(), "country": country_column(), "product": product_column(), **columns},
        key=("year", "country", "product"),
        by_year=True,
    )


def country_indicators_table(settings: Settings) -> Table:
    """Return the table of indicators per country and stage; errors as in :func:`product_indicators_table`."""
    return Table(
        stage="indicators",
        name="country_indicators",
        description="Indicators of each country over its products of a stage: import-weighted means, or sums.",
        columns={
            "year": year_column(),
            "country": country_column(),
            "stage": column("str", "Stage of the supply chain", isin=STAGES),
            "n_products": column("int64", "Products of the stage the country trades", ge=1),
            "imports_kusd": column("float64", "Imports of the stage's products", unit=KUSD, ge=0),
            "exports_kusd": column("float64", "Exports of the stage's products", unit=KUSD, ge=0),
            **{indicator.name: indicator.under(settings).country_column for indicator in registered_indicators()},
        },
        key=("year", "country", "stage"),
        by_year=True,
    )


def indicator_intervals_table(settings: Settings) -> Table:
    """Return the table of intervals of ``country_indicators``; errors as in :func:`product_indicators_table`."""
    columns = {
        interval_name(indicator.name, end): indicator.under(settings).interval_column(end)
        for indicator in registered_indicators()
        for end in ENDS
    }
    return Table(
        stage="indicators",
        name="indicator_intervals",
        description="95 % intervals of country_indicators under perturbed flows; no rows if perturbation_draws is 0.",
        columns={
            "year": year_column(),
            "country": country_column(),
            "stage": column("str", "Stage of the supply chain", isin=STAGES),
            **columns,
        },
        key=("year", "country", "stage"),
        by_year=True,
    )


def _bounded(meaning: str) -> pa.Column:
    return column("float64", meaning, nullable=True, ge=-1.0, le=1.0)


def _statistics(q_over: str) -> dict[str, pa.Column]:
    """Return the columns the yearly and the pooled contrasts share; effects are input against upstream products."""
    unit = "unit of the indicator"
    absent = "null below 6 countries that differ"
    return {
        "n_countries": column("int64", "Countries with a value in both stages", ge=0),
        "n_differing": column(
            "int64", "Those of them whose two values differ; ties are dropped from test and effect", ge=0
        ),
        "mean_upstream": column("float64", "Mean over countries, upstream products", unit=unit, nullable=True),
        "mean_input": column("float64", "Mean over countries, input products", unit=unit, nullable=True),
        "median_difference": column("float64", "Median over countries of input - upstream", unit=unit, nullable=True),
        "median_difference_low": column(
            "float64", f"Lower end of its 95 % bootstrap interval over countries; {absent}", unit=unit, nullable=True
        ),
        "median_difference_high": column("float64", f"Upper end of that interval; {absent}", unit=unit, nullable=True),
        "rank_biserial": _bounded(
            "Matched-pairs rank-biserial correlation, positive: higher in input products; 0 if no country differs"
        ),
        "rank_biserial_low": _bounded(f"Lower end of its 95 % bootstrap interval over countries; {absent}"),
        "rank_biserial_high": _bounded(f"Upper end of that interval; {absent}"),
        "p_value": column("float64", f"Wilcoxon signed-rank test, two-sided; {absent}", nullable=True, ge=0, le=1),
        "q_value": column("float64", f"Benjamini-Hochberg q-value over {q_over}", nullable=True, ge=0, le=1),
    }


def tier_contrasts_table(settings: Settings) -> Table:  # noqa: ARG001  (the signature is the same for every table)
    """Return the table of yearly contrasts between input and upstream products."""
    names = [indicator.name for indicator in registered_indicators()]
    return Table(
        stage="indicators",
        name="tier_contrasts",
        description="Input against upstream products within country, per year and indicator.",
        columns={
            "year": year_column(),
            "indicator": column("str", "Column of country_indicators", isin=names),
            **_statistics("the years of the indicator"),
        },
        key=("year", "indicator"),
    )


def tier_contrasts_pooled_table(settings: Settings) -> Table:  # noqa: ARG001
    """Return the table of contrasts over all years together."""
    names = [indicator.name for indicator in registered_indicators()]
    return Table(
        stage="indicators",
        name="tier_contrasts_pooled",
        description="Input against upstream products within country, each country's means over years, per indicator.",
        columns={
            "indicator": column("str", "Column of country_indicators", isin=names),
            "n_years": column("int64", "Years in which any country has both values", ge=0),
            **_statistics("the indicators"),
        },
        key=("indicator",),
    )


def tables(settings: Settings) -> list[Table]:
    """Return the tables of this stage."""
    return [
        product_indicators_table(settings),
        indicator_variants_table(settings),
        country_indicators_table(settings),
        indicator_intervals_table(settings),
        tier_contrasts_table(settings),
        tier_contrasts_pooled_table(settings),
    ]
