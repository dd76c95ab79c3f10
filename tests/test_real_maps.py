"""Poolings on maps of real photos: their formulas in float64 and float32, NumPy and torch."""

import functools

import numpy as np
import pytest
import torch

import test_activations
import test_crow
import test_netvlad
import test_second_order
import test_spoc
import test_vlad
from resight import engines, images, methods
from resight.recipe import Recipe
from support.maps import as_torch, in_loops, of_channels, random_masks, same

CHANNELS, HEIGHT, WIDTH = 24, 7, 9  # of a crop, since the loops are slow


@pytest.fixture(scope="module")
def real_maps(test_data):
    """(5, 24, 7, 9) float32: the most active channels of the last block for five places, clamped at zero."""
    backbone = Recipe.load("rmac-lite0").first.backbone
    engine = engines.load(backbone, "openvino")
    paths = [
        sorted(folder.glob("*.*g"))[0]
        for folder in sorted((test_data / "scenes").iterdir())
        if folder.is_dir()
    ]
    found = [engine(images.read(path).pixels[None])[0][0, :, 1 : HEIGHT + 1, 2 : WIDTH + 2] for path in paths]
    stacked = np.maximum(np.stack(found), 0)
    busiest = np.argsort(-stacked.mean((0, 2, 3)), kind="stable")[:CHANNELS]
    return np.ascontiguousarray(stacked[:, np.sort(busiest)])


def slow_form(name: str, maps: np.ndarray, masks: np.ndarray, parameters: dict) -> np.ndarray:
    """The formula of a pooling in loops, as its own test has it."""
    over_channels = {
        "mac": max,
        "spoc": sum,
        "gem": test_spoc.mean_of_powers(3.0),
        "gem-channels": test_spoc.mean_of_powers(3.0),
    }
    if name in over_channels:
        return in_loops(maps, masks, of_channels(over_channels[name]))
    if name in ("sinh", "exp", "weibull"):
        return test_activations.slow_means(name, maps, masks, parameters)
    if name == "vlad":
        return in_loops(maps, masks, test_vlad.slow_vlad(parameters["centres"], "intra"))
    if name == "netvlad":
        return in_loops(maps, masks, test_netvlad.slow_netvlad(parameters, "cluster"))
    each = functools.partial(test_second_order.each, maps, masks)
    return {
        "crow": lambda: test_crow.slow_crow(maps, masks, True, True),
        "first-order": lambda: each(test_second_order.first_slowly, True),
        "second-order": lambda: each(test_second_order.second_slowly, parameters["basis"].astype(np.float64)),
        "multiscale-netvlad": lambda: test_netvlad.slow_multiscale(maps, masks, parameters, "2+3", "cluster"),
    }[name]()


@pytest.mark.parametrize("name", methods.names("poolings"))
def test_a_pooling_of_real_maps_is_its_formula(name, real_maps):
    settings = {"vlad": ":k=9", "netvlad": ":k=9", "multiscale-netvlad": ":k=9", "second-order": ":dims=16"}
    pooling = methods.find("poolings", name + settings.get(name, ""))
    masks = random_masks(HEIGHT, WIDTH, seed=1)
    real_maps, others = real_maps[:3], real_maps[3:]  # a word of one column is that column, but for rounding
    given = pooling.fit((one[None], masks) for one in others) if pooling.fit else {}
    slow = slow_form(name, real_maps, masks, given)
    # sums of differences lose digits in float32, those of VLAD more than one
    single = 2e-5 if "vlad" in name else 1e-5
    same(pooling(real_maps, masks, parameters=given), slow, single)
    same(pooling(real_maps.astype(np.float64), masks, parameters=given), slow, 1e-5)
    tensors, regions = torch.from_numpy(real_maps), torch.from_numpy(masks)
    same(pooling(tensors, regions, parameters=as_torch(given)).numpy(), slow, single)
    for one, row in zip(real_maps, slow, strict=True):
        same(pooling(one[None], masks, parameters=given), row[None], single)
