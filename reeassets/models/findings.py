"""The verdict on each claim of the reference (Klimek et al. 2025, arXiv:2508.00556), by fixed rules.

Every rule, threshold and word of a verdict is here, so that no finding is written by hand. The rules are this project's
own; the claims are those of the reference's abstract.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from reeassets.indicators.aggregates import headline
from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.models.claims import BLOCS, CLAIMS, EU_MEMBERS, Claim
from reeassets.settings import Settings
from reeassets.trade.economies import EU27_CODE

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable on this data"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE)

# Share of the grid that must have the claimed sign and be significant, and of years in which a state must hold.
MAJORITY = 0.5
REFERENCE_CLUSTERS = 5
# Mean adjusted Rand index from which a partition counts as stable (Hennig 2007 asks 0.75 of a Jaccard index).
STABLE = 0.75
CORE_CLUSTER = "low risk, high influence"


@dataclass(frozen=True)
class Outcome:
    """What a rule found: the numbers of a row of ``findings``, its verdict and the reason in words."""

    verdict: str
    reason: str
    estimate: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    share_sign: float = np.nan
    share_significant: float = np.nan


def findings(
    tier_contrasts_pooled: pd.DataFrame,
    tier_contrasts: pd.DataFrame,
    country_indicators: pd.DataFrame,
    country_clusters: pd.DataFrame,
    cluster_choice: pd.DataFrame,
    rca_models: pd.DataFrame,
    classified_products: pd.DataFrame,
    product_indicators: pd.DataFrame,
    data_label: str,
    settings: Settings,
) -> pd.DataFrame:
    """Judge every claim (docs/METHOD.md, section 9).

    Parameters
    ----------
    tier_contrasts_pooled, tier_contrasts, country_indicators, country_clusters, cluster_choice, rca_models, \
