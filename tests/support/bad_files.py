"""Makes the files that an album of years holds: cut off, flipped, lying, mislabelled, or no photos at all."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

SAVED = {
    "baseline.jpg": {"format": "JPEG", "quality": 85},
    "progressive.jpg": {"format": "JPEG", "quality": 85, "progressive": True},
    "photo.png": {"format": "PNG"},
    "photo.webp": {"format": "WEBP", "quality": 80},
    "lossless.webp": {"format": "WEBP", "lossless": True},
    "photo.gif": {"format": "GIF"},
    "photo.bmp": {"format": "BMP"},
    "plain.tif": {"format": "TIFF"},
    "deflate.tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "photo.ppm": {"format": "PPM"},
}
CUTS = (0.02, 0.2, 0.5, 0.8, 0.95)


def make_bad_files(folder: Path, photos: Sequence[Path] = (), seed: int = 0) -> dict[Path, str]:
    """Write the files into the folder; each path -> "bad" (must be refused) or "either" (any verdict).

    Photos that are given are cut off and flipped at random as well as the drawn ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = {name: encoded(draw(160, 120, seed), **how) for name, how in SAVED.items()} | odd(seed)
    made = {}
    for name, content, expected in _contents(whole, photos, random.Random(seed)):
        path = folder / name
        path.write_bytes(content)
        made[path] = expected
    return made | _not_files(folder)


