"""Tables of the stage ``indicators``; their columns are composed from the registered indicators and hazards."""

import pandera.pandas as pa

from reeassets.indicators.aggregates import WEIGHTINGS
from reeassets.indicators.bounds import BOUNDED, IMPORTERS
from reeassets.indicators.compute import EXPOSURE_VARIANTS, HAZARD_VARIANTS, variant_name
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.dependence_schema import BLOC_RISKS, DEPENDENCY_MONITOR, KUSD, REALLOCATIONS
from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.indicators.uncertainty import ENDS, interval_name
from reeassets.settings import STAGES, Settings
from reeassets.tables import Table, column, country_column, product_column, year_column


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
            "largest_origin": country_column(
                "Country that made the largest part of the imports; null without imports", nullable=True
            ),
            "largest_origin_share": column(
                "float64",
                "Its share of the imports, traced through re-exporters (section 11)",
                nullable=True,
                gt=0,
                le=1,
            ),
            "origin_concentration": column(
                "float64", "Herfindahl-Hirschman index of the origins of the imports", nullable=True, gt=0, le=1
            ),
        },
        key=("year", "country", "product"),
        by_year=True,
    )


REEXPORT_SHARES = Table(
    stage="indicators",
    name="reexport_shares",
    description="Share of what an economy both imports and exports of a product that it re-exports; 0 without a row.",
    columns={
        "country": country_column("Economy"),
        "share": column("float64", "Re-exported share of min(imports, exports)", ge=0, le=1),
        "source": column("str", "Where the share comes from"),
    },
    key=("country",),
    may_be_empty=True,
)
PRODUCTION = Table(
    stage="indicators",
    name="production",
    description="Recorded production: rare-earth oxides mined, valued at the year's mean unit value.",
    columns={
        "year": year_column(),
        "country": country_column("Economy"),
        "product": product_column(),
        "reo_t": column("float64", "Mined, rare-earth oxide equivalent", unit="t", gt=0),
        "unit_value_usd_kg": column("float64", "Mean unit value in world trade", unit="current US$ per kg", gt=0),
        "production_kusd": column("float64", "Value of the production", unit=KUSD, gt=0),
        "source": column("str", "Where the tonnes come from"),
    },
    key=("year", "country", "product"),
    by_year=True,
    may_be_empty=True,
)
SUPPLIER_HAZARDS = Table(
    stage="indicators",
    name="supplier_hazards",
    description="The hazard of each supplier that the risks were computed with.",
    columns={
        "year": year_column(),
        "country": country_column("Supplier"),
        "product": product_column("Product, where the hazard differs by product; else null", nullable=True),
        "hazard": column("float64", "Share of its deliveries that it is expected to fail", ge=0, le=1),
        "source": column("str", "Name of the hazard, and what the value rests on"),
    },
    key=("year", "country", "product"),
    by_year=True,
)
_SHARE = "share of the imports of the product"
ORIGINS = Table(
    stage="indicators",
    name="origins",
    description="Who made what a country imports: shares above 0.5 %, traced through re-exporting countries.",
    columns={
        "year": year_column(),
        "product": product_column(),
        "country": country_column("Importer"),
        "origin": country_column("Country that sold or made it"),
        "direct_share": column("float64", "Share bought from it", unit=_SHARE, ge=0, le=1),
        "ultimate_share": column("float64", "Share made by it", unit=_SHARE, ge=0, le=1),
        "ultimate_low": column("float64", "Smallest of headline, re-exports none and all", unit=_SHARE, ge=0, le=1),
        "ultimate_high": column("float64", "Largest of these", unit=_SHARE, ge=0, le=1),
    },
    key=("year", "product", "country", "origin"),
    by_year=True,
)
INDICATOR_BOUNDS = Table(
    stage="indicators",
    name="indicator_bounds",
    description="Smallest and largest value of what rests on domestic supply: re-exports as set, none and all, and "
    "without recorded production.",
    columns={
        "year": year_column(),
        "country": country_column(),
        "product": product_column(),
        **{
            f"{name}_{end}": column("float64", f"{text} value of {name}", nullable=name in IMPORTERS, ge=0, le=1)
            for name in BOUNDED
            for end, text in (("low", "Smallest"), ("high", "Largest"))
        },
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


_WEIGHTING = column(
    "str",
    "What weighs a product: the country's imports, these times the product's materiality, or all products alike; world "
    "imports in the place of the country's for influence, also where nothing else weighs",
    isin=WEIGHTINGS,
)


def country_indicators_table(settings: Settings) -> Table:
    """Return the table of indicators per country and stage; errors as in :func:`product_indicators_table`."""
    return Table(
        stage="indicators",
        name="country_indicators",
        description="Indicators of each country over the products of a stage: means under three weightings.",
        columns={
            "year": year_column(),
            "country": country_column(),
            "stage": column("str", "Stage of the supply chain", isin=STAGES),
            "weighting": _WEIGHTING,
            "n_products": column(
                "int64", "Products of the stage the country trades; of known materiality, where that weighs", ge=0
            ),
            "imports_kusd": column("float64", "Imports of the stage's products", unit=KUSD, ge=0),
            "exports_kusd": column("float64", "Exports of the stage's products", unit=KUSD, ge=0),
            **{indicator.name: indicator.under(settings).country_column for indicator in registered_indicators()},
        },
        key=("year", "country", "stage", "weighting"),
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
        description="95 % intervals of country_indicators under perturbed flows, weighted as the setting weighting "
        "says; no rows if perturbation_draws is 0.",
        columns={
            "year": year_column(),
            "country": country_column(),
            "stage": column("str", "Stage of the supply chain", isin=STAGES),
            **columns,
        },
        key=("year", "country", "stage"),
        by_year=True,
        may_be_empty=True,
    )


def _bounded(meaning: str) -> pa.Column:
    return column("float64", meaning, nullable=True, ge=-1.0, le=1.0)


def _statistics(q_over: str) -> dict[str, pa.Column]:
    """Return the columns the yearly and the pooled contrasts share; effects are input against upstream products."""
    unit = "unit of the indicator"
    absent = "null below 6 countries that differ"
    few = f"null with fewer than {MINIMUM_PRODUCTS} products in a stage"
    return {
        "n_countries": column("int64", "Countries with a value in both stages", ge=0),
        "n_differing": column(
            "int64", "Those of them whose two values differ; ties are dropped from Wilcoxon's test and the effect", ge=0
        ),
        "n_upstream_products": column("int64", "Upstream products with a value that has a weight", ge=0),
        "n_input_products": column("int64", "Input products with a value that has a weight", ge=0),
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
        "p_value": column(
            "float64",
            f"Permutation test of the median difference, stages permuted among products, two-sided; {few}",
            nullable=True,
            gt=0,
            le=1,
        ),
        "q_value": column("float64", f"Benjamini-Hochberg q-value of it over {q_over}", nullable=True, gt=0, le=1),
        "wilcoxon_p_value": column(
            "float64",
            "Wilcoxon signed-rank test of countries, two-sided: it takes the products as given, so that one odd "
            f"product can make it small; {absent}",
            nullable=True,
            ge=0,
            le=1,
        ),
    }


def _contrast_key() -> dict[str, pa.Column]:
    names = [indicator.name for indicator in registered_indicators()]
    return {"indicator": column("str", "Column of country_indicators", isin=names), "weighting": _WEIGHTING}


def tier_contrasts_table(settings: Settings) -> Table:  # noqa: ARG001  (the signature is the same for every table)
    """Return the table of yearly contrasts between input and upstream products."""
    return Table(
        stage="indicators",
        name="tier_contrasts",
        description="Input against upstream products within country, per year, indicator and weighting.",
        columns={
            "year": year_column(),
            **_contrast_key(),
            **_statistics("the years of the indicator and weighting"),
        },
        key=("year", "indicator", "weighting"),
        may_be_empty=True,
    )


def tier_contrasts_pooled_table(settings: Settings) -> Table:  # noqa: ARG001
    """Return the table of contrasts over all years together."""
    return Table(
        stage="indicators",
        name="tier_contrasts_pooled",
        description="Input against upstream products within country, each country's means over years.",
        columns={
            **_contrast_key(),
            "n_years": column("int64", "Years in which any country has both values", ge=0),
            **_statistics("the indicators of the weighting"),
        },
        key=("indicator", "weighting"),
        may_be_empty=True,
    )


def tables(settings: Settings) -> list[Table]:
    """Return the tables of this stage."""
    return [
        REEXPORT_SHARES,
        PRODUCTION,
        SUPPLIER_HAZARDS,
        product_indicators_table(settings),
        ORIGINS,
        DEPENDENCY_MONITOR,
        BLOC_RISKS,
        REALLOCATIONS,
        INDICATOR_BOUNDS,
        indicator_variants_table(settings),
        country_indicators_table(settings),
        indicator_intervals_table(settings),
        tier_contrasts_table(settings),
        tier_contrasts_pooled_table(settings),
    ]
