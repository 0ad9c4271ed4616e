"""Schedules, sensors and automation once with Dagster's own daemon, as the service runs it.

The other tests call the same definitions through Dagster's entry points for tests. Here nothing is called: files are
put where users put them, a schedule's hour comes, and what happens is read from the records of runs.
"""

import contextlib
import json
import os
import re
import signal
import time
import zipfile
from datetime import UTC, datetime, timedelta
from unittest import mock

import dagster as dg

from reeassets.platform.automation import FOLLOW_INPUTS
from reeassets.platform.instance import dagster_home
from reeassets.platform.selections import BACKFILL, FULL_REFRESH, RECLASSIFY, REFRESH_YEAR, RELEASE_CHECK, SHOCKS
from reeassets.years import parse_years

from ..platform.conftest import Web

_MODULE = ("-m", "reeassets.definitions")
_LONGEST = 600.0
_SETTINGS = """\
source = "baci"
product_set = "world168"
inbox_rest = 2.0
release_url = "{url}"
failure_webhook = "{url}/hook"
"""


class Live:
    """A home with Dagster's daemon at work on it, and what the daemon has recorded."""

    def __init__(self, bench, web):
        self.bench, self.web, self.home = bench, web, bench.folder / "live"
        self.years = tuple(str(year) for year in parse_years(bench.years))
        (self.home / "inbox").mkdir(parents=True)
        (self.home / "settings.toml").write_text(_SETTINGS.format(url=web.url))
        with mock.patch.dict(os.environ):
            self.variables = {"DAGSTER_HOME": str(dagster_home(self.home))}
        self.instance = dg.DagsterInstance.from_config(self.variables["DAGSTER_HOME"])

    @contextlib.contextmanager
    def daemon(self, days_ahead=0.0):
        """Run the daemon, if wanted on another day."""
        process = self.bench.start(
            self.home, "run", *_MODULE, module="dagster._daemon", days_back=-days_ahead, **self.variables
        )
        try:
            yield process
        finally:
            process.terminate()
            process.join(60)
            process.kill()

    def dagster(self, *arguments):
        self.bench.run(self.home, *arguments, module="dagster", **self.variables)

    def runs(self, **filters):
        return self.instance.get_runs(dg.RunsFilter(**filters))

    def ended(self, count=1, **filters):
        """Wait for runs to end and return them."""
        wait(lambda: len([run for run in self.runs(**filters) if run.is_finished]) >= count, f"{count} of {filters}")
        return [run for run in self.runs(**filters) if run.is_finished]

    def ticks(self, sensor):
        """Return how often a sensor was evaluated to the end."""
        states = [state for state in self.instance.all_instigator_state() if state.instigator_name == sensor]
        return sum(
            tick.is_completed
            for state in states
            for tick in self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
        )

    def rest(self, sensor, ticks):
        """Wait until a sensor has looked so many times more and all runs have ended."""
        until = self.ticks(sensor) + ticks
        wait(lambda: self.ticks(sensor) >= until, f"{ticks} ticks of {sensor}")
        wait(lambda: all(run.is_finished for run in self.runs()), "the end of all runs")

    def made(self, stage, table):
        """Return when each year of a table was last recorded as made."""
        key = dg.AssetKey([stage, table])
        return {
            year: self.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, asset_partitions=[year]), limit=1
            )
            .records[0]
            .timestamp
            for year in self.years
        }


def wait(condition, what, longest=_LONGEST):
    until = time.monotonic() + longest
    while not condition():
        assert time.monotonic() < until, f"waited {longest} s for {what}"
        time.sleep(1)


def succeeded(run):
    assert run.status == dg.DagsterRunStatus.SUCCESS, (run.job_name, run.status, run.tags)
    return run


def _inbox(live, archive):
    """A new archive starts its years and then the scenarios; touching and renaming it starts nothing."""
    kept = archive.rename(live.home / "inbox" / archive.name)
    # There is no classification yet, which `backfill` would leave as it is.
    (first,) = live.ended(job_name=FULL_REFRESH)
    assert succeeded(first).tags["dagster/asset_partition_range_start"] == live.years[0]
    assert first.tags["dagster/asset_partition_range_end"] == live.years[-1]
    succeeded(live.ended(job_name=SHOCKS)[0])
    assert (live.home / "warehouse" / "reeassets.duckdb").exists()
    before = len(live.runs())
    kept = kept.rename(kept.with_name("renamed.zip"))
    kept.touch()
    live.rest("inbox", ticks=3)
    assert len(live.runs()) == before
    return kept


