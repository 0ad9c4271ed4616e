"""The numbers depend on the data and the settings, and on nothing else."""

import subprocess
import sys

import pandas as pd
import pytest

from reeassets.models.diagnostics import model_diagnostics
from reeassets.models.regressions import rca_models
from reeassets_tests.conftest import REPOSITORY
from reeassets_tests.models.made import made_panel, product_names, settings
from reeassets_tests.processes import clean_environment

SETTINGS = settings((1, 2), model_bootstrap_draws=99)


def links():
    names = product_names(12)
    rows = [(names[i], names[i + step], True, 0.5) for step in (1, 2) for i in range(10)]
    return pd.DataFrame(rows, columns=["input", "output", "in_network", "weight"])


def results(panel, chain) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = rca_models(panel, chain, SETTINGS)
    return rows, model_diagnostics(panel, chain, rows, SETTINGS)


def panel():
    return made_panel(seed=51, countries=15, deltas=(1, 2), uneven=0.3).replace({"country": {"AAC": "CHN"}})


SCRIPT = """
import hashlib
from reeassets_tests.models import test_determinism as t
for frame in t.results(t.panel(), t.links()):
    print(hashlib.sha256(frame.to_csv(float_format="%r").encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def digests():
    """What processes print whose hash seed and number of threads differ."""
    environments = [{"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}]
    environments += [{"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"} for seed in "17"]
    commands = [[sys.executable, "-c", SCRIPT]] * len(environments)
    return [
        subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
            env=clean_environment() | environment,
            timeout=300,
        ).stdout.split()
        for command, environment in zip(commands, environments, strict=True)
    ]


def test_hash_seed_and_threads_change_no_digit(digests):
    assert len(digests[0]) == 2
    assert digests[1] == digests[0]
    assert digests[2] == digests[0]


def test_row_order_changes_no_digit():
    given, chain = panel(), links()
    expected = results(given, chain)
    shuffled = results(given.sample(frac=1, random_state=3), chain.sample(frac=1, random_state=4))
    for one, other in zip(shuffled, expected, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
