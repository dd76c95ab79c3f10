"""Figures of results: what is drawn is what was measured."""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from resight import methods
from resight.datasets import open_dataset
from resight.drawing.canvas import QUERY, figure, footnote, plain, short, spread
from resight.drawing.curves import mean_curve
from resight.drawing.photos import FRAMES, SIGNS
from resight.errors import BadQuery, BadSetting, StorageFailed
from resight.evaluator import Study
from resight.evaluator.wording import format_to_find, format_value, query_measure_name
from resight.figures._descriptors import Described
from resight.metrics import (
    average_precision,
    paired,
    precision_recall,
    ranks_of,
    separability,
)
from resight.pages.figure import check_suffix, save_figure
from resight.pairs import matching, non_matching
from support.results import Known, answer, crowded, evaluation, labelled, match, placed, written
from support.small import FITTED, KEEP, PLAIN, RANDOM_WEIGHTS, draw, recipe

pytestmark = pytest.mark.filterwarnings(RANDOM_WEIGHTS)


def drawn(text, study):
    return methods.find("figures", text)(study)


def texts(drawn):
    """Every text of a figure, as it is shown."""
    return [text.get_text() for text in drawn.findobj(lambda one: hasattr(one, "get_text"))]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for i, name in enumerate("abcdef"):
        draw(root / f"{name}.png", i)
    return root


@pytest.fixture
def two(photos):
    """Two queries: the first is answered badly, the second well."""
    tops = (
        (placed("b.png", "wrong", 0.9), placed("c.png", "right", 0.8), placed("d.png", "junk", 0.7)),
        (placed("b.png", "right", 0.6), placed("gone.png", "wrong", 0.5)),
    )
    bad = answer("a.png", (1,), 2, tops[0], box=(4.0, 6.0, 20.0, 10.0))
    return evaluation(photos, bad, answer("e.png", (0, 1), 2, tops[1]), caveats=("a mark",))


# Sheets


def cells(drawn, columns):
    return np.array(drawn.axes).reshape(-1, columns)


def frame(axes):
    spine = axes.spines["left"]
    return to_hex(spine.get_edgecolor()) if spine.get_visible() else None


def test_a_sheet_frames_each_photo_by_its_verdict_and_says_it_in_a_sign(two):
    sheet = drawn("sheets:k=3,queries=9", Known({("plain",): two}))
    first, second = cells(sheet, 4)
    verdicts = ["query", "wrong", "right", "junk"]
    assert [frame(axes) for axes in first] == [FRAMES[each] for each in verdicts]
    assert [axes.texts[0].get_text() for axes in first] == [SIGNS[each] for each in verdicts]
    assert [axes.get_xlabel() for axes in first] == ["2 to find", "1   0.900", "2   0.800", "3   0.700"]
    assert [frame(axes) for axes in second[:3]] == [FRAMES[each] for each in ("query", "right", "wrong")]
    assert second[2].texts[0].get_text() == "missing"
    assert not second[3].axison  # the ranking ends before
    foot = sheet.get_supxlabel()
    assert "a mark" in foot
    assert "in a query: the part that was looked for" in foot
    assert "geometry" not in foot  # no region is drawn
    assert sheet.get_suptitle() == "tiny, plain: the worst queries by AP"


def test_a_sheet_shows_the_photos_themselves_in_pixels_of_the_original(tmp_path):
    draw(tmp_path / "large.png", 1, (900, 600))
    draw(tmp_path / "b.png", 2)
    sheet = drawn("sheets:k=1", Known({("plain",): evaluation(
        tmp_path, answer("large.png", (0,), 1, (placed("b.png", "right"),), box=(90.0, 60.0, 300.0, 200.0)),
    )}))  # fmt: skip
    asked, hit = sheet.axes
    assert asked.images[0].get_array().shape == (213, 320, 3)  # no more than is seen
    assert list(asked.images[0].get_extent()) == [0, 900, 600, 0]
    corners = [(90, 60), (390, 60), (390, 260), (90, 260)]
    for patch in asked.patches:
        np.testing.assert_allclose(patch.get_xy()[:4], corners)
    assert to_hex(asked.patches[-1].get_edgecolor()) == QUERY
    np.testing.assert_array_equal(hit.images[0].get_array(), np.asarray(Image.open(tmp_path / "b.png")))
    assert not hit.patches


