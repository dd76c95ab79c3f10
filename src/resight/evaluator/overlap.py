"""Checks for leakage: test photos in the fit, and correct answers among the distractors."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.errors import BadImage, BadQuery, FittedOnTest
from resight.evaluator.workspace import Source
from resight.gallery import Snapshot
from resight.images import content as content_of
from resight.ranking import Numbers

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


@dataclass(frozen=True)
class Shared:
    """How many photos a fit was made on that are tested, and that are distractors alone."""

    tested: int = 0
    distractors: int = 0

    def __str__(self) -> str:
        """As "N of the photos that it is tested on and M of the distractors"; "" if both are 0."""
        named = {"the photos that it is tested on": self.tested, "the distractors": self.distractors}
        return " and ".join(f"{count} of {words}" for words, count in named.items() if count)


def fitted_on_tested(
    data: Dataset, image_of: Numbers, opened: Snapshot, others: Sequence[Snapshot], allowed: bool
) -> Shared:
    """The photos that the fit was made on and that are ranked; raises FittedOnTest unless allowed.

    `opened` is the gallery of the data set, whose fit it is, `others` those of distractors; `image_of`
    (photos,): the image of each photo of `opened`, first those of the data set. By contents, however a photo
    is turned.
    """
    own = set(image_of[: len(data.photos)].tolist()) - {-1}
    tested = distractors = 0
    for content in opened.fitted_on():
        images = opened.catalogue.images_of_content(content)
        if own.intersection(images):
            tested += 1
        elif images or any(_has(gallery, content) for gallery in others):
            distractors += 1
    shared = Shared(tested, distractors)
    if str(shared) and not allowed:
        raise FittedOnTest(f"The recipe was fitted on {shared}: {ADVICE}.")
    return shared


def refuse_fit_on(sources: Sequence[Source], fitted: Snapshot) -> None:
    """Raise FittedOnTest, before the work, where a fit was made on photos that are among the sources.

    Only files of the size of one that was fitted on are read. What this misses, `fitted_on_tested` finds.
    """
    behind = fitted.fitted_on()
    sizes = {size for size, content in fitted.catalogue.sizes() if content in behind}
    shared = 0
    for file in (file for source in sources for file in source.files()):
        with contextlib.suppress(OSError, BadImage):
            shared += os.stat(file).st_size in sizes and hashlib.sha256(content_of(file)).digest() in behind
    if shared:
        raise FittedOnTest(f"The recipe was fitted on {shared} of the photos that are ranked: {ADVICE}.")


def distractors_in_set(data: Dataset, image_of: Numbers, opened: Snapshot, others: Sequence[Snapshot]) -> int:
    """How many photos of the data set are among its distractors, too, and so count as wrong.

    `image_of` (photos,): the image of each photo of `opened`, first those of the data set. Raises BadQuery
    for photos that are named twice.
    """
    own = np.unique(image_of[: len(data.photos)])
    shared = set(np.intersect1d(own, image_of[len(data.photos) :]).tolist()) - {-1}
    if others:
        for image in own[own >= 0].tolist():
            content = opened.catalogue.image(image).sha256
            if any(_has(gallery, content) for gallery in others):
                shared.add(image)
    return len(shared)


def count_duplicates_apart(data: Dataset, image_of: Numbers) -> int:
    """How many photos of the data set have the very content of one that it says shows something else.

    That is: one of them is right for a query, and the other neither that, nor junk, nor the query itself.
    """
    own = image_of[: len(data.photos)]
    images, counts = np.unique(own[own >= 0], return_counts=True)
    doubled = np.flatnonzero(np.isin(own, images[counts > 1]))
    apart: set[int] = set()
    for question in data.questions if len(doubled) else ():
        for truth in question.truths.values():
            right = np.intersect1d(doubled, truth.positive)
            alike = doubled[np.isin(own[doubled], own[right])]
            wrong = np.setdiff1d(alike, [*truth.positive, *truth.junk, question.photo])
            apart |= set(doubled[np.isin(own[doubled], own[wrong])].tolist())
    return len(apart)


def refuse_twice(sources: Sequence[Source], others: Sequence[Path]) -> None:
    """Raise BadQuery where photos are named twice, as folders, as galleries, or as one and the other.

    `others` are the roots of galleries.
    """
    roots = [source.root.resolve() for source in sources] + [root.resolve() for root in others]
    for root in roots:
        if roots.count(root) > 1:
            raise BadQuery(f"The photos in {root} are named twice among what is ranked: name them once.")


def distractors_twice(data: Dataset, image_of: Numbers, others: Sequence[Snapshot]) -> int:
    """How many distractors have the very content of another one."""
    own = image_of[len(data.photos) :]
    own = own[own >= 0]
    twice = len(own) - len(np.unique(own))
    seen: set[bytes] = set()
    for gallery in others if len(others) > 1 else ():  # a gallery has each content once
        found = {content for content, _ in gallery.catalogue.contents().values()}
        twice += len(found & seen)
        seen |= found
    return twice


def _has(gallery: Snapshot, content: bytes) -> bool:
    return bool(gallery.catalogue.images_of_content(content))