def draw(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture without symmetry: slopes, a block, a disc, and a little noise."""
    y, x = np.mgrid[:height, :width].astype(float)
    pixels = np.stack([255 * x / width, 255 * y / height, 127 * (x / width + y / height)], -1)
    pixels[height // 8 : height // 3, width // 6 : width // 2] = 250, 30, 20
    pixels[(x - 0.7 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.2 * height) ** 2] = 20, 60, 230
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, **how: object) -> bytes:
    """The bytes of an image file; `how` goes to Pillow's `save`."""
    file = io.BytesIO()
    image.save(file, **how)
    return file.getvalue()


def odd(seed: int) -> dict[str, bytes]:
    """Files of kinds that Pillow does not read, as far as there are writers of them here."""
    import tifffile

    pixels = np.asarray(draw(160, 120, seed))
    values = {"floats.tif": pixels / np.float32(255), "planes.tif": pixels.astype(np.uint16) * 257}
    made = {}
    for name, value in values.items():
        for packing in (None, "adobe_deflate"):
            file, planes = io.BytesIO(), name == "planes.tif"
            value = np.moveaxis(value, -1, 0) if planes and value.shape[-1] == 3 else value
            tifffile.imwrite(
                file, np.ascontiguousarray(value), photometric="rgb", compression=packing, metadata=None,
                planarconfig="separate" if planes else "contig", rowsperstrip=40,
            )  # fmt: skip
            made[f"{packing or 'plain'} {name}"] = file.getvalue()
    with suppress(ImportError):
        import imagecodecs

        deep = pixels.astype(np.uint16) * 257
        made["deep.jp2"] = imagecodecs.jpeg2k_encode(deep, level=0, codecformat="jp2")
        made["deep.j2k"] = imagecodecs.jpeg2k_encode(deep, level=0, codecformat="j2k")
        made["photo.jxl"] = imagecodecs.jpegxl_encode(pixels, lossless=True)
        made["boxed.jxl"] = imagecodecs.jpegxl_encode(deep, lossless=True, usecontainer=True)
        made["deep.jpg"] = imagecodecs.jpeg8_encode(deep >> 4, level=90, bitspersample=12)
    return made


def _contents(
    whole: dict[str, bytes], photos: Sequence[Path], chance: random.Random
) -> Iterator[tuple[str, bytes, str]]:
    for name, content in [*NO_IMAGES.items(), *_lies(whole["baseline.jpg"])]:
        yield name, content, "bad"
    for name, content in whole.items():
        yield f"header of {name}", content[:20], "bad"
        for cut in CUTS:
            yield f"{cut:g} of {name}", content[: int(cut * len(content))], "bad"
    real = {path.name: path.read_bytes() for path in photos}
    for name, content in (whole | real).items():
        for number in range(4):
            yield f"cut {number} {name}", content[: chance.randrange(len(content))], "either"
            yield f"flipped {number} {name}", _flipped(content, chance), "either"


def _flipped(content: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(chance.choice([1, 3, 30])):
        # Half of the flips fall into the header, where they hurt most.
        end = len(flipped) if chance.random() < 0.5 else min(600, len(flipped))
        flipped[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _not_files(folder: Path) -> dict[Path, str]:
    made: dict[Path, str] = {}
    makers: dict[str, Callable[[Path], object]] = {
        "a folder.jpg": lambda path: path.mkdir(exist_ok=True),
        "dangling.jpg": lambda path: path.symlink_to("nowhere.jpg"),
        "itself.jpg": lambda path: path.symlink_to("itself.jpg"),
    }
    if hasattr(os, "mkfifo"):
        makers["a pipe.jpg"] = os.mkfifo
    for name, make in makers.items():
        # Links need a privilege on some systems.
        with suppress(OSError):
            make(folder / name)
            made[folder / name] = "bad"
    return made


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, kind: int = 2) -> bytes:
    """A PNG from its size and the chunks after the header, every checksum right."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    text = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        text += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return text


def tiff(*tags: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory: tags as (number, type, count, value or offset)."""
    directory = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + b"\0\0\0\0" + tail


def sized(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG with another size in its header."""
    at = next(at for at in range(len(jpeg)) if jpeg[at : at + 2] in (b"\xff\xc0", b"\xff\xc2"))
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def _lies(jpeg: bytes) -> Iterator[tuple[str, bytes]]:
    """Headers that promise more than the limit, or than the file holds, and files that unpack without end."""
    few = (b"IDAT", zlib.compress(b"\0" * 1000))
    yield "60000 x 60000.png", png(60000, 60000, few)
    yield "13000 x 13000 of nothing.png", png(13000, 13000, few)
    yield "bomb.png", png(24000, 24000, (b"IDAT", zlib.compress(b"\0" * (3001 * 24000), 1)), depth=1, kind=0)
    yield "text bomb.png", png(9, 9, (b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 5_000_000)), few)
    yield "profile bomb.png", png(9, 9, (b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 5_000_000)), few)
    yield "no size.png", png(0, 0, few)
    yield "no pixels.png", png(9, 9)
    yield "no palette depth.png", png(9, 9, few, depth=5, kind=3)
    yield "65000 x 65000.jpg", sized(jpeg, 65000, 65000)
    yield "13000 x 13000 cut.jpg", sized(jpeg, 13000, 13000)[:-100]
    yield "many scans.jpg", _many_scans()
    yield "65535 x 65535.gif", b"GIF89a" + b"\xff\xff\xff\xff\0\0\0,\0\0\0\0\x05\0\x05\0\0\x02\x02D\x01\0;"
    yield "14000 x 14000 cut.gif", b"GIF89a" + struct.pack("<HH", 14000, 14000) + b"\x80\0\0" + b"\0" * 9
    yield (
        "60000 x 60000.bmp",
        b"BM" + struct.pack("<IIIIiiHHIIIIII", 100, 0, 54, 40, 60000, 60000, 1, 24, *[0] * 6),
    )
    yield "100000 x 100000.ppm", b"P6 100000 100000 255\n" + b"\0" * 100
    canvas = struct.pack("<I", 16383)[:3] * 2
    yield "16384 x 16384.webp", b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0" + canvas
    yield from _lying_tiffs()


def _many_scans() -> bytes:
    whole = encoded(draw(16, 16), format="JPEG", progressive=True)
    at = whole.rindex(b"\xff\xda")
    return whole[:at] + whole[at:-2] * 2000 + whole[-2:]


def _lying_tiffs() -> Iterator[tuple[str, bytes]]:
    def tags(width: int, **other: int) -> list[tuple[int, int, int, int]]:
        values = {
            "256": width,
            "257": width,
            "258": 8,
            "259": 1,
            "262": 1,
            "273": 200,
            "277": 1,
            "278": width,
        }
        values |= {"279": width * width % 2**32} | {name[1:]: value for name, value in other.items()}
        return [(int(tag), 4, 1, value) for tag, value in values.items()]

    yield "100000 x 100000.tif", tiff(*tags(100000), tail=b"\0" * 300)
    yield "12000 x 12000 of nothing.tif", tiff(*tags(12000), tail=b"\0" * 300)
    yield "77 bits.tif", tiff(*tags(100, t258=77), tail=b"\0" * 300)
    yield "compression 65000.tif", tiff(*tags(100, t259=65000), tail=b"\0" * 300)
    yield "offsets nowhere.tif", tiff(*tags(100, t273=2**32 - 1), tail=b"\0" * 300)
    yield "60000 samples.tif", tiff(*tags(100, t277=60000), tail=b"\0" * 300)
    yield "endless strips.tif", tiff((273, 4, 2**32 - 1, 8), *(tag for tag in tags(100) if tag[0] != 273))
    for name, more in {
        "floats": {"t258": 32, "t339": 3},
        "12 bits": {"t258": 12},
        "white first": {"t262": 0},
    }.items():
        yield (
            f"12000 x 12000 of nothing, {name}.tif",
            tiff(*tags(12000, **{"t258": 16} | more), tail=b"\0" * 300),
        )
        yield f"offsets nowhere, {name}.tif", tiff(*tags(100, **{"t258": 16, "t273": 2**32 - 1} | more))
    yield "no directory.tif", b"II*\0" + struct.pack("<I", 2**31)
    yield "directory in itself.tif", b"II*\0" + struct.pack("<IH", 8, 0) + struct.pack("<I", 8)


NO_IMAGES = {
    "empty.jpg": b"",
    "empty.png": b"",
    "one byte.jpg": b"\xff",
    "zeros.jpg": b"\0" * 4096,
    "ones.png": b"\xff" * 4096,
    "random.jpg": random.Random(1).randbytes(5000),
    "random after the mark.jpg": b"\xff\xd8\xff" + random.Random(2).randbytes(5000),
    "random after the mark.png": b"\x89PNG\r\n\x1a\n" + random.Random(3).randbytes(5000),
    "random after the mark.webp": b"RIFF\x80\x13\0\0WEBPVP8 " + random.Random(4).randbytes(5000),
    "random after the mark.gif": b"GIF89a" + random.Random(5).randbytes(5000),
    "random after the mark.tif": b"II*\0" + random.Random(6).randbytes(5000),
    "random after the mark.jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + random.Random(7).randbytes(5000),
    "random after the mark.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + random.Random(8).randbytes(5000),
    "random after the mark.avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + random.Random(9).randbytes(5000),
    "random after the mark.jxl": b"\xff\x0a" + random.Random(10).randbytes(5000),
    "random in a box.jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + random.Random(11).randbytes(5000),
    "box without end.jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(5000),
    "random after the mark.j2c": b"\xff\x4f\xff\x51" + random.Random(12).randbytes(5000),
    "random after the mark of a BigTIFF.tif": b"II\x2b\0" + random.Random(13).randbytes(5000),
    "high bytes first.tif": b"MM\0\x2b" + random.Random(14).randbytes(5000),
    "film.heic": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500),
    "page.jpg": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "text.jpg": b"The photo will be sent later.\n",
    "letter P.ppm": b"P",
    "Python.ppm": b"P6 is not a number\n",
    "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "document.jpg": b"%PDF-1.7\n1 0 obj\n",
    "archive.jpg": b"PK\x03\x04" + bytes(100),
    "marks only.jpg": b"\xff\xd8\xff\xd9",
    "line\nbreak.jpg": b"no photo",
    "-rf.jpg": b"no photo",
    "\u00fcml\u00e4ut \U0001f4f7.jpg": b"no photo",
}
