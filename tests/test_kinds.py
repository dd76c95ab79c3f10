"""Every row of the table of kinds: files that are made here against the same picture's plain PNG."""

import dataclasses
import functools
import io
import sys

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.describing.describer import Describer
from resight.errors import BadImage
from resight.images import kinds
from resight.images.kinds import KINDS, Traits, find_kind
from resight.recipe import Recipe
from support.bad_files import draw, encoded
from support.bad_files import tiff as tiff_of
from support.odd_files import HEIGHT, WIDTH, indexed, numbers, picture, shown, traits_of, written

ALIKE = 0.98  # the cosine of a picture's descriptor as JPEG and as PNG is 0.986
LEVELS = 4  # on average; a JPEG keeps less colour than is stored


@pytest.fixture(scope="module")
def cosine():
    """The cosine of two pictures' descriptors."""
    describer = Describer(Recipe.load("rmac-lite0"))

    @functools.cache
    def describe(data: bytes) -> np.ndarray:
        return describer(describer.read(data)).vectors[0]

    return lambda one, other: float(describe(one) @ describe(other))


def a_few(kind):
    """Files of a row in which each of its traits takes each of its values once."""
    combinations = [traits for traits in traits_of(kind) if find_kind(traits) is kind]
    seen, chosen = set(), []
    for traits in combinations:
        values = {(name, value) for name, value in dataclasses.asdict(traits).items()}
        if values - seen:
            seen |= values
            chosen.append(traits)
    return chosen


def name_of(kind) -> str:
    bits, alpha = "/".join(map(str, kind.bits)), "/".join(kind.alpha)
    return f"{kind.format} {'/'.join(kind.colours)} {bits} alpha {alpha} by {kind.decoder}"


def refused(data: bytes) -> str:
    with pytest.raises(BadImage) as caught:
        images.read(data)
    return str(caught.value)


def plain(pixels: np.ndarray) -> bytes:
    return encoded(Image.fromarray(pixels), format="PNG")


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_checked_kind_shows_what_its_plain_png_shows(kind, cosine):
    needed = {"imagecodecs": "imagecodecs", "pillow-jxl": "pillow_jxl", "pillow-heif": "pillow_heif"}
    pytest.importorskip(needed.get(kind.decoder, "PIL"))
    pytest.importorskip("imagecodecs")  # which writes most of the files
    files = a_few(kind)
    assert files, "a row that holds no file"
    for traits in files:
        data, expected = written(traits), shown(traits)
        read = images.read(data).pixels
        assert read.shape == expected.shape, traits
        assert np.abs(read.astype(int) - expected).mean() <= LEVELS, traits
        assert cosine(data, plain(expected)) >= ALIKE, traits


def test_a_kind_that_is_not_in_the_table_is_refused_by_its_name():
    import tifffile

    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((16, 16), np.complex64), metadata=None)
    assert refused(file.getvalue()).startswith(
        "not a kind that Resight reads: TIFF, grey of 64 bits, sample format 6"
    )
    file = io.BytesIO()
    tifffile.imwrite(file, picture(), photometric="cielab", metadata=None)
    assert refused(file.getvalue()) == "not a kind that Resight reads: TIFF, CIELAB of 8 bits"
    file = io.BytesIO()
    tifffile.imwrite(file, picture()[..., 0], photometric="cfa", metadata=None)
    assert refused(file.getvalue()) == "not a kind that Resight reads: TIFF, photometric 32803 of 8 bits"


