"""Decodes JPEGs by simplejpeg, and says whether one is damaged, or only lacks its end marker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from resight.errors import BadImage
from resight.images import budget
from resight.images.colours import conversion, srgb
from resight.images.photo import Enough, Pixels, Size
from resight.images.strips import strips
from resight.images.turning import orientation, upright

if TYPE_CHECKING:
    from PIL import Image

SCAN_LIMIT = 1000
BEGINNING, END = b"\xff\xd8\xff", b"\xff\xd9"
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}  # ISO 10918-1, B.1
DAMAGE = ("Corrupt JPEG data", "Premature end", "Inconsistent progression")  # how libjpeg's warnings begin
HARMLESS = ("bad ICC marker",)
REST = re.compile(r"(\d+) extraneous bytes before marker 0xd9")


def precision(data: bytes) -> int:
    """How many bits a value has, by the frame's header; 8 where that is not found."""
    at = _frame(data)
    return data[at + 3] if at else 8


def with_precision(data: bytes, bits: int) -> bytes:
    """The same JPEG whose header claims so many bits: Pillow then reads the rest of it."""
    at = _frame(data)
    return data[: at + 3] + bytes([bits]) + data[at + 4 :]


def _frame(data: bytes) -> int:
    """Where the second byte of the frame's marker is; 0 where there is none before the first scan."""
    at = 2
    while at + 10 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAMES:
            return at + 1
        if marker == 0xDA:
            break
        # Any number of 0xFF may stand before a marker.
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0


def refuse_lies(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG that would cost far more than its bytes, before any decoder sees it."""
    # Each scan of a progressive JPEG costs a walk over all pixels, but few bytes in the file.
    if "progressive" in image.info and data.count(b"\xff\xda") > SCAN_LIMIT:
        raise BadImage(f"a progressive JPEG of more than {SCAN_LIMIT} scans")
    # A block of 64 pixels takes a bit at least; without this a short file could fill the memory with grey.
    if image.width * image.height > 512 * len(data):
        raise BadImage("truncated or corrupt: too short for its size in pixels")


def decode(data: bytes, image: Image.Image, enough: Enough | None) -> Pixels | None:
    """Decode a plain JPEG by simplejpeg; None where Pillow is to decode it, and to judge it."""
    import simplejpeg

    if image.mode not in ("RGB", "L"):
        return None
    try:
        # The size that was checked is Pillow's; a broken header may read otherwise to another library.
        if simplejpeg.decode_jpeg_header(data)[:2] != (image.height, image.width):
            return None
        width, height = _least(image, enough) if enough else image.size
        budget.SHARED.admit(_pixels_in_memory(image, width, height))
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width, strict=True)
    except ValueError:
        return None
    from PIL import Image

    if convert := conversion(image):
        for rows in strips(pixels.shape[1], pixels.shape[0]):
            pixels[rows] = srgb(Image.fromarray(pixels[rows]), convert)
    return pixels


def ended(data: bytes, image: Image.Image) -> bytes:
    """The same JPEG with its end marker, if nothing else is missing; else the bytes as they are."""
    if data.endswith(END) or not (flaw(data, image) or "").startswith("Premature end"):
        return data
    whole = data.removesuffix(END[:1]) + END
    return data if flaw(whole, image) else whole


def has_end(data: bytes) -> bool:
    """Whether an end marker stands behind the last scan; inside a scan its bytes cannot occur."""
    return data.rfind(END) > data.rfind(b"\xff\xda")


def flaw(data: bytes, image: Image.Image) -> str | None:
    """What libjpeg finds damaged in a JPEG that Pillow takes silently; None where it finds nothing."""
    import simplejpeg

    try:
        # The smallest scale costs least, and reads every bit too.
        colours = "CMYK" if image.mode == "CMYK" else "RGB"
        simplejpeg.decode_jpeg(data, colours, min_height=1, min_width=1, strict=True)
    except ValueError as error:
        message = str(error)
        if message.startswith(DAMAGE) and not message.endswith(HARMLESS) and not _is_padding(data, message):
            return message
    return None


def _is_padding(data: bytes, message: str) -> bool:
    """Some cameras fill the file up before the end marker; what they fill it with is no part of the photo."""
    if not (found := REST.search(message)):
        return False
    end = data.rfind(END)
    return not data[max(0, end - int(found[1])) : end].strip(b"\0\xff")


def _pixels_in_memory(image: Image.Image, width: int, height: int) -> int:
    """How many pixels of a JPEG are in memory while it is decoded at the smallest scale, in eighths, above.

    A progressive JPEG is in memory whole.
    """
    if "progressive" in image.info:
        return image.width * image.height
    scaled = ((-(-image.width * n // 8), -(-image.height * n // 8)) for n in range(1, 9))
    return next(across * down for across, down in scaled if across >= width and down >= height)


def _least(image: Image.Image, enough: Enough) -> Size:
    """The width and height, as stored, that the decoder must not go below."""
    turn = orientation(image)
    width, height = upright(enough(*upright(image.size, turn)), turn)
    return min(width, image.width), min(height, image.height)
