"""Declarative automation: what an asset does by itself when its inputs change, and how old it may become.

Here belong the conditions and the sensor that evaluates them. The sensor is off until somebody switches it on: on a new
home nothing is computed that nobody asked for, and the jobs compute everything downstream anyway.
"""

from datetime import timedelta
from typing import Any

import dagster as dg

from reeassets.platform.graph import Graph
from reeassets.platform.recipe import Recipe
from reeassets.platform.selections import from_data

FOLLOW_INPUTS = "follow_inputs"


def follows_inputs(graph: Graph, made_by: Recipe) -> dg.AutomationCondition | None:
    """Return when something is made again: when an input was, unless one is missing, being made, or failed a check.

    A year (or scenario) follows the same year of its inputs, an old one as well as the latest. It follows an input
    without partitions, such as the links, only if the content of that changed: one year made again must not start the
    other sixteen. What has no inputs starts by hand, by a schedule or by the inbox.
    """
    if not made_by.inputs:
        return None
    condition = dg.AutomationCondition
    updated: Any = condition.any_deps_updated()
    waits: Any = condition.any_deps_missing() | condition.any_deps_in_progress() | condition.in_progress()
    if graph.output(made_by.name).dimension is not None:
        whole = [name for name in made_by.inputs if graph.tables[name].dimension is None]
        selection = dg.AssetSelection.assets(*([graph.tables[name].stage, name] for name in whole))
        changed = condition.any_deps_match(condition.data_version_changed()).allow(selection)
        # Not with the links of before: what is about to be made again itself is waited for.
        due = condition.any_deps_match(condition.any_deps_updated().since_last_handled()).allow(selection)
        updated, waits = updated.ignore(selection) | changed, waits | due
    failed = condition.any_deps_match(condition.any_checks_match(condition.check_failed(), blocking_only=True))
    return ((condition.newly_missing() | updated).since_last_handled() & ~waits & ~failed).with_label(
        "inputs changed, and none is missing, in progress, or failed a check"
    )


def freshness(graph: Graph, made_by: Recipe) -> dg.FreshnessPolicy | None:
    """Return how old something that depends on trade data may become: BACI is released once a year."""
    if made_by.name not in from_data(graph):
        return None
    longest = timedelta(days=graph.settings.fresh_days)
    return dg.FreshnessPolicy.time_window(fail_window=longest, warn_window=longest * 0.9)


def build_automation() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates the conditions of all assets."""
    return dg.AutomationConditionSensorDefinition(
        FOLLOW_INPUTS,
        target=dg.AssetSelection.all(),
        description="Makes what is downstream of an input that was made again. Off until switched on.",
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=60,
        tags={"reeassets/sensor": FOLLOW_INPUTS},
        run_tags={"reeassets/started_by": FOLLOW_INPUTS},
    )
