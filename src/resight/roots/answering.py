"""Whether a place in object storage answers, and why not: never in the words of a library."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from resight.errors import PhotosUnreachable

NAMES = {FileNotFoundError: "there is nothing there", PermissionError: "access is refused"}
REMEMBERED = 10.0  # seconds; less than the reading threads take for what they have begun


class Answering:
    """Whether a whole place answers, asked by one of many threads that could not read their objects."""

    def __init__(self) -> None:
        self._lock, self._until = threading.Lock(), 0.0

    def ask(self, is_there: Callable[[], bool], unreachable: Callable[[], PhotosUnreachable]) -> None:
        """Raise PhotosUnreachable where it is not there, or was found not to be some seconds ago."""
        with self._lock:
            if time.monotonic() < self._until:
                raise unreachable()
            try:
                if is_there():
                    return
            except PhotosUnreachable:
                self._until = time.monotonic() + REMEMBERED
                raise
            self._until = time.monotonic() + REMEMBERED
            raise unreachable()


def why(error: Exception) -> str:
    """In words that have no secret in them, as those of a library might."""
    name = type(error).__name__
    if name == "NoCredentialsError":
        return "no credentials were found"
    for kind, words in NAMES.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return f"no answer, {name}"
