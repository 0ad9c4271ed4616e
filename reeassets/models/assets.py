"""Assets of the stage ``models``."""

import pandas as pd

from reeassets.models import diagnostics, multiplicity, pictures, regressions
from reeassets.models.findings import findings as judge
from reeassets.models.panel import build_panel
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.trade.sources import no_files, said_of_source

_STATSMODELS = frozenset({"statsmodels", "parquet"})


@recipe(
    inputs=("product_indicators", "indicator_variants", "country_totals", "trade_flows", "classified_products"),
    uses=("model_deltas", "years"),
    plugins=("hazards",),
)
def panel(step: Step) -> pd.DataFrame:
    """Put outcomes of later years beside the regressors of each year."""
    table, counts = build_panel(
        step.read("product_indicators"),
        step.read("indicator_variants"),
        step.read("country_totals"),
        set_totals(step.read("trade_flows")),
        sets.stages(step.read("classified_products")),
        step.settings,
    )
    step.metadata |= counts
    return table


@recipe(
    inputs=("panel", "io_links"),
    uses=("model_deltas", "model_significance"),
    plugins=("models", "hazards"),
    kinds=_STATSMODELS,
)
def rca_models(step: Step) -> pd.DataFrame:
    """Estimate every specification of every registered model."""
    table = step.read("panel")
    step.metadata |= regressions.sample_counts(table, step.settings)
    models = regressions.rca_models(table, step.read("io_links"), step.settings)
    step.pictures["picture"] = pictures.specification_curve(models)
    return models


@recipe(
    inputs=("panel", "io_links", "rca_models"),
    uses=("model_deltas", "model_significance", "model_bootstrap_draws", "model_bootstrap_seed"),
    plugins=("models", "hazards"),
    kinds=_STATSMODELS,
)
def model_diagnostics(step: Step) -> pd.DataFrame:
    """Check the headline coefficients: variance inflation, single countries, a placebo, the wild bootstrap."""
    return diagnostics.model_diagnostics(
        step.read("panel"), step.read("io_links"), step.read("rca_models"), step.settings
    )


@recipe(inputs=("rca_models",), uses=("model_significance",), kinds=_STATSMODELS)
def model_multiplicity(step: Step) -> pd.DataFrame:
    """Adjust the tests of each model's grid for their number."""
    return multiplicity.model_multiplicity(step.read("rca_models"), step.settings)


@recipe(
    inputs=(
        "tier_contrasts_pooled",
        "tier_contrasts",
        "country_indicators",
        "bloc_risks",
        "country_clusters",
        "cluster_choice",
        "rca_models",
        "classified_products",
        "product_indicators",
    ),
    uses=("model_significance", "source", "weighting"),
    plugins=("sources",),
    outside=said_of_source,
    lineage=no_files,
    kinds=_STATSMODELS,
)
def findings(step: Step) -> pd.DataFrame:
    """Judge each claim of the reference by its fixed rule."""
    return judge(
        tier_contrasts_pooled=step.read("tier_contrasts_pooled"),
        tier_contrasts=step.read("tier_contrasts"),
        country_indicators=step.read("country_indicators"),
        bloc_risks=step.read("bloc_risks"),
        country_clusters=step.read("country_clusters"),
        cluster_choice=step.read("cluster_choice"),
        rca_models=step.read("rca_models"),
        classified_products=step.read("classified_products"),
        product_indicators=step.read("product_indicators"),
        data_label=f"{step.source.name}: {step.source.version}",
        settings=step.settings,
    )


RECIPES = [panel, rca_models, model_diagnostics, model_multiplicity, findings]
