"""The page for everybody: no serious fault by axe in any view, light or dark; focus is seen. In Chromium."""

import re
import time

import pytest

from support import page as pages

SERIOUS = ("serious", "critical")
QUERY = "?image={}&box=0.1,0.1,0.8,0.9&rerank=geometry&k=20"
VIEWS = {  # by name: the address, and what is waited for
    "welcome": ("", "#welcome-photos .tile"),
    "keys": ("", "#welcome-photos .tile"),
    "search": (QUERY, ".column .tile"),
    "two": (QUERY + '&second=["album",""]', ".column .tile"),
    "closer": (QUERY, ".column .tile"),
    "browse": ("?view=browse", "#browse-photos .tile"),
    "duplicates": ("?view=duplicates&level=same", "#groups > *"),
    "marks": ("?view=marks", "#marks li"),
}
HERE = """() => {
    const e = document.activeElement;
    const words = e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent;
    return [e.id || e.className, words.trim(), getComputedStyle(e).outlineStyle];
}"""

LISTEN = """() => {
    const live = document.querySelector("#live");
    window.told = [];
    new MutationObserver(() => told.push(live.textContent)).observe(live, { childList: true });
}"""


def faults(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'resight[dev]'")
    found = axe.Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in SERIOUS]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious]


@pytest.fixture(scope="module", params=["light", "dark"])
def view(request, chromium, page_service):
    with pages.opened(chromium, page_service, color_scheme=request.param) as page:
        page.number = pages.ids(page, page_service)["things/1-0.png"]
        yield page


@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_no_serious_fault(view, page_service, name):
    query, first = VIEWS[name]
    view.goto(page_service + query.format(view.number))
    view.locator(first).first.wait_for()
    if name == "keys":
        view.keyboard.press("?")
    if name == "closer":
        view.locator(".column .open").nth(1).click()
        view.locator("#closer[open]").wait_for()
    assert not faults(view)


def test_every_stop_of_tab_has_a_name_and_is_seen(chromium, page_service):
    with pages.opened(chromium, page_service, "v1/galleries") as page:
        number = pages.ids(page, page_service)["things/1-0.png"]
        page.goto(f"{page_service}?image={number}&box=0.1,0.1,0.8,0.9")
        pages.settled(page)
        stops = []
        for _ in range(40):
            page.keyboard.press("Tab")
            stop = page.evaluate(HERE)
            if stops and stop[0] == "skip":
                break
            stops.append(stop)
        order = [name for name, *_ in stops]
        assert order[0] == "skip"
        assert order.index("gallery") < order.index("box") < order.index("clear") < order.index("rerank")
        assert order.index("rerank") < order.index("open")
        assert all(words for name, words, _ in stops if name), stops
        assert not [
            name for name, _, outline in stops if name in ("box", "clear", "open") and outline == "none"
        ]


def test_what_happens_is_told_to_screen_readers(chromium, page_service):
    with pages.opened(chromium, page_service, "v1/galleries") as page:
        page.goto(f"{page_service}?image={pages.ids(page, page_service)['things/1-0.png']}")
        pages.settled(page)
        page.locator("#live", has_text="50 photos found.").wait_for(state="attached")
        page.evaluate(LISTEN)
        page.click("#turn-right")  # the answer is told with the turn where it comes at once, or after it
        end = time.monotonic() + pages.SLOW / 1000
        while not re.search(r"Turned to 90 degrees\..*50 photos found\.", page.evaluate("told.join(' ')")):
            assert time.monotonic() < end, page.evaluate("told")
            page.wait_for_timeout(50)
        assert page.locator(".column .open").nth(1).get_attribute("aria-label").startswith("Result 2: ")
        landmarks = page.locator("header, nav[aria-label], main, aside[aria-label], form[aria-label]")
        assert landmarks.count() >= 5
