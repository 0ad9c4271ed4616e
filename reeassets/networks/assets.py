"""Assets of the stage ``networks``."""

import pandas as pd

from reeassets import plugins
from reeassets.networks import calibration, candidates, edges, tiers, validation
from reeassets.networks.changes import SpecialisationChanges, specialisation_changes
from reeassets.networks.contract import LinkProposer
from reeassets.networks.pictures import p_value_picture
from reeassets.networks.schema import LINK_CALIBRATION
from reeassets.platform.recipe import Step, recipe
from reeassets.products import sets
from reeassets.products.agreement import fleiss_kappa
from reeassets.settings import Settings
from reeassets.tables import NotEnoughData, Partition
from reeassets.trade.bundled import digests
from reeassets.years import format_years


def _proposer(settings: Settings) -> LinkProposer:
    name = settings.link_proposer or sets.product_set(settings).link_proposer
    return plugins.get("link_proposers", name, LinkProposer)


def _votes_identity(settings: Settings, _: Partition) -> dict[str, str]:
    proposer = _proposer(settings)
    asked = {f"settings of {proposer.name}": settings.fingerprint(*proposer.uses)} if proposer.uses else {}
    return digests(proposer.files()) | asked


@recipe(
    inputs=("classified_products",),
    uses=("product_set", "link_proposer", "check_abstentions"),
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
_TESTED = ("candidate_links", "classified_products", "trade_flows", "country_totals")


def _base_years(settings: Settings) -> tuple[int, ...]:
    """Return the years that links are tested on: a year added after them leaves the links, and the old years, alone."""
    return tuple(year for year in settings.years if year in settings.link_years) or settings.years


def _changes(step: Step) -> SpecialisationChanges | None:
    """Compute the changes behind the test, or say why there are none."""
    products = sets.members(step.read("classified_products"))["product"].tolist()
    flows = step.read("trade_flows", ["year", "exporter", "importer", "product", "value_kusd"])
    try:
        return specialisation_changes(flows, step.read("country_totals"), products)
    except NotEnoughData as reason:
        step.metadata["not_tested"] = str(reason)
        return None


@recipe(inputs=_TESTED, uses=_TEST, base_years=_base_years, kinds=frozenset({"scipy", "parquet"}))
def link_calibration(step: Step) -> pd.DataFrame:
    """Run the test of links on pairs of products that nobody proposed."""
    changes = _changes(step)
    if changes is None:
        return LINK_CALIBRATION.empty()
    settings = step.settings
    stages = sets.stages(step.read("classified_products"))
    traded = step.read("trade_flows", ["product", "value_kusd"]).groupby("product")["value_kusd"].sum()
    pairs = calibration.decoys(step.read("candidate_links"), stages, traded, seed=settings.link_seed)
    table = pairs.join(validation.permutation_test(changes, pairs, settings.link_draws, settings.link_seed))
    step.metadata |= _calibration_metadata(table)
    if len(table):
        step.pictures["p_values"] = p_value_picture(table["p_value"])
    return table


def _calibration_metadata(table: pd.DataFrame) -> dict[str, object]:
    found = calibration.uniformity(table["p_value"])
    return {
        "calibration": found.verdict,
        "pairs_nobody_proposed": found.n,
        "share_of_them_below_0.05": found.share_below,
        "kolmogorov_smirnov_distance": found.distance,
        "kolmogorov_smirnov_p_value": found.p_value,
        "p_value_of_too_many_small_ones": found.p_excess,
    }


@recipe(
    inputs=(*_TESTED, "link_calibration"),
    uses=(*_TEST, "link_fdr", "link_set"),
    base_years=_base_years,
    kinds=frozenset({"scipy", "parquet"}),
)
def io_links(step: Step) -> pd.DataFrame:
    """Weight the carried links, and test every candidate on the trade of the base years."""
    changes, settings = _changes(step), step.settings
    calibrated_on = step.read("link_calibration")
    links = validation.validate_links(
        step.read("candidate_links"),
        changes,
        calibrated_on,
        draws=settings.link_draws,
        seed=settings.link_seed,
        fdr=settings.link_fdr,
        link_set=settings.link_set,
    )
    step.metadata |= {"in_network": int(links["in_network"].sum()), "years": format_years(step.years)}
    step.metadata |= {str(name): int(n) for name, n in links["evidence"].value_counts().items()}
    if changes is not None:
        step.metadata |= {"countries_in_test": len(changes.countries), "countries_left_out": changes.n_left_out}
    step.metadata |= _calibration_metadata(calibrated_on)
    return links


@recipe(inputs=("io_links", "classified_products"), kinds=frozenset({"scipy", "parquet"}))
def product_tiers(step: Step) -> pd.DataFrame:
    """Compute trophic levels on the graph of the network's links."""
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


RECIPES = [link_votes, candidate_links, link_calibration, io_links, product_tiers, network_edges]
