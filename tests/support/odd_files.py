"""Writes a file of any kind that the table of kinds names, and says what it shows."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from PIL import Image

from resight.images.kinds import Kind, Traits
from support.bad_files import draw, encoded

WIDTH, HEIGHT = 200, 152


def picture() -> np.ndarray:
    """(H, W, 3): no two channels, rows or sides alike, with a white and a black corner."""
    pixels = np.asarray(draw(WIDTH, HEIGHT)).copy()
    pixels[:30, -60:], pixels[-40:, :50] = 255, 0
    pixels[-30:, -80:] = [[255, 120, 0]]
    return pixels


def opacity() -> np.ndarray:
    """(H, W): opaque, half and not at all."""
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[60:90, 20:140], alpha[95:120, 60:] = 128, 0
    return alpha


def traits_of(kind: Kind) -> Iterator[Traits]:
    """Every combination that a row of the table allows, but for those that no file can have."""
    names = [field.name for field in fields(Traits) if field.name != "format"]
    for values in itertools.product(*(getattr(kind, name) for name in names)):
        traits = Traits(kind.format, *values)
        if is_possible(traits):
            yield traits


def is_possible(traits: Traits) -> bool:
    """One channel has no planes; 8 bits leave none to spare; only a grey is inverted."""
    if traits.colours == "grey" and traits.alpha == "no" and traits.planes:
        return False
    if traits.format in ("PNG", "BMP", "HEIF") and (traits.alpha != "no" and traits.bits == 1):
        return False
    if traits.spare and (traits.bits != 16 or traits.numbers != "unsigned"):
        return False
    return not (traits.inverted and traits.colours != "grey")


def shown(traits: Traits) -> np.ndarray:
    """(H, W, 3): what a file of these traits shows, laid on white."""
    values, alpha = stored_colours(traits)
    if traits.alpha in ("straight", "premultiplied"):
        share = alpha[..., None] / 255
        values = values * share + 255 * (1 - share)
    return np.floor(values + 0.5).astype(np.uint8)


def stored_colours(traits: Traits) -> tuple[np.ndarray, np.ndarray]:
    """The colours (H, W, 3) as floats 0 to 255, before any alpha, and the alpha."""
    pixels = Image.fromarray(picture())
    if traits.colours == "grey":
        steps = (1 << min(traits.bits, 8)) - 1
        grey = np.asarray(pixels.convert("L")) / 255
        return (np.floor(grey * steps + 0.5) / steps * 255)[..., None].repeat(3, -1), opacity()
    if traits.colours == "palette":
        few = pixels.quantize(1 << traits.bits)
        return np.asarray(few.convert("RGB")).astype(float), opacity()
    if traits.colours == "CMYK":  # black ink is where nothing else is
        return np.asarray(pixels).astype(float), opacity()
    return np.asarray(pixels).astype(float), opacity()


def written(traits: Traits) -> bytes:
    """The bytes of a file of these traits."""
    own = {"TIFF": tiff, "JPEG": jpeg, "JPEG 2000": jpeg_2000, "JPEG XL": jpeg_xl, "PPM": ppm}
    return own.get(traits.format, by_pillow)(traits)


def numbers(traits: Traits) -> np.ndarray:
    """(H, W, C): the channels as they are stored, of the type and the range that the traits ask for."""
    colours, alpha = stored_colours(traits)
    colours, opaque = colours / 255, alpha[..., None] / 255
    if traits.colours == "grey":
        colours = colours[..., :1]
    if traits.colours == "CMYK":
        colours = np.concatenate([1 - colours, np.zeros_like(opaque)], -1)
    if traits.inverted:
        colours = 1 - colours
    if traits.alpha == "premultiplied":
        colours = colours * opaque
    channels = colours if traits.alpha == "no" else np.concatenate([colours, opaque], -1)
    return typed(channels, traits)


def typed(shares: np.ndarray, traits: Traits) -> np.ndarray:
    """Shares from 0 to 1 as numbers of the traits' type."""
    if traits.numbers == "floats":
        return shares.astype(f"f{traits.bits // 8}")
    bits = 12 if traits.spare else traits.bits
    size = next(size for size in (8, 16, 32) if size >= traits.bits)
    if traits.numbers == "signed":
        top = (1 << traits.bits - 1) - 1
        # Signed values that are negative nowhere, or span the whole range, which is scaled anew.
        return np.floor(shares * top + 0.5).astype(f"i{size // 8}")
    return np.floor(shares * ((1 << bits) - 1) + 0.5).astype(f"u{size // 8}")


EXTRA = {"straight": 2, "premultiplied": 1, "ignored": 0}
PACKED = {"none": None, "LZW": "lzw", "deflate": "adobe_deflate", "PackBits": "packbits", "LZMA": "lzma"}
PACKED |= {"Zstandard": "zstd", "JPEG": "jpeg", "JPEG 2000": "jpeg2000", "JPEG XL": "jpegxl", "WebP": "webp"}


