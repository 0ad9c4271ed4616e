"""The proof: over many generated worlds, the platform finds what was planted and only that.

``python -m reeassets_tests.world.proof docs/PROOF.md --work FOLDER`` (``make prove``) runs it in full, writes the
results, and fails if a criterion is missed. A *cell* is a kind of world: persistence, share of zeros, years. What is
found in each world is kept in the folder, a line of JSON each, so that an interrupted run goes on where it was. The
tests run the same functions on a few worlds.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reeassets.clusters.cluster import country_clusters
from reeassets.clusters.features import cluster_features
from reeassets.indicators.aggregates import country_indicators
from reeassets.models.contract import HEADLINE_FIXED_EFFECTS, Specification
from reeassets.models.panel import build_panel
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.world.effects import PLAIN
from reeassets.world.small import World, small_world
from reeassets_tests.world.measures import INDICATORS, NO_LINKS, SETTINGS, measured

HEADLINE = Specification(
    "rca_growth", "rsca", "trade_exposure", "systemic_trade_risk", "political_stability", 1, HEADLINE_FIXED_EFFECTS
)
LEVEL = 0.05
NOTHING = {"exposure": 0.0, "risk": 0.0}
STRONG = {"exposure": 0.10, "risk.upstream": -0.20, "risk.input": -0.20, "risk.final": -0.20}

# The criteria, per term and cell.
COVERAGE = (0.88, 1.00)
FALSE_POSITIVES = 0.12
ADJUSTED_RAND = 0.9

SEEDS = range(1, 41)
ARCHETYPE_SEEDS = range(1, 11)
ARCHETYPE_SIZE = {"countries": 80, "products": 84, "years": 10}
KEPT = ["term", "coefficient", "uncorrected", "std_error", "ci_low", "ci_high", "p_value", "planted", "seed"]


@dataclass(frozen=True)
class Cell:
    """A kind of world, and what is planted in it."""

    persistence: float
    zeros: float
    years: int
    planted: str

    @property
    def name(self) -> str:
        """Name of the cell, and of its file."""
        return f"rho{self.persistence:g}-zeros{self.zeros:g}-years{self.years}-{self.planted}"

    @property
    def effects(self) -> dict[str, float]:
        """What differs from the default effects."""
        return {"rho": self.persistence, "zeros": self.zeros} | PLANTED[self.planted]


PLANTED: dict[str, dict[str, float]] = {"effect": {}, "nothing": NOTHING, "strong": STRONG}
CELLS = [Cell(*values) for values in product((0.5, 0.8, 0.98), (0.0, 0.4), (8, 17), PLANTED)]


@dataclass(frozen=True)
class Criterion:
    """A criterion, what was found, and whether it holds."""

    text: str
    found: str
    holds: bool


def tables(world: World) -> list[pd.DataFrame]:
    """Return the tables of a world that everything else is computed from."""
    return [world.trade_flows, world.country_totals, world.product_totals]


def estimates(world: World) -> pd.DataFrame:
    """Estimate the headline regression with slopes by stage; beside each term what was planted."""
    measures = measured(*tables(world))
    panel, _ = build_panel(*measures, world.country_totals, world.product_totals, world.stages, SETTINGS)
    rows = RCA_GROWTH.fit(panel, NO_LINKS, [HEADLINE], SETTINGS)
    rows = rows[rows["interacted"]].set_index("term")
    truth = {term: value["standardised"] for term, value in world.truth["rca_growth"]["terms"].items()}
    rows = rows.loc[list(truth)]
    return rows.assign(planted=pd.Series(truth), seed=world.truth["seed"]).reset_index()


def over_worlds(seeds: Iterable[int], effects: Mapping[str, float] | None = None, **size: int) -> pd.DataFrame:
    """Estimate the headline regression in a world per seed; effects that are not given are the default ones."""
    return pd.concat([estimates(small_world(seed, effects=effects or {}, **size)) for seed in seeds], ignore_index=True)


def of_world(cell: Cell, seed: int) -> list[dict[str, Any]]:
    """Return what is found in one world of a cell, as JSON holds it."""
    rows = over_worlds([seed], cell.effects, years=cell.years)[KEPT]
    return [dict(row) for row in json.loads(rows.to_json(orient="records", double_precision=15))]


def over_cell(cell: Cell, seeds: Iterable[int], folder: Path, processes: int = 2) -> pd.DataFrame:
    """Estimate the worlds of a cell that the folder does not have yet, and return all that were asked for.

    The file ``<cell>.jsonl`` has a line per world, written when it is done; half a line, of a run that was ended, is
    estimated again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{cell.name}.jsonl"
    done = read_worlds(path)
    left = [seed for seed in seeds if seed not in done]
    path.write_text("".join(json.dumps(rows) + "\n" for rows in done.values()), encoding="utf-8")
    with ProcessPoolExecutor(processes) as pool, path.open("a", encoding="utf-8") as file:
        for seed, rows in zip(left, pool.map(of_world, [cell] * len(left), left), strict=True):
            done[seed] = rows
            file.write(json.dumps(rows) + "\n")
            file.flush()
    return pd.DataFrame([row for seed in seeds for row in done[seed]]).astype({"p_value": float, "std_error": float})


