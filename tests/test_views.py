"""The views of a photo: how large they are, what they show, and the way back to the original."""

import numpy as np
import pytest

from resight import recipe
from resight.errors import BadQuery
from resight.images import Photo, resize
from resight.types import Box
from resight.views import View, enough, target, views

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
PHOTO = Photo(PIXELS, 80, 60)


def shown(view: View) -> list[float]:
    """What a view shows, in pixels of the original: left, top, right, bottom."""
    return corners(view, 0, 0, 1, 1)


def corners(view: View, top: float, left: float, bottom: float, right: float) -> list[float]:
    return view.to_original(np.array([[left, top], [right, bottom]])).ravel().tolist()


def wanted(resize: str, *sizes: int, enlarge: float = 2.0) -> recipe.Views:
    return recipe.Views(resize, sizes or (640,), enlarge)


@pytest.mark.parametrize(
    ("rule", "width", "height", "size", "expected"),
    [
        ("longest", 1000, 500, 640, (640, 320)),
        ("longest", 500, 1000, 640, (320, 640)),
        ("longest", 640, 480, 640, (640, 480)),
        ("longest", 300, 200, 640, (600, 400)),  # enlarged to twice and no more
        ("longest", 4000, 3, 640, (640, 1)),  # never less than a pixel
        ("shortest", 1000, 500, 224, (448, 224)),
        ("shortest", 500, 1000, 224, (224, 448)),
        ("shortest", 100, 50, 224, (200, 100)),
        ("square", 1000, 500, 224, (224, 224)),
        ("square", 10, 5, 224, (224, 224)),  # a warp has no aspect to keep
    ],
)
def test_sizes(rule, width, height, size, expected):
    assert target(width, height, size, wanted(rule)) == expected


def test_the_limit_of_enlarging_is_a_setting():
    assert target(300, 200, 640, wanted("longest", enlarge=1.0)) == (300, 200)
    assert target(300, 200, 640, wanted("longest", enlarge=1.5)) == (450, 300)
    assert target(300, 200, 640, wanted("longest", enlarge=10.0)) == (640, 427)
    assert target(3000, 2000, 640, wanted("longest", enlarge=1.0)) == (640, 427)


def test_one_view_a_size_in_the_order_of_the_recipe():
    found = list(views(PHOTO, wanted("longest", 40, 20, 80)))
    assert [view.pixels.shape for view in found] == [(30, 40, 3), (15, 20, 3), (60, 80, 3)]
    for view, (width, height) in zip(found, [(40, 30), (20, 15), (80, 60)], strict=True):
        np.testing.assert_array_equal(view.pixels, resize(PIXELS, width, height))
        assert shown(view) == [0, 0, 80, 60]


def test_a_box_is_cut_out_before_it_is_resized():
    (view,) = views(PHOTO, wanted("longest", 20), Box(10, 20, 40, 30))
    assert shown(view) == [10, 20, 50, 50]
    np.testing.assert_array_equal(view.pixels, resize(PIXELS[20:50, 10:50], 20, 15))


def test_a_box_over_the_border_is_cut_to_the_photo():
    (view,) = views(PHOTO, wanted("longest", 20), Box(-15, 40, 35, 100))
    assert shown(view) == [0, 40, 20, 60]
    np.testing.assert_array_equal(view.pixels, PIXELS[40:60, :20])


def test_a_box_is_rounded_to_pixels_and_has_one_at_least():
    assert Box(9.6, 19.4, 40, 30).within(80, 60) == (10, 19, 50, 49)
    assert Box(12.2, 5.1, 0.1, 0.1).within(80, 60) == (12, 5, 13, 6)
    assert Box(79.3, 59.3, 0.4, 0.4).within(80, 60) == (79, 59, 80, 60)
    assert Box(0, 0, 80, 60).within(80, 60) == (0, 0, 80, 60)


@pytest.mark.parametrize(
    "box", [Box(80, 0, 9, 9), Box(0, 60, 9, 9), Box(-50, 5, 20, 20), Box(5, -50, 20, 20), Box(900, 900, 1, 1)]
)
def test_a_box_outside_the_photo_is_refused_with_the_size_of_the_photo(box):
    with pytest.raises(BadQuery, match="lies outside the photo, which is 80 x 60 pixels upright"):
        list(views(PHOTO, wanted("longest"), box))


def test_a_box_is_read_from_text():
    assert Box.parse("1,2.5, 30 ,40") == Box(1, 2.5, 30, 40)
    assert Box.parse("-3,0,9,9") == Box(-3, 0, 9, 9)
    for text in ("", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1;2;3;4"):
        with pytest.raises(BadQuery, match="four numbers 'x,y,w,h' in pixels"):
            Box.parse(text)
    for text in ("1,2,0,4", "1,2,3,-4", "1,2,nan,4", "nan,2,3,4", "1,2,inf,4", "1,-inf,3,4"):
        with pytest.raises(BadQuery, match="a width and a height above zero"):
            Box.parse(text)


def test_a_rectangle_of_a_view_goes_back_to_the_original():
    (view,) = views(PHOTO, wanted("square", 32), Box(10, 20, 40, 30))
    assert shown(view) == [10, 20, 50, 50]
    assert corners(view, 0.5, 0.25, 1, 0.75) == [20, 35, 40, 50]


def test_what_a_rectangle_shows_is_where_it_says():
    marked = np.zeros((60, 80, 3), np.uint8)
    marked[30:46, 40:60] = 255
    (view,) = views(Photo(marked, 80, 60), wanted("longest", 40))
    rows, columns = np.nonzero(view.pixels[..., 0] > 127)
    height, width = view.pixels.shape[:2]
    shares = (
        rows.min() / height,
        columns.min() / width,
        (rows.max() + 1) / height,
        (columns.max() + 1) / width,
    )
    assert corners(view, *shares) == pytest.approx([40, 30, 60, 46])


def test_enough_pixels_are_those_of_the_largest_view():
    assert enough(4000, 3000, [wanted("longest", 320, 640, 480)]) == (640, 480)
    assert enough(4000, 3000, [wanted("square", 224, 448)]) == (448, 448)
    assert enough(4000, 3000, [wanted("longest", 640), wanted("square", 500)]) == (640, 500)
    assert enough(100, 80, [wanted("longest", 640)]) == (200, 160)  # more than there are: nothing to save


def test_a_photo_decoded_smaller_keeps_the_places_of_its_original():
    full = np.random.default_rng(1).integers(0, 256, (15, 20, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    smaller = Photo(np.ascontiguousarray(full[::4, ::4]), 160, 120)  # a pixel stands for 4 x 4
    for box in (None, Box(40, 24, 80, 64), Box(-8, 56, 88, 900)):
        (expected,) = views(Photo(full, 160, 120), wanted("longest", 10), box)
        (found,) = views(smaller, wanted("longest", 10), box)
        assert shown(found) == shown(expected)
        np.testing.assert_allclose(found.pixels.astype(int), expected.pixels, atol=1)
    (last,) = views(smaller, wanted("square", 3), Box(159, 119, 1, 1))
    np.testing.assert_array_equal(last.pixels, np.broadcast_to(full[119, 159], (3, 3, 3)))
