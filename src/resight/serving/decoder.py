"""The process that decodes photos of strangers: it has little memory, writes no file, and may be killed.

It reads requests from standard input and answers on standard output: a line of JSON with the number of bytes
that follow, and these. Nothing that it answers is run or unpickled by whoever asked.
"""

from __future__ import annotations

import functools
import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from resight import codec, images
from resight.errors import BadImage, BadQuery
from resight.images import Photo
from resight.images.photo import Enough
from resight.types import Box

QUALITY = 85
FINER = 2  # a large JPEG is decoded at no less than this many times the picture's size


def main(memory: int) -> None:
    """Answer requests until the input ends, in so many bytes of memory."""
    _limit(memory)
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    while line := incoming.readline():
        wanted = json.loads(line)
        data = incoming.read(wanted["bytes"])
        try:
            told, body = WORK[wanted["work"]](data, wanted)
        except (BadImage, BadQuery) as error:
            told, body = {"refused": str(error)}, b""
        except MemoryError:
            told, body = {"refused": "not enough memory to decode it"}, b""
        outgoing.write(json.dumps(told | {"bytes": len(body)}).encode() + b"\n")
        outgoing.write(body)
        outgoing.flush()


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _picture(data: bytes, wanted: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A JPEG of a photo, or of a box in it, at most `side` pixels wide and high: sRGB, no metadata."""
    import simplejpeg

    box = wanted.get("box")
    least = None if box else functools.partial(images.size_within, FINER * wanted["side"])
    photo = _read(data, wanted, least)
    pixels = photo.pixels if box is None else _cut(photo, Box(*box))
    small = images.resize_within(pixels, wanted["side"])
    return _told(photo), simplejpeg.encode_jpeg(small, quality=QUALITY, colorspace="RGB")


def _pixels(data: bytes, wanted: dict[str, Any]) -> tuple[dict[str, Any], memoryview]:
    """The pixels of a photo, as many as the views of a recipe, or local features, need; or all."""
    photo = _read(data, wanted, _needed(wanted["enough"]))
    return _told(photo) | {"shape": photo.pixels.shape}, photo.pixels.data.cast("B")


WORK: dict[str, Callable[[bytes, dict[str, Any]], tuple[dict[str, Any], Any]]] = {
    "picture": _picture,
    "pixels": _pixels,
}


def _needed(enough: Any) -> Enough | None:
    from resight import local_features, views
    from resight.parts import Views

    if enough == "all":
        return None
    if enough == "points":
        return local_features.enough
    return functools.partial(views.enough, wanted=codec.decode(enough, tuple[Views, ...]))


def _read(data: bytes, wanted: dict[str, Any], least: Enough | None) -> Photo:
    return images.read(data, pixel_limit=wanted["pixels"], enough=least, turn=wanted["turn"])


def _cut(photo: Photo, box: Box) -> Any:
    left, top, right, bottom = box.within(photo.width, photo.height)
    return photo.pixels[top:bottom, left:right]


def _told(photo: Photo) -> dict[str, Any]:
    return {"width": photo.width, "height": photo.height, "warnings": photo.warnings}


if __name__ == "__main__":
    main(int(sys.argv[1]))
