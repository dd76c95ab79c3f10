"""Small pictures of photos, made of the reader's own pixels, and kept in memory for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from resight.serving.decoding import Decoders, Picture

SMALLEST, LARGEST = 32, 2048  # pixels a side
Part = tuple[float, float, float, float]


class Pictures:
    """Pictures by content, turn, size and part; the one that was asked for longest ago goes first."""

    def __init__(self, decoders: Decoders, most: int) -> None:
        self._decoders, self._most, self._taken = decoders, most, 0
        self._kept: OrderedDict[tuple[object, ...], Picture] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        content: str,
        read: Callable[[], bytes],
        side: int,
        pixel_limit: int,
        turn: int = 0,
        box: Part | None = None,
    ) -> Picture:
        """The picture, kept or made of what `read` gives; raises BadImage, and BadQuery."""
        key = content, side, turn, box
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        picture = self._decoders.picture(read(), side, pixel_limit, turn, box)
        self.put(key, picture)
        return picture

    def put(self, key: tuple[object, ...], picture: Picture) -> None:
        """Keep a picture, and give up others where there are too many."""
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = picture
            self._taken += len(picture.jpeg)
            while self._taken > self._most:
                _, gone = self._kept.popitem(last=False)
                self._taken -= len(gone.jpeg)