@pytest.mark.parametrize(
    ("traits", "module"),
    [
        (Traits("JPEG", bits=12), "imagecodecs"),
        (Traits("JPEG 2000", bits=16), "imagecodecs"),
        (Traits("TIFF", bits=16, packing="JPEG XL"), "imagecodecs"),
        (Traits("TIFF", bits=32, numbers="floats", packing="LZW"), "imagecodecs"),
        (Traits("TIFF", "grey", 12), "imagecodecs"),
        (Traits("JPEG XL"), "pillow_jxl"),
    ],
    ids=str,
)
def test_a_kind_that_needs_an_extra_names_it(traits, module, monkeypatch):
    pytest.importorskip("imagecodecs")
    data = written(traits)
    for name in [name for name in sys.modules if name.split(".")[0] in (module, "tifffile")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.JpegXLImagePlugin", None)
    name = "JPEG XL" if traits.format == "JPEG XL" else str(traits)
    assert refused(data) == f"{name} needs an extra: pip install 'resight[odd]'"


def test_a_wide_avif_is_refused_by_its_width():
    box = b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + b"\0\0\0\x14ispe\0\0\0\0" + (33000).to_bytes(4, "big")
    assert "AVIF, 33000 x 16 pixels" in refused(box + (16).to_bytes(4, "big") + bytes(50))


def test_a_deep_grey_with_alpha_is_refused_as_jpeg_xl():
    pytest.importorskip("pillow_jxl")
    pytest.importorskip("imagecodecs")
    assert refused(written(Traits("JPEG XL", "grey", 16, alpha="straight"))) == (
        "not a kind that Resight reads: JPEG XL, which Pillow has as LA of 16 bits"
    )


def test_a_mode_that_was_not_checked_is_refused(monkeypatch):
    monkeypatch.setattr(kinds, "KINDS", [kind for kind in KINDS if kind.format != "BMP"])
    assert refused(encoded(draw(9, 9), format="BMP")) == "not a kind that Resight reads: BMP, RGB of 8 bits"


# TIFF


def pages(*written_pages: tuple[np.ndarray, int | None]) -> bytes:
    """A TIFF of several pages, each with its NewSubfileType."""
    import tifffile

    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for pixels, kind in written_pages:
            writer.write(pixels, photometric="rgb", subfiletype=kind, metadata=None)
    return file.getvalue()


def test_a_thumbnail_before_the_full_page_is_passed_over():
    small, full, other = picture()[::8, ::8].copy(), picture(), picture()[::-1].copy()
    assert (images.read(pages((small, 1), (full, 0), (other, 0))).pixels == full).all()
    assert (images.read(pages((full, 0), (other, 0))).pixels == full).all()
    deep = full.astype(np.uint16) * 257
    assert (
        images.read(pages((small.astype(np.uint16), 1), (np.float32(full / 255), 0))).pixels == full
    ).all()
    assert (images.read(pages((small, 1), (deep, 0))).pixels == full).all()


def test_a_tiff_of_thumbnails_alone_shows_the_first():
    assert (images.read(pages((picture(), 1), (picture()[::8, ::8].copy(), 1))).pixels == picture()).all()


def test_a_largest_value_makes_nothing_brighter():
    """MaxSampleValue is also what the brightest pixel of a dark photo has."""
    import tifffile

    grey = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    for value, white in ((3000, 65535), (4095, 4095), (65535, 65535)):
        file = io.BytesIO()
        tifffile.imwrite(file, grey, extratags=[(281, 3, 1, value, True)], metadata=None)
        expected = np.floor(grey / white * 255 + 0.5)
        assert (images.read(file.getvalue()).pixels == expected[..., None]).all(), value


def test_a_depth_that_the_values_exceed_is_not_believed():
    import tifffile

    grey = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    file = io.BytesIO()
    tifffile.imwrite(file, grey, extratags=[(281, 3, 1, 4095, True)], metadata=None)
    assert (images.read(file.getvalue()).pixels == np.floor(grey / 257 + 0.5)[..., None]).all()


@pytest.mark.parametrize(
    "how", [{"byteorder": ">"}, {"tile": (64, 48)}, {"bigtiff": True}, {"predictor": True}], ids=str
)
@pytest.mark.parametrize(
    "traits",
    [Traits("TIFF", "grey", 16), Traits("TIFF", bits=16), Traits("TIFF", bits=32, numbers="floats")],
    ids=str,
)
def test_the_way_a_tiff_is_laid_out_changes_no_pixel(how, traits):
    import tifffile

    pytest.importorskip("imagecodecs")
    values = numbers(traits)
    values = values[..., 0] if values.shape[-1] == 1 else values
    photometric = "minisblack" if values.ndim == 2 else "rgb"
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric=photometric, compression="deflate", metadata=None, **how)
    assert np.abs(images.read(file.getvalue()).pixels.astype(int) - shown(traits)).max() <= 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_tiff_that_pillow_does_not_read_is_turned_too(orientation):
    import tifffile

    turned = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    stored = np.float32(np.rot90(picture(), turned) / 255)
    file = io.BytesIO()
    tifffile.imwrite(
        file, stored, photometric="rgb", extratags=[(274, 3, 1, orientation, True)], metadata=None
    )
    photo = images.read(file.getvalue())
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    assert (photo.pixels == picture()).all()


def test_a_palette_of_8_bit_colours_is_not_black():
    few = Image.fromarray(picture()).quantize(256)
    colours = np.zeros((256, 3), int)
    known = np.array(few.getpalette(), int).reshape(-1, 3)
    colours[: len(known)] = known
    data = indexed(np.asarray(few).tobytes(), colours, Traits("TIFF", "palette"))
    assert (images.read(data).pixels == np.asarray(few.convert("RGB"))).all()


def test_a_tiff_that_lies_about_its_size_costs_no_memory():
    tags = {256: 12000, 257: 12000, 258: 32, 259: 8, 262: 1, 273: 200, 277: 1, 278: 12000, 279: 300, 339: 3}
    lie = tiff_of(*((tag, 4, 1, value) for tag, value in tags.items()), tail=b"\0" * 400)
    assert refused(lie) == "truncated or corrupt: too short for its size in pixels"


@pytest.mark.parametrize("name", ["jpeg2k", "jpegxl"])
def test_a_few_bytes_do_not_fill_the_memory(name):
    codecs = pytest.importorskip("imagecodecs")
    encode = getattr(codecs, f"{name}_encode")
    small, large = (encode(np.full((side, side), 90, np.uint8), level=0) for side in (1000, 4100))
    assert images.read(small).warnings == ("one colour",)
    assert len(large) < 4000
    assert refused(large) == "truncated or corrupt: too short for its size in pixels"


def test_a_negative_is_no_positive():
    """The same numbers, once as BlackIsZero and once as WhiteIsZero."""
    import tifffile

    for kind in (np.uint8, np.uint16, np.uint32):
        ramp = np.linspace(0, np.iinfo(kind).max, 64 * 64).astype(kind).reshape(64, 64)
        read = []
        for photometric in ("minisblack", "miniswhite"):
            file = io.BytesIO()
            tifffile.imwrite(file, ramp, photometric=photometric, metadata=None)
            read.append(images.read(file.getvalue()).pixels.astype(int))
        assert np.abs(read[0] + read[1] - 255).max() <= 1


def test_a_drawn_picture_has_no_symmetry():
    """Or the tests above would miss swapped channels, rows and sides."""
    pixels = np.asarray(draw(90, 70)).astype(int)
    for other in (pixels[..., ::-1], pixels[::-1], pixels[:, ::-1]):
        assert np.abs(pixels - other).mean() > 20
