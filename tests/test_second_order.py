"""First- and second-order pooling are their formulas; the logarithm against others, and its derivative."""

import math

import numpy as np
import pytest
import torch

from resight.errors import BadRecipe, BadSetting
from resight.poolings import second_order as room
from resight.poolings._logarithm import logarithm
from resight.poolings.first_order import first_order
from resight.poolings.second_order import second_order
from support.maps import (
    SCALES,
    SIZES,
    as_torch,
    gradients_are_finite,
    keeps_its_promises,
    random_maps,
    random_masks,
    same,
)

BASIS = {"basis": np.linalg.qr(np.random.default_rng(5).normal(size=(6, 6)))[0][:, :4].astype(np.float32)}


# The slow forms


def salience(one):
    """alpha (H, W) and beta (C,) of a map (C, H, W): eqs. 1 and 2."""
    channels, height, width = one.shape
    sums = [[sum(one[k, y, x] for k in range(channels)) for x in range(width)] for y in range(height)]
    length = math.sqrt(sum(value**2 for row in sums for value in row))
    alpha = [[value / length for value in row] for row in sums] if length else sums
    shares = [sum(value > 0 for value in one[k].ravel()) / (width * height) for k in range(channels)]
    beta = [math.log((channels * 1e-6 + sum(shares)) / (1e-6 + share)) for share in shares]
    return alpha, np.array(beta)


def first_slowly(one, mask, weighted):
    alpha, beta = salience(one)
    total = np.zeros(len(beta))
    for y, x in zip(*np.nonzero(mask), strict=True):
        total += (alpha[y][x] if weighted else 1) * one[:, y, x]
    return beta * total


def average(one, mask, basis):
    """G of eq. 5; without any alpha all cells weigh the same."""
    alpha, beta = salience(one)
    places = list(zip(*np.nonzero(mask), strict=True))
    weights = [alpha[y][x] for y, x in places]
    if sum(weights) == 0:
        weights = [1] * len(places)
    total = np.zeros((basis.shape[1], basis.shape[1]))
    for weight, (y, x) in zip(weights, places, strict=True):
        local = np.array([sum(basis[:, k] * beta * one[:, y, x]) for k in range(basis.shape[1])])
        total += weight * np.outer(local, local)
    return total / sum(weights)


def floored(matrix, floor):
    """Its singular values and vectors, not those of `eigh`."""
    left, values, right = np.linalg.svd((matrix + matrix.T) / 2)
    return left, np.maximum(values, max(floor * values[0], floor * 1e-24)), right


def second_slowly(one, mask, basis, floor=1e-3, off_diagonal=1.0):
    left, values, right = floored(average(one, mask, basis), floor)
    logs = left @ np.diag(np.log(values)) @ (left.T if values[0] > 1e-20 else right)
    size = len(logs)
    return [logs[i, j] * (1 if i == j else off_diagonal) for i in range(size) for j in range(i, size)]


def each(maps, masks, slow, *settings):
    return np.array([[slow(one, mask, *settings) for mask in masks] for one in maps.astype(np.float64)])


# Values


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("weighted", [True, False])
def test_first_order_is_its_formula(size, scale, weighted):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)
    same(first_order(maps, masks, weighted=weighted), each(maps, masks, first_slowly, weighted))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", SCALES)
def test_second_order_is_its_formula(size, scale):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)
    basis = BASIS["basis"].astype(np.float64)
    same(second_order(maps, masks, BASIS), each(maps, masks, second_slowly, basis))


@pytest.mark.parametrize("floor", [1e-4, 0.1, 1.0])
@pytest.mark.parametrize("scaled", [True, False])
def test_its_settings_are_those_of_the_formula(floor, scaled):
    maps, masks = random_maps(6, 7), random_masks(6, 7)
    basis = BASIS["basis"].astype(np.float64)
    found = second_order(maps, masks, BASIS, floor=floor, scale_off_diagonal=scaled)
    same(found, each(maps, masks, second_slowly, basis, floor, math.sqrt(2) if scaled else 1.0))


