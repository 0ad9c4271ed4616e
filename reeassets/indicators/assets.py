"""Assets of the stage ``indicators``."""

import pandas as pd

from reeassets.indicators import aggregates, compute, contrasts, inputs, pictures, uncertainty
from reeassets.indicators.contract import (
    Hazard,
    configured_hazard,
    registered_hazards,
    registered_indicators,
)
from reeassets.indicators.hazards import UNIFORM, hazard_coverage, of_economies
from reeassets.indicators.schema import indicator_intervals_table
from reeassets.indicators.year_network import YearNetwork
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.settings import Settings
from reeassets.trade.bundled import digests

_PLUGINS = ("indicators", "hazards")


def _hazard_files(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001  (as Recipe.outside is called)
    return digests(configured_hazard(settings).data_files())


def _files_of_all_hazards(settings: Settings, year: int | None) -> dict[str, str]:  # noqa: ARG001
    return digests([path for hazard in registered_hazards(settings) for path in hazard.data_files()])


def _say_basis(step: Step, network: YearNetwork, hazards: list[Hazard]) -> None:
    """Say what the hazards of the year's countries rest on: a missing rank is never filled silently."""
    for hazard in hazards:
        basis = hazard_coverage(hazard, network.year, network.countries)["basis"]
        step.metadata[f"hazard_basis_{hazard.name}"] = {str(name): int(n) for name, n in basis.value_counts().items()}


@recipe(
    inputs=inputs.TABLES,
    uses=("alpha", "hazard", "exposure"),
    plugins=_PLUGINS,
    outside=_hazard_files,
    kinds=frozenset({"scipy", "parquet"}),
)
def product_indicators(step: Step) -> pd.DataFrame:
    """Compute every registered indicator on a year's network."""
    network = inputs.network_of(step.read, step.settings)
    _say_basis(step, network, [of_economies(configured_hazard(step.settings), step.read("economy_members"))])
    table = compute.product_indicators(network, registered_indicators())
    step.metadata["solver"] = {
        name: {"iterations": solution.iterations, "residual": solution.residual}
        for name, solution in (
            ("systemic", network.systemic),
            ("multi_tier", network.multi_tier),
            ("influence", network.propagation),
        )
    }
    return table


@recipe(
    inputs=inputs.TABLES,
    uses=("alpha",),
    plugins=_PLUGINS,
    outside=_files_of_all_hazards,
    kinds=frozenset({"scipy", "parquet"}),
)
def indicator_variants(step: Step) -> pd.DataFrame:
    """Compute every definition of exposure, and the risks under every registered hazard."""
    network = inputs.network_of(step.read, step.settings, UNIFORM)
    members = step.read("economy_members")
    hazards = [of_economies(hazard, members) for hazard in registered_hazards(step.settings)]
    _say_basis(step, network, hazards)
    return compute.indicator_variants(network, hazards)


@recipe(inputs=("product_indicators", "classified_products"), plugins=_PLUGINS)
def country_indicators(step: Step) -> pd.DataFrame:
    """Aggregate indicators to countries and stages."""
    stages = sets.stages(step.read("classified_products"))
    return aggregates.country_indicators(step.read("product_indicators"), stages, registered_indicators())


@recipe(
    inputs=(*inputs.TABLES, "classified_products"),
    uses=("alpha", "hazard", "exposure", "perturbation_draws", "perturbation_sigma", "perturbation_seed"),
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
    stages = sets.stages(step.read("classified_products"))
    network = inputs.network_of(step.read, step.settings)
    return uncertainty.indicator_intervals(network, stages, registered_indicators())


@recipe(
    inputs=("country_indicators",),
    uses=("contrast_draws", "contrast_seed", "years"),
    kinds=frozenset({"scipy", "parquet"}),
)
def tier_contrasts(step: Step) -> pd.DataFrame:
    """Contrast upstream with input products, year by year."""
    table = contrasts.tier_contrasts(step.read("country_indicators"), step.settings)
    step.pictures["picture"] = pictures.contrasts_over_years(table)
    return table


@recipe(
    inputs=("country_indicators",),
    uses=("contrast_draws", "contrast_seed", "years"),
    kinds=frozenset({"scipy", "parquet"}),
)
def tier_contrasts_pooled(step: Step) -> pd.DataFrame:
    """Contrast upstream with input products over all years together."""
    return contrasts.tier_contrasts_pooled(step.read("country_indicators"), step.settings)


RECIPES = [
    product_indicators,
    indicator_variants,
    country_indicators,
    indicator_intervals,
    tier_contrasts,
    tier_contrasts_pooled,
]
