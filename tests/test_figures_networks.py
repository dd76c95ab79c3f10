"""Figures of what a network sees: what is drawn is what it computes."""

import dataclasses
import itertools
import math
import re
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from resight import areas, methods
from resight.areas import WHOLE, rectangle
from resight.backbones._stages import stages
from resight.datasets import open_dataset
from resight.describing.steps import Step
from resight.drawing.canvas import QUERY
from resight.drawing.photos import FRAMES
from resight.errors import BadQuery, BadRecipe, BadSetting, UnknownMethod
from resight.evaluator import Study
from resight.figures._columns import CELLS, References, closest, columns, nearest, taps, warped
from resight.figures._patches import like, patch, place
from resight.figures._photos import for_each_photo
from resight.figures._responses import shares, strongest
from resight.figures._truth import matching_pairs
from resight.figures.activations import Stream, _values
from resight.pages.figure import save_figure
from resight.progress import Silent, Stopped
from resight.recipe import Backbone, Recipe
from support.results import crowded, labelled, written
from support.small import FITTED, KEEP, PLAIN, RANDOM_WEIGHTS, draw, recipe

pytestmark = pytest.mark.filterwarnings(RANDOM_WEIGHTS)

OPTIONS = {"allow_overlap": True, "engine": "openvino", "workers": 1}


def made(text, study):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The sample|.*photos can hide", UserWarning)
        return methods.find("figures", text)(study)


def texts(drawn):
    return [text.get_text() for text in drawn.findobj(lambda one: hasattr(one, "get_text"))]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("labelled"))


def study_of(root, *recipes):
    return Study(open_dataset(str(root)), [recipe(each) for each in recipes or (PLAIN,)], OPTIONS)


# Layers


@pytest.mark.parametrize(
    ("network", "own", "wanted"),
    [
        ("timm:test_resnet", ["layer3"], "conv2_x conv3_x layer3"),
        ("timm:test_resnet", ["layer3.0"], "conv2_x conv3_x layer3.0"),
        ("timm:test_efficientnet", ["blocks.2"], "blocks.0 blocks.1 blocks.2"),
        ("timm:test_efficientnet", ["blocks.0"], "blocks.0"),
        ("timm:test_efficientnet", ["blocks.1", "blocks.2.0"], "blocks.0 blocks.1 blocks.2.0"),
        ("torchvision:squeezenet1_1", ["pool3"], "conv1 fire2 fire3 pool3"),
        ("torchvision:googlenet", ["inception4b"], "3a 3b 4a inception4b"),
        ("torchvision:alexnet", ["conv4"], "conv1 conv2 conv3 conv4"),
    ],
)
def test_stages_are_those_below_and_the_recipes_own(network, own, wanted):
    assert stages(Backbone(network, "random", tuple(own))) == tuple(wanted.split())


