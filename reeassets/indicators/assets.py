"""Assets of the stage ``indicators``."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from reeassets.indicators import (
    aggregates,
    bounds,
    compute,
    contrasts,
    inputs,
    monitor,
    one_buyer,
    pictures,
    reallocation,
    supply,
    uncertainty,
)
from reeassets.indicators import bloc_risks as blocs
from reeassets.indicators import origins as tracing
from reeassets.indicators.contract import configured_hazard, registered_hazards, registered_indicators
from reeassets.indicators.hazards import NOBODY, hazard_table, of_economies
from reeassets.indicators.permutation import Sheet
from reeassets.indicators.schema import indicator_intervals_table
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.settings import Settings
from reeassets.tables import Partition
from reeassets.trade.bundled import digests
from reeassets.trade.economies import EU27_CODE
from reeassets.trade.production import mined_oxides, production_file, require_known_countries

_PLUGINS = ("indicators", "hazards")


def _hazard_files(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001  (as Recipe.outside is called)
    return digests(configured_hazard(settings).data_files())


def _files_of_all_hazards(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001
    return digests([path for hazard in registered_hazards(settings) for path in hazard.data_files()])


def _reexports_files(settings: Settings, _: Partition) -> dict[str, str]:
    path = supply.reexports_file(settings)
    return digests([path]) if path else {}


def _production_files(settings: Settings, _: Partition) -> dict[str, str]:
    path = production_file(settings)
    return digests([path]) if path else {}


def _of_year(step: Step, year: int) -> inputs.Read:
    return replace(step, year=year).read


def _one_buyer(step: Step, economies: pd.DataFrame) -> list[str]:
    """Return the economies that are the EU together; none if it is an economy, or cannot be told, which is shown."""
    members, step.metadata[EU27_CODE] = one_buyer.members_and_words(economies)
    return members


@recipe(inputs=("economies",), uses=("reexports",), outside=_reexports_files)
def reexport_shares(step: Step) -> pd.DataFrame:
    """Say how much of what an economy both imports and exports it re-exports."""
    economies = step.read("economies")
    supply.require_known_countries(step.settings, economies)
    return supply.reexport_shares(step.settings, sorted(economies["economy"].unique()))


@recipe(inputs=("unit_values", "economies"), uses=("production",), outside=_production_files)
def production(step: Step) -> pd.DataFrame:
    """Value what is mined at a year's unit values."""
    assert step.year is not None
    economies = step.read("economies")
    require_known_countries(step.settings, economies)
    mined = mined_oxides(step.settings, step.year)
    if mined.empty:
        step.metadata["production"] = (
            "off: the setting production is none"
            if step.settings.production == "none"
            else f"none is recorded in {step.year}"
        )
    return supply.production_value(mined, step.read("unit_values"), economies, step.year)


@recipe(
    inputs=inputs.TABLES,
    uses=("hazard", "hazard_uniform"),
    plugins=("hazards",),
    outside=_hazard_files,
)
def supplier_hazards(step: Step) -> pd.DataFrame:
    """List the hazard of each supplier, and what it rests on: a missing rank is never filled silently."""
    assert step.year is not None
    flows = step.read("trade_flows", ["exporter", "importer"])
    table = hazard_table(
        of_economies(configured_hazard(step.settings), step.read("economy_members")),
        step.year,
        sorted({*flows["exporter"], *flows["importer"]}),
        lambda: inputs.network_of(step.read, step.settings, NOBODY),
    )
    step.metadata["suppliers_by_source"] = {str(name): int(n) for name, n in table["source"].value_counts().items()}
    return table


@recipe(
    inputs=inputs.TABLES,
    uses=("pass_through", "hazard", "hazard_uniform", "exposure"),
    plugins=_PLUGINS,
    outside=_hazard_files,
    kinds=frozenset({"scipy", "parquet"}),
)
def product_indicators(step: Step) -> pd.DataFrame:
    """Compute every registered indicator on a year's network."""
    network = inputs.network_of(step.read, step.settings)
    table = compute.product_indicators(network, registered_indicators())
    found = network.at_risk
    step.metadata["solver"] = {"iterations": found.iterations, "error_bound": found.error_bound}
    return table


