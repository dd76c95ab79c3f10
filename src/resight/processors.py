"""How many cores this process may use."""

from __future__ import annotations

import os


def processors() -> int:
    """The cores that the system gives this process, not all that the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
