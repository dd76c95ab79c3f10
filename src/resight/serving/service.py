"""All that a running service has: galleries, describers, decoders, uploads, and the lines before them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from resight.gallery.marks import Marks
from resight.serving.decoding import Decoders
from resight.serving.describers import READY, Loaded, State
from resight.serving.describing import Describing
from resight.serving.galleries import Served, open_all
from resight.serving.grouping import Duplicates
from resight.serving.lines import Line
from resight.serving.metrics import Gauges, Metrics
from resight.serving.pictures import Pictures
from resight.serving.problems import Problem
from resight.serving.settings import Settings
from resight.serving.tokens import Tokens
from resight.serving.uploads import Uploads

TOGETHER = 8  # threads of searches; more lose by Python's lock what they gain by reading rows together
MARKS = "`resight serve --writable`, or --marks FILE, lets photos be marked"


class Service:
    """Made before the first request; `start` begins what takes seconds, `close` ends all of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.galleries = open_all(settings.galleries)
        self.describers = Loaded(self.galleries.values(), settings.engine, settings.workers)
        self.describing = Describing()
        self.duplicates = Duplicates()
        self.tokens = Tokens(settings.tokens)
        limits = settings.limits
        self.decoders = Decoders(settings.workers, limits)
        self.pictures = Pictures(self.decoders, limits.picture_bytes)
        self.uploads = Uploads(limits.cache_bytes)
        self.searches = Line("search", TOGETHER, limits.waiting)
        self.descriptions = Line("describe", settings.workers, limits.waiting)
        self.reads = Line("read", settings.workers, 4 * limits.waiting)
        self.metrics = Metrics()
        self.writes = Line("write", 1, limits.waiting)  # a gallery has one writer
        self._marks = self._open_marks()
        self.metrics.register(self._gauges())

    def start(self) -> None:
        """Load the networks and start the decoders, while the service answers already."""
        self.decoders.start()
        self.describers.start()

    def gallery(self, name: str) -> Served:
        """A gallery by its name; raises Problem."""
        if name not in self.galleries:
            raise Problem(404, "There is no such gallery here.")
        return self.galleries[name]

    def marks(self, served: Served) -> Marks:
        """The marks of a gallery; raises Problem where none are kept."""
        if served.name not in self._marks:
            raise Problem(403, f"No marks are kept here: {MARKS}.")
        return self._marks[served.name]

    def marks_of(self, served: Served, content: bytes | None) -> Mapping[bytes, str]:
        """What was marked beside a photo, by the content of the other one."""
        marks = self._marks.get(served.name)
        return marks.of(content) if marks and content else {}

    def keeps_marks(self, served: Served) -> bool:
        """Whether photos of a gallery can be marked."""
        return served.name in self._marks

    def must_be_writable(self) -> None:
        """Raise Problem where galleries may only be read."""
        if not self.settings.writable:
            raise Problem(
                403, "The galleries are only read here: `resight serve --writable` lets them change."
            )

    def _gauges(self) -> Gauges:
        lines = (self.searches, self.descriptions, self.reads, self.writes)
        states = self.describers.states
        return Gauges(
            {
                "resight_waiting": (
                    "Requests that wait or are worked on.", "line",
                    {line.name: partial(getattr, line, "inside") for line in lines},
                ),
                "resight_ready": (
                    "Whether photos can be described.", "gallery",
                    {name: partial(_is_ready, state) for name, state in states.items()},
                ),
                "resight_upload_bytes": (
                    "Of the uploads that are kept.", "where", {"disk": lambda: self.uploads.bytes_kept}
                ),
            }
        )  # fmt: skip

    def _open_marks(self) -> dict[str, Marks]:
        settings = self.settings
        if settings.marks:
            one = Marks(settings.marks)
            return dict.fromkeys(self.galleries, one)
        if settings.writable:
            return {name: Marks(each.folder / "marks.sqlite") for name, each in self.galleries.items()}
        return {}

    def close(self) -> None:
        """End threads and processes, and give the catalogues back."""
        self.duplicates.close()
        for line in (self.searches, self.descriptions, self.reads, self.writes):
            line.close()
        self.decoders.close()
        self.uploads.close()
        for marks in self._marks.values():
            marks.close()
        for each in self.galleries.values():
            each.close()


def _is_ready(state: State) -> float:
    return float(state.word == READY)
