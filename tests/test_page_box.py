"""The page: the box on the photo, by pointer and by keys, and what is sent of it. In real Chromium."""

import json

import numpy as np
import pytest

from support import page as pages

LARGE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def photo(chromium, page_service):
    """The page with a stored photo as its query, 320 x 240."""
    with pages.opened(chromium, page_service, **LARGE) as page:
        page.goto(f"{page_service}?image={pages.ids(page, page_service)['things/0-0.png']}")
        pages.settled(page)
        page.searches = []
        page.on("request", lambda request: noted(page, request))
        yield page


def noted(page, request):
    if request.url.endswith("/search"):
        page.searches.append(json.loads(request.post_data))


def drag(page, start, end, steps=4, release=True):
    """From one place of the photo to another, in shares of it."""
    frame = page.locator("#stage").bounding_box()
    here, there = (
        (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in (start, end)
    )
    page.mouse.move(*here)
    page.mouse.down()
    page.mouse.move(*there, steps=steps)
    if release:
        page.mouse.up()
        page.wait_for_timeout(80)


def drawn(page):
    """The box that is seen, in shares of the photo."""
    frame, box = page.locator("#stage").bounding_box(), page.locator("#box").bounding_box()
    left, top = (box["x"] - frame["x"]) / frame["width"], (box["y"] - frame["y"]) / frame["height"]
    return [left, top, left + box["width"] / frame["width"], top + box["height"] / frame["height"]]


def near(box, expected, most=0.02):
    np.testing.assert_allclose(box, expected, atol=most)


def test_a_box_is_drawn_and_searched_for_on_release_with_a_margin(photo):
    before = pages.paths(photo)
    drag(photo, (0.2, 0.2), (0.7, 0.8), release=False)
    assert not photo.searches
    assert pages.paths(photo) == before
    photo.mouse.up()
    photo.locator("#searched").wait_for()
    (body,) = photo.searches
    near(body["box"], [0.18, 0.176, 0.72, 0.824])  # 4 % of its own sides
    near(drawn(photo), [0.2, 0.2, 0.7, 0.8])
    assert "box=0.2" in photo.url
    shadow = photo.locator("#shade").evaluate("shade => getComputedStyle(shade).boxShadow")
    assert "4000px" in shadow  # what is outside the box is dark
    cut = photo.locator("#cutout")
    ratio = cut.evaluate("cut => cut.decode().then(() => cut.naturalWidth / cut.naturalHeight)")
    assert ratio == pytest.approx(320 * 0.54 / (240 * 0.648), rel=0.05)


def test_old_results_stay_until_the_new_ones_come(photo):
    held = []
    photo.route("**/search", lambda route: held.append(route))
    before = pages.paths(photo)
    drag(photo, (0.1, 0.1), (0.6, 0.6))
    photo.locator('.column[aria-busy="true"]').first.wait_for()
    assert pages.paths(photo) == before
    held[0].continue_()
    pages.settled(photo)
    assert pages.paths(photo) != before


@pytest.mark.parametrize(
    ("handle", "expected"),
    [("nw", [0.1, 0.1, 0.7, 0.7]), ("n", [0.3, 0.1, 0.7, 0.7]), ("ne", [0.3, 0.1, 0.5, 0.7]),
     ("e", [0.3, 0.3, 0.5, 0.7]), ("se", [0.3, 0.3, 0.5, 0.5]), ("s", [0.3, 0.3, 0.7, 0.5]),
     ("sw", [0.1, 0.3, 0.7, 0.5]), ("w", [0.1, 0.3, 0.7, 0.7])],
)  # fmt: skip
def test_each_handle_moves_its_own_sides(boxes, handle, expected):
    page = boxes([0.3, 0.3, 0.7, 0.7])
    start = [{"w": 0.3, "e": 0.7}.get(handle[-1], 0.5), {"n": 0.3, "s": 0.7}.get(handle[0], 0.5)]
    drag(page, start, [place - 0.2 for place in start])
    near(drawn(page), expected)


@pytest.fixture(scope="module")
def one_page(chromium, page_service):
    with pages.opened(chromium, page_service, **LARGE) as page:
        page.number = pages.ids(page, page_service)["things/0-0.png"]
        yield page


@pytest.fixture
def boxes(one_page, page_service):
    """Opens the page with a box that the address names; nothing is searched, as results do not matter."""

    def at(box):
        one_page.route("**/search", lambda route: route.abort())
        one_page.goto(f"{page_service}?image={one_page.number}&box={','.join(map(str, box))}")
        one_page.locator("#box").wait_for()
        one_page.locator("#stage-photo").evaluate("photo => photo.decode()")
        return one_page

    return at


def test_the_box_is_moved_but_never_out_of_the_photo(boxes):
    page = boxes([0.3, 0.3, 0.7, 0.7])
    drag(page, (0.5, 0.5), (0.6, 0.4))
    near(drawn(page), [0.4, 0.2, 0.8, 0.6])
    drag(page, (0.5, 0.4), (1.5, -0.5))
    near(drawn(page), [0.6, 0, 1, 0.4])


def test_keys_move_and_resize_the_box(boxes):
    page = boxes([0.3, 0.3, 0.7, 0.7])
    frame = page.locator("#stage").bounding_box()
    dot = 1 / frame["width"], 1 / frame["height"]
    page.focus("#box")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    near(drawn(page), [0.3 + dot[0], 0.3 + 10 * dot[1], 0.7 + dot[0], 0.7 + 10 * dot[1]], 0.003)
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("Control+Shift+ArrowUp")
    near(drawn(page), [0.3 + dot[0], 0.3 + 10 * dot[1], 0.7, 0.7], 0.003)
    for _ in range(4):  # each key was a step
        page.keyboard.press("Control+z")
        page.locator("#box").wait_for()
    near(drawn(page), [0.3, 0.3, 0.7, 0.7], 0.003)


@pytest.mark.parametrize("key", ["Escape", "Delete"])
def test_a_key_takes_the_box_away_and_undo_brings_it_back(boxes, key):
    page = boxes([0.3, 0.3, 0.7, 0.7])
    page.focus("#box")
    page.keyboard.press(key)
    page.locator("#box").wait_for(state="hidden")
    assert "box" not in page.url
    page.keyboard.press("Control+z")
    near(drawn(page), [0.3, 0.3, 0.7, 0.7])


@pytest.mark.parametrize(("end", "words"), [((0.36, 0.37), "less than 8 %"), ((0.99, 1.0), "more than 95 %")])
def test_a_box_that_is_a_slip_or_nearly_all_is_the_whole_photo(boxes, end, words):
    page = boxes([0.4, 0.4, 0.6, 0.6])
    drag(page, (0.3, 0.3) if words.startswith("less") else (0.01, 0.01), end)
    page.locator("#box").wait_for(state="hidden")
    assert words in page.locator(".notice p").first.inner_text()
    assert "box" not in page.url


def test_a_box_can_be_drawn_without_a_pointer(boxes):
    page = boxes([0.3, 0.3, 0.7, 0.7])
    page.click("#whole")
    page.locator("#box").wait_for(state="hidden")
    page.focus("#draw")
    page.keyboard.press("Enter")
    assert page.locator("#box").evaluate("box => box === document.activeElement")
    assert page.locator("#box").get_attribute("aria-label").startswith("Box: from 25 to 75 percent across")
