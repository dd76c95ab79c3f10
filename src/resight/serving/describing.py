"""Photos of queries through the network: alone on a CPU, together with others of their shape on a GPU."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from resight.describing.describer import Describer
from resight.describing.seeing import Look
from resight.images import Photo
from resight.processors import one_matrix_thread
from resight.types import Box, Descriptor


@dataclass(frozen=True, eq=False)
class Waiting:
    """A photo that is ready for a describer's networks."""

    describer: Describer
    look: Look
    found: Future[Descriptor] = field(default_factory=Future)

    def fits(self, other: Waiting) -> bool:
        """Whether both can be described together."""
        return self.describer is other.describer and self.look.shape == other.look.shape


class Describing:
    """Describes photos for the threads that ask.

    Where an engine takes several at once, whoever comes first describes all of its shape that wait by then.
    """

    def __init__(self) -> None:
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._line: list[Waiting] = []

    def describe(self, describer: Describer, photo: Photo, box: Box | None) -> Descriptor:
        """The descriptor of a photo, or of a box in it."""
        # the engine has a thread for every core, and the matrix library's own would be in its way
        with one_matrix_thread():
            most = describer.networks.batch
            if most == 1:
                return describer(photo, box)
            mine = Waiting(describer, describer.look(photo, box, variants=None))
            with self._lock:
                self._line.append(mine)
            with self._turn:
                if not mine.found.done():
                    _describe_all(self._taken(mine, most))
            return mine.found.result()

    def _taken(self, mine: Waiting, most: int) -> list[Waiting]:
        """The own photo, and others of its shape."""
        with self._lock:
            same = [each for each in self._line if each is not mine and each.fits(mine)]
            chosen = [mine, *same[: most - 1]]
            gone = set(map(id, chosen))
            self._line = [each for each in self._line if id(each) not in gone]
        return chosen


def _describe_all(chosen: list[Waiting]) -> None:
    try:
        found = chosen[0].describer.describe_all([each.look for each in chosen])()
    except Exception as error:  # whatever an engine raises; each of those who wait is told
        for each in chosen:
            each.found.set_exception(error)
        return
    for each, descriptor in zip(chosen, found, strict=True):
        each.found.set_result(descriptor)
