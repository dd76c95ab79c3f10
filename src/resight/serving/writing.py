"""Photos into a gallery and out of it, by its one writer; what is acknowledged is committed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from resight import codec, local_features
from resight.describing.shared_pixels import serves
from resight.gallery import Writer
from resight.gallery.changes import REMOVED
from resight.gallery.records import StoredImage
from resight.indexer import fits
from resight.indexer.excluding import read_exclusions
from resight.indexer.outcome import Described, FileState
from resight.indexer.reading import recorded
from resight.roots import Folder
from resight.serving.galleries import Served, find_image, spelt_id
from resight.serving.placing import check_name, place_new, take_back
from resight.serving.problems import Problem
from resight.types import Descriptor, Prepared

if TYPE_CHECKING:
    from resight.describing.describer import Describer
    from resight.serving.service import Service


def add_image(service: Service, served: Served, relative: str, data: bytes) -> dict[str, str | bool]:
    """Store a photo's file below the folder of photos, describe it, and commit it; raises Problem.

    The file is on the disk before the gallery knows it; it is deleted where the gallery cannot take it.
    """
    path, folder = check_name(relative), folder_of_photos(served)
    with served.snapshot() as snapshot:
        describer = service.describers.of(served, snapshot)
    with Writer(served.folder, must_exist=True) as writer:
        writer.committed.check(describer.fingerprint)
        if writer.committed.generation is None:
            raise served.empty()
        if read_exclusions(writer.catalogue).covers(relative):
            raise Problem(422, "The gallery excludes such paths: name another, or change its --exclude.")
        content = Described(hashlib.sha256(data).digest())
        known = writer.find_content(content.sha256) is not None
        if not known:
            content = _described(service, writer, describer, data, content.sha256)
        place_new(folder, path, data)
        try:
            recorded(writer, (FileState(relative, *served.photos.state(relative)), content))
            writer.commit()
        except BaseException:
            take_back(folder, path)
            raise
    return {"id": spelt_id(content.sha256, 0), "path": relative, "known": known}


def folder_of_photos(served: Served) -> Path:
    """Where new files are placed; raises Problem where photos are objects."""
    if isinstance(served.photos, Folder):
        return served.photos.place
    raise Problem(
        409, "The photos of this gallery are in object storage: put new ones there, and run `resight index`."
    )


def remove_image(served: Served, number: str) -> None:
    """Take an image out of the gallery: its files stay, and come back with `index --retry` alone."""
    with Writer(served.folder, must_exist=True) as writer:
        image = find_image(writer.committed, number)
        for relative in image.files:
            _forget(served, writer, image, relative)
        writer.drop_orphans()


def _forget(served: Served, writer: Writer, image: StoredImage, relative: str) -> None:
    try:
        state = served.photos.state(relative)
    except OSError:
        writer.forget_file(relative)
    else:
        writer.set_file(relative, *state, failure=REMOVED)


def _described(
    service: Service, writer: Writer, describer: Describer, data: bytes, sha256: bytes
) -> Described:
    """A photo as `index` would describe it; its pixels are decoded by another process."""
    limit = min(writer.catalogue.pixel_limit, service.settings.limits.upload_pixels)
    photo = service.decoders.photo(data, codec.encode(describer.recipe.views), limit)
    local = None
    if writer.catalogue.fact("local_version") == local_features.VERSION:
        own = serves(data, photo, describer.recipe.views)
        local = local_features.extract(photo if own else service.decoders.photo(data, "points", limit))
    keeps = fits.is_open(writer, describer)  # the sample of a later fit must hold all photos
    variants = fits.variants(describer, fits.SAMPLE) if keeps else None
    prepared: Prepared = describer.prepare(photo, variants=variants, seed=tuple(sha256))
    descriptor: Descriptor = describer.finish(prepared)
    return Described(
        sha256, 0, (photo.width, photo.height), photo.warnings, local, prepared if keeps else None, descriptor
    )