def read_worlds(path: Path) -> dict[int, list[dict[str, Any]]]:
    """Return the worlds of a file by seed; a last line without its end does not count."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    worlds = [json.loads(line) for line in lines]
    return {int(rows[0]["seed"]): rows for rows in worlds}


def by_term(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up worlds: coverage, share significant, share with the planted sign, bias, size of errors."""
    rows = rows.assign(
        error=rows["coefficient"] - rows["planted"],
        before=rows["uncorrected"] - rows["planted"],
        covered=(rows["ci_low"] <= rows["planted"]) & (rows["planted"] <= rows["ci_high"]),
        significant=rows["p_value"] < LEVEL,
        right_sign=np.sign(rows["coefficient"]) == np.sign(rows["planted"]),
    )
    grouped = rows.groupby("term", sort=True)
    spread = grouped["error"].std()
    return pd.DataFrame(
        {
            "worlds": grouped.size(),
            "covered": grouped["covered"].mean(),
            "significant": grouped["significant"].mean(),
            "right_sign": grouped["right_sign"].mean(),
            "bias": grouped["error"].mean() / spread,
            "bias_uncorrected": grouped["before"].mean() / spread,
            "std_error": grouped["std_error"].mean() / spread,
        }
    )


def archetype_index(seed: int, countries: int, products: int, years: int) -> float:
    """Return the adjusted Rand index between the clusters of a world's economies and their archetypes."""
    from sklearn.metrics import adjusted_rand_score

    world = small_world(seed, countries=countries, products=products, years=years, effects=PLAIN)
    indicators, _ = measured(*tables(world))
    described = cluster_features(
        country_indicators(indicators, world.stages, world.stages.map(lambda _: 1.0), INDICATORS), SETTINGS
    )
    clusters = country_clusters(described, SETTINGS).dropna(subset=["cluster"])
    return float(adjusted_rand_score(clusters["country"].map(world.archetypes), clusters["cluster"]))


def criteria(
    effect: Mapping[str, pd.DataFrame],
    nothing: Mapping[str, pd.DataFrame],
    strong: Mapping[str, pd.DataFrame],
    index: list[float],
) -> list[Criterion]:
    """Judge summaries of cells, by their names, by the criteria."""
    covered, false, right = (
        pd.concat(list(summaries.values()))[name]
        for summaries, name in ((effect, "covered"), (nothing, "significant"), (strong, "right_sign"))
    )
    return [
        Criterion(
            f"95 % intervals cover what was planted in {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%} of worlds, every term "
            "and cell",
            f"{covered.min():.0%} to {covered.max():.0%}",
            bool(covered.between(*COVERAGE).all()),
        ),
        Criterion(
            f"with effects of zero, at most {FALSE_POSITIVES:.0%} are significant at {LEVEL:.0%}, every term and cell",
            f"{false.min():.0%} to {false.max():.0%}",
            bool((false <= FALSE_POSITIVES).all()),
        ),
        Criterion(
            "with strong effects, nine in ten signs are right, every term and cell",
            f"{right.min():.0%} to {right.max():.0%}",
            bool((right >= 0.9).all()),
        ),
        Criterion(
            f"adjusted Rand index of clusters and archetypes of at least {ADJUSTED_RAND:g}, every world",
            f"{min(index):.2f} to {max(index):.2f}",
            min(index) >= ADJUSTED_RAND,
        ),
    ]


def planted_terms(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the terms whose sign says something: supplier concentration has no effect in any world."""
    return summary[~summary.index.str.startswith("supplier_concentration")]


def markdown(summaries: Mapping[str, pd.DataFrame]) -> str:
    """Write summaries of cells as a Markdown table."""
    head = (
        "| cell | term | worlds | covered | significant | bias | uncorrected | std. error |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    rows = [
        f"| {cell} | `{term}` | {row['worlds']:.0f} | {row['covered']:.0%} | {row['significant']:.0%} | "
        f"{row['bias']:+.2f} | {row['bias_uncorrected']:+.2f} | {row['std_error']:.2f} |"
        for cell, summary in summaries.items()
        for term, row in summary.iterrows()
    ]
    return "\n".join([head, *rows])


def main() -> int:
    """Run the proof in full and write its results; return 1 if a criterion is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--work", type=Path, required=True, help="folder of what is found in each world")
    given = arguments.parse_args()
    found: dict[str, dict[str, pd.DataFrame]] = {name: {} for name in PLANTED}
    for cell in CELLS:
        summary = by_term(over_cell(cell, SEEDS, given.work))
        found[cell.planted][cell.name] = planted_terms(summary) if cell.planted == "strong" else summary
    index = [archetype_index(seed, **ARCHETYPE_SIZE) for seed in ARCHETYPE_SEEDS]
    judged = criteria(found["effect"], found["nothing"], found["strong"], index)
    lines = [f"| {one.text} | {one.found} | {'yes' if one.holds else '**no**'} |" for one in judged]
    text = TEXT.format(
        version=version("reeassets"),
        judged="\n".join(lines),
        effect=markdown(found["effect"]),
        nothing=markdown(found["nothing"]),
        index=", ".join(f"{value:.2f}" for value in index),
    )
    given.out.write_text(text, encoding="utf-8")
    print(text)  # noqa: T201
    return 0 if all(one.holds for one in judged) else 1


TEXT = """# Proof

Written by `make prove`, reeassets {version}. GENERATED worlds ([WORLD.md](WORLD.md)) of 40 countries and 60 products
with the default effects but persistence, zeros and years; headline regression with delta = 1 and slopes by stage, seeds
1-40. Nothing here is about real trade.

| criterion | found | holds |
|---|---|---|
{judged}

Strong effects: exposure 0.10 per unit in every stage, risk -0.20. *Bias* is the mean error of the corrected slopes,
*uncorrected* that of the slopes before it, *std. error* the mean standard error, all over the standard deviation of the
estimates between worlds: 1.00 is an error that is neither too small nor too large.

## Planted effects

{effect}

## No effects

{nothing}

## Archetypes

80 countries, 84 products, 10 years, seeds 1-10; adjusted Rand index of the clusters and the archetypes: {index}.
"""


if __name__ == "__main__":
    sys.exit(main())
