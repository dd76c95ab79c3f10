"""One matrix thread each, however many ask for it at once."""

import threading
from collections.abc import Callable

import numpy as np  # noqa: F401  # the matrix library
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from resight.processors import SMALL_PRODUCT, at_most, matrix_threads_for, one_matrix_thread, processors
from resight.workers.threads import in_order


def threads() -> set[int]:
    """How many threads NumPy's matrix library may use; another test may have loaded a library of its own."""
    return {each["num_threads"] for each in threadpool_info() if "numpy" in each["filepath"]}


@pytest.fixture(autouse=True)
def _two():
    """Two threads before, so that a limit shows on any machine."""
    before = threads()
    by_a_thread_that_ends(lambda: threadpool_limits(2, "blas"))
    assert threads() == {2}
    yield
    assert threads() == {2}
    by_a_thread_that_ends(lambda: [threadpool_limits(each, "blas") for each in before])


def by_a_thread_that_ends(work: Callable[[], object]) -> None:
    """A thread that sets a limit and lives on keeps others from setting theirs (threadpoolctl 3.8)."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_the_limit_is_lifted_by_the_last_to_leave():
    entered, leave = threading.Event(), threading.Event()

    def stays() -> None:
        with one_matrix_thread():
            entered.set()
            leave.wait(60)

    other = threading.Thread(target=stays)
    with one_matrix_thread():
        assert threads() == {1}
        other.start()
        assert entered.wait(60)
    assert threads() == {1}  # the first has left, the other is inside
    with one_matrix_thread():
        leave.set()
        other.join()
        assert threads() == {1}
    assert threads() == {2}


def test_the_last_to_leave_may_be_another_thread_than_the_first_to_enter():
    entered, leave = threading.Event(), threading.Event()

    def stays() -> None:
        with one_matrix_thread():
            entered.set()
            leave.wait(60)

    other = threading.Thread(target=stays)
    with one_matrix_thread():
        other.start()
        assert entered.wait(60)
    leave.set()
    other.join()
    assert threads() == {2}


def test_it_may_be_asked_for_inside_itself():
    with one_matrix_thread():
        with one_matrix_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_an_exception_lifts_it():
    with pytest.raises(ZeroDivisionError), one_matrix_thread(), one_matrix_thread():
        raise ZeroDivisionError
    assert threads() == {2}


def test_work_that_is_given_up_lifts_it():
    results = in_order(lambda item: threads(), range(100), 2, lambda: False)
    assert next(results) == {1}
    assert threads() == {1}
    results.close()
    assert threads() == {2}


def test_many_threads_at_once_leave_it_as_it_was():
    wrong: list[set[int]] = []

    def comes_and_goes() -> None:
        for _ in range(20):
            with one_matrix_thread():
                wrong.extend(found for found in [threads()] if found != {1})

    users = [threading.Thread(target=comes_and_goes) for _ in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not wrong
    assert threads() == {2}


def test_a_limit_that_the_caller_set_comes_back():
    with threadpool_limits(3, "blas"):
        with one_matrix_thread():
            assert threads() == {1}
        assert threads() == {3}
    assert threads() == {2}


def test_a_small_product_has_one_thread_and_a_large_one_all():
    with matrix_threads_for(SMALL_PRODUCT):
        assert threads() == {1}
    with matrix_threads_for(SMALL_PRODUCT + 1):
        assert threads() == {2}


def test_a_process_may_be_left_fewer_cores_than_the_system_gives():
    all_of_them = processors()
    with at_most(1):
        assert processors() == 1
        with at_most(all_of_them + 1):
            assert processors() == all_of_them
        assert processors() == 1
    assert processors() == all_of_them
