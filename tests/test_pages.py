"""The pages of results: what they say is what was measured, and they need nothing but themselves."""

import base64
import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from resight.drawing import charts
from resight.drawing.canvas import figure
from resight.errors import StorageFailed
from resight.evaluator import Evaluation, compare
from resight.pages import render
from resight.pages.comparison import write_comparison
from resight.pages.evaluation import write_evaluation
from resight.pages.figure import save_figure
from support.results import answer, evaluation, match, placed
from support.small import draw

TEMPLATES = Path(render.__file__).parent / "templates"


class Page(HTMLParser):
    """The tags of a page, the classes of its figures row by row, and the text below each heading."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.rows, self.text, self.headings, self._heading = [], [], "", [], False
        self.source = path.read_text(encoding="utf8")
        self.feed(self.source.partition("</style>")[2])

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if given.get("class") == "row":
            self.rows.append([])
        if tag == "figure":
            self.rows[-1].append(given["class"])
        self._heading = tag in ("h2", "h3")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_data(self, data):
        self.text += data
        if self._heading and data.strip():
            self.headings.append(data)


@pytest.fixture
def photos(tmp_path):
    for i, name in enumerate("abcdef"):
        draw(tmp_path / "photos" / f"{name}.png", i)
    return tmp_path / "photos"


def top(*verdicts):
    return tuple(placed("bcdf"[i] + ".png", verdict, 0.9 - i / 10) for i, verdict in enumerate(verdicts))


@pytest.fixture
def found(photos):
    """Two queries: the first answered badly, the second well."""
    bad = answer("a.png", (1, 3), 2, top("wrong", "right", "junk", "right"), box=(4.0, 6.0, 20.0, 10.0))
    return evaluation(photos, bad, answer("e.png", (0, 1), 2, top("right", "right")))


def of(found, path):
    write_evaluation(path, found)
    return Page(path)


def test_a_page_says_what_was_measured_and_how(found, tmp_path):
    page = of(found, tmp_path / "page.html")
    assert f"{found.means['map']:.4f}" in page.text
    assert "Mean average precision, the finite sum" in page.text
    for fact in ("tiny", "leave-one-out", "plain", "not fitted", "f00d", "cafe", "12 ms a query"):
        assert fact in page.text
    assert page.rows == [["query", "wrong", "right", "junk", "right"], ["query", "right", "right"]]
    assert page.text.count("2 to find") == 2
    assert "outline in a query: the part that was looked for" in page.text
    assert "outline in a hit" not in page.text  # geometry verified nothing
    assert page.headings[-2:] == ["a.png: AP 0.5000", "e.png: AP 1.0000"]


def test_a_page_needs_nothing_but_itself(found, tmp_path):
    page = of(found, tmp_path / "page.html")
    assert "http" not in page.source
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    sources = [given[key] for _, given in page.tags for key in ("src", "href") if key in given]
    assert len(sources) == 2 + 5 + 3  # the charts, and the photos of two rows
    assert all(source.startswith("data:image/") for source in sources)


def test_what_is_not_by_the_protocol_stands_in_a_banner_above_all_else(found, tmp_path):
    plain = of(found, tmp_path / "plain.html")
    assert not [given for _, given in plain.tags if given.get("class") == "marks"]
    marked = dataclasses.replace(found, caveats=("queries not cropped", "fitted on 9 of <the> photos"))
    page = of(marked, tmp_path / "marked.html")
    kinds = [given.get("class", tag) for tag, given in page.tags]
    assert kinds.index("marks") < kinds.index("table")
    before, _, after = page.text.partition("Not as the protocol wants it")
    assert "data set" not in before
    assert "queries not croppedfitted on 9 of <the> photos" in after


def test_the_worst_queries_come_first_and_none_twice(photos, tmp_path):
    answers = [answer(f"{i}.png", (i,), 1) for i in (3, 0, 7, 5, 1, 2, 4)]
    page = of(evaluation(photos, *answers), tmp_path / "page.html")
    shown = [heading.partition(".png")[0] for heading in page.headings if ".png" in heading]
    assert shown == ["7", "5", "4", "3", "2", "0", "1"]


def test_the_worst_are_the_highest_where_lower_is_better(found, tmp_path):
    answers = tuple(
        dataclasses.replace(one, values={"nar": value})
        for one, value in zip(found.answers, (0.1, 0.4), strict=True)
    )
    page = of(dataclasses.replace(found, answers=answers, means={"nar": 0.25}), tmp_path / "page.html")
    assert page.headings[-2:] == ["e.png: nar 0.4000", "a.png: nar 0.1000"]


def test_a_result_that_was_kept_and_loaded_makes_the_same_page(found, tmp_path):
    verified = match([(5, 5), (20, 10), (30, 30), (9, 9)], (2, 3))
    hits = (placed("b.png", "right", 4.0, verified),)
    seen = dataclasses.replace(found, answers=(dataclasses.replace(found.answers[0], top=hits),))
    page = of(seen, tmp_path / "page.html")
    assert "4 points" in page.text
    assert sum(tag == "polygon" for tag, _ in page.tags) == 2  # the box, and the region
    assert "outline in a hit: the region that geometry verified" in page.text
    seen.save(tmp_path / "run.json")
    again = of(Evaluation.load(tmp_path / "run.json"), tmp_path / "again.html")
    assert "4 points" in again.text
    assert again.source == page.source


def test_a_photo_that_is_gone_is_shown_as_missing(found, photos, tmp_path):
    (photos / "c.png").unlink()
    page = of(found, tmp_path / "page.html")
    assert page.text.count("cannot be read") == 2
    assert page.rows[0] == ["query", "wrong", "right", "junk", "right"]


def test_photos_are_turned_as_the_data_set_says(photos, tmp_path):
    one = answer("a.png", (0,), 1, top("right"))
    page = of(evaluation(photos, one, turns={"a.png": 90}), tmp_path / "page.html")
    sizes = [(given["width"], given["height"]) for tag, given in page.tags if tag == "svg"]
    assert sizes == [("48", "64"), ("64", "48")]


def test_a_query_that_could_not_be_described_says_why(photos, tmp_path):
    failed = answer("x.png", (), 2, failure="x.png could not be <described>")
    page = of(evaluation(photos, failed), tmp_path / "page.html")
    assert "x.png could not be <described>" in page.text
    assert page.rows == [["query"]]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>", "$title ${body} &amp;'\"", "caf\udce9 像", "{{ 7 * 7 }} {% if a %} {# c",
        "two\nlines", "'\" onload='x",
    ],
)  # fmt: skip
def test_names_are_text_and_nothing_else(found, tmp_path, name):
    answers = (dataclasses.replace(found.answers[0], query=name, top=(placed(name, "wrong"),)),)
    strange = dataclasses.replace(
        found,
        recipe=name,
        dataset=name,
        root=name,
        answers=answers,
        caveats=(name,),
        facts={**found.facts, "fit": name},
    )
    page = of(strange, tmp_path / "page.html")
    write_comparison(tmp_path / "both.html", compare(strange, strange), 2)
    shown = name.encode("utf8", "replace").decode()
    assert page.text.count(shown) >= 6
    for each in (page, Page(tmp_path / "both.html")):
        assert "script" not in {tag for tag, _ in each.tags}
        assert not [key for _, given in each.tags for key in given if key.startswith("on")]
        assert shown in each.text


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_no_template_lets_a_value_through_as_it_is(path):
    """What is put into a page is escaped by the environment; a template may not take that back."""
    text = path.read_text(encoding="utf8")
    assert re.findall(r"\|\s*safe\b|autoescape|Markup", text) == []
    assert render._environment().autoescape is True


def test_a_page_around_a_figure_has_its_name_as_text(tmp_path):
    path = tmp_path / "<script>{{ 1 }} '\" onload='x.html"
    save_figure(figure(2, 2), path)
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, given: tags.append((tag, dict(given)))
    parser.feed(path.read_text(encoding="utf8"))
    (image,) = [given for tag, given in tags if tag == "img"]
    assert image["alt"] == path.stem
    assert set(image) == {"src", "width", "alt"}
    assert "script" not in {tag for tag, _ in tags}


def test_the_photo_by_way_of_which_a_hit_was_found_is_text_and_nothing_else(found, tmp_path):
    name = "x<img src=q onerror=alert(1)>.jpg"
    hit = dataclasses.replace(placed("b.png", "right", 0.5), inliers=2, through=f"some/{name}")
    answers = (dataclasses.replace(found.answers[0], top=(hit,)),)
    page = of(dataclasses.replace(found, answers=answers), tmp_path / "page.html")
    assert f"by way of {name}" in page.text
    assert "q" not in [given.get("src") for tag, given in page.tags if tag == "img"]


def test_a_page_that_cannot_be_written_is_one_sentence(found, tmp_path):
    with pytest.raises(StorageFailed, match="could not be written"):
        write_evaluation(tmp_path / "none" / "page.html", found)


def test_a_long_name_is_shown_without_its_middle_and_told_whole(found, photos, tmp_path):
    name = "Alpro-Blueberry-Soyghurt/" + "test_Alpro-Blueberry-Soyghurt_" * 3 + "003.jpg"
    answers = (dataclasses.replace(found.answers[0], top=(placed(name, "wrong"),)),)
    page = of(dataclasses.replace(found, answers=answers), tmp_path / "page.html")
    (shown,) = re.findall(r"wrong(\S*…\S*)0\.500", page.text)
    assert len(shown) == 44
    assert shown.startswith("Alpro-Blueberr")
    assert shown.endswith("Soyghurt_003.jpg")
    assert [given for _, given in page.tags if given.get("title") == name]


# Comparisons


@pytest.fixture
def both(photos):
    """Four queries: one gains, one loses less, one loses more, one stays as it is."""
    first = {"a": 3, "b": 0, "c": 0, "d": 1}
    second = {"a": 0, "b": 1, "c": 4, "d": 1}
    results = []
    for ranks, verdict, name in ((first, "wrong", "one"), (second, "right", "two")):
        answers = [answer(f"{query}.png", (rank,), 1, top(verdict)) for query, rank in ranks.items()]
        results.append(evaluation(photos, *answers, recipe=name))
    return compare(*results)


def test_a_comparison_shows_gains_then_losses_the_largest_first_under_both(both, tmp_path):
    write_comparison(tmp_path / "page.html", both, 5)
    page = Page(tmp_path / "page.html")
    shown = [heading for heading in page.headings if "png" in heading or "Largest" in heading]
    assert shown == [
        "Largest gains", "a.png: gain +0.7500",
        "Largest losses", "c.png: loss -0.8000", "b.png: loss -0.5000",
    ]  # fmt: skip
    assert page.rows == [["query", "wrong"], ["query", "right"]] * 3
    told = re.findall(r"the (first|second), (one|two): AP ([\d.]+)", page.text)
    assert told[:2] == [("first", "one", "0.2500"), ("second", "two", "1.0000")]
    write_comparison(tmp_path / "page.html", both, 1)
    assert len(Page(tmp_path / "page.html").rows) == 4


def test_a_comparison_says_the_test_and_both_headers(both, tmp_path):
    write_comparison(tmp_path / "page.html", both, 1)
    text = Page(tmp_path / "page.html").text
    test = both.test
    assert f"{both.first.means['map']:.4f} and the second {both.second.means['map']:.4f}" in text
    assert f"Over 4 queries the second is worse: {test.mean:+.4f}" in text
    assert f"p = {test.p:.4f}" in text
    assert f"{test.low:+.4f} to {test.high:+.4f}" in text
    assert "recipeonetwo" in text
    assert "3 of them changed" in text


def test_marks_say_which_of_the_two_has_them(both, tmp_path):
    marked = dataclasses.replace(both, second=dataclasses.replace(both.second, caveats=("junk counted",)))
    write_comparison(tmp_path / "page.html", marked, 1)
    assert "the second: junk counted" in Page(tmp_path / "page.html").text


def test_equal_results_have_nothing_to_show_and_one_query_no_interval(photos, tmp_path):
    one = evaluation(photos, answer("a.png", (1,), 1, top("right")))
    write_comparison(tmp_path / "page.html", compare(one, one), 3)
    page = Page(tmp_path / "page.html")
    assert "neither better nor worse" in page.text
    assert "interval" not in page.text
    assert not page.rows


# Charts


def test_points_of_a_comparison_are_the_values_of_each_query(both):
    axes = charts.draw_change(both).axes[0]
    shown = {each.get_label(): each.get_offsets().tolist() for each in axes.collections}
    assert shown == {
        "better: 1": [[0.25, 1.0]],
        "worse: 2": [[1.0, 0.5], [1.0, 0.2]],
        "the same: 1": [[0.5, 0.5]],
    }


def test_a_spread_counts_queries_by_their_value(photos):
    found = evaluation(photos, *(answer(f"{i}", (rank,), 1) for i, rank in enumerate([0, 0, 1, 4])))
    axes = charts.draw_spread(found, "map").axes[0]
    heights, edges, _ = axes.patches[0].get_data()
    assert heights.sum() == 4
    assert heights[-1] == 2
    assert heights[np.searchsorted(edges, 0.5, side="right") - 1] == 1
    assert [tick for tick in axes.get_yticks() if tick % 1] == []  # no half query
    assert axes.lines[0].get_xdata()[0] == pytest.approx(found.means["map"])


def test_charts_of_a_page_are_drawings_that_hold_no_photo(found, tmp_path):
    page = of(found, tmp_path / "page.html")
    drawings = [given["src"] for tag, given in page.tags if tag == "img"]
    for source in drawings:
        drawing = base64.b64decode(source.partition("base64,")[2])
        assert drawing.startswith(b"<?xml")
        assert b"<image" not in drawing
