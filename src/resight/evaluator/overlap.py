"""What must not be: a fit on what is tested, and distractors that are what is looked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resight.errors import BadQuery, FittedOnTest
from resight.evaluator.workspace import Source
from resight.gallery import Gallery
from resight.photos import Numbers
from resight.truth import Dataset

ADVICE = "name another set or gallery with --fit-from, or say --allow-overlap, which marks the result"


def refuse_own_fit(recipe: str) -> None:
    """Raise FittedOnTest for a recipe that would be fitted on the photos it is tested on."""
    raise FittedOnTest(
        f"The recipe '{recipe}' would be fitted on the very photos that it is tested on: {ADVICE}."
    )


def refuse_same_files(fitted: Source, tested: Sequence[Source]) -> None:
    """Raise FittedOnTest where the very files that a recipe would be fitted on are tested."""
    files = {file for source in tested for file in source.files()}
    shared = sum(file in files for file in fitted.files())
    if shared:
        raise FittedOnTest(
            f"The recipe would be fitted on {shared} of the photos that it is tested on: {ADVICE}."
        )


def fitted_on_tested(tested: Sequence[Gallery], allowed: bool) -> int:
    """How many of the photos that the fit was made on are tested; raises FittedOnTest unless allowed.

    `tested`: the gallery of the data set, whose fit it is, and those of distractors. By contents, however a
    photo is turned.
    """
    shared = sum(any(_has(gallery, content) for gallery in tested) for content in tested[0].fitted_on())
    if shared and not allowed:
        raise FittedOnTest(f"The recipe was fitted on {shared} of the photos that it is tested on: {ADVICE}.")
    return shared


def distractors_in_set(data: Dataset, image_of: Numbers, opened: Gallery, others: Sequence[Gallery]) -> int:
    """How many photos of the data set are among its distractors, too, and so count as wrong.

    `image_of` (photos,): the image of each photo of `opened`, first those of the data set. Raises BadQuery
    for a gallery that is named twice.
    """
    folders = [gallery.folder.resolve() for gallery in others]
    if len(set(folders)) < len(folders):
        raise BadQuery("A gallery is named twice among the distractors: name it once.")
    own = np.unique(image_of[: len(data.photos)])
    shared = set(np.intersect1d(own, image_of[len(data.photos) :]).tolist()) - {-1}
    if others:
        for image in own[own >= 0].tolist():
            content = opened.image(image).sha256
            if any(_has(gallery, content) for gallery in others):
                shared.add(image)
    return len(shared)


def twins_apart(data: Dataset, image_of: Numbers) -> int:
    """How many photos of the data set have the very content of one that it says shows something else."""
    if data.labels is None:
        return 0
    labels: dict[int, set[str]] = {}
    for image, label in zip(image_of.tolist(), data.labels, strict=False):
        labels.setdefault(image, set()).add(label)
    apart = {image for image, found in labels.items() if image >= 0 and len(found) > 1}
    return int(np.isin(image_of[: len(data.photos)], list(apart)).sum())


def _has(gallery: Gallery, content: bytes) -> bool:
    found = gallery.connection.execute("SELECT 1 FROM images WHERE sha256 = ? LIMIT 1", (content,)).fetchone()
    return found is not None