def tiff(traits: Traits) -> bytes:
    """A TIFF; Pillow writes the one that only it can."""
    import tifffile

    if traits.packing == "CCITT" or (traits.bits in (1, 2, 4) and traits.colours == "grey"):
        return small_grey(traits)
    if traits.colours == "palette":
        return palette(traits)
    if traits.packing == "JPEG" and traits.colours == "YCbCr":
        return encoded(Image.fromarray(picture()), format="TIFF", compression="jpeg", quality=95)
    photometric = {"grey": "minisblack", "RGB": "rgb", "CMYK": "separated"}[traits.colours]
    values = numbers(traits)
    how = {}
    if traits.packing in ("JPEG", "WebP"):
        how = {"compressionargs": {"level": 95}}
    if traits.packing == "JPEG 2000":
        how = {"compressionargs": {"level": 0}}
    if traits.packing == "JPEG":
        how |= {"subsampling": (1, 1)}
    values = np.moveaxis(values, -1, 0) if traits.planes else values
    values = values[..., 0] if values.shape[-1] == 1 else values
    if traits.bits == 12:
        return twelve_bits(values, traits)
    file = io.BytesIO()
    tifffile.imwrite(
        file, np.ascontiguousarray(values),
        photometric="miniswhite" if traits.inverted else photometric,
        planarconfig=None if values.ndim == 2 else "separate" if traits.planes else "contig",
        extrasamples=None if traits.alpha == "no" else [EXTRA[traits.alpha]],
        compression=PACKED[traits.packing],
        extratags=[(281, 3, 1, 4095, True)] if traits.spare else (),
        rowsperstrip=50, metadata=None, **how,
    )  # fmt: skip
    return file.getvalue()


def twelve_bits(values: np.ndarray, traits: Traits) -> bytes:
    """Two values in three bytes, the first one's high bits first."""
    from support.bad_files import tiff as tiff_of

    even, odd = values.ravel()[::2].astype(int), values.ravel()[1::2].astype(int)
    packed = np.stack([even >> 4, (even & 15) << 4 | odd >> 8, odd & 255], 1).astype(np.uint8).tobytes()
    tags = {256: WIDTH, 257: HEIGHT, 258: 12, 259: 1, 262: 0 if traits.inverted else 1, 273: 0, 277: 1}
    tags |= {278: HEIGHT, 279: len(packed)}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    return tiff_of(*((tag, 4, 1, value) for tag, value in tags.items()), tail=packed)


def small_grey(traits: Traits) -> bytes:
    """Greys of 1, 2 or 4 bits, rows padded to bytes; packed by Pillow's libtiff through its bytes."""
    from support.bad_files import tiff as tiff_of

    grey = numbers(traits)[..., 0]
    if traits.packing == "CCITT":
        lit = Image.fromarray(grey.astype(bool) != traits.inverted)
        return encoded(lit, format="TIFF", compression="group4", tiffinfo={262: 0 if traits.inverted else 1})
    bits = np.unpackbits(grey[..., None], axis=-1)[..., 8 - traits.bits :].reshape(HEIGHT, -1)
    data = compressed(np.packbits(bits, axis=1).tobytes(), traits.packing)
    number = {"none": 1, "LZW": 5, "deflate": 8, "PackBits": 32773, "LZMA": 34925, "Zstandard": 50000}
    tags = {256: WIDTH, 257: HEIGHT, 258: traits.bits, 259: number[traits.packing]}
    tags |= {262: 0 if traits.inverted else 1, 273: 0, 277: 1, 278: HEIGHT, 279: len(data)}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    return tiff_of(*((tag, 4, 1, value) for tag, value in tags.items()), tail=data)


def compressed(data: bytes, packing: str) -> bytes:
    import imagecodecs

    if packing == "none":
        return data
    name = {"LZW": "lzw", "deflate": "zlib", "PackBits": "packbits", "LZMA": "lzma", "Zstandard": "zstd"}
    return getattr(imagecodecs, f"{name[packing]}_encode")(data)


def palette(traits: Traits) -> bytes:
    few = Image.fromarray(picture()).quantize(1 << traits.bits)
    index = np.asarray(few)
    bits = np.unpackbits(index[..., None], axis=-1)[..., 8 - traits.bits :].reshape(HEIGHT, -1)
    data = compressed(np.packbits(bits, axis=1).tobytes(), traits.packing)
    colours = np.zeros((1 << traits.bits, 3), int)
    known = np.array(few.getpalette(), int).reshape(-1, 3)[: 1 << traits.bits]
    colours[: len(known)] = known * 257
    return indexed(data, colours, traits)


