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
    | {".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}
    | {".jp2", ".j2k", ".j2c", ".jpx", ".jph", ".jxl"}
    | {".avif", ".heic", ".heif", ".hif"}
)
FORMATS = {"JPEG": "Jpeg", "PNG": "Png", "WEBP": "WebP", "GIF": "Gif", "BMP": "Bmp", "TIFF": "Tiff"}
FORMATS |= {"PPM": "Ppm", "JPEG2000": "Jpeg2K"}
TIFF_BEGINNINGS = (b"II\x2a\0", b"MM\0\x2a", b"MM\x2a\0", b"II\0\x2a", b"MM\0\x2b", b"II\x2b\0")
WIDEST_AVIF = 32768  # libavif refuses more
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


def opened_tiff(data: bytes) -> Image.Image:
    """The header of a TIFF; a palette of 8-bit colours, which old programs wrote, is not taken for black."""
    from PIL import ImagePalette
    from PIL.TiffImagePlugin import COLORMAP, TiffImageFile

    image = opened(data)
    assert isinstance(image, TiffImageFile)
    colours = image.tag_v2.get(COLORMAP, ())
    if image.mode in ("P", "PA") and colours and max(colours) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(colours))
    return image


def first_frame(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The part of a GIF that its first frame fills: left, top, right, bottom; None for the whole image.

    Asked before the image is loaded.
    """
    tiles = getattr(image, "tile", None)
    if image.format != "GIF" or not tiles or tiles[0][1] in (None, (0, 0, *image.size)):
        return None
    return cast("tuple[int, int, int, int]", tiles[0][1])


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
        _refuse_wide(data)
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


def _refuse_wide(data: bytes) -> None:
    """Say what is wrong with an AVIF that its decoder would call corrupt."""
    at = data.find(b"ispe")
    width, height = (int.from_bytes(data[at + start : at + start + 4], "big") for start in (8, 12))
    if at >= 0 and max(width, height) > WIDEST_AVIF:
        raise BadImage(
            f"not a kind that Resight reads: AVIF, {width} x {height} pixels, more than {WIDEST_AVIF} a side"
        )
