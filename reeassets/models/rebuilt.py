"""What the findings are judged by, made again in memory with one choice changed.

Nothing is computed here in another way than in the platform's tables: the same functions are called, in the same order,
and only those that the choice changes and the claims need.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from reeassets.clusters.cluster import choice_or_reason, clusters_or_reason
from reeassets.clusters.features import cluster_features
from reeassets.indicators import aggregates, bloc_risks, compute, contrasts, inputs, one_buyer
from reeassets.indicators.contract import registered_hazards, registered_indicators
from reeassets.indicators.hazards import of_economies
from reeassets.indicators.permutation import Sheet
from reeassets.indicators.supply import reexport_shares
from reeassets.models.choices import Choice
from reeassets.models.contract import ROW_KEY
from reeassets.models.panel import build_panel, hazards_of
from reeassets.models.rca_growth import RCA_GROWTH
from reeassets.networks.validation import with_network
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.settings import Settings

# The tables that `findings` judges by, by the kind of claim.
OF_KIND = {
    "contrast": ("tier_contrasts_pooled", "tier_contrasts"),
    "regression": ("rca_models",),
    "clusters": ("cluster_choice",),
    "core": ("country_clusters", "country_indicators"),
    "blocs": ("bloc_risks",),
}
JUDGED = tuple(name for names in OF_KIND.values() for name in names)
# The tables by year that networks are built from again.
YEARLY = ("trade_flows", "country_totals", "economy_members", "production")
_BY_COUNTRY = frozenset({"contrast", "clusters", "core"})

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Headline:
    """What the headline's findings were made from.

    Attributes
    ----------
    read : callable
        From the name of a table of :data:`YEARLY` and a year to its rows.
    years : tuple of int
        The years of the findings.
    economies, classified_products, io_links : DataFrame
        The tables of those names.
    judged : mapping of str to DataFrame
        The tables of :data:`JUDGED`.
    data_label : str
        Source and version of the trade data.
    settings : Settings
        The configuration.
    """

    read: Callable[[str, int], pd.DataFrame]
    years: tuple[int, ...]
    economies: pd.DataFrame
    classified_products: pd.DataFrame
    io_links: pd.DataFrame
    judged: Mapping[str, pd.DataFrame]
    data_label: str
    settings: Settings

    @cached_property
    def imports(self) -> pd.DataFrame:
        """World imports of each product over all years, see :func:`world_imports`."""
        return world_imports(self.read("trade_flows", year) for year in self.years)


def world_imports(flows: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return world imports ``product, imports_kusd`` over all years from ``trade_flows`` year by year."""
    parts = [of_year.groupby("product", as_index=False)["value_kusd"].sum() for of_year in flows]
    summed = pd.concat(parts, ignore_index=True).groupby("product", as_index=False)["value_kusd"].sum()
    return summed.rename(columns={"value_kusd": "imports_kusd"})


