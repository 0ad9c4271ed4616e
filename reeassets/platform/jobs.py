"""Jobs: what a person, a schedule or a sensor starts as one run.

Here belongs which assets a run makes, under which name, with which tags; and the one job that makes no asset, asking
for a new release. When a job starts by itself is said in ``schedules`` and ``sensors``.

Dagster gives a run partitions of one kind. So the jobs over years leave the scenarios out; what holds both, such as the
warehouse, they make without scenarios of earlier data, or leave to the job `shocks` as well. That makes the scenarios,
and what holds them; a sensor starts it after each job over years.
"""

import re
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from reeassets.platform.factory import asset_key
from reeassets.platform.graph import Graph
from reeassets.platform.selections import (
    BACKFILL,
    FULL_REFRESH,
    MODELS_ONLY,
    RECLASSIFY,
    REFRESH_YEAR,
    RELEASE_CHECK,
    SHOCKS,
    selections,
)
from reeassets.tables import Partition

# A run whose process died is started again, where it stopped. A rule that is broken stays broken: that is not.
_RETRIES = {
    "dagster/max_retries": "2",
    "dagster/retry_strategy": "FROM_FAILURE",
    "dagster/retry_on_asset_or_op_failure": "false",
}


def range_tags(partitions: tuple[Partition, ...]) -> dict[str, str]:
    """Return the tags that make a run cover neighbouring partitions."""
    return {
        "dagster/asset_partition_range_start": str(partitions[0]),
        "dagster/asset_partition_range_end": str(partitions[-1]),
    }


_ABOUT: dict[str, tuple[str, int]] = {
    FULL_REFRESH: (
        "Everything for all years in one run, from votes and raw trade to findings. The job `shocks` follows, with "
        "scenarios, warehouse and report.",
        -1,
    ),
    REFRESH_YEAR: (
        "One year: its raw trade, everything downstream of it, and the results over all years. The job `shocks` "
        "follows. The classification of products is left as it is.",
        1,
    ),
    BACKFILL: (
        "A range of years in one run, each year recorded and checked by itself, then the results over all years. The "
        "job `shocks` follows. The other years are left as they are.",
        0,
    ),
    MODELS_ONLY: ("The regressions and findings, and warehouse and report, which show them. No trade is read.", 1),
    RECLASSIFY: ("Votes on products and links, anew; nothing that depends on trade. Then run `full_refresh`.", 0),
    SHOCKS: ("What-if scenarios, all or a range of them, and what holds them: the warehouse, the report.", 1),
}


def build_jobs(graph: Graph) -> list[Any]:
    """Return the jobs of the platform; one that would make nothing is left out."""
    jobs: list[Any] = [release_check(graph)]
    everything: dict[str, tuple[Partition, ...]] = {FULL_REFRESH: graph.settings.years, SHOCKS: graph.scenarios}
    for name, selected in selections(graph).items():
        about, priority = _ABOUT[name]
        if not selected:
            continue
        # Without a choice of partitions these two cover all; a choice made in the UI takes precedence.
        whole = range_tags(everything[name]) if everything.get(name) else {}
        jobs.append(
            dg.define_asset_job(
                name,
                selection=dg.AssetSelection.assets(*(asset_key(graph.output(made)) for made in sorted(selected))),
                description=about,
                # Not `run_tags`: `dagster job launch` gives a run these alone.
                tags={"reeassets/job": name, "dagster/priority": str(priority), **_RETRIES, **whole},
                owners=[graph.settings.owner],
            )
        )
    return jobs


def newer_versions(known: str | None, today: datetime) -> list[str]:
    """Return the names that a release after a known one can have, oldest first.

    CEPII names a release after the month it is made in, January or February, with a letter if it is corrected.

    Parameters
    ----------
    known : str or None
        Version of the data in use, e.g. ``V202601``; None if they have none.
    today : datetime
        Releases of later years do not exist.
    """
    first = int(known[1:5]) if known else today.year
    names = [
        f"V{year}{month}{letter}"
        for year in range(first, today.year + 1)
        for month in ("01", "02")
        for letter in ("", "b")
    ]
    return [name for name in names if known is None or name > known]


def release_check(graph: Graph) -> dg.JobDefinition:
    """Return the job that asks CEPII's server for a newer release; it downloads one only if a setting says so."""
    settings = graph.settings

    @dg.op(name="ask_for_release", description="Ask for the headers of the archives that a newer release would have.")
    def ask(context: dg.OpExecutionContext) -> None:
        from reeassets.trade.fetch import BASE_URL, fetch_baci, is_released

        source = graph.source
        match = re.search(r"V\d{6}[a-z]?", source.version)
        known, base_url = match[0] if match else None, settings.release_url or BASE_URL
        asked = newer_versions(known, datetime.now(UTC))
        found = [name for name in asked if is_released(source.nomenclature, name, base_url=base_url)]
        newest = found[-1] if found else None
        command = (
            f"reeassets fetch baci --nomenclature {source.nomenclature} --version {newest} --to {settings.inbox_folder}"
        )
        context.log_event(
            dg.AssetObservation(
                dg.AssetKey(["trade", "raw_trade"]),
                description=f"New release {newest}" if newest else "No release newer than the data in use",
                metadata={"in_use": known or "unknown", "newest": newest or known or "none", "asked": ", ".join(asked)},
            )
        )
        if newest is None:
            context.log.info(f"no release newer than {known}; asked for {', '.join(asked)}")
        elif settings.fetch_releases:
            fetched = fetch_baci(source.nomenclature, newest, settings.inbox_folder, base_url=base_url)
            context.log.info(f"{newest} is in the inbox: {fetched.path}")
        else:
            context.log.warning(f"CEPII has released {newest}; to get it: {command}")

    @dg.job(
        name=RELEASE_CHECK,
        description="Ask CEPII's server for a release newer than the data in use. Nothing is downloaded unless the "
        "setting fetch_releases says so; the answer is an observation of raw_trade.",
        tags={"reeassets/job": RELEASE_CHECK, **_RETRIES},
        owners=[settings.owner],
    )
    def check() -> None:
        ask()

    return check
