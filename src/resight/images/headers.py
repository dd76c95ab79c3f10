"""Reads a file's header: which format it is, and a Pillow image whose pixels are still to be decoded."""

from __future__ import annotations

import functools
import importlib
import io
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from resight.errors import BadImage

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"}
    | {".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"}
    | {".avif", ".heic", ".heif", ".hif"}
)
FORMATS = {"JPEG": "Jpeg", "PNG": "Png", "WEBP": "WebP", "GIF": "Gif", "BMP": "Bmp", "TIFF": "Tiff"}
FORMATS |= {"PPM": "Ppm", "JPEG2000": "Jpeg2K"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"}


def opened(data: bytes) -> Image.Image:
    """Read the header alone. `Image.open` is not used: it judges sizes by a setting of the whole process."""
    if not data:
        raise BadImage("empty file")
    if data[4:8] == b"ftyp":
        return _boxed(data)
    for factory, accepts in _openers():
        if accepts(data[:16]) is True:
            try:
                return cast("Image.Image", factory(io.BytesIO(data), ""))
            except SyntaxError as error:
                raise BadImage(f"truncated or corrupt header: {error}") from None
    raise BadImage("not an image that Resight reads")


@functools.cache
def _openers() -> list[tuple[Any, Callable[[bytes], bool | str]]]:
    from PIL import Image

    for module in FORMATS.values():
        importlib.import_module(f"PIL.{module}ImagePlugin")
    return [cast(Any, Image.OPEN[name]) for name in FORMATS]


def _boxed(data: bytes) -> Image.Image:
    """Tell AVIF from HEIC by the brands in the first box, which videos have too."""
    brands = {data[start : start + 4] for start in range(8, min(int.from_bytes(data[:4], "big"), 512), 4)}
    if brands & {b"avif", b"avis"}:
        with suppress(ImportError):
            from PIL.AvifImagePlugin import AvifImageFile

            return AvifImageFile(io.BytesIO(data), "")
        raise BadImage("AVIF needs Pillow 11.3 or newer")
    if brands & HEIF_BRANDS:
        with suppress(ImportError):
            opener: Any = importlib.import_module("pillow_heif").HeifImageFile
            return cast("Image.Image", opener(io.BytesIO(data), ""))
        raise BadImage("HEIC needs an extra: pip install 'resight[heic]'")
    raise BadImage("not an image that Resight reads")
