"""Every file of a room keeps the promises of its kind; a new file is covered without being listed."""

import inspect
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from resight import areas, engines, methods
from resight.recipe import Backbone, Recipe
from resight.types import Varied

pytestmark = pytest.mark.filterwarnings("ignore:.*random weights:UserWarning")

SHAPES = [(1, 1), (1, 7), (7, 1), (5, 3), (15, 20)]
SMALL = {int: 3, float: 0.5, bool: "true", str: "x"}  # for settings that have no default
NETWORK = Backbone("timm:test_efficientnet", "random:7", ("blocks.1", "blocks.4"))


def found(kind: str, name: str) -> methods.Method:
    """The method by its name alone; settings that must be given get a small value of their type."""
    home = methods.module(kind, name)
    functions = [getattr(home, methods.place(kind, name).function), getattr(home, "fit", None)]
    known = {key: value for each in functions if each for key, value in methods.settings(each).items()}
    needed = {key: type_ for key, (type_, default) in known.items() if default is inspect.Parameter.empty}
    return methods.find(kind, f"{name}:" + ",".join(f"{key}={SMALL[type_]}" for key, type_ in needed.items()))


def maps(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(count, 8, height, width) float32, non-negative as after a ReLU: about half are zero."""
    values = np.random.default_rng(seed).normal(size=(count, 8, height, width))
    return np.maximum(values, 0).astype(np.float32)


def rows(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)


# Poolings: features (B, C, H, W), masks (R, H, W) -> (B, R, D)


def regions_of(height: int, width: int) -> np.ndarray:
    """The whole map, its left half, a cell, and a scattered mask that is no rectangle."""
    masks = np.zeros((4, height, width), bool)
    masks[0] = True
    masks[1, :, : (width + 1) // 2] = True
    masks[2, height // 2, width // 2] = True
    masks[3] = np.indices((height, width)).sum(axis=0) % 2 == 0
    return masks


def sample_of(*shapes: tuple[int, int]):
    return ((maps(1, *shape, seed=i), regions_of(*shape)) for i, shape in enumerate(shapes))


class FittedPooling:
    """A pooling with the parameters of a fit on a few maps, where it needs one."""

    def __init__(self, method, samples=None):
        self.method, self.parameters = method, None
        if method.fit:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # small samples may be warned of
                self.parameters = method.fit(samples or sample_of(*[(6, 9), (5, 4), (1, 1), (8, 8)] * 3))

    def __call__(self, features, masks=None):
        masks = regions_of(*features.shape[2:]) if masks is None else masks
        parameters = self.parameters
        if isinstance(features, torch.Tensor):
            masks = torch.from_numpy(masks)
            if parameters:
                parameters = {key: torch.from_numpy(value) for key, value in parameters.items()}
        return self.method(features, masks, parameters=parameters)


@pytest.fixture(params=methods.names("poolings"), scope="module")
def pooling(request):
    return FittedPooling(found("poolings", request.param))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
class TestPooling:
    def test_batch_and_single_agree(self, pooling, shape):
        batch = maps(3, *shape)
        together = pooling(batch)
        assert together.shape[:2] == (3, 4)
        assert together.ndim == 3
        assert together.dtype == np.float32
        for one, row in zip(batch, together, strict=True):
            np.testing.assert_allclose(pooling(one[None]), row[None], rtol=1e-5, atol=1e-5)

    def test_regions_do_not_know_of_each_other(self, pooling, shape):
        features, masks = maps(1, *shape), regions_of(*shape)
        together = pooling(features, masks)
        for i in range(len(masks)):
            alone = pooling(features, masks[i : i + 1])
            np.testing.assert_allclose(alone, together[:, i : i + 1], rtol=1e-5, atol=1e-5)

    def test_what_memory_looks_like_does_not_matter(self, pooling, shape):
        batch = maps(2, *shape)
        last = np.ascontiguousarray(batch.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        np.testing.assert_allclose(pooling(last), pooling(batch), rtol=1e-5, atol=1e-5)

    def test_width_is_the_same_for_any_map(self, pooling, shape):
        assert pooling(maps(2, *shape)).shape[2] == pooling(maps(1, 4, 4)).shape[2]

    def test_the_same_map_gives_the_same_vector_and_stays_as_it_was(self, pooling, shape):
        batch = maps(2, *shape)
        before = batch.copy()
        np.testing.assert_array_equal(pooling(batch), pooling(before))
        np.testing.assert_array_equal(batch, before)

    def test_finite(self, pooling, shape):
        batch = maps(4, *shape)
        batch[0], batch[1], batch[2] = 0, 1e4, batch[2] * 1e-6
        assert np.isfinite(pooling(batch)).all()

    def test_numpy_and_torch_agree(self, pooling, shape):
        batch = maps(3, *shape)
        by_torch = pooling(torch.from_numpy(batch))
        assert isinstance(by_torch, torch.Tensor)
        scale = np.abs(pooling(batch)).max()
        np.testing.assert_allclose(by_torch.numpy(), pooling(batch), rtol=1e-4, atol=1e-5 * scale)

    def test_masks_may_stay_in_numpy(self, pooling, shape):
        batch, masks = torch.from_numpy(maps(2, *shape)), regions_of(*shape)
        masks.flags.writeable = False
        parameters = pooling.parameters
        if parameters:
            parameters = {key: torch.from_numpy(value) for key, value in parameters.items()}
        found = pooling.method(batch, masks, parameters=parameters)
        torch.testing.assert_close(found, pooling(batch), rtol=1e-5, atol=1e-6)

    def test_gradients_are_finite_where_nothing_is_active(self, pooling, shape):
        features = torch.zeros(1, 8, *shape, requires_grad=True)
        pooling(features).sum().backward()
        assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize("name", [n for n in methods.names("poolings") if found("poolings", n).fit])
@pytest.mark.parametrize(
    "samples",
    [[(1, 1)], [(1, 1), (2, 1)], [(1, 1)] * 5, [(9, 7)]],
    ids=["one cell", "few cells", "five single cells", "one map"],
)
def test_a_pooling_fitted_on_little_is_finite(name, samples):
    few = FittedPooling(found("poolings", name), sample_of(*samples))
    assert all(np.isfinite(value).all() for value in few.parameters.values())
    assert all(value.dtype == np.float32 for value in few.parameters.values())
    assert np.isfinite(few(maps(2, 5, 3))).all()
    assert few(maps(1, 5, 3)).shape == FittedPooling(found("poolings", name))(maps(1, 5, 3)).shape


@pytest.mark.parametrize("name", [n for n in methods.names("poolings") if found("poolings", n).fit])
def test_a_fit_of_a_pooling_is_the_same_each_time(name):
    shapes = [(6, 9), (5, 4), (3, 3)]
    one, other = (FittedPooling(found("poolings", name), sample_of(*shapes)).parameters for _ in range(2))
    for key, value in one.items():
        np.testing.assert_array_equal(value, other[key])


# Ways to gather: (R, D) -> (N, E)


@pytest.mark.parametrize("name", methods.names("gather"))
def test_gathering_is_finite_and_leaves_its_rows_alone(name):
    gather = Fitted(found("gather", name), [rows(5, seed) for seed in range(9)])
    values = rows(5)
    before = values.copy()
    gathered = gather(values)
    assert gathered.dtype == np.float32
    assert gathered.ndim == 2
    np.testing.assert_array_equal(values, before)
    np.testing.assert_allclose(gather(torch.from_numpy(values)).numpy(), gathered, rtol=1e-5, atol=1e-6)
    assert np.isfinite(Fitted(gather.method, [rows(5)])(values)).all()
    several = np.stack([rows(5), rows(5, 3), rows(5, 4)])
    for one, own in zip(gather(several), several, strict=True):  # leading axes stay
        np.testing.assert_allclose(one, gather(own), rtol=1e-6, atol=1e-6)


# Steps: (N, D) -> (N, E)


@pytest.fixture(params=methods.names("post"))
def step(request):
    """A step on rows, fitted on 40 of them where it needs a fit."""
    method = found("post", request.param)
    return Fitted(method, [rows(25, 1), rows(15, 2)])


class Fitted:
    def __init__(self, method, samples):
        if method.fit_on == "views":
            samples = [Varied(each, (each + rows(len(each), 7) / 10,)) for each in samples]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # too few samples: said, and tested where the step is
            self.parameters = method.fit(iter(samples)) if method.fit else None
        self.method = method

    def __call__(self, values):
        parameters = self.parameters
        if isinstance(values, torch.Tensor) and parameters:
            parameters = {key: torch.from_numpy(value) for key, value in parameters.items()}
        return self.method(values, parameters=parameters)


class TestStep:
    def test_rows_do_not_know_of_each_other(self, step):
        values = rows(9)
        together = step(values)
        assert together.ndim == 2
        assert together.dtype == np.float32
        for i in range(len(values)):
            np.testing.assert_allclose(step(values[i : i + 1]), together[i : i + 1], rtol=1e-5, atol=1e-5)

    def test_finite(self, step):
        values = rows(4)
        values[0], values[1], values[2] = 0, 1e6, values[2] * 1e-6
        assert np.isfinite(step(values)).all()

    def test_numpy_and_torch_agree(self, step):
        values = rows(9)
        np.testing.assert_allclose(step(torch.from_numpy(values)).numpy(), step(values), rtol=1e-5, atol=1e-5)

    def test_the_same_rows_give_the_same_and_stay_as_they_were(self, step):
        values = rows(9)
        before = values.copy()
        np.testing.assert_array_equal(step(values), step(before))
        np.testing.assert_array_equal(values, before)

    @pytest.mark.parametrize(
        "samples",
        [[rows(1)], [rows(2)], [rows(1), rows(1, 5), rows(3, 6)], [np.ones((5, 12), np.float32)]],
        ids=["one", "two", "five", "five alike"],
    )
    def test_a_fit_on_few_samples_is_finite(self, step, samples):
        if not step.method.fit:
            return
        few = Fitted(step.method, samples)
        assert all(np.isfinite(value).all() for value in few.parameters.values())
        assert np.isfinite(few(rows(4, 9))).all()


# Regions: pixels (h, w, 3), saliency (H, W) -> polygons in shares of the view


@pytest.mark.parametrize("name", methods.names("regions"))
@pytest.mark.parametrize("height", [1, 2, 5, 8, 15])
def test_regions_lie_inside_any_view_and_no_mask_is_empty(name, height):
    regions = found("regions", name)
    chance = np.random.default_rng(height)
    for width in (1, 2, 3, 7, 9, 20):
        pixels = chance.integers(0, 256, (8 * height, 8 * width, 3), dtype=np.uint8)
        for alpha in (chance.random((height, width), np.float32), np.zeros((height, width), np.float32)):
            polygons = regions(pixels, alpha)
            assert len(polygons) >= 1
            for polygon in polygons:
                assert polygon.dtype == np.float64
                assert polygon.shape == (len(polygon), 2)
                assert (polygon >= 0).all()
                assert (polygon <= 1).all()
            assert areas.masks(polygons, height, width).any(axis=(1, 2)).all()
            for polygon, again in zip(polygons, regions(pixels, alpha), strict=True):
                np.testing.assert_array_equal(polygon, again)


@pytest.mark.parametrize("name", methods.names("regions"))
def test_regions_that_say_so_follow_from_the_shape_of_the_map_alone(name):
    if not getattr(methods.module("regions", name), "SHAPE_ALONE", False):
        return
    regions, chance = found("regions", name), np.random.default_rng(0)
    for height, width in [(1, 1), (3, 7), (15, 20)]:
        views = [chance.integers(0, 256, (9 * height, 9 * width, 3), dtype=np.uint8) for _ in range(2)]
        alphas = [np.zeros((height, width), np.float32), chance.random((height, width), np.float32)]
        one, other = (regions(*pair) for pair in zip(views, alphas, strict=True))
        assert [each.tobytes() for each in one] == [each.tobytes() for each in other]


# Engines: (B, H, W, 3) uint8 -> one (B, C, H', W') a layer


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=methods.names("engines"))
def engine(request):
    return engines.load(NETWORK, request.param, workers=4)


@pytest.fixture(scope="module")
def reference():
    return engines.load(NETWORK, "torch")


def same_maps(ones, others, tolerance=1e-4):
    for one, other in zip(ones, others, strict=True):
        assert one.dtype == other.dtype == np.float32
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= tolerance * np.abs(other).max()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (33, 64), (97, 131), (120, 160)], ids=str)
def test_every_engine_gives_the_maps_of_torch(engine, reference, shape):
    answer = reference(photo(*shape))
    assert [each.shape[1] for each in answer] == [24, 64]
    assert all(np.abs(each).max() > 0 for each in answer)
    same_maps(engine(photo(*shape)), answer)
    assert engine.weights == reference.weights


@pytest.mark.parametrize("name", sorted(set(methods.names("engines")) - {"torch"}))
def test_every_engine_runs_the_default_network_at_odd_sizes(name):
    backbone = Recipe.load("default").first.backbone
    ours, theirs = engines.load(backbone, name), engines.load(backbone, "torch")
    for shape in [(1, 1), (1, 40), (33, 64), (97, 131), (200, 301)]:
        same_maps(ours(photo(*shape)), theirs(photo(*shape)))


def test_a_batch_is_its_photos_one_by_one(engine):
    batch = np.concatenate([photo(40, 56, seed) for seed in range(3)])
    together = engine(batch)
    for i in range(3):
        same_maps([each[i : i + 1] for each in together], engine(batch[i : i + 1]), 1e-5)


def test_threads_get_what_one_thread_gets(engine, reference):
    shapes = [(64, 48), (48, 64), (33, 33), (64, 48)]
    photos = [photo(*shapes[i % 4], seed=i) for i in range(120)]  # one shape often enough to be compiled
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(engine, photos))
    for one, answer in zip(photos, answers, strict=True):
        same_maps(answer, reference(one))
