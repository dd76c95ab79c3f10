"""Pair-whitening divides by how one photo's views differ; the slow form is written from the formula."""

import numpy as np
import pytest

from resight.errors import BadRecipe, BadSetting
from resight.post.pair_whitening import fit, pair_whitening
from resight.types import Varied


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def sampled(photos: int, width: int, views: int, regions: int = 3, seed: int = 0) -> list[Varied]:
    """Photos of a few regions, whose views differ most along the first axes."""
    chance = np.random.default_rng(seed)
    noise = np.linspace(1.0, 0.05, width)
    found = []
    for _ in range(photos):
        own = chance.normal(size=(regions, width)) + 0.5
        drawn = [own + chance.normal(size=width) * noise for _ in range(views)]
        found.append(
            Varied(unit(own).astype(np.float32), tuple(unit(each).astype(np.float32) for each in drawn))
        )
    return found


def slow(samples: list[Varied], dims: int, ridge: float, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and projection in float64, by loops."""
    width, freedom = samples[0].rows.shape[1], 0
    within = np.zeros((width, width))
    for sample in samples:
        described = []
        for rows in (sample.rows, *sample.variants):
            total = np.zeros(width)
            for row in rows.astype(np.float64):
                total += row
            described.append(total / np.sqrt((total**2).sum()))
        mean = sum(described) / len(described)
        for each in described:
            within += np.outer(each - mean, each - mean)
        freedom += len(described) - 1
    within /= freedom
    ridge *= max(1, width / freedom)
    rows = np.concatenate([sample.rows for sample in samples]).astype(np.float64)
    mean = rows.mean(axis=0)
    values, axes = np.linalg.eigh(within + ridge * np.trace(within) / width * np.eye(width))
    turn = axes @ np.diag(values**-0.5) @ axes.T
    turned = (rows - mean) @ turn
    values, axes = np.linalg.eigh(turned.T @ turned / len(turned))
    values, axes = values[::-1], axes[:, ::-1]
    scales = (values[:dims] + ridge * values.mean()) ** (-exponent / 2)
    return mean, turn @ axes[:, :dims] @ np.diag(scales)


@pytest.mark.parametrize("exponent", [0.0, 0.25, 1.0])
@pytest.mark.parametrize(("photos", "width", "views"), [(40, 8, 2), (5, 12, 1), (9, 6, 4)])
def test_it_equals_the_slow_form(photos, width, views, exponent):
    samples = sampled(photos, width, views)
    found = fit(iter(samples), dims=5, ridge=0.1, exponent=exponent)
    mean, projection = slow(samples, 5, 0.1, exponent)
    rows = samples[0].rows
    ours = pair_whitening(rows, found).astype(np.float64)
    theirs = (rows - mean) @ projection
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=1e-3, atol=1e-4)  # signs are a solver's


def test_what_one_photo_varies_by_counts_less():
    found = fit(sampled(200, 8, 3), dims=8, ridge=0.01, exponent=0)
    gains = np.linalg.norm(found["projection"], axis=1)
    assert gains[0] < 0.5 * gains[-1]


def test_the_projection_turns_without_loss_where_views_do_not_differ():
    samples = [Varied(each.rows, (each.rows,)) for each in sampled(50, 6, 1)]
    found = fit(samples, dims=6, ridge=1.0, exponent=0)
    square = found["projection"].T.astype(np.float64) @ found["projection"]
    np.testing.assert_allclose(square / square[0, 0], np.eye(6), atol=1e-3)


def test_photos_may_have_different_numbers_of_views():
    many, few = sampled(10, 6, 4), sampled(10, 6, 1, seed=1)
    found = fit([*many, *few], dims=3)
    mean, projection = slow([*many, *few], 3, 0.3, 0.25)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-6)
    np.testing.assert_allclose(np.abs(found["projection"]), np.abs(projection), rtol=1e-3, atol=1e-4)


def test_equal_samples_give_equal_parameters():
    one, other = (fit(sampled(20, 6, 2), dims=4) for _ in range(2))
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])


def test_no_more_dimensions_are_given_than_the_rows_have():
    assert fit(sampled(20, 6, 2), dims=100)["projection"].shape == (6, 6)


def test_torch_gives_what_numpy_gives():
    import torch

    samples = sampled(20, 6, 2)
    found = fit(samples, dims=4)
    given = {key: torch.from_numpy(value) for key, value in found.items()}
    ours, theirs = (
        pair_whitening(samples[0].rows, found),
        pair_whitening(torch.from_numpy(samples[0].rows), given),
    )
    np.testing.assert_allclose(theirs.numpy(), ours, atol=1e-6)


def test_it_needs_views_of_photos():
    for samples in ([], [Varied(np.ones((1, 4), np.float32), ())]):
        with pytest.raises(BadRecipe, match="at least one photo and a synthetic view of it"):
            fit(samples, dims=2)
    with pytest.raises(BadRecipe, match="not finite"):
        fit([Varied(np.full((1, 4), np.nan, np.float32), (np.ones((1, 4), np.float32),))], dims=2)
    with pytest.raises(BadRecipe, match="takes 4096 dimensions at most, not 4097"):
        fit([Varied(np.ones((1, 4097), np.float32), (np.ones((1, 4097), np.float32),))], dims=2)


@pytest.mark.parametrize("settings", [{"dims": 0}, {"ridge": -1}, {"ridge": np.inf}, {"exponent": 1.5}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(BadSetting, match=f"'{next(iter(settings))}'"):
        fit(sampled(3, 4, 1), **{"dims": 2} | settings)