classified_products, product_indicators : DataFrame
        The tables of those names.
    data_label : str
        Source and version of the trade data; says GENERATED where it is not real.
    settings : Settings
        ``model_significance``, and ``weighting``: which rows of the first three tables count.

    Returns
    -------
    DataFrame
        One row per claim, in the order of :data:`reeassets.models.claims.CLAIMS`: ``claim, claim_id, statistic,
        estimate, ci_low, ci_high, share_sign, share_significant, verdict, reason, data``.
    """
    pooled, by_year, of_countries = (
        headline(table, settings) for table in (tier_contrasts_pooled, tier_contrasts, country_indicators)
    )
    counts = products_per_stage(classified_products, product_indicators)
    level = settings.model_significance
    rows = []
    for claim in CLAIMS:
        lacking = _too_few_products(claim, counts)
        if lacking:
            outcome = Outcome(NOT_TESTABLE, lacking)
        elif claim.kind == "contrast":
            outcome = judge_contrast(claim, pooled, by_year, level)
        elif claim.kind == "regression":
            outcome = judge_regression(claim, rca_models, level)
        elif claim.kind == "clusters":
            outcome = judge_cluster_number(cluster_choice)
        elif claim.kind == "core":
            outcome = judge_core(country_clusters, of_countries)
        else:
            outcome = judge_blocs(of_countries)
        named = {"claim": claim.text, "claim_id": claim.id, "statistic": claim.statistic}
        rows.append(named | asdict(outcome) | {"data": data_label})
    names = ("claim", "claim_id", "statistic", "estimate", "ci_low", "ci_high", "share_sign", "share_significant")
    return pd.DataFrame(rows)[[*names, "verdict", "reason", "data"]]


def products_per_stage(classified_products: pd.DataFrame, product_indicators: pd.DataFrame) -> dict[str, int]:
    """Count the products of the set that are traded, by stage."""
    in_set = classified_products[classified_products["in_set"]]
    traded = in_set[in_set["product"].isin(product_indicators["product"].unique())]
    return {str(stage): int(count) for stage, count in traded["stage"].value_counts().items()}


def _too_few_products(claim: Claim, counts: dict[str, int]) -> str:
    lacking = [
        f"{counts.get(stage, 0)} {stage} product{'' if counts.get(stage, 0) == 1 else 's'} in the set"
        for stage in claim.stages
        if counts.get(stage, 0) < MINIMUM_PRODUCTS
    ]
    return f"{' and '.join(lacking)}; at least {MINIMUM_PRODUCTS} are needed" if lacking else ""


def judge_contrast(claim: Claim, pooled: pd.DataFrame, by_year: pd.DataFrame, level: float) -> Outcome:
    """Judge a difference between input and upstream products.

    Reproduced if the interval of the pooled median difference (input - upstream) lies on the claimed side of 0 and its
    ``q_value`` is at most the level. The shares are over years.
    """
    row = pooled[pooled["indicator"] == claim.term]
    if row.empty or row["median_difference_low"].isna().any():
        return Outcome(
            NOT_TESTABLE, f"no contrast of {claim.term} with an interval: too few countries trade both stages"
        )
    given = row.iloc[0]
    if np.isnan(given["q_value"]):
        products = f"{given['n_upstream_products']} upstream and {given['n_input_products']} input products"
        return Outcome(
            NOT_TESTABLE, f"{products} have values of {claim.term}; at least {MINIMUM_PRODUCTS} of each are needed"
        )
    estimate, low, high = (float(given[f"median_difference{end}"]) for end in ("", "_low", "_high"))
    years = by_year[(by_year["indicator"] == claim.term) & by_year["median_difference"].notna()]
    agrees = np.sign(years["median_difference"]) == claim.sign
    significant = agrees & (years["q_value"] <= level)
    holds = _on_claimed_side(claim.sign, low, high) and given["q_value"] <= level
    reason = (
        f"the median difference between input and upstream products is {_interval(estimate, low, high)}, "
        f"q = {given['q_value']:.2g}; the claim needs the interval {_side(claim.sign)} 0 and q at most {level:g}"
    )
    shares = _share(agrees), _share(significant)
    return Outcome(REPRODUCED if holds else NOT_REPRODUCED, reason, estimate, low, high, *shares)


def judge_regression(claim: Claim, rca_models: pd.DataFrame, level: float) -> Outcome:
    """Judge a slope of the model ``rca_growth``.

    Reproduced if the headline specification's interval lies on the claimed side of 0 and at least half of the grid's
    specifications agree in sign and are significant. The shares are over the specifications that could be estimated.
    """
    grid = rca_models[(rca_models["model"] == "rca_growth") & (rca_models["term"] == claim.term)]
    headline = grid[grid["headline"].astype(bool)]
    if headline.empty or headline["ci_low"].isna().any():
        note = headline["note"].iloc[0] if len(headline) else f"rca_models has no headline row of {claim.term}"
        return Outcome(NOT_TESTABLE, f"the headline specification gives no interval: {note}")
    given = headline.iloc[0]
    estimate, low, high = (float(given[name]) for name in ("coefficient", "ci_low", "ci_high"))
    estimated = grid[grid["p_value"].notna()]
    agrees = np.sign(estimated["coefficient"].astype(float)) == claim.sign
    shares = _share(agrees), _share(agrees & (estimated["p_value"] <= level))
    holds = _on_claimed_side(claim.sign, low, high) and shares[1] >= MAJORITY
    reason = (
        f"the headline coefficient is {_interval(estimate, low, high)}, and {shares[1]:.0%} of {len(estimated)} "
        f"specifications are significantly {_side(claim.sign)} 0; the claim needs the interval {_side(claim.sign)} 0 "
        f"and at least {MAJORITY:.0%}"
    )
    return Outcome(REPRODUCED if holds else NOT_REPRODUCED, reason, estimate, low, high, *shares)


def judge_cluster_number(cluster_choice: pd.DataFrame) -> Outcome:
    """Judge whether the data hold five clusters: the gap statistic prefers 5, and the partition into 5 is stable."""
    row = cluster_choice[cluster_choice["k"] == REFERENCE_CLUSTERS]
    unknown = f"the stability of {REFERENCE_CLUSTERS} clusters could not be computed"
    if row.empty:
        return Outcome(NOT_TESTABLE, f"{unknown}: there are no more than {REFERENCE_CLUSTERS} distinct country-years")
    if row["stability"].isna().any():
        lacking = f"a resample of countries has fewer than {REFERENCE_CLUSTERS} distinct country-years"
        return Outcome(NOT_TESTABLE, f"{unknown}: {lacking}")
    given = row.iloc[0]
    estimate, low, high = (float(given[f"stability{end}"]) for end in ("", "_low", "_high"))
    preferred = cluster_choice.loc[cluster_choice["gap_preferred"].astype(bool), "k"].tolist()
    said = f"prefers {preferred[0]} clusters" if preferred else "prefers none of the numbers tried"
    holds = preferred == [REFERENCE_CLUSTERS] and estimate >= STABLE
    reason = (
        f"the gap statistic {said}, and the adjusted Rand stability of {REFERENCE_CLUSTERS} clusters is "
        f"{_interval(estimate, low, high)}; the claim needs {REFERENCE_CLUSTERS} preferred and at least {STABLE:g}"
    )
    return Outcome(REPRODUCED if holds else NOT_REPRODUCED, reason, estimate, low, high)


def judge_core(country_clusters: pd.DataFrame, country_indicators: pd.DataFrame) -> Outcome:
    """Judge whether China dominates the low-risk, high-influence cluster.

    A year counts if China is in a cluster of that name (or one told apart from a namesake by a suffix) and has the
    largest influence, its shares of the stages summed, of the countries in its cluster. A year in which China is not
    ranked does not count.
    """
    if not (country_clusters["country"] == "CHN").any():
        return Outcome(NOT_TESTABLE, "China (CHN) is not among the clustered countries")
    if country_clusters["cluster"].isna().all():
        return Outcome(NOT_TESTABLE, "too few country-years to form clusters")
    influence = country_indicators.groupby(["year", "country"])["influence"].sum().rename("influence")
    ranked = country_clusters[country_clusters["cluster"].notna()]
    placed = ranked.merge(influence.reset_index(), how="left", on=["year", "country"])
    largest = placed.groupby(["year", "cluster"])["influence"].transform("max")
    core = placed["cluster_name"].str.startswith(CORE_CLUSTER) & (placed["influence"] == largest)
    held = placed.loc[core & (placed["country"] == "CHN"), "year"]
    years = np.sort(country_clusters["year"].unique())
    return _judge_years(np.isin(years, held), f"China leads a cluster named {CORE_CLUSTER!r}")


def judge_blocs(country_indicators: pd.DataFrame) -> Outcome:
    """Judge whether the EU and the US stay vulnerable in input products.

    A year counts if the import-weighted mean systemic trade risk in input products of the EU's members of that year,
    and that of the US, both exceed the median over all countries.
    """
    known = country_indicators["systemic_trade_risk"].notna()
    rows = country_indicators[known & (country_indicators["stage"] == "input")]
    held = []
    for year, frame in rows.groupby("year", sort=True):
        members = [country for country, (first, last) in EU_MEMBERS.items() if first <= int(str(year)) <= last]
        # Where the members are merged, the EU is one economy.
        members.append(EU27_CODE)
        risks = [_weighted_risk(frame[frame["country"].isin(group)]) for group in (members, ["USA"])]
        if not np.isnan(risks).any():
            held.append(min(risks) > frame["systemic_trade_risk"].median())
    if not held:
        return Outcome(NOT_TESTABLE, f"no year has the risk in input products of {' and '.join(BLOCS)}")
    state = f"the risk in input products of both {' and '.join(BLOCS)} exceeds the world median"
    return _judge_years(np.array(held), state)


def _weighted_risk(rows: pd.DataFrame) -> float:
    weight = rows["imports_kusd"].sum()
    return float((rows["systemic_trade_risk"] * rows["imports_kusd"]).sum() / weight) if weight > 0 else np.nan


def _judge_years(held: np.ndarray, state: str) -> Outcome:
    """Judge the share of years in which a state holds: reproduced if its 95 % Wilson interval lies above one half.

    The interval takes years as independent; they are not, so it is too narrow rather than too wide.
    """
    from statsmodels.stats.proportion import proportion_confint

    share = float(held.mean())
    low, high = (float(end) for end in proportion_confint(int(held.sum()), len(held), method="wilson"))
    reason = (
        f"{state} in {int(held.sum())} of {len(held)} years, a share of {_interval(share, low, high)}; "
        f"the claim needs the interval above {MAJORITY:g}"
    )
    return Outcome(REPRODUCED if low > MAJORITY else NOT_REPRODUCED, reason, share, low, high)


def _on_claimed_side(sign: int, low: float, high: float) -> bool:
    return low > 0 if sign > 0 else high < 0


def _side(sign: int) -> str:
    return "above" if sign > 0 else "below"


def _share(flags: pd.Series) -> float:
    return float(flags.mean()) if len(flags) else np.nan


def _interval(estimate: float, low: float, high: float) -> str:
    return f"{estimate:.3g} ({low:.3g} to {high:.3g})"
