"""SPoC and the two GeM are their formulas, in loops and float64."""

import math

import numpy as np
import pytest
import torch

from resight import methods
from resight.errors import BadRecipe, BadSetting
from resight.poolings import gem_channels as per_channel
from resight.poolings.gem import gem
from resight.poolings.gem_channels import gem_channels
from resight.poolings.spoc import spoc
from support.maps import (
    SCALES,
    SIZES,
    as_torch,
    gradients_are_finite,
    in_loops,
    keeps_its_promises,
    of_channels,
    random_maps,
    random_masks,
    same,
)  # fmt: skip

EXPONENTS = {"p": np.float32([1, 2.5, 3, 4, 7, 0.5])}


def with_prior(maps, masks):
    """Cells are squares of side 1, from 0 to H and 0 to W."""
    height, width = masks.shape[1:]
    middle_y, middle_x = height / 2, width / 2
    spread = min(middle_y, middle_x, height - middle_y, width - middle_x) / 3
    sums = np.zeros((len(maps), len(masks), maps.shape[1]))
    for b, one in enumerate(maps.astype(np.float64)):
        for r, mask in enumerate(masks):
            for y in range(height):
                for x in range(width):
                    distance = math.hypot(y + 0.5 - middle_y, x + 0.5 - middle_x)
                    if mask[y, x]:
                        sums[b, r] += math.exp(-(distance**2) / (2 * spread**2)) * one[:, y, x]
    return sums


def mean_of_powers(p, eps=1e-6):
    return lambda values: (sum(max(value, eps) ** p for value in values) / len(values)) ** (1 / p)


# SPoC


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", SCALES)
def test_spoc_is_the_sum_of_the_cells(size, scale):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)
    same(spoc(maps, masks), in_loops(maps, masks, of_channels(sum)))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", SCALES)
def test_the_prior_weighs_cells_by_their_distance_from_the_centre(size, scale):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)
    expected = with_prior(maps, masks)
    found = spoc(maps, masks, prior=True)
    # far from the centre of a long map the weights fall below the smallest float
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-30)


def test_the_prior_by_hand():
    ones = np.ones((1, 1, 2, 4), np.float32)
    corner, middle = np.zeros((2, 2, 4), bool)
    corner[0, 0], middle[0, 1] = True, True
    both = spoc(ones, np.stack([corner, middle]), prior=True)[0, :, 0]
    # s = 1/3: the distances are (1/2, 3/2) and (1/2, 1/2)
    np.testing.assert_allclose(both, [math.exp(-2.5 * 4.5), math.exp(-0.5 * 4.5)], rtol=1e-5)
    assert spoc(np.full((1, 1, 1, 1), 3, np.float32), np.ones((1, 1, 1), bool), prior=True) == 3
    assert methods.find("poolings", "spoc:prior=true").settings == {"prior": True}


# GeM


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("p", [0.5, 1.0, 3.0, 7.0])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e4])
def test_gem_is_the_generalized_mean(size, p, scale):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)
    expected = in_loops(maps, masks, of_channels(mean_of_powers(p)))
    # a region with nothing but eps: its share of the maximum, to the power of p, is below the smallest float
    np.testing.assert_allclose(gem(maps, masks, p=p), expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e4])
def test_gem_channels_has_an_exponent_for_each_channel(size, scale):
    maps, masks = random_maps(*size) * np.float32(scale), random_masks(*size)

    def slow(columns):
        rows = np.stack(columns)
        return [mean_of_powers(float(p))(rows[:, c]) for c, p in enumerate(EXPONENTS["p"])]

    found = gem_channels(maps, masks, EXPONENTS)
    np.testing.assert_allclose(found, in_loops(maps, masks, slow), rtol=1e-5, atol=1e-5 * scale)


def test_gem_channels_starts_as_gem():
    maps, masks = random_maps(7, 5), random_masks(7, 5)
    fitted = per_channel.fit(iter([(maps[:1], masks)]), p=2.5)
    assert fitted["p"].dtype == np.float32
    np.testing.assert_array_equal(fitted["p"], [2.5] * 6)
    same(gem_channels(maps, masks, fitted), gem(maps, masks, p=2.5))
    same(gem_channels(maps, masks, fitted, eps=0.1), gem(maps, masks, p=2.5, eps=0.1))


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
@pytest.mark.parametrize("name", ["p", "eps"])
def test_an_exponent_that_is_no_number_above_zero_is_refused(bad, name):
    maps, masks = random_maps(2, 2), random_masks(2, 2)
    with pytest.raises(BadSetting, match=f"'gem' takes a number above zero for '{name}', not"):
        gem(maps, masks, **{name: bad})
    by_channel = {
        "p": lambda: per_channel.fit([(maps, masks)], p=bad),
        "eps": lambda: gem_channels(maps, masks, EXPONENTS, eps=bad),
    }
    with pytest.raises(BadSetting, match=f"'gem-channels' takes a number above zero for '{name}', not"):
        by_channel[name]()


def test_a_fit_on_nothing_is_refused():
    with pytest.raises(BadRecipe, match="at least one photo"):
        per_channel.fit(iter([]))


def test_the_extremes_of_gem_are_finite():
    maps, masks = random_maps(5, 4), random_masks(5, 4)
    maps[0], maps[1, :, 0] = 0, 1e4
    for p in (0.01, 1000.0):
        assert np.isfinite(gem(maps, masks, p=p)).all()
    assert gem(np.zeros((1, 1, 2, 2), np.float32), np.ones((1, 2, 2), bool), eps=0.25) == pytest.approx(0.25)


# Promises

POOLINGS = {
    "spoc": (spoc, None),
    "spoc with the prior": (lambda maps, masks: spoc(maps, masks, prior=True), None),
    "gem": (gem, None),
    "gem-channels": (gem_channels, EXPONENTS),
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


def test_gradients_are_those_of_the_formula(pooling):
    pool, parameters = pooling
    maps = torch.from_numpy(np.random.default_rng(1).uniform(0.1, 1, (2, 6, 3, 4))).requires_grad_(True)
    masks = torch.from_numpy(random_masks(3, 4))
    if parameters is None:
        assert torch.autograd.gradcheck(lambda m: pool(m, masks), maps)
    else:
        p = torch.from_numpy(parameters["p"]).double().requires_grad_(True)
        assert torch.autograd.gradcheck(lambda m, p: pool(m, masks, {"p": p}), (maps, p))
