"""Schedules: what starts at a time of the calendar.

Here belongs when, and nothing else; what is started is a job. Every schedule is off until somebody switches it on, in
the UI or with ``dagster schedule start``.
"""

import dagster as dg

from reeassets.platform.selections import RECLASSIFY, RELEASE_CHECK
from reeassets.settings import Settings

# CEPII publishes in January or February; March is for corrections.
SEASON = "0 6 * 1-3 *"
# A month before the next release can come, so that its years are computed on the new classification.
BEFORE_SEASON = "0 4 1 12 *"


def build_schedules(settings: Settings, jobs: set[str]) -> list[dg.ScheduleDefinition]:
    """Return the schedules of the jobs that are there."""
    schedules = [
        dg.ScheduleDefinition(
            name="release_check_in_season",
            job_name=RELEASE_CHECK,
            cron_schedule=SEASON,
            description="Every morning from January to March: has CEPII released a new BACI? Asks, downloads nothing.",
            tags={"reeassets/schedule": "release_check_in_season"},
            owners=[settings.owner],
        ),
        dg.ScheduleDefinition(
            name="yearly_reclassification",
            job_name=RECLASSIFY,
            cron_schedule=BEFORE_SEASON,
            description="On 1 December: votes on products and links anew, before the release of January.",
            tags={"reeassets/schedule": "yearly_reclassification"},
            owners=[settings.owner],
        ),
    ]
    return [schedule for schedule in schedules if schedule.job_name in jobs]
