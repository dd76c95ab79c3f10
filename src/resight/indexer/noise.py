"""Pictures of noise, described as the photos of a gallery are: by them searches tell what is chance."""

from __future__ import annotations

import numpy as np

from resight.describing.describer import Describer
from resight.errors import ResightError
from resight.gallery import Writer
from resight.gallery.database import storage_errors
from resight.gallery.noise import read_noise, write_noise
from resight.images import Photo
from resight.images.noise import draw_noise
from resight.progress import Progress
from resight.significance.tail import FEWEST
from resight.types import Vectors
from resight.workers.threads import in_order

PICTURES, SIDE = 32, 224  # more, or larger ones, tell no better


def keep_noise(writer: Writer, describer: Describer, workers: int, progress: Progress) -> None:
    """Describe noise, unless that was done since the last fit, or the gallery tells chance without it.

    Among few photos chance is not told; where a photo has several rows it is told without noise. What keeps
    noise from being described, such as a full disk or a network that is not there, is said and loses nothing.
    """
    gallery = writer.committed
    if gallery.generation is None or gallery.recipe.keeps_regions or progress.stopping():
        return
    if gallery.catalogue.count_images() < FEWEST or read_noise(gallery) is not None:
        return
    try:
        describer = describer.with_parameters(*gallery.parameters())
        gallery.check(describer.fingerprint)
        found = _described(describer, workers, progress)
        if len(found) == PICTURES and np.isfinite(found).all():
            with storage_errors():
                write_noise(gallery.folder, gallery.fingerprint, np.stack(found))
    except ResightError as error:
        progress.say(f"{error} Until the next `resight index`, searches tell chance without noise.")


def _described(describer: Describer, workers: int, progress: Progress) -> list[Vectors]:
    """A descriptor a picture; fewer where an end is asked for."""

    def describe(number: int) -> Vectors:
        vector: Vectors = describer(Photo(draw_noise(number, SIDE), SIDE, SIDE)).vectors[0]
        return vector

    progress.start("Describing noise", PICTURES)
    found = []
    for vector in in_order(describe, range(PICTURES), workers, progress.stopping):
        found.append(vector)
        progress.step()
    return found
