"""Each pooling is its formula: float64, loops, straight from the paper."""

import itertools

import numpy as np
import pytest
import torch

from resight.poolings import gem as gem_file
from resight.poolings import mac as mac_file


def over_all(pooling, maps, **settings):
    """Pool the whole map."""
    whole = torch if isinstance(maps, torch.Tensor) else np
    return pooling(maps, whole.ones((1, *maps.shape[2:]), dtype=whole.bool), **settings)[:, 0]


def gem(maps, **settings):
    return over_all(gem_file.gem, maps, **settings)


def mac(maps):
    return over_all(mac_file.mac, maps)


def random_maps(seed: int) -> np.ndarray:
    """(2, 5, H, W) of any size and scale; half of the cells are zero, and so is one channel."""
    chance = np.random.default_rng(seed)
    height, width = chance.integers(1, 16, 2)
    values = np.maximum(chance.normal(size=(2, 5, height, width)), 0) * 10 ** chance.uniform(-2, 2)
    values[:, 3] = 0
    return values.astype(np.float32)


def slowly(maps: np.ndarray, of_channel) -> np.ndarray:
    result = np.zeros(maps.shape[:2])
    for b in range(maps.shape[0]):
        for c in range(maps.shape[1]):
            result[b, c] = of_channel([float(value) for row in maps[b, c] for value in row])
    return result


def largest(cells: list[float]) -> float:
    best = cells[0]
    for cell in cells:
        best = cell if cell > best else best
    return best


def generalized_mean(p: float, eps: float = 1e-6):
    def of_channel(cells: list[float]) -> float:
        total = 0.0
        for cell in cells:
            total += max(cell, eps) ** p
        return (total / len(cells)) ** (1 / p)

    return of_channel


@pytest.mark.parametrize("seed", range(20))
def test_mac_is_the_largest_cell(seed):
    maps = random_maps(seed)
    np.testing.assert_array_equal(mac(maps), slowly(maps, largest))


@pytest.mark.parametrize("p", [1.0, 2.5, 3.0, 7.0])
@pytest.mark.parametrize("seed", range(10))
def test_gem_is_the_generalized_mean(seed, p):
    maps = random_maps(seed)
    np.testing.assert_allclose(gem(maps, p=p), slowly(maps, generalized_mean(p)), rtol=1e-5)


def test_gem_raises_cells_to_eps():
    assert gem(np.zeros((1, 1, 2, 2), np.float32), eps=0.25) == pytest.approx(0.25)
    assert gem(np.full((1, 1, 2, 2), -3, np.float32)) == pytest.approx(1e-6)


def test_gem_lies_between_the_mean_and_the_maximum_for_any_power():
    maps = random_maps(3)
    maps[:, 0] *= 1e4
    few = [gem(maps, p=p) for p in (1.0, 3.0, 10.0, 50.0, 1000.0)]
    for lower, higher in itertools.pairwise(few):
        assert (lower <= higher * (1 + 1e-5)).all()
    np.testing.assert_allclose(few[0], np.maximum(maps, 1e-6).mean((2, 3)), rtol=1e-5)
    np.testing.assert_allclose(few[-1][:, 0], mac(maps)[:, 0], rtol=0.01)


@pytest.mark.parametrize("pooling", [gem, mac])
def test_gradients_are_finite_where_all_is_zero(pooling):
    maps = torch.zeros(2, 3, 4, 5)
    maps[1] = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    maps.requires_grad_(True)
    pooling(maps).sum().backward()
    assert torch.isfinite(maps.grad).all()
    assert (maps.grad[1] > 0).any()


def test_the_gradient_of_gem_is_that_of_its_formula():
    maps = torch.rand(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    assert torch.autograd.gradcheck(lambda m: gem(m, p=3.0), maps.requires_grad_(True))


def random_masks(seed: int, height: int, width: int) -> np.ndarray:
    """Rectangles that share rows, and scattered cells; none is empty."""
    chance = np.random.default_rng(seed)
    masks = np.zeros((6, height, width), bool)
    for mask in masks[:4]:
        top, left = chance.integers(0, height), chance.integers(0, width)
        mask[top : chance.integers(top, height) + 1, left : chance.integers(left, width) + 1] = True
    masks[4:] = chance.random((2, height, width)) < 0.3
    masks[4:, 0, 0] = True
    return masks


@pytest.mark.parametrize(
    ("pooling", "of_channel"), [(mac_file.mac, largest), (gem_file.gem, generalized_mean(3.0))]
)
@pytest.mark.parametrize("seed", range(10))
def test_a_region_is_pooled_over_its_cells_alone(pooling, of_channel, seed):
    maps = random_maps(seed)
    masks = random_masks(seed, *maps.shape[2:])
    found = pooling(maps, masks)
    for region, mask in enumerate(masks):
        inside = maps[:, :, mask][:, :, None, :]
        np.testing.assert_allclose(found[:, region], slowly(inside, of_channel), rtol=1e-5)
