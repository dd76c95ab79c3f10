"""Whether the pixels that a descriptor is made of are those that local features are found in."""

from __future__ import annotations

from collections.abc import Sequence

from resight.images import Photo
from resight.local_features import enough as enough_for_points
from resight.parts import Views
from resight.views import enough

JPEG = b"\xff\xd8"


def serves(data: bytes, photo: Photo, views: Sequence[Views]) -> bool:
    """Whether a photo that was read to be described has the very pixels that local features are found in.

    A JPEG may have more or fewer; it is read again then, so that neither descriptors nor local features
    depend on whether both were asked for.
    """
    size = photo.width, photo.height
    return not data.startswith(JPEG) or enough_for_points(*size) == enough(*size, views)
