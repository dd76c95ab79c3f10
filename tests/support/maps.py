"""Random feature maps and regions on them, for the tests of poolings."""

import numpy as np
import torch

SIZES = [(1, 1), (1, 7), (6, 1), (5, 3), (4, 6), (7, 8)]
SCALES = [1e-6, 1e-2, 1.0, 1e4]


def random_maps(height: int, width: int, seed: int = 0, channels: int = 6, count: int = 2) -> np.ndarray:
    """(count, channels, H, W) float32, channels last in memory; half of the cells are zero, and channel 3."""
    values = np.random.default_rng(seed).normal(size=(count, height, width, channels))
    values[..., 3] = 0
    return np.maximum(values, 0).astype(np.float32).transpose(0, 3, 1, 2)


def random_masks(height: int, width: int, seed: int = 0, count: int = 4) -> np.ndarray:
    """(count, H, W): the whole map first, then any cells, at least one."""
    chance = np.random.default_rng(seed + 100)
    masks = chance.random((count, height, width)) < 0.4
    for mask in masks:
        mask[chance.integers(height), chance.integers(width)] = True
    masks[0] = True
    return masks


def photos(count: int = 6, height: int = 5, width: int = 4, channels: int = 6, seed: int = 50) -> list:
    """Samples of a fit: so many maps, each with the whole of it as its region."""
    whole = np.ones((1, height, width), bool)
    return [(random_maps(height, width, seed + i, channels, 1), whole) for i in range(count)]


def in_loops(maps: np.ndarray, masks: np.ndarray, of_region) -> np.ndarray:
    """`of_region(columns)` of each photo and region, (B, R, D) float64; columns are lists of (C,) arrays."""
    height, width = masks.shape[1:]
    return np.array([
        [
            of_region([one[:, i, j] for i in range(height) for j in range(width) if mask[i, j]])
            for mask in masks
        ]
        for one in maps.astype(np.float64)
    ])  # fmt: skip


def of_channels(of_values):
    """A function of the values of one channel, for each channel."""
    return lambda columns: [of_values([column[c] for column in columns]) for c in range(len(columns[0]))]


def same(ones, others: np.ndarray, tolerance: float = 1e-5) -> None:
    """Vector by vector, relative to the length of each."""
    ones, others = np.asarray(ones, dtype=np.float64), np.asarray(others, dtype=np.float64)
    assert ones.shape == others.shape
    assert np.isfinite(ones).all()
    lengths = np.linalg.norm(others, axis=-1)
    assert (np.linalg.norm(ones - others, axis=-1) <= tolerance * lengths).all()


def as_torch(parameters: dict, dtype=torch.float32) -> dict:
    return {key: torch.from_numpy(value).to(dtype) for key, value in parameters.items()}


def keeps_its_promises(pool, maps: np.ndarray, masks: np.ndarray, parameters: dict | None = None) -> None:
    """Torch equals NumPy, a batch its photos one by one, types are kept and inputs stay as they were."""
    given = () if parameters is None else (parameters,)
    before, expected = maps.copy(), pool(maps, masks, *given)
    assert expected.dtype == maps.dtype
    assert expected.shape[:2] == (len(maps), len(masks))
    for one, row in zip(maps, expected, strict=True):
        same(pool(one[None], masks, *given), row[None])
    given = () if parameters is None else (as_torch(parameters),)
    by_torch = pool(torch.from_numpy(maps), torch.from_numpy(masks), *given)
    assert isinstance(by_torch, torch.Tensor)
    assert by_torch.dtype == torch.float32
    same(by_torch.numpy(), expected)
    wide = pool(torch.from_numpy(maps.astype(np.float64)), torch.from_numpy(masks), *given)
    assert wide.dtype == torch.float64
    np.testing.assert_array_equal(maps, before)


def gradients_are_finite(pool, channels: int = 6) -> None:
    """At a map of zeros, at one with a region of zeros, and at a very weak and a very strong one."""
    maps = torch.from_numpy(random_maps(5, 4, channels=channels, count=5).copy())
    maps[0], maps[1, :, :3] = 0, 0
    maps[2], maps[3] = maps[2] * 1e-6, maps[3] * 1e4
    masks = torch.zeros((3, 5, 4), dtype=torch.bool)
    masks[0], masks[1, :3], masks[2, 1:, 2:] = True, True, True
    maps.requires_grad_(True)
    vectors = pool(maps, masks)
    assert torch.isfinite(vectors).all()
    vectors.sum().backward()
    assert torch.isfinite(maps.grad).all()
    assert (maps.grad[4] != 0).any()
