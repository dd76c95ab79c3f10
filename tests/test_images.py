"""Files of every kind become the right pixels, and bad ones a reason."""

import io
import math
import random
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from resight import images
from resight.errors import BadImage
from resight.images import colours, jpegs
from support.bad_files import draw, encoded, make_bad_files, png, sized, tiff

PICTURE = draw(61, 43)
PIXELS = np.asarray(PICTURE)

# How a picture lies in a file of each EXIF orientation: row 0 and column 0 as the standard names them.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[:, ::-1],
}


def pixels(source) -> np.ndarray:
    return images.read(source).pixels


def furthest(one, other) -> int:
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())


def reason(source, **how) -> str:
    with pytest.raises(BadImage) as caught:
        images.read(source, **how)
    return str(caught.value)


# Orientation


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    ("how", "levels"),
    [
        ({"format": "PNG"}, 0),
        ({"format": "WEBP", "lossless": True}, 0),
        ({"format": "TIFF"}, 0),
        ({"format": "TIFF", "compression": "tiff_lzw"}, 0),
        ({"format": "JPEG", "quality": 100, "subsampling": 0}, 6),
        pytest.param(
            {"format": "AVIF", "quality": 100, "subsampling": "4:4:4"},
            3,
            marks=pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF"),
        ),
    ],
    ids=lambda value: value.get("compression", value["format"]) if isinstance(value, dict) else "",
)
def test_each_orientation_is_the_upright_picture(orientation, how, levels):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PIXELS)))
    photo = images.read(encoded(stored, exif=exif, **how))
    assert (photo.width, photo.height) == (61, 43)
    assert photo.pixels.flags.c_contiguous
    assert photo.pixels.flags.writeable
    assert furthest(photo.pixels, PIXELS) <= levels


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heic_is_turned_once(orientation):
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PIXELS)))
    file = io.BytesIO()
    heif.from_pillow(stored).save(file, quality=100, chroma=444, exif=exif.tobytes())
    assert furthest(pixels(file.getvalue()), PIXELS) <= 6


