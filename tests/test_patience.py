"""Waiting no longer than so many seconds."""

import gc
import threading
import time
import weakref

import pytest

from resight.patience import within


class Connection:
    """Whatever must not stay open because somebody has an error."""


def test_what_the_work_gives_and_raises_comes_as_it_is():
    assert within(5, lambda: 7) == 7
    assert within(5, lambda: None) is None
    with pytest.raises(ValueError, match="own words") as found:
        within(5, lambda: fail_of(Connection(), ValueError("own words")))
    assert [each.name for each in found.traceback][-1] == "fail_of"  # where it was raised is still said


def fail_of(connection, error):
    raise error


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("chained", [True, False])
def test_an_error_keeps_nothing_of_the_work_alive(chained, no_collector):
    opened = []

    def work():
        connection = Connection()
        opened.append(weakref.ref(connection))
        try:
            fail_of(connection, OSError("refused"))
        except OSError as error:
            if not chained:
                raise
            raise ValueError("wrapped") from error

    kept = None
    try:
        within(5, work)
    except (OSError, ValueError) as error:
        kept = error
    assert kept is not None
    assert opened[0]() is None


@pytest.mark.parametrize("fails", [True, False])
def test_what_comes_too_late_is_dropped(fails, no_collector):
    begun, go_on, opened = threading.Event(), threading.Event(), []

    def work():
        connection = Connection()
        opened.append(weakref.ref(connection))
        begun.set()
        go_on.wait(30)
        if fails:
            fail_of(connection, OSError("too late"))
        return connection

    with pytest.raises(TimeoutError, match=r"no answer within 0\.2 seconds"):
        within(0.2, work)
    assert begun.wait(30)
    assert opened[0]() is not None
    go_on.set()
    end = time.monotonic() + 30
    while opened[0]() is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert opened[0]() is None
