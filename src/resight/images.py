"""A file into upright sRGB pixels: orientation, profile, transparency and odd depths are done with here.

simplejpeg decodes plain JPEGs; all else, and every JPEG it refuses, goes to Pillow, whose verdict stands.
Only ICC profiles are followed, not the colour tags of PNG (cICP, gAMA) or of HEIC and AVIF (nclx).

Peak memory in bytes a pixel, above the file: JPEG 3, or 6 to be turned, progressive 6 to 9; PNG, TIFF, BMP
and CMYK 8; GIF 5; HEIC 9, AVIF 11, WebP 16, JPEG 2000 20. Broken TIFFs make libtiff write to standard error.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadImage

if TYPE_CHECKING:
    from PIL import Image, ImageCms

    Conversion = tuple[str, ImageCms.ImageCmsTransform]

Pixels = NDArray[np.uint8]

PIXEL_PATH = "simplejpeg or pillow, full decode, opencv area and linear, v1"
PIXEL_LIMIT = 200_000_000
FILE_LIMIT = 1 << 30
SCAN_LIMIT = 1000
SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
    }
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif", ".heic", ".heif", ".hif"}
)
FORMATS = {"JPEG": "Jpeg", "PNG": "Png", "WEBP": "WebP", "GIF": "Gif", "BMP": "Bmp", "TIFF": "Tiff"}
FORMATS |= {"PPM": "Ppm", "JPEG2000": "Jpeg2K"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"}
GREY = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
# EXIF orientation -> transposed first?, then the flip as cv2.flip counts: 0 upside down, 1 mirrored, -1 both.
TURNS = {2: (0, 1), 3: (0, -1), 4: (0, 0), 5: (1, None), 6: (1, 1), 7: (1, -1), 8: (1, 0)}


@dataclass(frozen=True, eq=False)
class Photo:
    """Pixels (height, width, 3) uint8, upright sRGB, C-contiguous and writable; sizes in pixels."""

    pixels: Pixels
    width: int
    height: int


def read(source: bytes | os.PathLike[str] | str, *, pixel_limit: int = PIXEL_LIMIT) -> Photo:
    """Read the whole photo from a file or its bytes; the first frame where there are several.

    Nothing but `BadImage` is raised, whatever the bytes are; `pixel_limit` is checked before decoding.
    """
    try:
        data = source if isinstance(source, bytes) else _content(source)
        with _quietly():
            pixels = _turned(*_decoded(data, pixel_limit))
        return Photo(pixels, pixels.shape[1], pixels.shape[0])
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


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """(H, W, 3) uint8 -> (height, width, 3) uint8, contiguous: area to shrink, linear to grow."""
    import cv2

    # OpenCV's area mode samples points as soon as one axis grows, so each axis gets its own mode.
    result: Any = pixels
    smaller = min(width, pixels.shape[1]), min(height, pixels.shape[0])
    if smaller != (pixels.shape[1], pixels.shape[0]):
        result = cv2.resize(result, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(result)


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


_readers = 0
_readers_lock = threading.Lock()
_readers_filter = ("ignore", None, Warning, re.compile(r"(PIL|pillow_heif)\."), 0)


@contextmanager
def _quietly() -> Iterator[None]:
    """Ignore what Pillow warns of (odd tags, large sizes): its verdict is what a reader wants.

    `warnings.catch_warnings` would swap lists that other threads are using. Here the first reader in adds one
    filter, for the decoders' modules only, and the last one out takes it away.
    """
    global _readers
    with _readers_lock:
        _readers += 1
        if _readers == 1:
            cast(list[Any], warnings.filters).insert(0, _readers_filter)
    try:
        yield
    finally:
        with _readers_lock:
            _readers -= 1
            if not _readers and _readers_filter in warnings.filters:
                cast(list[Any], warnings.filters).remove(_readers_filter)


def _decoded(data: bytes, pixel_limit: int) -> tuple[Pixels, int]:
    """Decode into pixels as stored, and the EXIF orientation that is still to be applied."""
    image = _open(data)
    width, height = image.size
    if width * height > pixel_limit:
        raise BadImage(f"{width} x {height} pixels is over the limit of {pixel_limit / 1e6:g} megapixels")
    pixels = None
    if image.format in ("JPEG", "MPO"):
        _refuse_lies(data, image)
        pixels = _jpeg(data, image)
    if pixels is None:
        image.load()
        pixels = _flat(image)
    # Asked after loading, since Pillow turns a TIFF itself while it loads.
    return pixels, _orientation(image)


def _open(data: bytes) -> Image.Image:
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


def _refuse_lies(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG that would cost far more than its bytes, before any decoder sees it."""
    # Each scan of a progressive JPEG costs a walk over all pixels, but few bytes in the file.
    if "progressive" in image.info and data.count(b"\xff\xda") > SCAN_LIMIT:
        raise BadImage(f"a progressive JPEG of more than {SCAN_LIMIT} scans")
    # A block of 64 pixels takes a bit at least; without this a short file could fill the memory with grey.
    if image.width * image.height > 512 * len(data):
        raise BadImage("truncated or corrupt: too short for its size in pixels")


