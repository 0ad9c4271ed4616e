"""Small tables for the report, every number written out, each obeying its schema."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reeassets.clusters import schema as clusters
from reeassets.indicators import aggregates
from reeassets.indicators import schema as indicators
from reeassets.indicators.contract import registered_indicators
from reeassets.models import schema as models
from reeassets.networks import schema as networks
from reeassets.products import schema as products
from reeassets.report.html import Origin, render
from reeassets.settings import Settings
from reeassets.shocks import schema as shocks
from reeassets.trade import schema as trade
from reeassets_tests.report import made_models

YEARS = (2020, 2021)
SETTINGS = Settings(home=Path("no-such-home"), years=YEARS)
STAGES = {"280530": "upstream", "284690": "upstream", "850511": "input", "850131": "input"}
NAMES = {
    "280530": "Rare-earth metals",
    "284690": "Rare-earth compounds",
    "850511": "Magnets; permanent",
    "850131": "Motors",
}
COUNTRIES = {"CHN": "China", "DEU": "Germany", "USA": "USA"}


def origin(**changes: Any) -> Origin:
    said = {
        "source": "made",
        "version": "V1",
        "nomenclature": "HS07",
        "notes": "Four products of three countries.",
        "product_set": "four",
        "set_version": "2",
        "set_description": "Four products.",
        "configuration": "0123456789abcdef",
        "inputs": {"flows.csv": "ab" * 32},
        "settings": {"pass_through": [0.85]},
        "outdated": "",
    }
    return Origin(**(said | changes))


def country_table() -> pd.DataFrame:
    rows = [
        (156, "CHN", "CHN", "China", False),
        (276, "DEU", "DEU", "Germany", False),
        (280, "DEU", "DEU", "Fed. Rep. of Germany (...1990)", False),
        (842, "USA", "USA", "USA", False),
    ]
    return pd.DataFrame(rows, columns=["country_code", "country", "economy", "economy_name", "merged"])


def country_totals() -> pd.DataFrame:
    rows = [(year, country, 1e6, 2e6, "set only") for year in YEARS for country in ("CHN", "DEU", "USA")]
    return pd.DataFrame(rows, columns=["year", "country", "exports_kusd", "imports_kusd", "basis"])


def product_coverage() -> pd.DataFrame:
    rows = [(product, "HS17", "complete", 2002, None) for product in STAGES]
    return pd.DataFrame(rows, columns=["product", "revision", "flows", "taiwan_from", "note"])


def unit_values() -> pd.DataFrame:
    rows = [(year, product, 100.0, 50.0, 2.0, 25.0) for year in YEARS for product in STAGES]
    columns = ["year", "product", "value_kusd", "value_with_quantity_kusd", "quantity_t", "unit_value_usd_kg"]
    return pd.DataFrame(rows, columns=columns)


def excluded_flows() -> pd.DataFrame:
    columns = ["year", "exporter", "importer", "product", "good", "value_kusd", "quantity_t"]
    return pd.DataFrame(columns=columns)


def classified_products() -> pd.DataFrame:
    voted = {"confidence": 0.75, "n_votes": 4, "ree_votes": 3, "support": "majority", "ree_confidence": 0.7}
    nobody = {"confidence": 0.0, "n_votes": 0, "ree_votes": 0, "support": "none", "ree_confidence": None}
    rows: list[dict[str, Any]] = [
        {"product": product, "description": NAMES[product], "in_set": True, "is_ree": product != "850131"}
        | {"stage": stage, "application": "magnets", "elements": None, "rationale": "a reason"}
        | voted
        for product, stage in STAGES.items()
    ]
    rows.append(
        {"product": "010121", "description": "Horses", "in_set": False, "is_ree": None}
        | {"stage": None, "application": None, "elements": None, "rationale": None}
        | nobody
    )
    return pd.DataFrame(rows, columns=list(products.CLASSIFIED_PRODUCTS.columns))


def io_links() -> pd.DataFrame:
    rows = [
        ("284690", "280530", 1.0, True, "oxide is reduced to metal"),
        ("280530", "850511", 0.75, True, "metal goes into magnets"),
        ("284690", "850511", 0.25, True, "oxide goes into magnets"),
        ("850511", "850131", 0.0, False, "magnets go into motors"),
    ]
    return pd.DataFrame(
        [
            {
                "input": source,
                "output": target,
                "strength": 0.5,
                "ai_proposed": 1,
                "ai_votes": 2,
                "ai_voters": 3,
                "rationale": why,
                "refused": None,
                "carried": inside,
                "correlation": 0.2 if inside else 0.01,
                "p_value": 0.001 if inside else 0.4,
                "p_reverse": 0.7,
                "q_bh": 0.002 if inside else 0.4,
                "q_decoy": 0.004 if inside else 0.5,
                "evidence": "validated" if inside else None,
                "in_network": inside,
                "weight": weight,
            }
            for source, target, weight, inside, why in rows
        ]
    )


def link_calibration() -> pd.DataFrame:
    """A hundred pairs that nobody proposed, with p-values of one to a hundred per cent."""
    numbers = np.arange(1, 101)
    pairs = {"input": [f"{number:06d}" for number in numbers], "output": "850511", "correlation": 0.0}
    return pd.DataFrame(pairs | {"p_value": numbers / 100})


def product_indicators() -> pd.DataFrame:
    """China's influence in 850511 is 0.6, then 0.7; Germany's 0.3 in both; the USA's 0.1, then 0."""
    influence = {"CHN": (0.6, 0.7), "DEU": (0.3, 0.3), "USA": (0.1, 0.0)}
    imports = {"CHN": 10.0, "DEU": 300.0, "USA": 100.0}
    risks = {"CHN": (0.1, 0.1), "DEU": (0.2, 0.4), "USA": (0.5, 0.8)}
    rows = [
        {
            "year": year,
            "country": country,
            "product": product,
            "imports_kusd": imports[country],
            "exports_kusd": 50.0,
            "exposure": 0.5,
            "supplier_concentration": 0.5,
            "direct_risk": 0.9,
            "systemic_trade_risk": risks[country][place],
            "indirect_risk": 0.05,
            "influence": influence[country][place],
            "rca": 1.0,
            "rsca": 0.0,
            "multi_tier_risk": 0.3,
            "largest_origin": "CHN",
            "largest_origin_share": 0.75,
            "origin_concentration": 0.625,
        }
        for place, year in enumerate(YEARS)
        for country in COUNTRIES
        for product in STAGES
    ]
    return pd.DataFrame(rows)