@dataclass(frozen=True, eq=False)
class Changed:
    """The headline with one choice changed.

    Attributes
    ----------
    headline : Headline
    choice : Choice
    """

    headline: Headline
    choice: Choice

    @cached_property
    def settings(self) -> Settings:
        """The configuration with the choice's settings."""
        return self.headline.settings.model_copy(update=dict(self.choice.settings))

    @cached_property
    def classified_products(self) -> pd.DataFrame:
        """The table of that name; what the choice leaves out is not in the set."""
        classified = self.headline.classified_products
        if self.choice.keep is None:
            return classified
        members = sets.members(classified)
        kept = members.loc[self.choice.keep(members), "product"]
        return classified.assign(in_set=classified["in_set"] & classified["product"].isin(kept))

    @cached_property
    def links(self) -> pd.DataFrame:
        """The table ``io_links``: the links among the products of the set, with the weights these then have."""
        links, members = self.headline.io_links, set(self._stages.index)
        among = links["input"].isin(members) & links["output"].isin(members)
        return with_network(links[among].reset_index(drop=True), self.settings.link_set)

    @cached_property
    def _stages(self) -> pd.Series:
        return sets.stages(self.classified_products)

    @cached_property
    def _reexports(self) -> pd.DataFrame:
        return reexport_shares(self.settings, sorted(self.headline.economies["economy"].unique()))

    @cached_property
    def imports(self) -> pd.DataFrame:
        """World imports ``product, imports_kusd`` over all years: what the guard counts by."""
        if self.choice.without:
            return world_imports(self.read("trade_flows", year) for year in self.headline.years)
        whole = self.headline.imports
        return whole[whole["product"].isin(self._stages.index)].reset_index(drop=True)

    def read(self, name: str, year: int) -> pd.DataFrame:
        """Return a table behind the network of a year (:data:`reeassets.indicators.inputs.TABLES`) as it then is."""
        if name == "io_links":
            return self.links
        if name == "reexport_shares":
            return self._reexports
        table = self.headline.read(name, year)
        if name == "trade_flows":
            own = table["product"].isin(self._stages.index) & ~_touches(table, self.choice.without)
            return table[own].reset_index(drop=True)
        if name == "country_totals" and self.choice.without:
            return totals_without(table, self.headline.read("trade_flows", year), self.choice.without)
        return table

    def _of_year(self, year: int) -> inputs.Read:
        """Return a reader of the year that makes each table once."""
        made: Tables = {}

        def read(name: str) -> pd.DataFrame:
            if name not in made:
                made[name] = self.read(name, year)
            return made[name]

        return read

    def judged(self, kinds: Collection[str]) -> Tables:
        """Return the tables of :data:`JUDGED`; those that no claim of these kinds is judged by are empty."""
        stored = self.headline.judged
        made = {name: stored[name].iloc[:0] for name in JUDGED}
        own = set(kinds)
        if self.choice.specification and "regression" in own:
            made["rca_models"] = in_place_of_headline(stored["rca_models"], self.choice.specification)
            own -= {"regression"}
        if self.choice.rebuilds:
            return made | self._rebuilt(own)
        made |= {name: stored[name] for kind in own for name in OF_KIND[kind]}
        return made | self._clusters(stored["country_indicators"], own)

    def _rebuilt(self, kinds: Collection[str]) -> Tables:
        """Build the networks of all years, and from them the tables of these kinds."""
        if not kinds:
            return {}
        years = [self._year(year, kinds) for year in self.headline.years]
        made = {name: pd.concat([of_year[name] for of_year in years], ignore_index=True) for name in years[0]}
        result: Tables = {name: made[name] for name in ("bloc_risks", "country_indicators") if name in made}
        if "contrast" in kinds:
            result |= self._contrasts(made["country_indicators"], [of_year["indicators"] for of_year in years])
        if "country_indicators" in made:
            result |= self._clusters(made["country_indicators"], kinds)
        if "regression" in kinds:
            result["rca_models"] = self._regressions(made)
        return result

    def _year(self, year: int, kinds: Collection[str]) -> Tables:
        """Compute what a year's networks give these kinds of claims, by name."""
        read, settings, made = self._of_year(year), self.settings, Tables()
        if "blocs" in kinds:
            economies = self.headline.economies
            members, _ = one_buyer.members_and_words(economies)
            made["bloc_risks"] = bloc_risks.of_year(read, economies, members, self._stages, settings)
        if not set(kinds) - {"blocs"}:
            return made
        network = inputs.network_of(read, settings)
        made["indicators"] = compute.with_indicators(network, registered_indicators())
        if _BY_COUNTRY & set(kinds):
            materiality = sets.materiality(self.classified_products)
            made["country_indicators"] = aggregates.country_indicators(
                made["indicators"], self._stages, materiality, registered_indicators()
            )
        if "regression" in kinds:
            hazards = [of_economies(one, read("economy_members")) for one in registered_hazards(settings)]
            made["variants"] = compute.indicator_variants(network, hazards)
            made["country_totals"] = read("country_totals")
            made["product_totals"] = set_totals(read("trade_flows"))
        return made

    def _contrasts(self, country_indicators: pd.DataFrame, indicators: list[pd.DataFrame]) -> Tables:
        registered, settings = registered_indicators(), self.settings
        names, materiality = [one.name for one in registered], sets.materiality(self.classified_products)
        sheets = [Sheet.of(rows, self._stages, materiality, names) for rows in indicators if len(rows)]
        weightings = (settings.weighting,)
        return {
            "tier_contrasts": contrasts.tier_contrasts(country_indicators, sheets, registered, settings, weightings),
            "tier_contrasts_pooled": contrasts.tier_contrasts_pooled(
                country_indicators, sheets, registered, settings, weightings
            ),
        }

    def _clusters(self, country_indicators: pd.DataFrame, kinds: Collection[str]) -> Tables:
        if not {"clusters", "core"} & set(kinds):
            return {}
        features, made = cluster_features(country_indicators, self.settings), Tables()
        if "clusters" in kinds:
            made["cluster_choice"], _ = choice_or_reason(features, self.settings)
        if "core" in kinds:
            made["country_clusters"], _ = clusters_or_reason(features, self.settings)
        return made

    def _regressions(self, made: Tables) -> pd.DataFrame:
        """Estimate the grid of the model that the claims are about; its rows of robustness judge nothing."""
        totals = (made["country_totals"], made["product_totals"])
        panel, _ = build_panel(made["indicators"], made["variants"], *totals, self._stages, self.settings)
        every = RCA_GROWTH.specifications(self.settings, hazards_of(list(panel.columns)))
        return RCA_GROWTH.fit(panel, self.links, [one for one in every if not one.variant], self.settings)


