"""How many cores this process may use, and what may use them at once."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

SMALL_PRODUCT = 1 << 23  # multiplications, 32 MiB of vectors: one core takes a few milliseconds
SMALL_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")  # as OpenBLAS names what it found

_most: int | None = None  # cores that a scheduler leaves to this process
_limits: list[Any] = []  # one for each that is inside; the first knows what was before
_turn = threading.RLock()  # a generator that is given up may leave in the middle of its thread's entering


def processors() -> int:
    """The cores that the system gives this process, not all that the machine has."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, _most or there)


@contextmanager
def at_most(cores: int) -> Iterator[None]:
    """As if the system gave this process no more `cores`: others of the machine are for other workers."""
    global _most
    before, _most = _most, cores
    try:
        yield
    finally:
        _most = before


@contextmanager
def one_matrix_thread() -> Iterator[None]:
    """The matrix library keeps to the thread that calls it, for work that has a thread for every core.

    The limit is the process's: the first to enter sets it, and the last to leave lifts it, whoever that is.
    """
    with _turn:
        _limits.append(_matrix_libraries(len(sys.modules)).limit(limits=1))
        _let_others_lift()
    try:
        yield
    finally:
        with _turn:
            _limits.pop().restore_original_limits()
            _let_others_lift()


@contextmanager
def matrix_threads_for(multiplications: int) -> Iterator[None]:
    """One thread for a product so small that the others would cost more than they give.

    They wait for the next product at full speed for a while, and keep the cores from what is done meanwhile,
    such as the network of the next query.
    """
    if multiplications > SMALL_PRODUCT:
        yield
        return
    with one_matrix_thread():
        yield


@functools.lru_cache(maxsize=1)
def _matrix_libraries(modules: int) -> Any:
    """The matrix libraries of this process, looked for again once other modules are loaded."""
    return ThreadpoolController().select(user_api="blas")


@functools.cache
def has_small_kernels() -> bool:
    """Whether the matrix library multiplies small matrices without copying them first.

    OpenBLAS has such kernels for AVX-512; on AMD processors it takes those for AVX2, which copy.
    """
    found = _matrix_libraries(len(sys.modules)).lib_controllers
    return any(getattr(one, "architecture", "") in SMALL_KERNELS for one in found)


def _let_others_lift() -> None:
    """From 3.8 on, threadpoolctl lets only the thread that set a limit change it, unless that gives up."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread()
