"""Results of checks, one a partition: what Dagster needs to know to show each year's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

# Dagster exports no name for it, and without it a year's result counts as that of an earlier materialisation.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from reeassets.tables import Partition


def targets(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Sequence[Partition]
) -> dict[Partition, Target | None]:
    """Return the latest materialisation of each partition, which a check of it is about."""
    if list(partitions) == [None]:
        latest = instance.fetch_materializations(key, limit=1).records
        return {None: _target(latest[0])} if latest else {None: None}
    wanted = {str(partition): partition for partition in partitions}
    found: dict[Partition, Target | None] = dict.fromkeys(partitions)
    cursor = None
    while None in found.values():
        asked = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(wanted))
        page = instance.fetch_materializations(asked, limit=2 * len(wanted), cursor=cursor)
        for record in page.records:
            partition = wanted[str(record.partition_key)]
            found[partition] = found[partition] or _target(record)
        if not page.has_more:
            break
        cursor = page.cursor
    return found


def _target(record: dg.EventLogRecord) -> Target:
    return Target(storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp)


def evaluation(
    check: dg.AssetCheckKey,
    partition: Partition,
    *,
    passed: bool,
    description: str,
    metadata: Mapping[str, Any],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    target: Target | None = None,
) -> dg.AssetCheckEvaluation:
    """Return a check's result for one partition: a run over many has one each."""
    return dg.AssetCheckEvaluation(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=passed,
        description=description,
        metadata=metadata,
        severity=severity,
        blocking=severity is dg.AssetCheckSeverity.ERROR,
        partition=None if partition is None else str(partition),
        target_materialization_data=target,
    )
