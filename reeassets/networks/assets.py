"""Assets of the stage ``networks``."""

import pandas as pd

from reeassets import plugins
from reeassets.networks import calibration, candidates, edges, tiers, validation
from reeassets.networks.contract import LinkProposer
from reeassets.networks.pictures import p_value_picture
from reeassets.networks.schema import LINK_CALIBRATION
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.agreement import fleiss_kappa
from reeassets.products.carried import set_totals
from reeassets.settings import Settings, format_years
from reeassets.tables import NotEnoughData, Partition
from reeassets.trade.bundled import digests


def _proposer(settings: Settings) -> LinkProposer:
    name = settings.link_proposer or sets.product_set(settings).link_proposer
    return plugins.get("link_proposers", name, LinkProposer)


def _votes_identity(settings: Settings, _: Partition) -> dict[str, str]:
    proposer = _proposer(settings)
    asked = {f"settings of {proposer.name}": settings.fingerprint(*proposer.uses)} if proposer.uses else {}
    return digests(proposer.files()) | asked


@recipe(
    inputs=("classified_products",),
    uses=("product_set", "link_proposer"),
    plugins=("link_proposers",),
    outside=_votes_identity,
    lineage=lambda settings, _: digests(_proposer(settings).files()),
)
def link_votes(step: Step) -> pd.DataFrame:
    """Have links proposed, and every candidate judged alone by every voter."""
    proposer = _proposer(step.settings)
    members = sets.members(step.read("classified_products"))
    built = proposer.build(members, step.settings)
    pairs = built[["input", "output"]].drop_duplicates().sort_values(["input", "output"], ignore_index=True)
    table = candidates.link_votes(built, proposer.prune(pairs, members, step.settings))
    step.metadata |= {
        "proposer": proposer.name,
        "description": proposer.description,
        "candidates": len(pairs),
        "proposed_by": built["voter"].value_counts().to_dict(),
    }
    return table


@recipe(inputs=("link_votes", "classified_products"))
def candidate_links(step: Step) -> pd.DataFrame:
    """Count the votes on candidate links and refuse those that break physics or the stage order."""
    links = candidates.candidate_links(step.read("link_votes"), sets.stages(step.read("classified_products")))
    refused = links.dropna(subset=["refused"])
    judged = pd.DataFrame({"keep": links["ai_votes"], "drop": links["ai_voters"] - links["ai_votes"]})
    voters = set(links["ai_voters"])
    if len(voters) == 1 and max(voters) > 1:
        step.metadata["fleiss_kappa"] = fleiss_kappa(judged)[2]
    step.metadata |= {
        "carried_by_votes": int(links["carried"].sum()),
        "refused_by_rule": len(refused),
        "refused": (refused["input"] + " -> " + refused["output"] + ": " + refused["refused"]).tolist(),
    }
    return links


_TEST = ("link_draws", "link_seed")


def _base_years(settings: Settings) -> tuple[int, ...]:
    """Return the years that links are tested on: a year added after them leaves the links, and the old years, alone."""
    return tuple(year for year in settings.years if year in settings.link_years) or settings.years


def _residual_ranks(step: Step) -> validation.ResidualRanks | None:
    """Compute the ranks behind the test, or say why there are none."""
    products = sets.members(step.read("classified_products"))["product"].tolist()
    flows, totals = step.read("trade_flows"), step.read("country_totals")
    try:
        return validation.residual_ranks(flows, totals, set_totals(flows), products)
    except NotEnoughData as reason:
        step.metadata["not_tested"] = str(reason)
        return None


@recipe(
    inputs=("candidate_links", "classified_products", "trade_flows", "country_totals"),
    uses=(*_TEST, "link_fdr"),
    base_years=_base_years,
    kinds=frozenset({"scipy", "parquet"}),
)
def io_links(step: Step) -> pd.DataFrame:
    """Test the candidate links on the trade of their base years."""
    ranks = _residual_ranks(step)
    links = validation.validate_links(
        step.read("candidate_links"),
        ranks,
        draws=step.settings.link_draws,
        seed=step.settings.link_seed,
        fdr=step.settings.link_fdr,
    )
    step.metadata |= {"accepted": int(links["accepted"].sum()), "years": format_years(step.years)}
    if ranks is not None:
        step.metadata |= {"countries_in_test": len(ranks.countries), "countries_left_out": ranks.n_left_out}
    return links


@recipe(
    inputs=("candidate_links", "classified_products", "trade_flows", "country_totals"),
    uses=_TEST,
    base_years=_base_years,
    kinds=frozenset({"scipy", "parquet"}),
)
def link_calibration(step: Step) -> pd.DataFrame:
    """Run the same test on pairs of products that nobody proposed."""
    ranks = _residual_ranks(step)
    if ranks is None:
        return LINK_CALIBRATION.empty()
    flows, members = step.read("trade_flows"), sets.members(step.read("classified_products"))["product"]
    traded = set_totals(flows).groupby("product")["value_kusd"].sum().reindex(members, fill_value=0.0)
    settings = step.settings
    table = calibration.link_calibration(
        step.read("candidate_links"), ranks, traded, draws=settings.link_draws, seed=settings.link_seed
    )
    uniform = calibration.kolmogorov_smirnov(table["p_value"])
    if uniform is not None:
        step.metadata |= {
            "pairs": len(table),
            "kolmogorov_smirnov_distance": uniform[0],
            "kolmogorov_smirnov_p_value": uniform[1],
            "share_below_0.05": float((table["p_value"] <= 0.05).mean()),
        }
        step.pictures["p_values"] = p_value_picture(table["p_value"])
    return table


@recipe(inputs=("io_links", "classified_products"), kinds=frozenset({"scipy", "parquet"}))
def product_tiers(step: Step) -> pd.DataFrame:
    """Compute trophic levels on the graph of accepted links."""
    table = tiers.product_tiers(step.read("io_links"), sets.stages(step.read("classified_products")))
    agreement = tiers.stage_agreement(table)
    step.metadata["stage_agreement_kendall_tau"] = (
        "not defined: one of them is constant" if agreement is None else agreement
    )
    step.metadata["stage_and_tier_disagree"] = table.loc[table["disagrees"], "product"].tolist()
    return table


@recipe(inputs=("trade_flows", "io_links"))
def network_edges(step: Step) -> pd.DataFrame:
    """Join a year's trade and production edges."""
    return edges.network_edges(step.read("trade_flows"), step.read("io_links"))


RECIPES = [link_votes, candidate_links, io_links, link_calibration, product_tiers, network_edges]
