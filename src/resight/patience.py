"""Waits for something no longer than so many seconds, whatever it waits for itself."""

from __future__ import annotations

import queue
import threading
import traceback
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Given = queue.SimpleQueue[tuple[Any, "Exception | None"]]


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work gives or raises; TimeoutError where it takes longer, and then nobody waits for it.

    A socket's own limit is none for the name that is looked up, and counts anew for each of its addresses.
    What is raised keeps nothing of the work alive: no connection stays open while somebody has the error.
    """
    given: Given = queue.SimpleQueue()
    threading.Thread(target=_give, args=(work, weakref.ref(given)), daemon=True).start()
    try:
        value: T
        value, error = given.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    if error is None:
        return value
    try:
        raise error
    finally:
        del error  # This frame is in its traceback: the two would keep each other.


def _give(work: Callable[[], object], waiting: weakref.ref[Given]) -> None:
    """Give the outcome to whoever still waits; an outcome that nobody waits for is dropped."""
    value, failed = None, None
    try:
        value = work()
    except Exception as error:
        _empty(error)
        failed = error
    if given := waiting():
        given.put((value, failed))


def _empty(error: BaseException) -> None:
    """Drop what the frames of an error hold, and those of the errors that led to it.

    Python 3.11.2 keeps the socket of a proxy that refuses in such a frame, without closing it.
    """
    left, seen = [error], set()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        left += [each for each in (one.__cause__, one.__context__) if each]