def _contrast(indicator: str, difference: float, q_value: float) -> dict[str, Any]:
    return {
        "indicator": indicator,
        "weighting": "imports",
        "n_countries": 3,
        "n_differing": 3,
        "n_upstream_products": 10,
        "n_input_products": 89,
        "mean_upstream": 0.4,
        "mean_input": 0.4 + difference,
        "median_difference": difference,
        "median_difference_low": difference - 0.02,
        "median_difference_high": difference + 0.01,
        "rank_biserial": 0.5,
        "rank_biserial_low": 0.25,
        "rank_biserial_high": 1.0,
        "p_value": q_value,
        "q_value": q_value,
        "wilcoxon_p_value": 0.25,
    }


def tier_contrasts() -> pd.DataFrame:
    rows = [
        {"year": 2020} | _contrast("exposure", 0.10, 0.01),
        {"year": 2021} | _contrast("exposure", 0.20, 0.20),
        {"year": 2020} | _contrast("systemic_trade_risk", -0.30, 0.04),
        {"year": 2021} | _contrast("systemic_trade_risk", -0.25, 0.04),
    ]
    return pd.DataFrame(rows)


def dependency_monitor() -> pd.DataFrame:
    """Of the EU's magnets China made 0.9, of its metals 0.6; of the USA's magnets, one year earlier, 0.8."""
    rows = [
        (2021, "EUU", "850511", 3000.0, 0.9, 0.02),
        (2021, "EUU", "280530", 1000.0, 0.6, None),
        (2021, "EUU", None, 3000.0, 0.9, 0.02),
        (2021, "DEU", "850511", 900.0, 0.7, None),
        (2020, "USA", "850511", 500.0, 0.8, None),
    ]
    return pd.DataFrame(
        [
            {
                "year": year,
                "country": country,
                "stage": STAGES[product] if product else "input",
                "product": product,
                "imports_kusd": imports,
                "supply_kusd": 2 * imports,
                "supplier": "CHN",
                "direct_share": share,
                "ultimate_share": share,
                "ultimate_low": share - 0.25,
                "ultimate_high": share + 0.0625,
                "direct_supply_share": share / 2,
                "ultimate_supply_share": share / 2,
                "ultimate_supply_low": share / 2,
                "ultimate_supply_high": share / 2,
                "largest_seller": "CHN",
                "largest_seller_share": share,
                "above": share > 0.65,
                "above_direct": share > 0.65,
                "trend": trend,
                "years_to_benchmark": None if share > 0.65 else 0.0,
            }
            for year, country, product, imports, share, trend in rows
        ]
    )


