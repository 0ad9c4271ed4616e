"""Checks that are made before a table is written: that nothing is turned into nothing, and how much may fall away.

What fails is not written, so that the old partition stays. A step that leaves something out says how much and why.
Here belong the steps whose losses have reasons; that no other table is without rows unless it may be is a rule of
:class:`reeassets.tables.Table`.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from reeassets.platform.check import Check, Found
from reeassets.platform.recipe import Step
from reeassets.products import sets
from reeassets.settings import STAGES
from reeassets.tables import Table

_SHOWN = 20


class OfSet(NamedTuple):
    """Rows of the set in a year's raw trade, and their value in thousand US$.

    Attributes
    ----------
    rows, unknown : int
        All rows; those of a country that the country table lacks.
    value, within : float
        Value of all rows; of those within one economy.
    """

    rows: int
    unknown: int
    value: float
    within: float


def value_of_set(step: Step) -> OfSet:
    """Count the set's rows of raw trade, on another way than the flows are made."""
    with step.duckdb() as connection:
        read = connection.execute(
            """
            select count(*), count(*) filter (where exporter.economy is null or importer.economy is null),
                coalesce(sum(value_kusd * share), 0),
                coalesce(sum(value_kusd * share) filter (where exporter.economy = importer.economy), 0)
            from read_parquet($raw) raw
            join read_parquet($concordance) parts on parts.product = raw.product
            left join read_parquet($economies) exporter on exporter.country_code = raw.exporter_code
            left join read_parquet($economies) importer on importer.country_code = raw.importer_code
            """,
            {
                "raw": step.file("raw_trade"),
                "concordance": step.file("product_concordance"),
                "economies": step.file("economies"),
            },
        ).fetchall()
    rows, unknown, value, within = read[0]
    return OfSet(int(rows), int(unknown), float(value), float(within))


def _silent(votes: pd.DataFrame, field: str, what: str, step: Step) -> Found:
    """Compare the share of questions on which each voter abstained with the bound."""
    if votes.empty:
        return Found(False, f"nobody was asked about any {what}", {"votes": 0})
    silent = votes[field].isna()
    shares = silent.groupby(votes["voter"]).mean()
    worst, bound = str(shares.idxmax()), step.settings.check_abstentions
    asked, cast = int((votes["voter"] == worst).sum()), int((~silent).sum())
    numbers: dict[str, Any] = {"votes": cast, "abstentions": int(silent.sum())}
    numbers |= {f"abstentions of {voter}": float(share) for voter, share in shares.items()}
    reasons = votes.loc[silent, "reason"].value_counts().rename("abstentions").reset_index().head(_SHOWN)
    often = f", most often: {reasons['reason'].iloc[0]}" if len(reasons) else ""
    return Found(
        bool(cast) and float(shares[worst]) <= bound,
        f"{cast:,} votes; {worst} abstained on {shares[worst]:.1%} of {asked:,}, {bound:.0%} are allowed{often}",
        numbers,
        reasons if len(reasons) else None,
    )


def votes_cast(step: Step, _: Step | None) -> Found:
    """Look for voters who abstain, and why."""
    votes = step.read("product_votes", ["voter", "is_ree", "abstention"])
    return _silent(votes.rename(columns={"abstention": "reason"}), "is_ree", "product", step)


def links_judged(step: Step, _: Step | None) -> Found:
    """Look for links that nobody proposed or judged although the set has stages to link."""
    votes = step.read("link_votes", ["phase", "voter", "vote", "rationale"])
    if votes.empty and not _needs_links(step):
        return Found(True, "no link is proposed, and the set has one stage only", {"votes": 0})
    judged = votes[votes["phase"] == "prune"]
    return _silent(judged.rename(columns={"rationale": "reason"}), "vote", "link", step)


def _needs_links(step: Step) -> bool:
    return len(set(sets.stages(step.read("classified_products")))) > 1


