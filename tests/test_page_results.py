"""The page: results, the line, the closer look, marks, two searches. In real Chromium."""

import csv
import io

import numpy as np
import pytest

from resight.datasets._marks import is_marks
from support import page as pages


@pytest.fixture
def found(chromium, page_service):
    """The page after a search for a stored photo, verified by geometry; its marks are taken back after."""
    with pages.opened(chromium, page_service, "v1/galleries") as page:
        page.ids = pages.ids(page, page_service)
        page.goto(f"{page_service}?image={page.ids['things/0-0.png']}&rerank=geometry")
        pages.settled(page)
        yield page
        address = f"{page_service}v1/galleries/album/marks"
        for pair in page.request.get(address).json()["marks"]:
            taken = {"query": pair["first"], "hit": pair["second"], "mark": None}
            page.request.post(address, data=taken, headers={"Origin": page_service.rstrip("/")})


def tile(page, path, column=0):
    return page.locator(f'.column[data-column="{column}"] .tile').filter(
        has=page.locator(f'.open[title="{path}"]')
    )


def focused(page):
    return page.evaluate("document.activeElement.title")


def opened(page, path):
    tile(page, path).locator(".open").focus()
    page.keyboard.press("Enter")
    page.locator("#closer[open]").wait_for()
    page.wait_for_timeout(150)


def test_results_stand_in_rows_of_one_width_with_what_matches_outlined(found):
    assert set(pages.paths(found)[:3]) == {"things/0-0.png", "things/0-1.png", "things/0-2.png"}
    second = tile(found, "things/0-1.png")
    assert second.locator(".score").inner_text().endswith("points")
    corners = second.locator("polygon.over").get_attribute("points").split()
    there = np.array([corner.split(",") for corner in corners], float) * (320, 240)
    x, y = there.mean(0)
    assert 100 < x < 230
    assert 70 < y < 170
    rows = {}
    opens = found.locator(".column .grid").first.locator(".open").all()
    for place in [each.bounding_box() for each in opens]:
        rows.setdefault(round(place["y"]), []).append(place)
    ends = [max(place["x"] + place["width"] for place in row) for row in rows.values()]
    assert max(ends[:-1], default=0) - min(ends[:-1], default=0) < 2
    assert all(len({round(place["height"]) for place in row}) == 1 for row in rows.values())


def test_a_line_stands_above_what_is_probably_not_the_same(found):
    answer = found.evaluate(
        """([query]) => fetch("v1/galleries/album/search", { method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ image: query, k: 50, rerank: ["geometry"] }) }).then((told) => told.json())""",
        [found.ids["things/0-0.png"]],
    )
    line = found.locator(".below-here")
    assert line.inner_text() == "below here: probably not the same"
    probable = [hit for hit in answer["hits"] if hit["probable"] or hit["self"]]
    assert found.locator('.grid[aria-label="Probably the same"] .tile').count() == len(probable)
    assert found.locator(".column[data-column='0'] .tile").count() == 50  # nothing is hidden
    promise = tile(found, "things/0-1.png").locator(".promise").inner_text()
    assert promise.startswith("1 in") or promise == "by chance"


def test_a_hit_that_is_likelier_by_chance_than_the_next_stands_below_the_line(found):
    def changed(route):
        response = route.fetch()
        told = response.json()
        for hit in told["hits"]:
            hit["probable"] = hit["rank"] in (1, 3, 4)
        route.fulfill(response=response, json=told)

    before = pages.paths(found)
    found.route("**/search", changed)
    found.reload()
    pages.settled(found)
    above = found.locator('.grid[aria-label="Probably the same"] .open')
    assert [each.get_attribute("title") for each in above.all()] == [before[0], *before[2:4]]
    assert pages.paths(found)[3:5] == [before[1], before[4]]
    assert found.locator(".summary").first.inner_text().startswith("2 photos probably show the same")


def test_no_match_is_said_where_nothing_keeps_the_promise(found):
    found.goto(found.url.replace(found.ids["things/0-0.png"], found.ids["others/007.png"]) + "&promise=0.001")
    found.locator(".summary", has_text="No match").wait_for()


