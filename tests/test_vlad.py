"""VLAD against eq. 1 in float64 loops, and its fit."""

import functools

import numpy as np
import pytest
import torch

from resight.errors import BadRecipe, BadSetting
from resight.poolings._assignment import hard
from resight.poolings._unit_columns import unit, unit_columns
from resight.poolings.vlad import fit, vlad
from support.maps import (
    SCALES,
    SIZES,
    as_torch,
    gradients_are_finite,
    in_loops,
    keeps_its_promises,
    photos,
    random_maps,
    random_masks,
    same,
)

NORMS = ["intra", "signed-root"]


@functools.cache
def fitted(k: int = 5) -> dict:
    return fit(iter(photos()), k=k)


def scaled(vector: np.ndarray) -> np.ndarray:
    length = np.sqrt((vector * vector).sum())
    return vector / length if length > 1e-12 else vector


def slow_vlad(centres: np.ndarray, norm: str):
    centres = centres.astype(np.float64)

    def of_region(columns: list) -> np.ndarray:
        sums = np.zeros_like(centres)
        for column in map(scaled, columns):
            nearest = min(range(len(centres)), key=lambda i: ((column - centres[i]) ** 2).sum())
            sums[nearest] += column - centres[nearest]
        for i in range(len(sums)):
            sums[i] = scaled(sums[i]) if norm == "intra" else np.sign(sums[i]) * np.sqrt(np.abs(sums[i]))
        return scaled(sums.ravel())

    return of_region


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_vlad_is_its_formula(shape, scale, norm):
    maps, masks = random_maps(*shape, seed=1) * np.float32(scale), random_masks(*shape)
    vectors = vlad(maps, masks, fitted(), norm=norm)
    assert vectors.shape == (2, 4, 5 * 6)
    same(vectors, in_loops(maps, masks, slow_vlad(fitted()["centres"], norm)), 2e-5)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_vlad_keeps_its_promises(shape, norm):
    pool = functools.partial(vlad, norm=norm)
    keeps_its_promises(pool, random_maps(*shape, seed=2), random_masks(*shape, seed=2), fitted())


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_of_vlad(norm):
    gradients_are_finite(lambda maps, masks: vlad(maps, masks, as_torch(fitted()), norm=norm))
    maps = torch.rand(1, 6, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    masks = torch.from_numpy(random_masks(3, 4))
    given = as_torch(fitted(), torch.float64)
    assert torch.autograd.gradcheck(lambda m: vlad(m, masks, given, norm=norm), maps.requires_grad_(True))


def test_a_column_is_assigned_once_and_to_its_nearest_centre():
    columns, centres = unit_columns(random_maps(7, 8)), fitted()["centres"]
    assigned = hard(columns, centres)
    assert (assigned.sum(axis=2) == 1).all()
    away = ((columns[:, :, None] - centres) ** 2).sum(axis=3)
    np.testing.assert_array_equal(assigned.argmax(axis=2), away.argmin(axis=2))


@pytest.mark.parametrize("norm", NORMS)
def test_columns_that_are_a_centre_but_for_rounding_give_nothing(norm):
    colour = np.random.default_rng(0).random(6).astype(np.float32) + 0.1
    flat = np.broadcast_to(colour[:, None, None], (1, 6, 9, 7)) * np.float32(1 / 3)
    masks = np.ones((1, 9, 7), bool)
    centres = np.stack([colour / np.linalg.norm(colour), np.zeros(6, np.float32)])
    assert (vlad(flat, masks, {"centres": centres}, norm=norm) == 0).all()


def test_small_differences_that_are_no_rounding_are_kept():
    centre = np.full(6, 6**-0.5, np.float32)
    centre[0] += 1e-3
    flat = np.ones((1, 6, 9, 7), np.float32)
    vector = vlad(flat, np.ones((1, 9, 7), bool), {"centres": centre[None]})[0, 0]
    np.testing.assert_allclose(vector, [-1, 0, 0, 0, 0, 0], atol=2e-3)


def test_unit_length_and_its_slope_at_zero():
    rows = torch.tensor([[3e4, -4e4], [3e-7, 4e-7], [0, 0], [3e-13, 4e-13]]).requires_grad_(True)
    scaled_rows = unit(rows)
    expected = [[0.6, -0.8], [0.6, 0.8], [0, 0], [0.3, 0.4]]
    np.testing.assert_allclose(scaled_rows.detach(), expected, rtol=1e-5)
    scaled_rows.sum().backward()
    np.testing.assert_array_equal(rows.grad[2], [1, 1])
    assert torch.isfinite(rows.grad).all()
    np.testing.assert_allclose(unit(np.array([[3, 5], [4, 12]]), axis=-2), [[0.6, 5 / 13], [0.8, 12 / 13]])


def test_an_unknown_norm_is_refused():
    maps, masks = random_maps(2, 2), random_masks(2, 2)
    with pytest.raises(BadSetting, match=r"'norm' is one of intra, signed-root, not 'l1'\.$"):
        vlad(maps, masks, fitted(), norm="l1")


# The fit


def test_a_fit_is_kmeans_on_unit_columns_inside_the_regions():
    maps, masks = random_maps(4, 5, 9, count=1), np.zeros((2, 4, 5), bool)
    masks[0, 0, :2], masks[1, 3, 1:3] = True, True
    found = fit(iter([(maps, masks)]), k=4)["centres"]
    wanted = [scaled(maps[0, :, i, j].astype(np.float64)) for i, j in ((0, 0), (0, 1), (3, 1), (3, 2))]
    away = np.linalg.norm(found[:, None] - np.array(wanted), axis=2)
    assert sorted(away.argmin(axis=1)) == [0, 1, 2, 3]
    assert away.min(axis=1).max() < 1e-5


def test_fits_on_equal_samples_agree():
    one, again, other = fit(iter(photos())), fit(iter(photos())), fit(iter(photos()), seed=1)
    assert one["centres"].shape == (100, 6)
    assert one["centres"].dtype == np.float32
    np.testing.assert_array_equal(one["centres"], again["centres"])
    assert (one["centres"] != other["centres"]).any()


FEW = {
    "one": photos(1, 1, 1),
    "two": photos(2, 1, 2),
    "silent": [(np.zeros((1, 6, 3, 3), np.float32), np.ones((1, 3, 3), bool))] * 2,
    "alike": [(np.full((1, 6, 3, 3), 0.7, np.float32), np.ones((1, 3, 3), bool))] * 3,
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("few", FEW)
def test_fewer_distinct_columns_than_words(few, norm):
    given = fit(iter(FEW[few]), k=20)
    assert given["centres"].shape == (20, 6)
    assert np.isfinite(given["centres"]).all()
    pool = functools.partial(vlad, norm=norm)
    maps, masks = random_maps(5, 4, 7), random_masks(5, 4)
    keeps_its_promises(pool, maps, masks, given)
    vectors = pool(maps, masks, given).reshape(2, 4, 20, 6)
    distinct = len(np.unique(np.concatenate([unit_columns(one)[0] for one, _ in FEW[few]]).round(4), axis=0))
    assert (np.abs(vectors).sum(axis=(0, 1, 3)) > 0).sum() <= distinct
    assert (vectors[:, 0] != 0).any()


def test_a_fit_needs_a_photo():
    with pytest.raises(BadRecipe, match="at least one photo"):
        fit(iter([]))
