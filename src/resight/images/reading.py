"""Reads a file, or its bytes, as a photo; whatever stands in the way is one `BadImage`."""

from __future__ import annotations

import os
import stat

from resight.errors import BadImage
from resight.images import budget
from resight.images.decoding import decoded
from resight.images.one_colour import has_one_colour
from resight.images.photo import ONE_COLOUR, Enough, Photo
from resight.images.silence import quietly
from resight.images.turning import before, rotated, turned, upright

PIXEL_LIMIT = 200_000_000
FILE_LIMIT = 1 << 30


def read(
    source: bytes | os.PathLike[str] | str,
    *,
    pixel_limit: int = PIXEL_LIMIT,
    enough: Enough | None = None,
    turn: int = 0,
) -> Photo:
    """Read the whole photo from a file or its bytes; the first frame where there are several.

    `enough(width, height)` says, for the size of the upright original, which width and height the caller will
    shrink to at most: a large JPEG is then decoded at the smallest of its scales that is not below them.
    `turn` are degrees clockwise by which the upright photo is turned, before all else that is asked of it.
    Nothing but `BadImage` is raised, whatever the bytes are; `pixel_limit` is checked before decoding.
    """
    try:
        data = source if isinstance(source, bytes) else _content(source)
        with budget.SHARED.hold(), quietly():
            stored = decoded(data, pixel_limit, before(enough, turn) if enough and turn else enough)
            size = upright(stored.size, stored.orientation)
            warnings = stored.warnings + ((ONE_COLOUR,) if has_one_colour(stored.pixels) else ())
            return rotated(Photo(turned(stored.pixels, stored.orientation), *size, warnings), turn)
    except BadImage as error:
        reason = str(error)
    except MemoryError:
        reason = "not enough memory to decode it"
    except Exception as error:
        # Pillow keeps a limit of its own for TIFF and WebP, 179 megapixels.
        kind = "too large" if type(error).__name__ == "DecompressionBombError" else "truncated or corrupt"
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = f"{kind}: {lines[0][:200]}"
    # Raised out here, so that an error that is kept does not keep a decoder and its pixels alive.
    raise BadImage(reason)


def content(path: os.PathLike[str] | str) -> bytes:
    """The bytes of a regular file: a pipe could hang, and a huge file fill the memory, so they are BadImage.

    Raises OSError where the disk or a permission is in the way: no fault of the photo.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise BadImage("not a file, but a folder, pipe or device")
    if found.st_size > FILE_LIMIT:
        raise BadImage(f"{found.st_size / 2**30:.1f} GiB is over the limit of 1 GiB for a file")
    with open(path, "rb") as file:
        return file.read(FILE_LIMIT)


def _content(path: os.PathLike[str] | str) -> bytes:
    try:
        return content(path)
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror or error}") from None
