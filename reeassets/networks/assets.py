"""Assets of the stage ``networks``."""

import pandas as pd

from reeassets import plugins
from reeassets.networks import candidates, edges, tiers, validation
from reeassets.networks.contract import LinkProposer
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.carried import set_totals
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData
from reeassets.trade.bundled import digests


def _proposer(settings: Settings) -> LinkProposer:
    name = settings.link_proposer or sets.product_set(settings).link_proposer
    return plugins.get("link_proposers", name, LinkProposer)


@recipe(
    inputs=("classified_products",),
    uses=("product_set", "link_proposer"),
    plugins=("link_proposers",),
    outside=lambda settings, _: digests(_proposer(settings).files()),
)
def candidate_links(step: Step) -> pd.DataFrame:
    """Collect the votes on candidate links and refuse those that break the stage order."""
    proposer = _proposer(step.settings)
    members = sets.members(step.read("classified_products"))
    links = candidates.candidate_links(proposer.votes(members), members.set_index("product")["stage"])
    step.metadata |= {
        "proposer": proposer.name,
        "description": proposer.description,
        "carried_by_votes": int(links["carried"].sum()),
        "refused_by_rule": int(links["refused"].notna().sum()),
    }
    return links


@recipe(
    inputs=("candidate_links", "classified_products", "trade_flows", "country_totals"),
    uses=("link_draws", "link_seed", "link_fdr", "years"),
    kinds=frozenset({"scipy", "parquet"}),
)
def io_links(step: Step) -> pd.DataFrame:
    """Test the candidate links on all years of trade."""
    products = sets.members(step.read("classified_products"))["product"].tolist()
    flows, totals = step.read("trade_flows"), step.read("country_totals")
    ranks = None
    try:
        ranks = validation.residual_ranks(flows, totals, set_totals(flows), products)
    except NotEnoughData as reason:
        step.metadata["not_tested"] = str(reason)
    links = validation.validate_links(
        step.read("candidate_links"),
        ranks,
        draws=step.settings.link_draws,
        seed=step.settings.link_seed,
        fdr=step.settings.link_fdr,
    )
    step.metadata |= {
        "accepted": int(links["accepted"].sum()),
        "countries_in_test": len(ranks.countries) if ranks else 0,
        "countries_left_out": ranks.n_left_out if ranks else totals["country"].nunique(),
    }
    return links


@recipe(inputs=("io_links", "classified_products"), kinds=frozenset({"scipy", "parquet"}))
def product_tiers(step: Step) -> pd.DataFrame:
    """Compute trophic levels on the graph of accepted links."""
    table = tiers.product_tiers(step.read("io_links"), sets.stages(step.read("classified_products")))
    agreement = tiers.stage_agreement(table)
    step.metadata["stage_agreement_kendall_tau"] = (
        "not defined: one of them is constant" if agreement is None else agreement
    )
    return table


@recipe(inputs=("trade_flows", "io_links"))
def network_edges(step: Step) -> pd.DataFrame:
    """Join a year's trade and production edges."""
    return edges.network_edges(step.read("trade_flows"), step.read("io_links"))


RECIPES = [candidate_links, io_links, product_tiers, network_edges]
