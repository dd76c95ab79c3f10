"""What is looked for: a photo of a gallery, one that is described now, or a descriptor alone."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from resight import areas, images, local_features
from resight.describing.describer import Describer
from resight.describing.shared_pixels import serves
from resight.errors import BadImage, BadQuery
from resight.gallery.records import StoredImage
from resight.images import Photo
from resight.images.photo import spell_warning
from resight.processors import one_matrix_thread
from resight.ranking import LocalFeatures, Query
from resight.recipe import Recipe
from resight.searcher.collection import Collection
from resight.searcher.recognise import QueryFile
from resight.types import Box, Descriptor, Region


def of_descriptor(descriptor: Descriptor, recipe: Recipe) -> Query:
    """A descriptor alone, made by this recipe: it can be looked for, but nothing can be verified."""
    asked = asked_of(descriptor, recipe)
    return Query(asked.vectors, _no_photo, _no_photo, asked.regions)


def of_stored(photos: Collection, image: StoredImage) -> Query:
    """A photo of the gallery: nothing is described."""
    rows, asking = photos.snapshot.rows.of(image.id), photos.snapshot.recipe.asking
    return Query(
        photos.snapshot.vectors[rows.first : rows.first + rows.count][asking].copy(),
        lambda: photos.features([image.id])[0],
        lambda: Region.of(areas.rectangle(0, 0, image.height, image.width)),
        rows.regions and rows.regions[asking],
        image.id,
    )


def of_photo(
    photo: Photo,
    descriptor: Descriptor,
    box: Box | None,
    features: Callable[[], LocalFeatures],
    image: int | None = None,
) -> Query:
    """A photo, or a box in it, that was described; `image` is its number if it is one of those searched."""
    return Query(descriptor.vectors, features, lambda: _area(photo, box), descriptor.regions, image)


def describe(file: QueryFile, describer: Describer, box: Box | None, turn: int, pixel_limit: int) -> Query:
    """A query of a file, turned by `turn` degrees clockwise, and described now; raises BadQuery.

    The file is opened once, and decoded again only where local features need other pixels.
    """
    # the engine has a thread for every core, and the matrix library's own would be in its way
    with _readable(file.path), one_matrix_thread():
        if box:
            photo = images.read(file.content, pixel_limit=pixel_limit, turn=turn)
        else:
            photo = describer.read(file.content, turn, pixel_limit)
        for word in photo.warnings:
            warnings.warn(f"The query {file.path} is {spell_warning(word)}.", stacklevel=2)
        descriptor = asked_of(describer(photo, box), describer.recipe)

    def features() -> LocalFeatures:
        if box or serves(file.content, photo, describer.recipe.views):
            return local_features.extract(photo, box)
        with _readable(file.path):
            return local_features.read_and_extract(file.content, turn, pixel_limit)

    return of_photo(photo, descriptor, box, features)


@contextlib.contextmanager
def _readable(path: Path | str) -> Iterator[None]:
    """Raise BadQuery, which names the query, for what cannot be read of it."""
    try:
        yield
    except BadImage as error:
        raise BadQuery(f"The query {path} cannot be described: {error}.") from None


def asked_of(descriptor: Descriptor, recipe: Recipe) -> Descriptor:
    """What of a photo's descriptor is looked for: all of it, or the first of its regions."""
    regions = descriptor.regions and descriptor.regions[recipe.asking]
    return replace(descriptor, vectors=descriptor.vectors[recipe.asking], regions=regions)


def _area(photo: Photo, box: Box | None) -> Region:
    """The part of the query that is looked for."""
    left, top, right, bottom = (box or Box(0, 0, photo.width, photo.height)).within(photo.width, photo.height)
    return Region.of(areas.rectangle(top, left, bottom, right))


def _no_photo() -> Any:
    raise BadQuery("A descriptor has no photo beside it, so nothing can be verified: search by the photo.")