def links_carried(step: Step, _: Step | None) -> Found:
    """Look whether the votes carry any of the candidates."""
    links = step.read("candidate_links")
    carried = int(links["carried"].sum())
    refused = links["refused"].value_counts().rename("candidates").rename_axis("reason").reset_index()
    outvoted = len(links) - carried - int(links["refused"].notna().sum())
    return Found(
        bool(carried) or not _needs_links(step),
        f"{carried} of {len(links)} candidates are carried; {len(links) - carried - outvoted} are refused by a rule, "
        f"{outvoted} have no majority",
        {"candidates": len(links), "carried": carried, "outvoted": outvoted},
        refused if len(refused) else None,
    )


def network_has_links(step: Step, _: Step | None) -> Found:
    """Look whether a network of validated links has any, where the votes carry some."""
    links = step.read("io_links", ["in_network"])
    carried, used = int(step.read("candidate_links", ["carried"])["carried"].sum()), int(links["in_network"].sum())
    return Found(
        bool(used) or not carried,
        f"{used} of {carried} carried links are in the network; link_set is {step.settings.link_set}",
        {"carried": carried, "in_network": used},
    )


def set_has_products(step: Step, _: Step | None) -> Found:
    """Count the set's products by stage, and the votes behind them."""
    classified = step.read("classified_products")
    members = sets.members(classified)
    counts = {stage: int((members["stage"] == stage).sum()) for stage in STAGES}
    lacking = [stage for stage, count in counts.items() if not count]
    voted = int((classified["n_votes"] > 0).sum())
    told = f"{len(members)} products: " + ", ".join(f"{count} {stage}" for stage, count in counts.items())
    if len(members) and lacking:
        told += f"; what contrasts stages cannot be tested without {' and '.join(lacking)}"
    if members.empty:
        told = f"the product set {step.settings.product_set} has no products; {voted} codes have votes"
    numbers: dict[str, Any] = {"products": len(members), **counts, "codes_with_votes": voted}
    return Found(bool(len(members)), told, numbers)


def set_carried(step: Step, _: Step | None) -> Found:
    """Count the set's products that the revision of the data has no codes for, by reason."""
    table = step.read("product_concordance", ["set_product", "product", "reason"])
    products = int(table["set_product"].nunique())
    lost = table[table["product"].isna()].drop_duplicates("set_product")
    share, bound = len(lost) / max(products, 1), step.settings.check_not_carried
    return Found(
        len(lost) < products and share <= bound,
        f"{products - len(lost)} of {products} products of the set have codes in the revision of the data; {share:.0%} "
        f"have none, {bound:.0%} are allowed",
        {"products": products, "not_carried": len(lost)},
        lost[["set_product", "reason"]].head(_SHOWN) if len(lost) else None,
    )


def flows_of_the_set(step: Step, _: Step | None) -> Found:
    """Look whether a year has flows of the set, and how much of its value in raw trade is no flow, by reason."""
    of_set = value_of_set(step)
    flows = step.read("trade_flows", ["product", "value_kusd"])
    products = set(step.read("product_concordance", ["set_product"])["set_product"])
    idle = sorted(products - set(flows["product"]))
    another = float(step.read("excluded_flows", ["value_kusd"])["value_kusd"].sum())
    left_out = (of_set.within + another) / of_set.value if of_set.value else 0.0
    bound = step.settings.check_left_out
    numbers = {
        "flows": len(flows),
        "raw_rows_of_the_set": of_set.rows,
        "raw_value_kusd": of_set.value,
        "within_an_economy_kusd": of_set.within,
        "another_good_kusd": another,
        "rows_of_unknown_country": of_set.unknown,
        "share_left_out": left_out,
        "products_without_flows": len(idle),
    }
    if not of_set.rows:
        told = f"raw trade of {step.year} has none of the {len(products)} products of the set"
    else:
        told = (
            f"{len(flows):,} flows from {of_set.rows:,} rows of raw trade; {left_out:.1%} of their value is left out, "
            f"{bound:.0%} are allowed: {of_set.within:,.0f} thousand US$ within an economy, {another:,.0f} of another "
            f"good; {of_set.unknown:,} rows are of an unknown country; {len(idle)} of {len(products)} products have "
            "no flow"
        )
    rows = pd.DataFrame({"product_without_flows": idle[:_SHOWN]}) if idle else None
    return Found(bool(len(flows)) and left_out <= bound, told, numbers, rows)


