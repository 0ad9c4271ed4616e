"""A small generated world with the tables that its findings are judged by, made as the platform's assets make them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from reeassets.clusters.choice import cluster_choice
from reeassets.clusters.cluster import country_clusters
from reeassets.clusters.features import cluster_features
from reeassets.indicators import aggregates, bloc_risks, compute, contrasts, inputs
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.hazards import NOBODY
from reeassets.indicators.one_buyer import members_in
from reeassets.indicators.permutation import Sheet
from reeassets.indicators.schema import PRODUCTION
from reeassets.indicators.supply import reexport_shares
from reeassets.models.findings import findings
from reeassets.models.panel import build_panel, hazards_of
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.models.rebuilt import Headline
from reeassets.networks.validation import validate_links
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.settings import Settings
from reeassets.trade.schema import ECONOMY_MEMBERS
from reeassets.world.small import small_world

LABEL = "GENERATED world"
ECONOMIES = ("CHN", "USA", "DEU", "FRA")
APPLICATIONS = ("magnets", "ceramics", "batteries")


def settings(**more) -> Settings:
    """Few draws; every choice."""
    few = {"link_draws": 19, "contrast_draws": 100, "contrast_permutations": 99}
    # Ward's clusters take a twentieth of the time of k-means.
    clusters = {"clustering": "ward", "cluster_bootstraps": 2, "cluster_countries": 25}
    return Settings(**({"robust_claims": "all", "model_deltas": (1,), "workers": 1} | few | clusters | more))


def classified(world) -> pd.DataFrame:
    """Every product is rare-earth; two of three are of high materiality, and one code is in no set."""
    made = world.products[["product", "stage"]].reset_index(drop=True)
    place = np.arange(len(made))
    made = made.assign(
        in_set=True,
        is_ree=True,
        application=np.array(APPLICATIONS)[place % 3],
        materiality=np.where(place % 3 == 2, 0.12, 0.35),
    )
    other = {"product": "010121", "in_set": False, "is_ree": False}
    return pd.concat([made, pd.DataFrame([other])], ignore_index=True).astype({"is_ree": "boolean"})


def named(world):
    """Give the countries with the most trade the codes of the economies that claims are about."""
    flows, totals = world.trade_flows, world.country_totals
    by_size = totals.groupby("country")["exports_kusd"].sum().sort_values(ascending=False).index
    codes = dict(zip(by_size, ECONOMIES, strict=False))
    assert not set(codes.values()) & (set(by_size) - set(codes))
    ends = {side: flows[side].replace(codes) for side in ("exporter", "importer")}
    return replace(
        world,
        trade_flows=flows.assign(**ends),
        country_totals=totals.assign(country=totals["country"].replace(codes)),
    )


@cache
def headline(**more) -> Headline:
    """Return a world of 30 countries, 21 products and 5 years, measured under settings with few draws."""
    configured = settings(**more)
    world = named(small_world(7, countries=30, products=21, years=5))
    products = classified(world)
    stages, materiality = sets.stages(products), sets.materiality(products)
    countries = sorted(world.country_totals["country"].unique())
    economies = pd.DataFrame({"economy": countries, "country": countries}, dtype="str")
    none = pd.DataFrame({"p_value": pd.Series(dtype="float64")})
    tested = {"draws": 19, "seed": 1, "fdr": 0.1, "link_set": configured.link_set}
    # One link in four is validated, as no test of so few years would find any.
    links = validate_links(world.candidate_links, None, none, **tested)
    links["evidence"] = links["evidence"].mask(np.arange(len(links)) % 4 == 0, "validated")
    years = tuple(int(year) for year in sorted(world.country_totals["year"].unique()))
    kept = {"trade_flows": world.trade_flows, "country_totals": world.country_totals}
    shares = reexport_shares(configured, sorted(economies["economy"]))

    def read(name, year):
        if name in kept:
            return kept[name][kept[name]["year"] == year].reset_index(drop=True)
        return {"production": PRODUCTION.empty(), "economy_members": ECONOMY_MEMBERS.empty()}[name]

    by_year = []
    for year in years:

        def of_year(name, year=year):
            return {"io_links": links, "reexport_shares": shares}[name] if name not in YEARLY else read(name, year)

        network = inputs.network_of(of_year, configured)
        indicators = compute.product_indicators(network, registered_indicators())
        variants = inputs.network_of(of_year, configured, NOBODY)
        by_year.append(
            {
                "product_indicators": indicators,
                "variants": compute.indicator_variants(variants, registered_hazards(configured)),
                "country_indicators": aggregates.country_indicators(
                    indicators, stages, materiality, registered_indicators()
                ),
                "bloc_risks": bloc_risks.of_year(of_year, economies, members_in(economies), stages, configured),
            }
        )
    made = {name: pd.concat([one[name] for one in by_year], ignore_index=True) for name in by_year[0]}
    names = [one.name for one in registered_indicators()]
    sheets = [Sheet.of(one["product_indicators"], stages, materiality, names) for one in by_year]
    own = (made["country_indicators"], sheets, registered_indicators(), configured)
    features = cluster_features(made["country_indicators"], configured)
    totals = (world.country_totals, set_totals(world.trade_flows))
    panel, _ = build_panel(made["product_indicators"], made["variants"], *totals, stages, configured)
    specifications = RCA_GROWTH.specifications(configured, hazards_of(list(panel.columns)))
    judged = {
        "tier_contrasts_pooled": contrasts.tier_contrasts_pooled(*own),
        "tier_contrasts": contrasts.tier_contrasts(*own),
        "country_indicators": made["country_indicators"],
        "bloc_risks": made["bloc_risks"],
        "country_clusters": country_clusters(features, configured),
        "cluster_choice": cluster_choice(features, configured),
        "rca_models": RCA_GROWTH.fit(panel, links, specifications, configured),
    }
    return Headline(read, years, economies, products, links, judged, LABEL, configured)


YEARLY = ("trade_flows", "country_totals", "production", "economy_members")


def judged_headline(given: Headline) -> pd.DataFrame:
    """Return ``findings`` of the headline's own tables."""
    return findings(
        **given.judged,
        classified_products=given.classified_products,
        product_indicators=given.imports,
        data_label=given.data_label,
        settings=given.settings,
    )


def under(given: Headline, configured: Settings) -> Headline:
    """Return a headline whose settings differ in nothing that its tables depend on."""
    return replace(given, settings=configured)