def test_a_sheet_turns_photos_as_the_data_set_says(tmp_path):
    draw(tmp_path / "a.png", 1, (64, 48))
    found = evaluation(tmp_path, answer("a.png", (0,), 1), turns={"a.png": 90})
    asked = drawn("sheets:k=1", Known({("plain",): found})).axes[0]
    assert asked.images[0].get_array().shape == (64, 48, 3)


@pytest.mark.parametrize(("order", "queries"), [("worst", "ae"), ("best", "ea"), ("first", "ae")])
def test_a_sheet_is_ordered_by_the_first_measure(two, order, queries):
    sheet = drawn(f"sheets:k=1,order={order}", Known({("plain",): two}))
    titles = [text.get_text()[0] for text in sheet.texts if ".png" in text.get_text()]
    assert titles == list(queries)


def test_the_worst_query_has_the_highest_value_where_lower_is_better(two):
    answers = tuple(
        dataclasses.replace(one, values={"nar": value})
        for one, value in zip(two.answers, (0.1, 0.4), strict=True)
    )
    found = dataclasses.replace(two, answers=answers, means={"nar": 0.25})
    sheet = drawn("sheets:k=1,queries=1", Known({("plain",): found}))
    assert any(text.get_text() == "e.png   nar 0.400" for text in sheet.texts)


def test_each_query_has_a_row_without_and_one_with_what_re_ranks(photos, two):
    points = match([(5, 5), (20, 10), (30, 30), (9, 9)], (2, 3))
    other = dataclasses.replace(
        two,
        answers=(
            answer("a.png", (0,), 2, (placed("c.png", "right", 4.0, points),), box=two.answers[0].box),
            two.answers[1],
        ),
        caveats=(),
    )
    sheet = drawn(
        "sheets:k=1", Known({("plain",): two, ("plain", "geometry:top=9"): other}, ("geometry:top=9",))
    )
    rows = cells(sheet, 2)
    assert [frame(row[1]) for row in rows] == [FRAMES[each] for each in ("wrong", "right", "right", "right")]
    assert rows[1][1].get_xlabel() == "1   4.000\n4 points"
    np.testing.assert_allclose(rows[1][1].patches[-1].get_xy()[:4], points.region.polygon)
    lines = written(sheet)
    assert lines[:3] == ["a.png", "plain   AP 0.250", "plain + geometry:top=9   AP 0.500"]
    assert lines[3] == "e.png"
    assert len(sheet.artists) == 2  # a rule above each query
    assert "plain: a mark" in sheet.get_supxlabel()
    assert "in a hit: the region that geometry verified" in sheet.get_supxlabel()


@pytest.mark.parametrize("text", ["sheets:k=0", "sheets:queries=0", "sheets:order=random", "gains:k=0"])
def test_a_setting_that_draws_nothing_is_an_error(two, text):
    with pytest.raises(BadSetting):
        drawn(text, Known({("plain",): two}))


def test_a_query_that_could_not_be_described_says_why(photos):
    failed = answer("f.png", (), 2, failure="f.png could not be described")
    assert "f.png could not be described" in texts(
        drawn("sheets:k=2", Known({("plain",): evaluation(photos, failed)}))
    )


