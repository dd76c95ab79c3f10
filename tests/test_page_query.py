"""The page: every way to give a photo, and what is refused in a sentence. In real Chromium."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from support import page as pages


def png(thing=0, view=0, **more):
    data = io.BytesIO()
    Image.fromarray(pages.seen(thing, view)).save(data, "PNG", **more)
    return data.getvalue()


def file(name="photo.png", data=None):
    return {"name": name, "mimeType": "image/png", "buffer": png() if data is None else data}


def drop(page, path, x=900, y=600):
    """What a file manager does: the file itself is dropped, not an event made by the page."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})


def sentence(page):
    return page.locator(".notice.wrong p").first.inner_text()


def test_a_chosen_file_is_searched_for_and_cleared(page):
    page.set_input_files("#file", file("shelf.png"))
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "shelf.png"
    assert pages.paths(page)[0] == "things/0-0.png"  # its own content is indexed
    assert re.search(r"[?&]upload=[0-9a-f]{64}", page.url)
    page.click("#clear")
    page.locator("#welcome").wait_for()
    assert "upload" not in page.url


def test_the_whole_window_takes_drops(page, page_album):
    drop(page, page_album / "things/1-0.png", 20, 700)
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "1-0.png"
    drop(page, page_album / "things/2-0.png")
    page.locator("#query-name", has_text="2-0.png").wait_for()
    page.locator("#dropping").wait_for(state="hidden")


def test_a_photo_dropped_before_the_galleries_are_known_is_searched_for(page, page_service, page_album):
    other = pages.ids(page, page_service)["things/0-0.png"]
    with pages.held(page, "**/v1/galleries"):
        page.goto(f"{page_service}?image={other}")
        drop(page, page_album / "things/1-0.png")
        page.locator("#query-name", has_text="1-0.png").wait_for()
    pages.settled(page)
    assert pages.paths(page)[0] == "things/1-0.png"
    assert "upload=" in page.url


def test_a_dropped_folder_is_refused_in_a_sentence(page, page_album):
    drop(page, page_album / "things/1-0.png")
    pages.settled(page)
    before = pages.paths(page)
    drop(page, page_album / "things")
    assert "“things” is a folder" in sentence(page)
    assert pages.paths(page) == before


def test_ctrl_v_takes_a_copied_picture(page, page_service):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=page_service.rstrip("/"))
    page.evaluate(
        """async (numbers) => {
            const blob = new Blob([new Uint8Array(numbers)], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        list(png(1, 1)),
    )
    page.keyboard.press("Control+v")
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "pasted picture"
    page.click("#clear")
    page.locator("#welcome").get_by_role("button", name="Paste").click()
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "pasted picture"


def test_the_camera_takes_a_photo(page):
    page.locator("#welcome").get_by_role("button", name="Camera").click()
    page.click("#camera-take")  # once there is a picture
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "photo by the camera"
    assert not page.locator("#camera").is_visible()


def test_a_large_file_is_told_before_it_is_sent(chromium, page_service):
    with pages.opened(chromium, page_service, "v1/galleries") as page:
        told = page.request.get(f"{page_service}v1/galleries").json()
        told["limits"]["upload_bytes"] = 1000
        page.route("**/v1/galleries", lambda route: route.fulfill(json=told))
        page.goto(page_service)
        page.locator("#welcome-photos .tile").first.wait_for()
        page.set_input_files("#file", file("large.png"))
        assert "“large.png” has" in sentence(page)
        assert not [each for each in page.requested if each.endswith("/uploads")]


@pytest.mark.parametrize("data", [b"no picture", b"", png()[:60]], ids=["text", "empty", "cut"])
def test_a_bad_file_is_named_and_the_results_stay(page, data):
    page.set_input_files("#file", file())
    pages.settled(page)
    before = pages.paths(page)
    page.set_input_files("#file", file("bad.png", data))
    assert "bad.png" in sentence(page)
    assert pages.paths(page) == before
    page.locator(".notice button").first.click()
    assert not page.locator(".notice.wrong").count()


def test_what_the_box_is_drawn_on_is_what_the_reader_sees(page):
    """Chromium does not turn a WebP by its EXIF; the preview is turned already, and has no orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.fromarray(pages.seen(0, 0)).save(data, "WEBP", lossless=True, exif=exif)
    page.set_input_files("#file", file("turned.webp", data.getvalue()))
    pages.settled(page)
    photo = page.locator("#stage-photo")
    size = photo.evaluate("photo => photo.decode().then(() => [photo.naturalWidth, photo.naturalHeight])")
    assert size == [240, 320]


def test_turning_turns_the_preview_and_the_box_with_it(page):
    page.set_input_files("#file", file())
    pages.settled(page)
    page.click("#draw")
    pages.settled(page)
    with page.expect_request("**/search") as asked:
        page.click("#turn-right")
    body = asked.value.post_data_json
    assert body["turn"] == 90
    np.testing.assert_allclose(body["box"], [0.23, 0.23, 0.77, 0.77], atol=1e-6)
    photo = page.locator("#stage-photo")
    assert photo.evaluate("photo => photo.decode().then(() => photo.naturalHeight)") == 320
    assert "turn=90" in page.url
    page.keyboard.press("Control+z")
    pages.settled(page)
    assert "turn" not in page.url


def test_the_address_of_an_upload_opens_it_again(page):
    page.set_input_files("#file", file())
    pages.settled(page)
    before = pages.paths(page)
    page.reload()
    pages.settled(page)
    assert pages.paths(page) == before
    page.goto(page.url.replace(re.search("upload=(.{64})", page.url)[1], "0" * 64))
    page.locator(".notice.wrong").first.wait_for()
    page.locator("#welcome").wait_for()
