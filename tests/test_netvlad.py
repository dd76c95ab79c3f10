"""NetVLAD, of columns and of local maxima, against eqs. 2-4 in float64 loops, and its fit."""

import functools
import itertools
import math

import numpy as np
import pytest
import torch

from resight.errors import BadRecipe, BadSetting
from resight.poolings import multiscale_netvlad as multiscale
from resight.poolings import netvlad as single
from resight.poolings._assignment import soft
from resight.poolings._unit_columns import unit_columns
from resight.poolings.multiscale_netvlad import multiscale_netvlad
from resight.poolings.netvlad import netvlad
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

INTRA = ["cluster", "channel"]
WINDOWS = ["2+3", "2", "3", "1+2+3", "1", "5+2"]
METHODS = {"netvlad": (netvlad, single.fit), "multiscale": (multiscale_netvlad, multiscale.fit)}


@functools.cache
def fitted(name: str = "netvlad", k: int = 5) -> dict:
    return METHODS[name][1](iter(photos()), k=k)


def scaled(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.sqrt((vector * vector).sum()), 1e-12)


def slow_netvlad(parameters: dict, intra_norm: str):
    centres, weights, biases = (
        parameters[name].astype(np.float64) for name in ("centres", "weights", "biases")
    )

    def of_region(columns: list) -> np.ndarray:
        sums = np.zeros_like(centres)
        for column in map(scaled, columns):
            scores = [float(w @ column + b) for w, b in zip(weights, biases, strict=True)]
            powers = [math.exp(score - max(scores)) for score in scores]
            for i in range(len(centres)):
                sums[i] += powers[i] / sum(powers) * (column - centres[i])
        if intra_norm == "cluster":
            sums = np.array([scaled(row) for row in sums])
        else:
            sums = np.array([scaled(row) for row in sums.T]).T
        return scaled(sums.ravel())

    return of_region


def windows_of(height: int, width: int, size: int) -> list[list[tuple[int, int]]]:
    """The cells of each window, as (row, column)."""
    down, across = min(size, height), min(size, width)
    return [
        list(itertools.product(range(i, i + down), range(j, j + across)))
        for i in range(height - down + 1)
        for j in range(width - across + 1)
    ]


def slow_multiscale(maps: np.ndarray, masks: np.ndarray, parameters: dict, windows: str, intra_norm: str):
    result = np.zeros((len(maps), len(masks), parameters["centres"].size))
    of_region = slow_netvlad(parameters, intra_norm)
    for (b, one), (r, mask) in itertools.product(enumerate(maps.astype(np.float64)), enumerate(masks)):
        columns = []
        for size in map(int, windows.split("+")):
            every = windows_of(*mask.shape, size)
            chosen = [cells for cells in every if all(mask[cell] for cell in cells)]
            chosen = chosen or [cells for cells in every if any(mask[cell] for cell in cells)]
            columns += [np.array([max(c[cell] for cell in cells) for c in one]) for cells in chosen]
        result[b, r] = of_region(columns)
    return result