@recipe(inputs=inputs.TABLES, kinds=frozenset({"scipy", "parquet"}))
def origins(step: Step) -> pd.DataFrame:
    """Trace every country's imports to their makers."""
    return tracing.origins(inputs.network_of(step.read, step.settings, NOBODY))


@recipe(
    inputs=(*inputs.TRADE, "classified_products", "economies"),
    uses=("dependency_threshold", "years"),
    kinds=frozenset({"scipy", "parquet"}),
)
def dependency_monitor(step: Step) -> pd.DataFrame:
    """Say on whom each economy depends most, above or below the benchmark, and where that is going."""
    settings, economies = step.settings, step.read("economies")
    members = _one_buyer(step, economies)
    groups = [monitor.Group(lambda year: inputs.trade_of(_of_year(step, year), settings))]
    if members:
        merged = monitor.Group(
            lambda year: inputs.trade_of(one_buyer.as_one(_of_year(step, year), members), settings), EU27_CODE
        )
        groups.append(merged)
    names = {*economies["economy"], EU27_CODE}
    stages = sets.stages(step.read("classified_products"))
    return monitor.dependency_monitor(
        groups, step.years, stages, names, settings.dependency_threshold, workers=settings.workers
    )


@recipe(
    inputs=(*inputs.TRADE, "country_totals", "classified_products", "economies", "economy_members"),
    uses=("pass_through", "hazard", "hazard_uniform"),
    plugins=("hazards",),
    outside=_hazard_files,
    kinds=frozenset({"scipy", "parquet"}),
)
def bloc_risks(step: Step) -> pd.DataFrame:
    """Compare the risk of the EU, as one buyer and as its members, and of the US with the world's mean."""
    economies = step.read("economies")
    stages = sets.stages(step.read("classified_products"))
    return blocs.of_year(step.read, economies, _one_buyer(step, economies), stages, step.settings)


def _latest_years(settings: Settings) -> tuple[int, ...]:
    last = max(settings.years)
    return tuple(year for year in settings.years if year > last - reallocation.WINDOW)


@recipe(
    inputs=("trade_flows", "economies"),
    uses=("dependency_threshold",),
    base_years=_latest_years,
    kinds=frozenset({"scipy", "parquet"}),
)
def reallocations(step: Step) -> pd.DataFrame:
    """Move as little of the last year's imports as brings every importer to the benchmark."""
    flows, members = step.read("trade_flows"), _one_buyer(step, step.read("economies"))
    find = partial(reallocation.reallocations, year=max(step.years), threshold=step.settings.dependency_threshold)
    parts = [find(flows)]
    if members:
        parts.append(find(one_buyer.merged_flows(flows, members), buyers=[EU27_CODE]))
    return pd.concat(parts, ignore_index=True)


@recipe(
    inputs=(*inputs.TABLES, "product_indicators"),
    uses=("pass_through", "hazard", "hazard_uniform"),
    plugins=("hazards",),
    outside=_hazard_files,
    kinds=frozenset({"scipy", "parquet"}),
)
def indicator_bounds(step: Step) -> pd.DataFrame:
    """Say how far the assumptions on domestic supply move the indicators."""
    headline = step.read("product_indicators", ["country", "product", *bounds.OF_PRODUCT_INDICATORS])
    return bounds.indicator_bounds(inputs.network_of(step.read, step.settings), headline)


