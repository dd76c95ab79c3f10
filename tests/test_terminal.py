"""What signals do while the command works: an end between two photos, or at once where nobody would ask."""

import logging
import os
import signal

import pytest

from resight.cli import _terminal
from resight.cli._terminal import Terminal


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def test_work_that_never_asks_is_interrupted_at_once(number):
    with pytest.raises(KeyboardInterrupt), Terminal(quiet=True).watching():
        os.kill(os.getpid(), number)


def test_work_that_asks_ends_by_itself_and_at_once_at_the_second_time(number, capsys):
    with Terminal().watching() as terminal:
        assert not terminal.stopping()
        os.kill(os.getpid(), number)
        assert terminal.stopping()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert "once more stops at once" in capsys.readouterr().err


def test_work_that_has_not_asked_for_long_is_interrupted_at_once(number, monkeypatch):
    monkeypatch.setattr(_terminal, "PATIENCE", -1.0)
    with Terminal(quiet=True).watching() as terminal:
        terminal.stopping()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_handlers_are_as_they_were(number):
    before, level = signal.getsignal(number), logging.getLogger("resight").level
    with Terminal(quiet=True).watching():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before
    assert (logging.getLogger("resight").level, logging.getLogger("resight").handlers) == (level, [])


def test_what_the_library_logs_is_a_line(capsys):
    with Terminal().watching():
        logging.getLogger("resight").info("Preparing %s.", "x")
    logging.getLogger("resight").info("Not shown.")
    assert capsys.readouterr().err == "Preparing x.\n"
