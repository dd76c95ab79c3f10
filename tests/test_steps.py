"""Signed root, power normalisation and cut are their formulas; gradients at zero are finite."""

import math

import numpy as np
import pytest
import torch

from resight import methods
from resight.errors import BadRecipe, BadSetting
from resight.post import power as power_room
from resight.post.cut import cut
from resight.post.power import power
from resight.post.signed_root import signed_root

SCALE = {"scale": np.float32([0.5, 2, 1, 3, 0.1, 7])}


def rows(count=9, scale=1.0):
    """(count, 6) with a zero row and zeros in the others."""
    values = np.random.default_rng(0).normal(size=(count, 6)) * scale
    values[0], values[1:, 2] = 0, 0
    return values.astype(np.float32)


def signed(value, exponent):
    return math.copysign(abs(value) ** exponent, value)


def slow_power(values, scale, exponent):
    return [
        [signed(float(v) / float(s), exponent) for v, s in zip(row, scale, strict=True)] for row in values
    ]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4, 1e30])
def test_signed_root_is_its_formula(scale):
    values = rows(scale=scale)
    np.testing.assert_allclose(signed_root(values), slow_power(values, [1] * 6, 0.5), rtol=1e-5)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_power_is_its_formula(exponent, scale):
    values = rows(scale=scale)
    expected = slow_power(values, SCALE["scale"], exponent)
    np.testing.assert_allclose(power(values, SCALE, exponent=exponent), expected, rtol=1e-5, atol=1e-30)


def test_one_scale_serves_a_whole_stream():
    expected = slow_power(rows(), [4] * 6, 0.5)
    np.testing.assert_allclose(power(rows(), {"scale": np.float32([4])}), expected, rtol=1e-5)


def test_power_starts_at_ones():
    per_channel, per_stream = (
        power_room.fit(iter([rows(), rows()]), scales=s) for s in ("channel", "stream")
    )
    np.testing.assert_array_equal(per_channel["scale"], np.ones(6, np.float32))
    np.testing.assert_array_equal(per_stream["scale"], np.ones(1, np.float32))
    assert per_channel["scale"].dtype == per_stream["scale"].dtype == np.float32
    np.testing.assert_allclose(power(rows(), per_channel), signed_root(rows()), rtol=1e-5)
    assert methods.find("post", "power").settings == {"exponent": 0.5, "scales": "channel"}


@pytest.mark.parametrize("bad", [0.0, -0.5, math.inf, math.nan])
def test_an_exponent_that_is_no_number_above_zero_is_refused(bad):
    with pytest.raises(BadSetting, match="'power' takes a number above zero for 'exponent', not"):
        power(rows(), SCALE, exponent=bad)


def test_power_cannot_be_fitted_on_nothing_or_by_an_unknown_word():
    with pytest.raises(BadRecipe, match="at least one vector"):
        power_room.fit(iter([]))
    with pytest.raises(BadSetting, match="'power' takes channel or stream for 'scales', not 'streams'"):
        power_room.fit([rows()], scales="streams")


def test_cut_keeps_the_first():
    np.testing.assert_array_equal(cut(rows(), dims=2), rows()[:, :2])
    np.testing.assert_array_equal(cut(rows(), dims=6), rows())


@pytest.mark.parametrize("dims", [7, 0, -1])
def test_a_cut_that_cannot_be_is_one_sentence(dims):
    with pytest.raises(BadSetting, match=f"^'cut' can keep 1 to 6 dimensions here, not {dims}.$"):
        cut(rows(), dims=dims)


STEPS = {
    "signed-root": signed_root,
    "power": lambda values: power(values, {"scale": as_kind(SCALE["scale"], values)}),
    "cut": lambda values: cut(values, dims=3),
}


def as_kind(scale, values):
    return torch.from_numpy(scale) if isinstance(values, torch.Tensor) else scale


@pytest.fixture(params=STEPS.values(), ids=STEPS.keys())
def step(request):
    return request.param


def test_rows_are_on_their_own_and_torch_agrees(step):
    values = rows()
    before, together = values.copy(), step(values)
    assert together.dtype == np.float32
    for value, row in zip(values, together, strict=True):
        np.testing.assert_array_equal(step(value[None])[0], row)
    by_torch = step(torch.from_numpy(values))
    np.testing.assert_allclose(by_torch.numpy(), together, rtol=1e-5)
    assert step(torch.from_numpy(values).double()).dtype == torch.float64
    np.testing.assert_array_equal(values, before)


def test_gradients_are_finite_at_zero_and_next_to_it(step):
    values = torch.tensor([[0.0] * 6, [1e-38, -1e-30, 1e-13, -1e-6, 0.0, 1e4]], requires_grad=True)
    step(values).sum().backward()
    assert torch.isfinite(values.grad).all()
    assert values.grad.abs().max() < 2e7
    assert (values.grad[:, :3] > 0).all()


def test_the_gradient_of_the_scale_is_finite_at_zero():
    scale = torch.from_numpy(SCALE["scale"]).requires_grad_(True)
    power(torch.from_numpy(rows()), {"scale": scale}).sum().backward()
    assert torch.isfinite(scale.grad).all()


def test_gradients_are_those_of_the_formula(step):
    values = torch.from_numpy(np.random.default_rng(3).normal(size=(3, 6))).requires_grad_(True)
    assert torch.autograd.gradcheck(step, values)


def test_the_gradient_of_the_scale_is_that_of_the_formula():
    values = torch.from_numpy(np.random.default_rng(3).normal(size=(3, 6)))
    scale = torch.from_numpy(SCALE["scale"]).double().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda s: power(values, {"scale": s}, exponent=0.7), scale)
