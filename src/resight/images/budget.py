"""How many decoded pixels may be in memory at once, in all threads together."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PIXELS_AT_ONCE = 200_000_000
"""As many as the largest photo has: 1.6 GB where a pixel takes 8 bytes, as in PNG and TIFF."""

LARGE = 10_000_000  # pixels; from here on, what was freed is given back to the system


class PixelBudget:
    """Lets threads decode as long as their photos have no more pixels than `limit` together.

    A photo that has more by itself is decoded when no other one is in memory. Who came first goes first, so
    that small photos cannot keep a large one waiting for ever.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._line: deque[object] = deque()
        self._changed = threading.Condition()
        self._own = threading.local()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """What this thread decodes in here counts until the end: its pixels are in use that long.

        Inside, wait for no other thread that decodes.
        """
        depth = getattr(self._own, "depth", 0)
        self._own.depth = depth + 1
        try:
            yield
        finally:
            self._own.depth = depth
            if not depth:
                self._give_back()

    def admit(self, pixels: int) -> None:
        """Wait until a photo of so many pixels may be decoded; only inside `hold`.

        Of several in one `hold` the largest counts. What the thread had is given back before it waits, so
        that two threads never wait for each other.
        """
        if pixels <= self._share():
            return
        self._give_back()
        me = object()
        with self._changed:
            self._line.append(me)
            try:
                self._changed.wait_for(lambda: self._line[0] is me and self._fits(pixels))
                self._own.share = pixels
                self._taken += pixels
            finally:
                self._line.remove(me)
                self._changed.notify_all()

    def _fits(self, pixels: int) -> bool:
        return not self._taken or self._taken + pixels <= self.limit

    def _share(self) -> int:
        return getattr(self._own, "share", 0)

    def _give_back(self) -> None:
        share, self._own.share = self._share(), 0
        if share >= LARGE:
            _trim()
        if share:
            with self._changed:
                self._taken -= share
                self._changed.notify_all()


def _trim() -> None:
    """Give back what the C library keeps of freed memory, where it can.

    Pillow keeps an image in blocks of 16 MiB. The GNU library takes these from a heap of the thread, and
    leaves them there when they are freed: every thread that has decoded a large photo would keep that much.
    """
    trim = _malloc_trim()
    if trim:
        trim(0)


@functools.cache
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


SHARED = PixelBudget(PIXELS_AT_ONCE)
