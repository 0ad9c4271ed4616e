"""What is told of a failed run: a file in the home that says why and what to do, and a message to a webhook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
from pydantic import SecretStr

from reeassets.settings import Settings
from reeassets.storage import replacing

_TIMEOUT = 10.0


@dataclass(frozen=True)
class Report:
    """The report of a failed run.

    Attributes
    ----------
    path : Path
        The file it is written to.
    run, job, covers : str
        Id of the run, its job, and its partitions.
    causes : list of str
        Why each step failed, and why the report itself could not be written if it could not.
    """

    path: Path
    run: str
    job: str
    covers: str
    causes: list[str]


def cause(event: dg.DagsterEvent) -> str:
    """Return why a step failed: what was raised inside Dagster's own errors, which names file, place and reason."""
    error = getattr(event.event_specific_data, "error", None)
    while error is not None and error.cause is not None and str(error.cls_name).startswith("Dagster"):
        error = error.cause
    failure = getattr(event.event_specific_data, "user_failure_data", None)
    text = failure.description if failure is not None else (error.message if error else event.message)
    return f"{event.step_key}: {text}".strip()


def _covers(tags: Mapping[str, str]) -> str:
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    return tags.get("dagster/partition") or (f"{first} to {last}" if first != last else first) or "no partition"


def report(settings: Settings, context: dg.RunFailureSensorContext) -> Report:
    """Return the report of a failed run, to be written to ``<home>/failures``.

    Parameters
    ----------
    settings : Settings
        The home.
    context : dagster.RunFailureSensorContext
        The run, and why it failed.
    """
    run = context.dagster_run
    return Report(
        settings.home / "failures" / f"{run.run_id}.md",
        run.run_id,
        run.job_name,
        _covers(run.tags),
        [cause(event) for event in context.get_step_failure_events()] or [context.failure_event.message or "unknown"],
    )


def write(found: Report, settings: Settings) -> None:
    """Write a report to its file; raises OSError if that is impossible."""
    with replacing(found.path) as temporary:
        temporary.write_text(_text(found, settings), encoding="utf-8")


def _text(found: Report, settings: Settings) -> str:
    causes = "\n".join(f"- {text}" for text in found.causes)
    return f"""# Run {found.run} failed

| | |
|---|---|
| job | {found.job} |
| partitions | {found.covers} |
| reported | {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC |
| home | {settings.home} |

## Why

{causes}

## What to do

Nothing unchecked was written: every partition is as it was before, or made and checked. Remove the cause, then start
the same run again (Runs, "Re-execute from failure"), or call `reeassets run --home {settings.home}`, which makes
what is out of date and nothing else. The whole log is in the UI under /runs/{found.run}; docs/OPERATIONS.md says more.
"""


def post(webhook: SecretStr, found: Report) -> str:
    """Post a report to a webhook and say how that went; a webhook that fails is told of and stops nothing.

    The address may hold a token: only its host is ever named.
    """
    import requests

    address = webhook.get_secret_value()
    host = urlsplit(address).hostname or "the webhook"
    message = {
        "text": f"reeassets: run {found.run} ({found.job}, {found.covers}) failed. " + " ".join(found.causes),
        "run": found.run,
        "job": found.job,
        "partitions": found.covers,
        "causes": found.causes,
    }
    headers = {"Content-Type": "application/json"}
    try:
        answer = requests.post(address, data=json.dumps(message), headers=headers, timeout=_TIMEOUT)
    except (requests.RequestException, ValueError) as problem:
        return f"{host} was not told of the failed run: {type(problem).__name__}"
    return f"{host} was told of the failed run and answered with HTTP status {answer.status_code}"
