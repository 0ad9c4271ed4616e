"""``reeassets products``: the votes on products and on links, with their reasons."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from reeassets import plugins
from reeassets.console.scatter import text_scatter
from reeassets.networks.calibration import calibration_words
from reeassets.networks.candidates import candidate_links, link_votes
from reeassets.networks.contract import LinkProposer
from reeassets.networks.evidence import LinkEvidence, link_evidence, scatter_picture
from reeassets.platform.graph import Graph
from reeassets.products import sets
from reeassets.products.contract import CLASSIFIED_REVISION
from reeassets.products.ree168 import REE168
from reeassets.settings import Settings
from reeassets.storage import MissingPartition, replacing
from reeassets.trade.nomenclature import nomenclature
from reeassets.years import format_years

_NUMBERS = {"products", "codes", "all votes", "majority", "minority", "observed", "Fleiss' kappa"}
_CLASSIFICATION = (
    "reference_summary",
    "vote_agreement",
    "vote_disagreements",
    "keyword_baseline",
    "code_list_evidence",
    "classified_products",
    "link_votes",
)
_UNMADE = "has not been made in this home; call `reeassets run` or `reeassets products classify` first"


def _read(graph: Graph, name: str) -> pd.DataFrame:
    table = graph.tables[name]
    try:
        return graph.store.read_years(table, graph.years_read("io_links")) if table.by_year else graph.store.read(table)
    except MissingPartition as missing:
        raise MissingPartition(f"{name} {_UNMADE}") from missing


def _described(product: str) -> str:
    codes = nomenclature(CLASSIFIED_REVISION).set_index("product")
    if product not in codes.index:
        raise ValueError(f"{product} is not a code of {CLASSIFIED_REVISION}")
    return str(codes.loc[product, "description"])


def _grid(*headings: str) -> RichTable:
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in _NUMBERS else "left")
    return table


def classify(settings: Settings, console: Console) -> int:
    """Make the tables of the votes, print their summary, and return the exit status."""
    from reeassets.console.run import run_and_report

    status = run_and_report(settings, console, force=False, only=_CLASSIFICATION)
    if status == 0:
        show_summary(Graph(settings), console)
    return status


def show_summary(graph: Graph, console: Console) -> None:
    """Print what the votes make of the nomenclature: the reference set by stage and application, and agreement."""
    summary = _read(graph, "reference_summary")
    agreement = _read(graph, "vote_agreement").set_index(["field", "scope"])["fleiss_kappa"]
    votes = _read(graph, "product_votes")
    grid = _grid("", "products", "all votes", "majority", "minority")
    for grouping in ("all", "stage", "application"):
        rows = summary[summary["grouping"] == grouping].sort_values(["products", "value"], ascending=[False, True])
        for row in rows.itertuples(index=False):
            name = REE168.name if grouping == "all" else f"{grouping} {row.value}"
            grid.add_row(name, str(row.products), str(row.full), str(row.majority), str(row.minority))
    voters, codes = ", ".join(sorted(votes["voter"].unique())), votes["product"].nunique()
    console.print(
        f"Reference set {REE168.name}: {codes:,} codes of {CLASSIFIED_REVISION}, votes of {voters}", highlight=False
    )
    console.print(grid)
    kappas = {scope: agreement.get(("is_ree", scope)) for scope in ("all", "judged in full")}
    told = ", ".join(f"{value:.3f} (codes: {scope})" for scope, value in kappas.items() if pd.notna(value))
    console.print(f"agreement  Fleiss' kappa of is_ree: {told or 'not defined for one voter'}", highlight=False)


def show_votes(settings: Settings, product: str, console: Console) -> None:
    """Print every vote on a code with its reason, the majority, and what else is known of the code."""
    graph = Graph(settings)
    description = _described(product)
    votes = _read(graph, "product_votes")
    console.print(f"[bold]{product}[/bold]  {description}", highlight=False)
    grid = _grid("voter", "rare-earth", "sure", "stage", "application", "elements", "% of trade", "reason")
    for row in votes[votes["product"] == product].itertuples(index=False):
        if pd.isna(row.is_ree):
            grid.add_row(row.voter, "abstains", "", "", "", "", "", Text(row.abstention))
            continue
        given = (row.stage, row.application, row.elements, row.materiality)
        fields = ["" if pd.isna(value) else str(value) for value in given]
        grid.add_row(row.voter, "yes" if row.is_ree else "no", f"{row.confidence:.2f}", *fields, Text(row.rationale))
    console.print(grid)
    _show_place(graph, product, console)


def _show_place(graph: Graph, product: str, console: Console) -> None:
    reference = _read(graph, "reference_set").set_index("product")
    if product in reference.index:
        row = reference.loc[product]
        console.print(
            f"reference set  rank {row['rank']} of {len(reference)}, {row['support']} vote, stage {row['stage']}, "
            f"{row['application']}, materiality {row['materiality']:.2f}, mean confidence {row['ree_confidence']:.2f}",
            highlight=False,
        )
    else:
        console.print("reference set  not in it", highlight=False)
    words = _read(graph, "keyword_baseline").set_index("product").loc[product, "keywords"]
    console.print(f"keywords       {'none' if pd.isna(words) else words} (a baseline without a vote)", highlight=False)
    lists = _read(graph, "code_list_evidence")
    for row in lists[lists["product"] == product].itertuples(index=False):
        console.print(f"list           {row.list}: {row.label}", highlight=False, soft_wrap=True)


def show_disagreements(settings: Settings, field: str | None, limit: int, console: Console) -> None:
    """Print what the voters disagree on, the most disputed first, and how far they agree over all."""
    graph = Graph(settings)
    table = _read(graph, "vote_disagreements")
    if field is not None:
        known = sorted(table["field"].unique())
        if field not in known:
            raise ValueError(f"no disagreement on {field!r}; fields with some: {', '.join(known)}")
        table = table[table["field"] == field]
    grid = _grid("field", "scope", "codes", "observed", "Fleiss' kappa")
    for row in _read(graph, "vote_agreement").itertuples(index=False):
        numbers = ["" if pd.isna(value) else f"{value:.3f}" for value in (row.observed_agreement, row.fleiss_kappa)]
        grid.add_row(row.field, row.scope, f"{row.n_products:,}", *numbers)
    console.print(grid)
    shown = table.sort_values(["largest_share", "product", "field"], kind="stable").head(limit)
    answers = _grid("product", "field", "answers")
    for row in shown.itertuples(index=False):
        answers.add_row(row.product, row.field, Text(row.answers))
    console.print(answers)
    console.print(f"{len(shown):,} of {len(table):,} disagreements", highlight=False)


def explain_link(settings: Settings, source: str, target: str, console: Console, picture: Path | None) -> None:
    """Print votes and reasons on a link, the test on trade, and the scatter behind it."""
    graph = Graph(settings)
    for place, product in (("input", source), ("output", target)):
        console.print(f"{place:<7}[bold]{product}[/bold]  {_described(product)}", highlight=False)
    votes, note = _votes_on(graph, source, target)
    if note:
        console.print(note, highlight=False, soft_wrap=True)
    grid = _grid("phase", "voter", "answer", "reason")
    for row in votes.itertuples(index=False):
        answer = "abstains" if pd.isna(row.vote) else "keeps it" if row.vote else "drops it"
        if row.phase == "build":
            answer = "proposes it" + ("" if pd.isna(row.strength) else f", strength {row.strength:.2f}")
        grid.add_row(row.phase, row.voter, answer, Text(row.rationale))
    if len(votes):
        console.print(grid)
    else:
        console.print("votes          no voter proposed this link", highlight=False)
    evidence = _evidence(graph, source, target)
    if isinstance(evidence, str):
        console.print(f"test on trade  {evidence}", highlight=False, soft_wrap=True)
        return
    _show_test(graph, evidence, source, target, console)
    if picture is not None:
        with replacing(picture.expanduser().absolute()) as temporary:
            temporary.write_bytes(scatter_picture(evidence))
        console.print(f"picture        {picture}", highlight=False, soft_wrap=True)


def _votes_on(graph: Graph, source: str, target: str) -> tuple[pd.DataFrame, str]:
    """Return the votes on a link in the analysed set, or else the recorded ones among the reference set."""
    votes = _read(graph, "link_votes")
    mine = votes[(votes["input"] == source) & (votes["output"] == target)]
    analysed = sets.product_set(graph.settings).name
    if len(mine) or analysed == REE168.name:
        return mine, ""
    members = _read(graph, "reference_set")
    proposer = plugins.get("link_proposers", REE168.link_proposer, LinkProposer)
    built = proposer.build(members, graph.settings)
    built = built[(built["input"] == source) & (built["output"] == target)]
    if built.empty:
        return mine, ""
    pairs = built[["input", "output"]].drop_duplicates()
    recorded = link_votes(built, proposer.prune(pairs, members, graph.settings))
    refused = candidate_links(recorded, members.set_index("product")["stage"])["refused"].iloc[0]
    ruled = "" if pd.isna(refused) else f"; refused by rule: {refused}"
    return recorded, f"The analysed set is {analysed}; these are the votes among the reference set {REE168.name}{ruled}"


def _evidence(graph: Graph, source: str, target: str) -> LinkEvidence | str:
    members = sets.members(_read(graph, "classified_products"))["product"].tolist()
    absent = [product for product in (source, target) if product not in members]
    if absent:
        analysed = sets.product_set(graph.settings).name
        return (
            f"not possible here: {' and '.join(absent)} not in the analysed set {analysed} (source "
            f"{graph.source.name}). Run the reference set on full BACI data for it: "
            "reeassets run --source baci --data BACI_HS07_V202601.zip --product-set ree168"
        )
    settings = graph.settings
    return link_evidence(
        _read(graph, "trade_flows"),
        _read(graph, "country_totals"),
        members,
        source,
        target,
        draws=settings.link_draws,
        seed=settings.link_seed,
    )


def _show_test(graph: Graph, evidence: LinkEvidence, source: str, target: str, console: Console) -> None:
    corr = (
        "not defined: one of them does not change" if pd.isna(evidence.correlation) else f"{evidence.correlation:+.3f}"
    )
    lines = [
        f"test on trade  do countries that move up in importing {source} move up in exporting {target} in the same "
        f"year? correlation {corr}, p = {evidence.p_value:.3f}; the reverse, {target} into {source}, p = "
        f"{evidence.p_reverse:.3f} ({graph.settings.link_draws} permutations of {len(evidence.countries)} countries, "
        f"{format_years(evidence.years)})",
        f"calibration    {calibration_words(_read(graph, 'link_calibration'))}",
        f"verdict        {_verdict(graph, source, target)}",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    console.print(
        text_scatter(
            evidence.imports,
            evidence.exports,
            evidence.countries,
            x=f"importing {source}: moves up among countries ->",
            y=f"exporting {target}: moves up among countries",
        ),
        highlight=False,
        markup=False,
    )


_EVIDENCE = {
    "validated": "trade bears it out: it passes both false discovery rates",
    "supported": "trade speaks for it, not enough to be validated among so many candidates",
    "carried": "it rests on the votes alone: trade does not show it",
}


def _verdict(graph: Graph, source: str, target: str) -> str:
    """Say in words what became of a candidate and why."""
    links = _read(graph, "io_links")
    row = links[(links["input"] == source) & (links["output"] == target)]
    if row.empty:
        return "no candidate: nobody proposed it among the analysed set"
    one = row.iloc[0]
    if pd.notna(one["refused"]):
        return f"not in the network, refused by rule: {one['refused']}"
    votes = f"{one['ai_votes']} of {one['ai_voters']} voters keep it"
    if not one["carried"]:
        return f"not in the network: {votes}"
    rates = (
        f"false discovery rate {one['q_bh']:.3f} by Benjamini-Hochberg over {len(links)} candidates, "
        f"{one['q_decoy']:.3f} against pairs nobody proposed"
    )
    place = (
        f"in the network, {one['weight']:.0%} of the inputs of {target}"
        if one["in_network"]
        else "not in the network: the setting link_set asks for validated links"
    )
    return f"{place}; {votes}; {_EVIDENCE[one['evidence']]} ({rates})"
