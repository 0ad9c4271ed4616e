"""What is checked of results beyond the schemas, without Dagster: each function looks at one partition.

A schema says what a value may be; these say whether the values belong together: with the rows they were made from, with
those of the year before, with what somebody accepted. docs/CHECKS.md says what to do about each.
"""

import numpy as np
import pandas as pd

from reeassets.indicators.contract import registered_indicators
from reeassets.models.choices import HEADLINE_CHOICE
from reeassets.models.claims import CLAIMS
from reeassets.models.robust_claims import choices_of
from reeassets.networks.calibration import calibration_words, uniformity
from reeassets.platform.accepted import accepted_products, products_of
from reeassets.platform.check import Check, Found
from reeassets.platform.guards import GUARDS, value_of_set
from reeassets.platform.recipe import Step
from reeassets.storage import open_parquet
from reeassets.trade.schema import BASIS
from reeassets.trade.totals import country_totals

_ROUNDING = 1e-6
_SHOWN = 20


def rows_conserved(step: Step, _: Step | None) -> Found:
    """Count the set's rows of raw trade again, on another way, and compare their value with that of the flows."""
    read = value_of_set(step)
    rows, value, unknown, within = read.rows, read.value, read.unknown, read.within
    flows = float(step.read("trade_flows", ["value_kusd"])["value_kusd"].sum())
    excluded = float(step.read("excluded_flows", ["value_kusd"])["value_kusd"].sum())
    lost = float(value - within - excluded - flows)
    numbers = {
        "raw_rows_of_the_set": int(rows),
        "raw_value_kusd": float(value),
        "within_an_economy_kusd": float(within),
        "another_good_kusd": excluded,
        "rows_of_unknown_country": int(unknown),
        "flows_kusd": flows,
        "lost_kusd": lost,
    }
    return Found(
        abs(lost) <= _ROUNDING * max(float(value), 1.0) and not unknown,
        f"{flows:,.0f} thousand US$ of flows from {int(rows):,} rows of raw trade; {lost:,.3f} are lost",
        numbers,
    )


def _traded(step: Step) -> pd.DataFrame:
    """Return each economy's exports and imports of everything the source holds: what a damaged file changes."""
    made = step.read("country_totals")
    if made["basis"].isin(BASIS).all():
        # They are the source's own sums; adding up a full-size year takes seconds.
        return made.set_index("country").sort_index()
    with step.duckdb() as connection:
        traded = country_totals(connection, step.file("raw_trade"), step.file("economies"))
    return traded.set_index("country").sort_index()


def world_total(step: Step, last: Step | None) -> Found:
    """Compare the world's exports in the source with the year before."""
    # World trade by product is the source's, whatever totals of countries are configured.
    now, before = (
        float(of.read("product_totals", ["value_kusd"])["value_kusd"].sum()) if of else 0.0 for of in (step, last)
    )
    if not before:
        return Found(True, _nothing_before(last), {"world_exports_kusd": now})
    change = now / before - 1
    bound = step.settings.check_world_change
    return Found(
        abs(change) <= bound,
        f"world exports changed by {change:+.1%} from the year before; {bound:.0%} are expected at most",
        {"world_exports_kusd": now, "change": change},
    )


def _nothing_before(last: Step | None) -> str:
    """Say why there is nothing to compare a year with: what the year before lacks has been told of that year."""
    return "the year before is not there" if last is None else "the year before is there, without trade"


def countries_covered(step: Step, last: Step | None) -> Found:
    """Look for countries that traded in the year before and are not there, by their number and share of its trade."""
    now = _traded(step)
    before = _traded(last) if last else now.iloc[:0]
    trade = before["exports_kusd"] + before["imports_kusd"]
    if not trade.sum():
        return Found(True, _nothing_before(last), {"countries": len(now)})
    lost = trade[~trade.index.isin(now.index)].sort_values(ascending=False, kind="stable")
    of_trade, of_all = float(lost.sum() / trade.sum()), len(lost) / len(trade)
    passed = of_trade <= step.settings.check_lost_trade and of_all <= step.settings.check_lost_countries
    return Found(
        passed,
        f"{len(now)} countries; {len(lost)} of the {len(trade)} of the year before ({of_all:.1%}) are not there, with "
        f"{of_trade:.3%} of its trade",
        {"countries": len(now), "countries_lost": len(lost), "share_lost": of_trade, "share_of_countries_lost": of_all},
        None if passed else lost.rename("trade_last_year_kusd").reset_index().head(_SHOWN),
    )


