"""Statistics at full size: the grid of models, one headline model, their diagnostics, and the clusters.

The panels are GENERATED: random numbers in the shape of 230 countries, 168 products and 17 years, every pair trading in
every year, so that no part of the work is missing. Run ``python benchmarks/models.py``; every part is a process of its
own, timed without the imports and the making of the panel.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from measure import machine

from reeassets.settings import STAGES, Settings

COUNTRIES, PRODUCTS, YEARS = 230, 168, 17
SEED = 1
HAZARDS = ("political_stability", "market_power", "uniform")


def codes(letters: str, count: int) -> list[str]:
    """Return as many codes of three letters."""
    return [letters[i // 676 % 26] + letters[i // 26 % 26] + letters[i % 26] for i in range(count)]


def generated_panel(settings: Settings, share: float) -> pd.DataFrame:
    """Generate a table ``panel`` of which a share of the rows is kept."""
    rng = np.random.default_rng(SEED)
    shape = (YEARS, COUNTRIES, PRODUCTS)
    level = rng.normal(size=(1, COUNTRIES, 1)) + rng.normal(size=(1, 1, PRODUCTS)) + rng.normal(size=(YEARS, 1, 1)) / 9
    own = np.cumsum(rng.normal(size=shape), axis=0) / 5 + rng.normal(size=(1, COUNTRIES, PRODUCTS))

    def between(shift: float) -> np.ndarray:
        return 1 / (1 + np.exp(shift - level - own / 2 - rng.normal(size=shape)))

    columns = {name: between(0.0) for name in ("trade_exposure", "import_reliance", "supplier_concentration")}
    columns["import_intensity"] = np.exp(own / 4 + rng.normal(size=shape))
    risks = ("systemic_trade_risk", "indirect_risk", "multi_tier_risk")
    columns |= {f"{risk}__{hazard}": between(1.0) for risk in risks for hazard in HAZARDS}
    columns |= {name: np.abs(rng.normal(8, 2, size=shape)) for name in ("log1p_imports", "log1p_exports")}
    outcome = np.tanh(0.4 * (level + own) - 0.6)
    columns["rsca"] = outcome
    for delta in settings.model_deltas:
        lead = np.full(shape, np.nan)
        lead[: YEARS - delta] = outcome[delta:]
        columns[f"rsca_lead{delta}"] = lead
    columns |= {name.replace("rsca", "rca"): (1 + v) / (1 - v) for name, v in columns.items() if "rsca" in name}
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    index = pd.MultiIndex.from_product(
        [range(2007, 2007 + YEARS), codes(letters, COUNTRIES), [f"{280100 + i}" for i in range(PRODUCTS)]],
        names=["year", "country", "product"],
    )
    panel = index.to_frame(index=False)
    stage = {f"{280100 + i}": STAGES[0 if i < 40 else 1 if i < 128 else 2] for i in range(PRODUCTS)}
    panel["stage"] = panel["product"].map(stage).astype("str")
    panel = pd.concat([panel, pd.DataFrame({name: values.ravel() for name, values in columns.items()})], axis=1)
    return panel[rng.uniform(size=len(panel)) < share].reset_index(drop=True)


def generated_links(panel: pd.DataFrame) -> pd.DataFrame:
    """Generate a table ``io_links``: every later product is made of three earlier ones."""
    products = np.sort(panel["product"].unique())
    rng = np.random.default_rng(SEED)
    pairs = [(source, products[end]) for end in range(40, 168) for source in rng.choice(products[:40], 3, False)]
    return pd.DataFrame(pairs, columns=["input", "output"]).assign(in_network=True, weight=1 / 3)


def generated_features(settings: Settings) -> pd.DataFrame:
    """Generate a table ``cluster_features``: 100 ranked countries a year, whose features drift slowly."""
    from reeassets.clusters.features import feature_names

    rng = np.random.default_rng(SEED)
    names = feature_names(settings)
    values = rng.normal(size=(100, len(names))) + np.cumsum(rng.normal(size=(YEARS, 100, len(names))), axis=0) / 5
    index = pd.MultiIndex.from_product([range(2007, 2007 + YEARS), codes("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 100)])
    table = index.set_names(["year", "country"]).to_frame(index=False)
    table["trade_kusd"], table["ranked"], table["reason"] = 1.0, True, pd.Series(pd.NA, index=table.index, dtype="str")
    return pd.concat([table, pd.DataFrame(values.reshape(-1, len(names)), columns=list(names))], axis=1)


def grid(share: float) -> Callable[[], object]:
    """Return the estimation of every specification of every model."""
    from reeassets.models.regressions import rca_models

    settings = Settings()
    panel = generated_panel(settings, share)
    return lambda: rca_models(panel, generated_links(panel), settings)


def headline(share: float) -> Callable[[], object]:
    """Return the estimation of one model's headline specification, with and without slopes by stage."""
    from reeassets.models.rca_growth import RCA_GROWTH
    from reeassets.models.results import role_of

    settings = Settings()
    panel = generated_panel(settings, share)
    links = generated_links(panel)
    chosen = [one for one in RCA_GROWTH.specifications(settings, HAZARDS) if role_of(one, settings) == "headline"]
    return lambda: RCA_GROWTH.fit(panel, links, chosen, settings)