@pytest.mark.parametrize("intra_norm", INTRA)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_netvlad_is_its_formula(shape, scale, intra_norm):
    maps, masks = random_maps(*shape, seed=1) * np.float32(scale), random_masks(*shape)
    vectors = netvlad(maps, masks, fitted(), intra_norm=intra_norm)
    assert vectors.shape == (2, 4, 5 * 6)
    same(vectors, in_loops(maps, masks, slow_netvlad(fitted(), intra_norm)), 2e-5)


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("intra_norm", INTRA)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_multiscale_is_its_formula(shape, intra_norm, windows):
    maps, masks = random_maps(*shape, seed=2), random_masks(*shape)
    masks[1:, : shape[0] // 2, : shape[1] // 2 + 1] = True  # some windows lie inside
    masks[-1] = False
    masks[-1, -1, -1] = True  # here none
    given = fitted("multiscale")
    vectors = multiscale_netvlad(maps, masks, given, windows=windows, intra_norm=intra_norm)
    same(vectors, slow_multiscale(maps, masks, given, windows, intra_norm), 2e-5)


@pytest.mark.parametrize("scale", SCALES)
def test_multiscale_is_its_formula_at_any_scale(scale):
    maps, masks = random_maps(5, 7, seed=3) * np.float32(scale), random_masks(5, 7)
    given = fitted("multiscale")
    expected = slow_multiscale(maps, masks, given, "2+3", "cluster")
    same(multiscale_netvlad(maps, masks, given), expected, 2e-5)


def test_the_windows_of_the_paper():
    maps = random_maps(6, 5, count=1)
    columns, members = multiscale._pooled(maps, np.ones((1, 6, 5), bool), "2+3")
    assert columns.shape == (1, 5 * 4 + 4 * 3, 6)
    assert members.all()
    by_torch = [torch.nn.functional.max_pool2d(torch.from_numpy(maps.copy()), size, 1) for size in (2, 3)]
    expected = torch.cat([each.flatten(2) for each in by_torch], dim=2).transpose(1, 2)
    np.testing.assert_allclose(columns, torch.nn.functional.normalize(expected, dim=2), rtol=1e-5)


def test_windows_of_one_cell_are_plain_netvlad():
    maps, masks = random_maps(6, 5), random_masks(6, 5)
    np.testing.assert_array_equal(
        multiscale_netvlad(maps, masks, fitted(), windows="1"), netvlad(maps, masks, fitted())
    )


@pytest.mark.parametrize("intra_norm", INTRA)
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_promises_are_kept(shape, name, intra_norm):
    pool = functools.partial(METHODS[name][0], intra_norm=intra_norm)
    keeps_its_promises(pool, random_maps(*shape, seed=4), random_masks(*shape, seed=4), fitted(name))


@pytest.mark.parametrize("intra_norm", INTRA)
@pytest.mark.parametrize("name", METHODS)
def test_gradients(name, intra_norm):
    pool = functools.partial(METHODS[name][0], intra_norm=intra_norm)
    gradients_are_finite(lambda maps, masks: pool(maps, masks, as_torch(fitted(name))))
    maps = torch.rand(1, 6, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    masks = torch.from_numpy(random_masks(3, 4))[:2]
    given = as_torch(fitted(name, k=3), torch.float64)
    names = ("centres", "weights", "biases")
    free = [maps.requires_grad_(True), *(given[name].requires_grad_(True) for name in names)]
    assert torch.autograd.gradcheck(lambda m, *p: pool(m, masks, dict(zip(names, p, strict=True))), free)


def test_gradients_of_parameters_are_finite_at_a_map_of_zeros():
    given = {key: value.requires_grad_(True) for key, value in as_torch(fitted()).items()}
    netvlad(torch.zeros(1, 6, 3, 4), torch.ones(1, 3, 4, dtype=torch.bool), given).sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in given.values())


def test_assignments_of_any_sharpness_are_finite():
    columns, given = unit_columns(random_maps(5, 4)), fitted()
    for sharper in (1e-3, 1, 1e3, 1e6):
        shares = soft(columns, given["weights"] * np.float32(sharper), given["biases"] * np.float32(sharper))
        np.testing.assert_allclose(shares.sum(axis=2), 1, rtol=1e-5)


def test_columns_that_are_a_centre_but_for_rounding_give_nothing():
    colour = np.random.default_rng(0).random(6).astype(np.float32) + 0.1
    flat = np.broadcast_to(colour[:, None, None], (1, 6, 9, 7)) * np.float32(1 / 3)
    centre = (colour / np.linalg.norm(colour))[None]
    given = {"centres": centre, "weights": 2 * centre, "biases": -np.ones(1, np.float32)}
    assert (netvlad(flat, np.ones((1, 9, 7), bool), given) == 0).all()


@pytest.mark.parametrize("pool", [netvlad, multiscale_netvlad])
def test_an_unknown_norm_is_refused(pool):
    with pytest.raises(BadSetting, match=r"'intra_norm' is one of cluster, channel, not 'word'\.$"):
        pool(random_maps(2, 2), random_masks(2, 2), fitted(), intra_norm="word")


@pytest.mark.parametrize("windows", ["", "2+", "0", "2+0", "a", "-1", "2,3", "1.5", " 2", "²"])
def test_unknown_windows_are_refused(windows):
    with pytest.raises(BadSetting, match=r"joined by '\+', as in '2\+3', not"):
        multiscale_netvlad(random_maps(2, 2), random_masks(2, 2), fitted(), windows=windows)
    with pytest.raises(BadSetting, match="joined by"):
        multiscale.fit(iter(photos(1)), windows=windows)


# The fit


def test_a_fit_makes_the_nearest_centre_a_hundred_times_the_second():
    given = single.fit(iter(photos(20)), k=8)
    columns = np.concatenate([unit_columns(maps) for maps, _ in photos(20)], axis=1).astype(np.float64)
    shares = np.sort(soft(columns, given["weights"].astype(float), given["biases"].astype(float)), axis=2)
    assert np.exp(np.log(shares[..., -1] / shares[..., -2]).mean()) == pytest.approx(100, rel=1e-3)


def test_parameters_follow_from_the_centres():
    given = fitted()
    centres = given["centres"].astype(np.float64)
    sharpness = given["weights"][0, 0] / (2 * centres[0, 0])
    np.testing.assert_allclose(given["weights"], 2 * sharpness * centres, rtol=1e-5)
    np.testing.assert_allclose(given["biases"], -sharpness * (centres**2).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_fits_on_equal_samples_agree(name):
    fit = METHODS[name][1]
    one, again, other = fit(iter(photos())), fit(iter(photos())), fit(iter(photos()), seed=1)
    assert {key: value.shape for key, value in one.items()} == {
        "centres": (64, 6), "weights": (64, 6), "biases": (64,)
    }  # fmt: skip
    for key in one:
        assert one[key].dtype == np.float32
        np.testing.assert_array_equal(one[key], again[key])
    assert (one["centres"] != other["centres"]).any()


def test_multiscale_is_fitted_on_the_columns_of_all_windows_inside_the_regions():
    maps, masks = random_maps(4, 4, 5, count=1), np.zeros((1, 4, 4), bool)
    masks[0, 1:, 1:] = True
    found = multiscale.fit(iter([(maps, masks)]), k=5)["centres"]
    every = windows_of(4, 4, 2) + windows_of(4, 4, 3)
    inside = [cells for cells in every if all(masks[0][cell] for cell in cells)]
    wanted = [scaled(np.array([max(float(c[cell]) for cell in cells) for c in maps[0]])) for cells in inside]
    away = np.linalg.norm(found[:, None] - np.array(wanted), axis=2)
    assert sorted(away.argmin(axis=1)) == [0, 1, 2, 3, 4]
    assert away.min(axis=1).max() < 1e-5


FEW = {
    "one": photos(1, 1, 1),
    "two": photos(2, 1, 2),
    "silent": [(np.zeros((1, 6, 3, 3), np.float32), np.ones((1, 3, 3), bool))] * 2,
    "alike": [(np.full((1, 6, 3, 3), 0.7, np.float32), np.ones((1, 3, 3), bool))] * 3,
}


@pytest.mark.parametrize("intra_norm", INTRA)
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("few", FEW)
def test_fewer_distinct_columns_than_words(few, name, intra_norm):
    given = METHODS[name][1](iter(FEW[few]), k=20)
    assert all(np.isfinite(value).all() and value.dtype == np.float32 for value in given.values())
    pool = functools.partial(METHODS[name][0], intra_norm=intra_norm)
    maps, masks = random_maps(5, 4, 7), random_masks(5, 4)
    keeps_its_promises(pool, maps, masks, given)
    vectors = pool(maps, masks, given).reshape(2, 4, 20, 6)
    distinct = sum(maps.shape[2] * maps.shape[3] for maps, _ in FEW[few]) if few in ("one", "two") else 1
    assert 1 <= (np.abs(vectors).sum(axis=(0, 1, 3)) > 0).sum() <= distinct


@pytest.mark.parametrize("name", METHODS)
def test_a_fit_needs_a_photo(name):
    with pytest.raises(BadRecipe, match="at least one photo"):
        METHODS[name][1](iter([]))
