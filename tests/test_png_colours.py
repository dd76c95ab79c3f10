"""A PNG's own words on its colours are followed: cICP, gAMA and cHRM."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.images.light import PRIMARIES, to_srgb
from support.bad_files import encoded, png
from support.odd_files import HEIGHT, WIDTH, picture
from test_images import ADOBE, rgb_profile

PIXELS = picture()
SRGB = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def with_chunks(pixels: np.ndarray, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    kind = pixels if depth == 8 else pixels.astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in kind)
    return png(pixels.shape[1], pixels.shape[0], *chunks, (b"IDAT", zlib.compress(rows)), depth=depth)


def read(data: bytes) -> np.ndarray:
    return images.read(data).pixels.astype(int)


def linear() -> np.ndarray:
    """The light of the picture, by the definition of sRGB."""
    stored = PIXELS / 255
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def cicp(primaries: int, curve: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, curve, 0, 1])


def pq(light: np.ndarray) -> np.ndarray:
    """Candela per square metre to what is stored, straight from ST 2084."""
    y = (light / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg(scene: np.ndarray) -> np.ndarray:
    a, b = 0.17883277, 0.28466892
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + 0.55991073
    )


def test_pq_and_hlg_come_back_to_the_picture_that_was_coded():
    wide = np.clip(linear() @ np.linalg.inv(to_srgb(PRIMARIES[9])).T, 0, 1)
    stored = pq(203 * wide)
    data = with_chunks(np.floor(65535 * stored + 0.5), cicp(9, 16), depth=16)
    assert np.abs(read(data) - PIXELS).mean() < 3
    shown = 203 / 1000 * wide
    brightness = np.maximum(shown @ [0.2627, 0.6780, 0.0593], 1e-9)[..., None]
    scene = shown * brightness ** (1 / 1.2 - 1)
    data = with_chunks(np.floor(65535 * hlg(scene) + 0.5), cicp(9, 18), depth=16)
    assert np.abs(read(data) - PIXELS).mean() < 3


def test_what_is_brighter_than_white_is_white():
    stored = np.full((8, 8, 3), pq(np.float64(4000)))
    assert (read(with_chunks(np.floor(255 * stored).astype(np.uint8), cicp(9, 16))) == 255).all()


def test_a_plain_gamma_and_primaries_are_followed():
    power = np.floor(255 * linear() ** (1 / 1.8) + 0.5).astype(np.uint8)
    gamma = b"gAMA", (55556).to_bytes(4, "big")
    assert np.abs(read(with_chunks(power, gamma)) - PIXELS).mean() < 1
    light = np.floor(65535 * linear() + 0.5)
    assert (
        np.abs(read(with_chunks(light, (b"gAMA", (100000).to_bytes(4, "big")), depth=16)) - PIXELS).mean() < 4
    )
    adobe = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    tagged = read(with_chunks(PIXELS, (b"gAMA", (45455).to_bytes(4, "big")), (b"cHRM", adobe)))
    profiled = read(encoded(Image.fromarray(PIXELS), format="PNG", icc_profile=rgb_profile(ADOBE, 563 / 256)))
    assert np.abs(tagged - PIXELS).max() > 15
    assert np.abs(tagged - profiled).mean() < 3  # the curves differ a little


def test_a_grey_png_follows_its_gamma():
    grey = np.arange(256, dtype=np.uint8).reshape(4, 64)
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    data = png(64, 4, (b"gAMA", (100000).to_bytes(4, "big")), (b"IDAT", zlib.compress(rows)), kind=0)
    assert read(data)[2, 0].tolist() == [188] * 3  # half of the light


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", (45455).to_bytes(4, "big"))],
        [(b"gAMA", (45000).to_bytes(4, "big"))],
        [(b"gAMA", (100000).to_bytes(4, "big")), (b"sRGB", b"\0")],
        [(b"gAMA", bytes(4))],
        [(b"gAMA", (45455).to_bytes(4, "big")), (b"cHRM", SRGB)],
        [(b"cHRM", bytes(32))],
        [(b"cHRM", struct.pack(">8I", *[30000] * 8))],
        [cicp(1, 13)],
        [cicp(1, 13), (b"gAMA", (100000).to_bytes(4, "big"))],
        [cicp(2, 2)],
        [(b"cICP", bytes([9, 16, 9, 1]))],
        [(b"cICP", bytes([9, 16, 0, 0]))],
        [(b"cICP", b"\x09")],
    ],
    ids=str,
)  # fmt: skip
def test_what_says_srgb_or_nothing_changes_no_pixel(chunks):
    assert (read(with_chunks(PIXELS, *chunks)) == PIXELS).all()


def test_cicp_comes_before_a_profile_and_a_profile_before_gamma():
    profile = b"iCCP", b"adobe\0\0" + zlib.compress(rgb_profile(ADOBE, 563 / 256))
    followed = read(with_chunks(PIXELS, profile))
    assert np.abs(followed - PIXELS).max() > 15
    assert (read(with_chunks(PIXELS, profile, (b"gAMA", (100000).to_bytes(4, "big")))) == followed).all()
    assert (read(with_chunks(PIXELS, cicp(1, 13), profile)) == PIXELS).all()


def test_transparent_pixels_of_a_coded_png_lie_on_white():
    rows = b"".join(b"\0" + row.tobytes() for row in np.dstack([PIXELS, np.zeros((HEIGHT, WIDTH), np.uint8)]))
    data = png(WIDTH, HEIGHT, cicp(9, 16), (b"IDAT", zlib.compress(rows)), kind=6)
    assert (read(data) == 255).all()


def test_primaries_keep_white_white():
    for primaries in PRIMARIES.values():
        np.testing.assert_allclose(to_srgb(primaries).sum(1), 1, atol=2e-3)
    np.testing.assert_allclose(to_srgb(PRIMARIES[1]), np.eye(3), atol=1e-9)