def largest_exporter(step: Step, last: Step | None) -> Found:
    """Compare the shares of value that the largest exporters of this year and the year before have in both."""
    now = _export_shares(step)
    before = _export_shares(last) if last else now.iloc[:0]
    numbers = {"largest_share": float(now.iloc[0]) if len(now) else 0.0}
    if before.empty:
        first = f"{now.index[0]}, {now.iloc[0]:.1%}; " if len(now) else "no trade in the set; "
        return Found(True, first + _nothing_before(last), numbers)
    changes = now.sub(before, fill_value=0.0).loc[list(dict.fromkeys([*now.index[:1], before.index[0]]))]
    moved = str(changes.abs().idxmax())
    bound = step.settings.check_exporter_change
    return Found(
        abs(float(changes[moved])) <= bound,
        f"{moved} exports {now.get(moved, 0.0):.1%} of the set's value, after {before.get(moved, 0.0):.1%}; "
        f"{bound:.0%} more or less are expected",
        numbers | {"change": float(changes[moved])},
    )


def _export_shares(step: Step) -> pd.Series:
    values = (
        step.read("trade_flows", ["exporter", "value_kusd"])
        .groupby("exporter")["value_kusd"]
        .sum()
        .sort_values(ascending=False)
    )
    return values / values.sum()


def set_unchanged(step: Step, _: Step | None) -> Found:
    """Compare the product set with the one that somebody accepted last."""
    now = products_of(step.read("classified_products"))
    known = accepted_products(step.settings)
    if known is None:
        return Found(True, f"{len(now)} products; none accepted yet: `reeassets accept`", {"products": len(now)})
    both = known.merge(now, on="product", how="outer", suffixes=("_accepted", "_now"))
    changed = both[both["stage_accepted"].fillna("") != both["stage_now"].fillna("")]
    return Found(
        changed.empty,
        f"{len(now)} products; {len(changed)} are new, gone or of another stage since the set was accepted",
        {"products": len(now), "changed": len(changed)},
        changed.head(_SHOWN) if len(changed) else None,
    )


def identities(step: Step, _: Step | None) -> Found:
    """Check what must hold between indicators: a risk that is the sum of its parts, influence of exporters alone."""
    shown = ["country", "product", "direct_risk", "indirect_risk", "systemic_trade_risk", "multi_tier_risk"]
    table = step.read("product_indicators", [*shown, "exports_kusd", "influence"])
    parts = table["indirect_risk"] + table["direct_risk"]
    broken = table[
        ((table["systemic_trade_risk"] - parts).abs() > _ROUNDING)
        | (table["multi_tier_risk"] < table["systemic_trade_risk"] - _ROUNDING)
    ]
    world = table.groupby("product")["exports_kusd"].transform("sum")
    share = table["exports_kusd"] / world
    idle = (table["exports_kusd"] == 0) & (table["influence"] != 0)
    beside = table[(table["influence"] < share - _ROUNDING) | idle]
    wrong = len(beside) + len(broken)
    return Found(
        not wrong,
        f"{len(broken)} rows whose systemic risk is not the sum of its direct and indirect part, or above the "
        f"multi-tier risk; {len(beside)} whose influence is below the share of world exports, or without exports",
        {"rows": len(table), "wrong": wrong},
        None if not wrong else (broken if len(broken) else beside).head(_SHOWN),
    )


def typical_values(step: Step, last: Step | None) -> Found:
    """Compare the median of each bounded indicator with the year before."""
    names = [found.name for found in registered_indicators() if found.low is not None and found.high is not None]
    now = step.read("product_indicators", names).median()
    numbers = {f"median_{name}": float(value) for name, value in now.dropna().items()}
    if last is None:
        return Found(True, _nothing_before(last), numbers)
    # The year before may have been made without an indicator of a plugin that was added since.
    with open_parquet(last.store.path(last.tables["product_indicators"], last.year)) as parquet:
        names = [name for name in names if name in parquet.schema_arrow.names]
    moved = (now - last.read("product_indicators", names).median()).abs().dropna().sort_values(ascending=False)
    if moved.empty:
        return Found(True, "no indicator has a median in this year and in the year before", numbers)
    bound = step.settings.check_indicator_change
    far = moved[moved > bound]
    return Found(
        far.empty,
        f"the median of {moved.index[0]} moved most, by {moved.iloc[0]:.3f}; {bound:g} is expected at most",
        numbers | {"largest_move": float(moved.iloc[0])},
        far.rename("moved").rename_axis("indicator").reset_index() if len(far) else None,
    )


def links_calibrated(step: Step, _: Step | None) -> Found:
    """Check that the test of links gives pairs that nobody proposed uniform p-values."""
    table = step.read("link_calibration")
    found = uniformity(table["p_value"])
    numbers = {"pairs": found.n, "share_below_0.05": found.share_below, "kolmogorov_smirnov_distance": found.distance}
    return Found(
        found.verdict != "uncalibrated",
        calibration_words(table),
        numbers if found.n else {"pairs": 0},
        table.sort_values(["p_value", "input", "output"]).head(_SHOWN) if found.verdict == "uncalibrated" else None,
    )


