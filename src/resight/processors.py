"""How many cores this process may use, and what may use them at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

_limits: list[Any] = []  # one for each that is inside; the first knows what was before
_turn = threading.RLock()  # a generator that is given up may leave in the middle of its thread's entering


def processors() -> int:
    """The cores that the system gives this process, not all that the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_matrix_thread() -> Iterator[None]:
    """The matrix library keeps to the thread that calls it, for work that has a thread for every core.

    The limit is the process's: the first to enter sets it, and the last to leave lifts it, whoever that is.
    """
    with _turn:
        _limits.append(ThreadpoolController().select(user_api="blas").limit(limits=1))
        _let_others_lift()
    try:
        yield
    finally:
        with _turn:
            _limits.pop().restore_original_limits()
            _let_others_lift()


def _let_others_lift() -> None:
    """From 3.8 on, threadpoolctl lets only the thread that set a limit change it, unless that gives up."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread()
