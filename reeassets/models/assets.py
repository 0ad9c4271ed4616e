"""Assets of the stage ``models``."""

from dataclasses import replace

import pandas as pd

from reeassets.indicators.contract import registered_hazards
from reeassets.indicators.supply import reexports_file
from reeassets.models import diagnostics, event_pictures, measures, multiplicity, pictures, regressions
from reeassets.models.choices import HEADLINE_CHOICE
from reeassets.models.event_study import NOT_TESTABLE
from reeassets.models.event_study import event_study as study
from reeassets.models.findings import findings as judge
from reeassets.models.panel import build_panel
from reeassets.models.rebuilt import JUDGED, YEARLY, Headline
from reeassets.models.robust_claims import robust_claims as judge_again
from reeassets.models.schema import ROBUST_CLAIMS
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.settings import Settings
from reeassets.tables import Partition
from reeassets.trade.bundled import digests
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
        data_label=_data_label(step),
        settings=step.settings,
    )


def _files_of_choices(settings: Settings, _: Partition) -> dict[str, str]:
    """Return the files that choices read again: of every hazard, and of what is re-exported."""
    recorded = settings.model_copy(update={"reexports": "recorded"})
    files = [path for hazard in registered_hazards(settings) for path in hazard.data_files()]
    given = [reexports_file(one) for one in (settings, recorded)]
    return digests([*files, *dict.fromkeys(path for path in given if path is not None)])


@recipe(
    inputs=(*YEARLY, *JUDGED, "findings", "economies", "classified_products", "io_links"),
    uses=(
        *("robust_claims", "years", "source", "pass_through", "reexports", "hazard", "hazard_uniform", "exposure"),
        *("weighting", "link_set", "contrast_draws", "contrast_permutations", "contrast_seed"),
        *("clustering", "cluster_k", "cluster_n_init", "cluster_seed", "cluster_bootstraps", "cluster_countries"),
        *("cluster_include_final", "cluster_influence_floor", "model_deltas", "model_significance"),
    ),
    plugins=("sources", "indicators", "hazards", "clusterings"),
    outside=lambda settings, partition: said_of_source(settings, partition) | _files_of_choices(settings, partition),
    lineage=_files_of_choices,
    kinds=_STATSMODELS,
)
def robust_claims(step: Step) -> pd.DataFrame:
    """Judge each claim again under every choice that is this project's own; empty unless choices are asked for."""
    step.metadata["choices"] = ", ".join(step.settings.robust_claims) or "off: the setting robust_claims names none"
    if not step.settings.robust_claims:
        return ROBUST_CLAIMS.empty()
    table = judge_again(
        Headline(
            read=lambda name, year: replace(step, year=year).read(name),
            years=step.years,
            economies=step.read("economies"),
            classified_products=step.read("classified_products"),
            io_links=step.read("io_links"),
            judged={name: step.read(name) for name in JUDGED},
            data_label=_data_label(step),
            settings=step.settings,
        ),
        step.read("findings"),
    )
    others = table[table["choice"] != HEADLINE_CHOICE]
    step.metadata |= {"agree": int(others["agrees"].sum()), "differ": int((~others["agrees"]).sum())}
    return table


def _data_label(step: Step) -> str:
    return f"{step.source.name}: {step.source.version}"


def _measures_files(settings: Settings, _: Partition) -> dict[str, str]:
    path = measures.measures_file(settings)
    return {} if path is None else digests([path])


@recipe(inputs=("economies",), uses=("trade_measures",), outside=_measures_files)
def trade_measures(step: Step) -> pd.DataFrame:
    """Read the dated measures that restrict trade, and say which countries of theirs are no economy of the run."""
    table = measures.trade_measures(step.settings)
    if step.settings.trade_measures == "none":
        step.metadata["measures"] = "off: the setting trade_measures is none"
    step.metadata["no_economy_of_the_run"] = measures.unknown_countries(table, step.read("economies")["economy"])
    return table


@recipe(
    inputs=("trade_measures", "trade_flows", "product_indicators"),
    uses=("model_significance", "model_bootstrap_draws", "model_bootstrap_seed"),
)
def event_study(step: Step) -> pd.DataFrame:
    """Estimate what each dated measure did to importers that had bought from the restricting country."""
    dated = step.read("trade_measures")
    flows, indicators = (
        pd.concat([part[part["product"].isin(dated["product"])] for part in parts], ignore_index=True)
        for parts in (
            step.read_each_year("trade_flows"),
            step.read_each_year("product_indicators", ("year", "country", "product", "rsca")),
        )
    )
    table = study(dated, flows, indicators, step.settings)
    untested = table[table["verdict"] == NOT_TESTABLE]
    step.metadata["not_testable"] = len(untested[["measure", "product", "outcome"]].drop_duplicates())
    step.pictures |= event_pictures.measure_pictures(table)
    return table


RECIPES = [
    panel,
    rca_models,
    model_diagnostics,
    model_multiplicity,
    findings,
    robust_claims,
    trade_measures,
    event_study,
]
