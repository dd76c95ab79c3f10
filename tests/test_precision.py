"""bf16 is of the network alone, and part of what makes descriptors comparable."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from resight import engines
from resight.backbones._bf16 import round_kernels
from resight.describing import Describer
from resight.errors import BadRecipe, DescribedOtherwise
from resight.gallery import snapshot_of
from resight.recipe import Backbone, Recipe
from support import small

pytestmark = [
    pytest.mark.filterwarnings(small.RANDOM_WEIGHTS),
    pytest.mark.filterwarnings(small.NO_UNITS),
]

SHIPPED = Backbone("timm:tf_efficientnet_lite0", "resight-lite0", ("blocks.6",))

SHORT = small.PLAIN | {"name": "short", "precision": "bf16"}


def photo(count: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 96, 128, 3), np.uint8)


def test_full_precision_is_the_default_and_changes_no_fingerprint():
    plain, said = (small.recipe(small.PLAIN | more) for more in ({}, {"precision": "f32"}))
    assert plain.sentence() == said.sentence()
    assert plain.as_dict() == said.as_dict()
    assert "precision" not in str(plain.sentence())


def test_short_numbers_are_another_recipe_that_is_read_back():
    short = small.recipe(SHORT)
    assert short.first.backbone.precision == "bf16"
    assert short.sentence() == small.recipe(small.PLAIN).sentence() | {"precision": "bf16"}
    assert Recipe.parse(short.as_dict()) == short
    engine = lambda backbone: engines.load(backbone, "openvino")  # noqa: E731
    ones, others = (Describer(small.recipe(values), engine=engine) for values in (small.PLAIN, SHORT))
    assert ones.networks.weights == others.networks.weights
    assert ones.fingerprint != others.fingerprint


def test_parts_of_two_precisions_run_two_networks():
    part = {key: value for key, value in small.PLAIN.items() if key != "name"}
    both = small.recipe({"name": "both", "parts": [part, part | {"precision": "bf16"}]})
    describe = Describer(both, engine=lambda backbone: engines.load(backbone, "torch"))
    assert len(describe.networks.engines) == 2
    assert Recipe.parse(both.as_dict()) == both


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"precision": "f16"}, "precision is one of f32, bf16, not 'f16'"),
        ({"backbone": small.NETWORK | {"precision": "bf16"}}, "stands beside the backbone"),
        ({"precision": "bf16", "backbone": {"network": "opencv:sift"}}, "backbone.precision is of networks"),
    ],
)
def test_what_no_network_computes_in_is_refused(values, told):
    with pytest.raises(BadRecipe, match=told):
        small.recipe(small.PLAIN | values)


@pytest.mark.parametrize("name", ["openvino", "torch"])
def test_maps_in_short_numbers_are_near_and_float32(name):
    backbone = Backbone("timm:test_resnet", "random", ("layer3",))
    full = engines.load(backbone, name)(photo(2))[0]
    (short,) = engines.load(Backbone("timm:test_resnet", "random", ("layer3",), precision="bf16"), name)(
        photo(2)
    )
    assert short.dtype == np.float32
    cosine = (short * full).sum() / np.linalg.norm(short) / np.linalg.norm(full)
    assert cosine > 0.999
    if name == "torch" or engines.load(backbone, name).has_bf16:
        assert np.abs(short - full).max() > 0


def as_short(numbers):
    """The nearest number of bf16, by torch."""
    return torch.from_numpy(np.asarray(numbers, np.float32)).bfloat16().float().numpy()


@pytest.mark.parametrize("side", [1, 3, 5])
def test_kernels_are_rounded_to_neighbours_and_their_sums_stay(side):
    kernels = np.random.default_rng(side).standard_normal((200, 1, side, side)).astype(np.float32)
    rounded, nearest = round_kernels(kernels), as_short(kernels)
    np.testing.assert_array_equal(as_short(rounded), rounded)
    step = 2.0 ** (np.floor(np.log2(np.abs(kernels))) - 7)  # between neighbours: bf16 has eight bits
    assert (np.abs(rounded - kernels) < step).all()
    missing, before = (
        np.abs((each - kernels.astype(np.float64)).sum(axis=(2, 3))) for each in (rounded, nearest)
    )
    assert (missing <= before + 1e-12).all()
    if side > 1:
        assert missing.mean() < 0.3 * before.mean()
    np.testing.assert_array_equal(round_kernels(nearest), nearest)


@pytest.mark.parametrize("name", ["openvino", "torch"])
def test_maps_of_the_network_that_ships_are_nearer_for_it(name, monkeypatch, tmp_path):
    """By weights that are rounded one by one they are half as far again from float32."""
    if name == "openvino" and not engines.load(SHIPPED, name).has_bf16:
        pytest.skip("without units for bf16 OpenVINO computes in float32")
    pixels = np.array(Image.open(small.draw(tmp_path / "smooth.png", 1, (320, 240))))[None]
    (full,) = engines.load(SHIPPED, name)(pixels)

    def distance():
        (short,) = engines.load(dataclasses.replace(SHIPPED, precision="bf16"), name)(pixels)
        return np.linalg.norm(short - full) / np.linalg.norm(full)

    kept = distance()
    engines.load(SHIPPED, name)  # now the other one is not in memory any more
    monkeypatch.setattr("resight.backbones._bf16.round_kernels", lambda kernels: kernels)
    assert kept < 0.8 * distance()


def test_without_units_one_sentence_says_that_it_will_be_slow(monkeypatch):
    backbone = Backbone("timm:test_resnet", "random", ("layer3",), precision="bf16")
    for there in (False, True):
        for room in ("openvino", "torch"):
            monkeypatch.setattr(f"resight.engines.{room}.cpu_has_bf16", lambda there=there: there)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                engines.load(backbone, room)
            said = [str(each.message) for each in told if "bf16" in str(each.message)]
            assert len(said) == (not there)
            assert there or "it will be slow" in said[0]


@pytest.mark.parametrize("flags", ["fpu amx_bf16", "fpu avx512_bf16 avx512_vnni", "fpu avx512f"])
def test_units_are_read_from_the_system(flags, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text(f"model name\t: A Processor\nflags\t\t: {flags}\n")
    monkeypatch.setattr("resight.engines._device.CPU", tmp_path / "cpuinfo")
    from resight.engines._device import cpu_has_bf16

    assert cpu_has_bf16() == ("bf16" in flags)


def test_a_gallery_keeps_its_precision(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 4)
    small.index(root, SHORT)
    with snapshot_of(root / ".resight") as gallery:
        assert gallery.recipe.first.backbone.precision == "bf16"
    with pytest.raises(DescribedOtherwise):
        small.index(root, small.PLAIN)


def test_a_gallery_in_short_numbers_of_before_is_refused_with_advice(tmp_path):
    """Its maps are others: photos described now are not to be compared with it."""
    root = tmp_path / "photos"
    small.album(root, 4)
    small.index(root, SHORT)
    small.execute(root / ".resight", "UPDATE facts SET value = 'f32' WHERE key = 'precision'")
    small.draw(root / "new.png", 9)
    with pytest.raises(DescribedOtherwise, match="in bf16, and rounded otherwise: index the photos again"):
        small.index(root)