def test_arrows_go_through_the_results_which_are_one_stop_of_tab(found):
    opens = found.locator(".column[data-column='0'] .open")
    opens.first.focus()
    found.keyboard.press("ArrowRight")
    assert focused(found) == pages.paths(found)[1]
    found.keyboard.press("End")
    assert focused(found) == pages.paths(found)[-1]
    found.keyboard.press("Home")
    top = "document.activeElement.getBoundingClientRect().top + scrollY"
    first = found.evaluate(top)
    found.keyboard.press("ArrowDown")
    assert found.evaluate(top) > first + 100
    found.keyboard.press("ArrowUp")
    assert found.evaluate(top) == first
    assert opens.evaluate_all("all => all.filter((open) => open.tabIndex === 0).length") == 1


def test_marks_move_on_are_undone_shown_again_and_never_suggested_again(found):
    names = pages.paths(found)
    tile(found, names[1]).locator(".open").focus()
    found.keyboard.press("y")
    assert focused(found) == names[2]
    found.keyboard.press("n")
    assert focused(found) == names[3]
    tile(found, names[2]).locator(".stamp", has_text="Not the same").wait_for()
    found.keyboard.press("n")
    tile(found, names[3]).locator(".stamp", has_text="Not the same").wait_for()
    found.keyboard.press("u")
    found.wait_for_function("name => document.activeElement.title === name", arg=names[3])
    assert not tile(found, names[3]).get_attribute("data-mark")
    with found.expect_response("**/search"):
        found.reload()
    pages.settled(found)
    assert tile(found, names[1]).locator(".stamp").inner_text() == "Same"
    assert names[2] not in pages.paths(found)
    found.get_by_role("button", name="1 marked as different is left out: show").click()
    assert names[2] in pages.paths(found)