def tier_contrasts_pooled() -> pd.DataFrame:
    rows = [_contrast("systemic_trade_risk", -0.3, 0.00001), _contrast("exposure", 0.15, 0.03)]
    return pd.DataFrame([{"n_years": 2} | row for row in rows])


def cluster_features() -> pd.DataFrame:
    trade_of = {"CHN": 50.0, "DEU": 500.0, "USA": 400.0}
    rows = [
        {
            "year": year,
            "country": country,
            "trade_kusd": trade_of[country],
            "ranked": country != "USA" or year == 2021,
            "reason": "outside the 2 largest" if country == "USA" and year == 2020 else None,
        }
        | {
            f"{stage}_{name}": -0.5 if name == "log10_influence" else 0.5
            for stage in ("upstream", "input")
            for name in ("exposure", "supplier_concentration", "systemic_trade_risk", "log10_influence")
        }
        for year in YEARS
        for country in COUNTRIES
    ]
    return pd.DataFrame(rows)


LOW, HIGH = "low risk, high influence", "high risk, low influence"


def country_clusters() -> pd.DataFrame:
    rows = [
        (2020, "CHN", 1, LOW, None),
        (2020, "DEU", 2, HIGH, None),
        (2020, "USA", pd.NA, "not_ranked", "outside the 2 largest"),
        (2021, "CHN", 1, LOW, None),
        (2021, "DEU", 1, LOW, None),
        (2021, "USA", 2, HIGH, None),
    ]
    return pd.DataFrame(rows, columns=["year", "country", "cluster", "cluster_name", "reason"])


def cluster_profiles() -> pd.DataFrame:
    rows = [
        (1, LOW, "input_exposure", 0.2, -1.04),
        (1, LOW, "upstream_exposure", 0.3, 0.04),
        (2, HIGH, "input_exposure", 0.8, 3.0),
        (2, HIGH, "upstream_exposure", 0.4, -0.06),
    ]
    return pd.DataFrame(
        [
            {
                "cluster": cluster,
                "cluster_name": name,
                "feature": feature,
                "mean": mean,
                "ci_low": mean - 0.1,
                "ci_high": mean + 0.1,
                "standardised_mean": standardised,
                "n_country_years": 3,
                "n_countries": 2,
            }
            for cluster, name, feature, mean, standardised in rows
        ]
    )


def cluster_choice() -> pd.DataFrame:
    rows = [
        (2, 0.5, 1.25, 0.0125, 0.9, 0.8, 1.0, True, False),
        (3, 0.25, 1.5, 0.01, None, None, None, False, True),
    ]
    return pd.DataFrame(rows, columns=list(clusters.CLUSTER_CHOICE.columns))


def shock_scenarios() -> pd.DataFrame:
    rows = [
        ("magnets_stopped", "Magnets stop", True, "CHN", "850511", None),
        ("largest_final_1", "No final products", True, "", "", "fewer than 1 supplier(s)"),
        ("mine", "Two <suppliers> halve", False, "CHN,DEU", "280530,284690", None),
    ]
    return pd.DataFrame(
        [
            {
                "scenario": name,
                "title": title,
                "built_in": built_in,
                "year": 2021,
                "suppliers": suppliers,
                "products": products_cut,
                "cut": 1.0,
                "substitution": 0.0,
                "duration": 1.0,
                "exports_kusd": 50.0,
                "cut_kusd": 50.0,
                "note": note,
            }
            for name, title, built_in, suppliers, products_cut, note in rows
        ]
    )


