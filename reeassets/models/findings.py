"""The verdict on each claim of the reference (Klimek et al. 2025, arXiv:2508.00556), by fixed rules.

No finding is written by hand: what the data must hold is in ``guard``, what a verdict may be in ``verdicts``, the rule
of each kind of claim in ``judges``. The rules are this project's own; the claims are those of the reference's abstract.
"""

from dataclasses import asdict

import pandas as pd

from reeassets.indicators.aggregates import headline
from reeassets.models.claims import CLAIMS, Claim
from reeassets.models.guard import RareEarths
from reeassets.models.judges import (
    judge_blocs,
    judge_cluster_number,
    judge_contrast,
    judge_core,
    judge_regression,
)
from reeassets.models.verdicts import Outcome, not_testable
from reeassets.settings import Settings


def findings(
    tier_contrasts_pooled: pd.DataFrame,
    tier_contrasts: pd.DataFrame,
    country_indicators: pd.DataFrame,
    bloc_risks: pd.DataFrame,
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
    tier_contrasts_pooled, tier_contrasts, country_indicators, bloc_risks, country_clusters, cluster_choice, \
rca_models, classified_products, product_indicators : DataFrame
        The tables of those names.
    data_label : str
        Source and version of the trade data; says GENERATED where it is not real.
    settings : Settings
        ``model_significance``, and ``weighting``: which rows of the first three tables count.

    Returns
    -------
    DataFrame
        One row per claim, in the order of :data:`reeassets.models.claims.CLAIMS`: ``claim, claim_id, statistic`` and
        the fields of :class:`reeassets.models.verdicts.Outcome`, then ``data``.
    """
    pooled, by_year, of_countries = (
        headline(table, settings) for table in (tier_contrasts_pooled, tier_contrasts, country_indicators)
    )
    rare_earths = RareEarths.of(classified_products, product_indicators)
    level = settings.model_significance

    def outcome(claim: Claim) -> Outcome:
        lacking = rare_earths.lacking(claim.stages)
        if lacking:
            return not_testable(lacking)
        if claim.kind == "contrast":
            return judge_contrast(claim, pooled, by_year, level)
        if claim.kind == "regression":
            return judge_regression(claim, rca_models, level)
        if claim.kind == "clusters":
            return judge_cluster_number(cluster_choice)
        return judge_core(country_clusters, of_countries) if claim.kind == "core" else judge_blocs(bloc_risks)

    named = [{"claim": claim.text, "claim_id": claim.id, "statistic": claim.statistic} for claim in CLAIMS]
    rows = [name | asdict(outcome(claim)) | {"data": data_label} for name, claim in zip(named, CLAIMS, strict=True)]
    numbers = ("estimate", "ci_low", "ci_high", "detectable", "share_sign", "share_significant", "share_contrary")
    return pd.DataFrame(rows)[["claim", "claim_id", "statistic", *numbers, "verdict", "reason", "data"]]
