"""The three activation functions are their formulas, finite anywhere, and start from the data as they say."""

import math

import numpy as np
import pytest
import torch

from resight import methods
from resight.errors import BadRecipe
from resight.poolings import _activations
from support.maps import (
    SIZES,
    as_torch,
    gradients_are_finite,
    in_loops,
    keeps_its_promises,
    of_channels,
    random_maps,
    random_masks,
    same,
)

NAMES = ["sinh", "exp", "weibull"]
PARAMETERS = {
    "sinh": {"a": 0.7, "b": 1.3},
    "exp": {"a": 0.4, "b": 0.9},
    "weibull": {"a": 1.7, "g": 0.8, "h": 2.6, "d": 1.4},
}
SLOW = {
    "sinh": lambda x, a, b: a * math.sinh(b * max(x, 0)),
    "exp": lambda x, a, b: a * (math.exp(b * max(x, 0)) - 1),
    "weibull": lambda x, a, g, h, d: a * (max(x, 0) / g) ** (h - 1) * math.exp(-((max(x, 0) / g) ** d)),
}


def pool_of(name):
    return getattr(methods.module("poolings", name), name)


def fit_of(name, samples):
    return methods.find("poolings", name).fit(samples)


def given(name):
    return {key: np.float32([value]) for key, value in PARAMETERS[name].items()}


def slow_means(name, maps, masks, parameters):
    exact = {key: float(value[0]) for key, value in parameters.items()}
    of_values = of_channels(lambda values: sum(SLOW[name](x, **exact) for x in values) / len(values))
    return in_loops(maps, masks, of_values)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_its_formula(name, size):
    maps, masks = random_maps(*size), random_masks(*size)
    expected = slow_means(name, maps, masks, given(name))
    # an activation of zero is not quite nothing to the Weibull curve
    np.testing.assert_allclose(pool_of(name)(maps, masks, given(name)), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1e4])
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_to_other_scales_gives_the_formula_at_them(name, scale):
    maps, masks = random_maps(7, 8) * np.float32(scale), random_masks(7, 8)
    parameters = fit_of(name, [(maps[:1], masks), (maps[1:], masks)])
    same(pool_of(name)(maps, masks, parameters), slow_means(name, maps, masks, parameters))


@pytest.mark.parametrize("name", NAMES)
def test_negative_activations_are_zeros(name):
    maps, masks = np.random.default_rng(2).normal(size=(2, 6, 5, 4)).astype(np.float32), random_masks(5, 4)
    clipped = pool_of(name)(np.maximum(maps, 0), masks, given(name))
    np.testing.assert_array_equal(pool_of(name)(maps, masks, given(name)), clipped)


def test_the_peak_of_weibull_is_where_it_says():
    g, h, d = (float(given("weibull")[key][0]) for key in "ghd")
    peak = g * ((h - 1) / d) ** (1 / d)
    ladder = np.float32([0.8 * peak, 0.98 * peak, peak, 1.02 * peak, 1.25 * peak]).reshape(5, 1, 1, 1)
    heights = pool_of("weibull")(ladder, np.ones((1, 1, 1), bool), given("weibull")).ravel()
    assert heights[0] < heights[1] < heights[2] > heights[3] > heights[4]


# The fit


