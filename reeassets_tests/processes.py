"""Processes of the command line, forked from one that has imported everything: that takes longer than most commands.

``python -m MODULE ARGUMENTS`` in an environment, with its standard streams in files. What has to be in place before
Python starts (``PYTHONPATH``, the seed of hashes, the terminal's width) needs a process of its own.
"""

import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

_HEAVY = ["reeassets.cli", "reeassets.console.run", "sklearn.cluster", "statsmodels.api", "plotly.graph_objects"]
WIDTH = "200"
_FORKS = multiprocessing.get_context("forkserver")


def clean_environment():
    """Return the environment without what tests or developers have set for the platform or for Dagster."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("REEASSETS_", "DAGSTER_"))}


@contextlib.contextmanager
def _environment(of_server):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(of_server)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _child(module, arguments, environment, out, err, days_back):
    """Be ``python -m module arguments``."""
    for number, path in ((1, out), (2, err)):
        stream = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    if days_back:
        import time_machine

        time_machine.travel(datetime.now(UTC) - timedelta(days=days_back), tick=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def start(module, arguments, environment, out, err, days_back=0):
    """Start a process; its output is added to the files ``out`` and ``err``, which may be the same."""
    _FORKS.set_forkserver_preload(_HEAVY)
    # The width of the terminal is read when the command line is imported.
    with _environment(clean_environment() | {"COLUMNS": WIDTH}):
        process = _FORKS.Process(target=_child, args=(module, arguments, environment, str(out), str(err), days_back))
        process.start()
    return process


def run(module, arguments, environment, timeout):
    """Run to the end, forked where that is the same, and return the completed process with its output as text."""
    own = any(
        os.environ.get(name, WIDTH if name == "COLUMNS" else None) != value
        for name, value in environment.items()
        if not name.startswith(("REEASSETS_", "DAGSTER_"))
    )
    command = [sys.executable, "-m", module, *arguments]
    if own:
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=timeout)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = start(module, arguments, environment, out, err)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        code, printed, told = process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        process.close()
    return subprocess.CompletedProcess(command, code, printed, told)
