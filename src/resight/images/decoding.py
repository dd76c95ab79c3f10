"""Decodes a file into pixels as they are stored, each kind by the decoder that was checked on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resight.errors import BadImage
from resight.images import budget, extras, jpeg2000, jpegs, jpegxl
from resight.images.colours import Conversion, by_profile
from resight.images.headers import TIFF_BEGINNINGS, first_frame, opened, opened_tiff
from resight.images.kinds import Traits, find_kind, traits_of_mode
from resight.images.photo import DAMAGED, Enough, Pixels, Size
from resight.images.png_colours import coded_light
from resight.images.rasters import flattened, of_array, of_image
from resight.images.tiffs import first_full_page
from resight.images.turning import orientation

if TYPE_CHECKING:
    from PIL import Image

Check = Callable[[Size], None]


@dataclass(frozen=True, eq=False)
class Stored:
    """Pixels as they are stored, the EXIF orientation still to be applied, and the full width and height."""

    pixels: Pixels
    orientation: int
    size: Size
    warnings: tuple[str, ...] = ()


def decoded(data: bytes, pixel_limit: int, enough: Enough | None) -> Stored:
    """Decode into pixels as stored: all of them, but for a JPEG of which fewer are enough."""

    def check(size: Size) -> None:
        width, height = size
        if width * height > pixel_limit:
            limit = f"{pixel_limit / 1e6:g} megapixels"
            raise BadImage(f"{width} x {height} pixels is over the limit of {limit}")

    if data.startswith(jpegs.BEGINNING):
        return _read_jpeg(data, check, enough)
    if data.startswith(TIFF_BEGINNINGS):
        return _read_tiff(data, check)
    if jpeg2000.accepts(data):
        return _read_jpeg_2000(data, check)
    if jpegxl.accepts(data):
        return _read_jpeg_xl(data, check)
    image = opened(data)
    check(image.size)
    _decoder(traits_of_mode(str(image.format), image.mode))
    light = coded_light(data) if image.format == "PNG" else None
    if light is not None:
        image.info.pop("icc_profile", None)
    return _load(image, light.conversion() if light else None)


def _load(image: Image.Image, convert: Conversion | None = None) -> Stored:
    """Load by Pillow; `convert` comes before the image's own profile."""
    frame = first_frame(image)
    budget.SHARED.admit(image.width * image.height)
    image.load()
    pixels = flattened(of_image(image, convert, frame))
    # Asked after loading, since Pillow turns a TIFF itself while it loads.
    return Stored(pixels, orientation(image), image.size)


def _decoder(traits: Traits) -> str:
    kind = find_kind(traits)
    if kind is None:
        raise BadImage(f"not a kind that Resight reads: {traits}")
    return kind.decoder


def _read_jpeg(data: bytes, check: Check, enough: Enough | None) -> Stored:
    try:
        image, depth = opened(data), 8
    except BadImage:
        if (depth := jpegs.precision(data)) == 8:
            raise
        # Pillow reads the header of no other depth.
        image = opened(jpegs.with_precision(data, 8))
    check(image.size)
    jpegs.refuse_lies(data, image)
    if depth != 8:
        traits = Traits("JPEG", "grey" if image.mode == "L" else image.mode, depth)
        _decoder(traits)
        if not jpegs.has_end(data):  # its decoder would fill up with grey, without a word
            raise BadImage("truncated or corrupt: no end marker")
        budget.SHARED.admit(image.size[0] * image.size[1])
        values = extras.by_imagecodecs(data, "jpeg8", traits)
        raster = of_array(values, traits, image.info.get("icc_profile"))
        return Stored(flattened(raster), orientation(image), image.size)
    pixels = jpegs.decode(data, image, enough)
    if pixels is not None:
        return Stored(pixels, orientation(image), image.size)
    return _read_odd_jpeg(data, image, enough)


def _read_odd_jpeg(data: bytes, image: Image.Image, enough: Enough | None) -> Stored:
    """Read a JPEG that simplejpeg refused, or cannot read: Pillow's verdict stands, damage is a warning."""
    whole = jpegs.ended(data, image)
    if whole is not data:
        image = opened(whole)
        pixels = jpegs.decode(whole, image, enough)
        if pixels is not None:
            return Stored(pixels, orientation(image), image.size)
    stored = _load(image)
    return replace(stored, warnings=(DAMAGED,)) if jpegs.flaw(whole, image) else stored


def _read_tiff(data: bytes, check: Check) -> Stored:
    page = first_full_page(data)
    check(page.size)
    if _decoder(page.traits) == "pillow":
        return _load(opened_tiff(page.data))
    budget.SHARED.admit(page.size[0] * page.size[1])
    values = extras.by_tifffile(page)
    raster = of_array(values, page.traits, page.profile, page.highest)
    return Stored(flattened(raster), page.orientation, page.size)


def _read_jpeg_2000(data: bytes, check: Check) -> Stored:
    header = jpeg2000.read_header(data)
    image = opened(data)
    check(image.size)
    extras.refuse_hollow(data, image.size)
    if _decoder(header.traits) == "pillow":
        return _load(image, by_profile(header.profile, "L" if header.traits.colours == "grey" else "RGB"))
    budget.SHARED.admit(image.size[0] * image.size[1])
    values = extras.by_imagecodecs(data, "jpeg2k", header.traits)
    if values.shape[1::-1] != image.size:
        raise BadImage("truncated or corrupt: of another size than its header says")
    # The decoder has followed the profile already.
    return Stored(flattened(of_array(values, header.traits)), orientation(image), image.size)


def _read_jpeg_xl(data: bytes, check: Check) -> Stored:
    size = jpegxl.read_size(data)
    check(size)
    extras.refuse_hollow(data, size)
    budget.SHARED.admit(size[0] * size[1])
    image = extras.by_pillow_jxl(data)
    check(image.size)
    # Its plugin hands the two bytes of 16-bit grey with alpha to Pillow as if they were two pixels.
    deep = image.mode == "LA" and extras.bytes_a_pixel(image) != jpegxl.GREY_ALPHA
    if deep or image.mode not in jpegxl.MODES:
        more = " of 16 bits" if deep else ""
        raise BadImage(f"not a kind that Resight reads: JPEG XL, which Pillow has as {image.mode}{more}")
    # The decoder has turned it, whatever EXIF says.
    return replace(_load(image), orientation=1)