def _touches(flows: pd.DataFrame, country: str) -> "pd.Series[bool]":
    return (flows["exporter"] == country) | (flows["importer"] == country)


def totals_without(country_totals: pd.DataFrame, flows: pd.DataFrame, country: str) -> pd.DataFrame:
    """Return a year's ``country_totals`` without a country; its partners' fall by their trade in the set with it.

    Trade in other goods with it is in no table and stays in its partners' totals. A total never falls below what is
    left of the partner's own trade in the set: totals of another source than the flows' may be smaller than these.

    Parameters
    ----------
    country_totals, flows : DataFrame
        Rows of ``country_totals`` and ``trade_flows`` of the year.
    country : str
        Which.
    """
    left = country_totals[country_totals["country"] != country].reset_index(drop=True)
    gone = _touches(flows, country)
    changed = {}
    for side, name in (("exporter", "exports_kusd"), ("importer", "imports_kusd")):
        lost, kept = (
            rows.groupby(side)["value_kusd"].sum().reindex(left["country"], fill_value=0.0).to_numpy()
            for rows in (flows[gone], flows[~gone])
        )
        changed[name] = np.maximum(left[name].to_numpy(dtype=float) - lost, kept)
    return left.assign(**changed)


def in_place_of_headline(rca_models: pd.DataFrame, specification: Mapping[str, Any]) -> pd.DataFrame:
    """Return ``rca_models`` with another specification of ``rca_growth`` marked as the headline; the curve stays.

    Parameters
    ----------
    rca_models : DataFrame
        The table of that name.
    specification : mapping of str to Any
        Columns, and their values where they differ from the headline's.
    """
    own = rca_models["model"] == RCA_GROWTH.name
    first = rca_models[own & rca_models["headline"].astype(bool)]
    if first.empty:
        return rca_models
    dimensions = [name for name in ROW_KEY if name not in ("model", "interacted", "term")]
    wanted = {name: first[name].iloc[0] for name in dimensions} | dict(specification)
    chosen = own & np.logical_and.reduce([rca_models[name] == value for name, value in wanted.items()])
    return rca_models.assign(headline=chosen)
