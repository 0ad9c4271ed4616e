"""The page: figures, tables and sentences put into the template, with plotly's code inside, as one file.

Equal tables and settings give equal bytes: there are no dates, no random ids, and no paths of this machine.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from reeassets.clusters.names import LEVEL_CUT
from reeassets.indicators.aggregates import headline
from reeassets.indicators.contract import Indicator
from reeassets.indicators.permutation import MINIMUM_PRODUCTS
from reeassets.models.diagnostics import COUNTRIES
from reeassets.models.judges import REFERENCE_CLUSTERS, STABLE
from reeassets.products import sets
from reeassets.report import checks, dependence, labels, rare_earths, robust, showcase, summaries
from reeassets.report.exhibits import exhibits
from reeassets.settings import Settings
from reeassets.settings_values import setting_text
from reeassets.years import format_years

TEMPLATE = Path(__file__).with_name("template.html.j2")
TABLES = (
    "economies",
    "country_totals",
    "product_coverage",
    "classified_products",
    "excluded_flows",
    "unit_values",
    "io_links",
    "link_calibration",
    "product_indicators",
    "dependency_monitor",
    "country_indicators",
    "tier_contrasts",
    "tier_contrasts_pooled",
    "cluster_features",
    "country_clusters",
    "cluster_profiles",
    "cluster_choice",
    "cluster_agreement",
    "rca_models",
    "model_diagnostics",
    "model_multiplicity",
    "findings",
    "robust_claims",
    "event_study",
    "shock_scenarios",
    "shock_impacts",
)
SHOWN_SETTINGS = (
    "source",
    "years",
    "product_set",
    "classifiers",
    "link_proposer",
    "link_draws",
    "link_fdr",
    "link_set",
    "pass_through",
    "reexports",
    "production",
    "economies",
    "hazard",
    "exposure",
    "weighting",
    "dependency_threshold",
    "contrast_draws",
    "contrast_permutations",
    "clustering",
    "cluster_k",
    "cluster_countries",
    "cluster_include_final",
    "cluster_n_init",
    "cluster_bootstraps",
    "model_deltas",
    "model_significance",
    "model_bootstrap_draws",
    "robust_claims",
    "trade_measures",
    "shock_substitution",
)


@dataclass(frozen=True)
class Origin:
    """What a run was made from.

    Attributes
    ----------
    source, version, nomenclature, notes : str
        As the source says of itself.
    product_set, set_version, set_description : str
        As the product set says of itself.
    configuration : str
        Hash of the settings behind the findings.
    inputs : mapping of str to str
        SHA-256 of every input file behind the findings, by file name.
    settings : mapping of str to list
        Values of the settings that the tables shown were made under, as recorded with them; more than one where tables
        of other settings were allowed.
    outdated : str
        What was out of date and taken all the same; empty if nothing.
    """

    source: str
    version: str
    nomenclature: str
    notes: str
    product_set: str
    set_version: str
    set_description: str
    configuration: str
    inputs: Mapping[str, str]
    settings: Mapping[str, Sequence[Any]]
    outdated: str

    @property
    def generated(self) -> bool:
        """Whether the data are not real: the source's name or version says GENERATED."""
        return "generated" in f"{self.source} {self.version}".casefold()


