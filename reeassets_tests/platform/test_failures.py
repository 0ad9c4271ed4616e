"""A failed run is told of in the home, and to a webhook that may itself fail."""

import json
import tomllib

import dagster as dg
import pytest

from reeassets.platform.build import build_defs
from reeassets.platform.instance import dagster_home
from reeassets.settings import Settings

TOKEN = "a-secret-token"


@pytest.fixture
def fail(make_graph, silent, calls):
    """Let a run fail, evaluate the sensor for it, and return the run's id and what the sensor logged."""

    def once(caplog, **settings):
        graph = make_graph(**settings)
        dagster_home(graph.settings.home)
        defs = build_defs(graph=graph, resource_overrides={"progress": silent})
        calls.add[2020] = 1000
        with dg.DagsterInstance.get() as instance:
            result = defs.resolve_job_def("full_refresh").execute_in_process(instance=instance, raise_on_error=False)
            (event,) = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
            context = dg.build_run_status_sensor_context(
                "failed_runs", dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
            ).for_run_failure()
            (sensor,) = [sensor for sensor in defs.sensors if sensor.name == "failed_runs"]
            sensor(context)
        return graph.settings.home / "failures" / f"{result.run_id}.md"

    return once


def test_the_report_says_why_and_what_to_do(fail, caplog):
    text = fail(caplog).read_text()
    assert "| job | full_refresh |" in text
    assert "| partitions | 2019 to 2022 |" in text
    assert "column n: rule less_than_or_equal_to(100) broken 1 time(s)" in text
    assert "## What to do" in text


def test_a_webhook_is_told(fail, caplog, web):
    web.pages[f"/{TOKEN}"] = (200, "text/plain", b"ok")
    fail(caplog, failure_webhook=f"{web.url}/{TOKEN}")
    ((method, path, body),) = web.asked
    assert (method, path) == ("POST", f"/{TOKEN}")
    told = json.loads(body)
    assert told["job"] == "full_refresh"
    assert "broken 1 time(s)" in told["text"]


def test_a_webhook_is_told_when_the_report_cannot_be_written(fail, caplog, web, make_graph):
    web.pages[f"/{TOKEN}"] = (200, "text/plain", b"ok")
    home = make_graph().settings.home
    home.mkdir(parents=True, exist_ok=True)
    (home / "failures").write_text("a file where the folder belongs stands for a disk that takes nothing")
    with pytest.raises(FileExistsError):
        fail(caplog, failure_webhook=f"{web.url}/{TOKEN}")
    ((_, _, body),) = web.asked
    why, not_written = json.loads(body)["causes"]
    assert "broken 1 time(s)" in why
    assert not_written.startswith("the report of the failed run could not be written: ")
    assert str(home / "failures") in not_written


@pytest.mark.parametrize("address", ["{url}/" + TOKEN, "http://127.0.0.1:9/" + TOKEN, "no address " + TOKEN])
def test_a_webhook_that_fails_stops_nothing_and_its_address_is_never_shown(fail, caplog, capfd, web, address):
    written = fail(caplog, failure_webhook=address.format(url=web.url))
    assert written.exists()
    assert TOKEN not in written.read_text()
    assert TOKEN not in caplog.text
    out, err = capfd.readouterr()
    assert TOKEN not in out + err


def test_the_secret_is_neither_shown_nor_written_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("REEASSETS_FAILURE_WEBHOOK", f"https://example.org/{TOKEN}")
    settings = Settings(home=tmp_path)
    assert TOKEN not in str(settings) + repr(settings) + json.dumps(settings.model_dump(mode="json"), default=str)
    settings.remember()
    assert TOKEN not in settings.settings_file.read_text()


def test_a_secret_in_the_settings_file_stays_there(tmp_path):
    (tmp_path / "settings.toml").write_text(f'failure_webhook = "https://example.org/{TOKEN}"\n')
    Settings(home=tmp_path, pass_through=0.5).remember()
    kept = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert kept == {"failure_webhook": f"https://example.org/{TOKEN}", "pass_through": 0.5}