@recipe(
    inputs=inputs.TABLES,
    uses=("pass_through", "hazard_uniform"),
    plugins=_PLUGINS,
    outside=_files_of_all_hazards,
    kinds=frozenset({"scipy", "parquet"}),
)
def indicator_variants(step: Step) -> pd.DataFrame:
    """Compute every definition of exposure, and the risks under every registered hazard."""
    network = inputs.network_of(step.read, step.settings, NOBODY)
    members = step.read("economy_members")
    return compute.indicator_variants(
        network, [of_economies(hazard, members) for hazard in registered_hazards(step.settings)]
    )


@recipe(inputs=("product_indicators", "classified_products"), plugins=_PLUGINS)
def country_indicators(step: Step) -> pd.DataFrame:
    """Aggregate indicators to countries and stages."""
    products = step.read("classified_products")
    stages, materiality = sets.stages(products), sets.materiality(products)
    # They are left out where materiality weighs, so that what is left out is said.
    step.metadata["products_without_materiality"] = int(materiality.isna().sum())
    return aggregates.country_indicators(step.read("product_indicators"), stages, materiality, registered_indicators())


@recipe(
    inputs=(*inputs.TABLES, "classified_products"),
    uses=(
        *("pass_through", "hazard", "hazard_uniform", "exposure", "weighting"),
        *("perturbation_draws", "perturbation_sigma", "perturbation_seed"),
    ),
    plugins=_PLUGINS,
    outside=_hazard_files,
    kinds=frozenset({"scipy", "parquet"}),
)
def indicator_intervals(step: Step) -> pd.DataFrame:
    """Perturb the flows and say how far the country indicators move; empty unless draws are asked for."""
    step.metadata["perturbation"] = (
        f"{step.settings.perturbation_draws} draws, sigma {step.settings.perturbation_sigma:g}"
        if step.settings.perturbation_draws
        else "off: the setting perturbation_draws is 0"
    )
    if not step.settings.perturbation_draws:
        return indicator_intervals_table(step.settings).empty()
    products = step.read("classified_products")
    network = inputs.network_of(step.read, step.settings)
    return uncertainty.indicator_intervals(
        network, sets.stages(products), sets.materiality(products), registered_indicators()
    )


_CONTRASTS: dict[str, Any] = {
    "inputs": ("country_indicators", "product_indicators", "classified_products"),
    "plugins": ("indicators",),
    "kinds": frozenset({"scipy", "parquet"}),
}
_CONTRAST_SETTINGS = ("contrast_draws", "contrast_permutations", "contrast_seed", "years")


def _sheets(step: Step) -> Iterator[Sheet]:
    products = step.read("classified_products")
    stages, materiality = sets.stages(products), sets.materiality(products)
    names = [indicator.name for indicator in registered_indicators()]
    columns = ["year", "country", "product", "imports_kusd", *names]
    for rows in step.read_each_year("product_indicators", columns):
        if len(rows):
            yield Sheet.of(rows, stages, materiality, names)


@recipe(uses=(*_CONTRAST_SETTINGS, "weighting"), **_CONTRASTS)
def tier_contrasts(step: Step) -> pd.DataFrame:
    """Contrast upstream with input products, year by year."""
    table = contrasts.tier_contrasts(
        step.read("country_indicators"), _sheets(step), registered_indicators(), step.settings
    )
    step.pictures["picture"] = pictures.contrasts_over_years(aggregates.headline(table, step.settings))
    return table


@recipe(uses=_CONTRAST_SETTINGS, **_CONTRASTS)
def tier_contrasts_pooled(step: Step) -> pd.DataFrame:
    """Contrast upstream with input products over all years together."""
    return contrasts.tier_contrasts_pooled(
        step.read("country_indicators"), list(_sheets(step)), registered_indicators(), step.settings
    )


RECIPES = [
    reexport_shares,
    production,
    supplier_hazards,
    product_indicators,
    origins,
    dependency_monitor,
    bloc_risks,
    reallocations,
    indicator_bounds,
    indicator_variants,
    country_indicators,
    indicator_intervals,
    tier_contrasts,
    tier_contrasts_pooled,
]
