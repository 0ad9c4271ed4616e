"""Jobs."""

from typing import Any

import dagster as dg

FULL_REFRESH = "full_refresh"
SHOCKS = "shocks"

# One run has partitions of one kind: the years end where the scenarios begin.
_AFTER_SCENARIOS = dg.AssetSelection.groups("shocks", "report")


def build_jobs() -> list[Any]:
    """Return the jobs of the platform."""
    return [
        dg.define_asset_job(
            FULL_REFRESH,
            selection=dg.AssetSelection.all() - _AFTER_SCENARIOS,
            description="Raw trade to findings, for a year or a range of years; the job `shocks` goes on from there.",
        ),
        dg.define_asset_job(
            SHOCKS,
            selection=_AFTER_SCENARIOS,
            description="What-if scenarios, one or a range of them, then warehouse and report, which hold all of them.",
        ),
    ]
