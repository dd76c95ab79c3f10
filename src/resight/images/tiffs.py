"""Reads the directories of a TIFF: its first full page, and what decides which decoder gets that right."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resight.errors import BadImage
from resight.images.kinds import Traits
from resight.images.photo import Size

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

MOST_PAGES = 1000
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, SAMPLES, HIGHEST, PLANES, COLOUR_MAP = 274, 277, 281, 284, 320
NEW_SUBFILE, OLD_SUBFILE, EXTRA_SAMPLES, FORMAT, PROFILE = 254, 255, 338, 339, 34675
COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELAB"}
CHANNELS = {"RGB": 3, "CMYK": 4, "YCbCr": 3, "CIELAB": 3}
NUMBERS = {1: "unsigned", 2: "signed", 3: "floats"}
ALPHA = {1: "premultiplied", 2: "straight", 999: "straight"}  # 999 is written by Corel Draw 10
PACKINGS = {
    1: "none",
    2: "CCITT",
    3: "CCITT",
    4: "CCITT",
    5: "LZW",
    7: "JPEG",
    8: "deflate",
    32773: "PackBits",
}
PACKINGS |= {32946: "deflate", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}
PACKINGS |= {33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000"}
PACKINGS |= {50002: "JPEG XL", 52546: "JPEG XL", 6: "old JPEG", 34887: "LERC", 34892: "lossy JPEG"}


@dataclass(frozen=True)
class Page:
    """A page of a TIFF: the bytes whose first page it is, its size, and what its tags say.

    `highest` is the value of white where the values use fewer bits than are stored; None where they use all.
    """

    data: bytes
    size: Size
    traits: Traits
    orientation: int = 1
    profile: bytes | None = None
    highest: int | None = None


def first_full_page(data: bytes) -> Page:
    """Find the first page that is no thumbnail and no mask of another one; the first where there is none."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    if data.startswith(b"MM\0\x2b"):  # Pillow takes its header for that of an ordinary one
        raise BadImage("not a kind that Resight reads: TIFF, a BigTIFF with the high bytes first")
    file = io.BytesIO(data)
    tags = ImageFileDirectory_v2(data[:16] if data[2:3] == b"\x2b" else data[:8])
    start, chosen = tags.next, None
    seen: set[int] = set()
    while start and start not in seen and len(seen) < MOST_PAGES:
        seen.add(start)
        file.seek(start)
        tags.load(file)
        if not _is_reduced(tags):
            return _page(data if len(seen) == 1 else _begun_at(data, start), tags)
        chosen, start = chosen or start, tags.next
    if chosen is None:
        raise BadImage("truncated or corrupt header: no page")
    file.seek(chosen)
    tags.load(file)
    return _page(data, tags)


def _is_reduced(tags: ImageFileDirectory_v2) -> bool:
    kind = tags.get(NEW_SUBFILE, 0)
    return bool(isinstance(kind, int) and kind & 0b101) or tags.get(OLD_SUBFILE) == 2


def _begun_at(data: bytes, start: int) -> bytes:
    """The same file whose first page is another one: decoders look no further than the first."""
    if data[2:3] == b"\x2b":
        return data[:8] + start.to_bytes(8, "little") + data[16:]
    return data[:4] + start.to_bytes(4, "little" if data[:2] == b"II" else "big") + data[8:]


def _page(data: bytes, tags: ImageFileDirectory_v2) -> Page:
    try:
        size = int(tags[WIDTH]), int(tags[HEIGHT])
        traits, highest = _traits(tags)
    except KeyError:
        raise BadImage("truncated or corrupt header: no width or no height") from None
    except (TypeError, ValueError, IndexError) as error:
        raise BadImage(f"truncated or corrupt header: {error}") from None
    if min(size) < 1:
        raise BadImage("truncated or corrupt header: no pixels")
    profile, turn = tags.get(PROFILE), tags.get(ORIENTATION)
    orientation = turn if isinstance(turn, int) else 1
    return Page(data, size, traits, orientation, profile if isinstance(profile, bytes) else None, highest)


def _traits(tags: ImageFileDirectory_v2) -> tuple[Traits, int | None]:
    packing, photometric = int(tags.get(COMPRESSION, 1)), int(tags.get(PHOTOMETRIC, 0))
    colours = COLOURS.get(photometric, f"photometric {photometric}")
    own = CHANNELS.get(colours, 1)
    samples = int(tags.get(SAMPLES, own if packing == 6 else 1))
    bits = _of_all(tags, BITS, samples, 1)
    highest = _highest(tags, bits)
    numbers = _of_all(tags, FORMAT, samples, 1)
    if samples < own:
        raise ValueError(f"{samples} samples of {colours}")
    traits = Traits(
        "TIFF",
        colours,
        bits,
        NUMBERS.get(numbers, f"sample format {numbers}"),
        _alpha(tags, colours, samples - own),
        planes=tags.get(PLANES, 1) == 2 and samples > 1,
        packing=PACKINGS.get(packing, f"compression {packing}"),
        inverted=photometric == 0,
        spare=highest is not None,
    )
    return traits, highest


def _of_all(tags: ImageFileDirectory_v2, tag: int, samples: int, default: int) -> int:
    """The value that all samples share; -1 where they differ."""
    found: Any = tags.get(tag, (default,))
    values = set((found if isinstance(found, tuple) else (found,))[:samples])
    return int(values.pop()) if len(values) == 1 else -1


def _alpha(tags: ImageFileDirectory_v2, colours: str, more: int) -> str:
    """What the first sample behind the colours is."""
    if more < 1:
        return "no"
    found: Any = tags.get(EXTRA_SAMPLES, ())
    extra = found if isinstance(found, tuple) else (found,)
    if not extra:  # four samples of RGB without a word are RGBA to every program
        return "straight" if colours == "RGB" and more == 1 else "ignored"
    return ALPHA.get(extra[0], "ignored")


def _highest(tags: ImageFileDirectory_v2, bits: int) -> int | None:
    """MaxSampleValue where it says how many bits are used: 4095 is 12 of 16.

    Any other value is only the largest one found in this image, which by the standard must not make it
    brighter.
    """
    found: Any = tags.get(HIGHEST)
    value = max(found) if isinstance(found, tuple) and found else found
    if isinstance(value, int) and bits > 8 and 255 <= value < (1 << bits) - 1 and value & (value + 1) == 0:
        return value
    return None
