"""Dagster's own folder of a home."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reeassets.home import HomeError, require_folder, variable

if TYPE_CHECKING:
    from dagster import DagsterInstance

# What an earlier version wrote; a file that is still like this is replaced.
_EARLIER = """\
# Dagster's records of this home: runs, materialisations and checks, in SQLite beside this file.
telemetry:
  enabled: false
nux:
  enabled: false
"""

_INSTANCE_FILE = (
    _EARLIER
    + """\
# Runs at once; two that make the same partition take turns by themselves.
concurrency:
  runs:
    max_concurrent_runs: 4
# A run whose process died is closed, and started again if its job says so.
run_monitoring:
  enabled: true
run_retries:
  enabled: true
"""
)

_WORKSPACE = """\
load_from:
  - python_module:
      module_name: reeassets.definitions
      location_name: reeassets
"""


def workspace_file(folder: Path) -> Path:
    """Write the workspace that names the code location ``reeassets``, wherever the package is installed."""
    path = folder / "workspace.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != _WORKSPACE:
        path.write_text(_WORKSPACE, encoding="utf-8")
    return path


@contextlib.contextmanager
def records_open(instance: "DagsterInstance", run_id: str) -> Iterator[None]:
    """Keep a connection to the SQLite files that a run is recorded in, if it is in such files.

    Dagster opens one for every event, and SQLite folds its log into the file whenever the last one is closed: two
    seconds of a run over the sample.
    """
    history = Path(instance.root_directory) / "history"
    files = (history / "runs.db", history / "runs" / "index.db", history / "runs" / f"{run_id}.db")
    with contextlib.ExitStack() as held:
        for path in filter(Path.exists, files):
            # The resource of a run may be given back by another thread than made it.
            connection = sqlite3.connect(path, check_same_thread=False)
            held.callback(connection.close)
            # It counts once it has read.
            connection.execute("select count(*) from sqlite_master").fetchall()
        yield


def name_code_location(instance: "DagsterInstance", folder: Path, job: str) -> None:
    """Let the runs of a job in this process belong to the UI's code location.

    Runs without one are missing from the timeline, the UI's first page, and cannot be executed again there.
    """
    # Dagster gives such runs no location, and its way to say one is not public; its version is pinned.
    from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
    from dagster._core.remote_origin import RemoteRepositoryOrigin
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    (location,) = WorkspaceFileTarget([str(workspace_file(folder))]).create_origins()
    origin = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_job_origin(job)
    vars(instance)["create_run_for_job"] = partial(instance.create_run_for_job, remote_job_origin=origin)


def dagster_folder(home: Path) -> Path:
    """Return Dagster's own folder for a home: ``DAGSTER_HOME`` if it is set, else ``<home>/dagster``.

    Raises
    ------
    HomeError
        If ``DAGSTER_HOME`` is relative, or nothing can be kept in the folder.
    """
    given = variable("DAGSTER_HOME")
    if given is None:
        return require_folder(home / "dagster", "the folder of Dagster's records")
    if not Path(given).is_absolute():
        raise HomeError(
            f"DAGSTER_HOME is {given!r}: Dagster takes no relative folder; write {str(Path(given).absolute())!r}, or "
            "leave it unset for the home's own"
        )
    return require_folder(Path(given), "DAGSTER_HOME")


def dagster_home(home: Path) -> Path:
    """Return :func:`dagster_folder`, made ready."""
    folder = dagster_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") == _EARLIER:
        file.write_text(_INSTANCE_FILE, encoding="utf-8")
    _require_yaml(file)
    os.environ["DAGSTER_HOME"] = str(folder)
    _make_databases(folder)
    return folder


def _require_yaml(file: Path) -> None:
    """Refuse Dagster's settings if they are no YAML; what they say is Dagster's to judge."""
    import yaml

    try:
        yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        cause = getattr(problem, "problem", None) or " ".join(str(problem).split())
        raise HomeError(f"{file}{line}: not YAML: {cause}") from problem


def _make_databases(folder: Path) -> None:
    """Let Dagster make its databases, one process at a time: two at once fail on the tables of the other."""
    if (folder / "ready").exists():
        return
    import dagster as dg
    from filelock import FileLock

    with FileLock(folder / "making.lock"):
        with dg.DagsterInstance.get():
            pass
        (folder / "ready").touch()