def dynamic(share: float) -> Callable[[], object]:
    """Return sample, three absorbed effects, corrected slopes by stage and the jackknife, one year ahead."""
    from reeassets.models.contract import HEADLINE_EXPOSURE, HEADLINE_HAZARD, HEADLINE_RISK
    from reeassets.models.dynamic import without_effects
    from reeassets.models.exporters import OUTCOME, exporter_sample
    from reeassets.models.sample import CONTROLS

    panel = generated_panel(Settings(model_deltas=(1,)), share)
    regressors = (HEADLINE_EXPOSURE, "supplier_concentration", f"{HEADLINE_RISK}__{HEADLINE_HAZARD}")

    def run() -> object:
        sample = exporter_sample(panel, 1, regressors)
        columns = without_effects(sample.columns, sample.cells, 1)
        by_stage = [part for name in regressors for part in sample.sums[name]]
        fit = columns.fit(OUTCOME, [*by_stage, *CONTROLS])
        assert fit.errors is not None
        return len(sample.cells), fit.errors.of(np.eye(len(fit.terms)))

    return run


def diagnostics(share: float) -> Callable[[], object]:
    """Return the diagnostics of the headline specifications."""
    from reeassets.models.diagnostics import model_diagnostics
    from reeassets.models.regressions import rca_models

    settings = Settings()
    panel = generated_panel(settings, share)
    links = generated_links(panel)
    few = Settings(model_deltas=(1,))
    rows = rca_models(panel, links, few)
    return lambda: model_diagnostics(panel, links, rows, few)


def clusters(_: float) -> Callable[[], object]:
    """Return the clusters, their choice with 100 bootstraps, and their profiles."""
    from reeassets.clusters.choice import cluster_choice
    from reeassets.clusters.cluster import country_clusters
    from reeassets.clusters.profiles import cluster_profiles

    settings = Settings(cluster_bootstraps=100)
    features = generated_features(settings)

    def run() -> object:
        made = country_clusters(features, settings)
        return cluster_choice(features, settings), cluster_profiles(features, made, settings)

    return run


PARTS = {
    "grid, 657,000 rows": (grid, 1.0),
    "grid, 400,000 rows": (grid, 0.61),
    "headline model, 657,000 rows": (headline, 1.0),
    # Of 657,000 rows the last year has no outcome.
    "three effects, corrected, 421,900 rows": (dynamic, 0.6825),
    "diagnostics, 657,000 rows": (diagnostics, 1.0),
    "clusters, choice and 100 bootstraps": (clusters, 1.0),
}


def measure(part: str) -> None:
    """Time one part in this process, and print seconds and the process's peak memory in MB."""
    import sklearn.cluster  # noqa: F401
    import statsmodels.api  # noqa: F401

    prepare, share = PARTS[part]
    run = prepare(share)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, used = time.perf_counter(), time.process_time()
    run()
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {part} | {seconds:.2f} | {processor:.2f} | {peak:.0f} | {before:.0f} |")


def main() -> None:
    """Measure one part, or all of them in processes of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("part", nargs="?", choices=list(PARTS))
    given = arguments.parse_args()
    if given.part:
        measure(given.part)
        return
    print(machine())
    print("| | s | processor s | peak MB | of which before |\n|---|---|---|---|---|", flush=True)
    for part in PARTS:
        subprocess.run([sys.executable, __file__, part], check=True)


if __name__ == "__main__":
    main()
