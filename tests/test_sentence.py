"""A recipe is arithmetic: NumPy and torch agree, and gradients reach the maps and all that is learnt."""

import warnings

import numpy as np
import pytest
import torch

from resight.describing import Describer, fit
from resight.images import Photo
from resight.recipe import Recipe, names
from resight.types import Maps, Pooled

CHANNELS, CUT = 24, 80  # of the maps of a network; of those of a recipe that cuts to 128 dimensions
PHOTOS = 12  # of a fit; others are described, since words of so few columns are those very columns

# Recipes of methods that learn and that no shipped recipe has.
OTHERS = {
    "gem-channels": {"pooling": "gem-channels"},
    "exp": {"pooling": "exp", "each": ["power:exponent=0.5"]},
    "sinh": {"pooling": "sinh", "regions": "rmac-grid:levels=2", "gather": "concat", "each": [], "post": []},
    "crow": {"pooling": "crow"},
    "first-order": {"pooling": "first-order", "regions": "salient", "gather": "keep", "post": []},
    "fitted weights": {"weight": "fitted"},
}

# What a fit writes down and no descriptor is worked out from, or what is chosen by it in steps.
NO_SLOPE = {
    "eigenvalues": "they tell how strong the axes are; the projection holds what is used of them",
}

# A factor of all activations: unit length takes it out again, and its slope is then nothing but rounding.
FACTORS = {"a"}


class Random:
    """Stands in for a network: maps of random numbers, about half of them zero, for each view."""

    name, weights, batch = "random", "random", 1

    def __init__(self, made: Recipe, layers: int) -> None:
        self.layers, self.channels = layers, CUT if "cut:dims=128" in made.first.post else CHANNELS

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        chance = np.random.default_rng(int(pixels.sum()))
        height, width = (max(1, side // 32) for side in pixels.shape[1:3])
        shape = (len(pixels), self.channels, height, width)
        return [np.maximum(chance.normal(size=shape), 0).astype(np.float32) for _ in range(self.layers)]


def recipe(name: str) -> Recipe:
    if name not in OTHERS:
        return Recipe.load(name)
    plain = {"views": {"sizes": [256], "resize": "square"}}
    backbone = {"network": "timm:test_resnet", "weights": "random", "layers": ["layer3"]}
    own = plain | {"backbone": backbone} | OTHERS[name]
    parts = [own, own | {"pooling": "mac", "weight": 2.0}]
    return Recipe.parse({"name": name, "parts": parts} if name == "fitted weights" else {"name": name} | own)


def describer(made: Recipe) -> Describer:
    """The recipe with random maps in place of every network; points are found as ever."""
    from resight.engines import load

    def engine(backbone):
        return load(backbone) if backbone.network.startswith("opencv") else Random(made, len(backbone.layers))

    return Describer(made, engine=engine)


def photos(count: int, seed: int) -> list[Photo]:
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 24, 32, 3), dtype=np.uint8)
    return [Photo(np.kron(one, np.ones((8, 8, 1), np.uint8)), 256, 192) for one in coarse]