@pytest.mark.parametrize(
    "text", ["sheets:queries=12", "sheets:queries=2,k=40", "gains:queries=9", "matches:queries=9"]
)
def test_nothing_lies_on_anything_else_however_tall_or_wide(photos, text):
    name = "Alpro-Blueberry-Soyghurt/iconic_Alpro-Blueberry-Soyghurt_Iconic_{}.png"
    draw(photos / name.format("there"), 7)
    points = match([(5, 5), (20, 10), (30, 30), (9, 9)], (2, 3))
    hits = tuple(placed(name.format("there"), "right", 0.953, points) for _ in range(12))
    results = [
        evaluation(
            photos, *(answer(name.format(i), (rank,), 1, hits) for i in range(30)), caveats=("word " * 90,)
        )
        for rank in (0, 3)
    ]
    chain = ("geometry", "diffusion")
    study = Known({("plain",): results[0], ("plain", *chain): results[1]}, chain)
    assert not crowded(drawn(text, study))


@pytest.mark.parametrize(
    ("by", "own"),
    [("map", "AP"), ("hard map", "hard AP"), ("map@100", "AP@100"), ("map-trapezoid", "AP-trapezoid"),
     ("easy mp@10", "easy P@10"), ("nar", "nar"), ("r@1", "r@1"), ("mapped map", "mapped AP")],
)  # fmt: skip
def test_a_measure_of_one_query_is_no_mean(by, own):
    assert query_measure_name(by) == own


def test_what_there_is_to_find_is_by_the_protocol_of_the_measure():
    found = dataclasses.replace(answer("a.png", (0,), 3, protocol="hard"), positives={"easy": 9, "hard": 3})
    assert format_to_find(found, "hard map") == "3 to find"
    assert format_value(found, "hard map") == "hard AP 0.333"
    assert format_to_find(answer("a.png", (0,), 2), "map") == "2 to find"


# Matches


def test_matches_join_the_points_that_agree(photos):
    points = match([(5, 5), (20, 10), (30, 30), (9, 9)], (2, 3))
    draw(photos / "twice.png", 3, (128, 96))  # shown at half its size, to be as high as the query
    hits = (placed("b.png", "wrong"), placed("twice.png", "right", 4.0, points))
    found = evaluation(photos, answer("d.png", (1,), 1), answer("a.png", (1,), 1, hits))
    made = drawn("matches", Known({("plain", "geometry"): found}))
    (pair,) = made.axes
    right = 64 * 1.04
    assert list(pair.images[0].get_extent()) == [0, 64, 48, 0]
    np.testing.assert_allclose(pair.images[1].get_extent(), [right, right + 64, 48, 0])
    segments = np.array(pair.collections[0].get_segments())
    np.testing.assert_allclose(segments[:, 0], points.query_points)
    np.testing.assert_allclose(segments[:, 1], points.points / 2 + (right, 0), rtol=1e-5)
    outlines = [patch.get_xy()[:4] for patch in pair.patches]
    np.testing.assert_allclose(outlines[1], points.query_region.polygon)
    np.testing.assert_allclose(outlines[3], np.array(points.region.polygon) / 2 + (right, 0))
    assert "4 points agree" in [text.get_text() for text in pair.texts]
    assert made.get_suptitle() == "tiny, plain + geometry: points that agree"


def test_no_more_lines_are_drawn_than_asked_for_and_that_is_said(photos):
    many = match(np.random.default_rng(0).uniform(0, 40, (50, 2)), (0, 0))
    found = evaluation(photos, answer("a.png", (0,), 1, (placed("b.png", "right", 50.0, many),)))
    pair = drawn("matches:lines=7", Known({("plain", "geometry"): found})).axes[0]
    segments = pair.collections[0].get_segments()
    assert len(segments) == 7
    np.testing.assert_allclose(segments[-1][0], many.query_points[-1])
    assert "50 points agree, 7 drawn" in pair.texts[-1].get_text()


def test_matches_take_the_geometry_that_the_study_names_or_add_it(photos):
    one = match([(5, 5), (20, 10), (30, 30), (9, 9)], (2, 3))
    found = evaluation(photos, answer("a.png", (0,), 1, (placed("b.png", "right", 4.0, one),)))
    for rerank in [(), ("diffusion",), ("geometry:top=3", "diffusion")]:
        used = rerank if len(rerank) > 1 else ("geometry",)
        assert drawn("matches", Known({("plain", *used): found}, rerank)).axes[0].images