def test_each_point_is_the_evaluation_of_that_layer_and_size(root):
    study = study_of(root)
    axes = made("layers:layers=layer2+layer3,sizes=48+64", study).axes[0]
    own = study.recipes[0]
    for line, size in zip(axes.lines, (48, 64), strict=True):
        assert line.get_label() == f"{size} pixels"
        for value, layer in zip(line.get_ydata(), ("layer2", "layer3"), strict=True):
            part = dataclasses.replace(
                own.first,
                backbone=dataclasses.replace(own.first.backbone, layers=(layer,)),
                views=dataclasses.replace(own.first.views, sizes=(size,)),
            )
            changed = Recipe(own.name, (part,))
            assert value == study.evaluation(changed).means["map"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["layer2", "layer3"]
    assert len({value for line in axes.lines for value in line.get_ydata()}) > 1


def test_layers_say_what_re_ranks_them(root):
    study = study_of(root)
    assert "re-ranked" not in made("layers:layers=layer2,sizes=48", study).get_supxlabel()
    study.options = OPTIONS | {"rerank": ("alpha-expansion", "geometry")}
    drawn = made("layers:layers=layer2,sizes=48", study)
    assert "re-ranked by alpha-expansion, then geometry" in drawn.get_supxlabel()


@pytest.mark.parametrize("text", ["layers:sizes=0", "layers:sizes=a", "layers:sizes=9+9", "layers:layers=a+"])
def test_lists_that_are_none_are_an_error(root, text):
    with pytest.raises(BadSetting):
        made(text, study_of(root))


def test_a_layer_that_is_not_there_is_an_error(root):
    with pytest.raises((BadRecipe, UnknownMethod), match="no layer 'layer9'"):
        made("correspondence:layers=layer9", study_of(root))


# Columns and patches


class Cells:
    """A network in miniature: a cell is 8 x 8 pixels, and its column a mixture of them."""

    def __init__(self, backbone=None):
        self.mixture = np.random.default_rng(0).normal(size=(40, 192)).astype(np.float32)

    def __call__(self, pixels):
        side = pixels.shape[1] // 8
        cells = pixels[0].reshape(side, 8, side, 8, 3).transpose(0, 2, 1, 3, 4).reshape(side, side, -1)
        return [np.maximum(cells.astype(np.float32) / 255 @ self.mixture.T, 0).transpose(2, 0, 1)[None]]


def seen_by_cells(root):
    study = study_of(root)
    study.engine = Cells
    return study


def all_columns(study, numbers, size):
    """(photo, cell) -> its column of unit length, in float64; a column of zeros stays so."""
    found = {}
    for number in numbers:
        features = Cells()(warped(study, number, size)[1][None])[0][0].astype(np.float64)
        for row, column in np.ndindex(*features.shape[1:]):
            one = features[:, row, column]
            found[number, row * features.shape[2] + column] = one / (np.linalg.norm(one) or 1)
    return found


def ordered(found, one, without):
    """Keys from the nearest to the farthest, in a loop over all columns."""
    away = {key: np.linalg.norm(column - one) for key, column in found.items() if not without(key)}
    return sorted(away, key=away.get), away


def test_the_nearest_columns_are_those_of_a_loop_over_all(root):
    study = seen_by_cells(root)
    tap = taps(study.recipes[0], "", 32)[0]
    found = all_columns(study, range(11), 32)
    keys = [(0, 3), (0, 9), (4, 0), (10, 15)]
    own = np.array([found[key] for key in keys], np.float32)
    photos = np.array([0, 0, 4, 10])
    cells = np.array([3, -1, 0, 15])  # the second: its whole photo is left out
    near = nearest(study, tap, range(11), References(own, photos, cells), 6)
    for i, key in enumerate(keys):
        order, away = ordered(found, found[key], lambda other, i=i, key=key: other == key or (
            cells[i] < 0 and other[0] == key[0]))  # fmt: skip
        np.testing.assert_allclose(near.distances[i], [away[each] for each in order[:6]], atol=1e-3)
        got = list(zip(near.photos[i].tolist(), near.cells[i].tolist(), strict=True))
        np.testing.assert_allclose([away[each] for each in got], near.distances[i], atol=1e-3)
        assert len(set(got)) == 6


def test_a_search_in_blocks_is_a_search_in_one_piece(monkeypatch):
    random = np.random.default_rng(0)
    own, found = (random.normal(size=(count, 4)).astype(np.float32) for count in (23, 7))
    wanted = References(own, np.full(23, 1), np.where(np.arange(23) % 2, -1, np.arange(23) % 7))
    whole = [closest(wanted, number, found, 3) for number in (0, 1)]
    monkeypatch.setattr("resight.figures._columns.CELLS", 20)
    assert CELLS > 23 * 7
    for number, before in zip((0, 1), whole, strict=True):
        distances, cells = closest(wanted, number, found, 3)
        np.testing.assert_allclose(distances, before[0], rtol=1e-5)
        np.testing.assert_array_equal(cells, before[1])
    distances, cells = whole[1]
    assert np.isinf(distances[1::2]).all()
    assert (cells[1::2] == -1).all()
    assert not (cells[::2] == (np.arange(23) % 7)[::2, None]).any()


def test_where_there_are_fewer_than_k_the_rest_is_nobody(root):
    study = seen_by_cells(root)
    tap = taps(study.recipes[0], "", 16)[0]
    own, _ = columns(study, tap, warped(study, 0, 16)[1])
    near = nearest(study, tap, [0, 1], References(own, np.zeros(4, int), np.full(4, -1)), 9)
    assert (near.photos[:, :4] == 1).all()
    assert (near.photos[:, 4:] == -1).all()
    assert np.isinf(near.distances[:, 4:]).all()


def test_patches_tile_the_photo_also_where_the_cells_do_not_divide_it():
    pixels = np.random.default_rng(0).integers(0, 256, (45, 31, 3), dtype=np.uint8)
    covered = np.zeros((45, 31), int)
    for cell in range(4 * 7):
        covered[place(pixels, (4, 7), cell)] += 1
    assert (covered == 1).all()
    one, other = patch(pixels, (4, 7), 0), patch(pixels, (4, 7), 27)
    assert one.shape != other.shape
    assert like(other, one).shape == one.shape
    assert like(one, one) is one
    for cell in range(9):  # a map finer than the photo: every cell still has a pixel
        assert patch(pixels[:2, :2], (3, 3), cell).size


def test_taps_may_have_a_size_of_their_own():
    own = recipe(PLAIN | {"backbone": PLAIN["backbone"] | {"layers": ["layer2", "layer3"]}})
    assert [each.name for each in taps(own, "", 32)] == ["layer2, 32 pixels", "layer3, 32 pixels"]
    assert [each.name for each in taps(own, "layer1+layer1@64", 32)] == [
        "layer1, 32 pixels",
        "layer1, 64 pixels",
    ]
    with pytest.raises(BadSetting, match="LAYER@PIXELS"):
        taps(own, "layer1@big", 32)


# Correspondence


def mosaics(drawn, rows):
    """(row, column) -> the pixels of the mosaic; the first of a row is the photo."""
    grid = np.array(drawn.axes).reshape(rows, -1)
    return [[np.asarray(axes.images[0].get_array()) for axes in row[1:]] for row in grid]


def test_a_planted_duplicate_is_reproduced_exactly(tmp_path):
    for i, seed in enumerate((1, 2, 3, 4, 1)):  # the last is the first again
        draw(tmp_path / f"{i % 2}" / f"{i}.png", seed)
    study = seen_by_cells(tmp_path)
    first = study.data.photos.index("0/0.png")
    drawn = made(f"correspondence:photo={first},k=1,size=64", study)
    (((found,),), target) = mosaics(drawn, 1), warped(study, first, 64)[1]
    np.testing.assert_array_equal(found, target)
    np.testing.assert_array_equal(drawn.axes[0].images[0].get_array(), target)
    assert list(drawn.axes[1].images[0].get_extent()) == [0, 64, 48, 0]  # in the shape of the original
    other = study.data.photos.index("1/1.png")
    (((found,),)) = mosaics(made(f"correspondence:photo={other},k=1,size=64", study), 1)
    assert (found != warped(study, other, 64)[1]).mean() > 0.5  # its own patches are left out


def test_each_patch_is_the_mean_of_its_nearest(root):
    study = seen_by_cells(root)
    drawn = made("correspondence:photo=2,k=1+3,layers=a+b@32,size=48", study)
    words = ["the photo", "the nearest", "mean of 3 nearest"]
    wanted = [*["plain, a, 48 pixels", *words], *["plain, b, 32 pixels", *words]]
    assert written(drawn) == wanted
    for row, size in enumerate((48, 32)):
        found = all_columns(study, range(11), size)
        side = size // 8
        for column, k in enumerate((1, 3)):
            shown = mosaics(drawn, 2)[row][column]
            for cell in range(side * side):
                order, _ = ordered(found, found[2, cell], lambda other: other[0] == 2)
                means = np.mean(
                    [patch(warped(study, photo, size)[1], (side, side), own) for photo, own in order[:k]],
                    axis=0,
                )
                np.testing.assert_allclose(patch(shown, (side, side), cell), means, atol=0.51)


def test_correspondence_says_what_it_needs(tmp_path, root):
    study = seen_by_cells(root)
    for text, words in [("photo=11", "from 0 to 10"), ("k=0", "'k'"), ("photos=1", "'photos'")]:
        with pytest.raises(BadSetting, match=words):
            made(f"correspondence:{text}", study)
    drawn = made("correspondence:photo=0,photos=4,size=16", study)
    assert any("4 of 11 photos, drawn at random" in text for text in texts(drawn))
    draw(tmp_path / "a" / "0.png", 1)
    (tmp_path / "a" / "1.png").write_bytes(b"no photo")
    with pytest.raises(BadQuery, match="No other photo can be read"):
        made("correspondence:photo=0,size=16", seen_by_cells(tmp_path))


# Patch clusters


@pytest.mark.parametrize("own", ["true", "false"])
def test_a_row_is_its_reference_and_its_nearest_patches(root, own):
    study = seen_by_cells(root)
    drawn = made(f"patch-clusters:rows=3,columns=4,size=32,layers=a,own={own}", study)
    (axes,) = drawn.axes
    assert ("its own too" in drawn.get_supxlabel()) == (own == "true")
    found = all_columns(study, range(11), 32)
    pixels = {key: patch(warped(study, key[0], 32)[1], (4, 4), key[1]) for key in found}
    shown = [np.asarray(image.get_array()) for image in axes.images]
    assert len(shown) == 15
    frames = [one.get_xy() for one in axes.patches if to_hex(one.get_edgecolor()) == QUERY]
    references = set()
    for row in range(3):
        key = next(key for key, one in pixels.items() if (one == shown[5 * row]).all())
        references.add(key[0])
        order, away = ordered(found, found[key], lambda other, key=key: other == key or (
            own == "false" and other[0] == key[0]))  # fmt: skip
        assert axes.texts[5 * row].get_text() == study.data.photos[key[0]]
        for column in range(4):
            np.testing.assert_array_equal(shown[5 * row + 1 + column], pixels[order[column]])
            said = float(axes.texts[5 * row + 1 + column].get_text())
            assert said == pytest.approx(away[order[column]], abs=0.006)
        left, right, bottom, top = axes.images[5 * row].get_extent()
        assert frames[row] == (left, top)
        assert right - left == pytest.approx(bottom - top)
    assert len(references) == 3  # each of another photo
    assert len(axes.patches) == 15  # a white patch has a frame too


def test_patches_of_one_photo_alone_are_its_own_or_none(tmp_path):
    for i in range(2):
        draw(tmp_path / "a" / f"{i}.png", i)
    study = seen_by_cells(tmp_path)
    with pytest.raises(BadQuery, match="own=true"):
        made("patch-clusters:size=16,photos=1", study)
    assert made("patch-clusters:size=16,photos=1,rows=1,columns=2,own=true", study).axes[0].images


def test_references_stand_at_the_same_places_for_every_layer_and_follow_the_seed(root):
    study = seen_by_cells(root)

    def first(text):
        drawn = made(f"patch-clusters:rows=2,columns=1,size=32,{text}", study)
        return [np.asarray(axes.images[0].get_array()) for axes in drawn.axes]

    one, same = first("layers=a+b")
    np.testing.assert_array_equal(one, same)
    (other,) = first("layers=a,seed=5")
    assert (one != other).any()


# Work on many photos


def test_photos_that_cannot_be_read_are_left_out_and_counted(tmp_path):
    draw(tmp_path / "a" / "0.png", 1)
    draw(tmp_path / "a" / "1.png", 2)
    (tmp_path / "a" / "2.png").write_bytes(b"no photo")
    study = study_of(tmp_path)

    class Watching(Silent):
        steps = ()

        def step(self, failures=0):
            self.steps += (failures,)

    study.options["progress"] = watching = Watching()
    widths = dict(for_each_photo(study, "Reading", lambda number: study.read(number).width, range(3)))
    assert widths == {0: 64, 1: 64}
    assert watching.steps == (0, 0, 1)


def test_work_ends_when_it_is_asked_to(root):
    class Impatient(Silent):
        def stopping(self):
            return True

    study = seen_by_cells(root)
    study.options["progress"] = Impatient()
    with pytest.raises(Stopped):
        made("correspondence:photo=0,size=16", study)


# Activations


CURVES = {
    "sinh": lambda x, a, b: a * math.sinh(b * x),
    "exp": lambda x, a, b: a * (math.exp(b * x) - 1),
    "weibull": lambda x, a, g, h, d: a * (x / g) ** (h - 1) * math.exp(-((x / g) ** d)),
}


@pytest.fixture(scope="module")
def active(root):
    own = [PLAIN | {"name": name, "pooling": name} for name in CURVES]
    return study_of(root, *own, PLAIN | {"name": "other", "pooling": "sinh", "views": {"sizes": [48]}})


@pytest.fixture(scope="module")
def curves(active):
    return made("activations", active)


def fitted(study, number):
    found = study.describer(study.recipes[number]).parameters["pooling.0.0.0"]
    return {name: float(value[0]) for name, value in found.items()}


def test_curves_are_the_formulas_with_the_parameters_of_the_fit(active, curves):
    linear, *lines = curves.axes[0].lines
    np.testing.assert_array_equal(linear.get_xdata(), linear.get_ydata())
    assert [line.get_label() for line in lines] == list(CURVES)
    for number, (line, formula) in enumerate(zip(lines, CURVES.values(), strict=True)):
        parameters = fitted(active, number)
        wanted = [formula(x, **parameters) for x in line.get_xdata()]
        np.testing.assert_allclose(line.get_ydata(), wanted, rtol=1e-4, atol=1e-6)


def test_histograms_are_of_all_activations_before_and_after(active, curves):
    own = active.recipes[0]
    engine = active.engine(own.first.backbone)
    values = np.concatenate(
        [np.maximum(engine(active.read(i).pixels[None])[0], 0).ravel() for i in range(11)]
    ).astype(np.float64)  # the photos have the size of the view
    rows = np.array(curves.axes).reshape(2, 5)
    after = [np.vectorize(f)(values, **fitted(active, i)) for i, f in enumerate(CURVES.values())]
    for axes, found in zip(rows[0, 1:], [values, *after], strict=True):
        counts, edges, _ = axes.patches[0].get_data()
        assert edges[-1] == pytest.approx(found.max(), rel=1e-4)
        assert counts.sum() == len(values)
        ends = np.searchsorted(np.sort(found), edges[1:-1] * (1 + 1e-4))
        begins = np.searchsorted(np.sort(found), edges[1:-1] * (1 - 1e-4))
        assert (np.cumsum(counts)[:-1] >= begins).all()
        assert (np.cumsum(counts)[:-1] <= ends).all()
        assert axes.get_yscale() == "log"
    assert [axes.axison for axes in rows[1]] == [True, True, True, False, False]  # other views, another row
    assert "weibull: a " in rows[0, 4].get_title("left")
    assert any("fitted on 11 of the photos" in text for text in texts(curves))


def test_negative_activations_count_as_zero_and_of_very_many_some_are_drawn(root, monkeypatch):
    study = study_of(root)
    given = np.random.default_rng(0).normal(size=(1, 4, 5, 6)).astype(np.float32)
    study.engine = lambda backbone: lambda pixels: [given]
    stream = Stream(study.recipes[0].first.backbone, study.recipes[0].first.views, 0, [])
    positive = np.maximum(given, 0).ravel()
    np.testing.assert_array_equal(_values(study, stream, range(3)), np.tile(positive, 3))
    monkeypatch.setattr("resight.figures.activations.MOST", 90)
    some = _values(study, stream, range(3))
    assert len(some) == 90
    assert set(some) <= set(positive)
    np.testing.assert_array_equal(_values(study, stream, range(3)), some)


def test_recipes_without_activation_functions_are_an_error(root):
    with pytest.raises(BadQuery, match="that of plain is mac"):
        made("activations", study_of(root))


# Responses


def step(text):
    return Step("pooling", 0, 0, 0, methods.find("poolings", text))


def slow_shares(features, masks, value, power):
    """Place by place and channel by channel, from what a sum, a mean or a maximum is."""
    channels, height, width = features.shape
    total = np.zeros((height, width))
    for mask in masks:
        places = list(zip(*np.nonzero(mask), strict=True))
        parts = np.array([[value(features[c, y, x], (c, y, x)) for c in range(channels)] for y, x in places])
        if power is None:
            whole, given = parts.max(axis=0), parts == parts.max(axis=0)
        else:
            whole, given = parts.mean(axis=0), parts
            if isinstance(power, str):
                whole = parts.sum(axis=0)
            elif np.any(np.array(power) != 1):
                whole, given = (parts**power).mean(axis=0) ** (1 / power), parts**power
        given = given / given.sum(axis=0)
        for i, (y, x) in enumerate(places):
            total[y, x] += sum(given[i, c] * whole[c] ** 2 for c in range(channels)) / (whole**2).sum()
    return total / len(masks)


@pytest.mark.parametrize("grid", [[WHOLE], [WHOLE, rectangle(0, 0, 0.5, 0.6), rectangle(0.4, 0.2, 1, 1)]])
@pytest.mark.parametrize(
    "name", ["mac", "spoc", "gem:p=3", "gem:p=4.5", "gem-channels", "sinh", "weibull", "crow"]
)
def test_shares_are_those_of_places_and_channels_one_by_one(name, grid):
    random = np.random.default_rng(0)
    features = random.exponential(size=(1, 6, 4, 5)).astype(np.float32)
    masks = areas.masks(grid, 4, 5)
    parameters = {key: np.array([value], np.float32) for key, value in
                  {"a": 1.5, "b": 0.7, "g": 0.8, "h": 3.0, "d": 1.2}.items()}  # fmt: skip
    value, power = lambda x, at: float(x), None
    if name.startswith("gem:"):
        power = float(name.partition("=")[2])
    elif name == "gem-channels":
        parameters, power = {"p": np.linspace(1, 6, 6).astype(np.float32)}, np.linspace(1, 6, 6)
    elif name == "spoc":
        power = "sum"
    elif name in CURVES:
        own = {
            key: 1.5 if key == "a" else float(parameters[key][0])
            for key in ("ab" if name == "sinh" else "aghd")
        }
        value, power = lambda x, at: CURVES[name](float(x), **own), 1
    elif name == "crow":
        total = features[0].astype(np.float64).sum(axis=0)
        weights = np.sqrt(
            total / np.sqrt((total**2).sum())
        )  # all channels are always active, so they weigh alike
        value, power = lambda x, at: float(x) * weights[at[1], at[2]], "sum"
    found = shares(step(name), parameters, features, masks)
    np.testing.assert_allclose(found, slow_shares(features[0], masks, value, power), rtol=2e-4, atol=1e-7)
    assert found.sum() == pytest.approx(1)


def test_a_silent_map_and_negative_responses_give_nothing():
    features = np.zeros((1, 3, 2, 2), np.float32)
    masks = areas.masks([WHOLE], 2, 2)
    for name in ("mac", "spoc", "crow"):
        found = shares(step(name), None, features, masks)
        assert (found == 0).all()
        assert strongest(found, 3) == []
    features[0, :, 0, 1], features[0, :, 1, 1] = 2, -5
    assert strongest(shares(step("spoc"), None, features, masks), 3) == [(0, 1)]


def test_the_strongest_come_first_and_equals_row_by_row():
    found = np.array([[0.1, 0.3, 0.0], [0.3, 0.2, 0.1]])
    assert strongest(found, 4) == [(0, 1), (1, 0), (1, 1), (0, 0)]
    assert strongest(found, 9) == [(0, 1), (1, 0), (1, 1), (0, 0), (1, 2)]


def circles(axes):
    """Centres, each once: every circle has a light one below it."""
    return [one.center for one in axes.patches if isinstance(one, Circle)][::2]


def distances(drawn):
    """The numbers between the photos of pairs, in their order."""
    return [float(text.get_text()) for text in drawn.texts if re.fullmatch(r"\d\.\d\d", text.get_text())]


def photo_below(axes):
    """Its name, which stands in two lines."""
    return axes.get_xlabel().replace("\n", "/")


def test_circles_stand_where_the_maxima_come_from(root):
    study = study_of(root, PLAIN, FITTED | {"pooling": "spoc", "name": "sum"})
    drawn = made("responses:pairs=3,places=2", study)
    rows, said = np.array(drawn.axes).reshape(2, 6), iter(distances(drawn))
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == [
        "gives most",
        "gives most after that",
    ]
    pairs = {frozenset(pair): pair for pair in matching_pairs(study).tolist()}
    names = study.data.photos
    for row, each in zip(rows, study.recipes, strict=True):
        numbers = [names.index(photo_below(axes)) for axes in row]
        for i in range(0, 6, 2):
            assert frozenset(numbers[i : i + 2]) in pairs
            a, b = (study.descriptors(each)[number][0].astype(np.float64) for number in numbers[i : i + 2])
            assert next(said) == pytest.approx(np.linalg.norm(a - b), abs=0.006)
        for axes, number in zip(row, numbers, strict=True):
            features = study.engine(each.first.backbone)(study.read(number).pixels[None])[0][0].astype(
                np.float64
            )
            channels, height, width = features.shape
            given = np.zeros((height, width))
            for c in range(channels):
                if each.name == "plain":
                    given.flat[features[c].argmax()] += features[c].max() ** 2
                else:
                    given += features[c] * features[c].sum()
            order = np.argsort(-given.ravel())[:2]
            wanted = [((i % width + 0.5) / width * 64, (i // width + 0.5) / height * 48) for i in order]
            np.testing.assert_allclose(circles(axes), wanted)


def test_responses_need_matching_pairs_and_a_pooling_of_places(root, tmp_path):
    vectors = PLAIN | {"name": "words", "pooling": "vlad:k=2"}
    with pytest.raises(BadQuery, match="pooling that adds up places"):
        made("responses", study_of(root, vectors))
    alone = study_of(root)
    other = dataclasses.replace(alone.data, questions=())
    with pytest.raises(BadQuery):
        made("responses", Study(other, alone.recipes, OPTIONS))


# Regions


def polygons(axes):
    """Corners of each outline, its light edge left out."""
    return [one.get_xy()[:-1] for one in axes.patches][1::2]


@pytest.mark.parametrize("regions", ["rmac-grid:levels=2", "salient:n_min=4,threshold=0.00001"])
def test_the_regions_drawn_are_those_that_are_described(root, regions):
    values = KEEP | {"regions": regions, "backbone": PLAIN["backbone"] | {"relu": True}}
    study = study_of(root, values)
    drawn = made("regions:photos=2,regions=2", study)
    tiled = 2
    large, *tiles = drawn.axes[-1 - tiled :]
    title = drawn.subfigs[-1].get_suptitle()
    number = next(i for i, name in enumerate(study.data.photos) if title.startswith(name))
    wanted = study.describer(study.recipes[0]).prepare(study.read(number)).regions
    assert len(wanted) > tiled
    assert f"{len(wanted)} regions, {len(wanted) - tiled} of them" in title
    for shown, region in zip(polygons(large), wanted, strict=True):
        np.testing.assert_allclose(shown, region.polygon)
    for axes, region in zip(tiles, wanted[:tiled], strict=True):
        np.testing.assert_allclose(polygons(axes)[0], region.polygon)
        pixels = study.read(number).pixels
        lit = np.asarray(axes.images[0].get_array())
        inside = areas.masks([np.array(region.polygon) / (64, 48)], 48, 64)[0]
        same = (lit == pixels).all(axis=2)
        assert same[inside].mean() > 0.95
        if not inside.all():
            assert same[~inside].mean() < 0.3
    points = np.asarray(large.collections[0].get_offsets())
    assert bool(len(points)) == regions.startswith("salient") == ("yellow" in drawn.get_supxlabel())
    for x, y in points:
        assert 0 <= x <= 64
        assert 0 <= y <= 48


def test_regions_of_photos_that_cannot_be_read_are_an_error(tmp_path):
    for i in range(2):
        path = draw(tmp_path / "a" / f"{i}.png", i)
    study = study_of(tmp_path)
    for path in (tmp_path / "a").iterdir():
        path.write_bytes(b"no photo")
    with pytest.raises(BadQuery, match="None of the photos"):
        made("regions", study)


# Pairs


def test_pairs_are_the_farthest_that_match_and_the_nearest_that_do_not(root):
    study = study_of(root, PLAIN, KEEP)
    drawn = made("pairs:pairs=2", study)
    rows, said = np.array(drawn.axes).reshape(4, 4), iter(distances(drawn))
    hardest = distances(drawn)[0]
    labels, names = study.labels(), list(study.data.photos)
    for i, each in enumerate(study.recipes):
        vectors = [rows.astype(np.float64) for rows in study.descriptors(each)]
        away = {
            (a, b): min(np.linalg.norm(x - y) for x in vectors[a] for y in vectors[b])
            for a, b in itertools.permutations(range(len(names)), 2)
        }
        same = sorted(
            (value for (a, b), value in away.items() if a < b and labels[a] == labels[b] != ""), reverse=True
        )
        nearest_of = {
            frozenset((a, b)): away[a, b]
            for a in range(len(names)) if labels[a]
            for b in [min((b for b in range(len(names)) if labels[b] != labels[a]), key=lambda b: away[a, b])]
        }  # fmt: skip
        other = sorted(nearest_of.values())
        for row, wanted, verdict in ((rows[2 * i], same, "right"), (rows[2 * i + 1], other, "wrong")):
            for pair, value in zip((row[:2], row[2:]), wanted[:2], strict=True):
                assert next(said) == pytest.approx(value, abs=0.006)
                a, b = (names.index(photo_below(axes)) for axes in pair)
                assert away[a, b] == pytest.approx(value, abs=1e-3)
                assert (labels[a] == labels[b] != "") == (verdict == "right")
                assert {to_hex(axes.spines["left"].get_edgecolor()) for axes in pair} == {FRAMES[verdict]}
    assert distances(made("pairs:pairs=1,order=easiest", study))[0] < hardest


def test_pairs_of_fewer_queries_are_said_and_a_wrong_order_is_an_error(root):
    study = study_of(root)
    assert any("3 of 9 queries, drawn at random" in text for text in texts(made("pairs:queries=3", study)))
    with pytest.raises(BadSetting, match="hardest or easiest"):
        made("pairs:order=worst", study)


def test_junk_is_no_pair_that_does_not_match(root):
    study = study_of(root)
    everything = np.arange(11)
    questions = tuple(
        dataclasses.replace(
            each,
            truths={
                "": dataclasses.replace(
                    each.truths[""], junk=np.setdiff1d(everything, each.truths[""].positive)
                )
            },
        )
        for each in study.data.questions
    )
    other = Study(dataclasses.replace(study.data, questions=questions), study.recipes, OPTIONS)
    drawn = made("pairs:pairs=1", other)
    assert len(drawn.axes) == 2  # a pair that matches, and none that does not


# All


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Photos with the names that a user's have."""
    root = tmp_path_factory.mktemp("long")
    for i in range(2):
        for j in range(3):
            name = f"Alpro-Blueberry-Soyghurt-{i}/iconic_Alpro-Blueberry-Soyghurt_Iconic_{i}_{j}.png"
            draw(root / name, 10 * i + j, (48, 64) if j else (64, 48))
    return root


@pytest.mark.parametrize(
    "text",
    [
        "correspondence:size=64,layers=layer2+layer3", "correspondence:size=64,k=1+2+3+4+5+6+7",
        "patch-clusters:size=64,rows=12", "patch-clusters:size=64,columns=40,rows=1,own=true",
        "responses:pairs=5", "responses:pairs=1", "pairs:pairs=9", "pairs:pairs=1",
    ],
)  # fmt: skip
def test_nothing_lies_on_anything_else_however_tall_or_wide(long, text):
    assert not crowded(made(text, study_of(long)))


@pytest.mark.parametrize(
    "text",
    [
        "regions:photos=1", "responses:pairs=1", "pairs", "separability", "dimensions",
        "patch-clusters:size=32,rows=1", "correspondence:size=32",
    ],
)  # fmt: skip
def test_a_figure_that_re_ranking_does_not_change_runs_none_and_says_so(root, text):
    study = study_of(root)
    study.options = OPTIONS | {"rerank": ("geometry",)}
    asked, plain = [], study.evaluation
    study.evaluation = lambda recipe, **options: asked.append(options) or plain(recipe, **options)
    assert "not re-ranked" in made(text, study).get_supxlabel()
    assert all(options == {"rerank": ()} for options in asked)
    study.options = OPTIONS | {"rerank": ("geometri",)}
    with pytest.raises(UnknownMethod):
        made(text, study)


@pytest.mark.parametrize(
    "text", ["correspondence:size=64", "patch-clusters:size=64", "responses", "regions", "pairs"]
)
def test_figures_are_written(root, tmp_path, text):
    save_figure(made(text, study_of(root)), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000
