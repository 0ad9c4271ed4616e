"""Rows of the report's tables and the sentences that sum them up: pure functions from tables to text and numbers.

Texts come out as they are in the tables; the template escapes them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reeassets.models.claims import CLAIMS
from reeassets.models.verdicts import VERDICTS
from reeassets.networks.calibration import calibration_words
from reeassets.report import labels
from reeassets.report.style import cluster_colours, text_on
from reeassets.settings import STAGES

# The model that tests the reference's regression claims.
HEADLINE_MODEL = "rca_growth"
CONTROLS = ("rsca", "log1p_imports", "log1p_exports")
Row = dict[str, Any]


def fixed(value: Any, decimals: int) -> str:
    """Return a number with so many decimals, a real minus (but no minus zero), and a dash if it is missing."""
    if value is None or pd.isna(value):
        return "–"
    rounded = round(float(value), decimals)
    return f"{rounded or 0.0:,.{decimals}f}".replace("-", "−")


def number(value: Any, digits: int = 3) -> str:
    """Return a number with so many significant digits."""
    return fixed(value, decimals_of([value], digits))


def decimals_of(values: Sequence[Any], digits: int = 3) -> int:
    """Return with how many decimals the largest of some numbers has so many significant digits."""
    largest = max((abs(float(value)) for value in values if not pd.isna(value)), default=0.0)
    return max(digits - 1 - int(np.floor(np.log10(largest))), 0) if largest else 0


def interval(estimate: Any, low: Any, high: Any, decimals: int | None = None) -> str:
    """Return ``estimate (low to high)``, or the estimate alone if it has no interval.

    All three have the same decimals: those given, or as many as give the largest three significant digits.
    """
    decimals = decimals_of([estimate, low, high]) if decimals is None else decimals
    if pd.isna(low) or pd.isna(high):
        return fixed(estimate, decimals)
    return f"{fixed(estimate, decimals)} ({fixed(low, decimals)} to {fixed(high, decimals)})"


def probability(value: Any) -> str:
    """Return a p-value or q-value."""
    return "<\u00a00.0001" if not pd.isna(value) and value < 1e-4 else number(value, 2)


def percent(value: Any) -> str:
    """Return a share in whole per cent, or a dash if it is missing."""
    return "–" if value is None or pd.isna(value) else f"{float(value):.0%}"


def count(amount: int, thing: str) -> str:
    """Return an amount with its noun, e.g. ``1 product`` or ``12 products``."""
    return f"{amount:,} {thing}{'' if amount == 1 else 's'}"


def findings_rows(findings: pd.DataFrame) -> list[Row]:
    """Return one row per claim, in the order of the reference's abstract; unknown claims last."""
    order = {claim.id: place for place, claim in enumerate(CLAIMS)}
    place = findings["claim_id"].map(order).fillna(len(order))
    ordered = findings.assign(place=place).sort_values(["place", "claim_id"], kind="stable")
    return [
        {
            **row,
            "shown": interval(row["estimate"], row["ci_low"], row["ci_high"]),
            "grid": ""
            if pd.isna(row["share_sign"])
            else f"{percent(row['share_sign'])} in sign, {percent(row['share_significant'])} significantly, "
            f"{percent(row['share_contrary'])} significantly contrary",
            "place": VERDICTS.index(row["verdict"]),
        }
        for row in ordered.to_dict("records")
    ]


def findings_sentence(findings: pd.DataFrame) -> str:
    """Return how many claims have which verdict."""
    counts = findings["verdict"].value_counts()
    parts = [f"{int(counts.get(verdict, 0))} {verdict}" for verdict in VERDICTS]
    return f"Of {count(len(findings), 'claim')}: {', '.join(parts)}."


def last_world_trade(indicators: pd.DataFrame) -> tuple[int | None, pd.Series]:
    """Return the last year and the world's trade in each product of the set in it, in thousand US$.

    Parameters
    ----------
    indicators : DataFrame of (year, country, product, imports_kusd)
        Table ``product_indicators``. All imports of a product are its trade between economies, and its codes are the
        set's; those of ``product_totals`` are the data's, where an equal number can mean other goods.
    """
    if indicators.empty:
        return None, pd.Series(dtype="float64")
    last = indicators["year"].max()
    return int(last), indicators[indicators["year"] == last].groupby("product")["imports_kusd"].sum()


def coverage_rows(coverage: pd.DataFrame) -> list[Row]:
    """Return table ``product_coverage``, with products of which the same is said in one row."""
    alike = coverage.fillna({"note": ""}).groupby(["revision", "flows", "taiwan_from", "note"], dropna=False)
    rows = [
        {
            "products": ", ".join(sorted(group["product"])),
            "revision": revision,
            "flows": {"complete": "all", "cut": "the largest only"}[flows],
            "taiwan": "not in" if pd.isna(taiwan) else f"from {taiwan}",
            "note": note,
        }
        for (revision, flows, taiwan, note), group in alike
    ]
    return sorted(rows, key=lambda row: (row["flows"], row["products"]))