def render(
    tables: Mapping[str, pd.DataFrame], origin: Origin, settings: Settings, indicators: Sequence[Indicator]
) -> str:
    """Make the report.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables named in :data:`TABLES`.
    origin : Origin
        What they were made from.
    settings : Settings
        The configuration they were made under.
    indicators : sequence of Indicator
        The registered indicators, as the settings define them.

    Returns
    -------
    str
        A whole HTML document that loads nothing from anywhere.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    members = sets.members(tables["classified_products"])
    chosen = showcase.choose(members, tables["product_indicators"])
    return environment.get_template(TEMPLATE.name).render(
        origin=origin,
        settings=settings,
        exhibits={exhibit.id: exhibit for exhibit in exhibits(tables, members, chosen, settings, indicators)},
        plotly=Markup(get_plotlyjs()),  # noqa: S704  (the library's own code, which holds no end of a script)
        data=_data_section(tables, settings),
        findings=_findings_section(tables["findings"]),
        chosen=chosen,
        chosen_sentence=_showcase_sentence(tables, chosen),
        indicators=[(indicator, labels.indicator(indicator.name)) for indicator in indicators],
        configuration=_configuration(settings, origin.settings),
        rules={
            "level_cut": LEVEL_CUT,
            "min_products": MINIMUM_PRODUCTS,
            "reference_clusters": REFERENCE_CLUSTERS,
            "stable": STABLE,
        },
        warehouse=Path(os.path.relpath(settings.warehouse_file, settings.report_file.parent)).as_posix(),
        **_sections(tables, members, settings),
    )


def _data_section(tables: Mapping[str, pd.DataFrame], settings: Settings) -> dict[str, Any]:
    last, trade = summaries.last_world_trade(tables["product_indicators"])
    return {
        "years": format_years(settings.years).replace("-", "–"),
        "basis": ", ".join(sorted(tables["country_totals"]["basis"].unique())),
        "last_year": last,
        "trade_billion": summaries.number(trade.sum() / 1e6),
        "countries": tables["product_indicators"]["country"].nunique(),
        "coverage": summaries.coverage_rows(tables["product_coverage"]),
        "left_out": summaries.left_out_sentence(tables["excluded_flows"]),
    }


def _showcase_sentence(tables: Mapping[str, pd.DataFrame], chosen: showcase.Showcase | None) -> str:
    if chosen is None:
        return ""
    influence, _ = showcase.supplier_influence(tables["product_indicators"], chosen.product)
    return showcase.sentence(influence, labels.country_names(tables["economies"]))


def _findings_section(findings: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": summaries.findings_rows(findings),
        "sentence": summaries.findings_sentence(findings),
        "data": "; ".join(sorted(findings["data"].unique())),
    }


def _configuration(settings: Settings, recorded: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
    """Return (field, value, meaning) of the settings behind the results, as recorded with them; paths stay out."""
    rows = []
    for name in SHOWN_SETTINGS:
        # What the page itself reads, and no table, is as it is now; so are its years, of which some may be left out.
        values = recorded.get(name, ()) if name != "years" else ()
        shown = " / ".join(map(setting_text, values or settings.values(name).values()))
        rows.append((name, shown, str(type(settings).model_fields[name].description)))
    return rows


def _sections(tables: Mapping[str, pd.DataFrame], members: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Return the rows of every table and the sentence above it, by name."""
    names, countries = labels.product_names(members), labels.country_names(tables["economies"])
    level = settings.model_significance
    _, trade = summaries.last_world_trade(tables["product_indicators"])
    chain = rare_earths.chain(members, tables["product_indicators"], tables["unit_values"])
    return {
        "chain": rare_earths.rows(chain, countries),
        "chain_sentences": rare_earths.sentences(chain, countries),
        "chain_links": rare_earths.carried_links(chain, tables["io_links"]),
        "products": summaries.product_rows(members, trade),
        "products_sentence": summaries.products_sentence(members),
        "product_names": names,
        "links": summaries.link_rows(tables["io_links"], names),
        "links_sentence": summaries.links_sentence(tables["io_links"], tables["link_calibration"], settings.link_fdr),
        "dependence": dependence.dependence_rows(
            tables["dependency_monitor"], countries, names, settings.dependency_threshold
        ),
        "contrasts": summaries.contrast_rows(headline(tables["tier_contrasts_pooled"], settings)),
        "clusters": summaries.cluster_rows(tables["country_clusters"], countries),
        "choice": summaries.choice_rows(tables["cluster_choice"]),
        "choice_sentence": summaries.choice_sentence(tables["cluster_choice"]),
        "agreement": summaries.agreement_rows(tables["cluster_agreement"]),
        "models": summaries.model_rows(tables["rca_models"], level),
        "robustness": summaries.robustness_rows(tables["rca_models"]),
        "claimed_terms": [labels.term(term) for term in summaries.claimed_terms()],
        "robust": robust.robust_rows(tables["robust_claims"]),
        "robust_claims": robust.claims_in_words(tables["robust_claims"]),
        "robust_sentences": robust.robust_sentences(tables["robust_claims"]),
        "checks": checks.check_rows(tables["model_diagnostics"], tables["model_multiplicity"]),
        "left_out": [countries.get(country, country) for country in COUNTRIES],
    }