def test_matches_of_nothing_verified_are_an_error(two):
    with pytest.raises(BadQuery, match="verified no hit"):
        drawn("matches", Known({("plain", "geometry"): two}))


# Gains


def test_gains_show_what_gained_most_then_what_lost_most_under_both(photos):
    tops = [(placed("b.png", "wrong"),), (placed("c.png", "right"),)]
    before = {"a": (3,), "b": (0,), "c": (1,), "d": (4,)}
    after = {"a": (0,), "b": (3,), "c": (1,), "d": (1,)}
    first, second = (
        evaluation(
            photos, *(answer(f"{name}.png", one, 1, top) for name, one in ranks.items()), recipe=recipe
        )
        for ranks, top, recipe in zip((before, after), tops, ("plain", "other"), strict=True)
    )
    sheet = drawn("gains:queries=1,k=1", Known({("plain",): first, ("other",): second}))
    assert [frame(row[1]) for row in cells(sheet, 2)] == [FRAMES[each] for each in ("wrong", "right") * 2]
    assert written(sheet) == [
        "gain +0.750   a.png", "plain   AP 0.250", "other   AP 1.000",
        "loss -0.750   b.png", "plain   AP 1.000", "other   AP 0.250",
    ]  # fmt: skip
    assert len(sheet.artists) == 2


def test_scores_are_shown_with_three_digits(photos):
    hits = (placed("b.png", "right", 98.0), placed("c.png", "wrong", 1.0), placed("d.png", "wrong", 0.25))
    sheet = drawn("sheets:k=3", Known({("plain",): evaluation(photos, answer("a.png", (0,), 1, hits))}))
    assert [axes.get_xlabel() for axes in sheet.axes[1:]] == ["1   98.000", "2   1.000", "3   0.250"]


def test_the_largest_loss_comes_before_the_smaller_ones(photos):
    results = [
        evaluation(
            photos, *(answer(f"{name}.png", (rank,), 1) for name, rank in zip("abc", ranks, strict=True))
        )
        for ranks in ((0, 0, 0), (1, 9, 3))
    ]
    sheet = drawn("gains:queries=2,k=1", Known({("plain",): results[0], ("other",): results[1]}))
    losses = [text.get_text().split("   ")[:2] for text in sheet.texts if text.get_text().startswith("loss")]
    assert losses == [["loss -0.900", "b.png"], ["loss -0.750", "c.png"]]


def test_gains_say_where_nothing_changed(two):
    sheet = drawn("gains", Known({("plain",): two, ("other",): two}))
    assert not sheet.axes
    assert "no query changed" in sheet.get_suptitle()


def test_gains_need_two_rankings(two):
    with pytest.raises(BadQuery, match="compares 2 rankings, and got 1"):
        drawn("gains", Known({("plain",): two}))


# Precision and recall


def test_the_curve_of_one_query_is_its_precisions_at_its_ranks():
    ranks = np.array([0, 3, 4, 9])
    recall, precision = mean_curve([answer("a", tuple(ranks.tolist()), 4)], "")
    np.testing.assert_allclose(recall, precision_recall(ranks, 4)[0])
    np.testing.assert_allclose(precision, precision_recall(ranks, 4)[1])


def test_the_area_below_the_mean_curve_is_the_mean_average_precision():
    random = np.random.default_rng(0)
    answers = []
    for _ in range(40):
        total = int(random.integers(1, 9))
        found = int(random.integers(0, total + 1))  # some are never ranked
        answers.append(answer("a", tuple(np.sort(random.choice(30, found, replace=False)).tolist()), total))
    recall, precision = mean_curve(answers, "")
    wanted = np.mean(
        [average_precision(np.array(one.ranks[""], np.int64), one.positives[""]) for one in answers]
    )
    assert (np.diff(recall, prepend=0) * precision).sum() == pytest.approx(wanted, abs=1e-12)
    for level, value in zip(recall, precision, strict=True):  # each query's own precision there, in loops
        own = []
        for one in answers:
            needed = next(n for n in range(1, one.positives[""] + 1) if n / one.positives[""] >= level - 1e-9)
            ranks = one.ranks[""]
            own.append(needed / (ranks[needed - 1] + 1) if needed <= len(ranks) else 0)
        assert value == pytest.approx(np.mean(own))


