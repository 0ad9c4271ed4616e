"""Assets of the stage ``indicators``."""

import pandas as pd

from reeassets import plugins
from reeassets.indicators import aggregates, compute, contrasts, pictures
from reeassets.indicators.contract import Hazard, registered_hazards, registered_indicators
from reeassets.indicators.hazards import hazard_coverage
from reeassets.indicators.year_network import YearNetwork
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.settings import Settings
from reeassets.trade.bundled import digests

_INPUTS = ("trade_flows", "country_totals", "io_links")
_PLUGINS = ("indicators", "hazards")


def _hazard(settings: Settings) -> Hazard:
    return plugins.get("hazards", settings.hazard, Hazard)


def _network(step: Step, hazard: Hazard) -> YearNetwork:
    flows = step.read("trade_flows")
    return YearNetwork.build(
        flows,
        step.read("country_totals"),
        set_totals(flows),
        step.read("io_links"),
        hazard,
        step.settings,
    )


def _say_basis(step: Step, network: YearNetwork, hazards: list[Hazard]) -> None:
    """Say what the hazards of the year's countries rest on: a missing rank is never filled silently."""
    for hazard in hazards:
        basis = hazard_coverage(hazard, network.year, network.countries)["basis"]
        step.metadata[f"hazard_basis_{hazard.name}"] = {str(name): int(n) for name, n in basis.value_counts().items()}


@recipe(
    inputs=_INPUTS,
    uses=("alpha", "hazard", "exposure"),
    plugins=_PLUGINS,
    outside=lambda settings, _: digests(_hazard(settings).data_files()),
    kinds=frozenset({"scipy", "parquet"}),
)
def product_indicators(step: Step) -> pd.DataFrame:
    """Compute every registered indicator on a year's network."""
    hazard = _hazard(step.settings)
    network = _network(step, hazard)
    _say_basis(step, network, [hazard])
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
    inputs=_INPUTS,
    uses=("alpha",),
    plugins=_PLUGINS,
    outside=lambda *_: digests([path for hazard in registered_hazards() for path in hazard.data_files()]),
    kinds=frozenset({"scipy", "parquet"}),
)
def indicator_variants(step: Step) -> pd.DataFrame:
    """Compute every definition of exposure, and the risks under every registered hazard."""
    hazards = registered_hazards()
    network = _network(step, hazards[0])
    _say_basis(step, network, hazards)
    return compute.indicator_variants(network, hazards)


@recipe(inputs=("product_indicators", "classified_products"), plugins=_PLUGINS)
def country_indicators(step: Step) -> pd.DataFrame:
    """Aggregate indicators to countries and stages."""
    stages = sets.stages(step.read("classified_products"))
    return aggregates.country_indicators(step.read("product_indicators"), stages, registered_indicators())


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


RECIPES = [product_indicators, indicator_variants, country_indicators, tier_contrasts, tier_contrasts_pooled]
