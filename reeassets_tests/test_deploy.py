"""What the installation guide hands out: old runs are deleted, and never those that made what is there now."""

import importlib.util
import shutil
import subprocess
import sys

import dagster as dg
import pytest
import yaml
from typer.testing import CliRunner

from reeassets.cli import app
from reeassets.platform.instance import dagster_home
from reeassets.settings import Settings

from .conftest import REPOSITORY, reeassets
from .processes import clean_environment


def _script():
    spec = importlib.util.spec_from_file_location("delete_old_runs", REPOSITORY / "deploy" / "delete_old_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_old_runs_are_deleted_but_not_those_that_made_what_is_there(finished, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(finished[0], home)
    reeassets("run", "--force", home=home, REEASSETS_YEARS="2022-2023")
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        script = _script()
        before = {run.run_id for run in instance.get_runs()}
        assert script.delete_old_runs(instance, days=1) == (0, 0)
        needed = script.needed(instance)
        deleted, kept = script.delete_old_runs(instance, days=0)
        after = {run.run_id for run in instance.get_runs()}
    assert deleted == len(before - needed)
    assert after == needed
    assert kept == len(needed)
    # Nothing has lost the record that says how it was made.
    again = reeassets("run", home=home, REEASSETS_YEARS="2022-2023").stdout
    assert "nothing was out of date" in again


def test_the_services_start_what_is_installed():
    for name, program in (("webserver", "dagster-webserver"), ("daemon", "dagster-daemon")):
        unit = (REPOSITORY / "deploy" / f"reeassets-{name}.service").read_text()
        (command,) = [line.split("=", 1)[1] for line in unit.splitlines() if line.startswith("ExecStart=")]
        path, *arguments = command.split()
        assert path == f"/opt/reeassets/.venv/bin/{program}"
        assert "/opt/reeassets/workspace.yaml" in arguments
        printed = subprocess.run(
            [sys.executable.rsplit("/", 1)[0] + f"/{program}", *(["run"] if name == "daemon" else []), "--help"],
            capture_output=True,
            text=True,
            env=clean_environment(),
            check=True,
        ).stdout
        for option in (argument for argument in arguments if argument.startswith("-")):
            assert option in printed, option


def test_commands_run_as_the_services_do(tmp_path):
    (tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "systemd-run").chmod(0o755)
    called = subprocess.run(
        [REPOSITORY / "deploy" / "as-reeassets", "reeassets", "run", "--years", "2007, 2009"],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
    ).stdout.splitlines()
    assert called[-4:] == ["/opt/reeassets/.venv/bin/reeassets", "run", "--years", "2007, 2009"]
    given = dict(argument.lstrip("-").split("=", 1) for argument in called[:-4] if "=" in argument)
    environment = {argument.split("=", 1)[1] for argument in called if argument.startswith("--setenv=")}
    for name in ("webserver", "daemon"):
        unit = (REPOSITORY / "deploy" / f"reeassets-{name}.service").read_text().splitlines()
        assert f"User={given['uid']}" in unit
        assert f"WorkingDirectory={given['working-directory']}" in unit
        assert given["property"] in unit
        assert environment == {line.split("=", 1)[1] for line in unit if line.startswith("Environment=")}


def test_no_command_of_the_guide_goes_without_the_environment_of_the_services():
    guide = (REPOSITORY / "docs" / "INSTALL.md").read_text()
    blocks = "".join(guide.split("```")[1::2])
    assert "sudo as-reeassets reeassets run" in blocks
    # Only what installs may: it opens no records.
    plain = [line.split("#")[0].split() for line in blocks.splitlines() if "sudo -u reeassets " in line]
    assert {words[3] for words in plain} == {"make", "git"}
    assert not [line for line in blocks.splitlines() if ".venv/bin" in line]


def test_postgresql_differs_from_sqlite_in_the_storage_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    sqlite = yaml.safe_load((dagster_home(tmp_path) / "dagster.yaml").read_text())
    postgres = yaml.safe_load((REPOSITORY / "deploy" / "dagster-postgres.yaml").read_text())
    # Ticks of many sensors are what fills a database for years.
    assert set(postgres) - set(sqlite) == {"storage", "retention"}
    assert {name: postgres[name] for name in sqlite} == sqlite


@pytest.fixture
def make(tmp_path):
    """Call the Makefile where everything is installed and programs only say how they are called; return that."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "reeassets").write_text('#!/bin/sh\necho called "$@"\n')
    (programs / "reeassets").chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml", ".venv/.ready"):
        (tmp_path / name).touch()

    def call(*arguments):
        done = subprocess.run(["make", "-C", tmp_path, *arguments], capture_output=True, text=True, check=True)
        return [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("called ")]

    return call


@pytest.mark.parametrize(
    ("written", "source", "years"),
    [
        (None, "sample", tuple(range(2007, 2024))),
        ('source = "baci"\nyears = "2018-2024"\n', "baci", (*range(2018, 2025),)),
    ],
)
def test_make_run_computes_the_sample_in_a_new_home_and_keeps_the_settings_of_another(
    make, tmp_path, monkeypatch, written, source, years
):
    home = tmp_path / "home"
    if written is not None:
        home.mkdir()
        (home / "settings.toml").write_text(written)
    (called,) = make("run", f"HOME_DIR={home}")

    def remember(settings, *_, **__):
        settings.remember()
        return 0

    monkeypatch.setenv("REEASSETS_HOME", str(home))
    monkeypatch.setattr("reeassets.console.run.run_and_report", remember)
    assert CliRunner().invoke(app, called, catch_exceptions=False).exit_code == 0
    remembered = Settings(home=home)
    assert (remembered.source, remembered.product_set, remembered.years) == (source, "critical33", years)


def test_an_upgrade_installs_without_computing(make):
    assert make("install") == []
    guide = (REPOSITORY / "docs" / "INSTALL.md").read_text()
    upgrade = guide.split("\n## Upgrade\n")[1].split("\n## ")[0]
    assert "make -C /opt/reeassets install" in upgrade
    assert "make -C /opt/reeassets run" not in upgrade