def test_many_levels_of_recall_are_spread_evenly():
    answers = [answer("a", tuple(range(0, 2 * total, 2)), total) for total in (1999, 2003, 1997)]
    recall, precision = mean_curve(answers, "")
    assert len(recall) == 2000
    wanted = np.mean([one.values["map"] for one in answers])
    assert (np.diff(recall, prepend=0) * precision).sum() == pytest.approx(wanted, abs=1e-3)


def test_a_panel_a_protocol_and_a_line_a_ranking(photos):
    def found(ranks, name):
        answers = [answer("a.png", ranks, 3, protocol=protocol) for protocol in ("easy", "hard")]
        return evaluation(photos, *answers, recipe=name, caveats=(f"mark of {name}",))

    study = Known({("plain",): found((0, 1), "plain"), ("other",): found((1, 2, 5), "other")})
    made = drawn("precision-recall", study)
    assert [axes.get_title("left") for axes in made.axes] == ["easy", "hard"]
    for axes in made.axes:
        line, other = axes.lines
        np.testing.assert_allclose(line.get_xdata(), [0, 1 / 3, 2 / 3, 1])
        np.testing.assert_allclose(line.get_ydata(), [1, 1, 1, 0])
        assert line.get_drawstyle() == "steps-pre"  # a precision holds down to its recall
        np.testing.assert_allclose(other.get_ydata(), [1 / 2, 1 / 2, 2 / 3, 3 / 6])
        assert line.get_label() == "plain, area 0.667"
        assert line.get_color() != other.get_color()
    assert "plain: mark of plain\nother: mark of other" in texts(made)


# Comparison


def test_bars_are_means_and_their_lines_the_intervals_over_queries(photos):
    random = np.random.default_rng(0)
    steps = [("plain",), ("plain", "diffusion"), ("plain", "diffusion", "geometry")]
    found = {
        step: evaluation(photos, *(answer(f"{i}.png", (int(random.integers(9)),), 1) for i in range(12)))
        for step in steps
    }
    axes = drawn("comparison", Known(found, ("diffusion", "geometry"))).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "plain", "plain + diffusion", "plain + diffusion + geometry",
    ]  # fmt: skip
    for i, step in enumerate(steps):
        values = [one.values["map"] for one in found[step].answers]
        assert axes.patches[i].get_width() == pytest.approx(np.mean(values))
        test = paired(np.zeros(12), values)
        ((low, place), (high, _)) = axes.collections[i].get_segments()[0]
        assert (low, high, place) == (pytest.approx(test.low), pytest.approx(test.high), i)


def test_one_query_has_no_interval_and_a_measure_must_exist(photos):
    study = Known({("plain",): evaluation(photos, answer("a.png", (1,), 1))})
    axes = drawn("comparison", study).axes[0]
    assert axes.patches[0].get_width() == 0.5
    assert not axes.collections
    with pytest.raises(BadSetting, match=r"no measure 'nar'\. Known: map"):
        drawn("comparison:measure=nar", study)


# Pairs and descriptors


def labels_of(text):
    return np.array(["" if each == "-" else each for each in text], dtype=object)


@pytest.mark.parametrize("text", ["aabbbc--", "abc", "aaa", "a", "--", "abababab-a"])
def test_all_pairs_are_those_of_two_loops(text):
    labels = labels_of(text)
    both = list(itertools.combinations(range(len(labels)), 2))
    same = {(i, j) for i, j in both if labels[i] == labels[j] != ""}
    draw = np.random.default_rng(0)
    for kind, wanted in ((matching, same), (non_matching, set(both) - same)):
        pairs = list(zip(*(each.tolist() for each in kind(labels, 1000, draw)), strict=True))
        assert len(pairs) == len(wanted)
        assert set(pairs) == wanted


