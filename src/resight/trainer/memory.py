"""Keeps freed memory in the process: each step needs as much again, and asking the system anew costs time.

The C library of Linux gives large blocks back at once, and each page that comes again is first filled with
zeros (findings/torch-memory-goes-back.sh counts the pages).
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h of glibc
NEVER = -1  # the largest threshold in bytes is 2 GB, and larger batches free more


def keep_memory() -> bool:
    """From now on; whether the C library takes it: glibc does."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, NEVER))