@pytest.mark.parametrize("value", [0, 9, 77, 65535])
def test_an_unknown_orientation_is_upright(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert furthest(pixels(encoded(PICTURE, format="PNG", exif=exif)), PIXELS) == 0


def test_an_orientation_of_another_type_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    text = encoded(PICTURE, format="TIFF", exif=exif).replace(b"\x12\x01\x03\0", b"\x12\x01\x02\0")
    assert furthest(pixels(text), PIXELS) == 0


def test_broken_exif_is_upright_and_silent():
    for garbage in (
        b"Exif\0\0",
        b"Exif\0\0II*\0" + b"\xff" * 40,
        b"Exif\0\0" + random.Random(0).randbytes(90),
    ):
        assert furthest(pixels(encoded(PICTURE, format="PNG", exif=garbage)), PIXELS) == 0
        assert pixels(encoded(PICTURE, format="JPEG", exif=garbage)).shape == PIXELS.shape


# JPEG: two decoders, one verdict

JPEGS = {
    "baseline": {"quality": 90},
    "progressive": {"quality": 90, "progressive": True},
    "full colour": {"quality": 75, "subsampling": 0, "optimize": True},
    "restarts": {"quality": 60, "restart_marker_rows": 1},
}


def slowly(source) -> np.ndarray:
    """The pixels by Pillow alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpegs, "decode", lambda data, image, enough: None)
        return pixels(source)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("how", JPEGS.values(), ids=JPEGS)
def test_both_jpeg_decoders_give_the_same_pixels(mode, how):
    # Equal to the last bit with the versions at hand; a level is left for other builds of libjpeg.
    jpeg = encoded(draw(333, 201).convert(mode), format="JPEG", **how)
    assert furthest(pixels(jpeg), slowly(jpeg)) <= 1


def test_both_jpeg_decoders_give_the_same_verdict():
    chance = random.Random(3)
    whole = [encoded(draw(140, 90), format="JPEG", **how) for how in JPEGS.values()]
    seen = {True: 0, False: 0}
    for number in range(1500):
        broken = bytearray(chance.choice(whole))
        if number % 3:
            for _ in range(chance.choice([1, 1, 4])):
                end = len(broken) if chance.random() < 0.6 else 650
                broken[chance.randrange(end)] ^= 1 << chance.randrange(8)
        else:
            last = chance.randrange(1, 20) if number % 2 else chance.randrange(1, len(broken))
            del broken[-last:]
        verdicts = []
        for reader in (pixels, slowly):
            try:
                reader(bytes(broken))
                verdicts.append(True)
            except BadImage:
                verdicts.append(False)
        assert verdicts[0] == verdicts[1], f"number {number}"
        seen[verdicts[0]] += 1
    assert min(seen.values()) > 300


def test_cmyk_jpeg_white_is_white():
    cmyk = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    cmyk.paste((0, 255, 255, 0), (0, 0, 16, 32))
    result = pixels(encoded(cmyk, format="JPEG", quality=100))
    assert furthest(result[:, 24:], 255) == 0
    assert furthest(result[:, :8], [255, 0, 0]) <= 2


@pytest.mark.parametrize("progressive", [False, True])
def test_the_emptiest_jpeg_is_not_too_short_for_its_size(progressive):
    grey = Image.new("L", (4000, 3000), 128)
    jpeg = encoded(grey, format="JPEG", quality=1, optimize=True, progressive=progressive)
    assert furthest(pixels(jpeg), 128) == 0


def test_a_progressive_jpeg_of_endless_scans_is_refused():
    jpeg = encoded(draw(16, 16), format="JPEG", progressive=True)
    at = jpeg.rindex(b"\xff\xda")
    assert "scans" in reason(jpeg[:at] + jpeg[at:-2] * 2000 + jpeg[-2:])


# Depth, palettes, transparency


def test_16_bit_grey_keeps_its_levels():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for how in ({"format": "PNG"}, {"format": "TIFF"}, {"format": "TIFF", "compression": "tiff_lzw"}):
        result = pixels(encoded(Image.fromarray(ramp), **how))
        assert furthest(result, np.floor(ramp / 257 + 0.5)[..., None]) == 0


def test_16_bit_pgm_and_big_endian_tiff_keep_their_levels():
    ramp = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    expected = np.floor(ramp / 257 + 0.5)[..., None]
    assert furthest(pixels(b"P5 64 64 65535\n" + ramp.astype(">u2").tobytes()), expected) == 0
    big = Image.frombytes("I;16B", (64, 64), ramp.astype(">u2").tobytes())
    assert furthest(pixels(encoded(big, format="TIFF")), expected) == 0


def test_16_bit_colour_keeps_its_levels():
    # Pillow keeps the high byte, which is within a level of the share of 65535.
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    colour = np.stack([ramp, ramp.T, 65535 - ramp], -1)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colour)
    result = pixels(png(256, 256, (b"IDAT", zlib.compress(rows, 1)), depth=16))
    assert np.abs(result - colour / 257).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([[0, 0.25, 0.5, 1]]), [0, 64, 128, 255]),
        (np.float32([[0, 10, 100.4, 255]]), [0, 10, 100, 255]),
        (np.float32([[-1, 0, 0.5, 1]]), [0, 128, 191, 255]),
        (np.float32([[np.nan, 0, np.inf, 1]]), [0, 0, 255, 255]),
        (np.float32([[np.nan] * 4]), [0, 0, 0, 0]),
        (np.int32([[0, 257, 32896, 65535]]), [0, 1, 128, 255]),
        (np.int32([[-1000, 0, 500, 1000]]), [0, 128, 191, 255]),
        (np.int32([[70000] * 4]), [0, 0, 0, 0]),
    ],
    ids=["shares", "levels", "signed", "not finite", "nothing finite", "16 bits", "wide", "constant"],
)
def test_wide_values_are_scaled_by_the_rule(values, expected):
    result = pixels(encoded(Image.fromarray(values), format="TIFF"))
    assert result[0].tolist() == [[value] * 3 for value in expected]


def test_one_bit_and_grey_and_palette():
    black = np.zeros((9, 20), bool)
    black[2:5, 3:11] = True
    for how in ({"format": "PNG"}, {"format": "TIFF", "compression": "group4"}, {"format": "PPM"}):
        assert furthest(pixels(encoded(Image.fromarray(black), **how)), black[..., None] * 255) == 0
    grey = PICTURE.convert("L")
    assert furthest(pixels(encoded(grey, format="PNG")), np.asarray(grey)[..., None]) == 0
    few = PICTURE.quantize(16)
    for name in ("PNG", "GIF", "BMP", "TIFF"):
        assert furthest(pixels(encoded(few, format=name)), np.asarray(few.convert("RGB"))) == 0


def on_white(colours, alpha) -> np.ndarray:
    share = np.asarray(alpha, float)[..., None] / 255
    return np.floor(np.asarray(colours, float) * share + 255 * (1 - share) + 0.5)


ALPHA = np.linspace(0, 255, 43 * 61).astype(np.uint8).reshape(43, 61)


@pytest.mark.parametrize(
    "how", [{"format": "PNG"}, {"format": "TIFF"}, {"format": "WEBP", "lossless": True, "exact": True}]
)
def test_alpha_is_laid_on_white(how):
    clear = Image.fromarray(np.dstack([PIXELS, ALPHA]))
    assert furthest(pixels(encoded(clear, **how)), on_white(PIXELS, ALPHA)) == 0


def test_grey_alpha_is_laid_on_white():
    grey = PICTURE.convert("L")
    both = Image.merge("LA", (grey, Image.fromarray(ALPHA)))
    expected = on_white(np.asarray(grey)[..., None].repeat(3, -1), ALPHA)
    for name in ("PNG", "TIFF"):
        assert furthest(pixels(encoded(both, format=name)), expected) == 0


def test_premultiplied_alpha_is_laid_on_white():
    colours = (PIXELS * (ALPHA[..., None] / 255) + 0.5).astype(np.uint8)
    tags = {
        256: 61,
        257: 43,
        259: 1,
        262: 2,
        273: 8 + 2 + 11 * 12 + 4 + 8,
        277: 4,
        278: 43,
        279: 61 * 43 * 4,
        338: 1,
    }
    entries = [(tag, 4, 1, value) for tag, value in tags.items()]
    entries += [(258, 3, 4, 8 + 2 + 11 * 12 + 4), (284, 3, 1, 1)]
    premultiplied = tiff(
        *entries, tail=struct.pack("<4H", 8, 8, 8, 8) + np.dstack([colours, ALPHA]).tobytes()
    )
    # On white, a premultiplied colour only gains what its alpha lacks; dividing and multiplying costs levels.
    expected = colours + (255 - ALPHA.astype(int))[..., None]
    assert furthest(pixels(premultiplied), expected) <= 2


def test_premultiplied_grey_is_laid_on_white():
    grey = np.full((4, 64), 60, np.uint8)
    alpha = np.linspace(60, 255, 256).astype(np.uint8).reshape(4, 64)
    strip = Image.frombytes("La", (64, 4), np.dstack([grey, alpha]).tobytes())
    assert furthest(colours.srgb(strip, None), (60 + 255 - alpha.astype(int))[..., None]) <= 1


def test_transparent_colours_become_white():
    few = PICTURE.quantize(16)
    index = np.asarray(few)
    expected = np.where((index == 5)[..., None], 255, np.asarray(few.convert("RGB")))
    for name in ("PNG", "GIF"):
        assert furthest(pixels(encoded(few, format=name, transparency=5)), expected) == 0
    shares = bytes(range(0, 256, 17))
    expected = on_white(np.asarray(few.convert("RGB")), np.frombuffer(shares, np.uint8)[index])
    assert furthest(pixels(encoded(few, format="PNG", transparency=shares)), expected) == 0
    colour = tuple(int(value) for value in PIXELS[7, 9])
    expected = np.where((colour == PIXELS).all(-1)[..., None], 255, PIXELS)
    assert furthest(pixels(encoded(PICTURE, format="PNG", transparency=colour)), expected) == 0


def test_a_transparent_16_bit_grey_or_colour_becomes_white():
    ramp = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in ramp)
    grey = png(64, 64, (b"tRNS", struct.pack(">H", 1600)), (b"IDAT", zlib.compress(rows)), depth=16, kind=0)
    expected = np.where(ramp == 1600, 255, np.floor(ramp / 257 + 0.5))
    assert furthest(pixels(grey), expected[..., None]) == 0
    colour = struct.pack(">HHH", 0x8012, 0x4034, 0x2056)
    rows = b"\0" + colour + struct.pack(">HHH", 0x9000, 0, 0xFFFF)
    wide = png(2, 1, (b"tRNS", colour), (b"IDAT", zlib.compress(rows)), depth=16)
    assert pixels(wide).tolist() == [[[255, 255, 255], [0x90, 0, 255]]]


def test_the_first_frame_counts():
    other = draw(61, 43, seed=1).rotate(180)
    for how in (
        {"format": "PNG"},
        {"format": "WEBP", "lossless": True},
        {"format": "TIFF"},
        {"format": "TIFF", "compression": "tiff_lzw"},
    ):
        film = encoded(PICTURE, save_all=True, append_images=[other], **how)
        assert furthest(pixels(film), PIXELS) == 0
    few = PICTURE.quantize(16)
    film = encoded(few, format="GIF", save_all=True, append_images=[other.quantize(16)])
    assert furthest(pixels(film), np.asarray(few.convert("RGB"))) == 0
    pair = encoded(PICTURE, format="MPO", save_all=True, append_images=[other], quality=95)
    assert furthest(pixels(pair), pixels(encoded(PICTURE, format="JPEG", quality=95))) == 0


# Colour profiles

# Columns are the red, green and blue of a space in XYZ under D50.
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


def profile(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", between: bytes = b"XYZ ") -> bytes:
    """An ICC profile, version 2, from its tags."""
    tags |= {
        b"desc": b"desc" + struct.pack(">II", 0, 5) + b"mine\0" + bytes(78),
        b"cprt": b"text\0\0\0\0-\0\0\0",
    }
    tags |= {b"wtpt": b"XYZ " + bytes(4) + numbers(0.9642, 1, 0.8249)}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = b"lcms" + struct.pack(">I", 0x02400000) + kind + space + between + bytes(12) + b"acsp" + bytes(28)
    head += numbers(0.9642, 1, 0.8249) + bytes(48)
    return struct.pack(">I", 132 + len(table) - 4 + len(body)) + head + table + body


def numbers(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv" + struct.pack(">IIHxx", 0, 1, round(value * 256))


def rgb_profile(primaries: np.ndarray, power: float) -> bytes:
    tags = {}
    for letter, column in zip((b"r", b"g", b"b"), primaries.T, strict=True):
        tags[letter + b"XYZ"] = b"XYZ " + bytes(4) + numbers(*column)
        tags[letter + b"TRC"] = gamma(power)
    return profile(b"RGB ", tags)


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def adobe_in_srgb(values: np.ndarray) -> np.ndarray:
    """Straight from the definition, in float64."""
    linear = (values / 255.0) ** (563 / 256)
    return srgb_from_linear(linear @ (np.linalg.inv(SRGB) @ ADOBE).T)


def test_a_wide_profile_is_followed():
    tagged = encoded(PICTURE, format="PNG", icc_profile=rgb_profile(ADOBE, 563 / 256))
    expected = adobe_in_srgb(PIXELS)
    assert np.abs(expected - PIXELS).max() > 15
    assert np.abs(pixels(tagged) - expected).max() <= 2
    jpeg = encoded(PICTURE, format="JPEG", quality=95, icc_profile=rgb_profile(ADOBE, 563 / 256))
    plain = pixels(encoded(PICTURE, format="JPEG", quality=95))
    assert np.abs(pixels(jpeg) - adobe_in_srgb(plain)).max() <= 2
    assert furthest(pixels(jpeg), slowly(jpeg)) <= 1


def test_a_profile_comes_before_the_white():
    clear = Image.fromarray(np.dstack([PIXELS, ALPHA]))
    tagged = encoded(clear, format="PNG", icc_profile=rgb_profile(ADOBE, 563 / 256))
    assert furthest(pixels(tagged), on_white(adobe_in_srgb(PIXELS), ALPHA)) <= 2


def test_a_palette_and_a_grey_follow_an_rgb_profile():
    few = PICTURE.quantize(16)
    tagged = encoded(few, format="PNG", icc_profile=rgb_profile(ADOBE, 563 / 256))
    assert np.abs(pixels(tagged) - adobe_in_srgb(np.asarray(few.convert("RGB")))).max() <= 2
    grey = PICTURE.convert("L")
    tagged = encoded(grey, format="PNG", icc_profile=rgb_profile(ADOBE, 1.8))
    same = encoded(grey.convert("RGB"), format="PNG", icc_profile=rgb_profile(ADOBE, 1.8))
    assert furthest(pixels(tagged), np.asarray(grey)[..., None]) > 5
    assert furthest(pixels(tagged), pixels(same)) == 0


def test_a_grey_profile_is_followed():
    ramp = np.arange(256, dtype=np.uint8).reshape(4, 64)
    expected = srgb_from_linear((ramp / 255.0) ** (461 / 256))[..., None]
    linear = profile(b"GRAY", {b"kTRC": gamma(1.8)})
    assert (
        np.abs(pixels(encoded(Image.fromarray(ramp), format="PNG", icc_profile=linear)) - expected).max() <= 2
    )
    deep = Image.fromarray(ramp.astype(np.uint16) * 257)
    assert np.abs(pixels(encoded(deep, format="PNG", icc_profile=linear)) - expected).max() <= 2


def test_a_cmyk_profile_is_followed():
    # Two grid points an ink: lightness falls with each ink, and cyan turns to red, unlike any fallback.
    corners = []
    for inks in np.ndindex(2, 2, 2, 2):
        corners += [int(255 * (1 - sum(inks) / 8)), 128 + 60 * inks[0], 128]
    ramps = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += ramps * 4 + bytes(corners) + ramps * 3
    inks = profile(b"CMYK", {b"A2B0": table}, b"prtr", b"Lab ")
    cmyk = Image.new("CMYK", (32, 32))
    cmyk.paste((255, 0, 0, 0), (0, 0, 16, 32))
    for how in ({"format": "JPEG", "quality": 100}, {"format": "TIFF"}):
        result = pixels(encoded(cmyk, icc_profile=inks, **how)).astype(int)
        assert furthest(result[:, 24:], 255) <= 2
        assert (result[:, :8, 0] > result[:, :8, 2] + 30).all()


def test_an_srgb_profile_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert furthest(pixels(encoded(PICTURE, format="PNG", icc_profile=srgb)), PIXELS) == 0
    assert colours._transform(srgb, "RGB") is None


def test_a_broken_or_foreign_profile_is_ignored():
    whole = rgb_profile(ADOBE, 2.2)
    broken = [b"profile", whole[:100], whole[:250], whole[:40] + b"\xff" * (len(whole) - 40)]
    foreign = [profile(b"GRAY", {b"kTRC": gamma(1.8)}), profile(b"CMYK", {}), profile(b"Lab ", {})]
    for bad in broken + foreign:
        assert furthest(pixels(encoded(PICTURE, format="PNG", icc_profile=bad)), PIXELS) == 0


# Bad files


def test_every_bad_file_has_a_reason(tmp_path):
    photo = tmp_path / "given.jpg"
    photo.write_bytes(encoded(draw(90, 70), format="JPEG"))
    made = make_bad_files(tmp_path / "bad", [photo], seed=5)
    assert list(made.values()).count("bad") >= 60
    for path, expected in made.items():
        try:
            images.read(path)
            why = None
        except BadImage as error:
            why = str(error)
        assert expected == "either" or why, path.name
        assert why is None or ("\n" not in why and 5 < len(why) < 250)


def test_reasons_name_what_is_wrong(tmp_path, monkeypatch):
    jpeg = encoded(PICTURE, format="JPEG")
    assert reason(b"") == "empty file"
    assert reason(b"no photo") == "not an image that Resight reads"
    assert reason(tmp_path) == "not a file, but a folder, pipe or device"
    assert reason(tmp_path / "none.jpg") == "cannot be read: No such file or directory"
    assert reason(f"{tmp_path}/\0.jpg").startswith("truncated or corrupt")
    assert reason(jpeg[:-300]).startswith("truncated or corrupt: ")
    assert reason(sized(jpeg, 20000, 30000)) == "20000 x 30000 pixels is over the limit of 200 megapixels"
    assert reason(jpeg, pixel_limit=2000) == "61 x 43 pixels is over the limit of 0.002 megapixels"
    assert reason(sized(jpeg, 13000, 13000)) == "truncated or corrupt: too short for its size in pixels"
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install 'resight[heic]'" in reason(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.jpg"
    with open(path, "wb") as file:
        file.truncate(5 << 30)
    assert reason(path) == "5.0 GiB is over the limit of 1 GiB for a file"


def test_content_is_the_bytes_of_the_file(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"anything")
    assert images.content(tmp_path / "a.jpg") == b"anything"
    with pytest.raises(FileNotFoundError):
        images.content(tmp_path / "none.jpg")


def test_a_photo_under_a_wrong_name_is_read(tmp_path):
    for name in ("photo.png", "photo.txt", "\udcff.jpg"):
        path = tmp_path / name
        path.write_bytes(encoded(PICTURE, format="BMP"))
        assert furthest(pixels(path), PIXELS) == 0
        assert furthest(pixels(str(path)), PIXELS) == 0


def test_a_failed_decoder_and_an_empty_memory_are_bad_images(monkeypatch):
    jpeg = encoded(PICTURE, format="JPEG")
    for error in (
        MemoryError(),
        RecursionError("deep"),
        struct.error("short"),
        KeyError(3),
        AssertionError(),
    ):
        monkeypatch.setattr(
            jpegs, "decode", lambda data, image, enough, error=error: (_ for _ in ()).throw(error)
        )
        assert reason(jpeg).startswith(
            "not enough memory" if isinstance(error, MemoryError) else "truncated or corrupt"
        )


BOUND = """
import resource, sys
from pathlib import Path
from resight import images
from resight.errors import BadImage
from support.bad_files import draw, encoded, make_bad_files
made = make_bad_files(Path(sys.argv[1]))
images.read(encoded(draw(90, 70), format="PNG"))
images.read(encoded(draw(90, 70), format="JPEG"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in made:
    try:
        images.read(path)
    except BadImage:
        pass
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) / 1024, sorted({"torch", "pillow_heif", "cv2"} & set(sys.modules)))
"""


def test_bad_files_need_little_memory(tmp_path):
    pytest.importorskip("resource")
    folders = [str(Path(__file__).parent), str(Path(images.__file__).parents[2])]
    code = f"import sys; sys.path[:0] = {folders!r}\n{BOUND}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    mebibytes, _, modules = done.stdout.partition(" ")
    assert float(mebibytes) < 150
    assert "torch" not in modules


# The house


def test_warnings_of_pillow_stay_inside_and_filters_stay_as_they_were():
    odd = encoded(PICTURE, format="TIFF", tiffinfo={270: "text"})
    at = odd.index(struct.pack("<HH", 270, 2))
    odd = odd[: at + 4] + struct.pack("<I", 2**30) + odd[at + 8 :]
    with pytest.warns(UserWarning, match="Tag data"), Image.open(io.BytesIO(odd)):
        pass
    before = list(warnings.filters)
    assert furthest(pixels(odd), PIXELS) == 0
    assert list(warnings.filters) == before


def test_threads_read_the_same_pixels():
    sources = [encoded(draw(200, 150), format="JPEG", icc_profile=rgb_profile(ADOBE, 2.2))]
    sources += [encoded(draw(200, 150), format=name) for name in ("PNG", "WEBP", "TIFF", "GIF")]
    sources += [sources[0][:-500], b"no photo"]
    before = list(warnings.filters)

    def result(source):
        try:
            return pixels(source).tobytes()
        except BadImage as error:
            return str(error)

    expected = [result(source) for source in sources]
    colours._transform.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(result, sources * 20)) == expected * 20
    assert list(warnings.filters) == before


def test_suffixes_are_lower_case_and_start_with_a_dot():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in images.SUFFIXES)
    assert {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".heic"} <= images.SUFFIXES
    assert {".jp2", ".j2k", ".j2c", ".jpx", ".jph", ".jxl"} <= images.SUFFIXES


# Resize


def test_shrinking_by_a_whole_factor_is_the_mean():
    large = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    mean = large.reshape(15, 4, 20, 4, 3).mean((1, 3))
    assert np.abs(images.resize(large, 20, 15) - mean).max() <= 0.5


def test_growing_is_linear_between_pixel_centres():
    line = np.repeat(np.uint8([[[0], [100], [200]]]), 3, -1)
    grown = images.resize(line, 6, 1)[0, :, 0]
    assert grown.tolist() == [0, 25, 75, 125, 175, 200]


def test_each_axis_is_resized_in_its_own_way():
    large = np.random.default_rng(1).integers(0, 256, (12, 64, 3), dtype=np.uint8)
    mixed = images.resize(large, 8, 24)
    shrunk = large.reshape(12, 8, 8, 3).mean(2)
    at = (np.arange(24) + 0.5) / 2 - 0.5
    low = np.floor(at).astype(int)
    share = (at - low)[:, None, None]
    expected = shrunk[low.clip(0, 11)] * (1 - share) + shrunk[(low + 1).clip(0, 11)] * share
    assert mixed.shape == (24, 8, 3)
    assert np.abs(mixed - expected).max() <= 1.5


def test_resize_takes_a_part_and_returns_contiguous_bytes():
    part = PIXELS[5:30, 7:40]
    for width, height in ((33, 25), (11, 9), (100, 70), (33, 50), (1, 1)):
        result = images.resize(part, width, height)
        assert result.shape == (height, width, 3)
        assert result.dtype == np.uint8
        assert result.flags.c_contiguous
    assert furthest(images.resize(part, 33, 25), part) == 0
    assert math.isclose(images.resize(part, 1, 1).mean(), part.mean(), abs_tol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_decoded_no_larger_than_is_enough_and_shows_the_same(orientation):
    """The scales of libjpeg are n/8: the smallest that is not below what is asked, of the upright photo."""
    across = np.linspace(0, 255, 800)[None, :].repeat(600, 0)
    picture = np.dstack([across, across[:, ::-1], np.full_like(across, 90)]).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, exif=exif)
    whole = images.read(file.getvalue())
    asked = []

    def enough(width, height):
        asked.append((width, height))
        return width // 4, height // 4

    less = images.read(file.getvalue(), enough=enough)
    assert asked == [(whole.width, whole.height)] == [(less.width, less.height)]
    assert less.pixels.shape == (whole.height // 4, whole.width // 4, 3)
    shrunk = images.resize(whole.pixels, whole.width // 4, whole.height // 4)
    assert np.abs(shrunk.astype(int) - less.pixels).mean() < 1
    more = images.read(file.getvalue(), enough=lambda width, height: (9 * width, 9 * height))
    np.testing.assert_array_equal(more.pixels, whole.pixels)


def test_a_truncated_jpeg_is_truncated_at_any_scale():
    picture = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG")
    with pytest.raises(BadImage, match="truncated"):
        images.read(file.getvalue()[:-2000], enough=lambda width, height: (width // 8, height // 8))
