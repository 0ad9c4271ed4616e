"""The figures of the page in their order, each with its number, title, note, and the sentence that may stand for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from reeassets.indicators.aggregates import headline
from reeassets.indicators.contract import Indicator
from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.models.claims import CLAIMS, Claim
from reeassets.report import (
    cluster_figures,
    curve,
    event_figure,
    figures,
    indicator_figure,
    labels,
    link_figure,
    rare_earths,
    robust,
    shock_figure,
    showcase,
    summaries,
)
from reeassets.report.style import colours_of
from reeassets.settings import Settings

# The largest traders whose path through the clusters is drawn.
PATHS = 30


@dataclass(frozen=True)
class Exhibit:
    """A figure with its place in the page.

    Attributes
    ----------
    id : str
        Its name in the page; the id of its element is ``plot-<id>``.
    title, note : str
        What it shows, and how to read it.
    figure : plotly figure or None
        None if there is nothing to draw.
    absent : str
        The sentence that stands in its place then.
    min_width : int
        Width in pixels below which it scrolls instead of shrinking.
    warning : str
        What weakens what it shows; empty if nothing does.
    number : int
        Its number in the page.
    """

    id: str
    title: str
    note: str
    figure: Any | None
    absent: str
    min_width: int = 320
    warning: str = ""
    number: int = 0

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.figure.layout.height) if self.figure is not None else 0

    @property
    def data(self) -> Markup:
        """The figure as JSON that no browser can take for the end of a script."""
        assert self.figure is not None
        # Plotly escapes <, > and / itself. The engine is named since the fast one, where installed, writes other bytes.
        return Markup(self.figure.to_json(engine="json"))  # noqa: S704


def exhibits(
    tables: Mapping[str, pd.DataFrame],
    members: pd.DataFrame,
    chosen: showcase.Showcase | None,
    settings: Settings,
    indicators: Sequence[Indicator],
) -> list[Exhibit]:
    """Return every figure of the page.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables of the report, by name.
    members : DataFrame
        The rows of ``classified_products`` that are in the set.
    chosen : Showcase or None
        The product that is looked at closely.
    settings : Settings
        The configuration of the run.
    indicators : sequence of Indicator
        The registered indicators, as the settings define them.
    """
    countries = labels.country_names(tables["economies"])
    made = [
        *_rare_earths(rare_earths.chain(members, tables["product_indicators"], tables["unit_values"]), countries),
        *_robust(tables["robust_claims"]),
        Exhibit(
            id="product-set",
            title="Products of the set by application and stage",
            note="Table classified_products.",
            figure=figures.product_set(members),
            absent="The product set is empty.",
        ),
        *_showcase_exhibits(tables, members, chosen, countries),
        Exhibit(
            id="indicators",
            title="Every indicator over the years",
            note="Line: median over countries of the country's value in a stage; band: the middle half of them. "
            "Table country_indicators.",
            figure=indicator_figure.indicator_panels(headline(tables["country_indicators"], settings), indicators),
            absent="No country trades anything of the set.",
            min_width=720,
        ),
        _contrasts(headline(tables["tier_contrasts"], settings), settings),
        *_clusters(tables, countries),
        *(_curve(claim, tables["rca_models"], settings) for claim in CLAIMS if claim.kind == "regression"),
        _events(tables["event_study"], settings),
        Exhibit(
            id="shocks",
            title="Who loses how much of its supply in each scenario",
            note="Share of a country's supply (imports and what is made at home) of the products that the scenario "
            "cuts, lost directly, along trade and along input-output links together. The "
            f"{shock_figure.COUNTRIES} countries with the largest losses in US$ over all scenarios; blank: no "
            "supply. Table shock_impacts.",
            figure=shock_figure.shock_losses(tables["shock_scenarios"], tables["shock_impacts"], countries),
            absent="No scenario fits these data: nobody supplies what the scenarios cut.",
            min_width=980,
        ),
    ]
    return [replace(exhibit, number=number) for number, exhibit in enumerate(made, start=1)]


def _rare_earths(links: Sequence[rare_earths.Link], countries: Mapping[str, str]) -> list[Exhibit]:
    absent = "The product set has no code that holds rare earths alone and is traded."
    values = rare_earths.unit_values(links)
    made = [
        Exhibit(
            id="unit-values",
            title="What a kilogram of rare earths costs in world trade",
            note="Value by quantity, over the flows whose quantity is known. Table unit_values.",
            figure=figures.unit_values(values, {}, colours_of([list(values.columns)])),
            absent="No quantity of the rare-earth codes of the set is known." if links else absent,
            min_width=640,
        )
    ]
    for link in links[:1]:
        shares, others = rare_earths.suppliers(link)
        made.append(
            Exhibit(
                id="suppliers",
                title=f"Who exports rare-earth {link.name} ({', '.join(link.products)})",
                note=f"Share of world exports by value; the {rare_earths.LINES} exporters with the highest share in "
                "any year. A country that exports is not always the one that mined. Table product_indicators.",
                figure=figures.supplier_shares(shares, others, countries, colours_of([list(shares.columns)])),
                absent=absent,
                min_width=640,
            )
        )
    return made


def _robust(robust_claims: pd.DataFrame) -> list[Exhibit]:
    """Return a figure per claim that has an estimate under any choice; none where the table is switched off."""
    units = "Where another outcome is explained (exports in levels) the unit is another. "
    figures_of = {claim: robust.claim_under_choices(robust_claims, claim.id) for claim in CLAIMS}
    return [
        Exhibit(
            id=f"robust-{claim.id.replace('_', '-')}",
            title=f"{claim.text}: the estimate under every choice",
            note=f"Statistic: {claim.statistic}. Bars are its intervals; the diamond and the dotted line are the "
            f"headline. {units if claim.kind == 'regression' else ''}Values under which the claim is not testable have "
            "no point. Table robust_claims.",
            figure=figure,
            absent="",
            min_width=720,
        )
        for claim, figure in figures_of.items()
        if figure is not None
    ]


def _showcase_exhibits(
    tables: Mapping[str, pd.DataFrame],
    members: pd.DataFrame,
    chosen: showcase.Showcase | None,
    countries: Mapping[str, str],
) -> list[Exhibit]:
    if chosen is None:
        absent = "The product set has no input product that is traded."
        titles = {"links": "Inputs", "influence": "Suppliers", "risk": "Importers"}
        return [Exhibit(id=name, title=title, note="", figure=None, absent=absent) for name, title in titles.items()]
    product, indicators = chosen.product, tables["product_indicators"]
    influence, others = showcase.supplier_influence(indicators, product)
    risks, world = showcase.importer_risks(indicators, product)
    colours = colours_of([list(influence.columns), list(risks.columns)])
    return [
        Exhibit(
            id="links",
            title=f"Inputs of {product}, and the inputs of these",
            note="Ribbons are as wide as the weight of the link: the weights of the product's inputs sum to 100 %, and "
            "the inputs of an input share its width. Ribbons below "
            f"{link_figure.SMALLEST:.0%} are left out. Table io_links.",
            figure=link_figure.links_into(tables["io_links"], product, labels.product_names(members)),
            absent=f"No link of the network leads into {product}.",
            min_width=680,
        ),
        Exhibit(
            id="influence",
            title=f"How much of world imports of {product} is lost when one supplier fails",
            note="Influence: the share of world imports of the product that is lost when the supplier alone delivers "
            f"nothing, with what others export less for it. The {showcase.LINES} suppliers with the highest mean over "
            "the years; dashed, the largest of all others. Table product_indicators.",
            figure=figures.supplier_influence(influence, others, countries, colours),
            absent=f"Nobody has influence in {product} in any year.",
            min_width=640,
        ),
        Exhibit(
            id="risk",
            title=f"Systemic trade risk of the largest importers of {product}",
            note=f"The {showcase.LINES} countries with the largest imports over all years; dashed, the mean over all "
            "importers, weighted by imports. Table product_indicators.",
            figure=figures.importer_risk(risks, world, countries, colours),
            absent=f"Nobody imports {product} in any year.",
            min_width=640,
        ),
    ]


def _contrasts(contrasts: pd.DataFrame, settings: Settings) -> Exhibit:
    level = settings.model_significance
    own_scale = ("exposure",) if settings.exposure == "import_intensity" else ()
    return Exhibit(
        id="tier-contrasts",
        title="Input products against upstream products, within country",
        note="Median over countries of a country's value in input products less its value in upstream products, with "
        "its 95 % bootstrap interval over countries. Above 0: higher in input products. Filled markers: q-value of at "
        f"most {level:g}, stages permuted among products; never with fewer than {MINIMUM_PRODUCTS} products in a "
        "stage. Table tier_contrasts.",
        figure=figures.tier_contrasts(contrasts, level, own_scale),
        absent="No year has countries that trade both upstream and input products: there is nothing to compare.",
        min_width=720,
    )


def _clusters(tables: Mapping[str, pd.DataFrame], countries: Mapping[str, str]) -> list[Exhibit]:
    absent = "No country was clustered."
    largest = summaries.largest_ranked(tables["cluster_features"], PATHS)
    return [
        Exhibit(
            id="cluster-profiles",
            title="What the clusters are like",
            note="Mean of each feature over the country-years of a cluster, in standard deviations from the mean of "
            "all ranked country-years; blue is below that mean, orange above it, and colours deepen up to "
            f"±{cluster_figures.COLOUR_LIMIT:g}. Table cluster_profiles.",
            figure=cluster_figures.cluster_profiles(tables["cluster_profiles"]),
            absent=absent,
            min_width=720,
        ),
        Exhibit(
            id="cluster-paths",
            title="Clusters of the largest traders over the years",
            note=f"Those {PATHS} countries that are ranked at least once and have the most trade in the set over all "
            "years, the largest first. Blank: not ranked in that year. Colours as in the table above. Table "
            "country_clusters.",
            figure=cluster_figures.cluster_paths(tables["country_clusters"], largest, countries),
            absent=absent,
            min_width=640,
        ),
    ]


def _events(event_study: pd.DataFrame, settings: Settings) -> Exhibit:
    """Return the years around one dated measure."""
    rows = event_figure.shown_events(event_study)
    name = f" {labels.spoken(rows['measure'].iloc[0])}" if len(rows) else ""
    return Exhibit(
        id="events",
        title=f"Importers that had bought from the restricting country, around the measure{name}",
        note="Change from the year before the measure of an importer that had bought everything from the restricting "
        "country, against one that had bought nothing, with country-product and product-year effects; bars are "
        f"{1 - settings.model_significance:.0%} intervals of the wild cluster bootstrap by country. Above each panel "
        "the verdict, which tests all years from 0 on together, and those before. Table event_study.",
        warning=event_figure.verdicts(rows),
        figure=event_figure.event_panels(rows),
        absent="No dated measure can be tested on these data; the table event_study says why.",
        min_width=720,
    )


def _curve(claim: Claim, rca_models: pd.DataFrame, settings: Settings) -> Exhibit:
    """Return the specification curve of the term that a claim is about."""
    model, level, term = summaries.HEADLINE_MODEL, settings.model_significance, labels.term(claim.term)
    notes = curve.specifications_of(rca_models, model, claim.term, level)["note"]
    warned = "; ".join(sorted({note for note in notes if note}))
    side = "above" if claim.sign > 0 else "below"
    return Exhibit(
        id=f"curve-{claim.term.replace(':', '-')}",
        title=f"Coefficient of {term}, in every specification",
        note=f"The claim, {claim.text[0].lower()}{claim.text[1:]}, asks for coefficients {side} 0. Model {model}; "
        f"bars are {1 - level:.0%} intervals, errors clustered by country and by product; ticks below show the "
        "choices behind each estimate. Table rca_models.",
        warning=warned,
        figure=curve.specification_curve(rca_models, model, claim.term, level),
        absent=f"The table rca_models has no estimate of {term} in the model {model}.",
        min_width=720,
    )
