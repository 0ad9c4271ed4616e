"""Delete old runs from Dagster's records, keeping every run that made what is there now.

``REEASSETS_HOME=/var/lib/reeassets DAGSTER_HOME=/var/lib/reeassets/dagster python deploy/delete_old_runs.py --days 90``

Deleting a run deletes what it recorded. A partition whose last materialisation is no longer recorded would be made
again by the next ``reeassets run``, so such runs stay, however old. Tables, warehouse and report are not touched.
"""

import argparse
from datetime import UTC, datetime, timedelta

import dagster as dg

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def needed(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that hold the last materialisation of any partition of any asset."""
    runs = set()
    for key in instance.get_asset_keys():
        seen: set[str | None] = set()
        cursor = None
        while True:
            page = instance.fetch_materializations(key, limit=1000, cursor=cursor)
            for record in page.records:
                if record.partition_key not in seen:
                    seen.add(record.partition_key)
                    runs.add(record.run_id)
            if not page.has_more:
                break
            cursor = page.cursor
    return runs


def delete_old_runs(instance: dg.DagsterInstance, days: float) -> tuple[int, int]:
    """Delete runs that ended more than some days ago; return how many were deleted and how many old ones kept."""
    before = datetime.now(UTC) - timedelta(days=days)
    old = [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_ENDED, created_before=before))]
    keep = needed(instance).intersection(old)
    for run in old:
        if run not in keep:
            instance.delete_run(run)
    return len(old) - len(keep), len(keep)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=90, help="delete runs older than this (90)")
    with dg.DagsterInstance.get() as records:
        deleted, kept = delete_old_runs(records, parser.parse_args().days)
    print(f"{deleted} runs deleted; {kept} old ones kept, which made what is there now")
