"""What is transparent lies on a ground that shows what is visible; what a GIF leaves out is white."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from resight import images
from resight.describing.describer import Describer
from resight.recipe import Recipe
from support.bad_files import draw, encoded
from support.odd_files import picture
from test_images import ADOBE, rgb_profile


def logo(shape: str, colour, ground=(0, 0, 0, 0)) -> Image.Image:
    """A drawing of one colour, smooth at its edges, on a transparent ground."""
    mask = Image.new("L", (800, 800))
    pen = ImageDraw.Draw(mask)
    if shape == "ring":
        pen.ellipse((120, 120, 680, 680), fill=255)
        pen.ellipse((260, 260, 540, 540), fill=0)
    elif shape == "bars":
        for left in (100, 300, 500):
            pen.rectangle((left, 100, left + 90, 700), fill=255)
    elif shape == "cross":
        pen.line((100, 100, 700, 700), fill=255, width=90)
        pen.line((100, 700, 700, 100), fill=255, width=90)
    else:
        pen.polygon(((400, 80), (720, 700), (80, 700)), fill=255)
    picture = Image.new("RGBA", (800, 800), ground)
    picture.paste(Image.new("RGB", (800, 800), colour), mask=mask)
    picture.putalpha(mask)
    return picture.resize((200, 200), Image.Resampling.LANCZOS)


def read(image: Image.Image, **how) -> np.ndarray:
    return images.read(encoded(image, **({"format": "PNG"} | how))).pixels


SHAPES = ("ring", "bars", "cross", "triangle")


@pytest.mark.parametrize("colour", ["white", "#f4f4f4", "#fff8e8"])
def test_a_drawing_near_white_lies_on_grey(colour):
    for shape in SHAPES:
        pixels = read(logo(shape, colour))
        assert (pixels[0, 0] == 128).all()
        assert np.abs(pixels.astype(int) - 128).max() > 90


@pytest.mark.parametrize("colour", ["black", "red", "#808080", "yellow", "#c0c0c0"])
def test_any_other_drawing_lies_on_white(colour):
    for shape in SHAPES:
        assert (read(logo(shape, colour))[0, 0] == 255).all()


def test_a_white_drawing_with_a_thin_coloured_line_lies_on_white():
    both = logo("ring", "white")
    ImageDraw.Draw(both).line((10, 190, 190, 190), fill=(255, 0, 0, 255), width=4)
    assert (read(both)[0, 0] == 255).all()


def test_white_logos_are_not_all_alike():
    describer = Describer(Recipe.load("rmac-lite0"))
    rows = [
        describer(describer.read(encoded(logo(shape, "white"), format="PNG"))).vectors[0] for shape in SHAPES
    ]
    products = np.stack(rows) @ np.stack(rows).T
    assert products[~np.eye(4, dtype=bool)].max() < 0.97


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"format": "PNG"}, "RGBA"),
        ({"format": "PNG"}, "LA"),
        ({"format": "WEBP", "lossless": True, "exact": True}, "RGBA"),
        ({"format": "TIFF"}, "RGBA"),
        ({"format": "PNG"}, "P"),
    ],
)
def test_every_kind_of_transparency_has_the_same_ground(how, kind):
    drawn = logo("ring", "white")
    if kind == "P":
        index = Image.fromarray((np.asarray(drawn)[..., 3] > 127).astype(np.uint8), "P")
        index.putpalette([0, 0, 0, 255, 255, 255])
        pixels = read(index, transparency=0, **how)
    else:
        pixels = read(drawn.convert(kind), **how)
    assert (pixels[0, 0] == 128).all()
    assert (pixels[100, 45] == 255).all()


def test_a_ground_does_not_change_within_a_large_photo(monkeypatch):
    """The rule is asked of the whole picture, not of each strip: here the lower half alone is dark."""
    both = Image.new("RGBA", (1200, 2000), (0, 0, 0, 0))
    both.paste((255, 255, 255, 255), (100, 100, 500, 900))
    both.paste((200, 0, 0, 255), (100, 1100, 500, 1900))
    pixels = read(both, compress_level=1)
    assert (pixels[0, 0] == 255).all()
    assert (pixels[-1, -1] == 255).all()


def test_an_opaque_picture_near_white_stays():
    pale = Image.fromarray((250 + np.asarray(draw(90, 70)) // 64).astype(np.uint8))
    pale.putalpha(255)
    assert (read(pale) == np.asarray(pale)[..., :3]).all()


def test_nothing_visible_is_a_white_page_with_a_warning():
    photo = images.read(encoded(Image.new("RGBA", (90, 70), (9, 9, 9, 0)), format="PNG"))
    assert (photo.pixels == 255).all()
    assert photo.warnings == ("one colour",)


# GIF


def gif(width: int, height: int, frame: Image.Image, left: int, top: int, clear: int | None = None) -> bytes:
    """A GIF whose first frame stands at a place of a larger canvas."""
    how = {} if clear is None else {"transparency": clear}
    data = bytearray(encoded(frame, format="GIF", **how))
    data[6:10] = struct.pack("<HH", width, height)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *frame.size))
    data[at + 1 : at + 5] = struct.pack("<HH", left, top)
    return bytes(data)


def test_outside_the_first_frame_of_a_gif_is_white():
    few = Image.fromarray(picture()).quantize(16)
    colours = np.asarray(few.convert("RGB"))
    photo = images.read(gif(260, 200, few, 40, 30))
    assert (photo.width, photo.height) == (260, 200)
    expected = np.full((200, 260, 3), 255, np.uint8)
    expected[30 : 30 + len(colours), 40 : 40 + colours.shape[1]] = colours
    assert (photo.pixels == expected).all()


def test_a_transparent_colour_of_such_a_gif_is_white_too():
    few = Image.fromarray(picture()).quantize(16)
    pixels = images.read(gif(260, 200, few, 40, 30, clear=3)).pixels[
        30 : 30 + few.height, 40 : 40 + few.width
    ]
    expected = np.where((np.asarray(few) == 3)[..., None], 255, np.asarray(few.convert("RGB")))
    assert (pixels == expected).all()


def test_a_frame_beyond_the_canvas_makes_it_larger():
    few = Image.fromarray(picture()).quantize(16)
    photo = images.read(gif(100, 100, few, 40, 30))
    assert (photo.width, photo.height) == (40 + few.width, 30 + few.height)
    assert (photo.pixels[:30] == 255).all()
    assert (photo.pixels[30:, 40:] == np.asarray(few.convert("RGB"))).all()


# JPEG 2000 and JPEG XL


def in_adobe() -> np.ndarray:
    """What a PNG of the picture shows under the profile."""
    return read(Image.fromarray(picture()), icc_profile=rgb_profile(ADOBE, 563 / 256)).astype(int)


def test_the_profile_of_a_jpeg_2000_is_followed():
    codecs = pytest.importorskip("imagecodecs")
    for bits in (8, 16):
        values = picture() if bits == 8 else picture().astype(np.uint16) * 257
        plain = codecs.jpeg2k_encode(values, level=0, codecformat="jp2")
        profile = rgb_profile(ADOBE, 563 / 256)
        at = plain.index(b"colr") - 4
        (old,) = struct.unpack(">I", plain[at : at + 4])
        box = struct.pack(">I", 11 + len(profile)) + b"colr\2\0\0" + profile
        head = plain.index(b"jp2h") - 4
        (length,) = struct.unpack(">I", plain[head : head + 4])
        tagged = plain[:head] + struct.pack(">I", length - old + len(box)) + plain[head + 4 : at] + box
        tagged += plain[at + old :]
        assert np.abs(images.read(tagged).pixels.astype(int) - in_adobe()).mean() < 1


def test_a_bare_stream_of_jpeg_2000_is_read():
    codecs = pytest.importorskip("imagecodecs")
    for values in (picture(), picture().astype(np.uint16) * 257):
        for data in (codecs.jpeg2k_encode(values, level=0, codecformat="j2k"), codecs.htj2k_encode(values)):
            assert (images.read(data).pixels == picture()).all()


@pytest.mark.parametrize(
    ("width", "height"), [(200, 152), (64, 64), (97, 131), (8, 8), (256, 192), (700, 20), (3000, 2)]
)
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(width, height):
    from resight.images import jpegxl

    codecs = pytest.importorskip("imagecodecs")
    values = np.asarray(draw(width, height))
    for kind in (values, values.astype(np.uint16) * 257):
        for container in (False, True):
            data = codecs.jpegxl_encode(kind, lossless=True, usecontainer=container)
            assert jpegxl.read_size(data) == (width, height)


def test_exif_does_not_turn_a_jpeg_xl():
    pytest.importorskip("pillow_jxl")
    import pillow_jxl  # noqa: F401 - Pillow learns to write such files

    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(picture()).save(file, "JXL", lossless=True, exif=exif.tobytes())
    photo = images.read(file.getvalue())
    # By its standard the stream alone says how it is turned.
    assert (photo.width, photo.height) == (200, 152)
    assert (photo.pixels == picture()).all()
