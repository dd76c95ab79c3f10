"""Photos of queries through the network: alone on a CPU, together with others of their shape on a GPU."""

from __future__ import annotations

from resight.describing.describer import Describer
from resight.images import Photo
from resight.processors import one_matrix_thread
from resight.types import Box, Descriptor


class Describing:
    """Describes photos for the threads that ask."""

    def describe(self, describer: Describer, photo: Photo, box: Box | None) -> Descriptor:
        """The descriptor of a photo, or of a box in it."""
        # the engine has a thread for every core, and the matrix library's own would be in its way
        with one_matrix_thread():
            return describer(photo, box)