def _jpeg(data: bytes, image: Image.Image) -> Pixels | None:
    """Decode a plain JPEG by simplejpeg; None where Pillow is to decode it, and to judge it."""
    import simplejpeg

    if image.mode not in ("RGB", "L"):
        return None
    try:
        # The size that was checked is Pillow's; a broken header may read otherwise to another library.
        if simplejpeg.decode_jpeg_header(data)[:2] != (image.height, image.width):
            return None
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", strict=True)
    except ValueError:
        return None
    from PIL import Image

    if convert := _conversion(image):
        for rows in _strips(image):
            pixels[rows] = _srgb(Image.fromarray(pixels[rows]), convert)
    return pixels


def _flat(image: Image.Image) -> Pixels:
    """Turn a loaded image of any mode into (H, W, 3) uint8 sRGB, in strips to save a second copy."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    convert, levels = _conversion(image), _levels(image)
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > 255:
        # Pillow keeps the high bytes of 16-bit colours, but all of the colour that is to be transparent.
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    for rows in _strips(image):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        pixels[rows] = _srgb(_shallow(strip, *levels) if levels else strip, convert)
    return pixels


def _strips(image: Image.Image) -> Iterator[slice]:
    """Rows of about a million pixels at a time."""
    step = max(1, (1 << 20) // image.width)
    return (slice(start, min(image.height, start + step)) for start in range(0, image.height, step))


def _srgb(strip: Image.Image, convert: Conversion | None) -> Pixels:
    """Bring 8 bits of any mode to sRGB by the profile, then onto white where it is transparent."""
    from PIL import Image

    alpha = None
    if strip.has_transparency_data:
        strip = (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")
        alpha = strip.getchannel("A")
    strip = convert[1].apply(strip.convert(convert[0])) if convert else strip.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", strip.size, "white")
        white.paste(strip, mask=alpha)
        strip = white
    return np.asarray(strip)


def _levels(image: Image.Image) -> tuple[float, float] | None:
    """Find the values that become black and white in an image of more than 8 bits, None for any other.

    16 bits: 0 and 65535, as for wider integers if all fit. Floats: 0 and 1, else 0 and 255, if all fit.
    Otherwise the lowest and the highest value.
    """
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    finite = []
    for rows in _strips(image):
        values = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))
        if (values := values[np.isfinite(values)]).size:
            finite += [float(values.min()), float(values.max())]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    for top in (65535,) if image.mode == "I" else (1, 255):
        if low >= 0 and high <= top:
            return 0, top
    return low, high


def _shallow(strip: Image.Image, black: float, white: float) -> Image.Image:
    """Scale to L, or LA where one grey is transparent; Pillow's `convert` would saturate."""
    from PIL import Image

    values = np.asarray(strip)
    scale = 255 / (white - black) if white > black else 0.0
    shares = np.nan_to_num((values.astype(np.float64) - black) * scale, posinf=255, neginf=0)
    grey = Image.fromarray((np.clip(shares, 0, 255) + 0.5).astype(np.uint8))
    if (clear := strip.info.get("transparency")) is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.uint8(255) * (values != clear))))


def _conversion(image: Image.Image) -> Conversion | None:
    """Look up the mode to hand to the image's profile and the transform to sRGB; None if there is none."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile or image.mode == "LAB":
        return None
    return _transform(profile, "CMYK" if image.mode == "CMYK" else "L" if image.mode in GREY else "RGB")


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, kind: str) -> Conversion | None:
    """Build a transform; a broken profile, or one of other colours than the pixels have, is ignored."""
    from PIL import Image, ImageCms

    try:
        fine = ImageCms.Flags.HIGHRESPRECALC
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if mode != kind and (kind, mode) != ("L", "RGB"):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=fine)
        # Tried and not believed by its name: a profile that moves no colour by more than a level is sRGB.
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
        probe = Image.fromarray(cube).convert(mode)
        moved = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return None
    return None if mode != "CMYK" and np.abs(moved).max() <= 1 else (mode, transform)


def _orientation(image: Image.Image) -> int:
    """Read the EXIF orientation, 1 to 8; broken EXIF counts as upright."""
    with suppress(Exception):
        return int(image.getexif().get(0x0112, 1))
    return 1


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    import cv2

    transposed, flip = TURNS.get(orientation, (0, None))
    result: Any = cv2.transpose(pixels) if transposed else pixels
    if flip is not None:
        cv2.flip(result, flip, dst=result)
    return cast(Pixels, result)