def indexed(data: bytes, colours: np.ndarray, traits: Traits) -> bytes:
    """A TIFF of indices, packed already, and their colours as they are stored."""
    from support.bad_files import tiff as tiff_of

    number = {"none": 1, "LZW": 5, "deflate": 8, "PackBits": 32773, "LZMA": 34925, "Zstandard": 50000}
    table = colours.T.astype("<u2").tobytes()
    start = 8 + 2 + 12 * 10 + 4
    tags = [(256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 4, 1, traits.bits)]
    tags += [(259, 4, 1, number[traits.packing]), (262, 4, 1, 3), (277, 4, 1, 1), (278, 4, 1, HEIGHT)]
    tags += [(320, 3, colours.size, start), (273, 4, 1, start + len(table)), (279, 4, 1, len(data))]
    return tiff_of(*tags, tail=table + data)


def jpeg(traits: Traits) -> bytes:
    if traits.bits == 12:
        import imagecodecs

        values = numbers(traits)
        values = values[..., 0] if values.shape[-1] == 1 else values
        return imagecodecs.jpeg8_encode(np.ascontiguousarray(values), level=95, bitspersample=12)
    mode = {"grey": "L", "RGB": "RGB", "CMYK": "CMYK"}[traits.colours]
    values = numbers(traits)
    values = values[..., 0] if values.shape[-1] == 1 else values
    image = Image.frombytes(mode, (WIDTH, HEIGHT), values.tobytes())
    return encoded(image, format="JPEG", quality=95, subsampling=0)


def jpeg_2000(traits: Traits) -> bytes:
    import imagecodecs

    values = numbers(traits)
    values = values[..., 0] if values.shape[-1] == 1 else values
    return imagecodecs.jpeg2k_encode(values, level=0, codecformat="jp2", bitspersample=traits.bits)


def jpeg_xl(traits: Traits) -> bytes:
    """A JPEG XL; its writer says of 16 bits that they are light, so light is stored."""
    import imagecodecs

    values = numbers(traits)
    if traits.bits == 16:
        count = 1 if traits.colours == "grey" else 3
        stored = values[..., :count] / 65535
        light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
        values = np.concatenate([np.floor(65535 * light + 0.5).astype(np.uint16), values[..., count:]], -1)
    values = values[..., 0] if values.shape[-1] == 1 else values
    return imagecodecs.jpegxl_encode(np.ascontiguousarray(values), lossless=True)


LOSSLESS = {"WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 95, "subsampling": "4:4:4"}}
LOSSLESS |= {"HEIF": {"quality": 95, "chroma": 444}}
BY_COUNT = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def by_pillow(traits: Traits) -> bytes:
    """A file of a format that Pillow, or a plugin of it, writes as well as it reads."""
    if traits.format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    if traits.format == "BMP" and traits.alpha == "straight":
        return bmp_with_alpha(numbers(traits))
    return encoded(as_image(traits), format=traits.format, **LOSSLESS.get(traits.format, {}))


def as_image(traits: Traits) -> Image.Image:
    """The channels in the mode of Pillow that holds them."""
    values = numbers(traits)
    if traits.colours == "palette":
        few = Image.fromarray(picture()).quantize(1 << traits.bits)
        if traits.alpha == "straight":
            few = Image.merge("PA", (few.convert("L"), Image.fromarray(opacity())))
        return few
    if traits.bits == 1:
        return Image.fromarray(values[..., 0].astype(bool))
    if traits.bits == 16:
        return Image.fromarray(values[..., 0])
    return Image.frombytes(BY_COUNT[values.shape[-1]], (WIDTH, HEIGHT), values.tobytes())


def ppm(traits: Traits) -> bytes:
    """A netpbm file by hand: letter, size, largest value, and the numbers with the high byte first."""
    values, size = numbers(traits), f"{WIDTH} {HEIGHT}"
    if traits.numbers == "floats":  # rows from the bottom, and a scale below zero for low bytes first
        return f"Pf\n{size}\n-1.0\n".encode() + values[::-1].astype("<f4").tobytes()
    if traits.bits == 1:  # 1 is black
        return f"P4\n{size}\n".encode() + np.packbits(values[..., 0] == 0, axis=1).tobytes()
    letter = "P5" if traits.colours == "grey" else "P6"
    kind = ">u2" if traits.bits == 16 else "u1"
    return f"{letter}\n{size}\n{(1 << traits.bits) - 1}\n".encode() + values.astype(kind).tobytes()


def bmp_with_alpha(values: np.ndarray) -> bytes:
    """A BMP whose header, of version 4, says where red, green, blue and alpha lie."""
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, WIDTH, HEIGHT, 1, 32, 3, 0, 0, 0, 0, 0)
    header += struct.pack("<4I", *masks) + b"BGRs" + bytes(48)
    rows = values[::-1, :, [2, 1, 0, 3]].tobytes()
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(rows), 0, 0, 14 + len(header)) + header + rows
