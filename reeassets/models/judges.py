"""How each kind of claim is judged: a contrast between stages, a slope, the clusters, their core, and two blocs."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reeassets.clusters.names import LEAST_COUNTRIES
from reeassets.models.claims import BLOCS, CHINA, CORE_CLUSTER, Claim
from reeassets.models.verdicts import (
    CONTRADICTED,
    INCONCLUSIVE,
    REPRODUCED,
    Outcome,
    Shares,
    interval,
    judged,
    not_testable,
)

REFERENCE_CLUSTERS = 5
# Mean adjusted Rand index from which a partition counts as stable (Hennig 2007 asks 0.75 of a Jaccard index).
STABLE = 0.75
DRAWS = 2000
_SEED = 20250806
_ENDS = (0.025, 0.975)

Floats = NDArray[np.float64]


def judge_contrast(claim: Claim, pooled: pd.DataFrame, by_year: pd.DataFrame, level: float) -> Outcome:
    """Judge the pooled median difference between input and upstream products; the grid is the years.

    The interval is over countries; the test that must reject beside it permutes stages among products.
    """
    row = pooled[pooled["indicator"] == claim.term]
    if row.empty or row["median_difference_low"].isna().any():
        return not_testable(f"no contrast of {claim.term} with an interval: too few countries trade both stages")
    given = row.iloc[0]
    if np.isnan(given["q_value"]):
        products = f"{given['n_upstream_products']} upstream and {given['n_input_products']} input products"
        return not_testable(f"{products} have values of {claim.term}, too few to permute stages among them")
    numbers = tuple(float(given[f"median_difference{end}"]) for end in ("", "_low", "_high"))
    years = by_year[(by_year["indicator"] == claim.term) & by_year["median_difference"].notna()]
    shares = Shares.of(claim.sign, years["median_difference"], years["q_value"] <= level)
    said = f"the median difference between input and upstream products (q = {given['q_value']:.2g})"
    return judged(
        claim.sign, (numbers[0], numbers[1], numbers[2]), shares, said, significant=bool(given["q_value"] <= level)
    )


def judge_regression(claim: Claim, rca_models: pd.DataFrame, level: float) -> Outcome:
    """Judge a slope of the headline of ``rca_growth``; the grid is its specification curve, each design once."""
    own = rca_models[(rca_models["model"] == "rca_growth") & (rca_models["term"] == claim.term)]
    headline = own[own["headline"].astype(bool)]
    if headline.empty or headline["ci_low"].isna().any():
        note = headline["note"].iloc[0] if len(headline) else f"rca_models has no headline row of {claim.term}"
        return not_testable(f"the headline specification gives no interval: {note}")
    given = headline.iloc[0]
    grid = own[own["in_curve"].astype(bool) & own["p_value"].notna()]
    shares = Shares.of(claim.sign, grid["coefficient"].astype(float), grid["p_value"] <= level)
    numbers = (float(given["coefficient"]), float(given["ci_low"]), float(given["ci_high"]))
    return judged(claim.sign, numbers, shares, f"the headline coefficient, one of {len(grid)} specifications,")


def judge_cluster_number(cluster_choice: pd.DataFrame) -> Outcome:
    """Judge whether the data hold five clusters.

    Reproduced if the gap statistic prefers five and they are stable; contradicted if it prefers another number and the
    interval of their stability lies below what is stable; else inconclusive.
    """
    row = cluster_choice[cluster_choice["k"] == REFERENCE_CLUSTERS]
    unknown = f"the stability of {REFERENCE_CLUSTERS} clusters could not be computed"
    if row.empty:
        return not_testable(f"{unknown}: there are no more than {REFERENCE_CLUSTERS} distinct country-years")
    if row["stability"].isna().any():
        return not_testable(
            f"{unknown}: a resample of countries has fewer than {REFERENCE_CLUSTERS} distinct country-years"
        )
    given = row.iloc[0]
    estimate, low, high = (float(given[f"stability{end}"]) for end in ("", "_low", "_high"))
    preferred = cluster_choice.loc[cluster_choice["gap_preferred"].astype(bool), "k"].tolist()
    said = f"prefers {preferred[0]} clusters" if preferred else "prefers none of the numbers tried"
    if preferred == [REFERENCE_CLUSTERS] and estimate >= STABLE:
        verdict = REPRODUCED
    else:
        elsewhere = bool(preferred) and preferred != [REFERENCE_CLUSTERS]
        verdict = CONTRADICTED if elsewhere and high < STABLE else INCONCLUSIVE
    reason = (
        f"the gap statistic {said}, and the adjusted Rand stability of {REFERENCE_CLUSTERS} clusters is "
        f"{interval(estimate, low, high)}; the claim needs {REFERENCE_CLUSTERS} preferred and at least {STABLE:g}"
    )
    return Outcome(verdict, reason, estimate, low, high)


def judge_core(country_clusters: pd.DataFrame, country_indicators: pd.DataFrame) -> Outcome:
    """Judge whether China dominates the low-risk, high-influence cluster.

    The cluster is one of at least three countries that is low in risk in both stages and high in influence. The
    statistic is China's influence less the largest of the cluster's other countries, the mean over years; its interval
    is over resamples of the other countries with all their years. The grid is the years: in which China is in the
    cluster and its influence the largest there.
    """
    if not (country_clusters.loc[country_clusters["cluster"].notna(), "country"] == CHINA).any():
        return not_testable(f"China ({CHINA}) is not among the clustered countries")
    influence = country_indicators[country_indicators["stage"].isin(["upstream", "input"])]
    influence = influence.groupby(["year", "country"])["influence"].mean().fillna(0.0).rename("influence")
    placed = country_clusters.merge(influence.reset_index(), how="left", on=["year", "country"])
    core = placed[placed["cluster_name"].str.startswith(CORE_CLUSTER)]
    others = core[core["country"] != CHINA]
    if others.empty:
        return Outcome(
            INCONCLUSIVE,
            f"no cluster of at least {LEAST_COUNTRIES} countries is low in risk in both stages and high in influence",
        )
    china = placed[placed["country"] == CHINA].set_index("year")["influence"]
    years = np.sort(others["year"].unique())
    own = china.reindex(years).fillna(0.0).to_numpy()
    rivals = others.pivot_table(index="country", columns="year", values="influence").reindex(columns=years)
    values = rivals.to_numpy()
    margins = own - np.nanmax(values, axis=0)
    low, high = np.quantile(_resampled_margins(own, values), _ENDS)
    of_year = placed.assign(core=placed["cluster_name"].str.startswith(CORE_CLUSTER)).set_index(["year", "country"])
    inside = of_year["core"].xs(CHINA, level="country").reindex(years, fill_value=False).to_numpy(dtype=bool)
    leads = inside & (margins > 0)
    trails = margins < 0
    shares = Shares(float(leads.mean()), float(leads.mean()), float(trails.mean()))
    said = f"China's influence less the largest of the other {len(rivals)} countries of the cluster"
    return judged(1, (float(margins.mean()), float(low), float(high)), shares, said)


def _resampled_margins(own: Floats, rivals: Floats) -> Floats:
    """Return the mean margin over the best rival when the rivals are drawn with replacement, shape (draws,)."""
    generator = np.random.default_rng(_SEED)
    filled = np.where(np.isnan(rivals), -np.inf, rivals)
    margins = np.empty(DRAWS)
    for draw in range(DRAWS):
        best = filled[generator.integers(len(filled), size=len(filled))].max(axis=0)
        there = np.isfinite(best)
        margins[draw] = (own - best)[there].mean() if there.any() else np.nan
    return margins[~np.isnan(margins)]


def judge_blocs(bloc_risks: pd.DataFrame) -> Outcome:
    """Judge whether the EU and the US stay vulnerable in input products, by both readings of the EU.

    The statistic is the smaller of the two blocs' margins of systemic risk above the world's import-weighted mean, the
    mean over years, with the EU as one buyer and as its members; its interval is over resamples of the products. Both
    readings must be on the claimed side: estimate and interval are of the reading nearer to 0. The grid is the years
    of both readings.
    """
    rows = bloc_risks[bloc_risks["stage"] == "input"]
    found = {str(reading): margins(of) for reading, of in rows.groupby("reading", sort=True)}
    known = {reading: of for reading, of in found.items() if of is not None}
    if not known:
        return not_testable(f"no year has the risk in input products of {' and '.join(BLOCS)}")
    numbers = {reading: (float(of[0].mean()), *np.quantile(of[1], _ENDS)) for reading, of in known.items()}
    ends = [min(of[1] for of in numbers.values()), max(of[2] for of in numbers.values())]
    nearest = min(numbers.values(), key=lambda of: abs(of[0]))
    by_year = pd.Series(np.concatenate([of[0] for of in known.values()]))
    shares = Shares.of(1, by_year, by_year.notna())
    said = "; ".join(f"{interval(*of)} with the EU as {reading}" for reading, of in numbers.items())
    return judged(1, (nearest[0], ends[0], ends[1]), shares, f"the smaller margin of both over the world ({said})")


def margins(rows: pd.DataFrame) -> tuple[Floats, Floats] | None:
    """Return the smaller margin of the blocs above the world, by year and as mean of each resample of the products.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``bloc_risks`` of one reading.

    Returns
    -------
    by_year : ndarray, shape (n_years,)
    resampled : ndarray, shape (draws,)
        None in place of both if no year has every bloc.
    """
    axes = [np.sort(rows[name].unique()) for name in ("year", "bloc", "product")]
    year, bloc, product = (
        np.searchsorted(axis, rows[name]) for axis, name in zip(axes, ("year", "bloc", "product"), strict=True)
    )
    shape = tuple(len(axis) for axis in axes)
    imports, at_risk, world, world_at_risk = (np.zeros(shape) for _ in range(4))
    imports[year, bloc, product] = rows["imports_kusd"]
    at_risk[year, bloc, product] = rows["imports_kusd"] * rows["systemic_trade_risk"]
    world[year, :, product] = rows["world_imports_kusd"].to_numpy()[:, None]
    world_at_risk[year, :, product] = (rows["world_imports_kusd"] * rows["world_risk"]).to_numpy()[:, None]
    complete = (imports.sum(axis=2) > 0).all(axis=1) & (shape[1] == len(BLOCS))
    if not complete.any():
        return None
    parts = [part[complete] for part in (at_risk, imports, world_at_risk, world)]
    generator = np.random.default_rng(_SEED)
    times = generator.multinomial(shape[2], np.full(shape[2], 1 / shape[2]), size=DRAWS).astype(float)

    def smaller(weights: Floats) -> Floats:
        sums = [part @ weights for part in parts]
        with np.errstate(invalid="ignore", divide="ignore"):
            margin: Floats = (sums[0] / sums[1] - sums[2] / sums[3]).min(axis=1)
        return margin

    # A resample without a product that a bloc imports in a year says nothing about that year.
    return smaller(np.ones((shape[2], 1)))[:, 0], np.nanmean(smaller(times.T), axis=0)