def shock_impacts() -> pd.DataFrame:
    """In ``mine`` Germany loses 30 of 100 and 10 of 300 of what is cut, and 5 of 50 of magnets, which are not."""
    rows = [
        ("magnets_stopped", "DEU", "850511", 50.0, 0.8),
        ("magnets_stopped", "USA", "850511", 200.0, 0.5),
        ("magnets_stopped", "USA", "280530", 400.0, 0.25),
        ("mine", "DEU", "280530", 100.0, 0.3),
        ("mine", "DEU", "284690", 300.0, 10 / 300),
        ("mine", "DEU", "850511", 50.0, 0.1),
        ("mine", "CHN", "280530", 1000.0, 0.0),
    ]
    return pd.DataFrame(
        [
            {"scenario": name, "year": 2021, "country": country, "product": product, "stage": STAGES[product]}
            | {"supply_kusd": supply, "direct_loss": loss, "trade_loss": 0.0, "link_loss": 0.0, "loss": loss}
            | {"direct_loss_kusd": loss * supply, "trade_loss_kusd": 0.0, "link_loss_kusd": 0.0}
            | {"loss_kusd": loss * supply}
            for name, country, product, supply, loss in rows
        ]
    )


def country_indicators() -> pd.DataFrame:
    """Aggregated as the platform does."""
    return aggregates.country_indicators(
        product_indicators(), pd.Series(STAGES), pd.Series(0.35, index=list(STAGES)), registered_indicators()
    )


def cluster_agreement() -> pd.DataFrame:
    rows = [("gaussian_mixture", "kmeans", 0.5, True), ("gaussian_mixture", "ward", 0.4, False)]
    names = ["first", "second", "adjusted_rand", "in_use"]
    return pd.DataFrame(rows, columns=names).assign(clusters_first=5, clusters_second=5, n_country_years=6)


SCHEMAS = {
    table.name: table
    for stage in (trade, products, networks, indicators, clusters, models, shocks)
    for table in stage.tables(SETTINGS)
}
FRAMES = {
    "economies": country_table,
    "country_totals": country_totals,
    "classified_products": classified_products,
    "excluded_flows": excluded_flows,
    "unit_values": unit_values,
    "product_coverage": product_coverage,
    "io_links": io_links,
    "link_calibration": link_calibration,
    "product_indicators": product_indicators,
    "country_indicators": country_indicators,
    "tier_contrasts": tier_contrasts,
    "tier_contrasts_pooled": tier_contrasts_pooled,
    "dependency_monitor": dependency_monitor,
    "cluster_features": cluster_features,
    "country_clusters": country_clusters,
    "cluster_profiles": cluster_profiles,
    "cluster_choice": cluster_choice,
    "cluster_agreement": cluster_agreement,
    "rca_models": made_models.rca_models,
    "model_diagnostics": made_models.model_diagnostics,
    "model_multiplicity": made_models.model_multiplicity,
    "findings": made_models.findings,
    "robust_claims": made_models.robust_claims,
    "event_study": made_models.event_study,
    "shock_scenarios": shock_scenarios,
    "shock_impacts": shock_impacts,
}


def tables(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All tables of the report, checked against their schemas as the platform checks them."""
    return {name: SCHEMAS[name].check(changed.get(name, make())) for name, make in FRAMES.items()}


def empty_tables() -> dict[str, pd.DataFrame]:
    return {name: SCHEMAS[name].empty() for name in FRAMES}


def page(given: dict[str, pd.DataFrame] | None = None, settings: Settings = SETTINGS, **said: Any) -> str:
    registered = [indicator.under(settings) for indicator in registered_indicators()]
    return render(tables() if given is None else given, origin(**said), settings, registered)