def _automation(live):
    """With the sensor switched on, what is downstream of a year made by hand follows, and only that year."""
    live.dagster("sensor", "start", FOLLOW_INPUTS, *_MODULE)
    live.rest(FOLLOW_INPUTS, ticks=1)
    before, runs = live.made("indicators", "product_indicators"), len(live.runs())
    live.dagster("asset", "materialize", "--select", "trade/raw_trade", "--partition", "2022", *_MODULE)
    wait(lambda: live.made("indicators", "product_indicators")["2022"] > before["2022"], "indicators of 2022")
    live.rest(FOLLOW_INPUTS, ticks=2)
    live.dagster("sensor", "stop", FOLLOW_INPUTS, *_MODULE)
    after = live.made("indicators", "product_indicators")
    assert {year for year in live.years if after[year] > before[year]} == {"2022"}
    started = [run for run in live.runs() if run.tags.get("reeassets/started_by") == FOLLOW_INPUTS]
    assert started
    assert len(live.runs()) == runs + 1 + len(started)
    return [succeeded(run) for run in started]


def _killed(live):
    """A run whose process is killed is closed, started again, and ends well."""
    tags = json.dumps({"dagster/partition": "2022"})
    live.dagster("job", "launch", *_MODULE, "-j", REFRESH_YEAR, "--tags", tags)
    (run,) = live.runs(job_name=REFRESH_YEAR)

    def process():
        found = live.instance.get_run_by_id(run.run_id)
        assert not found.is_finished, found.status
        return found.tags.get("reeassets/process")

    wait(process, "the process of a run")
    os.kill(int(process().partition(".")[0]), signal.SIGKILL)
    live.ended(2, job_name=REFRESH_YEAR)
    again, killed = live.runs(job_name=REFRESH_YEAR)
    assert killed.status == dg.DagsterRunStatus.FAILURE
    assert succeeded(again).parent_run_id == killed.run_id == run.run_id
    wait((live.home / "failures" / f"{killed.run_id}.md").exists, "the report of the killed run")
    live.rest("inbox", ticks=1)


def _failure(live, archive):
    """A year with a broken row fails; the report names it, the webhook is told, the table stays as it was."""
    path = live.home / "tables" / "trade" / "raw_trade" / "2023.parquet"
    good, before = path.read_bytes(), len(live.runs(job_name=BACKFILL))
    broken = live.home / "broken.tmp"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(broken, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            data = source.read(member)
            if "Y2023" in member.filename:
                data = re.sub(rb"(?m)^(2023,\d+,\d+,\d+),[^,]*,", rb"\1,much,", data)
            target.writestr(member, data)
    archive.unlink()
    broken.rename(archive)
    run = live.ended(before + 1, job_name=BACKFILL)[0]
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/asset_partition_range_start"] == "2023"
    report = live.home / "failures" / f"{run.run_id}.md"
    wait(report.exists, "the report of the failed run")
    assert "much" in report.read_text()
    wait(lambda: any(path == "/hook" and run.run_id.encode() in body for _, path, body in live.web.asked), "webhook")
    assert path.read_bytes() == good


def _schedules(live):
    """On 1 January at six both schedules are due, that of the month before as well: both runs end well."""
    live.dagster("schedule", "start", "--start-all", *_MODULE)
    now = datetime.now(UTC)
    december = datetime(now.year + (now.month == 12), 12, 1, tzinfo=UTC)
    due = datetime(december.year + 1, 1, 1, 5, 59, 50, tzinfo=UTC)
    with live.daemon(days_ahead=(due - now) / timedelta(days=1)):
        for job in (RECLASSIFY, RELEASE_CHECK):
            for run in live.ended(job_name=job):
                assert succeeded(run).tags["dagster/schedule_name"]
    assert any(method == "HEAD" for method, *_ in live.web.asked)


def live(bench):
    """Run the daemon on an empty home, let everything happen that starts runs by itself, and return what it counted."""
    web = Web()
    web.pages["/hook"] = (200, "text/plain", b"thanks")
    archive = bench.folder / "BACI_HS07_V202601.zip"
    world = ("--countries", "40", "--products", "300", "--rows-per-year", "90000", "--seed", "1")
    bench.run(bench.folder, "world", "--out", str(archive), "--years", bench.years, *world)
    try:
        found = Live(bench, web)
        with found.daemon():
            kept = _inbox(found, archive)
            followed = _automation(found)
            _killed(found)
            _failure(found, kept)
        _schedules(found)
        return {"runs": len(found.runs()), "of these by automation": len(followed)}
    finally:
        web.server.shutdown()
        web.server.server_close()
