"""The page: views beside the search, addresses, colours, narrow screens, tokens. In real Chromium."""

import json
import re

import pytest

from support import page as pages


def test_folders_are_browsed_and_a_photo_is_searched_with(page):
    page.locator("nav [data-view=browse]").click()
    page.locator("#folders button", has_text="things").click()
    page.locator("#browse-count", has_text="12 photos").wait_for()
    assert "folder=things" in page.url
    page.locator("#crumbs button", has_text="All folders").click()
    page.locator("#browse-count", has_text="112 photos").wait_for()
    before = page.locator("#browse-photos .tile").count()
    page.click("#browse-more")
    page.locator(f"#browse-photos .tile:nth-child({before + 1})").wait_for()
    page.go_back()
    page.locator("#browse-count", has_text="12 photos").wait_for()
    page.locator('#browse-photos .open[title="things/3-1.png"]').click()
    pages.settled(page)
    assert page.locator("#query-name").inner_text() == "3-1.png"


def test_what_is_done_before_the_galleries_are_known_stays(page):
    with pages.held(page, "**/v1/galleries") as held:
        page.goto(f"{page.url}?k=20")
        page.locator("nav [data-view=browse]").click()
        assert held
        assert "browse" not in page.url
    page.locator("#browse-count", has_text="112 photos").wait_for()
    assert {"view=browse", "k=20"} < set(re.split("[?&]", page.url))


def test_an_address_is_shown_as_it_is_where_nobody_does_anything(page, page_service):
    with pages.held(page, "**/v1/galleries"):
        page.goto(f"{page_service}?view=browse&folder=things")
    page.locator("#browse-count", has_text="12 photos").wait_for()
    assert page.url == f"{page_service}?view=browse&folder=things"


def test_groups_of_duplicates_are_shown_and_compared(page, page_service):
    page.goto(f"{page_service}?view=duplicates&level=same")
    group = page.locator(".group-card").first
    group.wait_for()
    assert group.locator(".tile").count() >= 2
    group.locator(".open").nth(1).click()
    page.locator("#closer[open]").wait_for()
    assert page.locator("#closer-marking").is_hidden() or page.locator("#closer-title").inner_text()
    page.keyboard.press("Escape")
    page.locator("#level label", has_text="Copies").click()
    page.locator("#groups .nothing").wait_for()  # no photo of the album is there twice


def test_progress_of_an_index_that_runs_is_shown(chromium, page_service):
    with pages.opened(chromium, page_service, "v1/galleries") as page:
        told = page.request.get(f"{page_service}v1/galleries").json()
        told["galleries"][0]["indexing"] = {"done": 1200, "total": 4000, "rate": 12.4, "left_s": 226}
        page.route("**/v1/galleries", lambda route: route.fulfill(json=told))
        page.goto(page_service)
        words = "Indexing “album”: 1,200 of 4,000, 12 a second, 3:46 left"
        page.locator("#strip-words", has_text=words).wait_for()
        assert page.get_by_role("progressbar").get_attribute("value") == "1200"
        told["galleries"][0] |= {"indexing": None, "describer": "ready"}
        page.locator("#strip").wait_for(state="hidden")


def test_an_address_shows_what_it_was_copied_from(chromium, page):
    number = pages.ids(page, page.url)["things/1-0.png"]
    page.goto(f"{page.url}?image={number}&box=0.1,0.2,0.9,0.8&k=20&rerank=geometry&turn=90")
    pages.settled(page)
    before, address = pages.paths(page), page.url
    service, _, query = address.partition("?")
    with pages.opened(chromium, service, f"?{query}") as other:
        pages.settled(other)
        assert pages.paths(other) == before
        assert other.input_value("#k") == "20"
        assert other.input_value("#rerank") == "geometry"
        other.locator("#box").wait_for()


def test_colours_are_chosen_and_kept(page):
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    page.click("#theme")
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    page.emulate_media(color_scheme="dark")
    page.evaluate("localStorage.clear()")
    page.reload()
    assert page.evaluate(paper) == dark


@pytest.mark.parametrize("view", ["search", "browse", "duplicates", "marks"])
def test_nothing_is_wider_than_a_phone(chromium, page_service, view):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
    with pages.opened(chromium, page_service, "v1/galleries", **phone) as page:
        number = pages.ids(page, page_service)["things/1-0.png"]
        page.goto(f"{page_service}?view={view}&image={number}")
        if view == "search":
            pages.settled(page)
            page.locator(".column .open").nth(1).tap()
            page.locator("#closer[open]").wait_for()
            assert page.locator("#closer").evaluate("closer => closer.scrollWidth") == 360
        page.locator(f"#view-{view}").wait_for(state="attached")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_service_that_does_not_answer_leaves_the_page_as_it_is(page, page_service):
    page.goto(f"{page_service}?image={pages.ids(page, page_service)['things/1-0.png']}")
    pages.settled(page)
    before = pages.paths(page)
    page.route("**/v1/**", lambda route: route.abort())
    page.select_option("#k", "20")
    page.locator(".notice.wrong", has_text="The service does not answer").wait_for()
    assert pages.paths(page) == before


def test_a_token_is_asked_for_and_is_never_in_an_address(chromium, page_album, tmp_path):
    secret = "a-token-that-nobody-guesses"
    (tmp_path / "tokens").write_text(secret + "\n")
    (tmp_path / "tokens").chmod(0o600)
    with (
        pages.serving(page_album, "--token-file", str(tmp_path / "tokens")) as address,
        pages.opened(chromium, address) as page,
    ):
        page.locator("#login[open]").wait_for()
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        page.locator("#login-wrong", has_text="token").wait_for()
        page.fill("#token", secret)
        page.keyboard.press("Enter")
        page.locator("#welcome-photos .tile").first.wait_for()
        page.locator("#welcome-photos .open").first.click()
        pages.settled(page)
        assert not [each for each in [page.url, *page.requested] if secret in each]
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert secret not in kept
        assert json.loads(kept)[2] == ""  # no script reads the cookie