def claims_complete(step: Step, _: Step | None) -> Found:
    """Look for claims that lack a choice they depend on, and compare the headline made again with the findings."""
    table, findings = step.read("robust_claims"), step.read("findings").set_index("claim_id")
    if not step.settings.robust_claims:
        return Found(table.empty, "off: the setting robust_claims names no choice", {"rows": len(table)})
    asked = choices_of(step.settings, step.read("classified_products"), step.read("economies"))
    wanted = {(claim.id, one.name, one.value) for one in asked for claim in CLAIMS if claim.kind in one.kinds}
    there = set(table[["claim_id", "choice", "value"]].itertuples(index=False, name=None))
    again = table[table["choice"] == HEADLINE_CHOICE].set_index("claim_id").reindex(findings.index)
    numbers = ["estimate", "ci_low", "ci_high"]
    apart = (again["verdict"] != findings["verdict"]) | ~np.isclose(
        again[numbers], findings[numbers], rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True
    ).all(axis=1)
    missing, unasked = len(wanted - there), len(there - wanted)
    return Found(
        not missing and not unasked and not apart.any(),
        f"{len(there)} claims under choices, {missing} missing, {unasked} not asked for; the headline made again "
        f"differs from the findings in {int(apart.sum())} of {len(findings)} claims",
        {"rows": len(table), "missing": missing, "not_asked_for": unasked, "headlines_apart": int(apart.sum())},
        again[apart][["verdict", *numbers]].reset_index() if apart.any() else None,
    )


CHECKS = (
    *GUARDS,
    Check(
        "trade_flows",
        "rows_conserved",
        ("raw_trade", "product_concordance", "economies", "excluded_flows"),
        error=True,
        about="The flows have the value of the rows in raw trade, less trade within a country or a merged economy and "
        "what is known to be another good.",
        to_do="Look for a country code that the country table lacks; else report it: a computation loses rows.",
        look=rows_conserved,
    ),
    Check(
        "product_totals",
        "world_total",
        (),
        error=False,
        about="World exports changed by no more than check_world_change from the year before.",
        to_do="Compare with published totals. A year cut off while it was copied, or another unit, looks like this.",
        look=world_total,
    ),
    Check(
        "country_totals",
        "countries_covered",
        ("raw_trade", "economies"),
        error=False,
        about="Countries of the year before that are gone are at most check_lost_countries of their number and had at "
        "most check_lost_trade of its trade.",
        to_do="See which are missing: a country that merged, a code that changed, or a file that lacks reporters.",
        look=countries_covered,
    ),
    Check(
        "trade_flows",
        "largest_exporter",
        (),
        error=False,
        about="The shares of value that the largest exporters of this year and the year before have moved by no more "
        "than check_exporter_change.",
        to_do="Look at its largest products: a code that changed its meaning moves value in one product only.",
        look=largest_exporter,
    ),
    Check(
        "classified_products",
        "set_unchanged",
        (),
        error=False,
        about="The product set and its stages are those that somebody accepted last.",
        to_do="Read the changes. If they are right: `reeassets accept`, then run this check again.",
        look=set_unchanged,
    ),
    Check(
        "link_calibration",
        "links_calibrated",
        (),
        error=False,
        about="The test of links gives pairs that nobody proposed no more small p-values than a uniform distribution "
        "has (one-sided Kolmogorov-Smirnov p of at least 0.01).",
        to_do="Believe no evidence on links: while it fails none is validated. The network is made by votes and stays.",
        look=links_calibrated,
    ),
    Check(
        "product_indicators",
        "identities",
        (),
        error=True,
        about="Systemic risk is the sum of its direct and indirect part and at most the multi-tier risk; influence is "
        "at least the share of world exports.",
        to_do="Report it, with the rows shown: a solver did not converge, or a plugin replaced an indicator.",
        look=identities,
    ),
    Check(
        "product_indicators",
        "typical_values",
        (),
        error=False,
        about="The median of each bounded indicator moved by no more than check_indicator_change.",
        to_do="Compare with the trade checks of the year: a wrong file moves totals too, a new formula only this.",
        look=typical_values,
    ),
    Check(
        "robust_claims",
        "claims_complete",
        ("findings", "classified_products", "economies"),
        error=False,
        about="Every claim has a row for every choice it depends on; the headline made again is that of the findings.",
        to_do="Make robust_claims again. If it stays, report it: a choice is not computed as the tables are.",
        look=claims_complete,
    ),
)
