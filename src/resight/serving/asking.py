"""From what a request names to a query: a stored image is looked up, a photo is decoded and described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resight import codec, local_features
from resight.describing.shared_pixels import serves
from resight.gallery import Snapshot
from resight.gallery.records import StoredImage
from resight.images import Photo
from resight.ranking import LocalFeatures, Query
from resight.searcher.query import asked_of, of_descriptor, of_photo, of_stored
from resight.serving.galleries import ID, Served, find_image
from resight.serving.originals import read_original
from resight.serving.problems import Problem
from resight.serving.wanted import Corners, PhotoBody, SearchBody, box_in_pixels
from resight.types import Box, Descriptor

if TYPE_CHECKING:
    from resight.describing.describer import Describer
    from resight.searcher.collection import Collection
    from resight.serving.service import Service
    from resight.serving.timing import Timing


@dataclass(frozen=True, eq=False)
class Asked:
    """A query, the content hash of its photo (None: a vector), and the photo's upright, turned size."""

    query: Query
    sha256: bytes | None = None
    width: int = 0
    height: int = 0
    box: Corners | None = None
    cutout: str | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """The bytes of a photo, and how it is to be turned; decoded by another process as often as is needed."""

    service: Service
    data: bytes
    turn: int
    pixel_limit: int

    def read(self, enough: object) -> Photo:
        """Its pixels; raises BadImage."""
        return self.service.decoders.photo(self.data, enough, self.pixel_limit, self.turn)


def stored_whole(snapshot: Snapshot, body: SearchBody) -> StoredImage | None:
    """The stored image that is asked with as it is: it need not go through the network."""
    return None if body.vector is not None or body.box or body.turn else stored(snapshot, body)


def ask_stored(photos: Collection, image: StoredImage) -> Asked:
    """The query of a stored image."""
    return Asked(of_stored(photos, image), image.sha256, image.width, image.height)


def ask_vector(snapshot: Snapshot, numbers: list[float]) -> Asked:
    """The query of a vector; raises Problem."""
    return Asked(of_descriptor(_descriptor(snapshot, numbers), snapshot.recipe))


def ask_described(
    service: Service, served: Served, snapshot: Snapshot, body: SearchBody, timing: Timing
) -> Asked:
    """The query of a photo, or of a box in it, described now; raises Problem, BadImage and BadQuery."""
    source, address = source_of(service, served, snapshot, body)  # what is not there is not waited for
    describer = service.describers.of(served, snapshot)
    with timing("decode"):
        photo = source.read("all" if body.box else codec.encode(describer.recipe.views))
    box = box_in_pixels(body.box, photo.width, photo.height)
    with timing("describe"):
        descriptor = asked_of(service.describing.describe(describer, photo, box), describer.recipe)
    query = of_photo(photo, descriptor, box, lambda: _features(source, photo, box, describer))
    shares = body.box and ",".join(f"{share:.6g}" for share in body.box)
    cutout = f"{address}/cutout?turn={body.turn}&box={shares}" if shares else None
    return Asked(query, _content(body), photo.width, photo.height, body.box, cutout)


def source_of(service: Service, served: Served, snapshot: Snapshot, body: PhotoBody) -> tuple[Source, str]:
    """The photo's bytes, and its address."""
    if body.upload is not None:
        data, limit = service.uploads.content(body.upload), service.settings.limits.upload_pixels
        return Source(service, data, body.turn, limit), f"/v1/uploads/{body.upload}"
    image = find_image(snapshot, body.image or "")
    data = read_original(served.photos, image)
    turn, limit = (image.turn + body.turn) % 360, snapshot.catalogue.pixel_limit
    address = f"/v1/galleries/{served.name}/images/{body.image}"
    return Source(service, data, turn, limit), address


def _features(source: Source, photo: Photo, box: Box | None, describer: Describer) -> LocalFeatures:
    if box or serves(source.data, photo, describer.recipe.views):
        return local_features.extract(photo, box)
    return local_features.extract(source.read("points"))


def stored(snapshot: Snapshot, body: PhotoBody) -> StoredImage | None:
    """The stored image that a request names, by its id or as the content of an upload."""
    parts = ID.fullmatch(body.image or body.upload or "")
    if parts is None:
        return None
    number = snapshot.catalogue.image_of_content(bytes.fromhex(parts[1]), int(parts[2] or 0))
    if number is None or not snapshot.rows.span(number)[1]:
        return None
    return snapshot.catalogue.image(number)


def _content(body: PhotoBody) -> bytes:
    return bytes.fromhex((body.image or body.upload or "")[:64])


def _descriptor(snapshot: Snapshot, numbers: list[float]) -> Descriptor:
    vector = np.array(numbers, np.float32)
    if len(vector) != snapshot.vectors.shape[1]:
        raise Problem(
            422, f"A vector of this gallery has {snapshot.vectors.shape[1]} numbers, not {len(vector)}."
        )
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or abs(length - 1) > 1e-3:
        raise Problem(422, "A vector must be finite, and of length 1.")
    return Descriptor(vector[None], None, snapshot.fingerprint)
