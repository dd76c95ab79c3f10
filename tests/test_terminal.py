"""What signals do while the command works: an end between two photos, or at once where nobody would ask."""

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resight.cli import _terminal
from resight.cli._terminal import Terminal


def send(number):
    """As the signal does it; one that is sent to a process with pytest's fault handler may end it (AMX)."""
    signal.getsignal(number)(number, None)


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def test_work_that_never_asks_is_interrupted_at_once(number):
    with pytest.raises(KeyboardInterrupt), Terminal(quiet=True).watching():
        send(number)


def test_work_that_asks_ends_by_itself_and_at_once_at_the_second_time(number, capsys):
    with Terminal().watching() as terminal:
        assert not terminal.stopping()
        send(number)
        assert terminal.stopping()
        with pytest.raises(KeyboardInterrupt):
            send(number)
    assert "once more stops at once" in capsys.readouterr().err


def test_work_that_has_not_asked_for_long_is_interrupted_at_once(number, monkeypatch):
    monkeypatch.setattr(_terminal, "PATIENCE", -1.0)
    with Terminal(quiet=True).watching() as terminal:
        terminal.stopping()
        with pytest.raises(KeyboardInterrupt):
            send(number)


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


NETWORKS = """
import gc, os, signal, sys
sys.path.insert(0, sys.argv[1])
from support import small
from resight.engines import load
backbone = small.recipe(small.PLAIN).first.backbone
one, other = load(backbone, "openvino", 1), load(backbone, "openvino", 1)
del one
gc.collect()
del other
gc.collect()
seen = []
signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
os.kill(os.getpid(), signal.SIGINT)
print(len(seen))
"""


def test_a_signal_after_networks_came_and_went_is_no_crash():
    line = [sys.executable, "-W", "ignore", "-c", NETWORKS, str(Path(__file__).parent)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
