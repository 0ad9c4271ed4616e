"""Worlds with a known answer to the question of the dynamic models, and their slow estimation with explicit dummies."""

from dataclasses import dataclass

import numpy as np

from reeassets.models.cells import Cells, without_singletons

BURN_IN = 120


@dataclass(frozen=True)
class World:
    """Rows of a generated panel: outcome ``y`` at ``t + delta``, regressors at ``t``, and their true slopes."""

    cells: Cells
    columns: dict[str, np.ndarray]
    truth: dict[str, float]


def world(
    seed: int,
    persistence: float,
    pair_effects: float = 2.0,
    countries: int = 30,
    products: int = 24,
    years: int = 17,
    kept: float = 0.85,
    slope: float = 0.15,
    answers: float = 0.4,
    delta: int = 1,
    shocks: float = 0.5,
    memory: float = 0.5,
) -> World:
    """Generate ``y[t+1] = persistence y[t] + slope x[t] + effects + error``, per country and product.

    ``open`` answers to the outcome of its own year with slope ``answers`` and to its own past, as exposure does;
    ``strict`` only to its own past. Each has the slope ``slope`` in stage ``a``, none in stage ``b``. Effects: of the
    pair (standard deviation ``pair_effects`` of its long-run mean, which the regressors share), of country-years and
    product-years (persistent and fresh). Errors are heavy-tailed and their size differs between products.
    """
    rng = np.random.default_rng(seed)
    shape = (countries, products)
    pair = pair_effects * rng.normal(size=shape)
    stage_a = np.arange(products) < products // 2
    size = np.exp(0.3 * rng.normal(size=(1, products)))
    y, slow_c, slow_p = pair.copy(), np.zeros((countries, 1)), np.zeros((1, products))
    regressors = {name: np.zeros(shape) for name in ("open", "strict")}
    history: dict[str, list[np.ndarray]] = {name: [] for name in ("rsca", *regressors)}
    for year in range(BURN_IN + years + delta):
        slow_c = 0.7 * slow_c + shocks * rng.normal(size=(countries, 1))
        slow_p = 0.7 * slow_p + shocks * rng.normal(size=(1, products))
        for name, x in regressors.items():
            news = rng.normal(size=shape) + 0.5 * (slow_c + slow_p) + 0.5 * (pair if pair_effects else 0.0)
            regressors[name] = memory * x + news - (answers * (y - pair) if name == "open" else 0.0)
        if year >= BURN_IN:
            history["rsca"].append(y)
            for name, x in regressors.items():
                history[name].append(x)
        effect = slow_c + slow_p + shocks * (rng.normal(size=(countries, 1)) + rng.normal(size=(1, products)))
        pull = slope * sum(regressors.values()) * stage_a
        error = size * rng.standard_t(5, size=shape) / np.sqrt(5 / 3)
        y = persistence * y + (1 - persistence) * pair + pull + effect + error
    return _rows(history, rng, kept, stage_a, years, delta, {"persistence": persistence, "slope": slope})


def _rows(history, rng, kept, stage_a, years, delta, true) -> World:
    stacked = {name: np.stack(values, axis=2) for name, values in history.items()}
    present = rng.uniform(size=stacked["rsca"][:, :, :years].shape) < kept
    country, product, year = np.nonzero(present)
    cells = Cells.of(country, product, year + 2007)
    inside, _ = without_singletons(cells)
    country, product, year = country[inside], product[inside], year[inside]
    columns = {"y": stacked["rsca"][country, product, year + delta]}
    truth = {}
    for name in ("open", "strict"):
        values = stacked[name][country, product, year]
        for stage, flag in (("a", stage_a[product]), ("b", ~stage_a[product])):
            columns[f"{name}:{stage}"] = values * flag
            truth[f"{name}:{stage}"] = true["slope"] if stage == "a" and delta == 1 else 0.0
    columns["rsca"] = stacked["rsca"][country, product, year]
    truth["rsca"] = true["persistence"] ** delta
    return World(Cells.of(country, product, year + 2007), columns, truth)
