"""All that a running service has: galleries, describers, decoders, uploads, and the lines before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resight.serving.decoding import Decoders
from resight.serving.describers import Loaded
from resight.serving.describing import Describing
from resight.serving.galleries import Served, open_all
from resight.serving.lines import Line
from resight.serving.pictures import Pictures
from resight.serving.problems import Problem
from resight.serving.settings import Settings
from resight.serving.uploads import Uploads


class Service:
    """Made before the first request; `start` begins what takes seconds, `close` ends all of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.galleries = open_all(settings.galleries)
        self.describers = Loaded(self.galleries.values(), settings.engine, settings.workers)
        self.describing = Describing()
        limits = settings.limits
        self.decoders = Decoders(settings.workers, limits)
        self.pictures = Pictures(self.decoders, limits.picture_bytes)
        self.uploads = Uploads(limits.cache_bytes)
        self.searches = Line("search", settings.workers, limits.waiting)
        self.descriptions = Line("describe", settings.workers, limits.waiting)
        self.reads = Line("read", settings.workers, 4 * limits.waiting)

    def start(self) -> None:
        """Load the networks and start the decoders, while the service answers already."""
        self.decoders.start()
        self.describers.start()

    def gallery(self, name: str) -> Served:
        """A gallery by its name; raises Problem."""
        if name not in self.galleries:
            raise Problem(404, "There is no such gallery here.")
        return self.galleries[name]

    def marks_of(self, served: Served, sha256: bytes | None) -> Mapping[bytes, Any]:
        """What was marked beside a photo, by the content of the other one."""
        return {}

    def close(self) -> None:
        """End threads and processes, and give the catalogues back."""
        for line in (self.searches, self.descriptions, self.reads):
            line.close()
        self.decoders.close()
        self.uploads.close()
        for each in self.galleries.values():
            each.close()
