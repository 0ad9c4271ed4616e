"""Jobs."""

from typing import Any

import dagster as dg

FULL_REFRESH = "full_refresh"


def build_jobs() -> list[Any]:
    """Return the jobs of the platform."""
    return [
        dg.define_asset_job(
            FULL_REFRESH,
            selection=dg.AssetSelection.all(),
            description="Everything, for a year or a range of years: raw trade to findings, warehouse and report.",
        )
    ]