def test_marks_are_listed_taken_back_and_downloaded_as_the_csv_of_evaluate(found, tmp_path):
    names = pages.paths(found)
    tile(found, names[1]).locator(".open").focus()
    found.keyboard.press("y")
    tile(found, names[1]).locator(".stamp", has_text="Same").wait_for()
    found.locator("nav [data-view=marks]").click()
    found.locator(".pair").wait_for()
    with found.expect_download() as download:
        found.click("#marks-csv")
    download.value.save_as(tmp_path / "marks.csv")
    assert is_marks(tmp_path / "marks.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text()))
    assert {row["first"], row["second"], row["mark"]} == {names[0], names[1], "same"}
    found.get_by_role("button", name="Take back").click()
    found.locator("#marks .nothing").wait_for()


def test_marks_that_the_service_has_not_answered_yet_are_waited_for(found):
    names, held = pages.paths(found), []
    found.route(
        "**/marks", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    tile(found, names[1]).locator(".open").focus()
    found.keyboard.press("y")
    tile(found, names[1]).locator(".stamp", has_text="Same").wait_for()
    found.locator("nav [data-view=marks]").click()
    found.wait_for_timeout(300)
    held.pop().continue_()
    found.locator(".pair").wait_for()
    found.unroute("**/marks")
    found.get_by_role("button", name="Take back").click()
    found.locator("#marks .nothing").wait_for()


def test_searching_goes_on_from_a_result_and_back(found):
    first = found.url
    tile(found, "things/0-2.png").hover()
    tile(found, "things/0-2.png").get_by_role("button", name="Search with this photo").click()
    found.locator("#query-name", has_text="0-2.png").wait_for()
    pages.settled(found)
    found.go_back()
    found.locator("#query-name", has_text="0-0.png").wait_for()
    assert found.url == first


def test_enter_opens_the_closer_look_and_next_keeps_the_zoom(found):
    opened(found, "things/0-1.png")
    assert found.locator("#closer-title").inner_text().endswith("0-1.png")
    assert found.locator("#lines line").count() > 8
    pinned = found.locator("#pane-query img").get_attribute("src")
    found.keyboard.press("+")
    found.keyboard.press("+")
    zoom, moved = found.locator("#zoom").inner_text(), found.locator("#pane-hit img").get_attribute("style")
    assert zoom == "196 %"
    found.keyboard.press("ArrowRight")
    assert not found.locator("#closer-title").inner_text().endswith("0-1.png")
    assert found.locator("#zoom").inner_text() == zoom
    assert found.locator("#pane-query img").get_attribute("src") == pinned
    found.keyboard.press("ArrowLeft")
    assert found.locator("#pane-hit img").get_attribute("style") == moved
    found.keyboard.press("Escape")
    assert focused(found) == "things/0-1.png"


def test_both_photos_are_zoomed_and_moved_together(found):
    opened(found, "things/0-1.png")
    middle = found.locator("#pane-hit").bounding_box()
    found.mouse.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
    found.mouse.wheel(0, -600)
    found.wait_for_timeout(150)
    places = [found.locator(f"#pane-{name} img").get_attribute("style") for name in ("query", "hit")]
    assert places[0] == places[1]  # photos of one size
    found.mouse.down()
    found.mouse.move(middle["x"] + middle["width"] / 2 + 90, middle["y"] + middle["height"] / 2 + 30, steps=3)
    found.mouse.up()
    after = [found.locator(f"#pane-{name} img").get_attribute("style") for name in ("query", "hit")]
    assert after[0] == after[1] != places[0]


def test_the_query_is_seen_in_place_while_a_key_is_held(found):
    opened(found, "things/0-1.png")
    found.keyboard.press("m")
    query = found.locator("#pane-query")
    assert query.evaluate("pane => getComputedStyle(pane).visibility") == "hidden"
    found.keyboard.down("f")
    assert query.evaluate("pane => getComputedStyle(pane).visibility") == "visible"
    assert "matrix3d" in query.locator("img").get_attribute("style")  # what matches lies on what matches
    found.keyboard.up("f")
    assert query.evaluate("pane => getComputedStyle(pane).visibility") == "hidden"


def test_marks_of_the_closer_look_go_on_to_the_next(found):
    opened(found, "things/0-1.png")
    found.keyboard.press("y")
    found.wait_for_timeout(300)
    assert not found.locator("#closer-title").inner_text().endswith("0-1.png")
    found.keyboard.press("u")
    found.locator("#closer-title", has_text="0-1.png").wait_for()


def test_two_searches_stand_in_two_columns(found):
    found.check("#two")
    pages.settled(found, 1)
    assert found.get_by_label("Re-ranking of search 1").input_value() == "geometry"
    assert found.get_by_label("Re-ranking of search 2").input_value() == ""
    assert found.locator('.column[data-column="0"] .outline').count()
    assert not found.locator('.column[data-column="1"] .outline').count()
    with found.expect_response("**/search"):
        found.get_by_label("Re-ranking of search 2").select_option("k-reciprocal")
    pages.settled(found, 1)
    assert pages.paths(found, 0) != pages.paths(found, 1)
    assert "right" in found.locator('.column[data-column="0"]').inner_text()
    found.reload()
    pages.settled(found, 1)
    assert found.get_by_label("Re-ranking of search 2").input_value() == "k-reciprocal"
    found.uncheck("#two")
    found.locator('.column[data-column="1"]').wait_for(state="hidden")


def test_a_folder_and_a_number_of_results_are_chosen(found):
    found.select_option("#k", "20")
    pages.settled(found)
    found.fill("#under", "others")
    found.keyboard.press("Enter")
    found.wait_for_timeout(400)
    pages.settled(found)
    names = [name for name in pages.paths(found) if name != "things/0-0.png"]
    assert names
    assert all(name.startswith("others/") for name in names)
    assert "k=20" in found.url
    assert "under=others" in found.url


LATE = """() => {
    const now = window.fetch;
    window.fetch = (...asked) => new Promise((go) => setTimeout(go, 300)).then(() => now(...asked));
}"""


def test_a_mark_is_taken_back_though_the_service_has_not_answered_yet(found, page_service):
    names = pages.paths(found)
    found.evaluate(LATE)
    tile(found, names[1]).locator(".open").focus()
    for key in "ynu":
        found.keyboard.press(key)
    found.wait_for_function("name => document.activeElement.title === name", arg=names[2])
    tile(found, names[1]).locator(".stamp", has_text="Same").wait_for()
    found.locator("#live", has_text="no mark.").wait_for(
        state="attached"
    )  # the service has answered all three
    assert not tile(found, names[2]).get_attribute("data-mark")
    kept = found.request.get(f"{page_service}v1/galleries/album/marks").json()["marks"]
    assert [each["mark"] for each in kept] == ["same"]
