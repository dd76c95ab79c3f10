"""Decoders that only odd files need; each is imported when such a file is met."""

from __future__ import annotations

import importlib
import io
import logging
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadImage
from resight.images.kinds import EXTRA, Traits
from resight.images.photo import Size
from resight.images.tiffs import Page

if TYPE_CHECKING:
    from PIL import Image

FREE = 16_000_000  # pixels that any file may claim
PIXELS = 4096  # beyond those, from a byte of a JPEG 2000 or JPEG XL: a photo takes a thousandth of that
RATIO = 5000  # bytes of pixels from a byte of the file; LZW, which packs tightest, reaches half of that


def need(module: str, kind: object) -> Any:
    """Import an optional decoder; raises BadImage, which names the extra, where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise BadImage(f"{kind} needs an extra: {EXTRA}") from None


def refuse_hollow(data: bytes, size: Size) -> None:
    """Refuse a few bytes that would fill the memory with one colour, which these formats pack well."""
    if size[0] * size[1] > max(FREE, PIXELS * len(data)):
        raise BadImage("truncated or corrupt: too short for its size in pixels")


def by_tifffile(page: Page) -> NDArray[Any]:
    """The numbers (H, W, C) of a TIFF's first page."""
    import tifffile

    # What it finds odd in a file would go to standard error.
    logging.getLogger("tifffile").addHandler(_silent)
    width, height = page.size
    with tifffile.TiffFile(io.BytesIO(page.data)) as file:
        found: Any = file.pages[0]
        if found.nbytes > RATIO * len(page.data):
            raise BadImage("truncated or corrupt: too short for its size in pixels")
        try:
            values = found.asarray(maxworkers=1)
        except (ValueError, NotImplementedError, ImportError) as error:
            # Without imagecodecs it looks for modules of newer Pythons, which it does not name.
            if "'imagecodecs'" not in str(error) and not isinstance(error, ImportError):
                raise
            raise BadImage(f"{page.traits} needs an extra: {EXTRA}") from None
    if values.ndim == 3 and page.traits.planes:
        values = np.moveaxis(values, 0, -1)
    values = values[..., None] if values.ndim == 2 else values
    if values.shape[:2] != (height, width):
        raise BadImage("truncated or corrupt: its pages are of another size than their tags say")
    return cast("NDArray[Any]", values)


def by_imagecodecs(data: bytes, codec: str, traits: Traits) -> NDArray[Any]:
    """The numbers (H, W, C) of a file that a function of imagecodecs decodes whole."""
    codecs = need("imagecodecs", traits)
    values = getattr(codecs, f"{codec}_decode")(data)
    return cast("NDArray[Any]", values[..., None] if values.ndim == 2 else values)


def by_pillow_jxl(data: bytes) -> Image.Image:
    """A JPEG XL, turned as it says."""
    opener = need("pillow_jxl.JpegXLImagePlugin", "JPEG XL").JXLImageFile
    try:
        image: Image.Image = opener(io.BytesIO(data), "")
    except RuntimeError as error:
        # Its sentence is about how the decoder was built.
        raise BadImage("truncated or corrupt: not a whole JPEG XL") from error
    return image


def bytes_a_pixel(image: Image.Image) -> float:
    """How many bytes the plugin for JPEG XL decoded for each pixel, before it is loaded."""
    return len(getattr(image, "_data", b"")) / (image.width * image.height)


_silent = logging.NullHandler()