def totals_known(step: Step, _: Step | None) -> Found:
    """Look how much of the source's trade is that of economies without a total over all goods."""
    # What the recipe said of itself: another table's coverage of the source's traders, and rows that are no flow.
    said = step.metadata
    share, bound = float(said.get("share_of_exports_without_total", 0.0)), step.settings.check_without_total
    reasons = {name: said.get(name, 0) for name in ("unknown_country", "within_country", "within_economy")}
    rows = len(step.read("country_totals", ["country"]))
    without = said.get("countries_without_total", [])
    if rows:
        told = (
            f"{rows} economies; {share:.1%} of exports are those of {len(without)} economies without a total over all "
            f"goods, {bound:.0%} are allowed"
        )
    else:
        told = "no economy trades with another: " + ", ".join(
            f"{count:,} rows {name.replace('_', ' ')}" for name, count in reasons.items()
        )
    return Found(
        bool(rows) and share <= bound,
        told,
        {"economies": rows, "share_of_exports_without_total": share, **reasons},
        pd.DataFrame({"without_total": without[:_SHOWN]}) if without else None,
    )


def _guard(table: str, look: Any, needs: tuple[str, ...], about: str, to_do: str) -> Check:
    return Check(table, look.__name__, needs, error=True, about=about, to_do=to_do, look=look, before=True)


GUARDS = (
    _guard(
        "product_votes",
        votes_cast,
        (),
        "Every voter gave a vote on all codes but a share of check_abstentions.",
        "Read why they abstained: an endpoint that does not answer as it was asked to gives no votes.",
    ),
    _guard(
        "classified_products",
        set_has_products,
        (),
        "The product set has products; their number by stage.",
        "Look at the votes: a set that is chosen by votes has no products if nobody voted for any.",
    ),
    _guard(
        "product_concordance",
        set_carried,
        (),
        "The products that the revision of the data has no codes for are at most a share of check_not_carried.",
        "See the reasons: another rule (concordance_rule) keeps more, another archive has another revision.",
    ),
    _guard(
        "country_totals",
        totals_known,
        (),
        "Economies trade with one another, and those without a total over all goods have at most a share of "
        "check_without_total of the source's exports.",
        "Look at the settings economies and totals: one group of all countries has no trade, and a file of totals "
        "needs the large exporters.",
    ),
    _guard(
        "trade_flows",
        flows_of_the_set,
        ("raw_trade", "product_concordance", "economies", "excluded_flows"),
        "The year has flows of the set, and at most a share of check_left_out of the set's value in raw trade is no "
        "flow: trade within an economy, and what is known to be another good.",
        "Is it the right archive for the product set (setting product_set), and are groups of economies not too large? "
        "Leave a year without flows out of years.",
    ),
    _guard(
        "link_votes",
        links_judged,
        ("classified_products",),
        "Links were proposed, and every voter judged all but a share of check_abstentions.",
        "Read why they abstained: an endpoint that does not answer as it was asked to gives no votes.",
    ),
    _guard(
        "candidate_links",
        links_carried,
        ("classified_products",),
        "The votes carry at least one link, if the set has more than one stage.",
        "Look at link_votes and at the rules that refused candidates; another link_proposer may do.",
    ),
    _guard(
        "io_links",
        network_has_links,
        ("candidate_links",),
        "The network has links if the votes carry any.",
        "Trade validates none of the carried links: compute more years, or take link_set = carried.",
    ),
)


def guards_of(table: str) -> list[Check]:
    """Return the checks that are made before a table is written."""
    return [check for check in GUARDS if check.table == table]


class Refused(ValueError):
    """A check that is made before a table is written failed; nothing was written."""

    def __init__(self, check: Check, found: Found):
        self.check, self.found = check, found
        super().__init__(f"{check.name}: {found.told}. {check.to_do}")


def guarded(table: Table, step: Step, frame: pd.DataFrame) -> dict[str, Found]:
    """Make the checks that come before a table is written, and return what they found; raises Refused if one fails."""
    ahead = replace(step, tables={**step.tables, table.name: table}, held={table.name: frame})
    checks = {check.name: check for check in guards_of(table.name)}
    found = {name: check.look(ahead, None) for name, check in checks.items()}
    for name, of in found.items():
        if not of.passed:
            raise Refused(checks[name], of)
    return found