def left_out_sentence(excluded: pd.DataFrame) -> str:
    """Return what of the last year with such flows was left out as another good; empty if nothing ever was."""
    if excluded.empty:
        return ""
    last = excluded["year"].max()
    parts = []
    for (product, good), flows in excluded[excluded["year"] == last].groupby(["product", "good"]):
        values = flows.groupby("exporter")["value_kusd"].sum().sort_values(ascending=False)
        value = number(values.sum() / 1e3)
        parts.append(f"{product} out of {', '.join(values.index)} is {good}, US$ {value} million in {last}")
    return "; ".join(parts)


def product_rows(products: pd.DataFrame, trade: pd.Series) -> list[Row]:
    """Return the members of the set with their trade as from :func:`last_world_trade`, by stage and code."""
    place = {stage: index for index, stage in enumerate(STAGES)}
    ordered = products.assign(place=products["stage"].map(place)).sort_values(["place", "product"], kind="stable")
    return [
        {
            **row,
            "ree": "–" if pd.isna(row["is_ree"]) else "yes" if row["is_ree"] else "no",
            "trade": number(trade.get(row["product"], np.nan) / 1e3),
            "agreement": percent(row["confidence"]),
        }
        for row in ordered.to_dict("records")
    ]


def products_sentence(products: pd.DataFrame) -> str:
    """Return how many products the set has, by stage, and how many are rare-earth products."""
    by_stage = products["stage"].value_counts()
    parts = [f"{int(by_stage.get(stage, 0))} {stage}" for stage in STAGES]
    ree = int(products["is_ree"].fillna(value=False).astype(bool).sum())
    contain = "contains" if ree == 1 else "contain"
    return (
        f"{count(len(products), 'product')}: {', '.join(parts)}. Of these, {ree} {contain} rare earths or "
        f"{'needs' if ree == 1 else 'need'} them to be made."
    )


def link_rows(links: pd.DataFrame, names: Mapping[str, str]) -> list[Row]:
    """Return the links of the network, the inputs of one output together, the heaviest first."""
    inside = links[links["in_network"]].sort_values(
        ["output", "weight", "input"], ascending=[True, False, True], kind="stable"
    )
    return [
        {
            **row,
            "input_name": labels.short_description(names.get(row["input"], "")),
            "output_name": labels.short_description(names.get(row["output"], "")),
            "votes": f"{row['ai_votes']} of {row['ai_voters']}",
            "corr": fixed(row["correlation"], 2),
            "p": probability(row["p_value"]),
            "p_reverse": probability(row["p_reverse"]),
            "q_bh": probability(row["q_bh"]),
            "q_decoy": probability(row["q_decoy"]),
            "weight": percent(row["weight"]),
        }
        for row in inside.to_dict("records")
    ]


def links_sentence(links: pd.DataFrame, calibration: pd.DataFrame, fdr: float) -> str:
    """Return how many candidates there were, how many the votes carry, what trade says, and whether to believe it."""
    carried = links[links["carried"]]
    number = carried["evidence"].value_counts()
    return (
        f"Of {count(len(links), 'candidate link')}, the votes carry {len(carried)}. Trade validates "
        f"{int(number.get('validated', 0))} of these (both false discovery rates within {fdr:g}), supports "
        f"{int(number.get('supported', 0))} more (p-value of at most 0.05), and is silent on "
        f"{int(number.get('carried', 0))}. Calibration: {calibration_words(calibration)}."
    )


def contrast_rows(pooled: pd.DataFrame) -> list[Row]:
    """Return the contrasts over all years together, indicators in the order of their definitions."""
    order = {name: place for place, name in enumerate(labels.INDICATORS)}
    place = pooled["indicator"].map(order).fillna(len(order))
    ordered = pooled.assign(place=place).sort_values(["place", "indicator"], kind="stable")
    return [
        {
            "indicator": labels.indicator(row["indicator"]),
            "countries": f"{row['n_countries']:,}",
            "products": f"{row['n_upstream_products']:,} and {row['n_input_products']:,}",
            "upstream": number(row["mean_upstream"]),
            "input": number(row["mean_input"]),
            "difference": interval(*_with_ends(row, "median_difference")),
            "effect": interval(*_with_ends(row, "rank_biserial"), 2),
            "q": probability(row["q_value"]),
            "wilcoxon": probability(row["wilcoxon_p_value"]),
        }
        for row in ordered.to_dict("records")
    ]


def _with_ends(row: Mapping[Any, Any], name: str) -> tuple[Any, Any, Any]:
    return row[name], row[f"{name}_low"], row[f"{name}_high"]


def cluster_rows(clusters: pd.DataFrame, names: Mapping[str, str]) -> list[Row]:
    """Return each cluster with its members in the last year, by number; clusters without members then are kept."""
    ranked = clusters[clusters["cluster"].notna()]
    if ranked.empty:
        return []
    last = ranked[ranked["year"] == clusters["year"].max()]
    of_cluster = ranked.drop_duplicates("cluster").sort_values("cluster")
    colours = cluster_colours(int(number) for number in of_cluster["cluster"])
    rows = []
    for cluster, name in zip(of_cluster["cluster"], of_cluster["cluster_name"], strict=True):
        members = sorted(names.get(code, code) for code in last.loc[last["cluster"] == cluster, "country"])
        colour = colours[int(cluster)]
        rows.append(
            {
                "cluster": int(cluster),
                "name": name,
                "members": members,
                "colour": colour,
                "ink": text_on(colour),
            }
        )
    return rows


