"""Waits for something no longer than so many seconds, whatever it waits for itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work gives or raises; TimeoutError where it takes longer, and then nobody waits for it.

    A socket's own limit is none for the name that is looked up, and counts anew for each of its addresses.
    """
    given: queue.SimpleQueue[T] = queue.SimpleQueue()
    raised: list[Exception] = []

    def run() -> None:
        try:
            given.put(work())
        except Exception as error:
            raised.append(error)
            given.put(None)  # type: ignore[arg-type]  # so that the wait ends

    threading.Thread(target=run, daemon=True).start()
    try:
        value = given.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    if raised:
        raise raised[0]
    return value
