"""Calls at the same time give what calls one after the other give."""

import threading
import time

import pytest

from reeassets.parallel import running


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_arguments(workers):
    def slow_first(number):
        time.sleep(0.02 if number == 0 else 0)
        return 10 * number

    with running(slow_first, range(7), workers) as results:
        assert list(results) == [0, 10, 20, 30, 40, 50, 60]


def test_two_calls_are_at_work_at_the_same_time():
    met = threading.Barrier(2, timeout=10)
    with running(lambda _: met.wait(), [1, 2], 2) as results:
        assert sorted(results) == [0, 1]


@pytest.mark.parametrize(("workers", "arguments"), [(1, [1, 2, 3]), (4, [1])])
def test_without_others_no_thread_is_started(workers, arguments):
    with running(lambda _: threading.current_thread(), arguments, workers) as results:
        assert set(results) == {threading.main_thread()}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_in_its_place_and_nothing_more_is_begun(workers):
    begun = []

    def call(number):
        begun.append(number)
        time.sleep(0.01)
        if number == 1:
            raise ValueError("the second")
        return number

    with running(call, range(50), workers) as results:
        assert next(results) == 0
        with pytest.raises(ValueError, match="the second"):
            next(results)
    assert len(begun) <= 1 + 2 * workers