def fitted(describe: Describer) -> dict:
    prepared = [describe.prepare(one, variants=2, seed=(n,)) for n, one in enumerate(photos(PHOTOS, 0))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a dozen photos support few dimensions, which is said elsewhere
        return fit(describe, lambda: iter(prepared))


def late(describe: Describer, photo: Photo) -> list:
    """The maps of each part as the networks gave them, whether or not the recipe could pool them at once."""
    for sentence in describe.sentences.parts:
        sentence.pools_late = True
    return [[list(view) for view in part] for part in describe.prepare(photo).parts]


def leaves(found: list) -> tuple[list, list[torch.Tensor]]:
    """The same maps in torch, and the tensors whose gradients are asked for."""
    tensors: list[torch.Tensor] = []

    def in_torch(maps: Maps) -> Maps:
        cells = torch.from_numpy(np.array(maps.cells, np.float32)).requires_grad_()
        tensors.append(cells)
        return Maps(cells, maps.polygons, maps.places, maps.scale)

    return [[[in_torch(maps) for maps in view] for view in part] for part in found], tensors


def learnt(values: dict) -> dict:
    return {
        step: {key: torch.from_numpy(np.array(value)).requires_grad_() for key, value in own.items()}
        for step, own in values.items()
    }


@pytest.mark.parametrize("name", [*names(), *OTHERS])
def test_numpy_and_torch_agree_and_gradients_reach_all_that_is_learnt(name):
    describe = describer(recipe(name))
    parameters = fitted(describe)
    found = late(describe, *photos(1, seed=9))
    by_numpy = describe.sentences.finish(found, parameters)
    maps, tensors = leaves(found)
    values = learnt(parameters)
    by_torch = describe.sentences.finish(maps, values)

    assert isinstance(by_torch, torch.Tensor)
    assert by_torch.dtype == torch.float32
    np.testing.assert_allclose(by_torch.detach().numpy(), by_numpy, atol=1e-5)
    (by_torch * torch.randn(by_torch.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    for cells in tensors:
        assert cells.grad is not None, "no gradient reaches the maps"
        assert torch.isfinite(cells.grad).all()
        assert cells.grad.any()
    for step, own in values.items():
        for key, value in own.items():
            if key in NO_SLOPE:
                assert value.grad is None, f"{step} {key}: {NO_SLOPE[key]}"
                continue
            assert value.grad is not None, f"no gradient reaches {key} of {step}"
            assert torch.isfinite(value.grad).all(), f"{step} {key}"
            assert value.grad.any() or key in FACTORS, f"{step} {key}"


@pytest.mark.parametrize("name", names())
def test_a_photo_is_described_alike_alone_and_among_others(name):
    made, album = recipe(name), photos(5, seed=9)
    alone = describer(made)
    prepared = [alone.prepare(one, variants=1, seed=(n,)) for n, one in enumerate(album)]
    parameters = fitted(alone)
    alone = alone.with_parameters(parameters, "a few")
    own = [alone(one) for one in album]
    for describe in (alone, OnDevice(made, parameters).describer):
        looks = [describe.look(one, variants=1, seed=(n,)) for n, one in enumerate(album)]
        together, kept = describe.describe_all(looks)(), describe.prepare_all(looks)()
        for one, many, half, whole in zip(own, together, kept, prepared, strict=True):
            assert many.regions == one.regions
            np.testing.assert_allclose(many.vectors, one.vectors, atol=1e-5)
            np.testing.assert_allclose(describe.finish(half).vectors, one.vectors, atol=1e-5)
            assert len(half.variants) == len(whole.variants)
            for ours, theirs in zip((half, *half.variants), (whole, *whole.variants), strict=True):
                assert same(ours.parts, theirs.parts)


class OnDevice:
    """The same recipe whose networks give tensors, three photos at a time, as a GPU's do."""

    def __init__(self, made: Recipe, parameters: dict) -> None:
        from resight.engines import load

        class Tensors(Random):
            batch = 3

            def __call__(self, pixels):
                each = [super(Tensors, self).__call__(one[None]) for one in pixels]
                return [torch.from_numpy(np.concatenate(layer)) for layer in zip(*each, strict=True)]

        def engine(backbone):
            return (
                load(backbone)
                if backbone.network.startswith("opencv")
                else Tensors(made, len(backbone.layers))
            )

        self.describer = Describer(made, parameters, "a few", engine)


def same(ours: tuple, theirs: tuple) -> bool:
    for part, other in zip(ours, theirs, strict=True):
        for view, other_view in zip(part, other, strict=True):
            for one, two in zip(view, other_view, strict=True):
                assert type(one) is type(two)
                pair = [each.rows if isinstance(each, Pooled) else each.cells for each in (one, two)]
                assert all(isinstance(each, np.ndarray) for each in pair)
                np.testing.assert_allclose(*pair, rtol=1e-5, atol=1e-5)
    return True
