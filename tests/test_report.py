"""The page of a ranking stands alone, and shows what the ranking says."""

import base64
import io
import re
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from resight.errors import StorageFailed
from resight.pages.ranking import SIDE, write_report
from resight.types import Box, Hit, Match, Ranking, Region


class Page(HTMLParser):
    """The figures of a page: the attributes of what is in each, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.figures, self._inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "figure":
            self._inside = True
            self.figures.append({"figure": dict(attributes), "text": ""})
        elif self._inside:
            self.figures[-1].setdefault(tag, dict(attributes))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "figure"

    def handle_data(self, data):
        if self._inside:
            self.figures[-1]["text"] += data


def saved(path, width=2 * SIDE, height=SIDE):
    """Black at the left to white at the right; by default twice as large as it is on the page."""
    slope = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 3))
    Image.fromarray(slope.astype(np.uint8)).save(path)
    return path


def hit(rank, path, relative=None, region=None, self=False):
    return Hit(rank, 1.0 if self else 0.5, path, relative or path.name, region, self)


def written(folder, *hits, query, box=None, recipe="default") -> tuple[str, Page]:
    target = folder / "page.html"
    write_report(target, Ranking(str(query), recipe, hits), query, box)
    text = target.read_text(encoding="utf8")
    return text, Page(text)


def test_the_page_needs_nothing_but_itself(tmp_path):
    photo = saved(tmp_path / "a.png")
    text, page = written(tmp_path, hit(1, photo), query=photo)
    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        for key in ("src", "href", "xlink:href"):
            assert attributes.get(key, "data:").startswith("data:")


def test_each_hit_is_shown_in_order_with_its_picture(tmp_path):
    query, near = saved(tmp_path / "query.png"), saved(tmp_path / "near.png", 45, 100)
    _, page = written(tmp_path, hit(1, query, self=True), hit(2, near), query=query)
    asked, first, second = page.figures
    assert "what was looked for" in asked["text"]
    assert first["text"].startswith("1 query.png")
    assert "the query itself" in first["text"]
    assert first["figure"] == {"class": "mine"}
    assert second["text"].startswith("2 near.png")
    assert "score 0.500" in second["text"]
    assert second["figure"] == {}
    sizes = []
    for figure in page.figures:
        kind, _, data = figure["image"]["href"].partition("base64,")
        assert kind == "data:image/jpeg;"
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        assert (str(picture.width), str(picture.height)) == (figure["svg"]["width"], figure["svg"]["height"])
        sizes.append(picture.size)
        levels = np.asarray(picture)[..., 0].mean(axis=0)
        assert abs(levels[0]) < 16
        assert abs(levels[-1] - 255) < 16
    assert sizes == [(SIDE, SIDE // 2), (SIDE, SIDE // 2), (45, 100)]  # shrunk, never enlarged


def test_the_box_and_the_region_are_drawn_where_they_are(tmp_path):
    photo = saved(tmp_path / "a.png")
    region = Region.of([(200, 100), (360, 100), (360, 201)])
    _, page = written(
        tmp_path, hit(1, photo, region=region), hit(2, photo), query=photo, box=Box(20, 40, 60, 80)
    )
    asked, first, second = page.figures
    assert asked["polygon"] == {"points": "10.0,20.0 40.0,20.0 40.0,60.0 10.0,60.0"}
    assert first["polygon"] == {"points": "100.0,50.0 180.0,50.0 180.0,100.5"}
    assert first["svg"]["viewbox"] == f"0 0 {SIDE} {SIDE // 2}"
    assert "polygon" not in second


def test_what_geometry_verified_is_said_and_its_points_are_drawn(tmp_path):
    photo, query = saved(tmp_path / "a.png"), saved(tmp_path / "q.png")
    there, asked = (
        Region.of([(200, 100), (360, 100), (360, 201)]),
        Region.of([(0, 0), (640, 0), (640, 320), (0, 320)]),
    )
    points = np.array([[210, 110], [300, 150]], np.float32)
    match = Match(points - (150, 60), points, np.eye(3), asked, there)
    verified = Hit(1, 2.0, photo, "a.png", there, False, asked, match)
    text, page = written(tmp_path, verified, hit(2, photo), query=query)
    circles = re.findall(r'cx="([^"]+)" cy="([^"]+)"', text)
    assert circles == [("105.0", "55.0"), ("150.0", "75.0"), ("30.0", "25.0"), ("75.0", "45.0")]
    widths = [attributes["width"] for tag, attributes in page.tags if tag == "svg"]
    assert widths == [str(SIDE)] * 4  # the query with its points is as large as the photo
    assert page.figures[1]["polygon"] == {"points": "100.0,50.0 180.0,50.0 180.0,100.5"}
    assert page.figures[1]["text"].endswith("2 points agree")
    assert "points agree" not in page.figures[2]["text"]
    assert "circle" not in page.figures[2]


@pytest.mark.parametrize(
    ("score", "count", "told"),
    [(0.53, 2, "score 0.530, 2 points agree"), (7.0, 0, "score 7.000")],
)
def test_points_that_agree_stand_beside_the_score(tmp_path, score, count, told):
    photo, region = saved(tmp_path / "a.png"), Region.of([(0, 0), (9, 0), (9, 9)])
    points = np.zeros((count, 2), np.float32)
    match = Match(points, points, np.eye(3), region, region) if count else None
    _, page = written(tmp_path, Hit(1, score, photo, "a.png", match=match), query=photo)
    assert page.figures[1]["text"].endswith(told)


def test_the_page_says_what_made_it(tmp_path):
    photo = saved(tmp_path / "a.png")
    ranking = Ranking(str(photo), "default", (hit(1, photo),))
    plain, reranked = tmp_path / "plain.html", tmp_path / "reranked.html"
    write_report(plain, ranking, photo)
    text = plain.read_text()
    assert "<th>re-ranked</th><td>no</td>" in text
    assert "<th>gallery</th>" not in text
    assert "A score of 1 is the same descriptor." in text
    assert "before re-ranking" not in text
    assert re.search(r"<th>made</th><td>\d{4}-\d\d-\d\d \d\d:\d\d</td>", text)
    write_report(reranked, ranking, photo, None, ["geometry:top=50", "diffusion"], tmp_path / "<g>",
                 datetime(2026, 1, 2, 3, 4))  # fmt: skip
    text = reranked.read_text()
    assert "<th>recipe</th><td>default</td>" in text
    assert "<th>re-ranked</th><td>geometry:top=50, then diffusion</td>" in text
    assert "&lt;g&gt;" in text
    assert "2026-01-02 03:04" in text
    assert "before re-ranking, 1 is the same descriptor" in text


def test_a_file_that_is_gone_or_broken_is_said_to_be(tmp_path):
    photo = saved(tmp_path / "a.png")
    (tmp_path / "broken.jpg").write_bytes(photo.read_bytes()[:300])
    hits = [hit(1, tmp_path / "gone.jpg"), hit(2, tmp_path / "broken.jpg"), hit(3, photo)]
    _, page = written(tmp_path, *hits, query=photo)
    told = ["cannot be read" in figure["text"] for figure in page.figures]
    assert told == [False, True, True, False]
    assert "1 gone.jpg" in page.figures[1]["text"]
    assert [figure.get("image") is None for figure in page.figures] == told


def test_a_hit_whose_file_is_gone_is_marked_and_no_picture_of_it_is_looked_for(tmp_path):
    photo = saved(tmp_path / "a.png")
    gone = Hit(1, 0.5, tmp_path / "gone.jpg", "gone.jpg", gone=True)
    _, page = written(tmp_path, gone, hit(2, photo), query=photo)
    assert "score 0.500, no longer there" in page.figures[1]["text"]
    assert "image" not in page.figures[1]
    assert "no longer there" not in page.figures[2]["text"]


def verified(score, count, photo, through=None):
    region, points = Region.of([(0, 0), (9, 0), (9, 9)]), np.zeros((count, 2), np.float32)
    match = Match(points, points, np.eye(3), region, region, 3 if through else None)
    return Hit(1, score, photo, "a.png", match=match, through=through)


@pytest.mark.parametrize(
    ("score", "told"),
    [(0.53, "score 0.530, by way of other.png"), (2.0, "score 2.000, by way of other.png")],
)
def test_a_hit_found_by_way_of_another_photo_says_so_in_a_sentence(tmp_path, score, told):
    photo = saved(tmp_path / "a.png")
    _, page = written(tmp_path, verified(score, 2, photo, "some/other.png"), query=photo)
    assert page.figures[1]["text"].endswith(told)


NAMES = [
    "<b>&amp;'\".png", "<script>alert(1)</script>.png", "$query $hits ${x}.png", "ä 像.png",
    "x<img src=q onerror=alert(1)>.jpg", "{{ 7 * 7 }} {% for a in b %} {# c #}.png", "'\" onload='x.png",
    "two\nlines.png", "a\t<i>.png",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_photo_by_way_of_which_a_hit_was_found_is_text_and_nothing_else(tmp_path, name):
    photo = saved(tmp_path / "a.png")
    _, page = written(tmp_path, verified(0.53, 2, photo, f"some/{name}"), query=photo)
    assert page.figures[1]["text"].endswith(f"by way of {name.rpartition('/')[2]}")
    assert not {"script", "img"} & {tag for tag, _ in page.tags}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text_and_nothing_else(tmp_path, name):
    photo = saved(tmp_path / "a.png")
    _, page = written(tmp_path, hit(1, photo, relative=name), query=photo, recipe=name)
    assert page.figures[1]["text"].startswith(f"1 {name}")
    assert not {"script", "img", "i"} & {tag for tag, _ in page.tags}
    assert not [key for _, given in page.tags for key in given if key.startswith("on")]
    assert [given["title"] for _, given in page.tags if given.get("class") == "name"] == [str(photo), name]
    assert sum(tag == "b" for tag, _ in page.tags) == 1  # the rank's own


def test_names_that_are_not_utf8_do_not_stop_the_page(tmp_path):
    photo = saved(tmp_path / "a.png")
    _, page = written(tmp_path, hit(1, photo, relative="caf\udce9.png"), query=photo)
    assert re.match(r"1 caf.\.png", page.figures[1]["text"])


def test_a_page_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path):
    photo = saved(tmp_path / "a.png")
    ranking = Ranking("a.png", "default", ())
    with pytest.raises(StorageFailed, match=r"The page .*none.page\.html could not be written"):
        write_report(tmp_path / "none" / "page.html", ranking, photo)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageFailed, match="could not be written"):
        write_report(tmp_path / "folder", ranking, photo)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "folder"]