def test_pairs_that_are_drawn_are_of_their_kind_each_once_and_the_same_by_the_seed():
    labels = labels_of("aabbbccccc" * 12 + "-" * 30)
    for kind in (matching, non_matching):
        first, second = kind(labels, 50, np.random.default_rng(3))
        assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 50
        assert (first < second).all()
        agree = (labels[first] == labels[second]) & (labels[first] != "")
        assert agree.all() if kind is matching else not agree.any()
        again = kind(labels, 50, np.random.default_rng(3))
        np.testing.assert_array_equal(first, again[0])


def test_photos_with_several_rows_are_compared_by_their_nearest():
    random = np.random.default_rng(0)
    rows = [random.normal(size=(count, 6)).astype(np.float32) for count in (1, 3, 2)]
    rows = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows]
    described = Described([rows[0], None, rows[1], rows[2]])
    assert described.numbers.tolist() == [0, 2, 3]
    wanted = [(each @ rows[2].T).max() for each in rows]
    np.testing.assert_allclose(described.scores(rows[2]), wanted, rtol=1e-6)
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    distances = [
        min(np.linalg.norm(a - b) for a in rows[i] for b in rows[j])
        for i, j in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(described.distances(first, second), distances, rtol=1e-5)
    shorter = described.cut(2).rows(1)
    np.testing.assert_allclose(
        shorter, rows[1][:, :2] / np.linalg.norm(rows[1][:, :2], axis=1)[:, None], rtol=1e-6
    )
    with pytest.raises(BadQuery):
        Described([None])


# On photos


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root = labelled(tmp_path_factory.mktemp("labelled"))
    options = {"allow_overlap": True, "engine": "openvino", "workers": 1}
    return Study(open_dataset(str(root)), [recipe(PLAIN), recipe(FITTED), recipe(KEEP)], options)


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit on few photos is said, and tested where it is made
        yield


@pytest.mark.usefixtures("quiet")
def test_separability_is_of_the_distances_of_all_pairs(study):
    made = drawn("separability", study)
    labels = study.labels()
    assert len(made.axes) == 3
    for axes, each in zip(made.axes, study.recipes, strict=True):
        rows = study.descriptors(each)
        kinds = {True: [], False: []}
        for i, j in itertools.combinations(range(len(rows)), 2):
            nearest = np.sqrt(max(0.0, 2 - 2 * float((rows[i].astype(np.float64) @ rows[j].T).max())))
            kinds[bool(labels[i] == labels[j] != "")].append(nearest)
        same, other = (np.array(kinds[kind]) for kind in (True, False))
        shown = {patch.get_label(): patch for patch in axes.patches}
        for words, values in (("matching", same), ("non-matching", other)):
            heights, edges, _ = shown[words].get_data()
            assert heights.sum() == pytest.approx(1)
            assert heights[0] > 0  # no line runs where no pair lies
            assert heights[-1] > 0
            for height, low, high in zip(heights, edges, edges[1:], strict=False):
                near = 1e-5  # distances on an edge may fall to either side
                few = ((values > low + near) & (values < high - near)).mean()
                many = ((values > low - near) & (values < high + near)).mean()
                assert few <= height + 1e-9
                assert height <= many + 1e-9
        assert float(axes.get_title("left").split()[-2]) == pytest.approx(separability(same, other), abs=0.02)
    note = "9 matching pairs, 46 non-matching pairs"
    assert any(note in text for text in texts(made))
    assert "KL after 1 is added to each of 100 bins" in made.get_supxlabel()
    assert "re-ranked" not in made.get_supxlabel()
    assert any("fitted: fitted on 11 of the photos" in text for text in texts(made))


@pytest.mark.usefixtures("quiet")
def test_dimensions_are_the_first_numbers_normalised_again(study):
    axes = drawn("dimensions:dims=3+8+64+100000", study).axes[0]
    for line, each in zip(axes.lines, study.recipes, strict=True):
        rows = study.descriptors(each)
        width = rows[0].shape[1]
        reached = [dims for dims in (3, 8, 64, 100000) if dims <= width]
        assert line.get_xdata().tolist() == reached
        for dims, value in zip(reached, line.get_ydata(), strict=True):
            assert value == pytest.approx(slow_map(study.data, rows, dims), abs=1e-6)
        if reached[-1] == width:
            assert line.get_ydata()[-1] == pytest.approx(study.evaluation(each).means["map"], abs=1e-6)
    assert [text.get_text() for text in axes.texts] == ["plain", "fitted", "keep"]
    assert [text.xy[0] for text in axes.texts] == [line.get_xdata()[-1] for line in axes.lines]
    assert study.descriptors(study.recipes[1])[0].shape[1] == 8  # so that one line ends at its full width


def slow_map(data, rows, dims):
    """Leave-one-out, photo by photo."""
    cut = [each[:, :dims] / np.linalg.norm(each[:, :dims], axis=1, keepdims=True) for each in rows]
    found = []
    for question in data.questions:
        others = [i for i in range(len(rows)) if i != question.photo]
        scores = [-(cut[i] @ cut[question.photo].T).max() for i in others]
        ranking = np.array(others)[np.argsort(scores, kind="stable")]
        positive = np.setdiff1d(question.truths[""].positive, [question.photo])
        found.append(average_precision(ranks_of(ranking, positive, np.empty(0, np.int64)), len(positive)))
    return np.mean(found)


@pytest.mark.usefixtures("quiet")
def test_dimensions_of_cropped_queries_end_at_what_is_evaluated(tmp_path):
    lines = ["path,instance,x,y,w,h"]
    for i in range(6):
        draw(tmp_path / f"{i}.png", i)
        lines.append(f"{i}.png,{i % 2},{i},{2 * i},30,25")
    (tmp_path / "groundtruth.csv").write_text("\n".join(lines) + "\n")
    study = Study(open_dataset(str(tmp_path)), [recipe(PLAIN)], {"engine": "openvino", "workers": 1})
    width = study.descriptors(study.recipes[0])[0].shape[1]
    line = drawn(f"dimensions:dims={width}", study).axes[0].lines[0]
    assert line.get_ydata().tolist() == [pytest.approx(study.evaluation(study.recipes[0]).means["map"])]
    whole = dataclasses.replace(
        study.data, questions=tuple(dataclasses.replace(each, box=None) for each in study.data.questions)
    )
    other = drawn(f"dimensions:dims={width}", Study(whole, study.recipes, study.options)).axes[0].lines[0]
    assert other.get_ydata()[0] != line.get_ydata()[0]  # so that the boxes mattered


@pytest.mark.usefixtures("quiet")
def test_fewer_queries_are_drawn_and_that_is_said(study):
    made = drawn("dimensions:dims=8,queries=4", study)
    assert any("4 of 9 queries, drawn at random" in text for text in texts(made))


def test_dimensions_of_several_parts_are_refused_in_a_sentence(study):
    parts = {"parts": [{key: value for key, value in PLAIN.items() if key != "name"}] * 2}
    joined = Study(study.data, [study.recipes[0], recipe({"name": "joined"} | parts)], study.options)
    with pytest.raises(BadQuery, match=r"of 'joined' are those of the first of its 2 parts alone: name a "):
        drawn("dimensions:dims=8", joined)


@pytest.mark.parametrize("dims", ["", "8+x", "0+8", "-1", "8+8"])
def test_dimensions_that_are_no_numbers_are_an_error(study, dims):
    with pytest.raises(BadSetting, match="'dims'"):
        drawn(f"dimensions:dims={dims}", study)


def test_separability_needs_classes(study):
    other = Study(dataclasses.replace(study.data, labels=None), study.recipes, study.options)
    with pytest.raises(BadQuery, match="needs classes"):
        drawn("separability", other)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("name", ["sheets", "precision-recall", "comparison"])
def test_figures_of_real_results_are_written(study, tmp_path, name):
    save_figure(drawn(name, study), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width >= 1000


def test_photos_of_distractors_are_found_where_they_are(study, tmp_path):
    for i in range(3):
        draw(tmp_path / "more" / f"{i}.png", 700 + i)
    options = study.options | {"distractors": [tmp_path / "more"]}
    found = Study(study.data, study.recipes[:1], options).evaluation(study.recipes[0])
    names = {one.photo for each in found.answers for one in each.top}
    assert {"distractors:1/0.png", "distractors:1/2.png"} <= names
    assert all(found.file(name).is_file() for name in names)
    assert found.facts["distractor_roots"] == [str(tmp_path / "more")]
    assert found.file("distractors:1/2.png") == tmp_path / "more" / "2.png"
    assert found.file("gone.png") == study.data.root / "gone.png"


# Ink and files


def test_marks_stand_once_at_the_bottom_and_long_ones_are_wrapped():
    made = figure(6, 4)
    footnote(made, ["one", "two " * 40, "one"])
    lines = made.get_supxlabel().split("\n")
    assert lines[0] == "one"
    assert sum(line == "one" for line in lines) == 1
    assert len(lines) > 2


def test_names_are_shown_letter_by_letter(tmp_path):
    made = figure(4, 3)
    made.text(0, 0, plain("$a$ \\frac{ caf\udce9 像 _x^"))
    for suffix in (".png", ".svg", ".pdf", ".html"):
        save_figure(made, tmp_path / f"a{suffix}")  # and no warning
    assert short("abcdefghij", 7) == "ab…ghij"  # the folder and the end
    assert short("abcd", 4) == "abcd"
    assert [len(short("abcdef", length)) for length in (1, 2, 3, 5)] == [2, 2, 3, 5]


def test_labels_that_are_too_near_are_moved_apart():
    assert spread([0.5, 0.1, 0.52], 0.1) == [0.5, 0.1, pytest.approx(0.6)]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".html"])
