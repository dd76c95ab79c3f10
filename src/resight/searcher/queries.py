"""Queries that no gallery holds: descriptors, and photos that were described to be looked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resight import areas, images, local_features
from resight.errors import BadImage, BadQuery
from resight.ranking import LocalFeatures, Query
from resight.types import Box, Descriptor, Region


def of_descriptor(descriptor: Descriptor) -> Query:
    """A descriptor alone: it can be looked for, but nothing can be verified."""
    return Query(descriptor.vectors, _no_photo, _no_photo, descriptor.regions)


def of_photo(
    path: Path, descriptor: Descriptor, box: Box | None, turn: int, pixel_limit: int = images.PIXEL_LIMIT
) -> Query:
    """A photo or a box in it, turned by `turn` degrees clockwise; read again only for what is asked."""
    return Query(
        descriptor.vectors,
        lambda: _features(path, box, turn, pixel_limit),
        lambda: _area(path, box, turn, pixel_limit),
        descriptor.regions,
    )


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise BadQuery, which names the query, for what cannot be read of it."""
    try:
        yield
    except BadImage as error:
        raise BadQuery(f"The query {path} cannot be described: {error}.") from None


def _features(path: Path, box: Box | None, turn: int, pixel_limit: int) -> LocalFeatures:
    with readable(path):
        return local_features.read_and_extract(path, turn, pixel_limit, box)


def _area(path: Path, box: Box | None, turn: int, pixel_limit: int) -> Region:
    """The part of the query that is looked for."""
    with readable(path):
        photo = images.read(path, pixel_limit=pixel_limit, enough=lambda width, height: (1, 1), turn=turn)
    left, top, right, bottom = (box or Box(0, 0, photo.width, photo.height)).within(photo.width, photo.height)
    return Region.of(areas.rectangle(top, left, bottom, right))


def _no_photo() -> Any:
    raise BadQuery("A descriptor has no photo beside it, so nothing can be verified: search by the photo.")
