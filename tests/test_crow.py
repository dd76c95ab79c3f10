"""CroW and the two weights it is made of, against their formulas in float64 loops."""

import functools
import itertools
import math

import numpy as np
import pytest
import torch

from resight import saliency
from resight.errors import BadRecipe
from resight.poolings.crow import crow
from support.maps import (
    SCALES,
    SIZES,
    gradients_are_finite,
    keeps_its_promises,
    random_maps,
    random_masks,
    same,
)

WAYS = list(itertools.product([True, False], repeat=2))


def slow_spatial(one: np.ndarray) -> list[list[float]]:
    """(C, H, W) -> (H, W): `S / ||S||`."""
    sums = [[sum(map(float, one[:, i, j])) for j in range(one.shape[2])] for i in range(one.shape[1])]
    length = math.sqrt(sum(value * value for row in sums for value in row))
    return [[value / length if length else 0.0 for value in row] for row in sums]


def slow_channels(one: np.ndarray, eps: float = 1e-6) -> list[float]:
    """(C, H, W) -> (C,): `log((C eps + sum Q) / (eps + Q))`."""
    shares = [sum(value > 0 for value in channel.ravel()) / channel.size for channel in one]
    return [math.log((len(shares) * eps + sum(shares)) / (eps + share)) for share in shares]


def slow_crow(maps: np.ndarray, masks: np.ndarray, spatial: bool, channel: bool) -> np.ndarray:
    result = np.zeros((len(maps), len(masks), maps.shape[1]))
    for b, one in enumerate(maps.astype(np.float64)):
        alpha, beta = slow_spatial(one), slow_channels(one)
        for (r, mask), c in itertools.product(enumerate(masks), range(maps.shape[1])):
            for i, j in zip(*np.nonzero(mask), strict=True):
                weight = math.sqrt(alpha[i][j]) if spatial else 1.0
                result[b, r, c] += weight * one[c, i, j] * (beta[c] if channel else 1.0)
    return result


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_saliency_is_its_formula(shape, scale):
    maps = random_maps(*shape, seed=1) * np.float32(scale)
    for one, places, weights in zip(maps, saliency.spatial(maps), saliency.channels(maps), strict=True):
        np.testing.assert_allclose(places, slow_spatial(one), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(weights, slow_channels(one), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saliency_keeps_its_type_and_torch_agrees(dtype):
    maps = random_maps(5, 4).astype(dtype)
    for weights in (saliency.spatial, saliency.channels):
        assert weights(maps).dtype == dtype
        np.testing.assert_allclose(weights(torch.from_numpy(maps)), weights(maps), rtol=1e-5, atol=1e-6)


def test_saliency_of_a_silent_map_is_zero_and_its_channels_weigh_alike():
    silent = np.zeros((1, 5, 3, 4), np.float32)
    assert (saliency.spatial(silent) == 0).all()
    np.testing.assert_allclose(saliency.channels(silent), math.log(5), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-15, 1e-12, 1e12, 1e15])
def test_spatial_saliency_does_not_know_of_scale(scale):
    maps = random_maps(5, 4)
    np.testing.assert_allclose(saliency.spatial(maps * np.float32(scale)), saliency.spatial(maps), rtol=1e-5)


def test_gradients_of_spatial_saliency_are_finite_and_gentle_where_all_is_zero():
    maps = torch.zeros(2, 4, 3, 5)
    maps[1, :, 0] = 1
    maps.requires_grad_(True)
    (saliency.spatial(maps) * torch.rand(3, 5, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert torch.isfinite(maps.grad).all()
    assert (maps.grad.abs() < 10).all()
    assert (maps.grad[1] != 0).any()


def test_gradient_of_spatial_saliency_is_that_of_its_formula():
    maps = torch.rand(2, 3, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    assert torch.autograd.gradcheck(saliency.spatial, maps.requires_grad_(True))


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_crow_is_its_formula(shape, scale, way):
    maps, masks = random_maps(*shape, seed=2) * np.float32(scale), random_masks(*shape)
    same(crow(maps, masks, spatial=way[0], channel=way[1]), slow_crow(maps, masks, *way))


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_crow_keeps_its_promises(shape, way):
    pool = functools.partial(crow, spatial=way[0], channel=way[1])
    keeps_its_promises(pool, random_maps(*shape, seed=3), random_masks(*shape, seed=3))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_gradients_of_crow(way):
    pool = functools.partial(crow, spatial=way[0], channel=way[1])
    gradients_are_finite(pool)
    maps = torch.rand(2, 3, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    masks = torch.from_numpy(random_masks(4, 3))
    assert torch.autograd.gradcheck(lambda m: pool(m, masks), maps.requires_grad_(True))


@pytest.mark.parametrize("of", [saliency.spatial, saliency.channels])
def test_maps_that_are_negative_in_places_are_refused_with_advice(of):
    maps = random_maps(4, 5)
    maps[1, 2, 3, 3] = -0.1
    with pytest.raises(BadRecipe, match="say relu = true"):
        of(maps)