def test_scaled_off_diagonals_make_dot_products_those_of_matrices():
    maps, masks = random_maps(6, 7), random_masks(6, 7, count=2)
    one, other = second_order(maps, masks, BASIS, scale_off_diagonal=True)[0]
    basis = BASIS["basis"].astype(np.float64)
    logs = []
    for mask in masks:
        left, values, _ = floored(average(maps[0].astype(np.float64), mask, basis), 1e-3)
        logs.append(left @ np.diag(np.log(values)) @ left.T)
    assert float(one @ other) == pytest.approx((logs[0] * logs[1]).sum(), rel=1e-5)


def test_at_the_width_of_the_paper_it_is_the_logarithm_of_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    maps, masks = random_maps(15, 20, channels=160, count=1), random_masks(15, 20, count=3)
    parameters = room.fit([(maps, masks)])
    found = second_order(maps, masks, parameters)
    assert found.shape == (1, 3, 8256)
    beta = salience(maps[0].astype(np.float64))[1]
    columns = maps[0].reshape(160, -1).T.astype(np.float64)
    projected = (beta * columns) @ parameters["basis"].astype(np.float64)
    alpha = columns.sum(axis=1)
    for row, mask in zip(found[0], masks, strict=True):
        weights = alpha * mask.ravel() / (alpha * mask.ravel()).sum()
        left, values, _ = floored(projected.T @ (projected * weights[:, None]), 1e-3)
        logs = linalg.logm(left @ np.diag(values) @ left.T).real
        same(row, logs[np.triu_indices(128)])


def test_a_region_of_zeros_is_the_logarithm_of_next_to_nothing():
    maps = random_maps(4, 4)
    maps[0], maps[1, :, :2] = 0, 0
    masks = np.zeros((2, 4, 4), bool)
    masks[0], masks[1, :2] = True, True
    found = second_order(maps, masks, BASIS)
    basis = BASIS["basis"].astype(np.float64)
    same(found, each(maps, masks, second_slowly, basis))
    nothing = np.diag([math.log(1e-27)] * 4)[np.triu_indices(4)]
    same(found[0], np.stack([nothing, nothing]))
    same(found[1, 1], nothing)


@pytest.mark.parametrize("bad", [0.0, -1.0, 1.5, math.nan])
def test_a_floor_that_is_no_share_is_refused(bad):
    with pytest.raises(BadSetting, match="'second-order' takes a share between 0 and 1 for 'floor', not"):
        second_order(random_maps(2, 2), random_masks(2, 2), BASIS, floor=bad)


# The fit


def sums(samples):
    """Rows of eq. 3, each of unit length."""
    rows = [
        first_slowly(maps[0].astype(np.float64), mask, False) for maps, masks in samples for mask in masks
    ]
    return np.array([row / np.linalg.norm(row) for row in rows])


def photos(count, channels=6):
    return [
        (random_maps(4 + seed % 3, 5, seed, channels, 1), random_masks(4 + seed % 3, 5, seed))
        for seed in range(count)
    ]


