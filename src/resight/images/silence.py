"""Keeps Pillow's warnings inside the reading of a photo, in any number of threads."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

_readers = 0
_readers_lock = threading.Lock()
_modules = re.compile(r"(PIL|pillow_heif|pillow_jxl|tifffile|resight\.images\.extras)\b")
_readers_filter = ("ignore", None, Warning, _modules, 0)


@contextmanager
def quietly() -> Iterator[None]:
    """Ignore what Pillow warns of (odd tags, large sizes): its verdict is what a reader wants.

    `warnings.catch_warnings` would swap lists that other threads are using. Here the first reader in adds one
    filter, for the decoders' modules only, and the last one out takes it away.
    """
    global _readers
    with _readers_lock:
        _readers += 1
        if _readers == 1:
            cast(list[Any], warnings.filters).insert(0, _readers_filter)
    try:
        yield
    finally:
        with _readers_lock:
            _readers -= 1
            if not _readers and _readers_filter in warnings.filters:
                cast(list[Any], warnings.filters).remove(_readers_filter)