def largest_ranked(cluster_features: pd.DataFrame, amount: int) -> list[str]:
    """Return the countries with the most trade over all years among those ranked at least once, the largest first."""
    ever = cluster_features.loc[cluster_features["ranked"], "country"].unique()
    rows = cluster_features[cluster_features["country"].isin(ever)]
    totals = rows.groupby("country")["trade_kusd"].sum().sort_values(ascending=False, kind="stable")
    return [str(country) for country in totals.index[:amount]]


def choice_rows(choice: pd.DataFrame) -> list[Row]:
    """Return the quality of each number of clusters."""
    return [
        {
            "k": row["k"],
            "chosen": bool(row["chosen"]),
            "preferred": bool(row["gap_preferred"]),
            "silhouette": number(row["silhouette"], 2),
            "gap": f"{fixed(row['gap'], 3)} ± {fixed(row['gap_se'], 3)}",
            "stability": interval(row["stability"], row["stability_low"], row["stability_high"], 2),
        }
        for row in choice.sort_values("k").to_dict("records")
    ]


def agreement_rows(agreement: pd.DataFrame) -> list[Row]:
    """Return how well the clustering in use agrees with each of the others."""
    used = agreement[agreement["in_use"]]
    return [
        {"pair": f"{row['first']} and {row['second']}", "index": fixed(row["adjusted_rand"], 2)}
        for row in used.to_dict("records")
    ]


def choice_sentence(choice: pd.DataFrame) -> str:
    """Return which number of clusters is used and which one the gap statistic prefers."""
    used = choice.loc[choice["chosen"], "k"].tolist()
    preferred = choice.loc[choice["gap_preferred"], "k"].tolist()
    said = f"prefers {preferred[0]}" if preferred else "prefers none of the numbers tried"
    taken = f"{used[0]} clusters are in use, by configuration" if used else "No number of clusters is in use"
    return f"{taken}; the gap statistic {said}."


def model_rows(rca_models: pd.DataFrame, level: float) -> list[Row]:
    """Return, per model and term but controls, the headline estimate and how the whole curve falls out.

    The model that tests the reference's claims comes first. Rows of robustness are left out, and all but the first of
    specifications with the same design.
    """
    rows = []
    terms = rca_models[rca_models["in_curve"].astype(bool) & ~rca_models["term"].isin(CONTROLS)]
    for (model, _, term), grid in terms.groupby(["model", "interacted", "term"], sort=True):
        estimated = grid[grid["p_value"].notna()]
        significant = estimated["p_value"] <= level
        headline = grid[grid["headline"]]
        notes = sorted({note for note in grid["note"] if note})
        ends = headline.iloc[0][["coefficient", "ci_low", "ci_high"]].tolist() if len(headline) else [np.nan] * 3
        rows.append(
            {
                "model": str(model),
                "outcome": ", ".join(sorted(grid["outcome"].unique())),
                "term": labels.term(str(term)),
                "headline": interval(*ends),
                "n": f"{len(estimated)} of {len(grid)}",
                "above": percent((significant & (estimated["coefficient"] > 0)).mean() if len(estimated) else np.nan),
                "below": percent((significant & (estimated["coefficient"] < 0)).mean() if len(estimated) else np.nan),
                "note": "; ".join(notes),
            }
        )
    return sorted(rows, key=lambda row: row["model"] != HEADLINE_MODEL)


def robustness_rows(rca_models: pd.DataFrame) -> list[Row]:
    """Return the headline and every row beside it, for the terms that the reference's claims are about.

    Returns
    -------
    list of dict
        ``variant`` (empty for the headline), ``n``, ``note``, and ``terms``: coefficient and interval of each of
        :func:`claimed_terms`, in their order; empty if nothing stands beside the headline.
    """
    own = rca_models[(rca_models["model"] == HEADLINE_MODEL) & rca_models["role"].isin(["headline", "robustness"])]
    own = own[own["term"].isin(claimed_terms())]
    if not (own["role"] == "robustness").any():
        return []
    rows = []
    for variant, of_variant in own.groupby("variant", sort=True):
        by_term = {row["term"]: row for row in of_variant.to_dict("records")}
        found = [by_term.get(term, {}) for term in claimed_terms()]
        rows.append(
            {
                "variant": str(variant),
                "terms": [
                    interval(*(row.get(end, np.nan) for end in ("coefficient", "ci_low", "ci_high"))) for row in found
                ],
                "n": f"{of_variant['n_obs'].max():,}",
                "note": "; ".join(sorted({note for note in of_variant["note"] if note})),
            }
        )
    return rows


def claimed_terms() -> list[str]:
    """Return the regression terms that the reference's claims are about."""
    return [claim.term for claim in CLAIMS if claim.kind == "regression"]