def test_the_basis_is_that_of_the_centred_rows():
    samples = photos(40)
    basis = room.fit(iter(samples), dims=3)["basis"]
    assert basis.shape == (6, 3)
    assert basis.dtype == np.float32
    rows = sums(samples)
    axes = np.linalg.svd(rows - rows.mean(axis=0))[2][:3].T
    np.testing.assert_allclose(np.abs((basis * axes).sum(axis=0)), 1, rtol=1e-5)
    assert (basis[np.abs(basis).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize(
    "samples",
    [
        photos(1),
        [(np.ones((1, 6, 1, 1), np.float32), np.ones((1, 1, 1), bool))],
        [(np.ones((1, 6, 3, 2), np.float32), np.ones((2, 3, 2), bool))] * 5,
        [(np.zeros((1, 6, 3, 2), np.float32), np.ones((2, 3, 2), bool))],
    ],
    ids=["one photo", "one cell", "all alike", "zeros"],
)
@pytest.mark.parametrize("dims", [1, 4, 6, 128])
def test_a_fit_on_little_is_still_a_whole_basis(samples, dims):
    basis = room.fit(iter(samples), dims=dims)["basis"]
    assert basis.shape == (6, min(dims, 6))
    np.testing.assert_allclose(basis.T @ basis, np.eye(min(dims, 6)), atol=1e-6)
    width = min(dims, 6) * (min(dims, 6) + 1) // 2
    found = second_order(random_maps(3, 2), random_masks(3, 2), {"basis": basis})
    assert found.shape == (2, 4, width)
    assert np.isfinite(found).all()


def test_a_fit_without_photos_or_dimensions_is_refused():
    with pytest.raises(BadRecipe, match="at least one photo"):
        room.fit(iter([]))
    with pytest.raises(BadSetting, match="at least 1 for 'dims', not 0"):
        room.fit(photos(1), dims=0)


# Promises and derivatives

POOLINGS = {
    "eq. 9": (first_order, None),
    "eq. 3": (lambda maps, masks: first_order(maps, masks, weighted=False), None),
    "eq. 5": (second_order, BASIS),
}


@pytest.fixture(params=POOLINGS.values(), ids=POOLINGS.keys())
def pooling(request):
    return request.param


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_promises(pooling, size):
    keeps_its_promises(pooling[0], random_maps(*size), random_masks(*size), pooling[1])


def test_gradients_are_finite(pooling):
    pool, parameters = pooling
    given = [as_torch(parameters)] if parameters else []
    gradients_are_finite(lambda maps, masks: pool(maps, masks, *given))


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (3, 4)], ids=str)
def test_gradients_are_those_of_the_formula(pooling, size):
    """On regions of fewer cells than dimensions too, whose matrices have many equal eigenvalues."""
    pool, parameters = pooling
    # activations above zero: channel weights only change with which are
    maps = torch.from_numpy(np.random.default_rng(1).uniform(0.2, 1, (2, 6, *size))).requires_grad_(True)
    masks = torch.from_numpy(random_masks(*size, count=3))
    if parameters is None:
        assert torch.autograd.gradcheck(lambda m: pool(m, masks), maps)
    else:
        basis = torch.from_numpy(parameters["basis"]).double().requires_grad_(True)
        assert torch.autograd.gradcheck(lambda m, b: pool(m * m, masks, {"basis": b}), (maps, basis))


def symmetric(values):
    axes = np.linalg.qr(np.random.default_rng(8).normal(size=(len(values), len(values))))[0]
    return torch.from_numpy(axes @ np.diag(values) @ axes.T)


@pytest.mark.parametrize(
    "values",
    [
        [4.0, 2.0, 1.0, 0.5],
        [1.0, 0.3, 0.3, 0.3],
        [1.0, 0.5, 0.5 + 1e-9, 0.02],
        [1.0, 0.55, 0.45, 0.05],
        [3.0, 1.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 0.0],
        [2.0, 0.5, 1e-3, 1e-3],
    ],
    ids=str,
)
def test_the_derivative_of_the_logarithm_is_right_where_eigenvalues_are_equal(values):
    matrix = symmetric(values).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda m: logarithm((m + m.T) / 2, 0.01), matrix)


def test_the_logarithm_is_the_same_with_a_derivative_and_without():
    matrix = symmetric([3.0, 1.0, 0.4, 0.0])
    plain = logarithm(matrix, 0.01)
    torch.testing.assert_close(logarithm(matrix.clone().requires_grad_(True), 0.01).detach(), plain)
    torch.testing.assert_close(torch.matrix_exp(plain), symmetric([3.0, 1.0, 0.4, 0.03]))
