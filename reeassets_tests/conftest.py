"""One real run of the whole graph on the bundled sample, shared by every test that looks at results."""

from pathlib import Path

import duckdb
import hypothesis
import pytest
from filelock import FileLock

from . import processes
from .language_model.endpoint import KEY
from .misbehaving_server import MisbehavingServer
from .processes import clean_environment

# How long an example takes says something about the machine, not about what is tested.
hypothesis.settings.register_profile("reeassets", deadline=None)
hypothesis.settings.load_profile("reeassets")

REPOSITORY = Path(__file__).resolve().parents[1]
RUN_YEARS = "2016-2023"
# Fewer draws than a user wants, and the same code: for runs whose draws no test looks at.
FEWER_DRAWS = {
    "REEASSETS_LINK_DRAWS": "99",
    "REEASSETS_CONTRAST_DRAWS": "100",
    "REEASSETS_CLUSTER_N_INIT": "5",
    "REEASSETS_CLUSTER_BOOTSTRAPS": "2",
}
# The files that take longest, begun first: one that came last would leave the other core idle. The first makes the
# finished run, and the second has enough to do without it.
LONGEST = (
    "test_results.py",
    "browser/test_ui.py",
    "trade/baci/test_run.py",
    "reliability/test_proofs.py",
    "platform/test_concurrency.py",
    "indicators/test_external_distribution.py",
    "trade/test_economies.py",
    "test_cli.py",
    "test_deploy.py",
    "indicators/test_hazard_file.py",
    "platform/test_scenarios.py",
    "products/test_console.py",
    "platform/test_backfills.py",
    "platform/test_runner.py",
    "platform/test_definitions.py",
    "indicators/test_uncertainty.py",
    "shocks/test_results.py",
    "models/test_determinism.py",
)


def pytest_collection_modifyitems(items):
    """Put the tests of the longest files first."""
    place = {Path(__file__).parent / name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def reeassets(*arguments, home, check=True, **environment):
    """Run the command line as a user would."""
    environment = clean_environment() | {"COLUMNS": processes.WIDTH} | environment
    result = processes.run("reeassets", [*map(str, arguments), "--home", str(home)], environment, timeout=600)
    if check:
        assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """The home of a finished run, and what it printed. Tests that change a home copy it.

    The processes of one test run share it: who comes first makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"
    folder.mkdir(exist_ok=True)
    home, printed = folder / "home", folder / "printed.txt"
    with FileLock(folder / "making.lock"):
        if not printed.exists():
            printed.write_text(reeassets("run", "--years", RUN_YEARS, home=home).stdout, encoding="utf-8")
    return home, printed.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def warehouse(finished):
    """The warehouse of the finished run, read-only."""
    with duckdb.connect(str(finished[0] / "warehouse" / "reeassets.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture
def endpoint(monkeypatch):
    """Start endpoints of language models that give scripted answers, with a key for them; they end with the test."""
    monkeypatch.setenv("REEASSETS_LANGUAGE_MODEL_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    servers = []

    def start(*answers):
        servers.append(MisbehavingServer(*answers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()