def test_the_same_figure_gives_the_same_bytes(two, tmp_path, suffix):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_figure(drawn("precision-recall", Known({("plain",): two})), tmp_path / name / f"x{suffix}")
    one, other = ((tmp_path / name / f"x{suffix}").read_bytes() for name in ("a", "b"))
    assert one == other
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".html": b"<!doctype html>"}
    assert one.startswith(begins[suffix])
    for date in (b"CreationDate", b"dc:date"):
        assert date not in one


def test_a_page_holds_an_svg_and_a_png_where_there_are_photos(two, tmp_path):
    study = Known({("plain",): two})
    for name, kind in (("precision-recall", "svg+xml"), ("sheets", "png")):
        save_figure(drawn(name, study), tmp_path / "a <b>.html")
        page = (tmp_path / "a <b>.html").read_text()
        assert f'src="data:image/{kind};base64,' in page
        assert "http" not in page
        assert "<b>" not in page


def test_a_figure_too_tall_for_a_png_is_drawn_with_fewer_dots(tmp_path):
    save_figure(figure(1, 700), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert 60_000 < picture.height < 2**16


def test_other_suffixes_are_refused_before_anything_is_drawn(tmp_path):
    for name in ("a.gif", "a", "png"):
        with pytest.raises(BadSetting, match=r"\.png, \.svg, \.pdf, \.html"):
            check_suffix(tmp_path / name)
    check_suffix(tmp_path / "A.PNG")


def test_a_figure_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(StorageFailed, match=r"The figure .*a\.png could not be written"):
        save_figure(figure(2, 2), tmp_path / "none" / "a.png")
    assert not list(tmp_path.iterdir())
