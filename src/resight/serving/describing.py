"""Photos of queries through the network: alone on a CPU, together with others of their shape on a GPU."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resight.describing.describer import Describer
from resight.describing.seeing import Look
from resight.images import Photo
from resight.processors import one_matrix_thread
from resight.serving.gathering import Line
from resight.types import Box, Descriptor


@dataclass(frozen=True, eq=False)
class Waiting:
    """A photo that is ready for a describer's networks."""

    describer: Describer
    look: Look

    def fits(self, other: Waiting) -> bool:
        """Whether both can be described together."""
        return self.describer is other.describer and self.look.shape == other.look.shape


class Describing:
    """Describes photos for the threads that ask: those of a shape together, where an engine takes several."""

    def __init__(self) -> None:
        self._line = Line(_describe_all, Waiting.fits)

    def describe(self, describer: Describer, photo: Photo, box: Box | None) -> Descriptor:
        """The descriptor of a photo, or of a box in it."""
        # the engine has a thread for every core, and the matrix library's own would be in its way
        with one_matrix_thread():
            most = describer.networks.batch
            if most == 1:
                return describer(photo, box)
            return self._line.ask(Waiting(describer, describer.look(photo, box, variants=None)), most)


def _describe_all(waiting: list[Waiting]) -> Iterable[Descriptor]:
    return waiting[0].describer.describe_all([each.look for each in waiting])()
