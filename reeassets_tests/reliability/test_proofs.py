"""The proofs of reliability at a small size; ``make reliability`` runs these, and then all at full size.

Every test run has the killed runs; the others, each a minute of whole graphs, are marked as slow.
"""

import pytest

from . import proofs

YEARS = "2022-2023"
SEED = 20260101


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return proofs.Bench(tmp_path_factory.mktemp("reliability"), YEARS, SEED)


@pytest.fixture(scope="module")
def calm(bench):
    return proofs.calm(bench)


def test_killed_runs_end_where_a_calm_one_does(bench, calm):
    counted = proofs.kills(bench, *calm, times=2)
    assert counted["kills"] == 2


@pytest.mark.slow
def test_a_forced_run_writes_the_same_bytes(bench, calm):
    home = bench.folder / "forced"
    bench.run(home, "run")
    bench.run(home, "run", "--force")
    proofs.assert_same(home, calm[0])


@pytest.mark.slow
def test_processes_that_share_the_years_lose_none(bench, calm):
    assert proofs.concurrency(bench, calm[0], (2022, 2023), processes=2)["processes"] == 2


@pytest.mark.slow
def test_a_terminated_backfill_is_finished_by_the_next_run(bench, calm):
    proofs.terminated_backfill(bench, *calm, times=1)


@pytest.mark.slow
def test_a_full_disk_costs_nothing_that_was_there(bench, calm):
    proofs.full_disk(bench, calm[0])


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_left_as_it_was(bench, calm):
    proofs.read_only(bench, calm[0])


@pytest.mark.slow
def test_a_clock_that_goes_back_changes_nothing(bench, calm):
    proofs.clock_back(bench, calm[0])


def test_a_difference_is_found(bench, calm):
    home = bench.folder / "calm"
    path = home / "tables" / "trade" / "countries.parquet"
    good = path.read_bytes()
    path.write_bytes(good + b" ")
    with pytest.raises(AssertionError, match=r"countries\.parquet"):
        proofs.assert_same(home, calm[0])
    path.write_bytes(good)
    (home / ".x.tmp").touch()
    with pytest.raises(AssertionError):
        proofs.assert_same(home, calm[0])
    (home / ".x.tmp").unlink()