def photos(scale=1.0):
    chance = np.random.default_rng(4)
    return [
        (scale * np.maximum(chance.gamma(0.5, size=(1, 6, 9, 8 + i)) - 0.2, 0).astype(np.float32), None)
        for i in range(20)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_start_is_as_written(name):
    every = np.concatenate([maps.ravel() for maps, _ in photos()]).astype(np.float64)
    strong = np.quantile(every, 0.999)
    parameters = fit_of(name, iter(photos()))
    assert all(value.shape == (1,) and value.dtype == np.float32 for value in parameters.values())
    found = {key: float(value[0]) for key, value in parameters.items()}
    if name == "weibull":
        assert found["g"] == pytest.approx(strong / 2, rel=1e-5)
        assert (found["h"], found["d"]) == (3, 1)
    else:
        assert found["b"] == pytest.approx(3 / strong, rel=1e-5)
    activated = np.mean([SLOW[name](x, **found) for x in every])
    assert activated == pytest.approx(every.mean(), rel=1e-5)


def test_the_sample_is_bounded_the_same_again_and_drawn_from_all_photos(monkeypatch):
    monkeypatch.setattr(_activations, "MOST", 5000)
    levels = [(np.full((1, 4, 25, 20), i, np.float32), None) for i in range(10)]
    values = _activations.sample(iter(levels))
    assert values.shape == (5000,)
    shares = [(values == i).mean() for i in range(10)]
    np.testing.assert_allclose(shares, 0.1, atol=0.02)
    np.testing.assert_array_equal(values, _activations.sample(iter(levels)))


@pytest.mark.parametrize(
    "samples",
    [
        [(np.zeros((1, 6, 3, 4), np.float32), None)],
        [(np.full((1, 6, 1, 1), -2, np.float32), None)],
        [(np.full((1, 6, 1, 1), 0.5, np.float32), None)],
        [(np.full((1, 6, 3, 4), 1e4, np.float32), None)] * 3,
        [(np.eye(50, dtype=np.float32)[None, :1] * [[[[1]]] + [[[0]]] * 5][0], None)],
        [(np.full((1, 6, 3, 4), 1e-30, np.float32), None)],
    ],
    ids=["zeros", "negative", "one cell", "alike", "seldom", "next to nothing"],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_on_little_is_finite(name, samples):
    parameters = fit_of(name, iter(samples))
    assert all(np.isfinite(value).all() and (value > 0).all() for value in parameters.values())
    maps, masks = random_maps(3, 4), random_masks(3, 4)
    assert np.isfinite(pool_of(name)(maps, masks, parameters)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_on_nothing_is_refused(name):
    with pytest.raises(BadRecipe, match="at least one photo"):
        fit_of(name, iter([]))


# Promises and derivatives


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_promises(name, size):
    keeps_its_promises(pool_of(name), random_maps(*size), random_masks(*size), given(name))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_finite(name):
    gradients_are_finite(lambda maps, masks: pool_of(name)(maps, masks, as_torch(given(name))))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("sinh", {}),
        ("exp", {}),
        ("weibull", {}),
        ("weibull", {"h": 9.0, "d": 7.0}),
        ("weibull", {"h": 1.001, "d": 0.05}),
        ("weibull", {"g": 1e-6, "d": 9.0}),
        ("weibull", {"h": 30.0, "d": 0.05}),
    ],
)
def test_values_and_gradients_are_finite_far_from_where_the_fit_was(name, other):
    parameters = as_torch(given(name) | {key: np.float32([value]) for key, value in other.items()})
    parameters = {key: value.requires_grad_(True) for key, value in parameters.items()}
    levels = torch.tensor([-1e4, 0, 1e-30, 1e-6, 1, 1e2, 1e4, 1e30]).reshape(-1, 1, 1, 1).requires_grad_(True)
    vectors = pool_of(name)(levels, torch.ones(1, 1, 1, dtype=torch.bool), parameters)
    assert torch.isfinite(vectors).all()
    assert torch.isfinite(vectors * vectors).all()  # as a length needs it
    vectors.sum().backward()
    assert torch.isfinite(levels.grad).all()
    assert all(torch.isfinite(value.grad).all() for value in parameters.values())


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_formula(name):
    maps = torch.from_numpy(np.random.default_rng(1).uniform(0.1, 2, (2, 3, 2, 3))).requires_grad_(True)
    masks = torch.from_numpy(random_masks(2, 3, count=2))
    keys = list(PARAMETERS[name])
    scalars = [torch.tensor([PARAMETERS[name][key]], dtype=torch.float64, requires_grad=True) for key in keys]

    def pool(maps, *scalars):
        return pool_of(name)(maps, masks, dict(zip(keys, scalars, strict=True)))

    assert torch.autograd.gradcheck(pool, (maps, *scalars))
